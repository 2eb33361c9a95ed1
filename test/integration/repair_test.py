# SPDX-License-Identifier: Apache-2.0
"""Gangs that lose members after they have started."""

from harness import objects
from harness.waiting import always, until

NAMESPACE = "default"
GRACE_SECONDS = 3


def members(names, policy, size):
    """Pods as large as a node that a Job would make again."""
    pods = []
    for name in names:
        pod = objects.pod(name, 8, {"muster.dev/gang": "train", "muster.dev/gang-size": str(size)})
        pod["metadata"]["annotations"] = {"muster.dev/repair": policy, "muster.dev/repair-grace": f"{GRACE_SECONDS}s"}
        pod["metadata"]["ownerReferences"] = [
            {"apiVersion": "batch/v1", "kind": "Job", "name": "train", "uid": "a1d3", "controller": True}]
        pods.append(pod)
    return pods


def running_gang(cluster, policy, size):
    """One that runs on as many nodes; pod name -> node."""
    cluster.add_nodes(*[f"node-{i}" for i in range(size)])
    names = cluster.create(members([f"train-{i}" for i in range(size)], policy, size))
    nodes = cluster.until_bound(names)
    for name in names:
        write_status(cluster, name, phase="Running")
    return nodes


def write_status(cluster, name, **status):
    """As its kubelet does."""
    cluster.core.patch_namespaced_pod_status(name, NAMESPACE, {"status": status})


def lose(cluster, names, nodes, policy, size, reason="NodeLost"):
    """They fail, their nodes take nobody, and others are made for them; the names of these."""
    for name in names:
        cluster.core.patch_node(nodes[name], {"spec": {"unschedulable": True}})
        write_status(cluster, name, phase="Failed", reason=reason)
    return cluster.create(members([f"{name}-again" for name in names], policy, size))


def test_a_gang_that_asks_for_it_is_restarted_whole(cluster):
    nodes = running_gang(cluster, "restart", 3)
    [again] = lose(cluster, ["train-2"], nodes, "restart", 3)
    left = ["train-0", "train-1"]
    until(lambda: "restart: those that run" in cluster.explain("train"), 10, lambda: cluster.explain("train"))
    until(lambda: not cluster.nodes_of(left), GRACE_SECONDS + 10, "those that ran evicted")
    assert cluster.nodes_of([again]) == {}

    cluster.add_nodes("node-3")
    anew = [again] + cluster.create(members(["train-0-again", "train-1-again"], "restart", 3))
    assert len(set(cluster.until_bound(anew).values())) == 3
    assert cluster.observer.over_capacity() == []


def test_a_gang_that_is_released_takes_members_as_room_allows(cluster):
    nodes = running_gang(cluster, "release", 3)
    again = lose(cluster, ["train-1", "train-2"], nodes, "release", 3)
    cluster.core.patch_node(nodes["train-2"], {"spec": {"unschedulable": None}})
    until(lambda: len(cluster.nodes_of(again)) == 1, GRACE_SECONDS + 15, lambda: cluster.explain("train"))
    assert "release: its minimum is waived" in cluster.explain("train")
    assert cluster.nodes_of(["train-0"]) == {"train-0": nodes["train-0"]}


def test_a_gang_that_waits_keeps_what_runs_and_is_completed_when_room_comes(cluster):
    nodes = running_gang(cluster, "wait", 3)
    again = lose(cluster, ["train-1", "train-2"], nodes, "wait", 3)
    cluster.core.patch_node(nodes["train-2"], {"spec": {"unschedulable": None}})
    cluster.until_refused(again)
    always(lambda: cluster.nodes_of(["train-0", *again]) == {"train-0": nodes["train-0"]}, GRACE_SECONDS + 3,
           lambda: f"it waits; bound are {cluster.nodes_of(again)}")
    cluster.add_nodes("node-3")
    cluster.until_bound(again)


def test_a_member_that_kubelet_refused_is_replaced_on_another_node_and_its_reason_told(cluster):
    nodes = running_gang(cluster, "wait", 2)
    cluster.add_nodes("node-2")
    write_status(cluster, "train-1", phase="Failed", reason="UnexpectedAdmissionError",
                 message="Pod was rejected: Allocate failed due to requested number of devices unavailable")
    until(lambda: cluster.gang("train").get("rejected"), 10, lambda: cluster.gang("train"))
    assert cluster.gang("train")["rejected"] == [
        {"pod": "default/train-1", "node": nodes["train-1"], "reason": "UnexpectedAdmissionError"}]
    assert "UnexpectedAdmissionError" in cluster.explain("train")
    again = cluster.create(members(["train-1-again"], "wait", 2))
    assert cluster.until_bound(again) == {"train-1-again": "node-2"}
