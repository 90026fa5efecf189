# SPDX-License-Identifier: Apache-2.0
"""POST /v1/tasks: what is accepted, what the answer says, and that input and result pass byte for byte."""
import datetime
import json
import re
import time

import pytest
from harness import ENDINGS, until

UUIDV7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MEMBERS = """id run type queue status priority attempt max_attempts cancel_requested waiting_on progress position eta_at
    error files subject tags group_id depends_on created_at run_at start_by started_at finished_at purge_at
    timing delivery urls key limit_key batch_key cost cached_from""".split()


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_a_submit_answers_202_with_the_task_and_where_it_is(bide):
    answer = bide.post("/v1/tasks", {"type": "cat", "input": {"a": 1}})
    assert answer.status == 202, answer
    assert answer.headers["content-type"].startswith("application/json")
    task = answer.json
    assert UUIDV7.fullmatch(task["id"])
    assert answer.headers["location"] == f"/v1/tasks/{task['id']}" == task["urls"]["self"]
    assert int(answer.headers["retry-after"]) >= 1
    assert (task["type"], task["queue"], task["run"], task["priority"]) == ("cat", "default", 1, 0)
    assert task["status"] in ("pending", "running")
    assert TIME.fullmatch(task["created_at"])
    assert not [name for name in MEMBERS if name not in task]
    assert "input" not in task and "result" not in task


def test_the_ended_task_shows_input_result_and_times(bide):
    id = bide.submit("cat", {"a": [1, 2]})["id"]
    task = bide.ended(id, "completed")
    assert (task["input"], task["result"]) == ({"a": [1, 2]}, {"a": [1, 2]})
    assert (task["attempt"], task["error"], task["waiting_on"], task["cancel_requested"]) == (1, None, None, False)
    assert time_of(task["created_at"]) <= time_of(task["started_at"]) <= time_of(task["finished_at"])
    assert task["timing"]["queued_ms"] >= 0 and task["timing"]["run_ms"] >= 0
    assert not [name for name in [*MEMBERS, "input", "input_bytes", "result", "result_bytes"] if name not in task]


def test_what_is_left_out_has_its_default_and_what_is_given_is_kept(bide):
    task = bide.submit("later", delay_ms=3_600_000)
    assert (task["priority"], task["max_attempts"], task["subject"], task["tags"]) == (0, 3, None, {})
    assert (task["key"], task["limit_key"], task["batch_key"], task["cost"]) == (None, None, None, 1)
    run_at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    given = {
        "priority": -7,
        "max_attempts": 9,
        "subject": "chapter-123 £",
        "key": "night of £",
        "limit_key": "user-7 £",
        "batch_key": "de",
        "cost": 12.75,
        "tags": {"project_id": "7", "b": "two words"},
        "run_at": run_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "timeout_ms": 1234,
        "grace_ms": 567,
        "start_within_ms": 10_000_000,
        "queue": "other",
        "retry": {"backoff": "fixed", "base_ms": 10, "cap_ms": 20, "jitter": "none"},
    }
    shown = bide.task(bide.submit("cat", **given)["id"])
    for name in ("priority", "max_attempts", "subject", "tags", "run_at", "queue", "key", "limit_key", "batch_key", "cost"):
        assert shown[name] == given[name], name
    assert shown["status"] == "scheduled"
    assert abs(time_of(shown["start_by"]) - time_of(shown["created_at"]) - 10_000) < 1


def test_run_at_in_another_zone_is_shown_in_utc(bide):
    task = bide.submit("cat", run_at="2099-01-02T03:04:05.5+02:00")
    assert (task["status"], task["run_at"]) == ("scheduled", "2099-01-02T01:04:05.500Z")


def test_a_task_with_a_delay_waits_for_its_time_and_then_runs(bide):
    task = bide.submit("cat", delay_ms=300)
    assert (task["status"], task["waiting_on"]["reason"]) == ("scheduled", "time")
    ended = bide.ended(task["id"], "completed")
    assert time_of(ended["started_at"]) - time_of(ended["created_at"]) >= 0.299


def test_without_an_input_the_handler_gets_an_empty_object(bide):
    task = bide.ended(bide.submit("cat")["id"], "completed")
    assert (task["input"], task["input_bytes"], task["result"]) == ({}, 2, {})


@pytest.mark.parametrize(
    "text",
    [
        b'{"z":1,"a":2, "m" : [ 1 , 2 ] }',
        b'{"n":1.0,"m":1e400,"big":123456789012345678901234567890,"neg":-0.0}',
        b'"\\u00e9\\u0000\\ud83d\\ude00 \xc3\xa9 \xf0\x9f\x98\x80"',
        b"[[],{},null,true,false,\"\"]",
        b"17",
        b'{"":"empty name","a\\u0062":1}',
    ],
    ids=["order-and-spaces", "numbers", "escapes", "empties", "scalar", "names"],
)
def test_input_and_result_pass_byte_for_byte(bide, text):
    answer = bide.post("/v1/tasks", b'{"type":"cat","input":' + text + b"}")
    assert answer.status == 202, answer
    id = answer.json["id"]
    bide.ended(id, "completed")
    assert bide.send("GET", f"/v1/tasks/{id}/result").body == text
    whole = bide.send("GET", f"/v1/tasks/{id}").body
    assert b'"input":' + text in whole and b'"result":' + text in whole
    assert bide.task(id)["input_bytes"] == len(text)


def test_a_large_input_reaches_the_worker_and_a_large_result_comes_back(bide):
    text = json.dumps({"text": "é" * 3_000_000}, ensure_ascii=False).encode()
    answer = bide.post("/v1/tasks", b'{"type":"cat","input":' + text + b"}")
    assert answer.status == 202, answer
    id = answer.json["id"]
    task = bide.ended(id, "completed")
    assert (task["input"], task["result"]) == (None, None)
    assert (task["input_bytes"], task["result_bytes"]) == (len(text), len(text))
    assert bide.send("GET", task["urls"]["result"]).body == text
    id = bide.act(["note", "/dev/null", "x" * 2_000_000])
    assert bide.ended(id, "completed")["result"]["type"] == "act"


def test_prefer_wait_answers_200_with_the_ending(bide):
    answer = bide.post("/v1/tasks", {"type": "cat", "input": {"a": 1}}, {"Prefer": "wait=10"})
    assert answer.status == 200, answer
    assert (answer.json["status"], answer.json["result"]) == ("completed", {"a": 1})


@pytest.mark.parametrize("prefer", ['wait="10"', "wait=10; x=y", 'a="b, wait=0", WAIT = 10', "respond-async;wait=0 ,wait=10"])
def test_prefer_wait_is_read_as_rfc_7240_writes_it(bide, prefer):
    answer = bide.post("/v1/tasks", {"type": "cat", "input": 1}, {"Prefer": prefer})
    assert (answer.status, answer.json["status"]) == (200, "completed"), answer


def test_prefer_wait_answers_202_when_the_ending_does_not_come_in_time(bide):
    began = time.monotonic()
    answer = bide.post("/v1/tasks", {"type": "later", "delay_ms": 60_000}, {"Prefer": "wait=1"})
    assert answer.status == 202, answer
    assert 0.9 <= time.monotonic() - began < 5
    assert answer.json["status"] == "scheduled"


def test_a_client_that_leaves_while_it_waits_changes_nothing(bide):
    gate = bide.gate("leaves")
    connection = bide.connect()
    body = json.dumps({"type": "act", "input": {"steps": [["until", gate]]}, "subject": "leaves"})
    connection.request("POST", "/v1/tasks", body, {"Content-Type": "application/json", "Prefer": "wait=30"})
    [task] = until(lambda: bide.listed(subject="leaves"), "the task")
    connection.close()
    bide.open_gate("leaves")
    assert bide.ended(task["id"], "completed")


def test_many_clients_at_once_get_each_their_own_task(bide):
    ids = [bide.submit("cat", {"n": n})["id"] for n in range(60)]
    assert len(set(ids)) == 60
    for n, id in enumerate(ids):
        assert bide.ended(id)["result"] == {"n": n}
    assert ids == sorted(ids), "ids grow with time"
    assert all(bide.task(id)["status"] in ENDINGS for id in ids)
