# SPDX-License-Identifier: Apache-2.0
"""A worker elsewhere, as a test plays it: one request at a time, by hand."""
import json

from harness import QUICK, until

TYPES = {
    "remote.*": {"pull": {"lease": "20s"}, "queue": "remote"},
    "other": {"pull": {}, "queue": "remote"},
    "brief": {"pull": {"lease": "3s"}, "queue": "remote"},
    "remote.here": {"exec": ["/bin/cat"]},
}


def pulled(**parts):
    """A configuration with types that are pulled, or parts of it as keywords."""
    return {"defaults": QUICK, "queues": {"remote": {"concurrency": 100}}, "types": TYPES, **parts}


class Attempt:
    """One that was given."""

    def __init__(self, bide, given):
        self.bide = bide
        self.given = given
        self.id = given["id"]
        self.path = f"/v1/attempts/{given['id']}.{given['fence']}"

    def say(self, verb, body=None):
        return self.bide.post(f"{self.path}/{verb}", body if body is not None else {})

    def beat(self, **body):
        answer = self.say("beat", body)
        assert answer.status == 200, answer
        return answer.json

    def done(self, result=None, **body):
        answer = self.say("done", {"result": result, **body})
        assert answer.status == 200, answer

    def put(self, name, data, method="PUT", headers=()):
        return self.bide.send(method, f"{self.path}/files/{name}", data, {"Content-Type": "text/plain", **dict(headers)})


def claim(bide, *types, wait_ms=10_000, **members):
    """Asks for work; returns what was given."""
    answer = bide.post("/v1/attempts:claim", {"types": list(types), "wait_ms": wait_ms, **members})
    assert answer.status == 200, answer
    return [Attempt(bide, given) for given in answer.json["tasks"]]


def claim_one(bide, *types, **members):
    [one] = claim(bide, *types, **members)
    return one


class Waiting:
    """A claim that waits in a thread, on a connection that can be closed."""

    def __init__(self, bide, *types, wait_ms=30_000, **members):
        self.bide = bide
        self.connection = bide.connect(60)
        self.given = None
        body = json.dumps({"types": list(types), "wait_ms": wait_ms, **members})
        before = bide.metric("bide_pull_claims")
        self.connection.request("POST", "/v1/attempts:claim", body, {"Content-Type": "application/json"})
        until(lambda: bide.metric("bide_pull_claims") > before, "the claim waits")

    def answer(self):
        answer = self.connection.getresponse()
        self.status, self.headers = answer.status, dict(answer.getheaders())
        return json.loads(answer.read())

    def attempts(self):
        return [Attempt(self.bide, given) for given in self.answer()["tasks"]]

    def go(self):
        self.connection.close()
