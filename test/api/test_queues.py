# SPDX-License-Identifier: Apache-2.0
"""Queues: order, concurrency, capacity, pause; and what a waiting task says it waits for."""
from harness import problem, until


def held(bide):
    """Occupies a queue of concurrency 1; returns how to let go."""
    first = bide.act(["until", bide.gate("hold")])
    bide.seen(first, "running")

    def let_go():
        bide.open_gate("hold")
        bide.ended(first, "completed")

    return let_go


def test_larger_priority_runs_first_and_equals_by_age(serve):
    bide = serve(queues={"default": {"concurrency": 1}})
    let_go = held(bide)
    note = str(bide.dir / "order")
    ids = [bide.act(["note", note, name], priority=p) for name, p in
           [("a", 0), ("b", 5), ("c", 0), ("d", -5), ("e", 5), ("f", 100), ("g", -100)]]
    let_go()
    for id in ids:
        bide.ended(id, "completed")
    assert bide.lines("order") == list("fbeacdg")


def test_a_queue_runs_no_more_than_its_concurrency(serve):
    bide = serve(queues={"default": {"concurrency": 2}}, pool={"instances": 4})
    ids = [bide.act(["until", bide.gate("all")]) for _ in range(4)]
    until(lambda: bide.queue()["depth"]["running"] == 2, "two running")
    detail = bide.waits(ids[3], "queue_limit")
    assert "2" in detail
    assert [bide.task(id)["status"] for id in ids] == ["running", "running", "pending", "pending"]
    bide.open_gate("all")
    for id in ids:
        bide.ended(id, "completed")


def test_a_full_queue_answers_429_with_retry_after_and_takes_tasks_again_later(serve):
    bide = serve(queues={"default": {"concurrency": 1, "capacity": 2}})
    let_go = held(bide)
    ids = []
    while len(ids) < 10:
        answer = bide.post("/v1/tasks", {"type": "act"})
        if answer.status == 429:
            break
        assert answer.status == 202, answer
        ids.append(answer.json["id"])
    assert 1 <= len(ids) <= 2
    problem(answer, 429, "queue_full")
    assert int(answer.headers["retry-after"]) >= 1
    let_go()
    for id in ids:
        bide.ended(id, "completed")
    bide.ended(bide.act(), "completed")


def test_a_retry_into_a_full_queue_is_429(serve):
    bide = serve(queues={"default": {"concurrency": 1, "capacity": 1}})
    ended = bide.act()
    bide.ended(ended, "completed")
    bide.act(delay_ms=60_000)
    answer = bide.post(f"/v1/tasks/{ended}/retry")
    problem(answer, 429, "queue_full")
    assert int(answer.headers["retry-after"]) >= 1
    assert bide.task(ended)["status"] == "completed"


def test_a_paused_queue_starts_nothing_and_its_tasks_say_so(serve):
    bide = serve()
    running = bide.act(["until", bide.gate("running")])
    bide.seen(running, "running")
    answer = bide.post("/v1/queues/default/pause")
    assert (answer.status, answer.json["paused"]) == (200, True)
    id = bide.act()
    bide.waits(id, "queue_paused")
    bide.open_gate("running")
    bide.ended(running, "completed")
    assert bide.task(id)["status"] == "pending"
    assert bide.post("/v1/queues/default/pause").json["paused"]
    answer = bide.post("/v1/queues/default/resume")
    assert (answer.status, answer.json["paused"]) == (200, False)
    bide.ended(id, "completed")


def test_a_pause_survives_a_restart(serve):
    bide = serve()
    bide.post("/v1/queues/default/pause")
    id = bide.act()
    bide.restart9()
    assert bide.queue()["paused"]
    bide.waits(id, "queue_paused")
    bide.post("/v1/queues/default/resume")
    bide.ended(id, "completed")


def test_a_queue_of_the_configuration_can_start_paused(serve):
    bide = serve(queues={"default": {"concurrency": 1, "paused": True}})
    id = bide.act()
    bide.waits(id, "queue_paused")
    bide.post("/v1/queues/default/resume")
    bide.ended(id, "completed")


def test_queues_are_listed_with_their_depth(serve):
    bide = serve(queues={"default": {"concurrency": 1, "capacity": 50}, "gpu": {"concurrency": 3}})
    let_go = held(bide)
    for _ in range(3):
        bide.act()
    bide.act(delay_ms=60_000)
    page = bide.get_json("/v1/queues")
    assert {queue["name"] for queue in page["items"]} >= {"default", "gpu"} and "next_cursor" in page
    queue = bide.queue()
    assert (queue["name"], queue["concurrency"], queue["capacity"], queue["paused"]) == ("default", 1, 50, False)
    depth = queue["depth"]
    assert (depth["running"], depth["pending"], depth["scheduled"]) == (1, 3, 1)
    gpu = bide.queue("gpu")
    assert (gpu["concurrency"], gpu["depth"]["pending"]) == (3, 0)
    let_go()
    until(lambda: bide.queue()["depth"]["pending"] == 0, "the queue is empty")


def test_an_unknown_queue_is_404(bide):
    for method, path in [("GET", ""), ("POST", "/pause"), ("POST", "/resume")]:
        problem(bide.send(method, f"/v1/queues/nowhere{path}"), 404)


def test_a_task_waits_for_its_time_and_says_until_when(bide):
    id = bide.submit("cat", delay_ms=3_600_000)["id"]
    assert bide.waits(id, "time")


def test_one_queue_does_not_hold_up_another(serve):
    bide = serve(
        queues={"default": {"concurrency": 1}, "other": {"concurrency": 1}},
        types={"cat": {"exec": ["/bin/cat"], "queue": "other"}},
    )
    let_go = held(bide)
    for _ in range(3):
        bide.act()
    bide.ended(bide.submit("cat")["id"], "completed")
    let_go()


def test_a_busy_pool_is_what_a_task_waits_for_when_the_queue_has_room(serve):
    bide = serve(queues={"default": {"concurrency": 4}}, pool={"instances": 1})
    let_go = held(bide)
    id = bide.act()
    task = until(lambda: next((t for t in [bide.task(id)] if t["waiting_on"]), None), "a reason")
    assert task["waiting_on"]["reason"] in ("worker_start", "queue_limit")
    assert task["waiting_on"]["detail"]
    let_go()
    bide.ended(id, "completed")
