# SPDX-License-Identifier: Apache-2.0
"""Spot and on-demand nodes, as three providers label them, through a real kube-scheduler."""

import uuid

from harness import objects
from harness.waiting import until

ON_DEMAND = {"karpenter.sh/capacity-type": "on-demand"}
GKE_SPOT = {"cloud.google.com/gke-nodepool": "p", "cloud.google.com/gke-spot": "true"}
EKS_SPOT = {"eks.amazonaws.com/nodegroup": "n", "eks.amazonaws.com/capacityType": "SPOT"}


def add_node(cluster, name, labels, rack="rack-0", taints=()):
    node = objects.node(name, rack=rack)
    node["metadata"]["labels"] |= labels | {"topology.kubernetes.io/rack": rack}
    node["spec"] = {"taints": list(taints)}
    cluster.core.create_node(node)
    cluster.core.patch_node_status(name, {"status": node["status"]})


def owned(pods, kind, name, annotations=None):
    for pod in pods:
        pod["metadata"]["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": kind, "name": name,
                                               "uid": str(uuid.uuid4()), "controller": True}]
        pod["metadata"]["annotations"] = annotations or {}
    return pods


def test_each_workload_goes_to_its_capacity(cluster):
    add_node(cluster, "od-0", ON_DEMAND)
    add_node(cluster, "od-1", ON_DEMAND)
    add_node(cluster, "gke-0", GKE_SPOT)
    add_node(cluster, "eks-0", EKS_SPOT)
    on_demand, spot = {"od-0", "od-1"}, {"gke-0", "eks-0"}

    web = cluster.create(owned([objects.pod(f"web-{i}") for i in range(4)], "ReplicaSet", "web"))
    database = cluster.create(owned([objects.pod(f"db-{i}") for i in range(3)], "StatefulSet", "db"))
    assert set(cluster.until_bound(web).values()) <= spot
    assert set(cluster.until_bound(database).values()) <= on_demand

    # Of seven pods the first three, and half of the other four.
    mixed = cluster.create(owned([objects.pod(f"mixed-{i}") for i in range(7)], "ReplicaSet", "mixed",
                                 {"muster.dev/capacity-mix": "base=3,percent=50"}))
    nodes = cluster.until_bound(mixed)
    assert sum(node in on_demand for node in nodes.values()) == 5, nodes

    gang = objects.gang("job", members=3, gpus=8)
    for pod, policy in zip(gang, ("on-demand", "spot", "spot")):
        pod["metadata"]["annotations"] = {"muster.dev/capacity": policy}
    names = cluster.create(gang)
    nodes = cluster.until_bound(names)
    assert nodes["job-0"] in on_demand and {nodes["job-1"], nodes["job-2"]} == spot, nodes
    report = cluster.gang("job")
    assert [seat["capacity"] for seat in report["seats"]] == ["on-demand", "spot", "spot"], report


def test_a_node_that_is_interrupted_takes_nothing_new_and_the_gang_stays_in_its_rack(cluster):
    for rack in ("rack-a", "rack-b"):
        for i in range(3):
            add_node(cluster, f"{rack}-{i}", GKE_SPOT, rack)

    def member(i):
        pod = objects.gang("train", members=1, size=2, gpus=8)[0]
        pod["metadata"]["name"] = f"train-{i}"
        pod["metadata"]["annotations"] = {"muster.dev/topology-required": "rack"}
        pod["spec"]["tolerations"] = [{"operator": "Exists"}]
        return pod

    nodes = cluster.until_bound(cluster.create([member(0), member(1)]))
    racks = {node.rsplit("-", 1)[0] for node in nodes.values()}
    assert len(racks) == 1
    leaving = nodes["train-1"]
    cluster.core.patch_node(leaving, {"spec": {"taints": [
        {"key": "aws-node-termination-handler/spot-itn", "value": "event-1", "effect": "NoSchedule"}]}})
    until(lambda: [m["pod"] for m in cluster.gang("train").get("leaving", [])] == ["default/train-1"], 10,
          lambda: cluster.gang("train"))
    assert cluster.gang("train")["leaving"][0]["until"] is not None

    tolerant = [objects.pod(f"tolerant-{i}") for i in range(8)]
    for pod in tolerant:
        pod["spec"]["tolerations"] = [{"operator": "Exists"}]
    others = cluster.until_bound(cluster.create(tolerant))
    assert leaving not in others.values(), others

    cluster.delete(["train-1"])
    until(lambda: "train-1" not in cluster.nodes_of(["train-0", "train-1"]), 10, "the member gone")
    cluster.create([member(2)])
    moved = cluster.until_bound(["train-2"])["train-2"]
    assert moved != leaving and moved.rsplit("-", 1)[0] in racks, (moved, nodes, others)


def test_a_gang_is_moved_within_its_rack_when_a_node_is_interrupted(cluster):
    for rack, nodes in (("rack-a", 3), ("rack-b", 3)):
        for i in range(nodes):
            add_node(cluster, f"{rack}-{i}", EKS_SPOT, rack)

    def member(i):
        pod = objects.gang("train", members=1, size=2, gpus=8)[0]
        pod["metadata"]["name"] = f"train-{i}"
        pod["metadata"]["annotations"] = {"muster.dev/topology-required": "rack", "muster.dev/when-leaving": "move"}
        return owned([pod], "Job", "train", pod["metadata"]["annotations"])[0]

    nodes = cluster.until_bound(cluster.create([member(0), member(1)]))
    leaving = nodes["train-1"]
    rack = leaving.rsplit("-", 1)[0]
    assert nodes["train-0"].startswith(rack)
    cluster.core.patch_node(leaving, {"spec": {"taints": [
        {"key": "aws-node-termination-handler/spot-itn", "value": "event-1", "effect": "NoSchedule"}]}})
    # It is let go once there is room for the next one, which nobody else gets.
    until(lambda: "train-1" not in cluster.nodes_of(["train-0", "train-1"]), 10, "the member evicted")
    others = cluster.create([objects.pod(f"other-{i}", gpus=8) for i in range(4)])
    until(lambda: len(cluster.nodes_of(others)) == 3, 15, lambda: f"three others bound: {cluster.nodes_of(others)}")
    assert all(not node.startswith(rack) for node in cluster.nodes_of(others).values()), cluster.nodes_of(others)
    cluster.create([member(2)])
    moved = cluster.until_bound(["train-2"])["train-2"]
    assert moved.startswith(rack) and moved not in nodes.values(), (moved, nodes)
