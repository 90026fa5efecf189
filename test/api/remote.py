# SPDX-License-Identifier: Apache-2.0
"""Somebody else's server, for types that call one: HTTP/1.1 in threads. A test says what each route answers; every request is
kept, and connections are counted."""
import copy
import json
import select
import socket
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import PATIENCE, until


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.remote = self.server.remote
        self.remote.connections.append(self.client_address)

    def log_message(self, *args):
        pass

    def _serve(self):
        one = copy.copy(self)  # a connection has many requests
        one._answer()
        self.close_connection = one.close_connection

    def _answer(self):
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.remote.routes.get(f"{self.command} {url.path}") or self.remote.routes.get(f"{self.command} *")
        self.remote.seen.append(self)
        if answer is None:
            self.answer(404, {"error": {"message": f"no route {self.command} {url.path}"}})
        elif callable(answer):
            made = answer(self)
            if made is not None:
                self.answer(*made)
        else:
            self.answer(*answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    @property
    def json(self):
        return json.loads(self.body)

    def answer(self, status, body=None, headers=None):
        """A whole answer: bytes as they are, None as no body, anything else as JSON."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {} if body is None or isinstance(body, bytes) else {"Content-Type": "application/json"}
        self.head(status, {**kind, "Content-Length": str(len(data)), **(headers or {})})
        self.wfile.write(data)

    def head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    # a stream

    def stream(self):
        self.head(200, {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"})

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def event(self, data):
        self.chunk(b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n")

    def end(self):
        self.wfile.write(b"0\r\n\r\n")

    # its connection

    def hang(self):
        """Waits until the other side has closed; says whether it has."""
        self.close_connection = True
        readable, _, _ = select.select([self.connection], [], [], PATIENCE)
        return bool(readable) and self.connection.recv(1) == b""

    def break_off(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class Remote:
    """`routes`: {"POST /path": answer}; an answer is (status, body[, headers]), or a function of the request that returns one,
    or None when it has answered itself. "POST *": every other path."""

    def __init__(self, tls=None):
        self.routes = {}
        self.seen = []
        self.connections = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.server.daemon_threads = True
        self.server.remote = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def forget(self):
        self.routes.clear()
        self.seen.clear()
        self.connections.clear()

    def asked(self, route):
        """The requests to this route so far."""
        method, path = route.split(" ")
        return [r for r in list(self.seen) if r.command == method and urllib.parse.urlsplit(r.path).path == path]

    def wait(self, route, n=1):
        """Waits until this route was asked n times; returns the last request."""
        return until(lambda: self.asked(route)[n - 1 :], f"{route} asked {n} times")[0]


# The OpenAI protocol, as much of it as a chat takes.

DELTAS = ["The ", "owl ", "hoots \u2014 ", "\u591c", "."]


def chat(request):
    """POST /v1/chat/completions: says the same about everything, whole or as a stream."""
    if request.headers["Authorization"] != "Bearer sk-test":
        return 401, {"error": {"message": "Incorrect API key provided", "type": "invalid_request_error", "code": "invalid_api_key"}}
    body = request.json
    common = {"id": "chatcmpl-1", "created": 1700000000, "model": body["model"]}
    if not body.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": "".join(DELTAS)}, "finish_reason": "stop"}
        return 200, {**common, "object": "chat.completion", "choices": [choice], "usage": {"total_tokens": 9}}
    request.stream()
    chunk = lambda delta, why=None: {**common, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": why}]}
    request.event(chunk({"role": "assistant", "content": ""}))
    for text in DELTAS:
        request.event(chunk({"content": text}))
    request.event(chunk({}, "stop"))
    request.event({**common, "choices": [], "usage": {"total_tokens": 9}})
    request.event(b"[DONE]")
    request.end()
