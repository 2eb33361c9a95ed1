# SPDX-License-Identifier: Apache-2.0
"""Plays the scripts of test/simulation/scripts on the real kube-scheduler.

The simulation plays the same files on its model of kube-scheduler, see their README.
"""

import queue

import yaml

from . import objects
from .process import Process
from .scripted_extender import ScriptedExtender
from .waiting import until

NAMESPACE = "default"
SCHEDULERS = ["scripted", "scripted-too"]
HTTP_TIMEOUT = 4
STEP_SECONDS = 20  # longer than any backoff
CLASS = "script-volumes"


class Unmet(AssertionError):
    pass


class ScriptPlayer:
    """A kube-scheduler of its own beside a Cluster, with an extender that does what the script says."""

    def __init__(self, cluster):
        self._cluster = cluster
        self._core = cluster.core
        self._extender = ScriptedExtender()
        self._scheduler = Process(
            "scripted kube-scheduler",
            [cluster.bin / "kube-scheduler", "--config", self._config(), "--secure-port=0"],
            cluster.folder / "scripted-kube-scheduler.log")
        cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": CLASS},
            "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}))
        for value in (5, 10):
            cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump({
                "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
                "metadata": {"name": f"script-{value}"}, "value": value}))

    def close(self):
        self._scheduler.kill()
        self._extender.close()

    def _config(self):
        path = self._cluster.folder / "scripted-scheduler-config.yaml"
        path.write_text(yaml.safe_dump({
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": str(self._cluster.folder / "scheduler.kubeconfig"), "qps": 5000, "burst": 5000},
            "leaderElection": {"leaderElect": False},
            "profiles": [{"schedulerName": name} for name in SCHEDULERS],
            "extenders": [{
                "urlPrefix": f"http://127.0.0.1:{self._extender.port}", "filterVerb": "filter", "bindVerb": "bind",
                "preemptVerb": "preempt", "nodeCacheCapable": True, "ignorable": False,
                "httpTimeout": f"{HTTP_TIMEOUT}s", "managedResources": [{"name": objects.GPU}]}],
        }))
        return path

    def play(self, script):
        """Raises Unmet with the number of the step that did not come to pass."""
        self._extender.reset()
        for node, gpus in script["nodes"].items():
            self._create_node(node, gpus)
        self._scheduler.start()
        try:
            for number, step in enumerate(script["steps"], 1):
                try:
                    self._step(step)
                except (AssertionError, queue.Empty) as error:
                    raise Unmet(f"step {number}, {step}: {error}\ncalls so far:\n" + "\n".join(self._extender.history)) from error
        finally:
            self._scheduler.kill()
            self._extender.reset()

    def _step(self, step):
        verb = next(iter(step))
        name = step[verb]
        do = {
            "create": self._create, "run": self._run, "delete": self._delete, "kubelet removes": self._remove,
            "label": self._label, "ungate": self._ungate, "nominate": self._nominate,
            "create node": lambda node, _: self._create_node(node, step.get("gpus", 8)),
            "delete node": lambda node, _: self._core.delete_node(node),
            "cordon": lambda node, _: self._core.patch_node(node, {"spec": {"unschedulable": True}}),
            "uncordon": lambda node, _: self._core.patch_node(node, {"spec": {"unschedulable": None}}),
            "kube-scheduler": lambda what, _: {"killed": self._scheduler.kill, "started": self._scheduler.start}[what](),
            "extender": lambda what, _: self._extender.answers(what == "up"),
            "filter": self._filter, "preempt": self._preempt, "bind": self._expect_bind, "answer": self._answer_held,
            "caller gone": lambda pod, _: until(lambda: self._extender.held(pod).gone(), STEP_SECONDS, "its caller gone"),
            "quiet": lambda seconds, _: self._extender.expect_none(seconds),
            "prepared": self._prepared, "pod": self._state,
        }
        do[verb](name, step)

    # What happens in the cluster.

    def _create_node(self, name, gpus):
        self._cluster.add_nodes(name, gpus=gpus, resources={"cpu": "64"})

    def _pod(self, name, step):
        pod = objects.pod(name, step.get("gpus", 8), resources={"cpu": str(step.get("cpus", 1))},
                          priority_class=f"script-{step['priority']}" if "priority" in step else None)
        pod["spec"]["schedulerName"] = step.get("scheduler", SCHEDULERS[0])
        # Without it a pod that is deleted is gone before kube-scheduler looks, or not: nobody can say which.
        pod["spec"]["terminationGracePeriodSeconds"] = 30
        if step.get("gated"):
            pod["spec"]["schedulingGates"] = [{"name": "example.com/gate"}]
        return pod

    def _create(self, name, step):
        pod = self._pod(name, step)
        if step.get("volume"):
            self._create_volume(name)
            pod["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]
        self._core.create_namespaced_pod(NAMESPACE, pod)

    def _run(self, name, step):
        pod = self._pod(name, step)
        pod["spec"]["nodeName"] = step["on"]
        self._core.create_namespaced_pod(NAMESPACE, pod)
        self._core.patch_namespaced_pod_status(name, NAMESPACE, {"status": {"phase": "Running"}})

    def _delete(self, name, _):
        self._core.delete_namespaced_pod(name, NAMESPACE, grace_period_seconds=None if self._read(name).spec.node_name else 0)

    def _remove(self, name, _):
        """As the kubelet of a pod that is being deleted: first its end, with which it leaves kube-scheduler's view."""
        until(lambda: not self._exists(name) or self._read(name).metadata.deletion_timestamp, STEP_SECONDS, "its deletion")
        if self._exists(name):
            self._core.patch_namespaced_pod_status(name, NAMESPACE, {"status": {"phase": "Failed"}})
            self._core.delete_namespaced_pod(name, NAMESPACE, grace_period_seconds=0)

    def _label(self, name, _):
        self._core.patch_namespaced_pod(name, NAMESPACE, {"metadata": {"annotations": {"example.com/changed": "yes"}}})

    def _ungate(self, name, _):
        self._core.patch_namespaced_pod(name, NAMESPACE, {"spec": {"schedulingGates": [
            {"name": "example.com/gate", "$patch": "delete"}]}})

    def _nominate(self, name, step):
        self._core.patch_namespaced_pod_status(name, NAMESPACE, {"status": {"nominatedNodeName": step["to"]}})

    def _bind(self, name, uid, node):
        self._core.create_namespaced_binding(NAMESPACE, {
            "metadata": {"name": name, "uid": uid}, "target": {"apiVersion": "v1", "kind": "Node", "name": node}},
            _preload_content=False)

    # A claim that is bound when the script says so; nobody else does it here.

    def _create_volume(self, name):
        spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": CLASS, "resources": {"requests": {"storage": "1Gi"}}}
        self._core.create_persistent_volume({
            "metadata": {"name": name}, "spec": {
                "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": CLASS,
                "hostPath": {"path": "/tmp"}}})
        self._core.patch_persistent_volume_status(name, {"status": {"phase": "Available"}})
        self._core.create_namespaced_persistent_volume_claim(NAMESPACE, {"metadata": {"name": name}, "spec": spec})

    def _prepared(self, name, _):
        until(lambda: self._core.read_persistent_volume(name).spec.claim_ref, STEP_SECONDS, "its volume chosen")
        self._core.patch_persistent_volume_status(name, {"status": {"phase": "Bound"}})
        self._core.patch_namespaced_persistent_volume_claim(name, NAMESPACE, {
            "metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}, "spec": {"volumeName": name}})
        self._core.patch_namespaced_persistent_volume_claim_status(name, NAMESPACE, {"status": {"phase": "Bound"}})

    # What kube-scheduler does.

    def _filter(self, pod, step):
        call = self._next("filter", pod)
        got = sorted(call.body["NodeNames"])
        assert got == sorted(step["among"]), f"asked about nodes {got}"
        answer = step["answer"]
        reply = {"NodeNames": [], "FailedNodes": None, "FailedAndUnresolvableNodes": None, "Error": ""}
        if answer == "error":
            reply["Error"] = "as the script says"
        elif answer == "unresolvable":
            reply["FailedAndUnresolvableNodes"] = {got[0]: "as the script says"}
        elif answer != "refused":
            reply["NodeNames"] = [answer]
        call.answer(reply)

    def _preempt(self, pod, step):
        call = self._next("preempt", pod)
        victims = {node: sorted(v["Pods"][i]["UID"] for i in range(len(v["Pods"] or [])))
                   for node, v in (call.body["NodeNameToMetaVictims"] or {}).items()}
        want = {node: sorted(self._read(p).metadata.uid for p in pods) for node, pods in step["victims"].items()}
        assert victims == want, f"offered victims {victims}, want {want}"
        call.answer({"NodeNameToMetaVictims": {
            node: v for node, v in call.body["NodeNameToMetaVictims"].items() if node in step["answer"]}})

    def _expect_bind(self, pod, step):
        call = self._next("bind", pod)
        assert call.body["Node"] == step["to"], f"bound to {call.body['Node']}"
        self._answer_bind(call, step["answer"])

    def _answer_held(self, pod, step):
        self._answer_bind(self._extender.held(pod), step["with"])

    def _answer_bind(self, call, answer):
        if answer.startswith("bound"):
            self._bind(call.pod, call.body["PodUID"], call.body["Node"])
        if answer == "bound":
            call.answer({"Error": ""})
        elif answer == "error":
            call.answer({"Error": "as the script says"})

    def _next(self, verb, pod):
        self._scheduler.check_running()
        try:
            call = self._extender.next(STEP_SECONDS)
        except queue.Empty:
            raise AssertionError("no call came") from None
        assert (call.verb, call.pod) == (verb, pod), f"{call.verb} of {call.pod} came"
        return call

    def _state(self, name, step):
        def as_it_should():
            pod = self._read(name)
            condition = next((c for c in pod.status.conditions or [] if c.type == "PodScheduled"), None)
            got = {"on": pod.spec.node_name, "nominated": pod.status.nominated_node_name or "",
                   "reason": condition.reason if condition and condition.status == "False" else None}
            seen[:] = [got]
            return all(got[key] == step[key] for key in got if key in step)

        seen = []
        until(as_it_should, STEP_SECONDS, lambda: f"it is {seen[0]}")

    def _read(self, name):
        return self._core.read_namespaced_pod(name, NAMESPACE)

    def _exists(self, name):
        return name in [p.metadata.name for p in self._core.list_namespaced_pod(NAMESPACE).items]

    def clean(self):
        self._core.delete_collection_namespaced_persistent_volume_claim(NAMESPACE, grace_period_seconds=0)
        self._core.delete_collection_persistent_volume(grace_period_seconds=0)
        for item in self._core.list_persistent_volume().items:
            self._core.patch_persistent_volume(item.metadata.name, {"metadata": {"finalizers": None}})
        for item in self._core.list_namespaced_persistent_volume_claim(NAMESPACE).items:
            self._core.patch_namespaced_persistent_volume_claim(item.metadata.name, NAMESPACE, {"metadata": {"finalizers": None}})
