# SPDX-License-Identifier: Apache-2.0
"""Nodes, leaders and versions go; gangs stay whole."""

import threading
import time

from jobs_test import until_running, until_succeeded
from conftest import NEXT_IMAGE
from harness.waiting import until
from jobs import job

# A commit that a new leader completes takes until the lease is over.
TAKEOVER_SECONDS = 25


def test_a_gang_whose_node_stops_is_completed_on_the_others(team, nodes, observer):
    team.create(job("resilient", members=8, gpus=2))
    until_running(team, "resilient", 8)
    # One of its nodes, that of no Muster if there is a choice.
    busy = {p.spec.node_name for p in nodes.core.list_namespaced_pod("muster").items}
    stopped = sorted(team.running_on("resilient"), key=lambda name: (name in busy, name))[0]
    nodes.stop_node(stopped)
    try:
        nodes.until_ready([stopped], ready=False)

        def replaced():
            # Pods of a node that is gone stay where they are until somebody says that it will not come back.
            for pod in team.pods("resilient"):
                if pod.metadata.deletion_timestamp and pod.spec.node_name == stopped:
                    nodes.core.delete_namespaced_pod(pod.metadata.name, team.namespace, grace_period_seconds=0)
            running = team.running_on("resilient")
            return running.total() == 8 and stopped not in running

        until(replaced, 120, lambda: f"eight members off {stopped}:\n{team.describe('resilient')}", every=1)
        team.create(job("after", members=8, gpus=1, seconds=1))
        until_succeeded(team, "after")
        assert stopped not in {p.spec.node_name for p in team.pods("after")}
    finally:
        nodes.start_node(stopped)


class Load:
    """Creates a small gang each `every` seconds until told to stop."""

    def __init__(self, team, every=1.0):
        self._team, self._every = team, every
        self._stop = threading.Event()
        self.names = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._stop.wait(self._every):
            self.names += self._team.create(job(f"load-{len(self.names)}", members=4, gpus=1, seconds=1))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def assert_all_whole(team, observer, names, longest):
    for name in names:
        until_succeeded(team, name, seconds=120)
    failed = {name: team.failed_pods(name) for name in names if team.failed_pods(name)}
    assert failed == {}
    partial = {name: observer.longest_partial(name, 4) for name in names}
    assert max(partial.values()) <= longest, partial


def test_no_gang_fails_when_the_leader_is_killed(team, release, observer, log):
    with Load(team) as load:
        until(lambda: len(load.names) >= 3, 30, "load")
        leader = release.until_led()
        before = leader.status.container_statuses[0].container_id
        began = time.monotonic()
        release.kill(leader)

        def led_again():
            now = release.leader()
            return now and (now.metadata.name != leader.metadata.name
                            or now.status.container_statuses[0].container_id != before)

        until(led_again, 60, "another leader", every=0.2)
        log("another leader after a kill", began)
    assert_all_whole(team, observer, load.names, TAKEOVER_SECONDS)


def test_a_rolling_upgrade_under_load_fails_no_gang(team, release, observer, log):
    with Load(team) as load:
        until(lambda: len(load.names) >= 3, 30, "load")
        before = {p.metadata.name for p in release.pods()}
        began = time.monotonic()
        repository, tag = NEXT_IMAGE.split(":")
        release.upgrade(image={"repository": repository, "tag": tag})
        log("rolling upgrade", began)
        until(lambda: not before & {p.metadata.name for p in release.pods()}, 60, "only new pods")
        so_far = len(load.names)
        until(lambda: len(load.names) >= so_far + 2, 30, "load")
    assert {p.spec.containers[0].image for p in release.pods()} == {NEXT_IMAGE}
    assert len({p.spec.node_name for p in release.pods()}) == 2
    log(f"{len(load.names)} gangs came during it", began)
    assert_all_whole(team, observer, load.names, TAKEOVER_SECONDS)
