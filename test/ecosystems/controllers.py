# SPDX-License-Identifier: Apache-2.0
"""The controllers of other projects, each a process beside the control plane."""

import base64
import fcntl
import os
import pathlib
import subprocess

import yaml

from harness.process import Process
from harness.waiting import free_port, until

HERE = pathlib.Path(__file__).resolve().parent

# Where the API server looks for the webhooks of a controller: SERVICE.NAMESPACE.svc.
_WEBHOOK_HOSTS = ["jobset-webhook-service.jobset-system.svc", "lws-webhook-service.lws-system.svc"]
# Kubeflow's operator waits for files here, whatever it is told.
_KUBEFLOW_CERTIFICATES = pathlib.Path("/tmp/k8s-webhook-server/serving-certs")
_KEPT = ["Namespace", "CustomResourceDefinition", "Service", "MutatingWebhookConfiguration",
         "ValidatingWebhookConfiguration"]


def program(name):
    """The path of the built program."""
    folder = subprocess.run([HERE / "programs", name], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    return pathlib.Path(folder) / f"{name}-{sources(name).name.split('@')[1]}"


def sources(name):
    """The folder of the project's module."""
    done = subprocess.run([HERE / "programs", "--sources", name], stdout=subprocess.PIPE, check=True, text=True)
    return pathlib.Path(done.stdout.strip())


def _only_one():
    """Waits until no other run of these tests uses the folder that Kubeflow's operator insists on."""
    _KUBEFLOW_CERTIFICATES.mkdir(parents=True, exist_ok=True)
    lock = open(_KUBEFLOW_CERTIFICATES / "muster.lock", "w", encoding="utf-8")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


class Controllers:
    """Starts each controller once, with its CustomResourceDefinitions and webhooks.

    Webhooks run outside of the cluster: their Services become names for localhost, and
    the API server is given the address and the certificate authority of this folder.
    """

    def __init__(self, cluster):
        self._cluster = cluster
        self._folder = cluster.folder
        self._running = {}
        self._lock = _only_one()
        self._make_certificates()

    def stop(self):
        for process in self._running.values():
            process.kill()
        self._lock.close()

    def kube_controller_manager(self):
        # Without the node lifecycle controller: nothing renews the leases of the nodes.
        # Without Deployments: the one in manifests/base would make pods of Muster.
        kept = ["garbage-collector-controller", "job-controller", "statefulset-controller", "namespace-controller"]
        self._start("kube-controller-manager", [
            self._cluster.bin / "kube-controller-manager", "--kubeconfig", self._cluster.admin_kubeconfig,
            "--leader-elect=false", "--secure-port=0", "--kube-api-qps=200", "--kube-api-burst=400",
            f"--controllers={','.join(kept)}"])

    def install(self):
        """Everything but MPI, whose two operators differ on what an MPIJob is."""
        self.kube_controller_manager()
        self.training_operator("pytorchjob", "tfjob")
        self.jobset()
        self.lws()
        self.kuberay()
        self.volcano()
        self.argo()

    def training_operator(self, *kinds):
        """Kubeflow's, for jobs of these kinds."""
        crds = sources("training-operator") / "manifests/base/crds"
        for kind in kinds:
            self._apply("-f", crds / f"kubeflow.org_{kind}s.yaml")
            self._until_served(f"{kind}s.kubeflow.org")
        self._namespace("kubeflow")
        if "training-operator" not in self._running:
            self._cluster.kubectl("-n", "kubeflow", "create", "secret", "generic", "training-operator-webhook-cert")
        else:
            self._running.pop("training-operator").kill()
        self._start("training-operator", [
            program("training-operator"), f"--webhook-server-port={free_port()}",
            f"--metrics-bind-address=127.0.0.1:{free_port()}", f"--health-probe-bind-address=127.0.0.1:{free_port()}",
            *(f"--enable-scheme={kind}" for kind in kinds)])

    def mpi_operator(self):
        self._apply("-f", sources("mpi-operator") / "manifests/base/kubeflow.org_mpijobs.yaml")
        self._until_served("mpijobs.kubeflow.org")
        self._namespace("mpi-operator")
        self._start("mpi-operator", [program("mpi-operator"), f"--kubeConfig={self._cluster.admin_kubeconfig}"])

    def without_mpi_operator(self):
        """Removes its kind, whose name Kubeflow's operator uses for another version."""
        if "mpi-operator" in self._running:
            self._running.pop("mpi-operator").kill()
        self._cluster.kubectl("delete", "crd", "mpijobs.kubeflow.org", "--ignore-not-found")

    def kuberay(self):
        self._apply("-f", sources("kuberay") / "config/crd/bases")
        self._until_served("rayclusters.ray.io")
        self._start("kuberay", [
            program("kuberay"), "--enable-leader-election=false", f"--metrics-addr=127.0.0.1:{free_port()}",
            f"--health-probe-bind-address=127.0.0.1:{free_port()}"])

    def volcano(self):
        """The controllers alone: pods appear once a PodGroup is Inqueue, which Volcano's scheduler would say."""
        for folder in ("volcano", "jobflow"):
            self._apply("-f", sources("volcano") / "config/crd" / folder / "bases")
        self._until_served("jobs.batch.volcano.sh", "podgroups.scheduling.volcano.sh", "queues.scheduling.volcano.sh")
        self._start("volcano", [
            program("volcano"), f"--kubeconfig={self._cluster.admin_kubeconfig}", "--leader-elect=false",
            f"--healthz-address=127.0.0.1:{free_port()}", "--logtostderr"])

    def argo(self):
        self._apply("-k", sources("argo") / "manifests/base/crds/minimal")
        self._until_served("workflows.argoproj.io")
        self._namespace("argo")
        self._cluster.kubectl("-n", "argo", "create", "configmap", "workflow-controller-configmap",
                              "--from-literal=config=metricsConfig:\n  enabled: false\n")
        self._start("argo", [
            program("argo"), "--kubeconfig", self._cluster.admin_kubeconfig, "-n", "argo", "--executor-image",
            "example.com/argoexec"], LEADER_ELECTION_DISABLE="true")

    def karpenter(self, instance_types):
        """With its kwok provider, whose nodes are objects and nothing more."""
        for folder in ("pkg/apis/crds", "kwok/apis/crds"):
            self._apply("-f", sources("karpenter") / folder)
        self._until_served("nodepools.karpenter.sh", "nodeclaims.karpenter.sh", "kwoknodeclasses.karpenter.kwok.sh")
        self._namespace("karpenter")
        self._start("karpenter", [program("karpenter")], DISABLE_LEADER_ELECTION="true", SYSTEM_NAMESPACE="karpenter",
                    METRICS_PORT=str(free_port()), HEALTH_PROBE_PORT=str(free_port()), BATCH_IDLE_DURATION="1s",
                    INSTANCE_TYPES_FILE_PATH=str(instance_types))

    def without_karpenter(self):
        """It would remove nodes that it did not make, or buy some for other tests."""
        self._running.pop("karpenter").kill()

    def jobset(self):
        self._with_webhooks("jobset", "config.jobset.x-k8s.io/v1alpha1", "jobsets.jobset.x-k8s.io")

    def lws(self):
        self._with_webhooks("lws", "config.lws.x-k8s.io/v1alpha1", "leaderworkersets.leaderworkerset.x-k8s.io")

    def _with_webhooks(self, name, api_version, served):
        port = free_port()
        rendered = self._cluster.kubectl("kustomize", sources(name) / "config/default")
        self._apply("-f", "-", stdin=yaml.safe_dump_all(self._localized(yaml.safe_load_all(rendered), port)))
        self._until_served(served)
        config = self._folder / f"{name}.yaml"
        config.write_text(yaml.safe_dump({
            "apiVersion": api_version,
            "kind": "Configuration",
            "leaderElection": {"leaderElect": False},
            "internalCertManagement": {"enable": False},
            "webhook": {"port": port, "certDir": str(self._certificates)},
            "metrics": {"bindAddress": "0"},
            "health": {"healthProbeBindAddress": f"127.0.0.1:{free_port()}"},
        }))
        self._start(name, [program(name), "--config", config])

    def _localized(self, documents, port):
        authority = base64.b64encode((self._certificates / "ca.crt").read_bytes()).decode()
        kept = []
        for document in documents:
            if not document or document["kind"] not in _KEPT:
                continue
            document.pop("status", None)
            for webhook in document.get("webhooks", []):
                webhook["clientConfig"]["caBundle"] = authority
                webhook["clientConfig"]["service"]["port"] = port
            if document["kind"] == "CustomResourceDefinition":
                document["spec"].pop("conversion", None)
            if document["kind"] == "Service":
                if "webhook" not in document["metadata"]["name"]:
                    continue
                document["spec"] = {"type": "ExternalName", "externalName": "localhost"}
            kept.append(document)
        return sorted(kept, key=lambda document: _KEPT.index(document["kind"]))

    def _start(self, name, command, **env):
        # Controllers look for certificates below the temporary folder, whether they have webhooks or not.
        env = {**os.environ, "KUBECONFIG": str(self._cluster.admin_kubeconfig), "TMPDIR": str(self._temporary), **env}
        process = Process(name, command, self._folder / f"{name}.log", env)
        process.start()
        self._running[name] = process

    def check_running(self):
        for process in self._running.values():
            process.check_running()

    def _apply(self, *words, stdin=None):
        self._cluster.kubectl("apply", "--server-side", "--force-conflicts", *words, stdin=stdin)

    def _namespace(self, name):
        self._apply("-f", "-", stdin=yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))

    def _until_served(self, *resources):
        for resource in resources:
            def served(resource=resource):
                try:
                    return self._cluster.kubectl("get", resource) is not None
                except AssertionError:
                    return False
            until(served, 30, f"{resource} served", every=0.3)

    def _make_certificates(self):
        self._temporary = self._folder / "tmp"
        self._certificates = self._temporary / "k8s-webhook-server/serving-certs"
        self._certificates.mkdir(parents=True)
        names = ",".join(f"DNS:{host}" for host in ["localhost", *_WEBHOOK_HOSTS])
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=webhooks",
             "-addext", f"subjectAltName={names}", "-keyout", "tls.key", "-out", "tls.crt"],
            cwd=self._certificates, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (self._certificates / "ca.crt").write_bytes((self._certificates / "tls.crt").read_bytes())
        _KUBEFLOW_CERTIFICATES.mkdir(parents=True, exist_ok=True)
        for name in ("tls.crt", "tls.key", "ca.crt"):
            (_KUBEFLOW_CERTIFICATES / name).write_bytes((self._certificates / name).read_bytes())
