# SPDX-License-Identifier: Apache-2.0
"""PATCH and DELETE of one task: priority, run_at and tags while it waits, its removal when it has ended; If-Match."""
import pytest
from harness import at_once, pointers, problem

MERGE = {"Content-Type": "application/merge-patch+json"}
FAR = "2099-01-01T00:00:00.000Z"


def patch(bide, id, body, **headers):
    return bide.send("PATCH", f"/v1/tasks/{id}", body, {**MERGE, **{k.replace("_", "-"): v for k, v in headers.items()}})


def waiting(bide, **fields):
    return bide.submit("later", delay_ms=3_600_000, **fields)["id"]


def etag(bide, id):
    return bide.send("GET", f"/v1/tasks/{id}").headers["etag"]


# ---- PATCH ----


def test_a_waiting_task_takes_a_new_priority_time_and_tags(bide):
    id = waiting(bide, tags={"a": "1", "b": "2"}, priority=1)
    answer = patch(bide, id, {"priority": 7, "run_at": FAR, "tags": {"b": "3", "c": "4"}})
    task = answer.json
    assert (answer.status, task["id"], task["priority"], task["run_at"]) == (200, id, 7, FAR)
    assert task["tags"] == {"a": "1", "b": "3", "c": "4"}
    assert answer.headers["etag"] == etag(bide, id) and bide.task(id) == task


def test_what_a_patch_leaves_out_stays(bide):
    id = waiting(bide, tags={"a": "1"}, priority=3)
    before = bide.task(id)
    for body in ({}, None):
        assert patch(bide, id, body).json == before
    assert patch(bide, id, {"priority": 4}).json == {**before, "priority": 4}


def test_a_null_removes_a_tag_or_all_of_them(bide):
    id = waiting(bide, tags={"a": "1", "b": "2"})
    assert patch(bide, id, {"tags": {"a": None, "never": None}}).json["tags"] == {"b": "2"}
    assert patch(bide, id, {"tags": {}}).json["tags"] == {"b": "2"}
    assert patch(bide, id, {"tags": None}).json["tags"] == {}
    assert patch(bide, id, {"tags": {"c": "3"}}).json["tags"] == {"c": "3"}


def test_a_list_finds_a_task_by_the_tags_it_has_now(bide):
    id = waiting(bide, tags={"moved": "from"})
    patch(bide, id, {"tags": {"moved": "to"}})
    assert [t["id"] for t in bide.listed(tag="moved:to")] == [id] and bide.listed(tag="moved:from") == []


def test_a_patch_may_be_sent_as_plain_json(bide):
    id = waiting(bide)
    assert bide.send("PATCH", f"/v1/tasks/{id}", {"priority": 2}).json["priority"] == 2


@pytest.mark.parametrize("run_at", [None, "2001-01-01T00:00:00Z"])
def test_a_task_whose_time_is_now_or_past_starts_at_once(bide, run_at):
    id = bide.act(delay_ms=3_600_000)
    assert patch(bide, id, {"run_at": run_at}).status == 200
    bide.ended(id, "completed")


def test_a_pending_task_can_be_put_off(serve):
    bide = serve(queues={"default": {"concurrency": 1}})
    first = bide.act(["until", bide.gate("first")])
    bide.seen(first, "running")
    id = bide.act()
    task = patch(bide, id, {"run_at": FAR}).json
    assert (task["status"], task["waiting_on"]["reason"]) == ("scheduled", "time")
    bide.open_gate("first")
    bide.ended(bide.act(), "completed")
    assert bide.task(id)["status"] == "scheduled"


def test_a_new_priority_counts_in_the_line(serve):
    bide = serve(queues={"default": {"concurrency": 1}})
    first = bide.act(["until", bide.gate("first")])
    bide.seen(first, "running")
    note = str(bide.dir / "order")
    ids = {name: bide.act(["note", note, name]) for name in "abc"}
    assert patch(bide, ids["c"], {"priority": 1}).status == 200
    assert patch(bide, ids["a"], {"priority": -1}).status == 200
    bide.open_gate("first")
    for id in ids.values():
        bide.ended(id, "completed")
    assert bide.lines("order") == list("cba")


def test_a_change_survives_kill_9(serve):
    bide = serve(queues={"default": {"concurrency": 1}})
    first = bide.act(["until", bide.gate("first")])
    bide.seen(first, "running")
    note = str(bide.dir / "order")
    ids = {name: bide.act(["note", note, name], tags={"old": "1"}) for name in "ab"}
    patch(bide, ids["b"], {"priority": 5, "tags": {"old": None, "new": "1"}})
    bide.restart9()
    assert (bide.task(ids["b"])["priority"], bide.task(ids["b"])["tags"]) == (5, {"new": "1"})
    bide.open_gate("first")
    for id in ids.values():
        bide.ended(id, "completed")
    assert bide.lines("order") == ["b", "a"]


def test_a_task_between_two_attempts_can_be_changed_and_put_off_past_its_start_by(bide):
    retry = {"backoff": "fixed", "base_ms": 600_000, "jitter": "none"}
    fail = ["fail", {"code": "worker_error", "message": "no", "retry": True}]
    id = bide.act(fail, retry=retry, start_within_ms=60_000, max_attempts=2)
    bide.seen(id, "retrying")
    task = patch(bide, id, {"run_at": FAR, "priority": 1}).json
    assert (task["status"], task["run_at"], task["attempt"]) == ("retrying", FAR, 1)
    patch(bide, id, {"run_at": None})
    assert bide.ended(id, "failed")["attempt"] == 2


def test_a_time_after_start_by_is_refused_before_the_first_attempt(bide):
    id = bide.submit("later", delay_ms=1_000, start_within_ms=3_600_000)["id"]
    answer = patch(bide, id, {"run_at": FAR})
    problem(answer, 400, "invalid")
    assert pointers(answer) == ["/run_at"]
    start_by = bide.task(id)["start_by"]
    assert patch(bide, id, {"run_at": start_by}).json["run_at"] == start_by


def test_a_task_that_runs_or_has_ended_cannot_be_changed(bide):
    id = bide.act(["until", bide.gate("change")])
    bide.seen(id, "running")
    assert "running" in problem(patch(bide, id, {"priority": 1}), 409, "conflict")["detail"]
    bide.open_gate("change")
    before = bide.ended(id, "completed")
    for body in ({"priority": 1}, {"tags": {"a": "1"}}, {}):
        assert "completed" in problem(patch(bide, id, body), 409, "conflict")["detail"]
    assert bide.task(id) == before


WRONG = {
    "/priority": [None, "high", 101, -101, 1.5, True, [], 10**30],
    "/run_at": ["tomorrow", 5, "2026-13-01T00:00:00Z", "2026-11-21 20:00:00", "", {}],
    "/tags": ["a", [], 1, {"k": 1}, {"k": []}, {"k": "v" * 501}, {"k" * 101: None}, {"k": "a\0b"}, {"": None}, {str(n): None for n in range(33)}],
}


@pytest.mark.parametrize("pointer,value", [(p, v) for p, vs in WRONG.items() for v in vs], ids=lambda v: str(v)[:20])
def test_a_change_of_the_wrong_kind_or_range_is_pointed_at(bide, pointer, value):
    id = waiting(bide)
    before = bide.task(id)
    answer = patch(bide, id, {pointer[1:]: value})
    problem(answer, 400, "invalid")
    assert pointers(answer)[0].startswith(pointer), answer
    assert bide.task(id) == before


@pytest.mark.parametrize("name", ["input", "status", "prioritee", "a/b~c", "id", "max_attempts"])
def test_a_member_that_cannot_be_changed_is_pointed_at(bide, name):
    id = waiting(bide)
    answer = patch(bide, id, {name: 1})
    problem(answer, 400, "unknown_field")
    assert pointers(answer) == ["/" + name.replace("~", "~0").replace("/", "~1")]


@pytest.mark.parametrize("text", [b"", b" ", b"{", b"[]", b"null", b'"x"', b'{"priority":1,"priority":2}', b"\xff"])
def test_a_patch_that_is_no_object_is_refused(bide, text):
    id = waiting(bide)
    if text:
        problem(patch(bide, id, text), 400)
    else:
        assert patch(bide, id, text).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/json-patch+json", "application/merge-patch", ""])
def test_a_patch_of_another_media_type_is_415(bide, kind):
    answer = bide.send("PATCH", f"/v1/tasks/{waiting(bide)}", b"{}", {"Content-Type": kind})
    assert "application/merge-patch+json" in problem(answer, 415, "unsupported_media_type")["detail"]


def test_a_task_can_be_given_32_tags_and_no_more(bide):
    id = waiting(bide, tags={str(n): "v" for n in range(31)})
    problem(patch(bide, id, {"tags": {"a": "1", "b": "2"}}), 400, "invalid")
    assert len(patch(bide, id, {"tags": {"a": "1"}}).json["tags"]) == 32
    swapped = patch(bide, id, {"tags": {**{str(n): None for n in range(16)}, **{f"new{n}": "v" for n in range(16)}}})
    assert len(swapped.json["tags"]) == 32


# ---- If-Match ----


def test_if_match_lets_the_change_of_what_was_seen_through_and_no_other(bide):
    id = waiting(bide)
    seen = etag(bide, id)
    first = patch(bide, id, {"priority": 1}, If_Match=seen)
    assert first.status == 200
    answer = patch(bide, id, {"priority": 2}, If_Match=seen)
    assert first.headers["etag"] in problem(answer, 412, "precondition_failed")["detail"]
    assert bide.task(id)["priority"] == 1
    assert patch(bide, id, {"priority": 2}, If_Match=f'"x", {first.headers["etag"]}').status == 200
    assert patch(bide, id, {"priority": 3}, If_Match="*").status == 200
    for wrong in ('"x"', f"W/{etag(bide, id)}", etag(bide, id).strip('"'), "", ","):
        problem(patch(bide, id, {"priority": 4}, If_Match=wrong), 412, "precondition_failed")
    assert bide.task(id)["priority"] == 3


def test_what_is_wrong_with_the_request_comes_before_if_match_and_that_before_the_state(bide):
    id = waiting(bide)
    problem(patch(bide, id, {"priority": "x"}, If_Match='"x"'), 400, "invalid")
    problem(patch(bide, "01a1ffe8-96cd-754e-be93-691a58a8ee38", {"priority": 1}, If_Match="*"), 404, "not_found")
    problem(bide.send("DELETE", f"/v1/tasks/{id}", headers={"If-Match": '"x"'}), 412, "precondition_failed")
    problem(bide.send("DELETE", f"/v1/tasks/{id}", headers={"If-Match": etag(bide, id)}), 409, "conflict")
    bide.post(f"/v1/tasks/{id}/cancel")
    problem(patch(bide, id, {"priority": 1}, If_Match='"x"'), 412, "precondition_failed")
    problem(patch(bide, id, {"priority": 1}, If_Match=etag(bide, id)), 409, "conflict")


def test_a_status_that_moved_on_is_seen_by_if_match(bide):
    id = waiting(bide)
    seen = etag(bide, id)
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.post(f"/v1/tasks/{id}/retry")
    bide.ended(id, "completed")
    problem(patch(bide, id, {"priority": 1}, If_Match=seen), 412, "precondition_failed")
    problem(bide.send("DELETE", f"/v1/tasks/{id}", headers={"If-Match": seen}), 412, "precondition_failed")
    assert bide.send("DELETE", f"/v1/tasks/{id}", headers={"If-Match": etag(bide, id)}).status == 204


def test_of_many_changes_at_once_with_if_match_one_is_made(bide):
    for _ in range(5):
        id = waiting(bide)
        seen = etag(bide, id)
        answers = at_once(*[lambda n=n: patch(bide, id, {"priority": n}, If_Match=seen) for n in range(1, 9)])
        made = [answer for answer in answers if answer.status == 200]
        assert len(made) == 1 and bide.task(id)["priority"] == made[0].json["priority"]
        for answer in answers:
            if answer is not made[0]:
                problem(answer, 412, "precondition_failed")


def test_many_changes_at_once_without_if_match_are_all_made(bide):
    for _ in range(5):
        id = waiting(bide)
        answers = at_once(*[lambda n=n: patch(bide, id, {"tags": {str(n): "v"}}) for n in range(4)])
        assert [answer.status for answer in answers] == [200] * 4
        assert bide.task(id)["tags"] == {str(n): "v" for n in range(4)}


def test_a_change_and_a_cancel_at_once_leave_a_cancelled_task(bide):
    for _ in range(5):
        id = waiting(bide)
        changed, cancelled = at_once(
            lambda: patch(bide, id, {"priority": 9}), lambda: bide.post(f"/v1/tasks/{id}/cancel")
        )
        assert cancelled.status == 200 and changed.status in (200, 409)
        assert bide.task(id)["status"] == "cancelled"
        assert bide.task(id)["priority"] == (9 if changed.status == 200 else 0)


# ---- DELETE ----


@pytest.mark.parametrize("ending", ["completed", "failed", "cancelled"])
def test_an_ended_task_is_removed_with_all_that_belongs_to_it(bide, ending):
    if ending == "completed":
        id = bide.submit("cat")["id"]
    elif ending == "failed":
        id = bide.act(["print", "a line"], ["fail", {"retry": False}])
    else:
        id = waiting(bide)
        bide.post(f"/v1/tasks/{id}/cancel")
    queue = bide.ended(id, ending)["queue"]
    counted = bide.queue(queue)["depth"][ending]
    answer = bide.send("DELETE", f"/v1/tasks/{id}")
    assert (answer.status, answer.body) == (204, b"")
    for method, path in [("GET", ""), ("GET", "/result"), ("GET", "/log"), ("GET", "/attempts"), ("POST", "/retry"), ("DELETE", "")]:
        problem(bide.send(method, f"/v1/tasks/{id}{path}"), 404, "not_found")
    assert id not in [task["id"] for task in bide.listed()]
    assert bide.queue(queue)["depth"][ending] == counted - 1


def test_a_task_that_has_not_ended_cannot_be_removed(bide):
    running = bide.act(["until", bide.gate("remove")])
    bide.seen(running, "running")
    for id in (running, waiting(bide)):
        assert "cancel" in problem(bide.send("DELETE", f"/v1/tasks/{id}"), 409, "conflict")["detail"]
    bide.open_gate("remove")
    bide.ended(running, "completed")


def test_a_removed_task_stays_away_after_kill_9(serve):
    bide = serve()
    id, other = bide.act(), bide.act()
    bide.ended(id, "completed")
    bide.ended(other, "completed")
    assert bide.send("DELETE", f"/v1/tasks/{id}").status == 204
    bide.restart9()
    problem(bide.send("GET", f"/v1/tasks/{id}"), 404, "not_found")
    assert [task["id"] for task in bide.listed()] == [other]
    assert bide.queue()["depth"]["completed"] == 1


def test_of_many_removals_at_once_one_is_made(bide):
    id = bide.submit("cat")["id"]
    bide.ended(id)
    answers = at_once(*[lambda: bide.send("DELETE", f"/v1/tasks/{id}")] * 6)
    assert sorted(answer.status for answer in answers) == [204] + [404] * 5
