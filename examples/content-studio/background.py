# SPDX-License-Identifier: Apache-2.0
"""The background of content-creator: a service on a UNIX socket that starts a process for each brief.

    submit ──▶ service ──starts──▶ work ID      the folder jobs/ID: brief.json, state.json (whole at any moment), the content
    status ──▶    │                  │
    cancel ──▶    └──◀── its end ────┘

It is a service because whoever calls `submit` may see to it that nothing of that call stays behind: bide does.
"""
import json
import os
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import uuid

import home

LONGEST = 16 << 20  # bytes of a request
UNDER_WAY = ("pending", "running")


class Away(Exception):
    """Nobody listens."""


def _folder(id):
    if not re.fullmatch(r"[0-9a-f]{32}", id):
        raise ValueError(f"{id!r} is no id of content-creator")
    return home.path("jobs", id)


def _write(path, value):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False)
    os.replace(path + ".new", path)


def _read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _tell(id, status, progress, message="", error=None):
    _write(os.path.join(_folder(id), "state.json"), {"id": id, "status": status, "progress": progress, "message": message, "error": error})


# the process of one brief


def work(id, create):
    folder = _folder(id)
    try:
        text = create(_read(os.path.join(folder, "brief.json")), folder, lambda percent, message: _tell(id, "running", percent, message))
        with open(os.path.join(folder, "content"), "w", encoding="utf-8") as file:
            file.write(text + "\n")
        _tell(id, "completed", 100, "done")
    except Exception as error:  # whatever it is, the one who asks is to hear it
        _tell(id, "failed", 0, error=str(error))
        raise


# the service


class _Service(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path, command):
        super().__init__(path, _Request)
        self.command, self.lock, self.processes = command, threading.Lock(), {}

    def submit(self, brief):
        id = uuid.uuid4().hex
        os.makedirs(_folder(id))
        _write(os.path.join(_folder(id), "brief.json"), brief)
        _tell(id, "pending", 0)
        with self.lock:
            self.processes[id] = subprocess.Popen([*self.command, id], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return {"id": id}

    def status(self, id):
        with self.lock:
            process = self.processes.get(id)
            over = process is None or process.poll() is not None
        state = _read(os.path.join(_folder(id), "state.json"))  # after the look at the process: its last word is there
        if over and state["status"] in UNDER_WAY:
            state = {**state, "status": "failed", "error": "its process has died, or the service was stopped"}
        return state

    def cancel(self, id):
        with self.lock:
            process = self.processes.get(id)
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
            if _read(os.path.join(_folder(id), "state.json"))["status"] in UNDER_WAY:
                _tell(id, "cancelled", 0, error="it was cancelled")
        return self.status(id)

    def end(self):
        with self.lock:
            for process in self.processes.values():
                if process.poll() is None:
                    process.kill()
                    process.wait()


class _Request(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            asked = json.loads(self.rfile.readline(LONGEST))
            verb = {"submit": self.server.submit, "status": self.server.status, "cancel": self.server.cancel}[asked.pop("verb")]
            answer = verb(**asked)
        except (OSError, ValueError, KeyError, TypeError) as error:
            answer = {"refused": str(error)}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


def _stop(number, frame):
    raise SystemExit(0)


def serve(command):
    path = home.path("creator.sock")
    try:
        ask("status", id="")
        raise ValueError(f"{path}: another service listens there")
    except Away:
        if os.path.exists(path):
            os.unlink(path)  # of one that was killed
    except RuntimeError as refused:
        raise ValueError(f"{path}: another service listens there") from refused
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    with _Service(path, command) as service:
        print(f"content-creator listens at {path}", flush=True)
        try:
            service.serve_forever()
        finally:
            service.end()
            os.unlink(path)


# who asks


def ask(verb, **what):
    """The answer of the service. Raises Away, and RuntimeError with its words when it refuses."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(home.path("creator.sock"))
            with connection.makefile("rwb") as stream:
                stream.write(json.dumps({"verb": verb, **what}).encode() + b"\n")
                stream.flush()
                line = stream.readline(LONGEST)
    except (FileNotFoundError, ConnectionError) as error:
        raise Away("nobody works in the background: start content-creator serve") from error
    if not line:
        raise Away("the service went away while it was asked")
    answer = json.loads(line)
    if "refused" in answer:
        raise RuntimeError(answer["refused"])
    return answer


def result(id, folder):
    """What `create` has printed; the pictures are copied into the folder."""
    with open(os.path.join(_folder(id), "content"), encoding="utf-8") as file:
        text = file.read()
    for name in os.listdir(_folder(id)):
        if name.endswith(".png"):
            shutil.copyfile(os.path.join(_folder(id), name), os.path.join(folder, name))
    return text
