# SPDX-License-Identifier: Apache-2.0
"""Rates of the keys of queues: what holds a task back, what changes while the server runs, what is remembered, what is refused.
Rates that no test outlasts, or whose tokens come at once."""
import signal

import pytest
from harness import pointers, problem

MERGE = {"Content-Type": "application/merge-patch+json"}


def limited(serve, key_rate="1/d", **more):
    return serve(queues={"default": {"concurrency": 5, "key_rate": key_rate, **more}})


def change(bide, rate):
    return bide.send("PATCH", "/v1/queues/default", {"key_rate": rate}, MERGE)


def test_a_key_without_a_token_says_so_and_holds_up_no_other(serve):
    bide = limited(serve, "1/d burst 7")
    bide.ended(bide.act(limit_key="ann"), "completed")
    second = bide.act(limit_key="ann", priority=9)
    assert bide.waits(second, "key_rate") == "key ann: 1/d burst 7"
    listed = bide.get_json("/v1/tasks?status=pending")["items"][0]
    assert listed["waiting_on"] == {"reason": "key_rate", "detail": "key ann: 1/d burst 7"}, "a list says the same"
    bide.ended(bide.act(limit_key="bob"), "completed")
    for _ in range(3):
        bide.ended(bide.act(), "completed")
    assert bide.queue()["key_rate"] == "1/d burst 7" and bide.queue()["rate"] is None


def test_the_next_of_a_key_starts_when_its_token_comes_though_nothing_else_happens(serve):
    bide = limited(serve, "5/s burst 1")
    ids = [bide.act(limit_key="ann") for _ in range(4)]
    times = [bide.ended(id, "completed")["started_at"] for id in ids]
    assert times == sorted(times) and len(set(times)) == 4


def test_a_key_rate_changes_at_run_time_is_remembered_and_null_is_as_configured(serve):
    bide = limited(serve)
    bide.ended(bide.act(limit_key="ann"), "completed")
    ids = [bide.act(limit_key="ann") for _ in range(3)]
    bide.waits(ids[0], "key_rate")
    assert change(bide, "2/h").json["key_rate"] == "2/h"
    assert bide.waits(ids[0], "key_rate") == "key ann: 2/h", "the token that was taken is taken"
    bide.restart9()
    assert bide.queue()["key_rate"] == "2/h"
    bide.ended(ids[0], "completed")
    assert bide.waits(ids[1], "key_rate") == "key ann: 2/h", "a start brings each key one token, not two"
    assert change(bide, None).json["key_rate"] == "1/d"
    assert bide.waits(ids[1], "key_rate") == "key ann: 1/d"
    for none in (0, "0"):
        assert change(bide, none).json["key_rate"] is None
    for id in ids[1:]:
        bide.ended(id, "completed")
    bide.restart9()
    assert bide.queue()["key_rate"] is None, "no limit is remembered, too"


def test_a_configured_key_rate_follows_a_reload(serve):
    bide = limited(serve)
    bide.ended(bide.act(limit_key="ann"), "completed")
    second = bide.act(limit_key="ann")
    bide.waits(second, "key_rate")
    bide.config_file.write_text(bide.config_file.read_text().replace("1/d", "0"))
    bide.process.send_signal(signal.SIGHUP)
    bide.ended(second, "completed")
    assert bide.queue()["key_rate"] is None


def test_it_is_told_which_limit_holds_a_task(serve):
    bide = limited(serve, "2/d", rate="3/d burst 1")
    bide.ended(bide.act(limit_key="ann"), "completed")
    ann, bob = bide.act(limit_key="ann"), bide.act(limit_key="bob")
    assert bide.waits(ann, "key_rate") == "key ann: 2/d"
    assert bide.waits(bob, "rate") == "queue default: 3/d burst 1"


@pytest.mark.parametrize("rate", ["", "10", "10/x", "0/s", "1000001/s", "10/s burst 0", 10, -1, 0.5, True, [], {}], ids=lambda v: str(v)[:20])
def test_what_is_no_rate_is_pointed_at_with_what_would_be_one(bide, rate):
    before = bide.queue()
    answer = change(bide, rate)
    problem(answer, 400, "invalid")
    assert pointers(answer) == ["/key_rate"] and bide.queue() == before
    assert "10/s burst 20" in answer.json["errors"][0]["detail"]


def test_a_rate_reads_back_as_it_was_written(bide):
    for rate in ("1/s", "1000000/d", "7/m burst 1000000"):
        assert change(bide, rate).json["key_rate"] == rate == bide.queue()["key_rate"]
    assert change(bide, "10/s burst 10").json["key_rate"] == "10/s"
