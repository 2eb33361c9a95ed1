# SPDX-License-Identifier: Apache-2.0
"""An extender whose every call waits until the test answers it."""

import http.server
import json
import queue
import threading
import time

from .relay import _closed as closed


class Call:
    """A call of kube-scheduler. Its answer, an object, is sent as soon as it is given."""

    def __init__(self, verb, pod, body, connection):
        self.verb, self.pod, self.body = verb, pod, body
        self._connection = connection
        self._answer = None
        self._over = threading.Event()

    def answer(self, reply):
        self._answer = reply
        self._over.set()

    def drop(self):
        self._over.set()

    def gone(self):
        return self._connection.fileno() < 0 or closed(self._connection)

    def wait(self):
        while not self._over.wait(0.05):
            if self.gone():
                return None
        return self._answer


class ScriptedExtender:
    """Threads: one per connection; calls come to the test through a queue, in the order of their arrival."""

    def __init__(self):
        self._calls = queue.Queue()
        self._held = {}
        self._open = []
        self._up = True
        self.history = []
        extender = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                extender._serve(self, body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _serve(self, handler, body):
        if not self._up:
            handler.send_error(503)
            return
        verb = handler.path.rsplit("/", 1)[-1]
        pod = body["PodName"] if verb == "bind" else body["Pod"]["metadata"]["name"]
        call = Call(verb, pod, body, handler.connection)
        self._open.append(call)
        if verb == "bind":
            self._held[pod] = call
        self.history.append(f"{verb} {pod} " + json.dumps(body.get("Node") or body.get("NodeNames")))
        self._calls.put(call)
        reply = call.wait()
        if reply is None:
            handler.close_connection = True
            return
        data = json.dumps(reply).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def answers(self, up):
        """Whether it answers at all; otherwise every call fails."""
        self._up = up

    def next(self, seconds):
        """The next call; queue.Empty if none comes."""
        return self._calls.get(timeout=seconds)

    def held(self, pod):
        """The last bind call of the pod."""
        return self._held[pod]

    def expect_none(self, seconds):
        time.sleep(seconds)
        assert self._calls.empty(), f"a call came: {self.history[-1]}"

    def reset(self):
        for call in self._open:
            call.drop()
        self._open, self._held, self.history, self._up = [], {}, [], True
        self._calls = queue.Queue()

    def close(self):
        self.reset()
        self._server.shutdown()
