# SPDX-License-Identifier: Apache-2.0
"""cache: a result answers others of the same type, version and input for a time, without a run of theirs."""
import json

from harness import problem

HOUR = {"ttl_ms": 3600 * 1000}


def act(bide, *steps, cache=HOUR, **fields):
    return bide.post("/v1/tasks", {"type": "act", "input": {"steps": list(steps)}, "cache": cache, **fields})


def counts(bide, queue="default"):
    text = bide.send("GET", "/metrics").body.decode()
    found = {}
    for kind in ("hits", "misses"):
        [line] = [x for x in text.splitlines() if x.startswith(f'bide_cache_{kind}_total{{queue="{queue}",type="act"}}')] or ["- 0"]
        found[kind] = int(line.split()[-1])
    return found


def test_the_second_one_is_answered_with_the_result_of_the_first(bide):
    steps = ["note", str(bide.dir / "runs"), "once"]
    before = counts(bide)
    first = bide.ended(act(bide, steps).json["id"], "completed")
    assert first["cached_from"] is None and first["attempt"] == 1
    answer = act(bide, steps, subject="again", tags={"a": "b"})
    task = answer.json
    assert (answer.status, task["status"], task["cached_from"]) == (202, "completed", first["id"])
    assert answer.headers["location"] == f"/v1/tasks/{task['id']}"
    assert task["result_bytes"] == first["result_bytes"] and task["finished_at"] and task["started_at"] is None
    seen = bide.task(task["id"])
    assert (seen["result"], seen["attempt"], seen["run"], seen["error"]) == (first["result"], 0, 1, None)
    assert (seen["subject"], seen["tags"], seen["cached_from"]) == ("again", {"a": "b"}, first["id"])
    assert bide.send("GET", f"/v1/tasks/{task['id']}/result").body == bide.send("GET", f"/v1/tasks/{first['id']}/result").body
    assert bide.lines("runs") == ["once"], "it ran once"
    after = counts(bide)
    assert (after["hits"] - before["hits"], after["misses"] - before["misses"]) == (1, 1)
    history = bide.get_json(f"/v1/tasks/{task['id']}/attempts")
    assert history["items"] == [] and [run["cached_from"] for run in history["runs"]] == [first["id"]]
    [listed] = bide.listed(subject="again")
    assert listed["cached_from"] == first["id"]


def test_another_version_input_or_none_asked_for_runs(bide):
    first = bide.ended(act(bide, cache={**HOUR, "version": "1"}).json["id"], "completed")
    assert act(bide, cache={**HOUR, "version": "1"}).json["cached_from"] == first["id"]
    for other in (act(bide, cache=HOUR), act(bide, cache={**HOUR, "version": "2"}), act(bide, ["note", str(bide.dir / "other"), "x"], cache={**HOUR, "version": "1"}),
                  act(bide, cache=None), bide.post("/v1/tasks", {"type": "act", "input": {"steps": []}})):
        assert other.status == 202 and other.json["status"] != "completed" and other.json["cached_from"] is None
        bide.ended(other.json["id"], "completed")


def test_one_that_bypasses_runs_and_leaves_its_own(bide):
    cache = {**HOUR, "version": "bypass"}
    before = counts(bide)
    first = bide.ended(act(bide, cache=cache).json["id"], "completed")
    second = bide.ended(act(bide, cache={**cache, "bypass": True}).json["id"], "completed")
    assert second["cached_from"] is None and second["attempt"] == 1
    assert act(bide, cache=cache).json["cached_from"] == second["id"] != first["id"]
    after = counts(bide)
    assert (after["hits"] - before["hits"], after["misses"] - before["misses"]) == (1, 1), "who bypasses asked for none"


def test_who_waits_is_answered_at_once_with_the_result(bide):
    cache = {**HOUR, "version": "wait"}
    first = bide.ended(act(bide, cache=cache).json["id"], "completed")
    body = {"type": "act", "input": {"steps": []}, "cache": cache}
    answer = bide.post("/v1/tasks", body, {"Prefer": "wait=30"})
    assert (answer.status, answer.json["cached_from"], answer.json["result"]) == (200, first["id"], first["result"])


def test_a_failure_answers_nobody(bide):
    steps, cache = ["fail", {"code": "invalid_input", "message": "no", "retry": False}], {**HOUR, "version": "fails"}
    bide.ended(act(bide, steps, cache=cache).json["id"], "failed")
    assert act(bide, steps, cache=cache).json["status"] != "completed"


def test_what_was_answered_stays_when_the_one_that_ran_goes(bide):
    cache = {**HOUR, "version": "deleted"}
    first = bide.ended(act(bide, cache=cache).json["id"], "completed")
    second = act(bide, cache=cache).json
    assert bide.send("DELETE", f"/v1/tasks/{first['id']}").status == 204
    seen = bide.task(second["id"])
    assert (seen["result"], seen["cached_from"]) == (first["result"], first["id"])
    assert act(bide, cache=cache).json["cached_from"] is None, "the result is kept by the task that ran"


def test_a_retry_of_one_that_was_answered_runs(bide):
    cache = {**HOUR, "version": "retried"}
    first = bide.ended(act(bide, cache=cache).json["id"], "completed")
    second = act(bide, cache=cache).json
    assert bide.post(f"/v1/tasks/{second['id']}/retry").status == 202
    seen = bide.ended(second["id"], "completed")
    assert (seen["run"], seen["attempt"], seen["cached_from"]) == (2, 1, None)
    assert act(bide, cache=cache).json["cached_from"] == first["id"], "what a retry runs is an ordinary run"


def test_in_a_batch_each_item_is_asked_for(bide):
    cache = {**HOUR, "version": "batch"}
    first = bide.ended(act(bide, cache=cache).json["id"], "completed")
    body = {"type": "act", "input": {"steps": []}, "cache": cache}
    answer = bide.post("/v1/tasks:batch", [body, {**body, "cache": {**cache, "version": "other"}}, body]).json["items"]
    assert [item["status"] for item in answer] == [202, 202, 202]
    assert [bide.task(item["id"])["cached_from"] for item in answer] == [first["id"], None, first["id"]]


def test_results_are_kept_over_kill_9(serve):
    bide = serve()
    first = bide.ended(act(bide).json["id"], "completed")
    waiting = act(bide, ["until", bide.gate("go")]).json["id"]
    bide.seen(waiting, "running")
    bide.restart9()
    assert act(bide).json["cached_from"] == first["id"]
    bide.open_gate("go")
    bide.ended(waiting, "completed")
    assert act(bide, ["until", bide.gate("go")]).json["cached_from"] == waiting, "it was under way when the server went"


def test_what_is_said_wrong_is_pointed_at(bide):
    for cache, code, pointer in ((7, "invalid", "/cache"), ("1h", "invalid", "/cache"), ({}, "invalid", "/cache"),
                                 ({"version": "1"}, "invalid", "/cache"), ({"ttl_ms": 0}, "invalid", "/cache/ttl_ms"),
                                 ({"ttl_ms": 30 * 24 * 3600 * 1000 + 1}, "invalid", "/cache/ttl_ms"),
                                 ({**HOUR, "version": "x" * 65}, "invalid", "/cache/version"),
                                 ({**HOUR, "bypass": "yes"}, "invalid", "/cache/bypass"),
                                 ({**HOUR, "ttl": 1}, "unknown_field", "/cache/ttl")):
        refusal = problem(bide.post("/v1/tasks", {"type": "act", "cache": cache}), 400, code)
        assert refusal["errors"][0]["pointer"] == pointer, json.dumps(cache)
