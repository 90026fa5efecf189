# SPDX-License-Identifier: Apache-2.0
"""bide.inline: a worker's functions run in this process behind the methods of the clients."""
import asyncio
import time
from pathlib import Path

import pytest

import bide
from bide import aio, client as blocking, inline, problems


def counts(changed, skipped=0):
    return {"matched": changed + skipped, "changed": changed, "skipped": skipped, "more": False}


def test_a_submit_answers_with_the_pending_task_and_the_task_has_run(worker, client):
    @worker.task("count")
    def count(task):
        task.progress(50, "half")
        task.log("counting")
        task.output("1 ")
        task.output("2")
        Path(task.file("words.txt")).write_text("x")
        return {"words": len(task.input["text"].split()), "attempt": task.attempt}

    task = client.submit("count", {"text": "one two"}, subject="s", tags={"a": "b"}, priority=3)
    assert (task["status"], task["attempt"], "result" in task) == ("pending", 0, False)
    ended = client.get(task["id"])
    assert (ended["status"], ended["result"]) == ("completed", {"words": 2, "attempt": 1})
    assert ended["progress"] == {"percent": 50, "message": "half", "data": {}}
    assert (ended["files"], ended["tags"], ended["error"]) == (["words.txt"], {"a": "b"}, None)
    assert client.log(task["id"]) == "info: counting\n" and client.output(task["id"]) == "1 2"
    assert client.wait(task["id"]) == client.latest("s") == ended
    assert client.result(task["id"]) == ended["result"]
    assert client.submit("count", {"text": "x"}, wait=1)["status"] == "completed"


def test_it_is_one_of_the_clients_with_the_same_members_in_its_tasks(worker, client):
    assert isinstance(client, blocking.Client) and isinstance(inline.AsyncClient(worker), aio.AsyncClient)
    worker.task("t")(lambda task: None)
    page = (Path(__file__).parents[2] / "doc/protocol.md").read_text()
    shown = page.partition('```json answer\n{\n  "id"')[2].partition("```")[0]
    members = ["id"] + [line.split('"')[1] for line in shown.splitlines() if line.startswith('  "')]
    assert len(members) > 25
    assert set(members) - set(client.get(client.submit("t")["id"])) == set()


def test_a_failure_is_retried_without_sleeping_and_the_pauses_are_seen_on_the_clock(worker, client):
    seen = []

    @worker.task("flaky", retry_on=OSError)
    def flaky(task):
        seen.append((task.attempt, task.resume))
        task.save({"tries": task.attempt})
        if task.attempt == 1:
            raise bide.Retry("come back", after=3600)
        if task.attempt == 2:
            raise OSError("once more")
        return "at last"

    began = time.monotonic()
    task = client.wait(client.submit("flaky")["id"])
    assert (task["status"], task["result"], task["attempt"], task["error"]) == ("completed", "at last", 3, None)
    assert seen == [(1, None), (2, {"tries": 1}), (3, {"tries": 2})]
    assert [a["error"] and a["error"]["message"] for a in client.attempts(task["id"])] == ["come back", "once more", None]
    assert task["started_at"] > task["created_at"]
    assert time.monotonic() - began < 30


def test_classes_of_exceptions_decide_on_retries_and_attempts_run_out(worker, client):
    worker.task("wrong", no_retry=(ValueError,))(lambda task: int("x"))
    worker.task("lookup", retry_on=(OSError,))(lambda task: {}["x"])
    worker.task("always")(lambda task: 1 / 0)
    for type, attempts, error in [("wrong", 1, "ValueError"), ("lookup", 1, "KeyError"), ("always", 2, "ZeroDivisionError")]:
        task = client.submit(type, max_attempts=2, wait=60)
        assert (task["status"], task["attempt"], task["error"]["type"]) == ("failed", attempts, error)
        assert "Traceback" in task["error"]["detail"]
        with pytest.raises(problems.Conflict) as caught:
            client.result(task["id"])
        assert caught.value.body["error"]["type"] == error


def test_refusals_are_those_of_a_server(worker, client):
    worker.task("t.*")(lambda task: None)
    for kind, act in [
        (problems.UnknownType, lambda: client.submit("nobody")),
        (problems.UnknownField, lambda: client.submit("t.x", prioritee=1)),
        (problems.Invalid, lambda: client.submit("t.x", priority=101)),
        (problems.Invalid, lambda: client.submit("t.x", run_at="soon")),
        (problems.NotFound, lambda: client.get("x")),
        (problems.NotFound, lambda: client.wait("x")),
        (problems.NotFound, lambda: client.latest("x")),
        (problems.NotFound, lambda: client.queue("nowhere")),
        (problems.UnknownField, lambda: next(client.list(colour="red"))),
        (problems.Conflict, lambda: client.retry(client.submit("t.x", delay_ms=5)["id"])),
        (problems.NotEnded, lambda: client.result(client.submit("t.x", delay_ms=5)["id"])),
        (problems.Unsupported, lambda: client.stop_worker("inline-1")),
    ]:
        with pytest.raises(kind):
            act()
    with pytest.raises(problems.UnknownField) as caught:
        client.submit("t.x", prioritee=1)
    assert caught.value.errors[0]["pointer"] == "/prioritee"


def test_time_moves_when_it_is_told_to(worker, client):
    worker.task("t")(lambda task: None)
    later = client.submit("t", delay_ms=60_000)
    expiring = client.submit("t", delay_ms=60_000, start_within_ms=1000)
    assert later["status"] == "scheduled"
    with pytest.raises(problems.WaitTimeout):
        client.wait(later["id"], timeout=30)
    assert client.get(expiring["id"])["status"] == "expired"
    assert client.advance(29) == 0
    assert client.advance(1) == 1
    assert client.get(later["id"])["status"] == "completed"
    assert client.wait(client.submit("t", delay_ms=10**9)["id"])["status"] == "completed"


def test_not_eager_tasks_wait_for_work_and_run_by_priority(worker):
    order = []
    worker.task("t")(lambda task: order.append(task.input))
    client = inline.Client(worker, eager=False)
    tasks = [client.submit("t", n, priority=n % 2) for n in range(4)]
    client.update(tasks[0]["id"], priority=50, tags={"x": "y"})
    client.cancel(tasks[2]["id"])
    assert client.page(limit=1).items[0]["id"] == tasks[3]["id"]
    assert [task["id"] for task in client.list(limit=1)] == [task["id"] for task in tasks[::-1]]
    assert [task["id"] for task in client.list(tag="x:y")] == [tasks[0]["id"]]
    assert client.work() == 3
    assert order == [0, 1, 3]
    assert client.stats()["tasks"]["cancelled"] == 1
    with pytest.raises(problems.Conflict):
        client.update(tasks[0]["id"], priority=1)
    client.delete(tasks[0]["id"])
    assert client.retry_all(type="t") == counts(0), "none has failed"
    assert client.retry_all(status="cancelled") == counts(1) and client.work() == 1
    assert client.retry(tasks[3]["id"])["run"] == 2
    assert client.cancel_all(type="t", tags={"x": "z"}) == client.cancel_all(created_before=tasks[0]["created_at"]) == counts(0)
    assert client.cancel_all(everything=True) == counts(1)
    for filters in ({"status": "failed"}, {"tags": {}}, {"created_after": "now"}):
        with pytest.raises(problems.Invalid):
            client.cancel_all(**filters)
    with pytest.raises(problems.Invalid):
        client.retry_all(status="pending")


def test_queues_pause_fill_and_drain(worker, client):
    worker.task("t")(lambda task: None)
    client.submit("t", queue="gpu")
    client.pause("gpu")
    held = client.submit("t", queue="gpu")
    with pytest.raises(inline.Stuck, match="paused"):
        client.wait(held["id"])
    assert client.queue("gpu")["depth"]["pending"] == 1
    client.update_queue("gpu", capacity=1)
    with pytest.raises(problems.QueueFull):
        client.submit("t", queue="gpu")
    client.resume("gpu")
    assert client.get(held["id"])["status"] == "completed"
    client.drain("gpu")
    with pytest.raises(problems.Draining):
        client.submit("t", queue="gpu")
    client.pause("default")
    client.submit("t")
    assert client.purge("default") == counts(1) and client.queue("default")["depth"]["cancelled"] == 1
    queue = client.update_queue("gpu", capacity=None, paused=True)
    assert (queue["capacity"], queue["paused"], queue["draining"]) == (None, True, True)
    queue = client.resume("gpu")
    assert (queue["paused"], queue["draining"]) == (False, False)
    with pytest.raises(problems.UnknownField):
        client.update_queue("gpu", colour=1)
    assert [queue["name"] for queue in client.queues()] == ["gpu", "default"]
    assert [worker["pool"] for worker in client.workers()] == ["inline"]


def test_batches_go_together_as_far_as_they_may(worker, client):
    sizes = []

    @worker.task("double", max_batch=2)
    def double(tasks):
        sizes.append(len(tasks))
        return [ValueError("odd one") if task.input == 3 else task.input * 2 for task in tasks]

    items = client.submit_many([{"type": "double", "input": n, "max_attempts": 1} for n in range(5)] + [{"type": "x"}])
    assert [item["status"] for item in items] == [202] * 5 + [422]
    assert sizes == [2, 2, 1]
    tasks = [client.get(item["id"]) for item in items[:5]]
    assert [task["result"] for task in tasks] == [0, 2, 4, None, 8]
    assert [task["timing"]["batch_size"] for task in tasks] == [2, 2, 2, 2, 1]
    assert items[5]["error"]["code"] == "unknown_type"


def test_hooks_and_loaders_run_as_in_a_worker(worker, client):
    said = []
    worker.load(lambda: said.append("load"))
    worker.before(lambda task: said.append(f"before {task.type}"))
    worker.after(lambda task, outcome: said.append(f"after {outcome.status}"))
    worker.task("ok")(lambda task: said.append("ok"))
    worker.task("bad", no_retry=Exception)(lambda task: 1 / 0)
    assert said == []
    client.submit("ok")
    client.submit("bad")
    assert said == ["load", "before ok", "ok", "after completed", "before bad", "after failed"]


def test_a_handler_submits_waits_and_cancels(worker, client):
    order = []

    @worker.task("outer")
    def outer(task):
        client.submit("inner", "queued behind")
        order.append("outer goes on")
        return client.wait(client.submit("inner", "waited for", priority=9)["id"])["result"]

    @worker.task("inner")
    def inner(task):
        order.append(task.input)
        return task.input

    @worker.task("gives up")
    def gives_up(task):
        client.cancel(task.id)
        assert client.get(task.id)["cancel_requested"]
        task.progress(1)
        order.append("not obeyed")

    @worker.task("waits for itself")
    def waits(task):
        client.wait(task.id)

    assert client.submit("outer", wait=1)["result"] == "waited for"
    assert order == ["outer goes on", "waited for", "queued behind"]
    task = client.submit("gives up", wait=1)
    assert (task["status"], task["error"]["code"]) == ("cancelled", "cancelled")
    assert "own handler" in client.submit("waits for itself", max_attempts=1, wait=1)["error"]["message"]
    assert "not obeyed" not in order


def test_other_types_are_settled_by_the_test():
    client = inline.Client(types=["elsewhere"])
    task = client.submit("elsewhere", {"a": 1})
    with pytest.raises(inline.Stuck, match="complete or fail"):
        client.wait(task["id"])
    assert client.complete(task["id"], {"b": 2})["status"] == "completed"
    assert client.result(task["id"]) == {"b": 2}
    with pytest.raises(problems.Conflict):
        client.complete(task["id"], 3)
    task = client.fail(client.submit("elsewhere", max_attempts=5)["id"], "no_voice", "silent", detail="d", type="KeyError")
    error = {"code": "no_voice", "message": "silent", "detail": "d", "type": "KeyError", "attempt": None}
    assert (task["status"], {**task["error"], "at": ""}) == ("failed", {**error, "at": ""})


def test_the_same_key_is_the_same_task(worker, client):
    ran = []
    worker.task("t")(lambda task: ran.append(task.input))
    first = client.submit("t", 1, idempotency_key="k")
    assert client.submit("t", 1, idempotency_key="k") == first and ran == [1]
    with pytest.raises(problems.IdempotencyKeyReused):
        client.submit("t", 2, idempotency_key="k")


def test_a_task_with_a_key_is_there_once(worker):
    runs = []

    @worker.task("index")
    def index(task):
        runs.append(task.input)
        if task.input == "again":
            newer = client.submit("index", "newest", key="page", on_conflict="replace")
            assert client.get(newer["id"])["status"] == "pending", "this one is still at work"
            task.check()

    with inline.Client(worker, eager=False) as client:
        first = client.submit("index", 1, key="page")
        assert (first["key"], client.submit("index", 2)["key"]) == ("page", None)
        with pytest.raises(problems.KeyHeld) as refused:
            client.submit("index", 3, key="page")
        assert refused.value.body["task_id"] == first["id"]
        assert client.submit("index", 3, key="page", on_conflict="existing")["id"] == first["id"]
        second = client.submit("index", "again", key="page", on_conflict="replace")
        assert client.get(first["id"])["error"]["code"] == "replaced"
        with pytest.raises(problems.KeyHeld):
            client.retry(first["id"])
        items = client.submit_many([{"type": "index", "key": "page"}, {"type": "index", "key": "page", "on_conflict": "existing"}])
        assert (items[0]["status"], items[1]) == (409, {"index": 1, "status": 200, "id": second["id"], "existing": True})
        client.work()
        assert runs == [2, "again", "newest"]
        assert client.get(second["id"])["error"]["code"] == "replaced"
        assert client.submit("index", key="page")["status"] == "pending"
        for wrong in ({"key": ""}, {"on_conflict": "replace"}, {"key": "k", "on_conflict": "other"}):
            with pytest.raises(problems.Invalid):
                client.submit("index", **wrong)


def test_results_are_looked_at_as_by_a_server(worker, client):
    worker.task("large")(lambda task: "x" * 2_000_000)
    worker.task("nan")(lambda task: float("nan"))
    task = client.submit("large", wait=1)
    assert (task["result"], task["result_bytes"]) == (None, 2_000_002)
    assert client.result(task["id"]) == "x" * 2_000_000
    assert client.submit("nan", wait=60)["error"]["code"] == "bad_result"


def test_async_handlers_run_under_the_blocking_client_on_one_loop(worker, client):
    loops = []

    @worker.task("t")
    async def handler(task):
        await asyncio.sleep(0)  # sleep: one turn of the loop
        loops.append(asyncio.get_running_loop())
        if task.input:
            client.stats()

    client.submit("t")
    client.submit("t")
    assert loops[0] is loops[1]
    assert "AsyncClient" in client.submit("t", 1, max_attempts=1, wait=1)["error"]["message"]


def test_the_asyncio_client_runs_handlers_on_the_tests_own_loop(worker):
    async def main():
        async with inline.AsyncClient(worker) as client:
            started = asyncio.Event()

            @worker.task("t")
            async def handler(task):
                started.set()
                await asyncio.sleep(0)  # sleep: one turn of the loop
                return asyncio.get_running_loop() is loop

            @worker.task("hangs")
            async def hangs(task):
                started.set()
                await asyncio.sleep(3600)  # sleep: until it is cancelled

            loop = asyncio.get_running_loop()
            assert (await client.submit("t", wait=1))["result"] is True
            first, second = await asyncio.gather(client.submit("t"), client.submit("t"))
            assert [(await client.wait(t["id"]))["status"] for t in (first, second)] == ["completed"] * 2
            assert len([task async for task in client.list()]) == 3
            started.clear()
            submitting = asyncio.ensure_future(client.submit("hangs"))
            await started.wait()
            [task] = [task async for task in client.list(status="running")]
            await client.cancel(task["id"])
            await submitting
            assert (await client.wait(task["id"]))["status"] == "cancelled"
            await client.submit("t", delay_ms=1000)
            assert await client.advance(1) == 1 and await client.work() == 0

    asyncio.run(main())


def test_every_method_of_the_clients_is_there_or_says_that_it_is_not(worker, client):
    worker.task("t")(lambda task: None)
    task = client.submit("t")
    for verb in ("recycle_worker", "stop_worker"):
        with pytest.raises(problems.Unsupported, match="inline mode"):
            getattr(client, verb)("inline-1")
    assert client.attempts(task["id"])[0]["status"] == "done"
