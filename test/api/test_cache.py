# SPDX-License-Identifier: Apache-2.0
"""cache: a result answers others of the same type, version and input for a time, without a run of theirs."""
import json

from harness import problem, until

HOUR = {"ttl_ms": 3600 * 1000}


def act(bide, *steps, cache=HOUR, **fields):
    return bide.post("/v1/tasks", {"type": "act", "input": {"steps": list(steps)}, "cache": cache, **fields})


def counts(bide, queue="default"):
    return {kind: bide.metric(f"bide_cache_{kind}_total", queue=queue, type="act") for kind in ("hits", "misses", "shared")}


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


def test_of_those_in_flight_one_runs_and_all_have_its_result(bide):
    steps, before = [["note", str(bide.dir / "shared"), "ran"], ["until", bide.gate("shared")]], counts(bide)
    first = act(bide, *steps).json
    bide.seen(first["id"], "running")
    others = [act(bide, *steps, subject=f"shared {n}").json for n in range(3)]
    for other in others:
        assert (other["status"], other["waiting_on"]["reason"], other["cached_from"]) == ("blocked", "dependency", None)
        assert first["id"] in other["waiting_on"]["detail"]
        assert first["id"] in bide.waits(other["id"], "dependency")
    [listed] = bide.listed(subject="shared 1")
    assert listed["waiting_on"] == others[1]["waiting_on"]
    bide.open_gate("shared")
    for other in others:
        seen = bide.ended(other["id"], "completed")
        assert (seen["cached_from"], seen["attempt"], seen["started_at"]) == (first["id"], 0, None)
        assert seen["result"] == bide.task(first["id"])["result"]
    assert bide.lines("shared") == ["ran"], "it ran once"
    after = counts(bide)
    assert [after[kind] - before[kind] for kind in ("hits", "misses", "shared")] == [0, 1, 3]


def test_when_the_one_that_runs_is_cancelled_the_oldest_that_waits_runs(bide):
    steps, cache = [["until", bide.gate("led")]], {**HOUR, "version": "led"}
    first, second, third = (act(bide, *steps, cache=cache).json for _ in range(3))
    bide.seen(first["id"], "running")
    bide.post(f"/v1/tasks/{first['id']}/cancel")
    bide.ended(first["id"], "cancelled")
    bide.seen(second["id"], "running")
    assert second["id"] in until(lambda: (bide.task(third["id"])["waiting_on"] or {}).get("detail"), "whom it follows")
    bide.open_gate("led")
    assert bide.ended(second["id"], "completed")["cached_from"] is None
    assert bide.ended(third["id"], "completed")["cached_from"] == second["id"]


def test_a_failure_is_nobody_elses(bide):
    steps = [["until", bide.gate("own")], ["fail", {"code": "invalid_input", "message": "no", "retry": False}]]
    first, second = act(bide, *steps, cache={**HOUR, "version": "own"}).json, act(bide, *steps, cache={**HOUR, "version": "own"}).json
    bide.open_gate("own")
    assert bide.ended(first["id"], "failed")["attempt"] == bide.ended(second["id"], "failed")["attempt"] == 1


def test_one_that_waits_for_another_is_cancelled_at_once_and_can_be_retried(bide):
    steps, cache = [["until", bide.gate("alone")]], {**HOUR, "version": "alone"}
    first, second = act(bide, *steps, cache=cache).json, act(bide, *steps, cache=cache).json
    assert second["status"] == "blocked"
    bide.post(f"/v1/tasks/{second['id']}/cancel")
    assert bide.ended(second["id"], "cancelled")["attempt"] == 0
    bide.open_gate("alone")
    bide.ended(first["id"], "completed")
    assert bide.post(f"/v1/tasks/{second['id']}/retry").status == 202
    assert bide.ended(second["id"], "completed")["cached_from"] is None


def test_those_that_wait_for_another_do_so_over_kill_9(serve):
    bide = serve()
    steps = [["note", str(bide.dir / "runs"), "ran"], ["until", bide.gate("go")]]
    first, second = act(bide, *steps).json, act(bide, *steps).json
    until(lambda: bide.lines("runs"), "its first run")
    bide.restart9()
    assert first["id"] in bide.waits(second["id"], "dependency")
    bide.open_gate("go")
    assert bide.ended(second["id"], "completed")["cached_from"] == first["id"]
    assert bide.lines("runs") == ["ran", "ran"], "once before the server was killed, once after"


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
