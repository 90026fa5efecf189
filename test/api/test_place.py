# SPDX-License-Identifier: Apache-2.0
"""Where am I: the place of a waiting task in the line of its queue, and when it will probably end."""
import datetime

from harness import until

MERGE = {"Content-Type": "application/merge-patch+json"}


def places(bide, ids):
    return [bide.task(id)["position"] for id in ids]


def tag_of(bide, id):
    return bide.send("GET", f"/v1/tasks/{id}").headers["etag"]


def paused(serve, **parts):
    queues = {"default": {"concurrency": 2, "paused": True, **parts}, "other": {"concurrency": 1, "paused": True}}
    return serve(queues=queues, types={"cat": {"exec": ["cat"]}})


def test_a_waiting_task_shows_its_place_across_the_types_of_its_queue(serve):
    bide = paused(serve)
    ids = [bide.submit(type, priority=priority, batch_key=key)["id"] for type, priority, key in
           [("act", 0, None), ("cat", 0, None), ("act", 1, None), ("act", 0, "k"), ("cat", -1, None)]]
    other = bide.submit("cat", queue="other")["id"]
    assert places(bide, ids) == [2, 3, 1, 4, 5]
    assert bide.task(other)["position"] == 1
    assert bide.get_json(f"/v1/tasks/{ids[3]}?wait=0.1")["position"] == 4
    bide.post(f"/v1/tasks/{ids[2]}/cancel")
    assert places(bide, ids) == [1, 2, None, 3, 4]
    assert bide.send("PATCH", f"/v1/tasks/{ids[4]}", {"priority": 9}, MERGE).json["position"] == 1
    assert places(bide, ids) == [2, 3, None, 4, 1]


def test_who_runs_has_ended_or_waits_for_something_else_has_no_place(serve):
    bide = serve(queues={"default": {"concurrency": 1, "key_concurrency": 1}})
    running = bide.act(["until", bide.gate("hold")], limit_key="ann")
    bide.seen(running, "running")
    held = bide.act(["until", bide.gate("hold")], limit_key="ann")
    bide.waits(held, "key")
    free = bide.act(["until", bide.gate("hold")])
    later = bide.submit("act", delay_ms=3_600_000)["id"]
    assert places(bide, [running, held, free, later]) == [None, None, 1, None]
    bide.open_gate("hold")
    for id in (running, held, free):
        assert bide.ended(id, "completed")["position"] is None


def test_who_waits_for_a_token_of_its_key_has_no_place_and_no_end_in_sight(serve):
    bide = serve(queues={"default": {"concurrency": 1, "key_rate": "1/d"}})
    running = bide.act(["until", bide.gate("hold")], limit_key="ann")
    bide.seen(running, "running")
    held, free = bide.act(limit_key="ann"), bide.act(limit_key="bob")
    bide.waits(held, "key_rate")
    assert places(bide, [running, held, free]) == [None, None, 1]
    assert bide.task(held)["eta_at"] is None
    bide.open_gate("hold")
    bide.ended(free, "completed")


def test_lists_and_the_answer_to_a_submit_show_no_place_and_one_that_waited_does(serve):
    bide = paused(serve)
    task = bide.submit("cat")
    assert task["position"] is None and bide.task(task["id"])["position"] == 1
    assert [one["position"] for one in bide.listed()] == [None]
    answer = bide.send("POST", "/v1/tasks", {"type": "cat"}, {"Prefer": "wait=0.1"})
    assert (answer.status, answer.json["position"]) == (202, 2)


def test_a_place_that_moves_is_a_new_etag_and_the_same_task_for_if_match(serve):
    bide = paused(serve)
    first, second = (bide.submit("cat")["id"] for _ in range(2))
    seen = tag_of(bide, second)
    assert bide.send("GET", f"/v1/tasks/{second}", headers={"If-None-Match": seen}).status == 304
    bide.post(f"/v1/tasks/{first}/cancel")
    answer = bide.send("GET", f"/v1/tasks/{second}", headers={"If-None-Match": seen})
    assert (answer.status, answer.json["position"]) == (200, 1)
    patch = bide.send("PATCH", f"/v1/tasks/{second}", {"priority": 3}, {**MERGE, "If-Match": seen})
    assert (patch.status, patch.json["priority"]) == (200, 3)
    assert bide.send("PATCH", f"/v1/tasks/{second}", {"priority": 4}, {**MERGE, "If-Match": seen}).status == 412


def test_the_place_comes_down_to_one_while_the_line_is_worked_off(serve):
    bide = serve(queues={"default": {"concurrency": 1}}, pool={"instances": 1})
    gates = [bide.gate(str(n)) for n in range(4)]
    ids = [bide.act(["until", gate]) for gate in gates]
    for n in range(4):
        bide.seen(ids[n], "running")
        until(lambda: places(bide, ids[n + 1 :]) == list(range(1, 4 - n)), "the places")
        bide.open_gate(str(n))
        bide.ended(ids[n], "completed")


# ---- eta_at ----


def at(moment):
    return datetime.datetime.fromisoformat(moment.replace("Z", "+00:00"))


def test_the_end_is_told_once_a_run_of_the_type_has_been_measured_and_later_of_those_behind(serve):
    bide = serve(queues={"default": {"concurrency": 1}}, pool={"instances": 1})
    first = bide.act(["until", bide.gate("first")])
    behind = bide.act(["until", bide.gate("hold")])
    bide.seen(first, "running")
    assert bide.task(first)["eta_at"] is None and bide.task(behind)["eta_at"] is None
    bide.open_gate("first")
    assert bide.ended(first, "completed")["eta_at"] is None
    bide.seen(behind, "running")
    ids = [behind] + [bide.act(["until", bide.gate("hold")]) for _ in range(3)]
    later = bide.submit("act", {"steps": []}, delay_ms=3_600_000)
    ends = [at(bide.task(id)["eta_at"]) for id in ids]
    assert ends[0] <= ends[1] <= ends[2] <= ends[3]
    assert at(bide.task(later["id"])["eta_at"]) > at(later["run_at"]) > ends[3]
    assert all(one["eta_at"] is None for one in bide.listed())
    bide.post("/v1/queues/default/pause")
    assert bide.task(ids[3])["eta_at"] is None and bide.task(ids[3])["position"] == 3
    bide.post("/v1/queues/default/resume")
    bide.open_gate("hold")
    for id in ids:
        assert bide.ended(id, "completed")["eta_at"] is None
    assert bide.metric("bide_eta_error_ratio_count", queue="default", type="act") == 4
