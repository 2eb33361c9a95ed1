# SPDX-License-Identifier: Apache-2.0
"""A cluster of kind: one control plane and four workers that say they have GPUs."""

import ipaddress
import json
import os
import pathlib
import subprocess
import time

import kubernetes
import yaml

from harness.waiting import until

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE.parents[1]
# Nobody else's name, and none that speaks of Muster: what is left of Muster is found by its name.
NAME = "gang-tests"
CONTROL_PLANE = f"{NAME}-control-plane"
GPU = "nvidia.com/gpu"

# What the nodes of a fabric carry: two racks with a placement group each, one node of spot capacity, one cut into
# MIG instances beside whole GPUs.
WORKERS = {
    f"{NAME}-worker": {"rack": "rack-a", "group": "pg-a", "capacity": "on-demand", "devices": {GPU: "8"}},
    f"{NAME}-worker2": {"rack": "rack-a", "group": "pg-a", "capacity": "on-demand",
                        "devices": {GPU: "8", "nvidia.com/mig-1g.10gb": "7"}},
    f"{NAME}-worker3": {"rack": "rack-b", "group": "pg-b", "capacity": "on-demand", "devices": {GPU: "8"}},
    f"{NAME}-worker4": {"rack": "rack-b", "group": "pg-b", "capacity": "spot", "devices": {GPU: "8"}},
}

# kubelet sets these for the whole machine.
SYSCTLS = ["vm.overcommit_memory", "vm.panic_on_oom", "kernel.panic", "kernel.panic_on_oops",
           "kernel.keys.root_maxkeys", "kernel.keys.root_maxbytes"]


def run(*command, stdin=None, timeout=300, check=True, env=None):
    """The standard output of a command; fails with its error output."""
    done = subprocess.run([str(word) for word in command], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=timeout, env={**os.environ, **(env or {})})
    assert not check or done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


class Nodes:
    """Made by start(), unmade by stop(). `log` is called with what was done and how long it took."""

    def __init__(self, folder, log):
        self.folder = pathlib.Path(folder)
        self.kubeconfig = self.folder / "kubeconfig"
        self._log = log
        self._bin = pathlib.Path(run(HERE / "programs", "helm", "kind", "worker", timeout=1800).strip())
        self._kubectl = self._find_kubectl()
        self._before = {}
        self._images = {}

    @staticmethod
    def _find_kubectl():
        return pathlib.Path(run(REPO / "test/integration/control_plane/build", timeout=3600).strip()) / "kubectl"

    def start(self):
        began = time.monotonic()
        image = run(HERE / "node/image", timeout=3600).strip().splitlines()[-1]
        self._log(f"node image {image}", began)
        self._before = {name: run("sysctl", "-n", name).strip() for name in SYSCTLS}
        self.delete_cluster()

        began = time.monotonic()
        config = self.folder / "kind.yaml"
        config.write_text(yaml.safe_dump(self._config(image)))
        run(self._bin / "kind", "create", "cluster", "--name", NAME, "--config", config, "--image", image,
            "--kubeconfig", self.kubeconfig, timeout=600)
        client = kubernetes.config.new_client_from_config(str(self.kubeconfig))
        self.core = kubernetes.client.CoreV1Api(client)
        self.batch = kubernetes.client.BatchV1Api(client)
        self.connect()
        self.plain_scheduler = self.scheduler_manifest()
        self.until_ready([CONTROL_PLANE, *WORKERS])
        self.kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=120s")
        for name in WORKERS:
            self.label(name)
            self.add_devices(name)
        self._log("cluster of 5 nodes", began)

    def stop(self):
        self.delete_cluster()
        for name, value in self._before.items():
            run("sysctl", "-q", "-w", f"{name}={value}", check=False)
        for name, before in self._images.items():
            docker("rmi", name, check=False)
            if before:
                docker("tag", before, name)
                docker("rmi", before)

    def will_replace(self, *images):
        """Names of images that are made for this run: afterwards the engine has what it had."""
        for name in images:
            before = f"{name}-before" if docker("images", "--quiet", name).strip() else None
            if before:
                docker("tag", name, before)
            self._images[name] = before

    def delete_cluster(self):
        run(self._bin / "kind", "delete", "cluster", "--name", NAME, "--kubeconfig", self.kubeconfig)

    @staticmethod
    def _config(image):
        cluster = {"kind": "ClusterConfiguration",
                   # So that a stopped node is noticed within the time of a test.
                   "controllerManager": {"extraArgs": [{"name": "node-monitor-grace-period", "value": "15s"}]}}
        if image.startswith("muster/"):
            cluster["imageRepository"] = "muster.local"
        kubelet = {"kind": "KubeletConfiguration", "failCgroupV1": False, "nodeLeaseDurationSeconds": 12}
        return {
            "kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4",
            # The network between pods is made by connect().
            "networking": {"ipFamily": "ipv4", "disableDefaultCNI": True},
            "kubeadmConfigPatches": [yaml.safe_dump(cluster), yaml.safe_dump(kubelet)],
            "nodes": [{"role": "control-plane"}] + [{"role": "worker"}] * len(WORKERS),
        }

    # The network between pods: each node has a bridge to its own pods, and routes to those of the others.

    def connect(self):
        def known():
            nodes = self.core.list_node().items
            return len(nodes) == 1 + len(WORKERS) and all(n.spec.pod_cidr for n in nodes) and nodes

        nodes = until(known, 60, "pod networks of all nodes")
        address = {n.metadata.name: next(a.address for a in n.status.addresses if a.type == "InternalIP") for n in nodes}
        for node in nodes:
            name = node.metadata.name
            if docker("inspect", "-f", "{{.State.Running}}", name).strip() != "true":
                continue
            routes = "".join(f"ip route replace {n.spec.pod_cidr} via {address[n.metadata.name]}\n"
                             for n in nodes if n.metadata.name != name)
            network = {"cniVersion": "0.3.1", "name": "pods", "plugins": [
                {"type": "ptp", "ipMasq": False, "ipam": {
                    "type": "host-local", "dataDir": "/run/cni-ipam", "routes": [{"dst": "0.0.0.0/0"}],
                    "ranges": [[{"subnet": str(ipaddress.ip_network(node.spec.pod_cidr))}]]}},
                {"type": "portmap", "capabilities": {"portMappings": True}}]}
            docker("exec", "-i", name, "sh", "-c", f"set -e\n{routes}cat > /etc/cni/net.d/10-pods.conflist",
                   stdin=json.dumps(network))

    def until_ready(self, names, ready=True, seconds=120):
        def standing():
            found = {n.metadata.name: any(c.type == "Ready" and c.status == "True" for c in n.status.conditions or [])
                     for n in self.core.list_node().items}
            return all(found.get(name) == ready for name in names)

        until(standing, seconds, f"{names} {'ready' if ready else 'not ready'}", every=0.5)

    def label(self, name):
        """What clouds and GPU feature discovery would say of the node."""
        worker = WORKERS[name]
        self.core.patch_node(name, {"metadata": {"labels": {
            "topology.kubernetes.io/zone": "zone-1",
            "topology.kubernetes.io/rack": worker["rack"],
            "cloud.google.com/gke-placement-group": worker["group"],
            "karpenter.sh/capacity-type": worker["capacity"],
            "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
            "nvidia.com/gpu.present": "true",
        }}})

    def add_devices(self, name):
        """What device plugins would report. kubelet forgets it when it starts anew."""
        devices = WORKERS[name]["devices"]
        self.core.patch_node_status(name, {"status": {"capacity": devices, "allocatable": devices}})

        def allocatable():
            node = self.core.read_node(name)
            return all(node.status.allocatable.get(key) == count for key, count in devices.items())

        until(allocatable, 30, f"devices of {name}")

    def stop_node(self, name):
        docker("stop", "--time", "1", name)

    def start_node(self, name):
        docker("start", name)
        self.connect()
        self.until_ready([name])
        self.add_devices(name)

    # kube-scheduler, as operators of kubeadm's control plane change it.

    def configure_scheduler(self, configuration):
        """Starts kube-scheduler with a KubeSchedulerConfiguration (text), or with None as kubeadm did."""
        script = (REPO / "manifests/kubeadm/configure-scheduler").read_text()
        write = 'cat > "$0" && chmod +x "$0"'
        docker("exec", "-i", CONTROL_PLANE, "sh", "-c", write, "/root/configure-scheduler", stdin=script)
        file = "--plain"
        if configuration is not None:
            file = "/root/scheduler-config.yaml"
            docker("exec", "-i", CONTROL_PLANE, "sh", "-c", write, file, stdin=configuration)
        before, manifest = self._scheduler_started(), self.scheduler_manifest()
        docker("exec", CONTROL_PLANE, "/root/configure-scheduler", file)
        if self.scheduler_manifest() != manifest:
            until(lambda: self._scheduler_started() not in (None, before), 90, "another kube-scheduler", every=0.5)

    @staticmethod
    def scheduler_manifest():
        return docker("exec", CONTROL_PLANE, "cat", "/etc/kubernetes/manifests/kube-scheduler.yaml")

    def _scheduler_started(self):
        """When the container of kube-scheduler that is ready was started; None if none is."""
        pods = self.core.list_namespaced_pod("kube-system", label_selector="component=kube-scheduler").items
        for pod in pods:
            for status in pod.status.container_statuses or []:
                if status.ready and status.state.running:
                    return status.container_id
        return None

    # Programs.

    @property
    def path(self):
        """Folders with kubectl and helm."""
        return [self._kubectl.parent, self._bin]

    def load(self, *images):
        """Copies images of the engine to every node."""
        archive = self.folder / "images.tar"
        docker("save", "-o", archive, *images)
        run(self._bin / "kind", "load", "image-archive", archive, "--name", NAME, timeout=600)
        archive.unlink()

    def worker_image(self, *names):
        """The images of what the pods run, made of one static program."""
        archive = self.folder / "worker.tar"
        run("tar", "-C", self._bin, "-cf", archive, "worker")
        for name in names:
            docker("import", "--change", 'ENTRYPOINT ["/worker"]', "--change", "USER 65532", archive, name)

    def kubectl(self, *arguments, **options):
        return run(self._kubectl, "--kubeconfig", self.kubeconfig, *arguments, **options)

    def helm(self, *arguments, **options):
        return run(self._bin / "helm", "--kubeconfig", self.kubeconfig, *arguments, **options)
