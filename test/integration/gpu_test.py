# SPDX-License-Identifier: Apache-2.0
"""Gangs over nodes with MIG instances and shared GPUs, as device plugins and GPU Feature Discovery publish them."""

from harness import objects
from harness.waiting import until

H100 = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3", "nvidia.com/gpu.memory": "81559",
        "nvidia.com/gpu.count": "2", "nvidia.com/gpu.replicas": "1", "nvidia.com/gpu.sharing-strategy": "none"}
MIXED = {**H100, "nvidia.com/mig.strategy": "mixed", "nvidia.com/mig.config.state": "success",
         "nvidia.com/mig-1g.10gb.count": "7", "nvidia.com/mig-3g.40gb.count": "2"}
SLICED = {"nvidia.com/gpu.product": "Tesla-T4-SHARED", "nvidia.com/gpu.memory": "15360", "nvidia.com/gpu.count": "2",
          "nvidia.com/gpu.replicas": "4", "nvidia.com/gpu.sharing-strategy": "time-slicing"}
INSTANCES = {"nvidia.com/mig-1g.10gb": "7", "nvidia.com/mig-3g.40gb": "2"}


def _gang(name, *asked, **annotations):
    """One member for each of `asked`, which are the amounts that it asks for."""
    labels = {"muster.dev/gang": name, "muster.dev/gang-size": str(len(asked)),
              "muster.dev/topology-unconstrained": "true", **annotations}
    return [objects.pod(f"{name}-{i}", labels=labels, resources=amounts) for i, amounts in enumerate(asked)]


def test_gangs_of_mixed_shapes_are_bound_to_instances_and_shares_as_planned(cluster):
    cluster.add_nodes("mixed-0", "mixed-1", gpus=0, labels=MIXED, resources=INSTANCES)
    cluster.add_nodes("sliced-0", gpus=8, labels=SLICED)
    cluster.add_nodes("whole-0", gpus=2, labels=H100)
    small, large = {"nvidia.com/mig-1g.10gb": "1"}, {"nvidia.com/mig-3g.40gb": "1"}
    instances = cluster.create(_gang("instances", *[large] * 4, *[small] * 14))
    shares = cluster.create(_gang("shares", *[{objects.GPU: "1"}] * 8, **{"muster.dev/gpu-product": "T4"}))
    whole = cluster.create(_gang("whole", *[{objects.GPU: "1"}] * 2, **{"muster.dev/gpu-memory": "60G"}))
    cluster.until_bound(instances + shares + whole, seconds=60)

    assert set(cluster.nodes_of(shares).values()) == {"sliced-0"}
    assert set(cluster.nodes_of(whole).values()) == {"whole-0"}
    for name, pods in (("instances", instances), ("shares", shares), ("whole", whole)):
        until(lambda: cluster.gang(name)["bound"] == len(pods), 10, lambda: cluster.gang(name))
        planned = {seat["pod"].split("/")[1]: seat["node"] for seat in cluster.gang(name)["seats"]}
        assert planned == cluster.nodes_of(pods)
    assert cluster.observer.over_capacity() == []


def test_a_gang_waits_while_mig_is_configured_and_is_told_what_could_be_cut(cluster):
    cluster.add_nodes("mixed-0", gpus=0, labels={**MIXED, "nvidia.com/mig.config.state": "pending"},
                      resources=INSTANCES)
    cluster.add_nodes("whole-0", gpus=2, labels={**H100, "nvidia.com/mig.strategy": "mixed"},
                      resources={"nvidia.com/mig-3g.40gb": "0"})
    pods = cluster.create(_gang("serve", *[{"nvidia.com/mig-3g.40gb": "1"}] * 2))
    cluster.until_refused(pods)
    refusal = cluster.gang("serve")["refusal"]
    assert "1 GPUs out of use: nvidia.com/mig.config.state is pending" in refusal["text"]
    assert [advice["text"] for advice in refusal["advice"]] == [
        "on node whole-0 2 whole GPUs are free; one cut anew has up to 2 of 3g.40gb"]
    assert "to make room: on node whole-0" in cluster.explain("serve")

    cluster.core.patch_node("mixed-0", {"metadata": {"labels": {"nvidia.com/mig.config.state": "success"}}})
    cluster.until_bound(pods, seconds=60)
    assert set(cluster.nodes_of(pods).values()) == {"mixed-0"}
