# SPDX-License-Identifier: Apache-2.0
"""Queues: order, concurrency, capacity, pause; and what a waiting task says it waits for."""
import signal

import pytest
from harness import pointers, problem, until

MERGE = {"Content-Type": "application/merge-patch+json"}


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
    for method, path in [("GET", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/drain"), ("POST", "/purge"), ("PATCH", "")]:
        problem(bide.send(method, f"/v1/queues/nowhere{path}"), 404, "not_found")


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


# ---- draining ----


def test_a_draining_queue_takes_no_new_tasks_and_finishes_what_it_has(serve):
    bide = serve(queues={"default": {"concurrency": 1}, "other": {"concurrency": 1}}, pool={"instances": 2})
    let_go = held(bide)
    note = str(bide.dir / "ran")
    pending = bide.act(["note", note, "pending"])
    scheduled = bide.act(["note", note, "scheduled"], delay_ms=300)
    retried = bide.act(["note", note, "tried"], ["fail", {"retry": True}], max_attempts=2)
    answer = bide.post("/v1/queues/default/drain")
    assert (answer.status, answer.json["draining"], answer.json["paused"]) == (200, True, False)
    refused = bide.post("/v1/tasks", {"type": "act"})
    assert "default" in problem(refused, 503, "draining")["detail"] and int(refused.headers["retry-after"]) >= 1
    bide.ended(bide.act(queue="other"), "completed")
    let_go()
    for id in (pending, scheduled):
        bide.ended(id, "completed")
    bide.ended(retried, "failed")
    assert sorted(bide.lines("ran")) == ["pending", "scheduled", "tried", "tried"]
    assert bide.queue()["draining"], "it does not come back by itself"
    assert bide.send("GET", "/readyz").status == 200, "the server is not draining"
    assert bide.post("/v1/queues/default/resume").json["draining"] is False
    bide.ended(bide.act(), "completed")


def test_a_drain_survives_kill_9_and_a_pause_beside_it(serve):
    bide = serve()
    id = bide.act(delay_ms=3_600_000)
    bide.post("/v1/queues/default/drain")
    bide.post("/v1/queues/default/pause")
    bide.restart9()
    queue = bide.queue()
    assert (queue["draining"], queue["paused"]) == (True, True)
    problem(bide.post("/v1/tasks", {"type": "act"}), 503, "draining")
    queue = bide.post("/v1/queues/default/resume").json
    assert (queue["draining"], queue["paused"]) == (False, False)
    bide.restart9()
    bide.ended(bide.act(), "completed")
    assert bide.task(id)["status"] == "scheduled"


# ---- limits ----


def change(bide, body, name="default"):
    return bide.send("PATCH", f"/v1/queues/{name}", body, MERGE)


def test_a_larger_concurrency_starts_what_waits_and_a_smaller_one_lets_what_runs_go_on(serve):
    bide = serve(queues={"default": {"concurrency": 1}}, pool={"instances": 3})
    ids = [bide.act(["until", bide.gate(str(n))]) for n in range(4)]
    bide.waits(ids[1], "queue_limit")
    assert change(bide, {"concurrency": 3}).json["concurrency"] == 3
    until(lambda: bide.queue()["depth"]["running"] == 3, "three running")
    assert change(bide, {"concurrency": 1}).json["concurrency"] == 1
    assert bide.queue()["depth"]["running"] == 3
    for n in range(2):
        bide.open_gate(str(n))
        bide.ended(ids[n], "completed")
    assert (bide.task(ids[2])["status"], bide.task(ids[3])["status"]) == ("running", "pending")
    for n in (2, 3):
        bide.open_gate(str(n))
        bide.ended(ids[n], "completed")


def test_a_capacity_that_is_set_counts_for_submits_and_retries(serve):
    bide = serve()
    ended = bide.act()
    bide.ended(ended, "completed")
    bide.act(delay_ms=3_600_000)
    assert change(bide, {"capacity": 1}).json["capacity"] == 1
    assert "1 waiting" in problem(bide.post("/v1/tasks", {"type": "act"}), 429, "queue_full")["detail"]
    problem(bide.post(f"/v1/tasks/{ended}/retry"), 429, "queue_full")
    assert change(bide, {"capacity": 0}).json["capacity"] is None, "0: no limit"
    bide.ended(bide.act(), "completed")


def test_what_was_set_is_remembered_over_kill_9_and_null_is_as_configured(serve):
    bide = serve(queues={"default": {"concurrency": 2, "capacity": 50}})
    shown = change(bide, {"concurrency": 7, "capacity": 0, "paused": True}).json
    assert (shown["concurrency"], shown["capacity"], shown["paused"]) == (7, None, True)
    bide.restart9()
    queue = bide.queue()
    assert (queue["concurrency"], queue["capacity"], queue["paused"], queue["draining"]) == (7, None, True, False)
    assert change(bide, {"concurrency": None}).json["concurrency"] == 2
    assert bide.queue()["capacity"] is None, "what is left out stays"
    assert change(bide, {"capacity": None, "paused": False}).json["capacity"] == 50
    bide.restart9()
    queue = bide.queue()
    assert (queue["concurrency"], queue["capacity"], queue["paused"]) == (2, 50, False)


def test_what_was_set_stands_before_another_configuration_and_null_takes_that(serve):
    bide = serve(queues={"default": {"concurrency": 2, "capacity": 50}, "other": {"concurrency": 2}})
    change(bide, {"concurrency": 7})
    assert bide.terminate() == 0
    text = bide.config_file.read_text()
    bide.config_file.write_text(text.replace('"concurrency": 2', '"concurrency": 5').replace("50", "60"))
    bide.start()
    assert (bide.queue()["concurrency"], bide.queue()["capacity"], bide.queue("other")["concurrency"]) == (7, 60, 5)
    assert change(bide, {"concurrency": None}).json["concurrency"] == 5


def test_a_patch_pauses_and_drains_as_the_verbs_do(serve):
    bide = serve()
    for name in ("paused", "draining"):
        assert change(bide, {name: True}).json[name] is True and bide.queue()[name] is True
        assert change(bide, {}).json[name] is True and change(bide, None).json[name] is True
        assert change(bide, {name: False}).json[name] is False
    bide.ended(bide.act(), "completed")


WRONG = {
    "/concurrency": [0, -1, 100_001, 1.5, "2", True, [], 10**30],
    "/capacity": [-1, 2**31, 0.5, "no", False, {}],
    "/key_concurrency": [-1, 100001, 0.5, "no", True, []],
    "/fair": [0, 1, "true", []],
    "/paused": [None, 1, "true"],
    "/draining": [None, 0, "false"],
}


@pytest.mark.parametrize("pointer,value", [(p, v) for p, vs in WRONG.items() for v in vs], ids=lambda v: str(v)[:20])
def test_a_limit_of_the_wrong_kind_or_range_is_pointed_at(bide, pointer, value):
    before = bide.queue()
    answer = change(bide, {"concurrency": 3, pointer[1:]: value} if pointer != "/concurrency" else {pointer[1:]: value})
    problem(answer, 400, "invalid")
    assert pointers(answer) == [pointer] and bide.queue() == before


def test_a_patch_of_a_queue_that_is_none_is_refused(bide):
    for name in ("name", "depth", "concurency"):
        answer = change(bide, {name: 1})
        problem(answer, 400, "unknown_field")
        assert pointers(answer) == [f"/{name}"]
    for text in (b"[]", b"null", b"1"):
        problem(change(bide, text), 400, "invalid")
    for text in (b" ", b"{", b'{"capacity":1,"capacity":2}'):
        problem(change(bide, text), 400, "invalid_json")
    problem(bide.send("PATCH", "/v1/queues/default", b"{}", {"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    assert bide.send("PATCH", "/v1/queues/default", {}).status == 200, "plain JSON will do"


# ---- limits per key ----


def keyed(bide, key, gate, **fields):
    return bide.act(["until", bide.gate(gate)], limit_key=key, **fields)


def test_no_more_of_a_key_run_than_its_queue_allows_and_who_waits_says_so(serve):
    bide = serve(queues={"default": {"concurrency": 5, "key_concurrency": 2}}, pool={"instances": 4})
    ann = [keyed(bide, "ann", "ann") for _ in range(4)]
    bob = keyed(bide, "bob", "bob")
    for id in (*ann[:2], bob):
        bide.seen(id, "running")
    assert bide.waits(ann[2], "key") == "key ann: 2 of 2 running"
    listed = {task["id"]: task["waiting_on"] for task in bide.get_json("/v1/tasks?status=pending")["items"]}
    assert [listed[id]["reason"] for id in ann[2:]] == ["key", "key"], "a list says the same"
    assert bide.queue()["depth"]["pending"] == 2
    assert bide.queue()["key_concurrency"] == 2
    bide.open_gate("ann")
    for id in ann:
        bide.ended(id, "completed")
    bide.open_gate("bob")
    bide.ended(bob, "completed")


def test_priority_counts_among_those_of_a_key(serve):
    bide = serve(queues={"default": {"concurrency": 5, "key_concurrency": 1}}, pool={"instances": 2})
    first = keyed(bide, "ann", "hold")
    bide.seen(first, "running")
    note = str(bide.dir / "order")
    ids = [bide.act(["note", note, name], limit_key="ann", priority=p) for name, p in [("a", 0), ("b", 5), ("c", 0), ("d", 9)]]
    bide.open_gate("hold")
    for id in (first, *ids):
        bide.ended(id, "completed")
    assert bide.lines("order") == list("dbac")


def test_a_limit_per_key_changes_at_run_time_is_remembered_and_null_is_as_configured(serve):
    bide = serve(queues={"default": {"concurrency": 5, "key_concurrency": 1}}, pool={"instances": 4})
    ids = [keyed(bide, "ann", "all") for _ in range(3)]
    bide.seen(ids[0], "running")
    bide.waits(ids[1], "key")
    assert change(bide, {"key_concurrency": 2}).json["key_concurrency"] == 2
    bide.seen(ids[1], "running")
    bide.waits(ids[2], "key")
    bide.restart9()
    assert bide.queue()["key_concurrency"] == 2
    for id in ids[:2]:
        bide.seen(id, "running")
    assert bide.waits(ids[2], "key") == "key ann: 2 of 2 running"
    assert change(bide, {"key_concurrency": None}).json["key_concurrency"] == 1
    assert bide.waits(ids[2], "key") == "key ann: 2 of 1 running", "what runs goes on"
    assert change(bide, {"key_concurrency": 0}).json["key_concurrency"] is None
    bide.seen(ids[2], "running")
    bide.open_gate("all")
    for id in ids:
        bide.ended(id, "completed")


def test_a_configured_limit_per_key_follows_a_reload(serve):
    bide = serve(queues={"default": {"concurrency": 5, "key_concurrency": 1}}, pool={"instances": 4})
    ids = [keyed(bide, "ann", "all") for _ in range(2)]
    bide.waits(ids[1], "key")
    text = bide.config_file.read_text()
    bide.config_file.write_text(text.replace('"key_concurrency": 1', '"key_concurrency": 2'))
    bide.process.send_signal(signal.SIGHUP)
    bide.seen(ids[1], "running")
    bide.open_gate("all")
    for id in ids:
        bide.ended(id, "completed")
