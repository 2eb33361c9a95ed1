# SPDX-License-Identifier: Apache-2.0
"""The demo on a real control plane: the stock kube-scheduler asks Muster."""

import signal
import sys
import tempfile

from demo.screen import Claims, paint, picture, step
from harness import objects
from harness.cluster import Cluster
from harness.waiting import until

RACKS = {"rack-0": [f"node-{n}" for n in range(4)], "rack-1": [f"node-{n}" for n in range(4, 8)]}
NODES = [node for nodes in RACKS.values() for node in nodes]
JOBS = ("alpha", "bravo")
MEMBERS, GPUS_EACH = 6, 8
LETTERS = {"alpha": ("A", "green"), "bravo": ("B", "yellow")}
ADDED = [f"node-{n}" for n in range(8, 12)]


def show(cluster, bound, racks):
    print("\n" + cluster.kubectl("get", "pods", "-o", "custom-columns=POD:.metadata.name,NODE:.spec.nodeName,"
                                 "SCHEDULED:.status.conditions[?(@.type=='PodScheduled')].status"))
    used = {node: {pod.split("-")[0]: GPUS_EACH} for pod, node in bound.items()}
    picture(racks, used, LETTERS)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # not without stopping the programs
    claims = Claims()
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(folder)
        try:
            step("starting etcd, kube-apiserver, kube-scheduler and Muster")
            cluster.start()
            tell(cluster, claims)
        finally:
            cluster.stop()
    sys.exit(1 if claims.failed else 0)


def tell(cluster, claims):
    step(f"kube-scheduler {cluster.version()}; {len(NODES)} nodes with 8 GPUs; two jobs of {MEMBERS} pods with"
         f" {GPUS_EACH} GPUs each, created in turns")
    cluster.add_nodes(*NODES)
    pods = {job: [f"{job}-{i}" for i in range(MEMBERS)] for job in JOBS}
    cluster.create([pod for pair in zip(*(objects.gang(job, MEMBERS, GPUS_EACH) for job in JOBS)) for pod in pair])

    def whole():
        return [job for job in JOBS if len(cluster.nodes_of(pods[job])) == MEMBERS]

    first = until(whole, 30, "one job bound")[0]
    second = next(job for job in JOBS if job != first)
    cluster.until_refused(pods[second])
    message = until(lambda: [m for pod in pods[second] for m in cluster.events(pod) if "members fit" in m],
                    20, "an event that says what lacks")[-1]
    show(cluster, cluster.nodes_of(pods[first] + pods[second]), RACKS)
    print(f"  FailedScheduling of a pod of {second}:\n  {paint('red', message)}\n")
    claims.check(not cluster.nodes_of(pods[second]), f"{first} is bound whole, nothing of {second} is bound")
    claims.check(f"2 of {MEMBERS} members fit" in message, f"its event says that 2 of {MEMBERS} fit, and what lacks")

    step(f"adding {len(ADDED)} nodes")
    cluster.add_nodes(*ADDED)
    cluster.until_bound(pods[second], seconds=30)
    show(cluster, cluster.nodes_of(pods[first] + pods[second]), {**RACKS, "added": ADDED})
    longest = cluster.observer.longest_partial(second, MEMBERS)
    claims.check(len(cluster.nodes_of(pods[second])) == MEMBERS, f"{second} is bound whole, as soon as it fits")
    claims.check(longest < 1, f"it was bound in part for {1000 * longest:.0f} ms: while the bindings were written")


if __name__ == "__main__":
    main()
