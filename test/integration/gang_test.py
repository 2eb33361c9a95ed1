# SPDX-License-Identifier: Apache-2.0
"""Gangs through a real kube-scheduler: bound whole or not at all."""

import random
import time

from harness import objects
from harness.waiting import always, until

# A gang is bound by parallel writes: while they are under way, part of it is bound.
COMMIT_SECONDS = 1.0


def assert_never_broken(cluster, *gangs):
    """No gang (name, minimum) was bound in part for longer than a commit, and no node over its capacity."""
    for name, minimum in gangs:
        longest = cluster.observer.longest_partial(name, minimum)
        assert longest <= COMMIT_SECONDS, f"gang {name} was bound in part for {longest:.2f} s"
    assert cluster.observer.over_capacity() == []


def test_a_gang_that_fits_is_bound_whole(cluster):
    cluster.add_nodes("node-0", "node-1")
    pods = cluster.create(objects.gang("fits", members=8, gpus=2))
    cluster.until_bound(pods)
    until(lambda: cluster.gang("fits")["bound"] == 8, 5, lambda: cluster.gang("fits"))
    assert cluster.gang("fits")["outcome"] == "placed"
    assert_never_broken(cluster, ("fits", 8))


def test_eight_pods_with_room_for_seven_wait_with_the_numbers_until_a_node_is_added(cluster):
    cluster.add_nodes(*[f"node-{i}" for i in range(7)])
    pods = cluster.create(objects.gang("train", members=8, gpus=8))
    cluster.until_refused(pods)
    assert cluster.nodes_of(pods) == {}

    refusal = cluster.gang("train")["refusal"]
    assert (refusal["fits"], refusal["of"]) == (7, 8), refusal
    wanted = "7 of 8 members fit; one more needs cpu 1, nvidia.com/gpu 8"
    assert wanted in refusal["text"]
    explained = cluster.explain("train")
    assert wanted in explained and "7 of 8" in explained
    until(lambda: any(wanted in message for pod in pods for message in cluster.events(pod)), 10,
          lambda: f"an event that says so: {[cluster.events(pod) for pod in pods]}")

    added = len(cluster.relay.calls("filter"))
    cluster.add_nodes("node-7")
    until(lambda: len(cluster.relay.calls("filter")) > added, 20, "a next attempt")
    attempt = cluster.relay.calls("filter")[added].time
    cluster.until_bound(pods)
    last = max(cluster.observer.bound(pods).values())
    assert last - attempt <= 3, f"bound {last - attempt:.1f} s after the next attempt"
    assert len(set(cluster.nodes_of(pods).values())) == 8
    assert_never_broken(cluster, ("train", 8))


def test_of_two_interleaved_gangs_of_six_over_room_for_eight_exactly_one_is_bound(cluster):
    cluster.add_nodes("node-0")
    first, second = objects.gang("first", 6, gpus=1), objects.gang("second", 6, gpus=1)
    cluster.create([pod for pair in zip(first, second) for pod in pair])

    names = {gang: [f"{gang}-{i}" for i in range(6)] for gang in ("first", "second")}
    until(lambda: any(len(cluster.nodes_of(pods)) == 6 for pods in names.values()), 20, "one gang bound")
    loser = next(gang for gang, pods in names.items() if len(cluster.nodes_of(pods)) < 6)
    cluster.until_refused(names[loser])
    always(lambda: not cluster.nodes_of(names[loser]), 2, f"a member of {loser} was bound")
    assert "2 of 6 members fit" in cluster.gang(loser)["refusal"]["text"]
    assert_never_broken(cluster, ("first", 6), ("second", 6))


def test_fifty_random_races_of_two_gangs_never_leave_a_part_of_one(cluster):
    """Seeded: sizes and the order of creation vary; both gangs never fit together."""
    cluster.add_nodes("node-0", "node-1")
    for seed in range(50):
        random_ = random.Random(seed)
        sizes = {}
        while sum(sizes.values()) <= 8 or max(sizes.values()) > 8:
            sizes = {f"{letter}{seed}": random_.randint(2, 8) for letter in "ab"}
        gpus = 2  # two nodes of eight: room for eight members
        pods = [pod for name, size in sizes.items() for pod in objects.gang(name, size, gpus)]
        random_.shuffle(pods)
        names = cluster.create(pods)
        until(lambda: any(_whole(cluster, n, size) for n, size in sizes.items()), 30,
              lambda: f"seed {seed}: one of {sizes} bound; bound are {sorted(cluster.nodes_of(names))}")
        winner = next(n for n, size in sizes.items() if _whole(cluster, n, size))
        bound = cluster.nodes_of(names)
        assert {p.rsplit("-", 1)[0] for p in bound} == {winner}, f"seed {seed}: {sizes}: bound are {sorted(bound)}"
        cluster.delete(names)
        until(lambda: not cluster.observer.pods(), 10, "all pods gone")
        assert_never_broken(cluster, *sizes.items())
        cluster.observer.forget()


def _whole(cluster, gang, size):
    return len(cluster.observer.bound([f"{gang}-{i}" for i in range(size)])) == size


def test_a_gang_whose_last_member_never_comes_holds_nothing_and_others_use_the_room(cluster):
    cluster.add_nodes("node-0")
    waiting = cluster.create(objects.gang("waiting", members=7, gpus=1, size=8))
    cluster.until_refused(waiting)
    report = cluster.gang("waiting")
    assert (report["outcome"], report["held"], report["seats"]) == ("waiting", 0, [])

    others = cluster.create(objects.gang("other", members=8, gpus=1))
    cluster.until_bound(others)
    assert cluster.nodes_of(waiting) == {}
    assert_never_broken(cluster, ("waiting", 8), ("other", 8))


def test_plain_pods_beside_waiting_gangs_are_not_disturbed(cluster):
    cluster.add_nodes("node-0", "node-1")
    refused = cluster.create(objects.gang("refused", members=3, gpus=8))
    cluster.until_refused(refused)
    plain = cluster.create([objects.pod(f"plain-{i}") for i in range(10)]
                           + [objects.pod(f"plain-gpu-{i}", gpus=1) for i in range(6)])
    cluster.until_bound(plain, seconds=10)
    small = cluster.create(objects.gang("small", members=4, gpus=2))
    more = cluster.create([objects.pod(f"more-{i}", gpus=1) for i in range(2)])
    cluster.until_bound(small + more, seconds=10)
    assert cluster.nodes_of(refused) == {}
    assert_never_broken(cluster, ("refused", 3), ("small", 4))


def test_a_coscheduling_pod_group_is_bound_whole(cluster):
    cluster.add_nodes("node-0")
    cluster.create_custom(objects.coscheduling_pod_group("cosched", min_member=4))
    labels = {"scheduling.x-k8s.io/pod-group": "cosched"}
    first = cluster.create([objects.pod(f"cosched-{i}", gpus=2, labels=labels) for i in range(3)])
    cluster.until_refused(first)
    assert cluster.nodes_of(first) == {}

    last = cluster.create([objects.pod("cosched-3", gpus=2, labels=labels)])
    cluster.until_bound(first + last)
    assert cluster.gang("cosched")["declaredBy"] == "PodGroup.scheduling.x-k8s.io"
    assert_never_broken(cluster, ("cosched", 4))


def test_a_refused_gang_of_high_priority_evicts_nobody(cluster):
    for name, value in (("low", 1), ("high", 1000)):
        cluster.kubectl("apply", "-f", "-", stdin=(
            f"{{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {{name: {name}}}, value: {value}}}"))
    cluster.add_nodes("full-0", "full-1")
    low = cluster.create([objects.pod(f"low-{i}", gpus=8, priority_class="low") for i in range(2)])
    cluster.until_bound(low)
    cluster.add_nodes("free-0")

    high = cluster.create(objects.gang("high", members=4, gpus=8, priority_class="high"))
    cluster.until_refused(high)
    until(lambda: {c.pod for c in cluster.relay.calls("preempt")} >= set(high), 20,
          lambda: f"kube-scheduler asks whom to evict for each member: {cluster.relay.calls('preempt')}")
    always(lambda: cluster.observer.deletions() == [], 3, lambda: f"deleted: {cluster.observer.deletions()}")
    assert len(cluster.nodes_of(low)) == 2 and cluster.nodes_of(high) == {}


def test_a_refused_gang_on_a_quiet_cluster_causes_at_most_five_filter_calls_per_pod_and_minute(cluster):
    cluster.add_nodes(*[f"node-{i}" for i in range(7)])
    pods = cluster.create(objects.gang("quiet", members=8, gpus=8))
    cluster.until_refused(pods)
    began = cluster.relay.calls("filter", pods[0])[0].time
    until(lambda: time.monotonic() - began >= 60, 70, "a minute")
    calls = {pod: len(cluster.relay.calls("filter", pod, since=began)) for pod in pods}
    assert max(calls.values()) <= 5, calls
