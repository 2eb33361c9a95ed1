# SPDX-License-Identifier: Apache-2.0
"""Kubernetes objects as the tests need them."""

GPU = "nvidia.com/gpu"


def node(name, gpus=8, rack="rack-0", labels=None, resources=None):
    """The node and the status that its kubelet would write."""
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": "zone-0", "example.com/rack": rack,
              **(labels or {})}
    amounts = {"cpu": "96", "memory": "1024Gi", "ephemeral-storage": "1024Gi", "pods": "110"}
    if gpus:
        amounts[GPU] = str(gpus)
    amounts.update(resources or {})
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {
            "capacity": amounts,
            "allocatable": amounts,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    }


def pod(name, gpus=0, labels=None, priority_class=None, scheduling_group=None, resources=None):
    amounts = {"cpu": "1"}
    if gpus:
        amounts[GPU] = str(gpus)
    amounts.update(resources or {})
    spec = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": "example.com/train",
                        "resources": {"requests": amounts, "limits": amounts}}],
    }
    if priority_class:
        spec["priorityClassName"] = priority_class
    if scheduling_group:
        spec["schedulingGroup"] = {"podGroupName": scheduling_group}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels or {}}, "spec": spec}


def gang(name, members, gpus, size=None, priority_class=None):
    """The pods of a gang of `size` of which `members` exist, by Muster's own labels."""
    labels = {"muster.dev/gang": name, "muster.dev/gang-size": str(size or members)}
    return [pod(f"{name}-{i}", gpus, labels, priority_class) for i in range(members)]


def coscheduling_pod_group(name, min_member):
    return {
        "apiVersion": "scheduling.x-k8s.io/v1alpha1",
        "kind": "PodGroup",
        "metadata": {"name": name},
        "spec": {"minMember": min_member},
    }


def native_pod_group(name, min_count, parent=None):
    group = {
        "apiVersion": "scheduling.k8s.io/v1beta1",
        "kind": "PodGroup",
        "metadata": {"name": name},
        "spec": {"schedulingPolicy": {"gang": {"minCount": min_count}}},
    }
    if parent:
        group["spec"] |= {"parentCompositePodGroupName": parent,
                          "workloadRef": {"workloadName": parent, "templateName": name}}
    return group


def composite_pod_group(name, min_groups):
    return {
        "apiVersion": "scheduling.k8s.io/v1alpha3",
        "kind": "CompositePodGroup",
        "metadata": {"name": name},
        "spec": {
            "schedulingPolicy": {"gang": {"minGroupCount": min_groups}},
            "workloadRef": {"workloadName": name, "templateName": name},
        },
    }


def permissive_crd(group, version, kind, plural, scope="Namespaced"):
    """One that takes whatever it is given: what Muster makes of the objects is tested, not their schema."""
    name = f"{plural}.{group}"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name, "annotations": {
            "api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/scheduler-plugins/pull/50"}},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{
                "name": version,
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                "subresources": {"status": {}},
            }],
        },
    }


CRDS = [
    permissive_crd("scheduling.x-k8s.io", "v1alpha1", "PodGroup", "podgroups"),
    permissive_crd("scheduling.volcano.sh", "v1beta1", "PodGroup", "podgroups"),
    permissive_crd("topology.volcano.sh", "v1alpha1", "HyperNode", "hypernodes", scope="Cluster"),
    permissive_crd("autoscaling.x-k8s.io", "v1", "ProvisioningRequest", "provisioningrequests"),
    permissive_crd("leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet", "leaderworkersets"),
]
