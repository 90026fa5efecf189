# SPDX-License-Identifier: Apache-2.0
"""Trace context (W3C): from the submit to whoever does the work, over retries, restarts and followers."""
import json
import re
import sys

import pytest
from harness import ACTOR, until
from puller import claim_one

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
HEADERS = {"traceparent": PARENT, "tracestate": STATE}

WORKER = """
import json, os
write = os.fdopen(4, "w")
def say(frame):
    write.write(json.dumps(frame) + "\\n")
    write.flush()
say({"op": "ready", "proto": 1})
for line in os.fdopen(3):
    for task in json.loads(line).get("tasks", []):
        seen = {k: v for k, v in task.items() if k.startswith("trace")}
        if task["input"].get("fails") and task["attempt"] == 1:
            say({"op": "fail", "id": task["id"], "fence": task["fence"], "message": json.dumps(seen), "retry": True})
        else:
            say({"op": "done", "id": task["id"], "fence": task["fence"], "result": seen})
"""
TYPES = {
    "work": {"worker": "reader"},
    "env": {"exec": ["/usr/bin/env"]},
    "own": {"exec": ["/bin/sh", "-c", "echo $TRACEPARENT"], "env": {"TRACEPARENT": "mine"}},
    "far": {"pull": {}},
}


@pytest.fixture(scope="module")
def traced():
    from fixtures import Fleet

    fleet = Fleet()
    workers = {"actor": {"command": ACTOR}, "reader": {"command": [sys.executable, "-S", "-c", WORKER]}}
    yield fleet(types=TYPES, workers=workers)
    fleet.release()


def submitted(bide, type, input=None, headers=HEADERS, **fields):
    answer = bide.post("/v1/tasks", {"type": type, "input": input or {}, **fields}, headers)
    assert answer.status == 202, answer
    return answer.json["id"]


def result(bide, id):
    return bide.ended(id, "completed")["result"]


def span(parent, trace=TRACE, flags="01"):
    """The span id of a traceparent, which is one of this trace."""
    match = re.fullmatch(rf"00-{trace}-([0-9a-f]{{16}})-{flags}", parent)
    assert match and match[1] != "b7ad6b7169203331" and match[1] != "0" * 16, parent
    return match[1]


def environment(bide, id):
    return dict(re.findall(r"^(TRACE\w+)=(.*)$", result(bide, id)["stdout"], re.M))


def test_a_worker_is_told_the_trace_and_each_attempt_is_a_span_of_its_own(traced):
    id = submitted(traced, "work", {"fails": True}, retry={"base_ms": 10})
    second = result(traced, id)
    [_, first] = traced.get_json(f"/v1/tasks/{id}/attempts")["items"]
    first = json.loads(first["error"]["message"])
    assert first["tracestate"] == second["tracestate"] == STATE
    assert span(first["traceparent"]) != span(second["traceparent"])


def test_the_span_does_not_tell_the_fence(traced):
    id = submitted(traced, "far")
    one = claim_one(traced, "far")
    assert one.given["id"] == id and one.given["tracestate"] == STATE
    assert span(one.given["traceparent"]) != one.given["fence"]
    one.done({})
    traced.ended(id, "completed")


def test_a_command_has_it_in_its_environment_unless_it_is_configured(traced):
    told = environment(traced, submitted(traced, "env"))
    assert span(told["TRACEPARENT"]) and told["TRACESTATE"] == STATE
    assert result(traced, submitted(traced, "own")) == {"stdout": "mine\n"}


def test_an_http_type_sends_it_on(serve, remote):
    remote.routes["POST /do"] = (200, {"ok": True})
    bide = serve(types={"call": {"http": {"url": f"{remote.url}/do"}}})
    bide.ended(submitted(bide, "call"), "completed")
    headers = remote.asked("POST /do")[0].headers
    assert span(headers["traceparent"]) and headers["tracestate"] == STATE
    bide.ended(bide.submit("call")["id"], "completed")
    assert "traceparent" not in remote.asked("POST /do")[1].headers


@pytest.mark.parametrize("headers", [
    {}, {"tracestate": STATE}, {"traceparent": PARENT.upper()}, {"traceparent": PARENT + "-more"}, {"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"},
])
def test_without_one_or_with_a_broken_one_nothing_is_told(traced, headers):
    assert result(traced, submitted(traced, "work", headers=headers)) == {}
    assert environment(traced, submitted(traced, "env", headers=headers)) == {}


def test_a_tracestate_that_is_too_long_is_left_out(traced):
    told = result(traced, submitted(traced, "work", headers={"traceparent": PARENT, "tracestate": "a=" + "b" * 600}))
    assert set(told) == {"traceparent"}


def test_not_sampled_stays_so(traced):
    told = result(traced, submitted(traced, "work", headers={"traceparent": PARENT[:-1] + "0"}))
    assert span(told["traceparent"], flags="00")


def test_what_follows_and_what_comes_in_a_batch_is_in_the_trace(traced):
    id = submitted(traced, "env", subject="led", on_success=[{"type": "env", "subject": "follower"}])
    leader = environment(traced, id)
    [follower] = until(lambda: traced.listed(subject="follower"), "it is added after the ending")
    assert span(environment(traced, follower["id"])["TRACEPARENT"]) != span(leader["TRACEPARENT"])
    for body, kind in ((b'[{"type":"work"},{"type":"work"}]', "application/json"), (b'{"type":"work"}\n{"type":"work"}\n', "application/x-ndjson")):
        answer = traced.send("POST", "/v1/tasks:batch", body, {**HEADERS, "Content-Type": kind})
        ids = re.findall(r'"id":"([0-9a-f-]{36})"', answer.body.decode())
        assert answer.status == 200 and len(ids) == 2
        assert len({span(result(traced, id)["traceparent"]) for id in ids}) == 2


def test_it_is_kept_over_a_restart_and_a_change_of_tags(serve):
    bide = serve(types=TYPES, workers={"actor": {"command": ACTOR}, "reader": {"command": [sys.executable, "-S", "-c", WORKER]}})
    bide.post("/v1/queues/default/pause")
    id = submitted(bide, "work", tags={"a": "1"})
    assert bide.send("PATCH", f"/v1/tasks/{id}", {"tags": {"b": "2"}}, {"Content-Type": "application/merge-patch+json"}).status == 200
    bide.kill9()
    bide.start()
    assert bide.task(id)["tags"] == {"a": "1", "b": "2"}
    bide.post("/v1/queues/default/resume")
    assert span(result(bide, id)["traceparent"])
    assert bide.post(f"/v1/tasks/{id}/retry").status in (200, 202)
    assert span(result(bide, id)["traceparent"])
