# SPDX-License-Identifier: Apache-2.0
"""Jobs whose pods are gangs."""

import collections

from nodes import GPU

IMAGE = "muster-test/worker:1"

CONFINED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def job(name, members, gpus, seconds=None, scheduler=None, priority=None, tolerations=(), resource=GPU, labels=None):
    """A Job whose pods start together or not at all and work for `seconds`, or until they are stopped."""
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        # Off a node that is gone within the time of a test.
        "tolerations": [{"key": f"node.kubernetes.io/{reason}", "operator": "Exists", "effect": "NoExecute",
                         "tolerationSeconds": 3} for reason in ("not-ready", "unreachable")] + list(tolerations),
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "worker", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "securityContext": CONFINED,
            "args": [] if seconds is None else [str(seconds)],
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi", resource: str(gpus)}},
        }],
    }
    if scheduler:
        spec["schedulerName"] = scheduler
    if priority:
        spec["priorityClassName"] = priority
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {
            "parallelism": members, "completions": members, "completionMode": "Indexed", "backoffLimit": 50,
            # A pod that its node takes with it is no failure of the job.
            "podReplacementPolicy": "TerminatingOrFailed",
            "template": {"metadata": {"labels": {
                "muster.dev/gang": name, "muster.dev/gang-size": str(members), **(labels or {})}}, "spec": spec},
        },
    }


class Jobs:
    """Jobs of one namespace."""

    def __init__(self, nodes, namespace):
        self._nodes = nodes
        self.namespace = namespace

    def create(self, *jobs):
        for one in jobs:
            self._nodes.batch.create_namespaced_job(self.namespace, one)
        return [one["metadata"]["name"] for one in jobs]

    def pods(self, name):
        return self._nodes.core.list_namespaced_pod(self.namespace, label_selector=f"job-name={name}").items

    def running_on(self, name):
        """Node -> how many pods of the job run there."""
        return collections.Counter(p.spec.node_name for p in self.pods(name) if p.status.phase == "Running")

    def bound(self, name):
        return sum(1 for p in self.pods(name) if p.spec.node_name)

    def succeeded(self, name):
        status = self._nodes.batch.read_namespaced_job_status(name, self.namespace).status
        return any(c.type == "Complete" and c.status == "True" for c in status.conditions or [])

    def failed_pods(self, name):
        return self._nodes.batch.read_namespaced_job_status(name, self.namespace).status.failed or 0

    def delete(self, *names):
        for name in names:
            self._nodes.kubectl("-n", self.namespace, "delete", "job", name, "--cascade=foreground", "--timeout=60s")

    def describe(self, name):
        """For a failure: where the pods are and what was said about them."""
        lines = [f"{p.metadata.name} {p.status.phase} {p.spec.node_name}" for p in self.pods(name)]
        events = self._nodes.core.list_namespaced_event(self.namespace).items
        lines += [f"{e.involved_object.name}: {e.message}" for e in events if e.involved_object.name.startswith(name)][-10:]
        return "\n".join(lines)
