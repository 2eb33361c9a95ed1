# SPDX-License-Identifier: Apache-2.0
"""Watches all pods and remembers where each was at every observed moment."""

import collections
import threading
import time

import kubernetes

from .objects import GPU

Moment = collections.namedtuple("Moment", "time pods")  # pods: name -> Seen
Seen = collections.namedtuple("Seen", "uid node gpus gang")
Deletion = collections.namedtuple("Deletion", "time name node")

GANG_LABELS = ("muster.dev/gang", "scheduling.x-k8s.io/pod-group")


def _seen(pod):
    # One that has ended uses nothing.
    gpus = 0 if pod.status.phase in ("Succeeded", "Failed") else sum(int((c.resources.limits or {}).get(GPU, 0)) for c in pod.spec.containers)
    labels = pod.metadata.labels or {}
    gang = next((labels[key] for key in GANG_LABELS if key in labels), None)
    return Seen(pod.metadata.uid, pod.spec.node_name, gpus, gang)


class Observer:
    """Threads: one that watches; the history is guarded by a lock.

    The history is a list of moments, one per change that the watch delivered, in its order.
    """

    def __init__(self, core):
        self._core = core
        self._lock = threading.Lock()
        self._moments = []
        self._deletions = []
        self._pods = {}
        self._stopped = False
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self):
        self._stopped = True

    def forget(self):
        """Begins the history anew."""
        with self._lock:
            self._moments = self._moments[-1:]
            self._deletions = []

    def _watch(self):
        while not self._stopped:
            try:
                listed = self._core.list_pod_for_all_namespaces(_request_timeout=10)
                self._record({p.metadata.name: _seen(p) for p in listed.items})
                stream = kubernetes.watch.Watch().stream(
                    self._core.list_pod_for_all_namespaces, timeout_seconds=600,
                    resource_version=listed.metadata.resource_version)
                for event in stream:
                    self._note(event["type"], event["object"])
            except Exception:  # the API server is away, or the version is too old: list again
                time.sleep(0.1)

    def _note(self, kind, pod):
        pods = dict(self._pods)
        name = pod.metadata.name
        if kind == "DELETED":
            pods.pop(name, None)
            with self._lock:
                self._deletions.append(Deletion(time.monotonic(), name, pod.spec.node_name))
        else:
            pods[name] = _seen(pod)
        self._record(pods)

    def _record(self, pods):
        with self._lock:
            self._pods = pods
            self._moments.append(Moment(time.monotonic(), pods))

    def moments(self):
        with self._lock:
            return list(self._moments)

    def pods(self):
        with self._lock:
            return self._pods

    def deletions(self):
        with self._lock:
            return list(self._deletions)

    def bound(self, names):
        """When each of the named pods was first seen bound; those that were."""
        first = {}
        for moment in self.moments():
            for name in names:
                if name not in first and name in moment.pods and moment.pods[name].node:
                    first[name] = moment.time
        return first

    def longest_partial(self, gang, minimum):
        """Seconds of the longest stretch with some, but fewer than `minimum`, members bound."""
        longest, began = 0.0, None
        for moment in self.moments() + [Moment(time.monotonic(), self.pods())]:
            count = sum(1 for s in moment.pods.values() if s.gang == gang and s.node)
            if began is not None:
                longest = max(longest, moment.time - began)
            if not 0 < count < minimum:
                began = None
            elif began is None:
                began = moment.time
        return longest

    def over_capacity(self, gpus_per_node=8):
        """(node, GPUs) of every observed moment at which a node had more GPUs in use than it has."""
        over = []
        for moment in self.moments():
            used = collections.Counter()
            for seen in moment.pods.values():
                if seen.node:
                    used[seen.node] += seen.gpus
            over += [(name, gpus) for name, gpus in used.items() if gpus > gpus_per_node]
        return over
