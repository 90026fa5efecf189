# SPDX-License-Identifier: Apache-2.0
"""A real bide on port 0, and ways to ask it things. Shared by the suites in test/api and test/crash.

Every process of a server, its keepers, workers and whatever those start, inherits one environment variable with a
value of its own: so a test can say "nothing is left", and the harness can end what a failed test left behind.

Nothing here sleeps for a fixed time: `until` asks again until a condition holds or its deadline passes.
"""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIDE = os.environ.get("BIDE_BIN") or str(ROOT / "build/bide")
ACTOR = [sys.executable, "-S", str(HERE / "workers/actor.py")]
ENDINGS = ("completed", "failed", "cancelled", "expired")
PATIENCE = float(os.environ.get("BIDE_TEST_PATIENCE", "15"))
"""Seconds until a condition counts as never going to hold."""

QUICK = {
    "timeout": "20s",
    "grace": "600ms",
    "retry": {"backoff": "fixed", "base": "20ms", "jitter": "none"},
}
"""Defaults that make a test's retries and stops quick."""


def until(condition, what="the condition", seconds=None):
    """Returns the first truthy value of condition(); fails when there is none in time."""
    deadline = time.monotonic() + (seconds or PATIENCE)
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {seconds or PATIENCE} s: {what}; last seen: {value!r}")
        time.sleep(pause)  # sleep: until the next look
        pause = min(pause * 1.5, 0.05)


def at_once(*calls):
    """Makes the calls from as many threads, released together; returns what they returned."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(n, call):
        barrier.wait()
        results[n] = call()

    threads = [threading.Thread(target=run, args=(n, call)) for n, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {k.lower(): v for k, v in headers}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:2000]!r}>"


class Server:
    """One bide with its own directory. `config` is bide.yaml as a dict (JSON is YAML). To be set before the start:
    `env`, more environment; `launcher`, a command line that executes what follows it; `fds`, descriptors it inherits."""

    def __init__(self, directory, config, args=()):
        self.dir = Path(directory)
        self.mark = f"BIDE_TEST_MARK={uuid.uuid4().hex}"
        self.args = list(args)
        self.env = {}
        self.launcher = []
        self.fds = ()
        self.process = None
        self.url = None
        self.port = None
        self.output = []
        self.configure(config)

    def configure(self, config):
        self.config_file = self.dir / "bide.yaml"
        text = config if isinstance(config, str) else json.dumps({"store": "sqlite:bide.db", "data_dir": ".", **config})
        self.config_file.write_text(text)

    # its life

    def launch(self):
        """Starts the process; does not wait for anything."""
        name, value = self.mark.split("=")
        env = {k: v for k, v in os.environ.items() if not k.startswith("BIDE_")}
        self.output = []
        self.process = subprocess.Popen(
            [*self.launcher, BIDE, "serve", "--config", str(self.config_file), "--listen", "127.0.0.1:0", *self.args],
            env={**env, **self.env, name: value},
            pass_fds=self.fds,
            cwd=self.dir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout, self.output), daemon=True)
        self._reader.start()
        return self

    @staticmethod
    def _read(stream, lines):
        with stream:
            for line in stream:
                lines.append(line.decode("utf-8", "replace"))

    def start(self):
        """Starts it and waits until it listens."""
        return self.launch().listening()

    def listening(self):
        """Waits until it listens."""

        def listening():
            match = re.search(r"listening on (http://127\.0\.0\.1:(\d+))", "".join(self.output))
            assert match or self.process.poll() is None, f"it ended: {self.text()}"
            return match

        match = until(listening, "listening")
        self.url, self.port = match[1], int(match[2])
        return self

    def text(self):
        """What it has said on stdout and stderr."""
        return "".join(self.output)

    def exited(self, seconds=None):
        """Waits for its end; returns its exit status."""
        status = self.process.wait(seconds or PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def terminate(self):
        """Asks it to drain; waits for its end; returns its exit status."""
        self.process.terminate()
        return self.exited()

    def kill9(self):
        self.process.kill()
        self.process.wait()
        self.port = 1  # nobody listens there; another test's server may get the port that is free now

    def restart9(self):
        self.kill9()
        return self.start()

    def processes(self):
        """Process ids, without the server itself, that descend from this server (of any of its lives)."""
        mark = self.mark.encode()
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and not (self.process and int(entry) == self.process.pid):
                try:
                    environ = Path("/proc", entry, "environ").read_bytes()
                    state = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[0]
                except OSError:
                    continue
                if mark in environ.split(b"\0") and state != "Z":
                    found.append(int(entry))
        return found

    def release(self):
        """Ends whatever is left. Returns the processes that should not have been there."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill9()
        try:
            until(lambda: not self.processes(), seconds=5)
            return []
        except AssertionError:
            left = self.processes()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return left

    # requests

    def connect(self, timeout=None):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout or PATIENCE + 5)

    def send(self, method, target, body=None, headers=()):
        """One request on a connection of its own. `body`: bytes as they are, anything else as JSON."""
        headers = dict(headers)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None and "Content-Type" not in headers:
            headers["Content-Type"] = "application/json"
        connection = self.connect()
        try:
            connection.request(method, target, body=body, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def get_json(self, target):
        answer = self.send("GET", target)
        assert answer.status == 200, answer
        return answer.json

    def metric(self, name, **labels):
        """The sum of the series of this name that have these labels; 0 when there is none yet of a metric that there is."""
        text, wanted = self.send("GET", "/metrics").body.decode(), {f'{label}="{value}"' for label, value in labels.items()}
        assert re.search(rf"^# TYPE {name} |^# TYPE {re.sub('_(count|sum|bucket)$', '', name)} histogram$", text, re.M), f"no metric {name}"
        series = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.M)
        return sum(float(value) for found, value in series if wanted <= set(found.split(",")))

    def post(self, target, body=None, headers=()):
        return self.send("POST", target, body, headers)

    def submit(self, type, input=None, **fields):
        """Submits; returns the task of the 202."""
        body = {"type": type, **fields}
        if input is not None:
            body["input"] = input
        answer = self.post("/v1/tasks", body)
        assert answer.status == 202, answer
        return answer.json

    def act(self, *steps, type="act", **fields):
        """Submits a task for actor.py. Returns its id."""
        return self.submit(type, {"steps": [list(step) for step in steps]}, **fields)["id"]

    def task(self, id):
        return self.get_json(f"/v1/tasks/{id}")

    def ended(self, id, status=None):
        """Waits for the ending; returns the task. `status`: what the ending must be."""
        task = until(
            lambda: next((t for t in [self.get_json(f"/v1/tasks/{id}?wait=5")] if t["status"] in ENDINGS), None),
            f"the ending of {id}",
        )
        assert status is None or task["status"] == status, task
        return task

    def stored(self, kind):
        """How many requests of this kind ("add", "claim") the store has answered."""
        return self.metric("bide_store_requests_total", type=kind)

    def seen(self, id, status, **members):
        """Waits until the task shows this status (and these members); returns it."""

        def look():
            task = self.task(id)
            assert task["status"] == status or task["status"] not in ENDINGS, task
            return task if task["status"] == status and all(task[k] == v for k, v in members.items()) else None

        return until(look, f"{id} {status} {members}, now {self.task(id)}")

    def waits(self, id, reason):
        """Waits until the task says that it waits for this; returns the detail."""

        def look():
            task = self.task(id)
            assert task["status"] not in ENDINGS, task
            return task if task["waiting_on"] and task["waiting_on"]["reason"] == reason else None

        return until(look, f"{id} waiting on {reason}, now {self.task(id)}")["waiting_on"]["detail"]

    def log(self, id):
        answer = self.send("GET", f"/v1/tasks/{id}/log")
        assert answer.status == 200, answer
        return answer.body.decode()

    def listed(self, **query):
        """All pages of GET /v1/tasks."""
        items, cursor = [], None
        while True:
            asked = {**query, **({"cursor": cursor} if cursor else {})}
            page = self.get_json("/v1/tasks?" + urllib.parse.urlencode(asked))
            items += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return items

    def queue(self, name="default"):
        return self.get_json(f"/v1/queues/{name}")

    # a task of actor.py waits at a gate until it is opened

    def gate(self, name):
        return str(self.dir / f"gate-{name}")

    def open_gate(self, name):
        Path(self.gate(name)).touch()

    def lines(self, name):
        """The lines that tasks wrote with ["note", path, text]."""
        path = self.dir / name
        return path.read_text().split() if path.exists() else []


def is_alive(pid):
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def run(bide, type, input=None, status="completed", **fields):
    """A task that was submitted and has ended so."""
    return bide.ended(bide.submit(type, input, **fields)["id"], status)


def error(bide, type, input=None, **fields):
    """Why a task failed."""
    return run(bide, type, input, "failed", **fields)["error"]


def problem(answer, status, code=None):
    """Checks that an answer is problem+json of this status and code; returns it."""
    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/problem+json"), answer
    body = answer.json
    assert body["status"] == status, answer
    assert code is None or body["code"] == code, answer
    for member in ("title", "code", "request_id"):
        assert body[member], answer
    return body


def pointers(answer):
    return [error["pointer"] for error in answer.json.get("errors", [])]


def remove(directory):
    shutil.rmtree(directory, ignore_errors=True)
