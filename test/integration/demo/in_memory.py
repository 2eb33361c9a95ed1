# SPDX-License-Identifier: Apache-2.0
"""Muster over a cluster in memory, and the calls that a kube-scheduler would make to it."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from demo.screen import Claims, paint, picture, step
from harness import objects

RACKS = {f"rack-{r}": [f"node-{r}{n}" for n in range(8)] for r in range(8)}
NODES = [node for nodes in RACKS.values() for node in nodes]
JOBS = ("alpha", "bravo")
MEMBERS, GPUS_EACH = 32, 8
BUSY = NODES[5::3]  # nodes that run something else already
LETTERS = {"alpha": ("A", "green"), "bravo": ("B", "yellow"), "others": ("o", "grey")}


def manifest():
    """What `kubectl get nodes,pods -A -o json` would say."""
    items = [objects.node(node, rack=rack) for rack, nodes in RACKS.items() for node in nodes]
    for node in BUSY:
        running = objects.pod(f"running-{node}", gpus=8)
        running["spec"]["nodeName"] = node
        running["status"] = {"phase": "Running"}
        items.append(running)
    both = zip(*(objects.gang(job, MEMBERS, GPUS_EACH) for job in JOBS))
    pending = [pod for pair in both for pod in pair]
    for pod in items[len(NODES):] + pending:
        pod["metadata"].update(namespace="default", uid=f"uid-{pod['metadata']['name']}")
    return {"apiVersion": "v1", "kind": "List", "items": items + pending}, pending


class Scheduler:
    """Makes kube-scheduler's calls: filter for one pod after the other, and bind calls that overlap."""

    def __init__(self, port):
        self._port = port
        self._free = {node: 0 if node in BUSY else 8 for node in NODES}
        self._lock = threading.Lock()
        self.filter_seconds = []
        self.refusals = {}  # pod -> text
        self.bound = {}  # pod -> node

    def post(self, verb, body):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request("POST", f"/v1/{verb}", json.dumps(body), {"Content-Type": "application/json"})
        reply = json.loads(connection.getresponse().read())
        connection.close()
        return reply

    def filter(self, pod):
        """The node for the pod, or None: it stays pending."""
        with self._lock:
            candidates = [node for node in NODES if self._free[node] >= GPUS_EACH]
        began = time.monotonic()
        reply = self.post("filter", {"Pod": pod, "Nodes": None, "NodeNames": candidates})
        self.filter_seconds.append(time.monotonic() - began)
        if reply.get("Error"):
            raise RuntimeError(reply["Error"])
        name = pod["metadata"]["name"]
        if not reply["NodeNames"]:
            self.refusals[name] = next(iter(reply["FailedAndUnresolvableNodes"].values()))
            return None
        self.refusals.pop(name, None)
        with self._lock:
            self._free[reply["NodeNames"][0]] -= GPUS_EACH
        return reply["NodeNames"][0]

    def bind(self, pod, node):
        meta = pod["metadata"]
        reply = self.post("bind", {"PodName": meta["name"], "PodNamespace": meta["namespace"],
                                   "PodUID": meta["uid"], "Node": node})
        with self._lock:
            if reply.get("Error"):
                self._free[node] += GPUS_EACH
            else:
                self.bound[meta["name"]] = node

    def run(self, pods):
        """One attempt for each of the pods, in their order."""
        with concurrent.futures.ThreadPoolExecutor(len(pods)) as binding:
            for pod in pods:
                node = self.filter(pod)
                if node:
                    binding.submit(self.bind, pod, node)


def start(folder, cluster):
    """Starts Muster; returns the process and its ports."""
    ports = folder / "ports"
    (folder / "cluster.json").write_text(json.dumps(cluster))
    with open(folder / "muster.log", "w") as log:
        muster = subprocess.Popen(
            [os.environ["MUSTER_BIN"], "serve", "--cluster", folder / "cluster.json", "--http", "127.0.0.1:0",
             "--grpc", "127.0.0.1:0", "--port-file", ports], stdout=log, stderr=log)
    deadline = time.monotonic() + 20
    while not (ports.exists() and "grpc=" in ports.read_text()):
        if muster.poll() is not None or time.monotonic() > deadline:
            muster.kill()
            sys.exit(f"muster did not start:\n{(folder / 'muster.log').read_text()}")
        time.sleep(0.02)
    return muster, dict(line.split("=") for line in ports.read_text().split())


def show(scheduler, reports):
    used = {node: {"others": 8} for node in BUSY}
    for pod, node in scheduler.bound.items():
        used.setdefault(node, {})
        job = pod.split("-")[0]
        used[node][job] = used[node].get(job, 0) + GPUS_EACH
    picture(RACKS, used, LETTERS)
    for job, report in reports.items():
        if report["outcome"] == "placed":
            says = paint("green", f"bound whole: {report['bound']} of {MEMBERS} pods")
        else:
            says = paint("red", f"{report['outcome']}: {report['bound']} of {MEMBERS} pods bound") + (
                f"\n         {report['refusal']['text']}" if "refusal" in report else "")
        print(f"  {paint('bold', job)}  {says}")
    print()


def check(scheduler, reports):
    claims = Claims()
    count = {job: sum(1 for pod in scheduler.bound if pod.startswith(job)) for job in JOBS}
    whole = [job for job in JOBS if count[job] == MEMBERS]
    none = [job for job in JOBS if count[job] == 0]
    claims.check(len(whole) == 1 and len(none) == 1, "one job has all of its pods, the other has none: no half job holds GPUs")
    claims.check(len(set(scheduler.bound.values())) == len(scheduler.bound) and not set(scheduler.bound.values()) & set(BUSY),
                 "no node runs more than it has GPUs for")
    room = len(NODES) - len(BUSY) - MEMBERS
    for job in none:
        texts = {scheduler.refusals.get(f"{job}-{i}") for i in range(MEMBERS)}
        refusal = reports[job].get("refusal", {})
        claims.check(texts == {refusal.get("text")} and (refusal["fits"], refusal["of"]) == (room, MEMBERS),
                     f"every pod of the other says the same: {room} of {MEMBERS} fit, and what lacks")
    return claims


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # not without stopping Muster
    cluster, pods = manifest()
    with tempfile.TemporaryDirectory() as folder:
        step(f"starting Muster over {len(NODES)} nodes with {8 * len(NODES)} GPUs, {len(BUSY)} of the nodes busy")
        muster, ports = start(pathlib.Path(folder), cluster)
        try:
            scheduler = Scheduler(int(ports["http"]))
            step(f"two jobs of {MEMBERS} pods with {GPUS_EACH} GPUs each want the {len(NODES) - len(BUSY)} free nodes;"
                 " their pods come in turns")
            scheduler.run(pods)
            reports = {}
            for job in JOBS:
                connection = http.client.HTTPConnection("127.0.0.1", int(ports["http"]), timeout=10)
                connection.request("GET", f"/v1/gangs/default/{job}")
                reports[job] = json.loads(connection.getresponse().read())
            step(f"{len(scheduler.filter_seconds)} filter calls,"
                 f" {1000 * statistics.median(scheduler.filter_seconds):.1f} ms each; {len(scheduler.bound)} pods bound")
            show(scheduler, reports)
            sys.exit(1 if check(scheduler, reports).failed else 0)
        finally:
            muster.terminate()
            try:
                muster.wait(10)
            except subprocess.TimeoutExpired:
                muster.kill()


if __name__ == "__main__":
    main()
