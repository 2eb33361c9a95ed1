# SPDX-License-Identifier: Apache-2.0
"""Stands between kube-scheduler and Muster: passes bytes on, counts calls, holds or drops chosen ones."""

import collections
import json
import select
import socket
import threading
import time

Call = collections.namedtuple("Call", "time verb pod")

_CHUNK = 1 << 16


class Hold:
    """A call that does not reach Muster before it is released."""

    def __init__(self, verb, matches):
        self.verb = verb
        self._matches = matches
        self.reached = threading.Event()
        self._decided = threading.Event()
        self._drop = False

    def matches(self, verb, pod):
        return verb == self.verb and not self._decided.is_set() and self._matches(pod)

    def release(self):
        self._decided.set()

    def drop(self):
        """Closes the caller's connection without an answer."""
        self._drop = True
        self._decided.set()

    def passes(self, client):
        """Waits. False if the call was dropped or its caller went away."""
        self.reached.set()
        while not self._decided.wait(0.05):
            if _closed(client):
                return False
        return not self._drop


def _closed(connection):
    readable, _, _ = select.select([connection], [], [], 0)
    try:
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


class Relay:
    """Threads: one per connection; `calls` and `holds` are guarded by a lock."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.target_port = None
        self._lock = threading.Lock()
        self._calls = []
        self._holds = []
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self, verb, pod):
        """Holds calls of the verb for the pod (a name, or a function of it)."""
        hold = Hold(verb, pod if callable(pod) else lambda name: name == pod)
        with self._lock:
            self._holds.append(hold)
        return hold

    def release_all(self):
        with self._lock:
            holds, self._holds = self._holds, []
        for hold in holds:
            hold.release()

    def calls(self, verb, pod=None, since=0.0):
        with self._lock:
            return [c for c in self._calls
                    if c.verb == verb and c.time >= since and (pod is None or c.pod == pod)]

    def close(self):
        self.release_all()
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            try:
                self._relay_one(client)
            except OSError:
                pass  # either side went away: the other side sees it by the closed connection

    # One call per connection keeps this simple: both sides are told "close".
    def _relay_one(self, client):
        request = _read_request(client)
        if request is None:
            return
        head, body = request
        verb = head.split(b" ", 2)[1].decode().rsplit("/", 1)[-1]
        pod = _pod_of(verb, body)
        with self._lock:
            self._calls.append(Call(time.monotonic(), verb, pod))
            holds = [h for h in self._holds if h.matches(verb, pod)]
        if not all(hold.passes(client) for hold in holds):
            return
        with socket.create_connection(("127.0.0.1", self.target_port)) as upstream:
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            upstream.sendall(b"\r\n".join(lines + [b"Connection: close"]) + b"\r\n\r\n" + body)
            _answer(upstream, client)


def _read_request(client):
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(_CHUNK)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = client.recv(_CHUNK)
        if not more:
            return None
        body += more
    return head, body


def _pod_of(verb, body):
    args = json.loads(body)
    return args["PodName"] if verb == "bind" else args["Pod"]["metadata"]["name"]


def _answer(upstream, client):
    # The head gets "Connection: close", so that the caller does not reuse the connection.
    head = b""
    told = False
    while True:
        readable, _, _ = select.select([upstream, client], [], [])
        if client in readable:
            if client.recv(_CHUNK) == b"":
                return  # the caller is gone; closing upstream tells Muster
        if upstream in readable:
            data = upstream.recv(_CHUNK)
            if not data:
                return
            if told:
                client.sendall(data)
                continue
            head += data
            if b"\r\n\r\n" in head:
                first, _, rest = head.partition(b"\r\n\r\n")
                lines = [l for l in first.split(b"\r\n")
                         if not l.lower().startswith((b"connection:", b"keep-alive:"))]
                client.sendall(b"\r\n".join(lines + [b"Connection: close"]) + b"\r\n\r\n" + rest)
                told = True
