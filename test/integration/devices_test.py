# SPDX-License-Identifier: Apache-2.0
"""Gangs whose pods claim devices that drivers publish in ResourceSlices."""

import itertools
import os

import kubernetes
import pytest

from harness import objects
from harness.waiting import until

NAMESPACE = "default"
DRIVER = "gpu.nvidia.com"
GROUP = ("resource.k8s.io", "v1")
_MINOR = int(os.environ.get("K8S_VERSION", "1.37").split(".")[1])


def _gpu(number, **more):
    return {"name": f"gpu-{number}", "attributes": {"type": {"string": "gpu"}, "uuid": {"string": f"GPU-{number}"}},
            "capacity": {"memory": {"value": "80Gi"}}, **more}


def _mig(gpu, profile, start, size):
    """A way to cut the GPU, which takes these slices of its memory."""
    return {"name": f"gpu-{gpu}-mig-{profile.replace('.', '')}-{start}",
            "attributes": {"type": {"string": "mig"}, "profile": {"string": profile}},
            "consumesCounters": [{"counterSet": f"gpu-{gpu}", "counters": _slices(start, size)}]}


def _slices(start, size):
    return {f"memory-slice-{s}": {"value": "1"} for s in range(start, start + size)}


class Devices:
    """What a driver and the controller of resource claims would write."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.api = cluster.custom

    def add_class(self, name, expression, **spec):
        self._create("DeviceClass", {"metadata": {"name": name}, "spec": {
            "selectors": [{"cel": {"expression": expression}}], **spec}})

    def publish(self, node, devices=(), counters=None, slices=1):
        spec = {"driver": DRIVER, "nodeName": node, "pool": {"name": node, "generation": 1, "resourceSliceCount": slices}}
        spec |= {"sharedCounters": counters} if counters else {"devices": list(devices)}
        self._create("ResourceSlice", {"metadata": {"name": f"{node}-{'counters' if counters else 'devices'}"}, "spec": spec})

    def create_gang(self, name, size, count=1, device_class=DRIVER, selectors=()):
        """Pods of a gang with a claim each, of a template, as the controller makes them."""
        exactly = {"deviceClassName": device_class, "count": count,
                   "selectors": [{"cel": {"expression": expression}} for expression in selectors]}
        spec = {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}
        self._create("ResourceClaimTemplate", {"metadata": {"name": name}, "spec": {"spec": spec}})
        pods = objects.gang(name, size, gpus=0)
        for pod in pods:
            pod["metadata"]["labels"]["muster.dev/topology-unconstrained"] = "true"
            pod["spec"]["resourceClaims"] = [{"name": "gpus", "resourceClaimTemplateName": name}]
            pod["spec"]["containers"][0]["resources"]["claims"] = [{"name": "gpus"}]
        names = self.cluster.create(pods)
        for pod in names:
            uid = self.cluster.core.read_namespaced_pod(pod, NAMESPACE).metadata.uid
            owner = {"apiVersion": "v1", "kind": "Pod", "name": pod, "uid": uid, "controller": True}
            self._create("ResourceClaim", {"metadata": {
                "name": f"{pod}-gpus", "ownerReferences": [owner],
                "annotations": {"resource.kubernetes.io/pod-claim-name": "gpus"}}, "spec": spec})
            self.cluster.core.patch_namespaced_pod_status(pod, NAMESPACE, {"status": {
                "resourceClaimStatuses": [{"name": "gpus", "resourceClaimName": f"{pod}-gpus"}]}})
        return names

    def allocated(self):
        """(node, device) of every claim with devices, as kube-scheduler chose them."""
        claims = self.api.list_namespaced_custom_object(*GROUP, NAMESPACE, "resourceclaims")["items"]
        results = [c.get("status", {}).get("allocation", {}).get("devices", {}).get("results", []) for c in claims]
        return [(r["pool"], r["device"]) for r in itertools.chain(*results)]

    def clean(self):
        for plural in ("resourceclaims", "resourceclaimtemplates"):
            for item in self.api.list_namespaced_custom_object(*GROUP, NAMESPACE, plural)["items"]:
                name = item["metadata"]["name"]
                # Nobody else takes away what kube-scheduler protects a claim with.
                self.api.patch_namespaced_custom_object(*GROUP, NAMESPACE, plural, name, {"metadata": {"finalizers": None}})
                self._gone(lambda: self.api.delete_namespaced_custom_object(*GROUP, NAMESPACE, plural, name))
        for plural in ("resourceslices", "deviceclasses"):
            for item in self.api.list_cluster_custom_object(*GROUP, plural)["items"]:
                self.api.delete_cluster_custom_object(*GROUP, plural, item["metadata"]["name"])

    @staticmethod
    def _gone(delete):
        try:
            delete()
        except kubernetes.client.ApiException as error:
            if error.status != 404:
                raise

    def _create(self, kind, body):
        body = {"apiVersion": "/".join(GROUP), "kind": kind, **body}
        plural = {"DeviceClass": "deviceclasses"}.get(kind, kind.lower() + "s")
        if kind in ("DeviceClass", "ResourceSlice"):
            self.api.create_cluster_custom_object(*GROUP, plural, body)
        else:
            self.api.create_namespaced_custom_object(*GROUP, NAMESPACE, plural, body)


@pytest.fixture
def devices(cluster):
    made = Devices(cluster)
    made.add_class(DRIVER, f"device.driver == '{DRIVER}' && device.attributes['{DRIVER}'].type == 'gpu'")
    yield made
    cluster.core.delete_collection_namespaced_pod(NAMESPACE, grace_period_seconds=0)
    until(lambda: not cluster.core.list_namespaced_pod(NAMESPACE).items, 20, "all pods gone")
    made.clean()


def test_a_gang_of_claims_is_bound_whole_where_planned_and_its_devices_are_nobody_elses(cluster, devices):
    for node in ("n0", "n1"):
        cluster.add_nodes(node, gpus=0)
        devices.publish(node, [_gpu(i) for i in range(4)])
    pods = devices.create_gang("train", 4, count=2)
    nodes = cluster.until_bound(pods, seconds=60)

    assert sorted(nodes.values()) == ["n0", "n0", "n1", "n1"]
    allocated = devices.allocated()
    assert len(allocated) == len(set(allocated)) == 8
    until(lambda: cluster.gang("train")["bound"] == 4, 10, lambda: cluster.gang("train"))
    assert {s["pod"].split("/")[1]: s["node"] for s in cluster.gang("train")["seats"]} == nodes

    late = devices.create_gang("late", 1)
    cluster.until_refused(late, seconds=40)
    text = cluster.gang("late")["refusal"]["text"]
    assert "0 of 1 members fit; one more needs cpu 1, 1 device of gpu.nvidia.com" in text
    assert "2 insufficient devices of gpu.nvidia.com (most free on a node: 0 devices of gpu.nvidia.com)" in text
    assert len(devices.allocated()) == 8


def test_a_gang_with_devices_for_one_less_holds_none_until_a_driver_publishes_more(cluster, devices):
    cluster.add_nodes("n0", "n1", gpus=0)
    devices.publish("n0", [_gpu(i) for i in range(4)])
    pods = devices.create_gang("train", 3, count=2)
    cluster.until_refused(pods, seconds=40)
    assert "2 of 3 members fit" in cluster.gang("train")["refusal"]["text"]
    assert devices.allocated() == []

    devices.publish("n1", [_gpu(i) for i in range(2)])
    nodes = cluster.until_bound(pods, seconds=60)
    assert sorted(nodes.values()) == ["n0", "n0", "n1"]


if _MINOR >= 36:  # where the gates that these need are on

    def test_gpus_that_stand_for_a_resource_are_claimed_by_kube_scheduler_for_a_whole_gang(cluster, devices):
        devices.add_class("accelerators", f"device.driver == '{DRIVER}'", extendedResourceName="example.com/accelerator")
        for node in ("n0", "n1"):
            cluster.add_nodes(node, gpus=0)
            devices.publish(node, [_gpu(i) for i in range(2)])
        labels = {"muster.dev/gang": "train", "muster.dev/gang-size": "4", "muster.dev/topology-unconstrained": "true"}
        asked = {"example.com/accelerator": "1"}
        pods = cluster.create([objects.pod(f"train-{i}", labels=labels, resources=asked) for i in range(4)])
        nodes = cluster.until_bound(pods, seconds=60)
        assert sorted(nodes.values()) == ["n0", "n0", "n1", "n1"]
        assert len(set(devices.allocated())) == 4

        late = cluster.create([objects.pod("late", labels={**labels, "muster.dev/gang": "late", "muster.dev/gang-size": "1"},
                                           resources=asked)])
        cluster.until_refused(late, seconds=40)
        assert "0 of 1 members fit" in cluster.gang("late")["refusal"]["text"]

    def test_mig_instances_that_exclude_each_other_are_bound_as_planned(cluster, devices):
        devices.add_class("mig.nvidia.com", f"device.driver == '{DRIVER}' && device.attributes['{DRIVER}'].type == 'mig'")
        cluster.add_nodes("n0", gpus=0)
        cut = [_mig(0, "3g.40gb", start, 4) for start in (0, 4)] + [_mig(0, "1g.10gb", start, 1) for start in range(7)]
        whole = _gpu(0, consumesCounters=[{"counterSet": "gpu-0", "counters": _slices(0, 8)}])
        devices.publish("n0", counters=[{"name": "gpu-0", "counters": _slices(0, 8)}], slices=2)
        devices.publish("n0", [whole, *cut], slices=2)
        profile = f"device.attributes['{DRIVER}'].profile == "
        too_many = devices.create_gang("too-many", 3, device_class="mig.nvidia.com", selectors=[profile + "'3g.40gb'"])
        cluster.until_refused(too_many, seconds=40)
        assert "2 of 3 members fit" in cluster.gang("too-many")["refusal"]["text"]

        halves = devices.create_gang("halves", 2, device_class="mig.nvidia.com", selectors=[profile + "'3g.40gb'"])
        cluster.until_bound(halves, seconds=60)
        assert set(devices.allocated()) == {("n0", "gpu-0-mig-3g40gb-0"), ("n0", "gpu-0-mig-3g40gb-4")}
        refused = devices.create_gang("whole", 1)
        cluster.until_refused(refused, seconds=40)
        assert "0 of 1 members fit" in cluster.gang("whole")["refusal"]["text"]
