# SPDX-License-Identifier: Apache-2.0
"""GET /v1/tasks/{id}/attempts: what was tried, in which run, and how it ended."""
import pytest
from harness import until

AGAIN = ["fail", {"code": "worker_error", "message": "no", "detail": "d", "type": "T", "retry": True}]
DAY = 24 * 3600 * 1000


def history(bide, id):
    """(attempts as (run, attempt, verdict), runs as (run, status, attempts), the whole answer)."""
    page = bide.get_json(f"/v1/tasks/{id}/attempts")
    assert page["next_cursor"] is None
    for attempt in page["items"]:
        assert (attempt["finished_at"] is None) == (attempt["verdict"] is None)
        assert attempt["finished_at"] is None or attempt["started_at"] <= attempt["finished_at"]
    tried = [(a["run"], a["attempt"], a["verdict"]) for a in page["items"]]
    assert tried == sorted(tried, key=lambda t: t[:2], reverse=True), "newest first, each once"
    return tried, [(r["run"], r["status"], r["attempts"]) for r in page["runs"]], page


def test_a_task_that_was_never_tried_has_none(bide):
    id = bide.submit("later", delay_ms=DAY)["id"]
    assert history(bide, id)[:2] == ([], [])
    bide.post(f"/v1/tasks/{id}/cancel")
    tried, runs, page = history(bide, id)
    assert (tried, runs) == ([], [(1, "cancelled", 0)])
    assert page["runs"][0]["started_at"] is None and page["runs"][0]["error"]["code"] == "cancelled"


def test_a_success_at_the_first_attempt_is_one(bide):
    id = bide.submit("cat")["id"]
    task = bide.ended(id, "completed")
    tried, runs, page = history(bide, id)
    assert (tried, runs) == ([(1, 1, "done")], [(1, "completed", 1)])
    [attempt] = page["items"]
    assert (attempt["started_at"], attempt["finished_at"]) == (task["started_at"], task["finished_at"])
    assert (attempt["error"], attempt["log_bytes"], page["runs"][0]["error"]) == (None, 0, None)


def test_a_success_that_printed_says_how_much(bide):
    id = bide.act(["print", "12345"])
    bide.ended(id, "completed")
    tried, _, page = history(bide, id)
    assert tried == [(1, 1, "done")] and page["items"][0]["log_bytes"] == len(bide.log(id)) >= 6


def test_the_attempt_that_is_under_way_is_shown(bide):
    id = bide.act(["until", bide.gate("history")])
    task = bide.seen(id, "running")
    tried, runs, page = history(bide, id)
    assert (tried, runs, page["items"][0]["started_at"]) == ([(1, 1, None)], [], task["started_at"])
    bide.open_gate("history")
    bide.ended(id, "completed")
    assert history(bide, id)[:2] == ([(1, 1, "done")], [(1, "completed", 1)])


def test_each_failure_is_kept_with_its_error_and_runs_follow_each_other(bide):
    id = bide.act(["print", "line"], AGAIN, max_attempts=3)
    task = bide.ended(id, "failed")
    tried, runs, page = history(bide, id)
    assert (tried, runs) == ([(1, n, "failed") for n in (3, 2, 1)], [(1, "failed", 3)])
    for n, attempt in zip((3, 2, 1), page["items"]):
        assert {**attempt["error"], "at": None} == {**task["error"], "attempt": n, "at": None}
        assert attempt["log_bytes"] >= 5
    assert page["runs"][0]["error"] == task["error"]
    bide.post(f"/v1/tasks/{id}/retry")
    until(lambda: len(history(bide, id)[1]) == 2, "the second run")
    assert history(bide, id)[:2] == (
        [(run, n, "failed") for run in (2, 1) for n in (3, 2, 1)], [(2, "failed", 3), (1, "failed", 3)])  # fmt: skip


def test_a_success_after_failures_and_a_run_after_it_are_all_there(serve):
    bide = serve(types={"twice": {"exec": ["/bin/sh", "-c", "if [ -e flag ]; then echo 1; else touch flag; exit 75; fi"]}})
    id = bide.submit("twice")["id"]
    bide.ended(id, "completed")
    assert history(bide, id)[:2] == ([(1, 2, "done"), (1, 1, "failed")], [(1, "completed", 2)])
    bide.post(f"/v1/tasks/{id}/retry")
    until(lambda: len(history(bide, id)[1]) == 2, "the second run")
    before = history(bide, id)
    assert before[:2] == ([(2, 1, "done"), (1, 2, "done"), (1, 1, "failed")], [(2, "completed", 1), (1, "completed", 2)])
    bide.restart9()
    assert history(bide, id) == before


def test_crashes_are_lost_attempts_and_the_third_is_poison(bide):
    id = bide.act(["exit", 7], max_attempts=10)
    bide.ended(id, "failed")
    tried, runs, page = history(bide, id)
    assert (tried, runs) == ([(1, n, "lost") for n in (3, 2, 1)], [(1, "failed", 3)])
    assert page["runs"][0]["error"]["code"] == "poison"
    assert [a["error"]["code"] for a in page["items"]][1:] == ["worker_crashed"] * 2


def test_a_timeout_and_a_cancel_have_words_of_their_own(bide):
    id = bide.act(["until", bide.gate("never")], timeout_ms=100, max_attempts=1)
    bide.ended(id, "failed")
    assert history(bide, id)[0] == [(1, 1, "timeout")]
    id = bide.act(["until", bide.gate("never")])
    bide.seen(id, "running")
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    assert history(bide, id)[:2] == ([(1, 1, "cancelled")], [(1, "cancelled", 1)])


def test_an_attempt_lost_with_the_server_is_shown(serve):
    bide = serve()
    id = bide.act(["note", str(bide.dir / "ran"), "x"], ["until", bide.gate("go")], max_attempts=1)
    for n in range(2):
        until(lambda: len(bide.lines("ran")) == n + 1, f"attempt {n + 1}")
        bide.restart9()
    bide.open_gate("go")
    bide.ended(id, "completed")
    assert history(bide, id)[:2] == ([(1, 3, "done"), (1, 2, "lost"), (1, 1, "lost")], [(1, "completed", 3)])


@pytest.mark.parametrize("verb,status", [("complete", "completed"), ("fail", "failed")])
def test_an_end_from_outside_is_a_run_without_a_further_attempt(bide, verb, status):
    id = bide.submit("later", delay_ms=DAY)["id"]
    bide.post(f"/v1/tasks/{id}/{verb}")
    assert history(bide, id)[:2] == ([], [(1, status, 0)])
    slow = {"backoff": "fixed", "base_ms": 600_000, "jitter": "none"}
    id = bide.act(AGAIN, retry=slow)
    bide.seen(id, "retrying")
    bide.post(f"/v1/tasks/{id}/{verb}")
    assert history(bide, id)[:2] == ([(1, 1, "failed")], [(1, status, 1)])


def test_of_more_than_200_attempts_the_newest_are_shown(bide):
    quick = {"backoff": "fixed", "base_ms": 0, "jitter": "none"}
    id = bide.act(AGAIN, max_attempts=205, retry=quick)
    until(lambda: bide.task(id)["status"] == "failed", "205 attempts", seconds=60)
    tried, runs, _ = history(bide, id)
    assert (tried, runs) == ([(1, n, "failed") for n in range(205, 5, -1)], [(1, "failed", 205)])


def test_attempts_take_no_query_and_no_change(bide):
    id = bide.submit("cat")["id"]
    assert bide.send("GET", f"/v1/tasks/{id}/attempts?limit=5").status == 400
    assert bide.send("POST", f"/v1/tasks/{id}/attempts").status == 405
    head = bide.send("HEAD", f"/v1/tasks/{id}/attempts")
    assert (head.status, head.body) == (200, b"")
