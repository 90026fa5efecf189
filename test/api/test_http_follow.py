# SPDX-License-Identifier: Apache-2.0
"""Types whose request only hands the work on: the other side is asked until it is done, or calls back, or both."""
import threading
import urllib.parse

import pytest
from fixtures import QUICK, Fleet
from harness import problem, until

POLL = {"status": "/jobs/{remote.id}", "every": "20ms", "tries": 3}
BACK = {"base": "http://bide.example:1/base/"}


@pytest.fixture(scope="module")
def bide(elsewhere):
    fleet = Fleet()
    at = elsewhere.url
    body = {"do": "{input}", "tell": "{callback_url}"}
    states = {"state": "/status", "result": "/output"}
    http = {
        "poll": {"poll": POLL, "result": "/output", "cancel": "/jobs/{remote.id}/stop"},
        "fetch": {"poll": {**POLL, "result": "/jobs/{remote.id}/output"}, "id": "/job/id", "cancel": "/jobs/{remote.id}", "cancel_method": "DELETE"},
        "own": {"poll": {**POLL, "status": "/jobs/{id}"}, "result": "/output"},
        "back": {"callback": BACK, "body": body, "cancel": "/stop?id={id}"},
        "states": {"callback": {**BACK, **states}, "body": body},
        "both": {"callback": {**BACK, **states}, "poll": {**POLL, "status": "/jobs/{id}", "every": "30ms"}, "result": "/output", "body": body},
        "late": {"poll": {**POLL, "every": "1h"}, "cancel": "/jobs/{remote.id}/stop"},
        "direct": {"cancel": "/stop?id={id}"},
    }

    def absolute(conf):
        if isinstance(conf, dict):
            return {k: absolute(v) for k, v in conf.items()}
        return at + conf if isinstance(conf, str) and (conf.startswith("/jobs") or conf.startswith("/stop")) else conf

    types = {k: {"http": {"url": at + "/jobs", **absolute(v)}, "max_attempts": 1} for k, v in http.items()}
    server = fleet.prepare({"defaults": {**QUICK, "grace": "5s"}, "queues": {"default": {"concurrency": 50}}, "types": types})
    yield server.start()
    fleet.release()


def running(bide, remote, type, input=None, **fields):
    """A task whose request the other side has taken; its id."""
    id = bide.submit(type, input, **fields)["id"]
    remote.wait("POST /jobs")
    return id


def told(remote):
    """The path of the callback that the last request asks for."""
    url = remote.wait("POST /jobs").json["tell"]
    assert url.startswith("http://bide.example:1/base/v1/callbacks/"), url
    return urllib.parse.urlsplit(url).path[len("/base") :]


# ---- asking ----


def test_it_is_asked_until_it_is_done(bide, remote):
    states = iter([{"status": "queued"}, {"status": "running", "progress": 40, "message": "on page 2"}])
    last = {"status": "completed", "progress": 100, "output": {"pages": 3}}
    remote.routes["POST /jobs"] = (202, {"id": "j/1"})
    remote.routes["GET *"] = lambda r: (200, next(states, last))
    task = bide.ended(bide.submit("poll", {"x": 1})["id"], "completed")
    assert task["result"] == {"pages": 3} and task["progress"]["percent"] == 100
    assert [r.path for r in remote.seen] == ["/jobs"] + ["/jobs/j%2F1"] * 3
    assert remote.seen[1].headers["Bide-Task"] == task["id"] and remote.seen[1].headers["Idempotency-Key"] is None
    assert bide.log(task["id"]) == f"bide: POST {remote.url}/jobs: the remote id is j/1\n"


def test_progress_is_shown_while_it_runs(bide, remote):
    remote.routes["POST /jobs"] = (202, {"id": 7})
    remote.routes["GET /jobs/7"] = (200, {"status": "running", "progress": 40, "message": "on page 2"})
    remote.routes["POST /jobs/7/stop"] = (200, {})
    id = running(bide, remote, "poll")
    until(lambda: (bide.task(id)["progress"] or {}).get("message") == "on page 2", "progress")
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")


def test_its_result_is_fetched_where_it_is(bide, remote):
    remote.routes["POST /jobs"] = (202, {"job": {"id": 7}})
    remote.routes["GET /jobs/7"] = (200, {"status": "completed"})
    answers = iter([(503, b"not yet", {"Retry-After": "0"}), (200, b"the text")])
    remote.routes["GET /jobs/7/output"] = lambda r: next(answers)
    assert bide.ended(bide.submit("fetch")["id"], "completed")["result"] == {"text": "the text"}


def test_what_the_other_side_calls_failed_has_failed(bide, remote):
    remote.routes["POST /jobs"] = (202, {"id": 7})
    remote.routes["GET /jobs/7"] = (200, {"status": "failed", "error": "no paper"})
    failed = bide.ended(bide.submit("poll")["id"], "failed")["error"]
    assert failed["code"] == "worker_error" and failed["message"] == "no paper" and "no paper" in failed["detail"]


def test_no_id_fails_for_good_since_something_was_begun(bide, remote):
    remote.routes["POST /jobs"] = (202, {"ok": True})
    failed = bide.ended(bide.submit("poll", max_attempts=3)["id"], "failed")
    assert failed["error"]["code"] == "bad_result" and failed["attempt"] == 1
    assert len(remote.seen) == 1


def test_a_status_under_our_own_id_needs_no_other(bide, remote):
    remote.routes["POST /jobs"] = (202, None)
    remote.routes["GET *"] = (200, {"status": "completed", "output": 5})
    task = bide.ended(bide.submit("own")["id"], "completed")
    assert task["result"] == 5 and remote.seen[1].path == "/jobs/" + task["id"]


def test_a_refused_submit_is_a_refusal(bide, remote):
    remote.routes["POST /jobs"] = (403, {"error": {"message": "not you"}})
    failed = bide.ended(bide.submit("poll")["id"], "failed")["error"]
    assert failed["type"] == "http 403" and "not you" in failed["message"]


def test_answers_of_no_use_are_borne_a_few_times(bide, remote):
    answers = iter([(500, b"oops"), (200, b"<html>"), (200, {"status": "running"}), (404, b""), (200, {"x": 1})])
    remote.routes["POST /jobs"] = (202, {"id": 7})
    remote.routes["GET /jobs/7"] = lambda r: next(answers, (200, {"status": "completed", "output": 1}))
    assert bide.ended(bide.submit("poll")["id"], "completed")["result"] == 1
    remote.routes["GET /jobs/7"] = (500, b"oops")
    failed = bide.ended(bide.submit("poll")["id"], "failed")["error"]
    assert failed["code"] == "bad_result" and "3 times in a row: HTTP 500: oops" in failed["message"]


# ---- calling back ----


def test_a_callback_is_the_result_and_works_once(bide, remote):
    remote.routes["POST /jobs"] = (202, None)
    id = running(bide, remote, "back", {"x": 1})
    path = told(remote)
    assert remote.seen[0].json["do"] == {"x": 1}
    assert bide.task(id)["status"] == "running"
    assert bide.post(path, b'{"any": [1,  2]}').status == 200
    task = bide.task(id) # it is in the store when it is answered
    assert task["status"] == "completed" and task["result"] == {"any": [1, 2]}
    problem(bide.post(path, {"other": 1}), 404, "not_found")
    assert bide.task(id)["result"] == {"any": [1, 2]}


def test_a_callback_may_come_before_the_answer_and_as_any_text(bide, remote):
    gone = []
    remote.routes["POST /jobs"] = lambda r: gone.append(r.hang())
    id = running(bide, remote, "back")
    answer = bide.post(told(remote), b"done \xe2\x9c\x93", {"Content-Type": "text/plain"})
    assert answer.status == 200
    assert bide.ended(id, "completed")["result"] == {"text": "done \u2713"}
    until(lambda: gone == [True], "the request that is not needed any more closed")


def test_callbacks_with_a_state_tell_how_it_goes_and_then_the_end(bide, remote):
    remote.routes["POST /jobs"] = (202, None)
    id = running(bide, remote, "states")
    path = told(remote)
    assert bide.post(path, {"status": "running", "progress": 12}).status == 200
    until(lambda: (bide.task(id)["progress"] or {}).get("percent") == 12, "progress")
    problem(bide.post(path, {"progress": 13}), 400, "invalid")
    assert bide.post(path, {"status": "completed", "output": [1]}).status == 200
    assert bide.ended(id, "completed")["result"] == [1]
    remote.forget()
    remote.routes["POST /jobs"] = (202, None)
    id = running(bide, remote, "states")
    assert bide.post(told(remote), {"status": "failed", "error": "no ink"}).status == 200
    assert bide.ended(id, "failed")["error"]["message"] == "no ink"


def test_a_token_dies_with_its_attempt(bide, remote):
    remote.routes["POST /jobs"] = (202, None)
    remote.routes["POST /stop"] = (200, None)
    id = running(bide, remote, "back")
    path = told(remote)
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    problem(bide.post(path, {}), 404)
    assert bide.task(id)["status"] == "cancelled"
    problem(bide.post("/v1/callbacks/" + "0" * 32, {}), 404)


def test_of_a_callback_and_an_answer_the_first_wins(bide, remote):
    remote.routes["POST /jobs"] = (202, None)
    remote.routes["GET *"] = (200, {"status": "running"})
    id = running(bide, remote, "both")
    assert bide.post(told(remote), {"status": "completed", "output": "called"}).status == 200
    assert bide.ended(id, "completed")["result"] == "called"
    remote.forget()
    remote.routes["POST /jobs"] = (202, None)
    remote.routes["GET *"] = (200, {"status": "completed", "output": "asked"})
    id = running(bide, remote, "both")
    path = told(remote)
    assert bide.ended(id, "completed")["result"] == "asked"
    problem(bide.post(path, {"status": "failed", "error": "late"}), 404)
    assert bide.ended(id, "completed")["result"] == "asked"


def test_a_callback_ends_a_question_that_hangs(bide, remote):
    gone = []
    remote.routes["POST /jobs"] = (202, None)
    remote.routes["GET *"] = lambda r: gone.append(r.hang())
    id = running(bide, remote, "both")
    until(lambda: len(remote.seen) > 1, "the question")
    assert bide.post(told(remote), {"status": "completed", "output": 1}).status == 200
    bide.ended(id, "completed")
    until(lambda: gone == [True], "the question given up")


# ---- telling the other side to stop ----


def test_a_cancel_reaches_the_other_side(bide, remote):
    remote.routes["POST /jobs"] = (202, {"job": {"id": "a b"}})
    remote.routes["GET *"] = (200, {"status": "running"})
    remote.routes["DELETE *"] = (204, None)
    id = running(bide, remote, "fetch")
    until(lambda: len(remote.seen) > 1, "the first question")
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    assert [r.path for r in remote.seen if r.command == "DELETE"] == ["/jobs/a%20b"]
    assert remote.seen[-1].headers["Bide-Task"] == id and remote.seen[-1].body == b""


def test_a_cancel_reaches_the_other_side_while_it_waits_for_a_callback_or_an_answer(bide, remote):
    remote.routes["POST /stop"] = (200, None)
    for type, answer in [("back", lambda r: (202, None)), ("direct", lambda r: r.hang() and None)]:
        remote.seen.clear()
        remote.routes["POST /jobs"] = answer
        id = running(bide, remote, type)
        bide.post(f"/v1/tasks/{id}/cancel")
        bide.ended(id, "cancelled")
        assert [r.query["id"] for r in remote.asked("POST /stop")] == [id]


def test_a_timeout_reaches_the_other_side(bide, remote):
    remote.routes["POST /jobs"] = (202, {"id": 7})
    remote.routes["POST /jobs/7/stop"] = (200, None)
    assert bide.ended(bide.submit("late", timeout_ms=200)["id"], "failed")["error"]["code"] == "timeout"
    assert len(remote.asked("POST /jobs/7/stop")) == 1


def test_a_cancel_waits_for_the_id_that_is_on_its_way(bide, remote):
    go = threading.Event()
    remote.routes["POST /jobs"] = lambda r: go.wait(30) and (202, {"id": 7})
    remote.routes["POST /jobs/7/stop"] = (200, None)
    id = running(bide, remote, "poll", grace_ms=60000)
    bide.post(f"/v1/tasks/{id}/cancel")
    go.set()
    bide.ended(id, "cancelled")
    assert [r.path for r in remote.seen] == ["/jobs", "/jobs/7/stop"]


def test_a_cancel_does_not_wait_longer_than_the_grace(bide, remote):
    gone = []
    remote.routes["POST /jobs"] = lambda r: gone.append(r.hang())
    id = running(bide, remote, "poll", grace_ms=200)
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    until(lambda: gone == [True], "the request given up")
    remote.forget()
    remote.routes["POST /jobs"] = (202, {"id": 7})
    remote.routes["GET *"] = (200, {"status": "running"})
    remote.routes["POST /jobs/7/stop"] = lambda r: gone.append(r.hang())
    id = running(bide, remote, "poll", grace_ms=200)
    until(lambda: len(remote.seen) > 1, "the first question")
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    until(lambda: gone == [True, True], "the cancel given up")
    assert "/jobs/7/stop" in bide.log(id)
