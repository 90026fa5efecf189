# SPDX-License-Identifier: Apache-2.0
"""A server of canned answers on port 0, and the command line run against it, with or without a terminal.

BIDE_BIN names the program. The API's own behaviour is test/api's; here a server answers what a test says.
"""
import fcntl
import http.server
import json
import os
import pty
import select
import struct
import subprocess
import termios
import threading
from datetime import datetime, timezone

BIDE = os.environ["BIDE_BIN"]
ID = "01a1ffe8-96cd-754e-be93-691a58a8ee38"
OTHER = "01a1ffe8-96cd-754e-be93-0000000000ff"


def task(status="pending", id=ID, **members):
    base = {"id": id, "run": 1, "type": "transcribe", "queue": "gpu", "status": status, "priority": 0, "attempt": 1,
            "max_attempts": 3, "cancel_requested": False, "waiting_on": None, "progress": None, "position": None,
            "input": {}, "input_bytes": 2, "result": None, "result_bytes": 0, "error": None, "tags": {},
            "created_at": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    base.update(members)
    return base


def done(id=ID, result={"text": "hello world"}):
    return task("completed", id, result=result, result_bytes=len(json.dumps(result)))


class Server(http.server.ThreadingHTTPServer):
    """answers[(method, path)] is a list of (status, body); the last one is given again and again. A body may be a
    function of the request's path that gives the body."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.requests = {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def on(self, method, path, *answers):
        self.answers[method, path] = [a if isinstance(a, tuple) else (200, a) for a in answers]
        return self

    def task(self, *states, id=ID):
        return self.on("GET", f"/v1/tasks/{id}", *states)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        self.server.requests.append((self.command, self.path, body))
        script = self.server.answers.get((self.command, path))
        status, reply = (404, problem(404, "not_found", "there is nothing here")) if not script else \
            script.pop(0) if len(script) > 1 else script[0]
        reply = reply(self.path) if callable(reply) else reply
        data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = answer

    def log_message(self, *_):
        pass


def problem(status, code, detail, pointer=None):
    return {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail,
            "errors": [{"pointer": pointer}] if pointer else []}


def environment(server, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("BIDE_") and k not in ("NO_COLOR", "TERM")}
    if server:
        env["BIDE_SERVER"] = server.url
    return {**env, **more}


def bide(server, *words, input=None):
    r = subprocess.run([BIDE, *words], capture_output=True, text=True, timeout=60, input=input, env=environment(server))
    return r.returncode, r.stdout, r.stderr


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def on_terminal(server, *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, rows=24,
                on_output=lambda process, terminal, seen: None, at_end=lambda terminal: None, **env):
    """Runs with standard error on a terminal of 100 columns (stdin, stdout: "terminal" for these, too); (code, stdout,
    what the terminal got).

    on_output is called with all that the terminal got whenever there is more of it, at_end when the program has ended."""
    ours, theirs = pty.openpty()
    resize(theirs, rows, 100)
    p = subprocess.Popen([BIDE, *words], stdin=theirs if stdin == "terminal" else stdin,
                         stdout=theirs if stdout == "terminal" else stdout, stderr=theirs, env=environment(server, **{"TERM": "xterm", **env}))
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not data:
            break
        seen += data
        on_output(p, ours, seen.decode(errors="replace"))
    out = (p.communicate(timeout=60)[0] or b"").decode()
    at_end(ours)
    os.close(ours)
    return p.returncode, out, seen.decode()
