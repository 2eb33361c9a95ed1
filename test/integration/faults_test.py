# SPDX-License-Identifier: Apache-2.0
"""Programs that stop, die and come back while gangs are on their way."""

import pytest

from harness import objects
from harness.waiting import always, until

COMMIT_SECONDS = 1.0

ENDINGS = {"stopped": lambda process: process.stop(), "killed": lambda process: process.kill()}


def members(gang, count):
    return [f"{gang}-{i}" for i in range(count)]


def hold_last_bind(cluster, gang, count):
    """Creates the gang's pods and waits until all binds but one are held by Muster."""
    first = []

    def last(pod):  # the last member to come, whoever that is
        if pod not in members(gang, count):
            return False
        if pod not in first and len(first) < count - 1:
            first.append(pod)
        return pod not in first

    hold = cluster.relay.hold("bind", last)
    pods = cluster.create(objects.gang(gang, members=count, gpus=1))
    until(hold.reached.is_set, 20, "the last bind call")
    until(lambda: cluster.gang(gang)["held"] == count - 1, 10, lambda: cluster.gang(gang))
    assert cluster.nodes_of(pods) == {}
    return pods, hold


@pytest.mark.parametrize("ending", ENDINGS)
def test_muster_that_ends_while_members_are_held_leaves_no_partial_gang(cluster, ending):
    cluster.add_nodes("node-0")
    pods, hold = hold_last_bind(cluster, "held", 6)
    ENDINGS[ending](cluster.muster)
    hold.drop()
    always(lambda: cluster.nodes_of(pods) == {}, 1, "a member was bound without Muster")

    cluster.start_muster()
    cluster.until_bound(pods, seconds=30)
    assert cluster.observer.longest_partial("held", 6) <= COMMIT_SECONDS


def gang_in_the_middle_of_its_bindings(cluster, name):
    """Creates 60 pods and returns their names as soon as the first one is seen to be bound."""
    pods = cluster.create(objects.gang(name, members=60, gpus=1))
    until(lambda: cluster.observer.bound(pods), 20, "the first member bound", every=0.001)
    return pods


def test_muster_killed_in_the_middle_of_the_bindings_completes_the_gang_when_it_is_back(cluster):
    cluster.add_nodes(*[f"node-{i}" for i in range(8)])
    for attempt in range(6):
        pods = gang_in_the_middle_of_its_bindings(cluster, f"middle-{attempt}")
        cluster.muster.kill()
        bound_at_the_end = len(cluster.nodes_of(pods))
        cluster.start_muster()
        cluster.until_bound(pods, seconds=40)
        assert cluster.observer.over_capacity() == []
        if bound_at_the_end < len(pods):
            return
        cluster.delete(pods)
    pytest.fail("Muster never ended before all its bindings were done")


def test_muster_stopped_in_the_middle_of_the_bindings_finishes_them_first(cluster):
    cluster.add_nodes(*[f"node-{i}" for i in range(8)])
    for attempt in range(4):
        pods = gang_in_the_middle_of_its_bindings(cluster, f"middle-{attempt}")
        cluster.muster.stop()
        assert len(cluster.nodes_of(pods)) == len(pods)
        cluster.start_muster()
        cluster.delete(pods)
        until(lambda: not cluster.core.list_namespaced_pod("default").items, 20, "all pods gone")


@pytest.mark.parametrize("plain_gpus", [2, 8])
def test_kube_scheduler_killed_during_a_hold_while_a_plain_pod_wants_the_seat(cluster, plain_gpus):
    cluster.add_nodes("node-0")
    gang, hold = hold_last_bind(cluster, "gang", 8)
    cluster.scheduler.kill()
    until(lambda: cluster.gang("gang")["held"] == 0, 5, "Muster notices that its callers are gone")
    hold.release()
    plain = cluster.create([objects.pod("plain", gpus=plain_gpus)])
    cluster.start_scheduler()

    def settled():
        bound = cluster.nodes_of(gang + plain)
        return set(bound) in ({*gang}, {*plain})

    until(settled, 30, lambda: f"either the gang or the plain pod bound: {cluster.nodes_of(gang + plain)}")
    always(settled, 3, lambda: f"bound are {cluster.nodes_of(gang + plain)}")
    assert cluster.observer.longest_partial("gang", 8) <= COMMIT_SECONDS
    assert cluster.observer.over_capacity() == []


def test_a_member_deleted_while_its_gang_is_held_releases_the_others(cluster):
    cluster.add_nodes("node-0")
    pods, hold = hold_last_bind(cluster, "shrinks", 6)
    cluster.delete(pods[:1])
    until(lambda: cluster.gang("shrinks")["outcome"] == "waiting", 10, lambda: cluster.gang("shrinks"))
    hold.release()
    others = cluster.create(objects.gang("other", members=8, gpus=1))
    cluster.until_bound(others, seconds=30)
    assert cluster.nodes_of(pods) == {}
    assert cluster.observer.longest_partial("shrinks", 6) == 0
    assert cluster.observer.over_capacity() == []


def start_apiserver_and_scheduler(cluster):
    # A running kube-scheduler may take half a minute until it asks the API server again.
    cluster.scheduler.kill()
    cluster.start_apiserver()
    cluster.start_scheduler()


def test_an_api_server_that_goes_away_and_comes_back_makes_muster_unready_for_as_long(cluster):
    cluster.add_nodes("node-0")
    before = cluster.create(objects.gang("before", members=4, gpus=1))
    cluster.until_bound(before)
    cluster.apiserver.kill()
    until(lambda: cluster.readyz() == 503, 30, lambda: f"/readyz answers 503, not {cluster.readyz()}")
    cluster.muster.check_running()

    start_apiserver_and_scheduler(cluster)
    until(cluster.decides, 30, lambda: f"/readyz answers 200, not {cluster.readyz()}")
    after = cluster.create(objects.gang("after", members=4, gpus=1))
    cluster.until_bound(after, seconds=30)
    assert len(cluster.nodes_of(before)) == 4
    assert cluster.observer.over_capacity() == []


def test_muster_started_before_the_api_server_becomes_ready_by_itself(cluster):
    cluster.muster.stop()
    cluster.apiserver.kill()
    cluster.start_muster(ready=False)
    assert cluster.readyz() == 503
    start_apiserver_and_scheduler(cluster)
    until(cluster.decides, 30, "Muster ready")
    cluster.add_nodes("node-0")
    cluster.until_bound(cluster.create(objects.gang("late", members=4, gpus=1)), seconds=30)
