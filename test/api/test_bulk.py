# SPDX-License-Identifier: Apache-2.0
"""Many tasks changed by a filter (tasks:cancel, tasks:retry, purge of a queue), and the newest task about a subject."""
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import pointers, problem, until

DAY = 24 * 3600 * 1000


def counts(answer):
    assert answer.status == 200, answer
    said = answer.json
    assert said["matched"] == said["changed"] + said["skipped"], said
    return said["matched"], said["changed"], said["more"]


def cancel(bide, **filter):
    return counts(bide.post("/v1/tasks:cancel", filter))


def retry(bide, **filter):
    return counts(bide.post("/v1/tasks:retry", filter))


def later(bide, n=1, **fields):
    return [bide.submit("later", delay_ms=DAY, **fields)["id"] for _ in range(n)]


def many(bide, bodies):
    """Submits them from many threads, so that one commit takes several; returns their ids, in the order of the bodies."""
    with ThreadPoolExecutor(16) as threads:
        return [answer.json["id"] for answer in threads.map(lambda body: bide.post("/v1/tasks", body), bodies)]


def statuses(bide, ids):
    return [bide.task(id)["status"] for id in ids]


# ---- cancel ----


def test_all_that_fit_are_cancelled_and_no_other(bide):
    mine, others = later(bide, 3, tags={"cancel": "mine", "n": "1"}), later(bide, 2, tags={"cancel": "other", "n": "1"})
    assert cancel(bide, tags={"cancel": "mine", "n": "1"}) == (3, 3, False)
    assert statuses(bide, mine) == ["cancelled"] * 3 and statuses(bide, others) == ["scheduled"] * 2
    assert cancel(bide, tags={"cancel": "mine"}) == (0, 0, False)


FILTERS = {
    "type": lambda t: {"type": t["type"]},
    "queue": lambda t: {"queue": t["queue"]},
    "subject": lambda t: {"subject": t["subject"]},
    "status": lambda t: {"status": "scheduled"},
    "tags": lambda t: {"tags": t["tags"]},
    "created_after": lambda t: {"created_after": t["created_at"]},
    "created_before": lambda t: {"created_before": "2099-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("name", FILTERS)
def test_each_member_is_a_filter_of_its_own_and_they_hold_together(serve, name):
    bide = serve(types={"b": {"worker": "actor", "queue": "other"}}, queues={"default": {"concurrency": 1}, "other": {"concurrency": 1}})
    other = bide.act(subject="a", tags={"k": "a"})
    bide.ended(other, "completed")
    until(lambda: bide.act() and bide.listed()[0]["created_at"] > bide.task(other)["created_at"], "the next millisecond")
    until(lambda: not bide.listed(status="running") and not bide.listed(status="pending"), "only endings")
    task = bide.submit("b", {}, delay_ms=DAY, subject="b", tags={"k": "b"})
    every = {k: v for make in FILTERS.values() for k, v in make(task).items()}
    for member, wrong in (("subject", "a"), ("tags", {"k": "a"}), ("type", "act"), ("queue", "default"), ("status", "retrying")):
        assert cancel(bide, **{**every, member: wrong}) == (0, 0, False)
    assert cancel(bide, **FILTERS[name](task)) == (1, 1, False)
    assert bide.task(task["id"])["status"] == "cancelled"


def test_running_tasks_are_asked_to_stop_once(serve):
    bide = serve(queues={"default": {"concurrency": 2}}, pool={"instances": 2})
    running = [bide.act(["ignore", bide.gate("stop")], grace_ms=10_000) for _ in range(2)]
    for id in running:
        bide.seen(id, "running")
    pending = bide.act()
    scheduled = bide.act(delay_ms=DAY)
    assert cancel(bide, type="act", status="running") == (2, 2, False)
    assert all(bide.task(id)["cancel_requested"] for id in running) and bide.task(pending)["status"] == "pending"
    assert cancel(bide, type="act") == (4, 2, False), "two were asked before"
    assert statuses(bide, [pending, scheduled, *running]) == ["cancelled"] * 2 + ["running"] * 2
    bide.open_gate("stop")
    for id in running:
        bide.ended(id, "completed")


def test_retrying_tasks_are_cancelled_under_their_own_word(bide):
    slow = {"backoff": "fixed", "base_ms": 600_000, "jitter": "none"}
    id = bide.act(["fail", {"retry": True}], retry=slow, subject="retrying")
    bide.seen(id, "retrying")
    assert cancel(bide, subject="retrying", status="scheduled") == (0, 0, False)
    assert cancel(bide, subject="retrying", status="retrying") == (1, 1, False)


def test_more_tasks_than_one_commit_takes_are_all_cancelled_while_others_come_and_run(serve):
    bide = serve(queues={"default": {"concurrency": 8}}, types={"echo": {"exec": ["/bin/cat"]}})
    bodies = [{"type": "echo", "tags": {"many": "1"}, "delay_ms": 0 if n % 3 else DAY} for n in range(330)]
    ids = many(bide, bodies)
    stop, added = threading.Event(), []

    def add():
        while not stop.is_set():
            added.append(bide.submit("echo", 1, tags={"many": "2"})["id"])

    thread = threading.Thread(target=add)
    thread.start()
    matched, changed, more = cancel(bide, tags={"many": "1"})
    stop.set()
    thread.join()
    assert not more and matched >= changed > 0
    ended = [bide.ended(id)["status"] for id in ids]
    assert set(ended) <= {"cancelled", "completed"} and ended[::3] == ["cancelled"] * 110
    assert ended.count("cancelled") <= changed
    for id in added:
        bide.ended(id, "completed")
    assert cancel(bide, tags={"many": "1"}) == (0, 0, False)


def test_two_cancels_at_once_change_each_task_once(bide):
    many(bide, [{"type": "later", "delay_ms": DAY, "tags": {"twice": "1"}}] * 250)
    results = []
    threads = [threading.Thread(target=lambda: results.append(cancel(bide, tags={"twice": "1"}))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(changed for _, changed, _ in results) == 250
    assert {t["status"] for t in bide.listed(tag="twice:1")} == {"cancelled"}


def test_cancelled_tasks_stay_so_after_kill_9(serve):
    bide = serve()
    ids = [bide.act(delay_ms=DAY) for _ in range(3)]
    assert cancel(bide, type="act") == (3, 3, False)
    bide.restart9()
    assert statuses(bide, ids) == ["cancelled"] * 3


# ---- retry ----


def test_failed_tasks_run_again_and_others_only_when_asked_for(serve):
    bide = serve(types={"once": {"exec": ["/bin/sh", "-c", "test -e go"], "max_attempts": 1}})
    failed = [bide.submit("once")["id"] for _ in range(3)]
    for id in failed:
        bide.ended(id, "failed")
    cancelled = bide.submit("once", delay_ms=DAY)["id"]
    bide.post(f"/v1/tasks/{cancelled}/cancel")
    (bide.dir / "go").touch()
    assert retry(bide, type="once") == (3, 3, False)
    assert [bide.ended(id, "completed")["run"] for id in failed] == [2] * 3
    assert bide.task(cancelled)["status"] == "cancelled"
    assert retry(bide, type="once") == (0, 0, False)
    assert retry(bide, type="once", status="cancelled") == (1, 1, False)
    bide.ended(cancelled, "completed")
    assert retry(bide, type="once", status="completed") == (4, 4, False)


def test_a_retry_by_filter_stops_at_the_capacity_of_the_queue(serve):
    bide = serve(queues={"default": {"concurrency": 1, "capacity": 4}})
    ids = [bide.act(["fail", {"retry": False}]) for _ in range(3)]
    for id in ids:
        bide.ended(id, "failed")
    bide.post("/v1/queues/default/pause")
    for _ in range(2):
        bide.act()
    assert retry(bide, type="act") == (3, 2, False)
    assert sorted(statuses(bide, ids)) == ["failed", "pending", "pending"]


def test_tasks_that_fail_again_are_tried_once_by_one_request(bide):
    ids = [bide.submit("fail", subject="again")["id"] for _ in range(5)]
    for id in ids:
        bide.ended(id, "failed")
    assert retry(bide, subject="again") == (5, 5, False)
    for id in ids:
        assert until(lambda: next((t for t in [bide.ended(id, "failed")] if t["run"] == 2), None))


# ---- refusals ----


@pytest.mark.parametrize("verb", ["cancel", "retry"])
@pytest.mark.parametrize("body", [None, b"{}", b'{"tags":{}}'])
def test_a_filter_that_says_nothing_is_refused(bide, verb, body):
    [id] = later(bide)
    answer = bide.post(f"/v1/tasks:{verb}", body)
    assert "at least one" in problem(answer, 400, "invalid")["detail"]
    assert bide.task(id)["status"] == "scheduled"


WRONG = {
    "/type": [1, None, "x" * 201],
    "/queue": [[], "x" * 201],
    "/subject": [{}, "x" * 501],
    "/tags": ["a:1", [], None, {"a": 1}, {"a": None}, {str(n): "v" for n in range(9)}, {"k" * 101: "v"}],
    "/created_after": ["now", 1, None, "2026-11-21"],
    "/created_before": ["", True, "2026-13-01T00:00:00Z"],
}


@pytest.mark.parametrize("verb", ["cancel", "retry"])
@pytest.mark.parametrize("pointer,value", [(p, v) for p, vs in WRONG.items() for v in vs], ids=lambda v: str(v)[:20])
def test_a_filter_of_the_wrong_kind_or_range_is_pointed_at(bide, verb, pointer, value):
    answer = bide.post(f"/v1/tasks:{verb}", {pointer[1:]: value})
    problem(answer, 400, "invalid")
    assert pointers(answer)[0].startswith(pointer), answer


ENDINGS = ["completed", "failed", "cancelled", "expired"]
ALIVE = ["blocked", "scheduled", "retrying", "pending", "running"]


USELESS = [("cancel", s) for s in [*ENDINGS, "done", "", 1]] + [("retry", s) for s in [*ALIVE, "Failed", None]]


@pytest.mark.parametrize("verb,status", USELESS)
def test_a_status_that_the_verb_has_no_use_for_is_pointed_at(bide, verb, status):
    answer = bide.post(f"/v1/tasks:{verb}", {"status": status})
    problem(answer, 400, "invalid")
    assert pointers(answer) == ["/status"]


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_what_is_no_filter_is_refused(bide, verb):
    target = f"/v1/tasks:{verb}"
    for text in (b"[]", b"null", b'"type"'):
        problem(bide.post(target, text), 400, "invalid")
    for text in (b" ", b"{", b'{"type":"a","type":"b"}'):
        problem(bide.post(target, text), 400, "invalid_json")
    answer = bide.post(target, {"tag": "a:1"})
    assert "tags" in problem(answer, 400, "unknown_field")["detail"] and pointers(answer) == ["/tag"]
    problem(bide.post(target, b"type=cat", {"Content-Type": "application/x-www-form-urlencoded"}), 415, "unsupported_media_type")
    problem(bide.post(f"{target}?type=cat"), 400, "unknown_field")
    problem(bide.post(f"/v1/tasks:{verb}s", {}), 404, "not_found")


# ---- purge ----


def test_a_purge_cancels_what_waits_and_leaves_what_runs_and_what_is_elsewhere(serve):
    bide = serve(queues={"default": {"concurrency": 1}, "other": {"concurrency": 1}}, pool={"instances": 2})
    running = bide.act(["until", bide.gate("run")])
    bide.seen(running, "running")
    slow = {"backoff": "fixed", "base_ms": 600_000, "jitter": "none"}
    waiting = [bide.act(), bide.act(delay_ms=DAY)]
    elsewhere = bide.act(queue="other", delay_ms=DAY)
    retrying = bide.act(["fail", {"retry": True}], queue="other", retry=slow)
    bide.seen(retrying, "retrying")
    assert counts(bide.post("/v1/queues/default/purge")) == (2, 2, False)
    assert statuses(bide, [running, *waiting, elsewhere]) == ["running", "cancelled", "cancelled", "scheduled"]
    assert not bide.task(running)["cancel_requested"]
    assert counts(bide.post("/v1/queues/other/purge", {})) == (2, 2, False)
    assert counts(bide.post("/v1/queues/default/purge")) == (0, 0, False)
    bide.open_gate("run")
    bide.ended(running, "completed")
    problem(bide.post("/v1/queues/nowhere/purge"), 404, "not_found")


# ---- the newest ----


def latest(bide, subject, more=""):
    return bide.send("GET", f"/v1/tasks/latest?subject={subject}{more}")


def test_the_newest_task_about_a_subject_is_shown_as_itself(bide):
    for n in range(3):
        id = bide.submit("cat", n, subject="newest 1")["id"]
        bide.ended(id)
        answer, own = latest(bide, "newest%201"), bide.send("GET", f"/v1/tasks/{id}")
        assert (answer.status, answer.json, answer.headers["etag"]) == (200, own.json, own.headers["etag"])
    [other] = later(bide, subject="newest 1")
    assert latest(bide, "newest%201").json["id"] == other
    assert latest(bide, "newest%201", "&type=cat").json["id"] == id
    etag = latest(bide, "newest%201").headers["etag"]
    assert bide.send("GET", "/v1/tasks/latest?subject=newest%201", headers={"If-None-Match": etag}).status == 304
    head = bide.send("HEAD", "/v1/tasks/latest?subject=newest%201")
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", etag)


def test_the_newest_task_is_waited_for(bide):
    id = bide.act(["until", bide.gate("newest")], subject="awaited")
    connection = bide.connect()
    connection.request("GET", "/v1/tasks/latest?subject=awaited&wait=30")
    bide.seen(id, "running")
    bide.open_gate("newest")
    began = time.monotonic()
    task = json.loads(connection.getresponse().read())
    assert (task["id"], task["status"]) == (id, "completed") and time.monotonic() - began < 5
    connection.close()


def test_a_subject_without_a_task_is_404_and_no_subject_400(bide):
    problem(latest(bide, "nothing"), 404, "not_found")
    [id] = later(bide, subject="typed")
    problem(latest(bide, "typed", "&type=cat"), 404, "not_found")
    for query in ("", "?type=cat", "?subject=a&wait=x"):
        problem(bide.send("GET", f"/v1/tasks/latest{query}"), 400, "invalid")
    problem(bide.send("GET", "/v1/tasks/latest?subject=a&tag=b:c"), 400, "unknown_field")


def test_the_newest_of_a_subject_is_found_behind_thousands_of_others(serve):
    bide = serve(types={"later": {"exec": ["/bin/cat"]}})
    id = bide.submit("later", delay_ms=DAY, subject="deep")["id"]
    ids = many(bide, [{"type": "later", "delay_ms": DAY, "subject": f"s{n}"} for n in range(2000)])
    assert latest(bide, "deep").json["id"] == id
    assert latest(bide, "s1999").json["id"] == ids[1999] and latest(bide, "s0").json["id"] == ids[0]
    problem(latest(bide, "none"), 404, "not_found")
