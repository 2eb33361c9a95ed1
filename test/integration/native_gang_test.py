# SPDX-License-Identifier: Apache-2.0
"""Kubernetes' own PodGroup, on a control plane that has it switched on."""

import os

import pytest

from harness import objects
from harness.cluster import Cluster

# scheduling.k8s.io/v1beta1 came with 1.37.
_MINOR = int(os.environ.get("K8S_VERSION", "1.37").split(".")[1])


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path, feature_gates="GenericWorkload=true",
                      runtime_config="scheduling.k8s.io/v1beta1=true")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


if _MINOR >= 37:

    def test_a_native_pod_group_is_bound_whole(cluster):
        cluster.add_nodes("node-0")
        cluster.create_custom(objects.native_pod_group("native", min_count=4))
        pods = cluster.create([objects.pod(f"native-{i}", gpus=3, scheduling_group="native") for i in range(4)])
        cluster.until_refused(pods, seconds=30)
        assert cluster.nodes_of(pods) == {}
        assert "2 of 4 members fit" in cluster.gang("native")["refusal"]["text"]
        cluster.add_nodes("node-1")
        cluster.until_bound(pods, seconds=30)
        assert cluster.observer.over_capacity() == []
