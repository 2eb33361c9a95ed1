# SPDX-License-Identifier: Apache-2.0
"""Muster as an operator installs it: with Helm, and the cluster's own kube-scheduler told of it."""

import pathlib
import time

import yaml

from harness.page import commands, typed
from harness.waiting import until
from nodes import CONTROL_PLANE, REPO, docker, run

CHART = REPO / "manifests/helm/muster"
NAMESPACE = "muster"
ADDRESS = "10.96.0.80"
RESOURCES = ["nvidia.com/gpu", "nvidia.com/mig-1g.10gb"]

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


class Release:
    def __init__(self, nodes, image, name="muster", namespace=NAMESPACE, **values):
        self._nodes = nodes
        self.name, self.namespace = name, namespace
        repository, tag = image.split(":")
        self.values = {"image": {"repository": repository, "tag": tag}, "service": {"clusterIP": ADDRESS},
                       "scheduler": {"managedResources": RESOURCES}} | values

    def _with_values(self, *command):
        file = self._nodes.folder / f"values-{self.name}.yaml"
        file.write_text(yaml.safe_dump(self.values))
        return (*command, self.name, CHART, "--namespace", self.namespace, "--values", file)

    def install(self):
        self._nodes.helm(*self._with_values("install"), "--wait", "--timeout", "120s")

    def upgrade(self, **values):
        self.values = self.values | values
        self._nodes.helm(*self._with_values("upgrade"), "--wait", "--timeout", "180s")

    def uninstall(self):
        self._nodes.helm("uninstall", self.name, "--namespace", self.namespace, "--wait", "--timeout", "120s")

    def configure_scheduler(self):
        """Tells the cluster's kube-scheduler what the page says that it needs to know."""
        typed(commands("Install on kind, in five minutes", "> scheduler-config.yaml"), self._nodes.path,
              self._nodes.kubeconfig, self._nodes.folder)
        self._nodes.configure_scheduler((self._nodes.folder / "scheduler-config.yaml").read_text())

    def pods(self):
        selector = f"app.kubernetes.io/name=muster,app.kubernetes.io/instance={self.name}"
        return self._nodes.core.list_namespaced_pod(self.namespace, label_selector=selector).items

    def endpoints(self):
        """The addresses at which callers of the service get somebody."""
        text = self._nodes.kubectl("-n", self.namespace, "get", "endpointslice", "-o", "yaml")
        return [address for one in yaml.safe_load(text)["items"] if one["metadata"]["name"] == f"{self.name}-leader"
                for endpoint in one.get("endpoints") or [] for address in endpoint["addresses"]]

    def leader(self):
        """The pod whose name the lease holds and whose address callers get; None while there is none."""
        text = self._nodes.kubectl("-n", self.namespace, "get", "lease", self.name, "--ignore-not-found", "-o", "yaml")
        holder = (yaml.safe_load(text) or {}).get("spec", {}).get("holderIdentity", "")
        found = self.endpoints()
        return next((p for p in self.pods() if holder.startswith(p.metadata.name + "_") and [p.status.pod_ip] == found), None)

    def until_led(self, other_than=None, seconds=60):
        def led():
            leader = self.leader()
            return leader if leader and leader.metadata.name != other_than else None

        return until(led, seconds, lambda: f"a leader; pods {[p.metadata.name for p in self.pods()]}", every=0.2)

    def gangs(self):
        """What `muster gangs` says within a pod, as the chart's notes tell people to ask."""
        return self._nodes.kubectl("-n", self.namespace, "exec", f"deployment/{self.name}", "--",
                                   "muster", "gangs", "--server", f"{self.name}:9090")

    def process(self, pod):
        """The process of a pod's container: its number on the pod's node, and what /proc/N/status says of it."""
        script = ('for p in /proc/[0-9]*; do if grep -q "$1" $p/cgroup 2>/dev/null && [ "$(cat $p/comm)" = muster ]; '
                  'then echo ${p#/proc/}; cat $p/status; fi; done')
        uid = pod.metadata.uid.replace("-", "[-_]")
        lines = docker("exec", pod.spec.node_name, "sh", "-c", script, "sh", uid).splitlines()
        assert lines, f"no process of {pod.metadata.name} on {pod.spec.node_name}"
        return int(lines[0]), dict(line.split(":", 1) for line in lines[1:] if ":" in line)

    def kill(self, pod):
        """Ends the process of a pod without a word to it."""
        docker("exec", pod.spec.node_name, "kill", "-9", self.process(pod)[0])
