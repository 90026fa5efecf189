# SPDX-License-Identifier: Apache-2.0
"""Cancel, in every state a task can be in; and timeouts, which stop attempts by the same ladder."""
import time

from harness import is_alive, problem, until

GRACE = 0.6  # harness.QUICK


def test_a_pending_task_is_cancelled_at_once_and_never_runs(serve):
    bide = serve(queues={"default": {"concurrency": 1}})
    first = bide.act(["until", bide.gate("first")])
    bide.seen(first, "running")
    second = bide.act(["note", str(bide.dir / "ran"), "second"])
    answer = bide.post(f"/v1/tasks/{second}/cancel")
    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    bide.open_gate("first")
    bide.ended(first, "completed")
    third = bide.act()
    bide.ended(third, "completed")
    task = bide.task(second)
    assert (task["status"], task["attempt"], task["started_at"], task["error"]["code"]) == ("cancelled", 0, None, "cancelled")
    assert bide.lines("ran") == []


def test_a_scheduled_task_is_cancelled_at_once(bide):
    id = bide.submit("cat", delay_ms=60_000)["id"]
    answer = bide.post(f"/v1/tasks/{id}/cancel")
    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    assert bide.task(id)["finished_at"]


def test_a_retrying_task_is_cancelled_at_once(bide):
    retry = {"backoff": "fixed", "base_ms": 60_000, "jitter": "none"}
    id = bide.act(["fail", {"code": "worker_error", "message": "no", "retry": True}], retry=retry)
    task = bide.seen(id, "retrying")
    assert task["waiting_on"]["reason"] == "retry" and task["attempt"] == 1
    answer = bide.post(f"/v1/tasks/{id}/cancel")
    assert (answer.status, answer.json["status"]) == (200, "cancelled")


def test_a_running_task_that_obeys_is_cancelled_and_its_process_lives_on(serve):
    bide = serve()
    id = bide.act(["until", bide.gate("never")])
    bide.seen(id, "running")
    [worker] = bide.get_json("/v1/workers")["items"]
    answer = bide.post(f"/v1/tasks/{id}/cancel")
    assert (answer.status, answer.json["status"], answer.json["cancel_requested"]) == (202, "running", True)
    began = time.monotonic()
    task = bide.ended(id, "cancelled")
    assert time.monotonic() - began < GRACE
    assert task["error"]["code"] == "cancelled" and task["cancel_requested"]
    result = bide.ended(bide.act(), "completed")["result"]
    assert (result["pid"], result["loads"]) == (worker["pid"], 1)


def test_a_running_task_that_ignores_everything_is_killed_with_its_descendants(serve):
    bide = serve(pool={"instances": 1})
    id = bide.act(["deaf"], ["child", 1000], ["ignore", bide.gate("never")])
    child = int(until(lambda: (bide.task(id)["progress"] or {}).get("message"), "the grandchild"))
    [worker] = bide.get_json("/v1/workers")["items"]
    assert is_alive(child)
    began = time.monotonic()
    assert bide.post(f"/v1/tasks/{id}/cancel").status == 202
    bide.ended(id, "cancelled")
    took = time.monotonic() - began
    assert GRACE * 0.9 <= took < GRACE + 1, "dead within grace plus one second"
    assert not is_alive(child) and not is_alive(worker["pid"])
    assert bide.ended(bide.act(), "completed")["result"]["pid"] != worker["pid"]


def test_a_task_that_ignores_frames_but_not_sigterm_ends_at_half_the_grace(serve):
    bide = serve()
    id = bide.act(["ignore", bide.gate("never")])
    bide.seen(id, "running")
    began = time.monotonic()
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    assert GRACE * 0.45 <= time.monotonic() - began < GRACE


def test_a_done_before_the_worker_read_the_cancel_wins(serve):
    bide = serve()
    id = bide.act(["ignore", bide.gate("done")], grace_ms=10_000)
    bide.seen(id, "running")
    assert bide.post(f"/v1/tasks/{id}/cancel").status == 202
    bide.open_gate("done")
    task = bide.ended(id)
    assert task["status"] == "completed" and task["result"], task


def test_a_cancel_is_idempotent_and_changes_no_ending(bide):
    id = bide.submit("cat")["id"]
    bide.ended(id, "completed")
    answer = bide.post(f"/v1/tasks/{id}/cancel")
    assert (answer.status, answer.json["status"]) == (200, "completed")
    id = bide.act(["until", bide.gate("never")])
    bide.seen(id, "running")
    for _ in range(3):
        assert bide.post(f"/v1/tasks/{id}/cancel").status in (200, 202)
    bide.ended(id, "cancelled")
    assert bide.post(f"/v1/tasks/{id}/cancel").status == 200


def test_a_cancelled_command_gets_sigterm_at_once_and_its_tree_is_killed(serve):
    bide = serve(
        types={
            "polite": {"exec": ["/bin/sh", "-c", "trap 'echo bye; exit 1' TERM; while :; do sleep 0.01; done"]},
            "deaf": {"exec": ["/bin/sh", "-c", "trap '' TERM; setsid sleep 1000 & echo $! >&2; wait; sleep 1000"]},
        }
    )
    id = bide.submit("polite")["id"]
    bide.seen(id, "running")
    began = time.monotonic()
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    assert time.monotonic() - began < GRACE
    id = bide.submit("deaf")["id"]
    child = int(until(lambda: bide.log(id).strip(), "the grandchild"))
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    assert not is_alive(child)


def test_a_timeout_stops_the_attempt_and_counts_as_a_failure(serve):
    bide = serve()
    id = bide.act(["until", bide.gate("never")], timeout_ms=150, max_attempts=2)
    task = bide.ended(id, "failed")
    assert (task["attempt"], task["error"]["code"]) == (2, "timeout")
    assert not task["cancel_requested"]
    assert task["timing"]["run_ms"] >= 140


def test_a_timeout_of_a_deaf_worker_kills_it_and_the_next_task_has_a_new_one(serve):
    bide = serve()
    id = bide.act(["deaf"], ["ignore", bide.gate("never")], timeout_ms=100, max_attempts=1, grace_ms=200)
    assert bide.ended(id, "failed")["error"]["code"] == "timeout"
    assert bide.ended(bide.act(), "completed")


def test_a_task_that_did_not_start_in_time_expires(serve):
    bide = serve(queues={"default": {"concurrency": 1}})
    first = bide.act(["until", bide.gate("first")])
    bide.seen(first, "running")
    second = bide.act(["note", str(bide.dir / "ran"), "second"], start_within_ms=200)
    task = bide.ended(second, "expired")
    assert (task["error"]["code"], task["started_at"]) == ("expired", None)
    bide.open_gate("first")
    bide.ended(bide.act(), "completed")
    assert bide.lines("ran") == []
    problem(bide.send("GET", f"/v1/tasks/{second}/result"), 409)


def test_a_task_that_started_in_time_does_not_expire(bide):
    id = bide.act(["until", bide.gate("started")], start_within_ms=3_000)
    bide.seen(id, "running")
    bide.open_gate("started")
    bide.ended(id, "completed")
