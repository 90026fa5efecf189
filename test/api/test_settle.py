# SPDX-License-Identifier: Apache-2.0
"""A task's end told from outside (complete, fail); and what the routes of one task and one queue have in common: bodies
where none are taken, ids that are none, methods."""
import datetime
import json

import pytest
from harness import at_once, pointers, problem, until


def waiting(bide, **fields):
    return bide.submit("later", delay_ms=3_600_000, **fields)["id"]


def etag(bide, id):
    return bide.send("GET", f"/v1/tasks/{id}").headers["etag"]


# ---- done elsewhere ----


def test_a_waiting_task_is_completed_from_outside_with_its_result(bide):
    id = waiting(bide)
    answer = bide.post(f"/v1/tasks/{id}/complete", {"result": {"text": "hello"}})
    task = answer.json
    assert (answer.status, task["status"], task["result"]) == (200, "completed", {"text": "hello"})
    assert (task["error"], task["attempt"]) == (None, 0)
    assert task["finished_at"] and task["started_at"] is None
    assert answer.headers["etag"] == etag(bide, id) and bide.task(id) == task
    assert bide.send("GET", f"/v1/tasks/{id}/result").json == {"text": "hello"}


@pytest.mark.parametrize("body,result", [(None, b"null"), (b"{}", b"null"), (b'{"result": [1.50,  "\\u00e9"]}', b'[1.50,  "\\u00e9"]')])
def test_a_result_from_outside_is_kept_byte_for_byte(bide, body, result):
    id = waiting(bide)
    assert bide.post(f"/v1/tasks/{id}/complete", body).status == 200
    assert bide.send("GET", f"/v1/tasks/{id}/result").body == result


def test_a_waiting_task_is_failed_from_outside_for_good(bide):
    id = waiting(bide, max_attempts=5)
    said = {"code": "invalid_input", "message": "gone", "detail": "line 1\nline 2", "type": "KeyError"}
    task = bide.post(f"/v1/tasks/{id}/fail", said).json
    assert (task["status"], task["attempt"], task["result"]) == ("failed", 0, None)
    error = task["error"]
    assert {**said, "attempt": None, "at": error["at"]} == error
    datetime.datetime.fromisoformat(error["at"].replace("Z", "+00:00"))
    assert problem(bide.send("GET", f"/v1/tasks/{id}/result"), 409, "conflict")["error"] == error
    bide.post(f"/v1/tasks/{id}/retry")
    assert bide.ended(id, "completed")["run"] == 2


@pytest.mark.parametrize("body", [None, {}, {"code": "", "message": "", "detail": "", "type": ""}], ids=["none", "empty", "texts"])
def test_a_failure_that_says_nothing_is_a_worker_error(bide, body):
    error = bide.post(f"/v1/tasks/{waiting(bide)}/fail", body).json["error"]
    assert (error["code"], error["detail"], error["type"]) == ("worker_error", None, None) and error["message"]


def test_a_failure_may_have_a_word_of_its_own(bide):
    error = bide.post(f"/v1/tasks/{waiting(bide)}/fail", {"code": "quota"}).json["error"]
    assert error["code"] == "quota" and error["message"]


def test_who_waits_for_a_task_hears_of_its_end_from_outside(bide):
    id = waiting(bide)
    connection = bide.connect()
    connection.request("GET", f"/v1/tasks/{id}?wait=30")
    until(lambda: bide.task(id)["status"] == "scheduled", "it is there")
    bide.post(f"/v1/tasks/{id}/complete", {"result": 1})
    assert json.loads(connection.getresponse().read())["result"] == 1
    connection.close()


def test_a_task_that_runs_or_has_ended_is_not_settled_from_outside(bide):
    id = bide.act(["until", bide.gate("settle")])
    bide.seen(id, "running")
    for verb in ("complete", "fail"):
        assert "under way" in problem(bide.post(f"/v1/tasks/{id}/{verb}"), 409, "conflict")["detail"]
    bide.open_gate("settle")
    before = bide.ended(id, "completed")
    for verb in ("complete", "fail"):
        assert "completed" in problem(bide.post(f"/v1/tasks/{id}/{verb}"), 409, "conflict")["detail"]
    assert bide.task(id) == before


def test_of_many_endings_at_once_one_is_given(bide):
    for _ in range(5):
        id = waiting(bide)
        answers = at_once(
            *[lambda n=n: bide.post(f"/v1/tasks/{id}/complete", {"result": n}) for n in range(4)],
            *[lambda: bide.post(f"/v1/tasks/{id}/fail")] * 4,
        )
        assert sorted(answer.status for answer in answers) == [200] + [409] * 7
        [given] = [answer.json for answer in answers if answer.status == 200]
        assert bide.task(id) == given


def test_what_was_settled_from_outside_survives_kill_9(serve):
    bide = serve()
    done, failed = (bide.act(delay_ms=60_000) for _ in range(2))
    bide.post(f"/v1/tasks/{done}/complete", {"result": "r"})
    bide.post(f"/v1/tasks/{failed}/fail", {"code": "quota"})
    bide.restart9()
    assert bide.task(done)["result"] == "r" and bide.task(failed)["error"]["code"] == "quota"


def test_a_failure_of_the_wrong_kind_or_length_is_pointed_at(bide):
    id = waiting(bide)
    lengths = {"code": 200, "message": 4096, "detail": 32 * 1024, "type": 200}
    for name, length in lengths.items():
        for value in (1, None, [], {}, "x" * (length + 1)):
            answer = bide.post(f"/v1/tasks/{id}/fail", {name: value})
            problem(answer, 400, "invalid")
            assert pointers(answer) == [f"/{name}"]
    for verb, name in (("fail", "retry"), ("fail", "result"), ("complete", "results"), ("complete", "input")):
        answer = bide.post(f"/v1/tasks/{id}/{verb}", {name: 1})
        problem(answer, 400, "unknown_field")
        assert pointers(answer) == [f"/{name}"]
    assert bide.post(f"/v1/tasks/{id}/fail", {name: "x" * length for name, length in lengths.items()}).status == 200


def test_a_result_from_outside_may_be_16_mib_and_no_more(bide):
    most = 16 * 1024 * 1024
    id = waiting(bide)
    answer = bide.post(f"/v1/tasks/{id}/complete", b'{"result":"' + b"x" * (most - 1) + b'"}')
    problem(answer, 413, "too_large")
    assert pointers(answer) == ["/result"]
    task = bide.post(f"/v1/tasks/{id}/complete", b'{"result":"' + b"x" * (most - 2) + b'"}').json
    assert (task["status"], task["result"], task["result_bytes"]) == ("completed", None, most)


@pytest.mark.parametrize("text", [b" ", b"{", b"[]", b"null", b'{"result":1,"result":2}', b'{"result":' + b"[" * 65 + b"]" * 65 + b"}"])
def test_an_end_that_is_no_object_is_refused(bide, text):
    id = waiting(bide)
    for verb in ("complete", "fail"):
        problem(bide.post(f"/v1/tasks/{id}/{verb}", text), 400)
        problem(bide.post(f"/v1/tasks/{id}/{verb}", b"{}", {"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    assert bide.task(id)["status"] == "scheduled"


# ---- of all of them ----


def test_a_verb_that_takes_nothing_takes_no_body_or_an_empty_object(bide):
    ended = bide.submit("cat")["id"]
    bide.ended(ended)
    paths = [("DELETE", f"/v1/tasks/{ended}"), ("POST", f"/v1/tasks/{ended}/retry"), ("POST", f"/v1/tasks/{ended}/cancel")]
    paths += [("POST", f"/v1/queues/other/{verb}") for verb in ("pause", "drain", "resume", "purge")]
    for method, path in paths:
        answer = bide.send(method, path, {"force": True})
        problem(answer, 400, "unknown_field")
        assert pointers(answer) == ["/force"]
        problem(bide.send(method, path, b"[]"), 400, "invalid")
        problem(bide.send(method, path, b"{"), 400, "invalid_json")
        problem(bide.send(method, path, b"{}", {"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    assert bide.queue("other")["paused"] is bide.queue("other")["draining"] is False
    for method, path in [*paths[3:], *paths[1:3]]:
        assert bide.send(method, path, b"{}").status in (200, 202)
    bide.ended(ended)
    assert bide.send(*paths[0], b"{}").status == 204


@pytest.mark.parametrize("id", ["1", "x" * 36, "01a1ffe8-96cd-754e-be93-691a58a8ee3", "01a1ffe8-96cd-754e-be93-691a58a8ee38"])
def test_an_id_that_is_none_or_unknown_is_404_everywhere(bide, id):
    calls = [("PATCH", "", {"priority": 1}), ("DELETE", "", None), ("GET", "/attempts", None)]
    for method, path, body in [*calls, ("POST", "/complete", {}), ("POST", "/fail", {})]:
        problem(bide.send(method, f"/v1/tasks/{id}{path}", body), 404, "not_found")


ALLOWED = {
    "/v1/tasks/ID": "GET HEAD PATCH DELETE OPTIONS",
    "/v1/tasks/ID/complete": "POST OPTIONS",
    "/v1/tasks/ID/fail": "POST OPTIONS",
    "/v1/tasks/ID/attempts": "GET HEAD OPTIONS",
    "/v1/tasks/latest": "GET HEAD OPTIONS",
    "/v1/tasks:cancel": "POST OPTIONS",
    "/v1/tasks:retry": "POST OPTIONS",
    "/v1/queues/default": "GET HEAD PATCH OPTIONS",
    "/v1/queues/default/drain": "POST OPTIONS",
    "/v1/queues/default/purge": "POST OPTIONS",
}


@pytest.mark.parametrize("path", ALLOWED)
def test_each_path_says_its_methods_once_and_refuses_the_others(bide, path):
    target, methods = path.replace("ID", bide.submit("cat")["id"]), ALLOWED[path].split()
    answer = bide.send("OPTIONS", target)
    allow = answer.headers["allow"].split(", ")
    assert (answer.status, answer.body) == (204, b"") and sorted(allow) == sorted(methods)
    for method in {"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"} - set(methods):
        answer = bide.send(method, target, None if method in ("GET", "HEAD") else {})
        assert answer.status == 405 and answer.headers["allow"].split(", ") == allow
