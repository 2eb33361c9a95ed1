# SPDX-License-Identifier: Apache-2.0
"""Kubernetes' own PodGroup, on a control plane that has it switched on."""

import os

import pytest

from harness import objects
from harness.cluster import Cluster

# scheduling.k8s.io/v1beta1 came with 1.37.
_MINOR = int(os.environ.get("K8S_VERSION", "1.37").split(".")[1])


@pytest.fixture
def cluster(tmp_path, request):
    composite = "composite" in request.function.__name__
    gates = "GenericWorkload=true"
    versions = "scheduling.k8s.io/v1beta1=true"
    if composite:
        gates += ",TopologyAwareWorkloadScheduling=true,CompositePodGroup=true"
        versions += ",scheduling.k8s.io/v1alpha3=true"
    cluster = Cluster(tmp_path, feature_gates=gates, runtime_config=versions)
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

    def test_pod_groups_of_a_composite_pod_group_are_bound_whole(cluster):
        cluster.add_nodes("node-0")
        cluster.create_custom(objects.composite_pod_group("job", min_groups=2))
        for group in ("leader", "workers"):
            cluster.create_custom(objects.native_pod_group(group, min_count=1 if group == "leader" else 3, parent="job"))
        pods = cluster.create([objects.pod("leader-0", gpus=3, scheduling_group="leader")] +
                              [objects.pod(f"worker-{i}", gpus=3, scheduling_group="workers") for i in range(3)])
        cluster.until_refused(pods, seconds=30)
        assert cluster.nodes_of(pods) == {}
        assert "2 of 4 members fit" in cluster.gang("job")["refusal"]["text"]
        cluster.add_nodes("node-1")
        cluster.until_bound(pods, seconds=30)
        assert cluster.observer.over_capacity() == []
