# SPDX-License-Identifier: Apache-2.0
"""Karpenter buys nodes for a gang that Muster ungates because it fits nowhere; the gang is bound whole on them."""

import json
import threading

import pytest
import yaml

from harness import objects
from harness.waiting import always, until

CAPACITY = "karpenter.sh/capacity-type"


def pool(capacity):
    return {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": capacity}, "spec": {
        "template": {"spec": {
            "nodeClassRef": {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": "default"},
            "requirements": [{"key": CAPACITY, "operator": "In", "values": [capacity]}]}},
        "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "Never"}}}


NODE_CLASS = {"apiVersion": "karpenter.kwok.sh/v1alpha1", "kind": "KWOKNodeClass", "metadata": {"name": "default"}}


def instance_types():
    """One of eight GPUs, of which spot costs a third."""
    def offering(capacity, price):
        return {"Price": price, "Available": True, "Requirements": [
            {"key": CAPACITY, "operator": "In", "values": [capacity]},
            {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["zone-0"]}]}
    return [{"name": "gpu-8x", "architecture": "amd64", "operatingSystems": ["linux"],
             "offerings": [offering("spot", 10), offering("on-demand", 30)],
             "resources": {"cpu": "96", "memory": "768Gi", "ephemeral-storage": "600Gi", "pods": "110",
                           "nvidia.com/gpu": "8"}}]


class Kubelets:
    """Says of every node that it is ready: Karpenter makes them, and nothing runs on them."""

    def __init__(self, core):
        self._core = core
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(0.2):
            for node in self._core.list_node().items:
                if not any(c.type == "Ready" for c in node.status.conditions or []):
                    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
                    self._core.patch_node_status(node.metadata.name, {"status": {"conditions": [ready]}})


@pytest.fixture
def karpenter(cluster):
    types = cluster.folder / "instance-types.json"
    types.write_text(json.dumps(instance_types()))
    cluster.controllers.karpenter(types)
    with Kubelets(cluster.core):
        cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all([NODE_CLASS, pool("spot"), pool("on-demand")]))
        yield
        cluster.core.delete_collection_namespaced_pod("default", grace_period_seconds=0)
        cluster.kubectl("delete", "nodepools,nodeclaims", "--all", "--wait=false")
        until(lambda: not cluster.kubectl("get", "nodeclaims", "-o", "name").strip(), 60, "all claims gone")
    cluster.controllers.without_karpenter()


def gang(name, members, policy):
    pods = objects.gang(name, members=members, gpus=8)
    for pod in pods:
        pod["metadata"]["annotations"] = {"muster.dev/capacity": policy}
        pod["spec"]["schedulingGates"] = [{"name": "muster.dev/gang"}]
    return pods


def claims(cluster):
    return cluster.kubectl("get", "nodeclaims", "-o", "name").split()


@pytest.mark.parametrize("policy", ["spot", "on-demand"])
def test_nodes_of_its_class_are_bought_for_a_gang_and_it_is_bound_whole(cluster, karpenter, policy):
    # More than is bought for the other, or it would take that first.
    never = gang("never", 4, policy)
    for pod in never:
        pod["metadata"]["annotations"]["muster.dev/scale-up"] = "never"
    never = cluster.create(never)
    always(lambda: claims(cluster) == [], 5, "nothing bought for a gated gang")

    names = cluster.create(gang("train", 3, policy))
    nodes = cluster.until_bound(names, seconds=90)
    assert len(set(nodes.values())) == 3, nodes
    bought = {n.metadata.name: n.metadata.labels[CAPACITY] for n in cluster.core.list_node().items}
    assert {bought[node] for node in nodes.values()} == {policy}, bought
    assert len(claims(cluster)) == 3
    assert cluster.observer.over_capacity() == []
    assert cluster.nodes_of(never) == {}
