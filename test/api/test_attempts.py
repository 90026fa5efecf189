# SPDX-License-Identifier: Apache-2.0
"""Attempts: retries and their backoff, failures that are final, crashes, poison, and runs by hand."""
import datetime
import os
import re

import pytest
from harness import problem, until

FAIL = ["fail", {"code": "worker_error", "message": "no", "detail": "traceback", "type": "ValueError", "retry": True}]


def test_a_task_is_tried_up_to_max_attempts_and_then_failed(bide):
    note = str(bide.dir / "tries")
    task = bide.ended(bide.act(["note", note, "x"], FAIL, max_attempts=3), "failed")
    assert bide.lines("tries") == ["x"] * 3
    error = task["error"]
    assert (task["attempt"], error["attempt"], error["code"], error["message"]) == (3, 3, "worker_error", "no")
    assert (error["detail"], error["type"], task["result"]) == ("traceback", "ValueError", None)
    datetime.datetime.fromisoformat(error["at"].replace("Z", "+00:00"))


def test_between_attempts_it_shows_the_error_and_a_success_clears_it(serve):
    bide = serve(types={"once": {"exec": ["/bin/sh", "-c", "if [ -e flag ]; then echo 1; else touch flag; exit 75; fi"]}})
    id = bide.submit("once", retry={"backoff": "fixed", "base_ms": 400, "jitter": "none"})["id"]
    task = bide.seen(id, "retrying")
    assert (task["error"]["code"], task["waiting_on"]["reason"], task["attempt"]) == ("worker_error", "retry", 1)
    task = bide.ended(id, "completed")
    assert (task["error"], task["attempt"], task["result"]) == (None, 2, 1)


def test_retry_false_ends_the_task_at_the_first_attempt(bide):
    id = bide.act(["fail", {"code": "invalid_input", "message": "not audio", "retry": False}])
    task = bide.ended(id, "failed")
    assert (task["attempt"], task["error"]["code"], task["error"]["message"]) == (1, "invalid_input", "not audio")


def test_a_code_of_the_workers_own_is_kept(bide):
    task = bide.ended(bide.act(["fail", {"code": "quota", "message": "m", "retry": False}]), "failed")
    assert task["error"]["code"] == "quota"


def test_backoff_doubles_up_to_its_cap(serve):
    bide = serve(types={"stamp": {"exec": ["/bin/sh", "-c", "date +%s%3N >> times; exit 75"]}})
    retry = {"backoff": "exponential", "base_ms": 100, "cap_ms": 250, "jitter": "none"}
    bide.ended(bide.submit("stamp", retry=retry, max_attempts=4)["id"], "failed")
    times = [int(line) for line in bide.lines("times")]
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert len(gaps) == 3
    for gap, least in zip(gaps, (100, 200, 250)):
        assert least - 5 <= gap < least + 2000, gaps


def test_retry_after_ms_of_the_worker_is_obeyed(bide):
    fields = {"code": "worker_error", "message": "busy", "retry": True, "retry_after_ms": 60_000}
    id = bide.act(["fail", fields])
    task = bide.seen(id, "retrying")
    due = datetime.datetime.fromisoformat(task["run_at"].replace("Z", "+00:00"))
    assert 50 < (due - datetime.datetime.now(datetime.timezone.utc)).total_seconds() < 61


def test_a_crash_is_retried_and_three_of_them_are_poison(serve):
    bide = serve(pool={"instances": 1})
    id = bide.act(["print", "last words"], ["exit", 7], max_attempts=10)
    other = bide.act()
    task = bide.ended(id, "failed")
    assert (task["error"]["code"], task["attempt"]) == ("poison", 3)
    assert "last words" in bide.log(id)
    bide.ended(other, "completed")


def test_a_crash_says_how_the_worker_died_and_the_task_runs_again(serve):
    bide = serve()
    flag = str(bide.dir / "go")
    id = bide.act(["note", str(bide.dir / "tries"), "x"], ["until", flag], ["kill", 9], max_attempts=1)
    open(flag, "w").close()
    error = until(lambda: bide.task(id)["error"], "the error of the attempt")
    assert error["code"] == "worker_crashed" and "9" in error["message"], error
    task = bide.ended(id, "failed")
    assert (task["error"]["code"], task["attempt"]) == ("poison", 3), "deaths count apart from max_attempts"
    assert bide.lines("tries") == ["x"] * 3


@pytest.mark.parametrize("junk", ["this is not a frame\n", "x" * 2_000_000], ids=["no JSON", "too long"])
def test_junk_in_the_middle_of_a_task_ends_the_worker_with_the_reason_in_the_log(serve, junk):
    bide = serve()
    flag = str(bide.dir / "go")
    id = bide.act(["until", flag], ["print", "before"], ["raw", junk], ["until", bide.gate("never")])
    first = bide.seen(id, "running")
    open(flag, "w").close()
    error = until(lambda: bide.task(id)["error"], "the error of the attempt")
    assert error["code"] == "worker_crashed" and first["attempt"] == 1
    log = bide.send("GET", f"/v1/tasks/{id}/log?attempt=1").body.decode()
    assert "before" in log and ("JSON" if len(junk) < 100 else "line of more than") in error["message"] + log, (error, log)
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    bide.ended(bide.act(), "completed")


STRAY = {
    "unknown op": {"op": "sing"},
    "unknown id": {"op": "done", "id": "nobody", "result": 1},
    "another fence": {"op": "done", "fence": "0123456789abcdef", "result": "stolen"},
    "a fence that is none": {"op": "done", "fence": "xyz", "result": "stolen"},
}


@pytest.mark.parametrize("name", STRAY)
def test_a_frame_that_means_nothing_is_dropped(bide, name):
    id = bide.act(["say", STRAY[name]], ["done", "mine"])
    assert bide.ended(id, "completed")["result"] == "mine"


def test_a_second_verdict_is_dropped(bide):
    id = bide.act(["say", {"op": "done", "result": 1}], ["done", 2])
    assert bide.ended(id, "completed")["result"] == 1
    bide.ended(bide.act(), "completed")
    assert bide.task(id)["result"] == 1


def test_an_ended_task_can_be_run_again_by_hand(bide):
    flag = str(bide.dir / "by-hand")
    id = bide.act(["note", flag, "x"], ["fail", {"code": "invalid_input", "message": "m", "retry": False}])
    bide.ended(id, "failed")
    answer = bide.post(f"/v1/tasks/{id}/retry")
    assert answer.status == 202, answer
    assert (answer.json["id"], answer.json["run"]) == (id, 2)
    until(lambda: bide.lines("by-hand") == ["x", "x"], "the second run")
    task = bide.ended(id, "failed")
    assert (task["run"], task["attempt"]) == (2, 1)


def test_a_task_that_has_not_ended_cannot_be_run_again(bide):
    for fields in ({"delay_ms": 60_000}, {}):
        id = bide.act(["until", bide.gate("again")], **fields)
        problem(bide.post(f"/v1/tasks/{id}/retry"), 409, "conflict")
    bide.open_gate("again")


def test_a_cancelled_task_can_be_run_again(bide):
    id = bide.submit("cat", {"a": 1}, delay_ms=60_000)["id"]
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.post(f"/v1/tasks/{id}/retry")
    task = bide.ended(id, "completed")
    assert (task["run"], task["result"], task["error"], task["cancel_requested"]) == (2, {"a": 1}, None, False)


def test_each_attempt_has_a_directory_of_its_own(bide):
    results = [bide.ended(bide.act(), "completed")["result"]["dir"] for _ in range(2)]
    assert len(set(results)) == 2
    assert all(os.path.isabs(directory) for directory in results)
    assert all(re.search(r"/attempts/[0-9a-f-]{36}\.1\.1$", directory) for directory in results)
