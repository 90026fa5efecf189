# SPDX-License-Identifier: Apache-2.0
"""A server under faults, and what its answers may be.

An answer is a success, and then it is true; or a refusal of the right kind, and then nothing was done; or none at all
(`broken`), which is allowed when the fault was about the connection or ended the server, and then either is right. No
answer in time is never allowed.
"""
import http.client
import json
import random
import os
import re

from faults import Faults
from fixtures import with_actor
from harness import until

SEED = int(os.environ.get("BIDE_FAULT_SEED", "0")) or random.SystemRandom().getrandbits(32)
REFUSALS = {(503, "store_unavailable"), (507, "disk_full"), (503, "try_again"), (500, "io")}
FAR = 3_600_000


class Answer:
    def __init__(self, status=None, headers=(), body=b""):
        self.status, self.headers, self.body = status, {k.lower(): v for k, v in headers}, body

    @property
    def ok(self):
        return self.status is not None and self.status < 300

    @property
    def broken(self):
        return self.status is None

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"


class World:
    def __init__(self, serve):
        types = {
            "cat": {"exec": ["/bin/cat"]},
            "file": {"exec": ["/bin/sh", "-c", 'echo hello >"$1/out.txt"; echo said >&2; echo 1', "sh", "{dir}"]},
            "bad": {"exec": ["/bin/false"], "max_attempts": 1},
        }
        self.parts = {"types": types, "queues": {"default": {"concurrency": 8}, "other": {"concurrency": 3}, "probe": {}}, "pool": {"instances": 2}}
        self.bide = serve.prepare(with_actor(**self.parts))
        self.faults = Faults.into(self.bide)
        self.bide.start()
        self.accepted = {}  # id -> subject, of what must be there in the end
        self.names = self.lives = 0
        self.reads_fail = False  # of the fault that is played

    def name(self):
        self.names += 1
        return f"name-{self.names}"

    def alive(self):
        return self.bide.process.poll() is None

    def ask(self, method, target, body=None, headers=()):
        """One request; an answer that breaks off is none. One that does not come fails the test."""
        try:
            got = self.bide.send(method, target, body, headers)
            return Answer(got.status, got.headers.items(), got.body)
        except TimeoutError as error:
            raise AssertionError(f"no answer: {method} {target}") from error
        except (OSError, http.client.HTTPException):
            return Answer()

    def sure(self, method, target, body=None, headers=()):
        """A request while nothing is made to fail."""
        answer = self.ask(method, target, body, headers)
        assert answer.ok, (method, target, body, answer)
        return answer

    def submit(self, type="cat", **fields):
        fields.setdefault("subject", self.name())
        task = self.sure("POST", "/v1/tasks", {"type": type, "input": {"name": fields["subject"]}, **fields}).json
        self.accepted[task["id"]] = fields["subject"]
        return task["id"]

    def ended(self, type="cat", status="completed", **fields):
        id = self.submit(type, **fields)
        self.bide.ended(id, status)
        return id

    def task(self, id):
        """The task, None when it is not there."""
        answer = self.ask("GET", f"/v1/tasks/{id}")
        assert answer.status in (200, 404), answer
        return answer.json if answer.ok else None

    def about(self, subject):
        return self.bide.listed(subject=subject)

    def refused(self, answer):
        """It is a refusal of the right kind."""
        assert answer.headers["content-type"].startswith("application/problem+json"), answer
        problem = answer.json
        assert (answer.status, problem["code"]) in REFUSALS, answer
        assert answer.status == 500 or int(answer.headers["retry-after"]) >= 1, (answer, answer.headers)
        return problem

    def answers(self):
        """Through each thread that may still be about to end the process for a fault that struck after the answer."""
        return self.ask("POST", "/v1/queues/probe/resume").ok and self.ask("GET", "/v1/tasks?limit=1").ok

    def recover(self):
        """Starts the server again if it has ended. Nothing of the old one may be left."""
        self.faults.disarm()
        until(lambda: not self.alive() or self.answers(), "it lives, or is dead")
        if self.alive():
            return
        self.bide.process.wait()
        until(lambda: not self.bide.processes(), "no orphan")
        self.lives += 1
        self.bide.start()

    def restart(self):
        self.faults.disarm()
        self.bide.restart9()

    def all_there(self):
        """Everything that was acknowledged, after one more death."""
        self.restart()
        there = {task["id"]: task["subject"] for task in self.bide.listed(limit=200)}
        lost = {id: name for id, name in self.accepted.items() if there.get(id) != name}
        assert not lost, f"{len(lost)} of {len(self.accepted)} lost: {lost}"
        depths = [queue["depth"] for queue in self.bide.get_json("/v1/queues")["items"]]
        counted = sum(n for depth in depths for state, n in depth.items() if state != "retrying")
        assert counted == len(there), f"the queues count {counted}, the list has {len(there)}: {depths}"


def metric(world, name):
    text = world.sure("GET", "/metrics").body.decode()
    return sum(float(n) for n in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))
