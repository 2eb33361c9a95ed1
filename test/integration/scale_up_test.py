# SPDX-License-Identifier: Apache-2.0
"""Gangs that do not fit, and an autoscaler that the tests play: it answers ProvisioningRequests and adds nodes."""

import json

import kubernetes
import pytest

from harness import objects
from harness.waiting import always, until

REQUESTS = ("autoscaling.x-k8s.io", "v1", "default", "provisioningrequests")
CONSUME = "autoscaling.x-k8s.io/consume-provisioning-request"
SPOT = {"eks.amazonaws.com/capacityType": "SPOT"}
ON_DEMAND = {"eks.amazonaws.com/capacityType": "ON_DEMAND"}


def gated_gang(name, members, policy, **annotations):
    pods = objects.gang(name, members=members, gpus=8)
    for pod in pods:
        pod["metadata"]["annotations"] = {"muster.dev/scale-up": policy, **annotations}
        pod["spec"]["schedulingGates"] = [{"name": "muster.dev/gang"}]
    return pods


def requests(cluster):
    return cluster.custom.list_namespaced_custom_object(*REQUESTS)["items"]


def until_asked(cluster, but=()):
    """The one request whose name is not among `but`."""
    def one():
        found = [r for r in requests(cluster) if r["metadata"]["name"] not in but]
        return found[0] if len(found) == 1 else None
    return until(one, 15, lambda: f"a new request; there are {[r['metadata'] for r in requests(cluster)]}")


def answer(cluster, request, *conditions):
    """What Cluster Autoscaler writes into its status: (type, status, reason)."""
    status = {"conditions": [
        {"type": kind, "status": state, "reason": reason, "message": "by the test",
         "lastTransitionTime": "2026-01-01T00:00:00Z"} for kind, state, reason in conditions]}
    cluster.kubectl("patch", "provisioningrequests", request["metadata"]["name"], "--subresource=status", "--type=merge",
                    "-p", json.dumps({"status": status}))


def templates(cluster):
    return {t.metadata.name: t for t in cluster.core.list_namespaced_pod_template("default").items}


def gates(cluster, names):
    pods = [cluster.core.read_namespaced_pod(name, "default") for name in names]
    return [gate.name for pod in pods for gate in pod.spec.scheduling_gates or []]


def says(cluster, gang, text):
    until(lambda: text in " | ".join((cluster.gang(gang) or {}).get("scaleUp", [])), 15,
          lambda: f"explain with {text!r}; it has {(cluster.gang(gang) or {}).get('scaleUp')}")


@pytest.fixture(autouse=True)
def no_requests_left(cluster):
    yield
    cluster.core.delete_collection_namespaced_pod("default", grace_period_seconds=0)
    until(lambda: not requests(cluster) and not templates(cluster), 15,
          lambda: f"requests and templates gone with their gangs: {len(requests(cluster))}, {list(templates(cluster))}")


def test_a_gang_is_asked_for_as_a_whole_on_spot_and_then_on_demand_and_bound_on_what_came(cluster):
    cluster.add_nodes("spot-0", labels=SPOT)
    names = cluster.create(gated_gang("train", 3, "provisioning-request", **{"muster.dev/capacity": "prefer-spot"}))
    first = until_asked(cluster)
    assert first["spec"]["provisioningClassName"] == "best-effort-atomic-scale-up.autoscaling.x-k8s.io"
    (pod_set,) = first["spec"]["podSets"]
    assert pod_set["count"] == 3
    template = templates(cluster)[pod_set["podTemplateRef"]["name"]].template
    terms = template.spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution.node_selector_terms
    assert any(e.key == "eks.amazonaws.com/capacityType" and e.values == ["SPOT"]
               for t in terms for e in t.match_expressions), terms
    assert not template.spec.scheduling_gates and template.spec.containers[0].resources.requests["nvidia.com/gpu"] == "8"
    assert first["metadata"]["ownerReferences"][0]["name"] in names
    answer(cluster, first, ("Accepted", "True", "Accepted"))
    says(cluster, "train", "asked for spot: accepted")
    answer(cluster, first, ("Accepted", "True", "Accepted"), ("Provisioned", "False", "CapacityIsNotFound"))

    second = until_asked(cluster, but=[first["metadata"]["name"]])
    says(cluster, "train", "spot: CapacityIsNotFound: by the test")
    assert "scale-up: spot: CapacityIsNotFound" in cluster.explain("train")
    until(lambda: len(templates(cluster)) == 1, 10, lambda: f"the first request's template gone: {list(templates(cluster))}")
    answer(cluster, second, ("Accepted", "True", "Accepted"), ("Provisioned", "True", "Provisioned"))
    assert gates(cluster, names) == ["muster.dev/gang"] * 3
    cluster.add_nodes("od-0", "od-1", "od-2", labels=ON_DEMAND)
    assert set(cluster.until_bound(names).values()) == {"od-0", "od-1", "od-2"}
    consumed = {cluster.core.read_namespaced_pod(n, "default").metadata.annotations[CONSUME] for n in names}
    assert consumed == {second["metadata"]["name"]}
    until(lambda: not requests(cluster) and not templates(cluster), 15, "the request and its template gone")


def test_an_autoscaler_that_never_answers_is_told_of_and_blocks_nothing(cluster):
    cluster.add_nodes("node-0")
    names = cluster.create(gated_gang("train", 2, "provisioning-request", **{"muster.dev/capacity": "any"}))
    until_asked(cluster)
    says(cluster, "train", "nobody answered within")
    until(lambda: not requests(cluster), 10, "the request withdrawn")
    other = cluster.create(objects.gang("other", members=1, gpus=8))
    cluster.until_bound(other)
    cluster.add_nodes("node-1", "node-2")
    cluster.until_bound(names)


def test_a_gang_that_fits_is_ungated_and_one_that_does_not_only_where_an_autoscaler_is_to_see_it(cluster):
    cluster.add_nodes("node-0", "node-1")
    fitting = cluster.create(gated_gang("fits", 2, "never"))
    cluster.until_bound(fitting)
    # More than comes for the other, or it would take that first.
    kept = cluster.create(gated_gang("kept", 3, "never"))
    seen = cluster.create(gated_gang("seen", 2, "ungate", **{"muster.dev/capacity": "on-demand"}))
    cluster.until_refused(seen)
    assert gates(cluster, kept) == ["muster.dev/gang"] * 3
    # So that it buys what Muster will take.
    affinity = cluster.core.read_namespaced_pod(seen[0], "default").spec.affinity.node_affinity
    (term,) = affinity.required_during_scheduling_ignored_during_execution.node_selector_terms
    assert ("karpenter.sh/capacity-type", "NotIn", ["spot"]) in [(e.key, e.operator, e.values) for e in term.match_expressions]
    cluster.add_nodes("bought-0", "bought-1", labels=ON_DEMAND)
    assert set(cluster.until_bound(seen).values()) == {"bought-0", "bought-1"}
    always(lambda: gates(cluster, kept) == ["muster.dev/gang"] * 3, 1, "still gated")


def test_placeholders_make_way_for_a_gang_and_for_nothing_that_would_not_fit(cluster):
    scheduling = kubernetes.client.SchedulingV1Api(cluster.core.api_client)
    low = kubernetes.client.V1PriorityClass(metadata={"name": "placeholder"}, value=-10)
    scheduling.create_priority_class(low)
    try:
        cluster.add_nodes("node-0", "node-1")
        hold = cluster.create([objects.pod(f"hold-{i}", gpus=8, priority_class="placeholder") for i in range(2)])
        cluster.until_bound(hold)
        too_big = cluster.create(objects.gang("big", members=3, gpus=8))
        cluster.until_refused(too_big)
        assert len(cluster.nodes_of(hold)) == 2
        names = cluster.create(objects.gang("train", members=2, gpus=8))
        cluster.until_bound(names)
        assert cluster.nodes_of(hold) == {}
        assert cluster.observer.over_capacity() == []
    finally:
        scheduling.delete_priority_class("placeholder")
