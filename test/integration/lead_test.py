# SPDX-License-Identifier: Apache-2.0
"""Two replicas: one decides, the other takes its place, and no gang is left in part whatever happens to either."""

import json
import os
import random
import signal
import time
import urllib.error
import urllib.request

import pytest
import yaml

from harness import objects
from harness.process import Process
from harness.waiting import always, until

# RESTARTS=20 takes eleven minutes.
RESTARTS = int(os.environ.get("RESTARTS", 4))
FAST = {"leaseDuration": "4s", "renewDeadline": "3s", "retryPeriod": "300ms"}


class Replica:
    def __init__(self, cluster, number, lead):
        config = cluster.folder / f"replica-{number}.yaml"
        config.write_text(yaml.safe_dump({"lead": {**lead, "address": f"10.0.0.{number}"}, "log": {"format": "text"}}))
        self.number = number
        self._ports = cluster.folder / f"replica-{number}.ports"
        self.process = Process(
            f"muster-{number}",
            [*cluster.muster.command[:4], "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0",
             "--port-file", self._ports, "--config", config],
            cluster.folder / f"replica-{number}.log")

    def start(self):
        self._ports.unlink(missing_ok=True)
        self.process.start()
        until(self._ports.exists, 20, lambda: f"ports of {self.process.name}\n{self.process.log_end()}")
        self.http = int(dict(line.split("=") for line in self._ports.read_text().split())["http"])
        until(lambda: self.get("/readyz")[0] == 200, 20, lambda: f"{self.process.name} ready\n{self.process.log_end()}")

    def get(self, path, body=None):
        """Status, body and headers; status 0 if nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", data=body)
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:
                return reply.status, reply.read().decode(), reply.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers
        except OSError:
            return 0, "", {}

    def decides(self):
        return self.process.running and self.get("/v1/gangs")[0] == 200


class Pair:
    """Two replicas, and kube-scheduler's calls to whoever the EndpointSlice names, as kube-proxy would send them."""

    def __init__(self, cluster, lead):
        self.cluster = cluster
        self.replicas = [Replica(cluster, n + 1, lead) for n in range(2)]
        self.started = 0

    def start(self):
        for replica in self.replicas:
            replica.start()
        return self.await_leader(30)

    def slice(self):
        """The EndpointSlice, or None."""
        text = self.cluster.kubectl("get", "endpointslices", "-n", "muster", "-o", "json")
        return next((s for s in json.loads(text)["items"] if s["metadata"]["name"] == "muster-leader"), None)

    def announced(self):
        """The replica whose address the EndpointSlice has, or None."""
        announced = self.slice()
        if not announced or not announced.get("endpoints"):
            return None
        [address] = announced["endpoints"][0]["addresses"]
        ports = {port["name"]: port["port"] for port in announced["ports"]}
        for replica in self.replicas:
            if address == f"10.0.0.{replica.number}" and ports["http"] == replica.http:
                return replica
        return None

    def await_leader(self, seconds):
        """Waits until one decides and is announced. Returns it."""
        def found():
            leader = self.announced()
            return leader is not None and leader.decides()

        until(found, seconds, lambda: "a leader\n" + "\n".join(r.process.log_end() for r in self.replicas))
        leader = self.announced()
        self.cluster.relay.target_port = leader.http
        return leader

    def revive(self):
        """Starts those that ended, as their Deployment would."""
        for replica in self.replicas:
            if not replica.process.running:
                replica.start()

    def other(self, replica):
        return next(r for r in self.replicas if r is not replica)

    def stop(self):
        for replica in self.replicas:
            if replica.process.running:
                os.kill(replica.process.pid, signal.SIGCONT)
            replica.process.kill()


@pytest.fixture
def pair(cluster, request):
    cluster.muster.stop()
    replicas = Pair(cluster, getattr(request, "param", FAST))
    yield replicas
    replicas.stop()


def nominated_in_vain(cluster):
    """Pods that are nominated to a node and not bound."""
    return [p.metadata.name for p in cluster.core.list_namespaced_pod("default").items
            if p.status.nominated_node_name and not p.spec.node_name]


def test_one_replica_decides_and_the_other_says_who_does(cluster, pair):
    leader = pair.start()
    follower = pair.other(leader)
    assert not follower.decides()
    status, body, headers = follower.get("/v1/filter", b"{}")
    assert status == 200 and "does not lead" in json.loads(body)["Error"]
    assert headers["Connection"] == "close"
    assert follower.get("/readyz")[0] == 200, "a follower is ready to take over"

    cluster.add_nodes("node-0")
    cluster.until_bound(cluster.create(objects.gang("led", members=4, gpus=1)))


def test_who_stops_alone_leaves_no_address_behind_at_which_callers_would_wait(cluster, pair):
    leader = pair.start()
    pair.other(leader).process.kill()
    leader.process.stop()
    assert pair.slice().get("endpoints") in (None, []), pair.slice()
    # And is found again, as is who leads next.
    pair.revive()
    cluster.add_nodes("node-0")
    pair.await_leader(20)
    cluster.until_bound(cluster.create(objects.gang("after", members=2, gpus=1)))


@pytest.mark.parametrize("pair", [{}], indirect=True, ids=["default-durations"])
def test_a_leader_that_is_stopped_is_replaced_within_two_seconds_and_a_killed_one_within_twenty(cluster, pair):
    leader = pair.start()
    began = time.monotonic()
    os.kill(leader.process.pid, signal.SIGTERM)
    until(pair.other(leader).decides, 2, lambda: f"the other decides\n{pair.other(leader).process.log_end()}")
    print(f"after a stop: {time.monotonic() - began:.1f} s")
    leader.process.stop()
    leader.start()

    leader = pair.await_leader(10)
    began = time.monotonic()
    leader.process.kill()
    until(pair.other(leader).decides, 20, lambda: f"the other decides\n{pair.other(leader).process.log_end()}")
    print(f"after a kill: {time.monotonic() - began:.1f} s")
    pair.await_leader(5)
    cluster.add_nodes("node-0")
    cluster.until_bound(cluster.create(objects.gang("later", members=4, gpus=1)))


def test_leaders_killed_at_twenty_random_moments_of_a_commit_leave_no_partial_gang(cluster, pair):
    dice = random.Random(20)
    cluster.add_nodes(*[f"node-{i}" for i in range(8)])
    leader = pair.start()
    cut_short = 0
    for attempt in range(40):
        if attempt >= 20 and cut_short > 0:
            break
        pods = cluster.create(objects.gang(f"cut-{attempt}", members=64, gpus=1))
        if attempt % 2 == 0:  # the bindings of all take some 20 ms
            until(lambda: cluster.observer.bound(pods), 30, "the first member bound", every=0.001)
            time.sleep(dice.choice([0, 0, dice.uniform(0, 0.02)]))
        else:
            time.sleep(dice.uniform(0, 2))
        leader.process.kill()
        at_the_end = len(cluster.nodes_of(pods))
        cut_short += 0 < at_the_end < len(pods)
        leader.start()
        leader = pair.await_leader(15)
        cluster.until_bound(pods, seconds=30)
        assert cluster.observer.over_capacity() == []
        assert nominated_in_vain(cluster) == []
        cluster.delete(pods)
        until(lambda: not cluster.core.list_namespaced_pod("default").items, 20, "all pods gone")
    assert cut_short > 0, "no leader was killed in the middle of its bindings"


def restart_scheduler(cluster):
    cluster.scheduler.kill()
    cluster.start_scheduler()


def restart_apiserver(cluster):
    cluster.apiserver.kill()
    # A running kube-scheduler may take half a minute until it asks the API server again.
    cluster.scheduler.kill()
    cluster.start_apiserver()
    cluster.start_scheduler()


@pytest.mark.parametrize("restart", [restart_scheduler, restart_apiserver])
def test_restarts_around_two_replicas_at_random_moments_leave_no_partial_gang(cluster, pair, restart):
    dice = random.Random(21)
    cluster.add_nodes(*[f"node-{i}" for i in range(8)])
    pair.start()
    for attempt in range(RESTARTS):
        pods = cluster.create(objects.gang(f"cut-{attempt}", members=64, gpus=1))
        if attempt % 2 == 0:
            until(lambda: cluster.observer.bound(pods), 30, "the first member bound", every=0.001)
        else:
            time.sleep(dice.uniform(0, 2))
        restart(cluster)
        pair.revive()
        pair.await_leader(60)  # an API server that has just started refuses many requests at first
        cluster.until_bound(pods, seconds=30)
        assert cluster.observer.over_capacity() == []
        assert nominated_in_vain(cluster) == []
        cluster.delete(pods)
        until(lambda: not cluster.core.list_namespaced_pod("default").items, 20, "all pods gone")


def test_a_leader_that_slept_while_another_took_over_writes_nothing_more_and_ends(cluster, pair):
    leader = pair.start()
    cluster.add_nodes(*[f"node-{i}" for i in range(8)])
    [waits] = cluster.create(objects.gang("waits", members=1, size=2, gpus=1))
    pods = cluster.create(objects.gang("slept", members=64, gpus=1))
    until(lambda: cluster.observer.bound(pods), 30, "the first member bound", every=0.001)
    before = cluster.core.read_namespaced_pod(waits, "default").metadata
    assert "muster.dev/epoch" not in (before.annotations or {})
    os.kill(leader.process.pid, signal.SIGSTOP)
    until(pair.other(leader).decides, 15, "the other decides")
    cluster.relay.target_port = pair.other(leader).http
    after = cluster.core.read_namespaced_pod(waits, "default").metadata
    assert "muster.dev/epoch" in after.annotations, "a binding of the old leader that comes late would succeed"
    assert after.resource_version != before.resource_version
    cluster.until_bound(pods, seconds=30)
    where = cluster.nodes_of(pods)
    os.kill(leader.process.pid, signal.SIGCONT)
    until(lambda: not leader.process.running, 10, lambda: f"the old leader ended\n{leader.process.log_end()}")
    always(lambda: cluster.nodes_of(pods) == where, 1, "a member was moved")
    assert cluster.observer.over_capacity() == []
    assert pair.other(leader).decides()
