# SPDX-License-Identifier: Apache-2.0
"""Batches of a worker that bide starts: what comes together in one frame, what the tasks and the worker show of it, and what
the ending, the cancel or the crash of one means for the others. Which came together is what the worker wrote down.

What is to be together is submitted while the one process is busy with a task that waits at a gate.
"""
import sys

import pytest
from harness import ENDINGS, HERE, QUICK, until

BATCHER = [sys.executable, "-S", str(HERE / "workers/batcher.py")]
HOLD = "hold"


def configuration(batch=None, max_batch=8, concurrency=None, pool=None, **rest):
    claims = {"MAX_BATCH": max_batch, "CONCURRENCY": concurrency}
    env = {"FRAMES": "frames", **{name: str(value) for name, value in claims.items() if value}}
    worker = {"command": BATCHER, "env": env, **({"batch": batch} if batch else {}), **(pool or {})}
    return {
        "defaults": QUICK,
        "queues": {"default": {"concurrency": 1}, "wide": {"concurrency": 50}},
        "workers": {"model": worker},
        "types": {"read": {"worker": "model"}, "label": {"worker": "model"}, "flow": {"worker": "model", "queue": "wide"}},
        **rest,
    }


@pytest.fixture
def model(serve):
    """model(batch=..., max_batch=..., ...): a server with a pool of one such process."""
    return lambda **parts: serve(configuration(**parts))


def give(bide, name, gate=None, type="read", **fields):
    """Submits a task that ends when its gate is open. Returns its id."""
    work = {key: fields.pop(key) for key in ("then", "until", "deaf") if key in fields}
    given = {"name": name, **({"gate": bide.gate(gate)} if gate else {}), **work}
    return bide.submit(type, given, **fields)["id"]


def held(bide, **fields):
    """A task that has the process until gate HOLD is open."""
    id = give(bide, HOLD, HOLD, **fields)
    bide.seen(id, "running")
    return id


def frames(bide):
    """The names of each run, without that of the task that held the process."""
    path = bide.dir / "frames"
    lines = path.read_text().splitlines() if path.exists() else []
    return [names for names in (line.split()[1:] for line in lines) if names != [HOLD]]


def running_together(bide, names, gate=None, **of):
    """Submits these so that they come together, and waits until they run. `of`: fields of one, by its name. Returns their ids."""
    held(bide)
    ids = {name: give(bide, name, gate or name, **of.get(name, {})) for name in names}
    bide.open_gate(HOLD)
    for id in ids.values():
        bide.seen(id, "running")  # claimed: handed over in a moment
        assert until(lambda: bide.task(id)["timing"]["batch_size"], "it has been handed over") == len(names)
    until(lambda: frames(bide) == [list(names)], "the worker has written it down")
    return ids


def size(bide, id):
    return bide.task(id)["timing"]["batch_size"]


def worker(bide):
    [one] = bide.get_json("/v1/workers")["items"]
    return one


def test_what_waits_comes_in_one_frame_up_to_the_limit_in_order(model):
    bide = model(batch={"max": 3})
    first = held(bide)
    ids = [give(bide, name) for name in "abcdefg"]
    better = give(bide, "better", priority=5)
    assert [size(bide, id) for id in (*ids, better)] == [None] * 8, "not known before"
    bide.open_gate(HOLD)
    together = [bide.ended(id, "completed")["result"]["together"] for id in (first, better, *ids)]
    assert frames(bide) == [["better", "a", "b"], ["c", "d", "e"], ["f", "g"]]
    assert together == [1, 3, 3, 3, 3, 3, 3, 2, 2]
    assert [size(bide, id) for id in (first, better, *ids)] == together, "and after the end"
    assert bide.metric("bide_batch_size_count") == 4 and bide.metric("bide_batch_size_sum") == 9


@pytest.mark.parametrize(
    "says,configured,shown",
    [
        ({"max_batch": 8}, {}, (8, 1)),
        ({"max_batch": 8}, {"batch": {"max": 5}}, (5, 1)),
        ({"max_batch": 2}, {"batch": {"max": 5}}, (2, 1)),
        ({"max_batch": 4, "concurrency": 9}, {}, (4, 9)),
        ({"max_batch": 4, "concurrency": 9}, {"pool": {"concurrency": 6}}, (4, 6)),
        ({"max_batch": None}, {"batch": {"max": 5}}, (1, 1)),
    ],
)
def test_the_worker_shows_what_it_takes_and_what_it_has(model, says, configured, shown):
    bide = model(**says, **configured)
    assert (worker(bide)["max_batch"], worker(bide)["concurrency"]) == (1, 1), "before it said anything"
    id = held(bide)
    one = worker(bide)
    assert (one["max_batch"], one["concurrency"], one["current"]) == (*shown, [id])
    bide.open_gate(HOLD)
    bide.ended(id, "completed")


def test_the_worker_names_all_of_its_open_tasks(model):
    bide = model()
    ids = running_together(bide, ["a", "b", "c"])
    one = worker(bide)
    assert (one["state"], sorted(one["current"]), one["tasks"]) == ("busy", sorted(ids.values()), 1)
    bide.open_gate("b")
    bide.ended(ids["b"], "completed")
    until(lambda: sorted(worker(bide)["current"]) == sorted([ids["a"], ids["c"]]), "one is over")
    bide.open_gate("a"), bide.open_gate("c")
    bide.ended(ids["a"], "completed"), bide.ended(ids["c"], "completed")
    until(lambda: (worker(bide)["state"], worker(bide)["current"], worker(bide)["tasks"]) == ("idle", [], 4), "all are")
    assert worker(bide)["loads"] == 1


def test_each_has_its_own_verdict_final_as_it_comes(model):
    bide = model()
    ids = running_together(bide, ["bad", "good", "slow"], bad={"then": "fail"})
    later = give(bide, "later")
    bide.open_gate("good")
    assert bide.ended(ids["good"], "completed")["timing"]["batch_size"] == 3
    bide.open_gate("bad")
    task = bide.ended(ids["bad"], "failed")
    assert (task["error"]["code"], task["error"]["message"], task["attempt"]) == ("invalid_input", "no bad", 1)
    assert task["timing"]["batch_size"] == 3
    assert (bide.task(ids["slow"])["status"], size(bide, ids["slow"])) == ("running", 3)
    assert bide.waits(later, "queue_limit"), "a batch is over with its last"
    bide.open_gate("slow")
    for id in (ids["slow"], later):
        bide.ended(id, "completed")
    assert frames(bide) == [["bad", "good", "slow"], ["later"]]


def test_the_cancel_of_one_leaves_the_others_and_the_process_alone(model):
    bide = model()
    ids = running_together(bide, ["a", "b", "c"])
    pid = worker(bide)["pid"]
    assert bide.post(f"/v1/tasks/{ids['b']}/cancel").status == 202
    assert bide.ended(ids["b"], "cancelled")["timing"]["batch_size"] == 3
    for name in "ac":
        task = bide.task(ids[name])
        assert (task["status"], task["attempt"], task["cancel_requested"]) == ("running", 1, False)
        bide.open_gate(name)
        assert bide.ended(ids[name], "completed")["result"]["pid"] == pid
    assert (worker(bide)["pid"], worker(bide)["loads"]) == (pid, 1)


def test_a_cancel_that_is_not_obeyed_gives_the_others_back_untried(model):
    bide = model()
    ids = running_together(bide, ["a", "deaf", "c"], deaf={"deaf": True}, a={"max_attempts": 1}, c={"max_attempts": 1})
    pid = worker(bide)["pid"]
    assert bide.post(f"/v1/tasks/{ids['deaf']}/cancel").status == 202
    bide.ended(ids["deaf"], "cancelled")
    bide.open_gate("a"), bide.open_gate("c")
    for name in "ac":
        assert bide.ended(ids[name], "completed")["result"]["pid"] != pid
        attempts = bide.get_json(f"/v1/tasks/{ids[name]}/attempts")["items"]
        assert [a["verdict"] for a in attempts] == ["done", "released"], attempts
    assert frames(bide)[1:] == [["a", "c"]], "nobody is blamed: they are together again"


def test_one_that_is_cancelled_before_its_batch_is_handed_over_is_not_in_it(model):
    bide = model()
    held(bide)
    a, b, c = [give(bide, name) for name in "abc"]
    assert bide.post(f"/v1/tasks/{b}/cancel").json["status"] == "cancelled"
    bide.open_gate(HOLD)
    assert [bide.ended(id, "completed")["timing"]["batch_size"] for id in (a, c)] == [2, 2]
    assert frames(bide) == [["a", "c"]] and size(bide, b) is None


def attempts_of(bide, id):
    """(verdict, code) of each, the first one first."""
    items = bide.get_json(f"/v1/tasks/{id}/attempts")["items"][::-1]
    return [(a["verdict"], a["error"] and a["error"]["code"]) for a in items]


def test_those_of_a_process_that_died_are_tried_alone_and_only_the_guilty_one_pays(model):
    bide = model()
    ids = running_together(bide, ["a", "bad", "c"], bad={"then": "die"})
    bide.open_gate("bad")
    until(lambda: len(frames(bide)) > 1, "the first of them is tried again", 30)
    bide.open_gate("a"), bide.open_gate("c")
    for name in "ac":
        task = bide.ended(ids[name], "completed")
        assert (task["attempt"], task["timing"]["batch_size"]) == (2, 1)
        assert attempts_of(bide, ids[name]) == [("lost", "worker_crashed"), ("done", None)]
    task = until(lambda: next((t for t in [bide.task(ids["bad"])] if t["status"] == "failed"), None), "poison", 60)
    assert (task["error"]["code"], task["attempt"], task["timing"]["batch_size"]) == ("poison", 4, 1)
    assert attempts_of(bide, ids["bad"]) == [("lost", "worker_crashed")] * 4
    first, *others = frames(bide)
    assert first == ["a", "bad", "c"] and sorted(others) == [["a"], ["bad"], ["bad"], ["bad"], ["c"]]


def test_a_death_in_company_leaves_an_innocent_one_all_that_it_may_have_alone(model):
    bide = model()
    ids = running_together(bide, ["bad", "frail"], bad={"then": "die", "until": 2}, frail={"then": "die", "until": 4})
    bide.open_gate("bad")
    until(lambda: len(frames(bide)) > 1, "it is tried again", 30)
    bide.open_gate("frail")
    task = until(lambda: next((t for t in [bide.task(ids["frail"])] if t["status"] in ENDINGS), None), "its ending", 60)
    assert (task["status"], task["attempt"]) == ("completed", 4), "the third death by itself would have been one too many"
    assert attempts_of(bide, ids["frail"]) == [("lost", "worker_crashed")] * 3 + [("done", None)]
    assert bide.ended(ids["bad"], "completed")["attempt"] == 2


def test_while_one_is_tried_alone_a_process_with_a_concurrency_is_given_nothing_else(model):
    bide = model(max_batch=1, concurrency=3)
    ids = {name: give(bide, name, name, type="flow", **({"then": "die", "until": 2} if name == "bad" else {})) for name in ("a", "bad", "c")}
    until(lambda: sorted(worker(bide)["current"]) == sorted(ids.values()), "all three are open")
    until(lambda: len(frames(bide)) == 3, "the worker has written it down")
    bide.open_gate("bad")
    bide.seen(ids["a"], "running", attempt=2)
    later = give(bide, "later", type="flow")
    for id in (ids["bad"], ids["c"], later):
        assert bide.waits(id, "queue_limit")
    assert worker(bide)["current"] == [ids["a"]]
    for gate in "ac":
        bide.open_gate(gate)
    assert [bide.ended(id, "completed")["attempt"] for id in (*ids.values(), later)] == [2, 2, 2, 1]
    assert frames(bide)[3:] == [["a"], ["bad"], ["c"], ["later"]], "each from its old place"
    assert worker(bide)["loads"] == 2, "one death"


def test_only_those_with_the_same_batch_key_go_together_and_misses_are_counted(model):
    bide = model()
    held(bide)
    keys = {"a": "zh", "b": "en", "c": "zh", "d": None}
    ids = {name: give(bide, name, **({"batch_key": key} if key else {})) for name, key in keys.items()}
    bide.open_gate(HOLD)
    assert [bide.ended(id, "completed")["timing"]["batch_size"] for id in ids.values()] == [2, 1, 2, 1]
    assert frames(bide) == [["a", "c"], ["b"], ["d"]]
    assert [bide.task(ids[name])["batch_key"] for name in "abcd"] == ["zh", "en", "zh", None]
    assert bide.metric("bide_batch_key_misses_total") == 2, "those of a and b; nothing waited when d was given"


def test_only_those_of_one_type_go_together(model):
    bide = model()
    held(bide)
    ids = [give(bide, name, type=type) for name, type in (("a", "read"), ("b", "label"), ("c", "read"), ("d", "label"))]
    bide.open_gate(HOLD)
    for id in ids:
        bide.ended(id, "completed")
    assert frames(bide) == [["a", "c"], ["b", "d"]]
    assert bide.metric("bide_batch_key_misses_total") == 0, "another type is not another key"


def test_costs_add_up_to_the_ceiling_and_one_over_it_runs_alone(model):
    bide = model(batch={"cost": 10})
    held(bide)
    costs = {"a": 6, "b": 4, "c": 0.5, "huge": 100, "d": 1}
    ids = {name: give(bide, name, cost=cost) for name, cost in costs.items()}
    bide.open_gate(HOLD)
    for name, id in ids.items():
        assert bide.ended(id, "completed")["cost"] == costs[name]
    assert frames(bide) == [["a", "b"], ["c"], ["huge"], ["d"]], "the next in order does not fit, and nothing overtakes it"


def ready(bide):
    """The process is there and has nothing to do."""
    until(lambda: worker(bide)["state"] == "idle", "it is loaded")


def test_a_batch_that_is_not_full_waits_for_others_and_no_longer_than_until_it_is(model):
    bide = model(batch={"max": 3, "delay": "1m"}, pool={"load": "boot"})
    ready(bide)
    ids = [give(bide, name) for name in "ab"]
    assert [bide.task(id)["status"] for id in ids] == ["pending", "pending"] and frames(bide) == []
    ids.append(give(bide, "c"))
    assert [bide.ended(id, "completed")["result"]["together"] for id in ids] == [3, 3, 3]
    assert frames(bide) == [["a", "b", "c"]]
    assert (bide.metric("bide_batch_size_sum"), bide.metric("bide_batch_fill_seconds_count")) == (3, 1)
    assert bide.metric("bide_batch_fill_seconds_sum") > 0


def test_a_batch_that_does_not_fill_is_given_when_its_delay_is_over(model):
    bide = model(batch={"max": 3, "delay": "40ms"}, pool={"load": "boot"})
    ready(bide)
    assert bide.ended(give(bide, "alone"), "completed")["timing"]["batch_size"] == 1
    assert bide.metric("bide_batch_fill_seconds_sum") > 0, "it waited"


def test_a_free_process_waits_for_nobody(model):
    bide = model(pool={"load": "boot"})
    ready(bide)
    assert bide.ended(give(bide, "a"), "completed")["timing"]["batch_size"] == 1
    assert bide.ended(give(bide, "b"), "completed")["timing"]["batch_size"] == 1
    assert (bide.metric("bide_batch_fill_seconds_count"), bide.metric("bide_batch_fill_seconds_sum")) == (2, 0)


def test_a_batch_takes_one_place_of_its_queue(model):
    bide = model()
    ids = running_together(bide, ["a", "b", "c"], gate="all")
    assert bide.queue()["depth"]["running"] == 3
    bide.open_gate("all")
    for id in ids.values():
        bide.ended(id, "completed")


def test_one_with_a_concurrency_gets_more_while_others_are_open(model):
    bide = model(max_batch=2, concurrency=3)
    first = held(bide, type="flow")
    ids = [give(bide, name, name, type="flow") for name in "abc"]
    until(lambda: len(worker(bide)["current"]) == 3, "it is full")
    assert bide.waits(ids[2], "queue_limit") and worker(bide)["current"].count(first) == 1
    bide.open_gate("a")
    bide.ended(ids[0], "completed")
    bide.seen(ids[2], "running")
    assert bide.task(first)["status"] == "running", "while the first is still open"
    for name in (HOLD, "b", "c"):
        bide.open_gate(name)
    for id in (first, *ids):
        bide.ended(id, "completed")
    assert worker(bide)["loads"] == 1 and [name for frame in frames(bide) for name in frame] == ["a", "b", "c"]


def test_a_pool_without_batches_has_no_series_of_them(serve):
    bide = serve()
    bide.ended(bide.act(), "completed")
    assert bide.send("GET", "/metrics").body.count(b"bide_batch_size_count{") == 0
