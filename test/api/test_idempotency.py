# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key: a submit sent again makes no second task. And Prefer: return=minimal."""
import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import problem, until

DAY = 24 * 3600 * 1000


def submit(bide, key, body, **headers):
    return bide.post("/v1/tasks", body, {"Idempotency-Key": key, **headers})


def test_the_same_request_again_is_answered_with_the_first_task(bide):
    body = {"type": "later", "delay_ms": DAY, "input": {"a": 1}, "subject": "again"}
    first, second = submit(bide, "again-1", body), submit(bide, "again-1", body)
    assert (first.status, second.status) == (202, 202)
    assert "idempotency-replayed" not in first.headers and second.headers["idempotency-replayed"] == "true"
    assert second.json["id"] == first.json["id"] and second.headers["location"] == first.headers["location"]
    assert [task["id"] for task in bide.listed(subject="again")] == [first.json["id"]]
    assert submit(bide, "again-2", body).json["id"] != first.json["id"]
    assert bide.post("/v1/tasks", body).json["id"] != first.json["id"]


def test_a_replay_shows_the_task_as_it_stands_now_and_waits_if_asked(bide):
    body = {"type": "cat", "input": {"a": 1}}
    id = submit(bide, "stands", body, Prefer="wait=10").json["id"]
    again = submit(bide, "stands", body, Prefer="wait=10")
    assert (again.status, again.json["id"], again.json["status"], again.json["result"]) == (200, id, "completed", {"a": 1})
    assert (again.headers["idempotency-replayed"], again.headers["preference-applied"]) == ("true", "wait")
    at_once = submit(bide, "stands", body)
    assert (at_once.status, at_once.json["status"], at_once.headers["idempotency-replayed"]) == (202, "completed", "true")


def test_a_replay_that_waits_hears_of_the_ending(bide):
    body = {"type": "act", "input": {"steps": [["until", bide.gate("replay")]]}}
    id = submit(bide, "waits", body).json["id"]
    bide.seen(id, "running")
    with ThreadPoolExecutor(1) as thread:
        before = bide.stored("add")
        answer = thread.submit(submit, bide, "waits", body, Prefer="wait=30")
        until(lambda: bide.stored("add") > before, "the second submit in the store")
        bide.open_gate("replay")
        assert (answer.result().status, answer.result().json["id"], answer.result().json["status"]) == (200, id, "completed")


def test_another_body_under_the_same_key_is_refused_byte_for_byte(bide):
    text = b'{"type":"later","delay_ms":86400000,"subject":"other body"}'
    assert submit(bide, "bytes", text).status == 202
    for other in (b'{"type": "later","delay_ms":86400000,"subject":"other body"}', text + b" ", b'{"type":"later"}'):
        problem(submit(bide, "bytes", other), 422, "idempotency_key_reused")
    assert len(bide.listed(subject="other body")) == 1
    assert submit(bide, "bytes", text).headers["idempotency-replayed"] == "true"


def test_fifty_submits_at_once_with_one_key_make_one_task(bide):
    body = {"type": "later", "delay_ms": DAY, "subject": "fifty"}
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: submit(bide, "fifty", body), range(50)))
    [task] = bide.listed(subject="fifty")
    taken = [answer for answer in answers if answer.status == 202]
    assert taken and {answer.json["id"] for answer in taken} == {task["id"]}
    assert sum("idempotency-replayed" not in answer.headers for answer in taken) == 1
    for answer in answers:
        if answer.status != 202:
            problem(answer, 409, "idempotency_key_in_use")
    assert submit(bide, "fifty", body).json["id"] == task["id"]


def test_submits_with_keys_of_their_own_do_not_meet(bide):
    body = {"type": "later", "delay_ms": DAY, "subject": "own keys"}
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda n: submit(bide, f"own-{n}", body), range(40)))
    assert len({answer.json["id"] for answer in answers}) == 40 == len(bide.listed(subject="own keys"))


def test_keys_survive_kill_9_with_their_tasks(serve):
    bide = serve()
    body = {"type": "act", "delay_ms": DAY}
    first = submit(bide, "kept", body).json["id"]
    bide.restart9()
    again = submit(bide, "kept", body)
    assert (again.status, again.json["id"], again.headers["idempotency-replayed"]) == (202, first, "true")
    problem(submit(bide, "kept", {"type": "act"}), 422, "idempotency_key_reused")
    assert [task["id"] for task in bide.listed()] == [first]


def test_what_was_answered_before_kill_9_under_load_is_replayed_after_it(serve):
    bide = serve()
    answered = {}

    def send(n):
        try:
            answer = submit(bide, f"load-{n}", {"type": "act", "delay_ms": DAY, "subject": str(n)})
            answered[n] = answer.json["id"]
        except (OSError, http.client.HTTPException):
            pass  # the server was killed under it

    with ThreadPoolExecutor(8) as threads:
        sent = [threads.submit(send, n) for n in range(400)]
        until(lambda: len(answered) > 40, "some are answered")
        bide.kill9()
        for one in sent:
            one.result()
    known = dict(answered)
    assert len(known) < 400, "it was killed in the middle"
    bide.start()
    for n in range(max(known) + 1):
        again = submit(bide, f"load-{n}", {"type": "act", "delay_ms": DAY, "subject": str(n)})
        assert again.status == 202 and again.json["id"] == known.get(n, again.json["id"])
        assert n not in known or again.headers["idempotency-replayed"] == "true"
    subjects = [int(task["subject"]) for task in bide.listed(limit=200)]
    assert len(subjects) == len(set(subjects)) and set(subjects) >= set(range(max(known) + 1)), "one task for each key"


def test_a_refused_submit_has_not_used_its_key(serve):
    bide = serve(queues={"default": {"concurrency": 1, "capacity": 1}})
    problem(submit(bide, "refused", {"type": "act", "prioritee": 1}), 400, "unknown_field")
    problem(submit(bide, "refused", {"type": "actt"}), 422, "unknown_type")
    filler = bide.act(delay_ms=DAY)
    body = {"type": "act", "delay_ms": DAY}
    problem(submit(bide, "refused", body), 429, "queue_full")
    bide.post("/v1/queues/default/drain")
    problem(submit(bide, "refused", body), 503, "draining")
    bide.post("/v1/queues/default/resume")
    bide.post(f"/v1/tasks/{filler}/cancel")
    answer = submit(bide, "refused", body)
    assert answer.status == 202 and "idempotency-replayed" not in answer.headers


def test_a_replay_finds_no_room_wanting(serve):
    bide = serve(queues={"default": {"concurrency": 1, "capacity": 1}})
    body = {"type": "act", "delay_ms": DAY}
    id = submit(bide, "full", body).json["id"]
    problem(bide.post("/v1/tasks", body), 429, "queue_full")
    assert submit(bide, "full", body).json["id"] == id


def test_the_key_of_a_removed_task_is_404_and_makes_no_new_one(bide):
    body = {"type": "cat", "subject": "removed"}
    id = submit(bide, "removed", body).json["id"]
    bide.ended(id)
    assert bide.send("DELETE", f"/v1/tasks/{id}").status == 204
    problem(submit(bide, "removed", body), 404, "not_found")
    assert bide.listed(subject="removed") == []


@pytest.mark.parametrize("key", ["", "   ", "k" * 256, "a\tb", "a\x7fb", "\xe9"])
def test_a_key_that_is_none_is_refused(bide, key):
    problem(submit(bide, key, {"type": "later", "delay_ms": DAY, "subject": "bad key"}), 400, "invalid")
    assert bide.listed(subject="bad key") == []


@pytest.mark.parametrize("key", ["k", "k" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "with blanks and %2f ~!", "null"])
def test_a_key_may_be_any_ascii_up_to_255(bide, key):
    body = {"type": "later", "delay_ms": DAY}
    assert submit(bide, key, body).json["id"] == submit(bide, key, body).json["id"]
    assert submit(bide, key[:-1] + "#", body).headers.get("idempotency-replayed") is None


def test_keys_differ_by_case_and_other_routes_take_no_notice(bide):
    body = {"type": "later", "delay_ms": DAY}
    id = submit(bide, "Case", body).json["id"]
    assert submit(bide, "case", body).json["id"] != id
    for _ in range(2):
        assert bide.post(f"/v1/tasks/{id}/cancel", headers={"Idempotency-Key": "Case"}).status == 200


# ---- return=minimal ----


@pytest.mark.parametrize("prefer", ["return=minimal", 'RETURN="minimal"', "respond-async, return=minimal; x=1"])
def test_an_answer_may_be_the_id_alone(bide, prefer):
    answer = bide.post("/v1/tasks", {"type": "later", "delay_ms": DAY}, {"Prefer": prefer})
    assert (answer.status, list(answer.json)) == (202, ["id"])
    assert answer.headers["preference-applied"] == "return=minimal"
    assert answer.headers["location"] == f"/v1/tasks/{answer.json['id']}"
    assert bide.task(answer.json["id"])["status"] == "scheduled"


@pytest.mark.parametrize("prefer", ["return=representation", "return", "minimal", "return=minimum"])
def test_another_return_preference_is_ignored(bide, prefer):
    answer = bide.post("/v1/tasks", {"type": "later", "delay_ms": DAY}, {"Prefer": prefer})
    assert answer.status == 202 and answer.json["status"] == "scheduled" and "preference-applied" not in answer.headers


def test_a_wait_has_more_to_say_than_the_id(bide):
    answer = bide.post("/v1/tasks", {"type": "cat", "input": 1}, {"Prefer": "return=minimal, wait=10"})
    assert (answer.status, json.loads(answer.body)["result"], answer.headers["preference-applied"]) == (200, 1, "wait")
