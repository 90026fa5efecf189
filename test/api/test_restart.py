# SPDX-License-Identifier: Apache-2.0
"""The end of a server, wanted or not: nothing accepted is lost, nothing it started is left."""
import os
import signal
import sqlite3
import time

from harness import is_alive, problem, until


def test_pending_scheduled_and_running_tasks_survive_kill_9(serve):
    bide = serve(queues={"default": {"concurrency": 1}})
    running = bide.act(["note", str(bide.dir / "ran"), "x"], ["until", bide.gate("go")])
    bide.seen(running, "running")
    until(lambda: bide.lines("ran") == ["x"], "it runs")
    pending = [bide.act(priority=n) for n in range(5)]
    scheduled = bide.act(delay_ms=700)
    far = bide.act(delay_ms=3_600_000)
    ended = bide.submit("act")["id"]
    bide.post(f"/v1/tasks/{ended}/cancel")
    bide.restart9()
    bide.open_gate("go")
    for id in (running, *pending, scheduled):
        bide.ended(id, "completed")
    assert bide.lines("ran") == ["x", "x"], "the attempt that was lost is made again"
    assert bide.task(running)["error"] is None
    assert (bide.task(far)["status"], bide.task(ended)["status"]) == ("scheduled", "cancelled")
    assert len(bide.listed()) == 9


def test_kill_9_leaves_no_orphan_even_one_that_ignores_signals_in_its_own_session(serve):
    bide = serve()
    id = bide.act(["deaf"], ["child", 1000], ["ignore", bide.gate("never")])
    child = int(until(lambda: (bide.task(id)["progress"] or {}).get("message"), "the grandchild"))
    assert is_alive(child) and child in bide.processes()
    bide.kill9()
    until(lambda: not bide.processes(), "all of them dead")
    assert not is_alive(child)


def test_a_lost_attempt_counts_neither_as_attempt_nor_as_death(serve):
    bide = serve()
    id = bide.act(["note", str(bide.dir / "ran"), "x"], ["until", bide.gate("go")], max_attempts=1)
    for n in range(4):
        until(lambda: len(bide.lines("ran")) == n + 1, f"attempt {n + 1}")
        bide.restart9()
    bide.open_gate("go")
    bide.ended(id, "completed")


def test_a_cancel_of_a_running_task_is_not_forgotten_by_kill_9(serve):
    bide = serve()
    id = bide.act(["deaf"], ["note", str(bide.dir / "ran"), "x"], ["ignore", bide.gate("never")], grace_ms=60_000)
    until(lambda: bide.lines("ran"), "it runs")
    assert bide.post(f"/v1/tasks/{id}/cancel").status == 202
    bide.restart9()
    bide.ended(id, "cancelled")
    assert bide.lines("ran") == ["x"]


def test_sigterm_lets_running_tasks_end_and_starts_no_more(serve):
    bide = serve(queues={"default": {"concurrency": 1}})
    running = bide.act(["until", bide.gate("go")])
    bide.seen(running, "running")
    pending = bide.act(["note", str(bide.dir / "ran"), "x"])
    bide.process.send_signal(signal.SIGTERM)

    refused = until(lambda: next((a for a in [bide.post("/v1/tasks", {"type": "act"})] if a.status != 202), None), "a refusal")
    problem(refused, 503, "draining")
    assert int(refused.headers["retry-after"]) >= 1
    assert bide.task(running)["status"] == "running", "it can still be read"
    assert bide.process.poll() is None, "it waits for the running task"
    bide.open_gate("go")
    assert bide.exited() == 0
    assert not bide.processes()
    assert not bide.lines("ran")
    bide.start()
    assert bide.task(running)["status"] == "completed"
    bide.ended(pending, "completed")


def test_a_second_sigterm_stops_at_once_and_the_task_runs_again_later(serve):
    bide = serve()
    id = bide.act(["deaf"], ["note", str(bide.dir / "ran"), "x"], ["ignore", bide.gate("go")], timeout_ms=60_000)
    until(lambda: bide.lines("ran"), "it runs")
    bide.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    until(lambda: "drain" in bide.text().lower() or "stopping" in bide.text().lower(), "it says that it drains")
    bide.process.send_signal(signal.SIGTERM)
    bide.exited()
    assert time.monotonic() - began < 5
    assert not bide.processes()
    bide.open_gate("go")
    bide.start()
    bide.ended(id, "completed")


def test_an_idle_server_stops_quickly_with_its_idle_workers(serve):
    bide = serve()
    bide.ended(bide.act(), "completed")
    began = time.monotonic()
    assert bide.terminate() == 0
    assert time.monotonic() - began < 3
    assert not bide.processes()


def test_a_server_that_is_frozen_and_goes_on_loses_nothing(serve):
    bide = serve()
    id = bide.act(["until", bide.gate("go")])
    bide.seen(id, "running")
    os.kill(bide.process.pid, signal.SIGSTOP)
    bide.open_gate("go")
    os.kill(bide.process.pid, signal.SIGCONT)
    assert bide.ended(id, "completed")["attempt"] == 1


def test_the_store_is_a_plain_sqlite_file_that_can_be_read_meanwhile(serve):
    bide = serve()
    bide.ended(bide.act(), "completed")
    with sqlite3.connect(f"file:{bide.dir}/bide.db?mode=ro", uri=True) as reader:
        assert reader.execute("pragma quick_check").fetchone() == ("ok",)
        assert reader.execute("select count(*) from sqlite_master where type = 'table'").fetchone()[0] >= 3
