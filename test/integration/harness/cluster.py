# SPDX-License-Identifier: Apache-2.0
"""A real control plane with Muster beside it: etcd, kube-apiserver, kube-scheduler and muster, on free ports."""

import json
import os
import pathlib
import ssl
import subprocess
import urllib.error
import urllib.request

import kubernetes
import yaml

from . import objects
from .observer import Observer
from .process import Process
from .relay import Relay
from .waiting import free_port, until

REPO = pathlib.Path(__file__).resolve().parents[3]
NAMESPACE = "default"

TOKENS = """\
admin,admin,admin,system:masters
scheduler,system:kube-scheduler,scheduler,
muster,system:serviceaccount:muster:muster,muster,"system:serviceaccounts,system:serviceaccounts:muster,system:authenticated"
"""


def control_plane_bin():
    build = subprocess.run([REPO / "test/integration/control_plane/build"], stdout=subprocess.PIPE, check=True, text=True)
    return pathlib.Path(build.stdout.strip())


def muster_bin():
    chosen = os.environ.get("MUSTER_BIN")
    candidates = [chosen] if chosen else [REPO / f"build/{p}/server/muster" for p in ("dev", "release")]
    for path in candidates:
        if os.access(path, os.X_OK):
            return pathlib.Path(path).resolve()
    raise RuntimeError(f"no muster program: {' or '.join(map(str, candidates))}; build one or set MUSTER_BIN")


class Cluster:
    """The four programs. Each is a Process that a test may stop, kill and start alone."""

    def __init__(self, folder, feature_gates="", runtime_config=""):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.bin = control_plane_bin()
        self._muster_bin = muster_bin()
        self._api_url = f"https://127.0.0.1:{free_port()}"
        self.relay = Relay()
        self._write_credentials()
        gates = [f"--feature-gates={feature_gates}"] if feature_gates else []
        self.etcd = self._etcd()
        self.apiserver = self._apiserver(gates + ([f"--runtime-config={runtime_config}"] if runtime_config else []))
        self.scheduler = Process(
            "kube-scheduler",
            [self.bin / "kube-scheduler", "--config", self._scheduler_config(), "--secure-port=0", *gates],
            self.folder / "kube-scheduler.log")
        self._ports = self.folder / "muster.ports"
        self.muster = Process(
            "muster",
            [self._muster_bin, "serve", "--kubeconfig", self._kubeconfig("muster"), "--http", "127.0.0.1:0",
             "--grpc", "127.0.0.1:0", "--port-file", self._ports, "--config", self._muster_config()],
            self.folder / "muster.log")
        self.observer = None

    @property
    def processes(self):
        return [self.scheduler, self.muster, self.apiserver, self.etcd]

    # Starting and stopping.

    def start(self):
        self.etcd.start()
        self.start_apiserver()
        self.admin_kubeconfig = self._kubeconfig("admin")
        client = kubernetes.config.new_client_from_config(str(self.admin_kubeconfig))
        self.core = kubernetes.client.CoreV1Api(client)
        self.custom = kubernetes.client.CustomObjectsApi(client)
        base = REPO / "manifests/base"
        self.kubectl("apply", "-k", base)
        self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects.CRDS))
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=20s")
        self.observer = Observer(self.core)
        self.start_muster()
        self.start_scheduler()

    def stop(self):
        if self.observer:
            self.observer.stop()
        self.relay.close()
        for process in self.processes:
            process.kill()

    def start_apiserver(self):
        self.apiserver.start()
        self._until_up(self.apiserver, lambda: _status(f"{self._api_url}/readyz", self.folder / "api.crt", "admin") == 200, 60)

    def start_scheduler(self):
        self.scheduler.start()

    def start_muster(self, ready=True):
        self._ports.unlink(missing_ok=True)
        self.muster.start()
        self._until_up(self.muster, lambda: self._ports.exists() and "grpc=" in self._ports.read_text(), 10)
        ports = dict(line.split("=") for line in self._ports.read_text().split())
        self.http, self.grpc = int(ports["http"]), int(ports["grpc"])
        self.relay.target_port = self.http
        if ready:
            self._until_up(self.muster, self.decides, 30)

    def muster_sees_new_kinds(self):
        """It looks for kinds that it missed every quarter of a minute, and when it starts."""
        self.muster.stop()
        self.start_muster()

    def _until_up(self, process, condition, seconds):
        def up():
            process.check_running()
            return condition()

        until(up, seconds, lambda: f"{process.name} up; the end of its log:\n{process.log_end()}")

    def version(self):
        """What kube-scheduler says it is, e.g. v1.37.2."""
        words = subprocess.run([self.bin / "kube-scheduler", "--version"], stdout=subprocess.PIPE, check=True, text=True)
        return words.stdout.split()[-1]

    # What Muster says.

    def readyz(self):
        return _status(f"http://127.0.0.1:{self.http}/readyz")

    def decides(self):
        """Whether Muster knows the cluster and leads."""
        return self.readyz() == 200 and _status(f"http://127.0.0.1:{self.http}/v1/gangs") == 200

    def gang(self, name):
        """GET /v1/gangs/NS/NAME, or None if it knows no such gang."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/v1/gangs/{NAMESPACE}/{name}", timeout=5) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def explain(self, name, *options):
        return subprocess.run(
            [self._muster_bin, "explain", f"{NAMESPACE}/{name}", "--server", f"127.0.0.1:{self.grpc}", *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, text=True, timeout=20).stdout

    # Objects.

    def kubectl(self, *words, stdin=None):
        done = subprocess.run(
            [self.bin / "kubectl", "--kubeconfig", self.admin_kubeconfig, *words],
            input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        assert done.returncode == 0, f"kubectl {' '.join(map(str, words))}: {done.stdout}"
        return done.stdout

    def add_nodes(self, *names, gpus=8, labels=None, resources=None):
        for name in names:
            node = objects.node(name, gpus, labels=labels, resources=resources)
            self.core.create_node(node)
            self.core.patch_node_status(name, {"status": node["status"]})

    def create(self, pods):
        """Creates the pods in the given order; returns their names."""
        for pod in pods:
            self.core.create_namespaced_pod(NAMESPACE, pod)
        return [pod["metadata"]["name"] for pod in pods]

    def create_custom(self, item):
        group, version = item["apiVersion"].split("/")
        plural = item["kind"].lower() + "s"
        self.custom.create_namespaced_custom_object(group, version, NAMESPACE, plural, item)

    def delete(self, names):
        for name in names:
            self.core.delete_namespaced_pod(name, NAMESPACE, grace_period_seconds=0)

    def nodes_of(self, names):
        """pod name -> node, of those that the API server says are bound."""
        pods = self.core.list_namespaced_pod(NAMESPACE).items
        return {p.metadata.name: p.spec.node_name for p in pods if p.metadata.name in names and p.spec.node_name}

    def condition(self, name):
        """The PodScheduled condition of the pod, or None."""
        pod = self.core.read_namespaced_pod(name, NAMESPACE)
        return next((c for c in pod.status.conditions or [] if c.type == "PodScheduled"), None)

    def events(self, name):
        """Messages of the pod's FailedScheduling events."""
        events = self.core.list_namespaced_event(NAMESPACE, field_selector=f"involvedObject.name={name}").items
        return [e.message for e in events if e.reason == "FailedScheduling"]

    def until_bound(self, names, seconds=20):
        until(lambda: len(self.observer.bound(names)) == len(names), seconds,
              lambda: f"all bound of {names}; bound are {sorted(self.nodes_of(names))}; "
                      f"conditions {[getattr(self.condition(n), 'message', None) for n in names][:2]}")
        return self.nodes_of(names)

    def until_refused(self, names, seconds=20):
        """Waits until kube-scheduler gave up each of the pods for now."""
        until(lambda: all((c := self.condition(n)) and c.reason == "Unschedulable" for n in names), seconds,
              lambda: f"refused: {[getattr(self.condition(n), 'message', None) for n in names]}")

    def reset(self):
        """Back to a cluster without pods, nodes and history, with every program running."""
        self.relay.release_all()
        if not self.apiserver.running:
            self.start_apiserver()
        if not self.muster.running:
            self.start_muster()
        if not self.scheduler.running:
            self.start_scheduler()
        self.core.delete_collection_namespaced_pod(NAMESPACE, grace_period_seconds=0)
        self.core.delete_collection_node()
        until(lambda: not self.core.list_namespaced_pod(NAMESPACE).items, 20, "all pods gone")
        until(lambda: not self.observer.pods(), 20, lambda: f"all pods gone for the observer; it sees {sorted(self.observer.pods())}")
        until(self.decides, 30, "muster ready")
        self.observer.forget()

    # Files.

    def _write_credentials(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1,DNS:kubernetes", "-keyout", self.folder / "api.key", "-out", self.folder / "api.crt"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (self.folder / "tokens.csv").write_text(TOKENS)

    def _kubeconfig(self, user):
        path = self.folder / f"{user}.kubeconfig"
        path.write_text(yaml.safe_dump({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": user}}],
            "clusters": [{"name": "it", "cluster": {
                "server": self._api_url, "certificate-authority": str(self.folder / "api.crt"),
                "tls-server-name": "kubernetes"}}],
            "users": [{"name": user, "user": {"token": user}}],
        }))
        return path

    def _muster_config(self):
        """A killed leader is replaced soon, and gangs are asked for soon: most tests are not about how long that takes."""
        path = self.folder / "muster.yaml"
        path.write_text(yaml.safe_dump(
            {"lead": {"leaseDuration": "4s", "renewDeadline": "3s", "retryPeriod": "300ms"},
             "scaleUp": {"delay": "1s", "answerWithin": "8s"}, "log": {"format": "text"}}))
        return path

    def _scheduler_config(self):
        """The shipped file with the addresses of this cluster."""
        config = yaml.safe_load((REPO / "manifests/base/scheduler-config.yaml").read_text())
        config["clientConnection"]["kubeconfig"] = str(self._kubeconfig("scheduler"))
        config["extenders"][0]["urlPrefix"] = f"http://127.0.0.1:{self.relay.port}/v1"
        path = self.folder / "scheduler-config.yaml"
        path.write_text(yaml.safe_dump(config))
        return path

    def _etcd(self):
        self._etcd_url = f"http://127.0.0.1:{free_port()}"
        peer = f"http://127.0.0.1:{free_port()}"
        return Process("etcd", [
            self.bin / "etcd", "--data-dir", self.folder / "etcd", "--unsafe-no-fsync", "--log-level=warn",
            f"--listen-client-urls={self._etcd_url}", f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
        ], self.folder / "etcd.log")

    def _apiserver(self, extra):
        key = self.folder / "api.key"
        return Process("kube-apiserver", [
            self.bin / "kube-apiserver", f"--etcd-servers={self._etcd_url}",
            f"--secure-port={self._api_url.rsplit(':', 1)[1]}", "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            f"--tls-cert-file={self.folder / 'api.crt'}", f"--tls-private-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}", f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24",
            "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition", *extra,
        ], self.folder / "kube-apiserver.log")


def _status(url, ca=None, token=None):
    """The HTTP status of a GET; 0 if nobody answers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    context = ssl.create_default_context(cafile=str(ca)) if ca else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=3, context=context) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
