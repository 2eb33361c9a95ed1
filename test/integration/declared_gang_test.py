# SPDX-License-Identifier: Apache-2.0
"""Gangs as other projects declare them: whole, and in one domain, by the real kube-scheduler."""

import json

from harness import objects
from harness.waiting import always

KUEUE_RACK = "cloud.provider.com/topology-rack"


def racks(cluster, per_rack, gpus=8):
    """Two racks of so many nodes each."""
    for rack in ("a", "b"):
        for n in range(per_rack):
            node = objects.node(f"{rack}-{n}", gpus)
            node["metadata"]["labels"][KUEUE_RACK] = rack
            cluster.core.create_node(node)
            cluster.core.patch_node_status(node["metadata"]["name"], {"status": node["status"]})


def pod(name, gpus, labels=None, annotations=None):
    made = objects.pod(name, gpus=gpus, labels=labels)
    made["metadata"]["annotations"] = annotations or {}
    return made


def assert_one_rack(where):
    assert len({node.split("-")[0] for node in where.values()}) == 1, where


def test_a_kueue_pod_group_is_bound_whole_in_the_rack_that_it_requires(cluster):
    racks(cluster, 3)
    # One pod of its own in each rack leaves no rack with room for three.
    plain = cluster.create([objects.pod(f"plain-{i}", gpus=8) for i in range(4)])
    cluster.until_bound(plain)
    annotations = {"kueue.x-k8s.io/pod-group-total-count": "3", "kueue.x-k8s.io/podset-required-topology": KUEUE_RACK}
    pods = cluster.create([
        pod(f"kueue-{i}", 8, {"kueue.x-k8s.io/pod-group-name": "kueue", "kueue.x-k8s.io/pod-group-pod-index": str(i)},
            annotations) for i in range(3)])
    cluster.until_refused(pods, seconds=30)
    assert cluster.nodes_of(pods) == {}
    cluster.delete(plain)
    assert_one_rack(cluster.until_bound(pods, seconds=30))


def test_a_volcano_pod_group_is_bound_whole_in_its_tier(cluster):
    racks(cluster, 2)
    for rack in ("a", "b"):
        cluster.kubectl("apply", "-f", "-", stdin=json.dumps({
            "apiVersion": "topology.volcano.sh/v1alpha1",
            "kind": "HyperNode",
            "metadata": {"name": f"rack-{rack}"},
            "spec": {"tier": 1, "members": [
                {"type": "Node", "selector": {"regexMatch": {"pattern": f"^{rack}-"}}}]},
        }))
    cluster.create_custom({
        "apiVersion": "scheduling.volcano.sh/v1beta1",
        "kind": "PodGroup",
        "metadata": {"name": "volcano"},
        "spec": {"minMember": 2, "networkTopology": {"mode": "hard", "highestTierAllowed": 1}},
    })
    pods = cluster.create([pod(f"volcano-{i}", 8, annotations={"scheduling.k8s.io/group-name": "volcano"})
                           for i in range(2)])
    assert_one_rack(cluster.until_bound(pods, seconds=30))


def test_each_group_of_a_leader_worker_set_is_bound_whole(cluster):
    racks(cluster, 1)
    cluster.create_custom({
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "serve"},
        "spec": {"replicas": 2, "leaderWorkerTemplate": {"size": 2}, "startupPolicy": "LeaderCreated"},
    })

    def member(group, worker):
        leader = f"serve-{group}"
        annotations = {"leaderworkerset.sigs.k8s.io/size": "2"}
        if worker > 0:
            annotations["leaderworkerset.sigs.k8s.io/leader-name"] = leader
        return pod(leader if worker == 0 else f"{leader}-{worker}", 8, {
            "leaderworkerset.sigs.k8s.io/name": "serve",
            "leaderworkerset.sigs.k8s.io/group-index": str(group),
            "leaderworkerset.sigs.k8s.io/worker-index": str(worker),
        }, annotations)

    groups = [cluster.create([member(group, worker) for worker in range(2)]) for group in range(2)]

    def whole():
        bound = [len(cluster.nodes_of(group)) for group in groups]
        return sorted(bound) == [0, 2]

    first = cluster.until_bound(groups[0], seconds=30)
    assert len(set(first.values())) == 2
    always(whole, 2, lambda: f"one group bound, the other not: {[cluster.nodes_of(g) for g in groups]}")


def test_a_leader_worker_set_with_an_exclusive_topology_has_its_rack_from_the_leader_on(cluster):
    racks(cluster, 2)
    # Beside it there is no room for a worker, so the leader belongs into the other rack.
    plain = cluster.create([objects.pod("plain", gpus=8)])
    taken = cluster.until_bound(plain)["plain"].split("-")[0]
    cluster.create_custom({
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "apart", "annotations": {"leaderworkerset.sigs.k8s.io/exclusive-topology": KUEUE_RACK}},
        "spec": {"replicas": 1, "leaderWorkerTemplate": {"size": 2, "workerTemplate": {
            "spec": {"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": "8"}}}]}}}},
    })
    annotations = {"leaderworkerset.sigs.k8s.io/size": "2",
                   "leaderworkerset.sigs.k8s.io/exclusive-topology": KUEUE_RACK}

    def member(name, worker, more):
        return pod(name, 8, {"leaderworkerset.sigs.k8s.io/name": "apart",
                             "leaderworkerset.sigs.k8s.io/group-index": "0",
                             "leaderworkerset.sigs.k8s.io/worker-index": str(worker)}, {**annotations, **more})

    leader = cluster.create([member("apart-0", 0, {})])
    where = cluster.until_bound(leader, seconds=30)
    workers = cluster.create([member("apart-0-1", 1, {"leaderworkerset.sigs.k8s.io/leader-name": "apart-0"})])
    where.update(cluster.until_bound(workers, seconds=30))
    assert_one_rack(where)
    assert where["apart-0"].split("-")[0] != taken


def test_a_spark_driver_goes_to_a_rack_with_room_for_its_executors(cluster):
    racks(cluster, 3)
    plain = cluster.create([objects.pod("plain", gpus=8)])
    taken = cluster.until_bound(plain)["plain"].split("-")[0]
    rack = {"kai.scheduler/topology-required-placement": KUEUE_RACK}
    driver = cluster.create([pod("driver", 8, {"spark-app-id": "app", "spark-role": "driver"},
                                 {"spark-executor-count": "2", "spark-executor-nvidia.com/gpu": "8", **rack})])
    where = cluster.until_bound(driver, seconds=30)
    executors = cluster.create([
        pod(f"exec-{i}", 8, {"spark-app-id": "app", "spark-role": "executor", "spark-exec-id": str(i)}, rack)
        for i in range(2)])
    where.update(cluster.until_bound(executors, seconds=30))
    assert_one_rack(where)
    assert where["driver"].split("-")[0] != taken


def test_a_spark_driver_starts_alone_and_its_late_executors_together(cluster):
    racks(cluster, 2)
    labels = {"spark-app-id": "app", "spark-role": "driver"}
    driver = cluster.create([pod("driver", 8, labels, {"spark-executor-count": "3"})])
    cluster.until_bound(driver)
    labels = {"spark-app-id": "app", "spark-role": "executor"}
    executors = cluster.create([pod(f"exec-{i}", 8, {**labels, "spark-exec-id": str(i)}) for i in range(2)])
    cluster.until_refused(executors, seconds=30)
    assert cluster.nodes_of(executors) == {}
    executors += cluster.create([pod("exec-2", 8, {**labels, "spark-exec-id": "2"})])
    cluster.until_bound(executors, seconds=30)
    assert cluster.observer.over_capacity() == []
