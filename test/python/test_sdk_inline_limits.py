# SPDX-License-Identifier: Apache-2.0
"""bide.inline: places in line, and the limits of queues, by the rules of the server."""
import asyncio

import pytest

from bide import inline, problems
from bide.worker import Worker


@pytest.fixture
def ran():
    """Inputs, in the order in which their tasks began."""
    return []


@pytest.fixture
def worker(ran):
    worker = Worker()
    worker.task("t")(lambda task: ran.append(task.input))
    return worker


def submit(client, *inputs, **options):
    return [client.submit("t", input, **options)["id"] for input in inputs]


def places(client, ids):
    return [client.get(id)["position"] for id in ids]


def waits(client, id):
    waiting = client.get(id)["waiting_on"]
    return waiting and (waiting["reason"], waiting["detail"])


def test_a_task_that_could_run_has_a_place_in_its_own_queue(worker):
    with inline.Client(worker, eager=False, types=["elsewhere"]) as client:
        ids = submit(client, 1, 2, 3)
        [other] = submit(client, 4, queue="other")
        [later] = submit(client, 5, delay_ms=1000)
        done = client.submit("elsewhere")["id"]
        assert places(client, [*ids, other, later, done]) == [1, 2, 3, 1, None, 4]
        assert client.update(ids[2], priority=9)["position"] == 1
        client.pause("default")
        assert places(client, ids) == [2, 3, 1], "a pause changes no place"
        assert waits(client, ids[0]) == ("queue_paused", "queue default is paused")
        assert {task["position"] for task in client.list()} == {None}
        client.resume("default")
        client.work()
        assert places(client, [*ids, other]) == [None] * 4 and client.get(done)["position"] == 1


def test_of_a_key_so_many_run_at_a_time_as_the_queue_allows(worker, ran):
    sizes = []

    @worker.task("many", max_batch=4)
    def many(tasks):
        sizes.append([task.input for task in tasks])
        return [None] * len(tasks)

    with inline.Client(worker, eager=False) as client:
        client.pause("default")
        queue = client.update_queue("default", key_concurrency=2)
        assert queue["key_concurrency"] == 2
        ids = [client.submit("many", n, limit_key="ann")["id"] for n in range(3)]
        free = client.submit("many", "free")["id"]
        first = client.submit("many", "first", limit_key="ann", priority=1)["id"]
        client.resume("default")
        assert places(client, [*ids, free, first]) == [2, None, None, 3, 1], "who comes first takes the place"
        assert waits(client, ids[1]) == ("key", "key ann: 0 of 2 running, 2 next in line")
        client.work()
        assert sizes == [["first", 0, "free"], [1, 2]]
        assert client.update_queue("default", key_concurrency=0)["key_concurrency"] is None


def test_who_waits_for_a_task_that_its_own_key_holds_is_told(worker, client):
    client.update_queue("default", key_concurrency=1)

    @worker.task("outer")
    def outer(task):
        inner = client.submit("t", "inner", limit_key="ann")["id"]
        assert waits(client, inner) == ("key", "key ann: 1 of 1 running")
        with pytest.raises(inline.Stuck, match="key ann: 1 of 1 running"):
            client.wait(inner)
        assert client.wait(client.submit("t", "free", limit_key="bob")["id"])["status"] == "completed"
        return inner

    task = client.get(client.submit("outer", limit_key="ann")["id"])
    assert task["status"] == "completed", task["error"]
    assert client.get(task["result"])["status"] == "completed", "its place came free"


def test_each_key_has_a_rate_of_its_own(client, ran):
    assert client.update_queue("default", key_rate="1/s burst 2")["key_rate"] == "1/s burst 2"
    ids = submit(client, 1, 2, 3, limit_key="ann")
    [bob, free] = submit(client, "bob", limit_key="bob") + submit(client, "free")
    assert ran == [1, "bob", "free"] and waits(client, ids[1]) == ("key_rate", "key ann: 1/s burst 2")
    assert places(client, [*ids, bob, free]) == [None] * 5
    assert client.advance(0.999) == 0 and client.advance(0.001) == 1
    assert client.wait(ids[2])["status"] == "completed"
    assert submit(client, 4, limit_key="ann") and ran[-1] == 3, "what was taken is taken, though it has no task"
    client.advance(10)
    submit(client, 5, 6, 7, limit_key="ann")
    submit(client, *"abc", limit_key="new")
    assert ran[-5:] == [4, 5, 6, "a", "b"], "up to the burst are kept, also for a key that nobody has heard of"
    client.update_queue("default", key_rate="5/s burst 1")
    assert waits(client, ids[0]) is None and ran[-1] == "b", "the tokens that were there are, and no more"
    assert client.update_queue("default", key_rate=0)["key_rate"] is None
    client.work()
    assert ran[-2:] == [7, "c"]


def test_both_limits_of_a_key_hold_and_it_is_told_which_one(worker, client):
    client.update_queue("default", key_concurrency=1, key_rate="1/s burst 2")
    client.advance(2)

    @worker.task("outer")
    def outer(task):
        [inner] = submit(client, "inner", limit_key="ann")
        assert waits(client, inner) == ("key", "key ann: 1 of 1 running")
        return inner

    task = client.get(client.submit("outer", limit_key="ann")["id"])
    assert client.get(task["result"])["status"] == "completed", task["error"]
    [third] = submit(client, "third", limit_key="ann")
    assert waits(client, third) == ("key_rate", "key ann: 1/s burst 2")


def test_a_rate_lets_so_many_start_as_there_are_tokens(client, ran):
    assert client.update_queue("default", rate="1/s")["rate"] == "1/s"
    ids = submit(client, *range(6))
    assert ran == [0] and waits(client, ids[1]) == ("rate", "queue default: 1/s")
    assert places(client, ids) == [None, 1, 2, 3, 4, 5]
    assert client.advance(0.999) == 0 and client.advance(0.001) == 1
    assert client.advance(3) == 3 and ran == [0, 1, 2, 3, 4]
    assert submit(client, "free", queue="other") and ran[-1] == "free", "it holds up no other queue"
    assert client.wait(ids[5])["status"] == "completed"
    started = [client.get(id)["started_at"] for id in ids]
    assert len({moment[-4:] for moment in started}) == 1 and len(set(started)) == 6, "a second apart"
    assert client.advance(60) == 0
    submit(client, "a", "b")
    assert ran[-1] == "a", "one is kept"


def test_a_burst_is_kept_and_another_rate_keeps_the_tokens(client, ran):
    client.update_queue("default", rate="2/m burst 3")
    submit(client, *range(5))
    assert ran == [0], "it begins with one"
    assert client.advance(30) == 1 and client.advance(30) == 1 and client.advance(60) == 2
    client.advance(600)
    submit(client, *"abcd")
    assert ran[-3:] == ["a", "b", "c"]
    client.update_queue("default", rate="10/s")
    assert ran[-1] == "c", "there was no token"
    assert client.advance(0.1) == 1 and ran[-1] == "d"
    submit(client, "e", "f")
    client.update_queue("default", rate=0)
    assert ran[-2:] == ["e", "f"] and client.queue("default")["rate"] is None


def test_a_batch_takes_a_token_for_each_task_and_so_does_a_retry(worker, client):
    sizes = []

    @worker.task("many", max_batch=4)
    def many(tasks):
        sizes.append((len(tasks), tasks[0].attempt))
        return [ValueError("not yet") if task.attempt == 1 else None for task in tasks]

    client.update_queue("default", rate="1/s burst 2")
    client.advance(10)
    client.submit_many([{"type": "many", "retry": {"base_ms": 100}} for _ in range(3)])
    assert sizes[0] == (2, 1), "of three"
    client.advance(60)
    assert sum(size for size, _ in sizes) == 6, "each was tried twice"
    assert max(size for size, _ in sizes) == 2
    assert client.stats()["tasks"]["completed"] == 3


def test_scheduled_tasks_of_a_rated_queue_start_at_their_times_and_not_at_the_end(client, ran):
    client.update_queue("default", rate="1/s")
    ids = [client.submit("t", n, delay_ms=1000 * n)["id"] for n in range(1, 4)]
    assert client.advance(10) == 3
    tasks = [client.get(id) for id in ids]
    assert [task["started_at"] for task in tasks] == [task["run_at"] for task in tasks]


def test_the_asyncio_client_keeps_them_too(worker, ran):
    async def main():
        client = inline.AsyncClient(worker)
        await client.update_queue("default", rate="1/s")
        ids = [(await client.submit("t", n))["id"] for n in range(3)]
        assert (await client.get(ids[1]))["position"] == 1
        assert await client.advance(2) == 2 and ran == [0, 1, 2]
        await client.close()

    asyncio.run(main())


@pytest.mark.parametrize("rate", ["1/s", "1000000/d", "7/m burst 1000000", "3/h burst 1"])
def test_a_rate_reads_back_as_it_was_written(client, rate):
    assert client.update_queue("default", rate=rate)["rate"] == rate == client.queue("default")["rate"]
    assert client.update_queue("default", rate="10/s burst 10")["rate"] == "10/s"


WRONG = [
    *(("rate", value) for value in (1, True, "", "1", "0/s", "1/w", "1/s ", "1000001/s", "1/s burst 0", "1/s burst", "-1/s", {})),
    *(("key_rate", value) for value in (1, "", "0/s", "1/s burst 0")),
    *(("key_concurrency", value) for value in (-1, 100_001, "1", True, 1.5)),
    *(("capacity", value) for value in (-1, 2**31)),
    *(("concurrency", value) for value in (0, 100_001)),
    ("paused", None),
    ("draining", 1),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=str)
def test_what_is_no_limit_is_pointed_at_and_changes_nothing(client, name, value):
    before = client.update_queue("default", rate="5/s", key_concurrency=3, capacity=7)
    with pytest.raises(problems.Invalid) as refused:
        client.update_queue("default", **{"concurrency": 9, name: value})
    assert refused.value.errors[0]["pointer"] == f"/{name}" and client.queue("default") == before


def test_no_limit_and_as_configured_are_null(client):
    for none in (0, None):
        client.update_queue("default", rate="5/s", key_concurrency=3, capacity=7)
        queue = client.update_queue("default", rate=none, key_concurrency=none, capacity=none)
        assert (queue["rate"], queue["key_concurrency"], queue["capacity"]) == (None, None, None)
    assert client.update_queue("default", concurrency=4)["concurrency"] == 4
    assert client.update_queue("default", concurrency=None)["concurrency"] == 1
