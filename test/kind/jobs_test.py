# SPDX-License-Identifier: Apache-2.0
"""Gangs of real Jobs, whose pods really run."""

import pytest

from harness.waiting import always, until
from jobs import job
from nodes import GPU, NAME, REPO, WORKERS

EXAMPLES = REPO / "manifests/examples"

# A gang is bound by parallel writes: while they are under way, part of it is bound.
COMMIT_SECONDS = 2.0
# In which pods are bound that nothing holds up. A call to an address that nobody has takes half a minute.
MOMENTS = 8


def until_running(team, name, pods, seconds=60):
    until(lambda: team.running_on(name).total() == pods, seconds, lambda: f"{name} runs:\n{team.describe(name)}", every=0.2)


def until_succeeded(team, name, seconds=90):
    until(lambda: team.succeeded(name), seconds, lambda: f"{name} succeeds:\n{team.describe(name)}", every=0.3)


def stays_waiting(team, name, seconds=6):
    always(lambda: team.bound(name) == 0, seconds, lambda: f"{name} is bound in part:\n{team.describe(name)}", every=0.5)


def refusals(team, name):
    """Why kube-scheduler gave the pods of a job up for now."""
    conditions = [c for p in team.pods(name) for c in p.status.conditions or [] if c.type == "PodScheduled"]
    return [c.message for c in conditions if c.reason == "SchedulerError"]


def racks(team, name):
    return {WORKERS[node]["rack"] for node in team.running_on(name)}


def test_a_gang_of_two_nodes_runs_within_one_rack_and_succeeds(team, release, observer):
    team.create(job("train", members=16, gpus=1, seconds=6))
    until_running(team, "train", 16)
    assert "team/train" in release.gangs()
    assert len(team.running_on("train")) == 2 and len(racks(team, "train")) == 1
    until_succeeded(team, "train")
    assert team.failed_pods("train") == 0
    assert observer.longest_partial("train", 16) <= COMMIT_SECONDS


def test_of_two_gangs_with_room_for_one_the_other_runs_after_it(team, observer):
    team.create(job("first", members=24, gpus=1, seconds=8), job("second", members=24, gpus=1, seconds=2))
    for name in ("first", "second"):
        until_succeeded(team, name)
        assert team.failed_pods(name) == 0
        assert observer.longest_partial(name, 24) <= COMMIT_SECONDS


def test_a_gang_of_mig_instances_goes_to_the_node_that_has_them(team):
    team.create(job("slices", members=3, gpus=1, seconds=2, resource="nvidia.com/mig-1g.10gb"))
    until_succeeded(team, "slices")
    assert {p.spec.node_name for p in team.pods("slices")} == {f"{NAME}-worker2"}


def test_a_gang_of_spot_capacity_goes_to_the_node_that_is_taken_back_and_one_on_demand_never(team):
    team.create(job("cheap", members=4, gpus=2, seconds=2, labels={"muster.dev/capacity": "spot"}))
    until_succeeded(team, "cheap")
    spot = {name for name, worker in WORKERS.items() if worker["capacity"] == "spot"}
    assert {p.spec.node_name for p in team.pods("cheap")} == spot
    team.create(job("lasting", members=24, gpus=1, seconds=2, labels={"muster.dev/capacity": "on-demand"}))
    until_succeeded(team, "lasting")
    assert {p.spec.node_name for p in team.pods("lasting")} == set(WORKERS) - spot


def test_a_gang_that_wants_one_placement_group_gets_one_or_waits(team):
    one_group = {"muster.dev/topology-required": "placement-group"}
    # The cluster has room for it, no placement group has.
    team.create(job("wide", members=24, gpus=1, labels=one_group))
    stays_waiting(team, "wide")
    team.create(job("near", members=16, gpus=1, seconds=2, labels=one_group))
    until_succeeded(team, "near")
    assert len({WORKERS[p.spec.node_name]["group"] for p in team.pods("near")}) == 1
    assert team.bound("wide") == 0


def test_a_gang_that_its_quota_cuts_short_waits_and_runs_once_the_quota_is_raised(team, nodes):
    quota = {"metadata": {"name": "gpus"}, "spec": {"hard": {f"requests.{GPU}": "4"}}}
    nodes.core.create_namespaced_resource_quota(team.namespace, quota)
    team.create(job("over-quota", members=6, gpus=1, seconds=2))
    until(lambda: len(team.pods("over-quota")) == 4, 30, "the pods that the quota allows")
    stays_waiting(team, "over-quota")
    nodes.core.patch_namespaced_resource_quota("gpus", team.namespace, {"spec": {"hard": {f"requests.{GPU}": "6"}}})
    until_succeeded(team, "over-quota")
    assert team.failed_pods("over-quota") == 0


def test_a_gang_goes_to_a_tainted_node_only_with_its_toleration(team, nodes):
    taint = {"key": "example.com/reserved", "value": "yes", "effect": "NoSchedule"}
    tainted = [f"{NAME}-worker3", f"{NAME}-worker4"]
    for name in tainted:
        nodes.kubectl("taint", "node", name, "example.com/reserved=yes:NoSchedule")
    try:
        team.create(job("without", members=24, gpus=1))
        stays_waiting(team, "without")
        team.create(job("with", members=24, gpus=1, seconds=2, tolerations=[{**taint, "operator": "Equal"}]))
        until_succeeded(team, "with")
        assert set(tainted) & {p.spec.node_name for p in team.pods("with")}
        assert team.bound("without") == 0
    finally:
        for name in tainted:
            nodes.kubectl("taint", "node", name, "example.com/reserved-")


def test_a_gang_of_high_priority_that_does_not_fit_evicts_nobody(team, nodes, observer):
    nodes.kubectl("apply", "-f", "-", stdin="""
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: team-high}
value: 1000
""")
    team.create(job("low", members=8, gpus=1))
    until_running(team, "low", 8)
    # More than the cluster has, even with nothing else in it.
    team.create(job("high", members=40, gpus=1, priority="team-high"))
    stays_waiting(team, "high", seconds=10)
    assert team.running_on("low").total() == 8
    assert observer.deletions() == []


@pytest.mark.parametrize("name, namespace, labels, pods", [
    ("muster", "default", "muster.dev/gang=train", 2),
    ("statefulset", "default", "muster.dev/gang=shards", 3),
    ("team-quota", "team-a", "muster.dev/gang=train", 2),
    ("cronjob", "default", "muster.dev/gang=retrain", 2),
])
def test_an_example_runs(team, nodes, name, namespace, labels, pods):
    file = EXAMPLES / f"{name}.yaml"
    if namespace != "default":
        nodes.kubectl("create", "namespace", namespace)
    nodes.kubectl("apply", "-f", file)
    if name == "cronjob":
        nodes.kubectl("create", "job", "retrain-now", "--from=cronjob/retrain")
    try:
        def running():
            listed = nodes.core.list_namespaced_pod(namespace, label_selector=labels).items
            return len(listed) == pods and all(p.status.phase == "Running" for p in listed)

        until(running, 60, lambda: nodes.kubectl("-n", namespace, "describe", "pods", "-l", labels), every=0.5)
    finally:
        nodes.kubectl("delete", "-f", file, "--cascade=foreground", "--timeout=60s")
        if namespace != "default":
            nodes.kubectl("delete", "namespace", namespace, "--timeout=60s")
        nodes.kubectl("delete", "job", "retrain-now", "--ignore-not-found", "--cascade=foreground", "--timeout=60s")


def test_pods_without_devices_do_not_wait_for_muster(team, nodes, release):
    plain = job("plain", members=2, gpus=0, seconds=1)
    pod = plain["spec"]["template"]
    pod["metadata"]["labels"] = {}
    del pod["spec"]["containers"][0]["resources"]["limits"][GPU]
    nodes.kubectl("-n", "muster", "scale", "deployment/muster", "--replicas=0")
    try:
        until(lambda: not nodes.core.list_namespaced_pod("muster").items, 60, "no Muster")
        assert release.endpoints() == []
        # First in kube-scheduler's queue: the others stand behind them for as long as their calls take.
        team.create(job("waits", members=4, gpus=1, seconds=1))
        until(lambda: refusals(team, "waits"), 20, "what the pods that wait are told")
        team.create(plain)
        until(lambda: team.bound("plain") == 2, MOMENTS, lambda: f"plain is bound:\n{team.describe('plain')}", every=0.1)
        until_succeeded(team, "plain")
        assert team.bound("waits") == 0
        assert all("connection refused" in text for text in refusals(team, "waits")), refusals(team, "waits")
    finally:
        nodes.kubectl("-n", "muster", "scale", "deployment/muster", "--replicas=2")
    nodes.kubectl("-n", "muster", "rollout", "status", "deployment/muster", "--timeout=90s")
    until_succeeded(team, "waits")
