# SPDX-License-Identifier: Apache-2.0
"""Rates of queues: what holds a task back, what changes while the server runs, what is remembered, what is refused.
Rates that no test outlasts, or none: nothing here waits for a token."""
import signal

import pytest
from harness import pointers, problem

MERGE = {"Content-Type": "application/merge-patch+json"}


def limited(serve, rate="1/d"):
    return serve(queues={"default": {"concurrency": 5, "rate": rate}})


def change(bide, rate):
    return bide.send("PATCH", "/v1/queues/default", {"rate": rate}, MERGE)


def test_a_queue_without_a_token_says_so_and_holds_up_no_other(serve):
    bide = serve(queues={"default": {"concurrency": 5, "rate": "1/d burst 7"}, "other": {"concurrency": 1}})
    bide.ended(bide.act(), "completed")
    second = bide.act()
    assert bide.waits(second, "rate") == "queue default: 1/d burst 7"
    assert bide.get_json("/v1/tasks?status=pending")["items"][0]["waiting_on"]["reason"] == "rate", "a list says the same"
    bide.ended(bide.act(queue="other"), "completed")
    assert bide.queue()["rate"] == "1/d burst 7" and bide.get_json("/v1/queues/other")["rate"] is None


def test_a_rate_changes_at_run_time_is_remembered_and_null_is_as_configured(serve):
    bide = limited(serve)
    bide.ended(bide.act(), "completed")
    ids = [bide.act() for _ in range(3)]
    bide.waits(ids[0], "rate")
    assert change(bide, "2/h").json["rate"] == "2/h"
    assert bide.waits(ids[0], "rate") == "queue default: 2/h", "the token that was taken is taken"
    bide.restart9()
    assert bide.queue()["rate"] == "2/h"
    bide.ended(ids[0], "completed")
    assert bide.waits(ids[1], "rate") == "queue default: 2/h", "a start brings one token, not two"
    assert change(bide, None).json["rate"] == "1/d"
    bide.waits(ids[1], "rate")
    for none in (0, "0"):
        assert change(bide, none).json["rate"] is None
    for id in ids[1:]:
        bide.ended(id, "completed")
    bide.restart9()
    assert bide.queue()["rate"] is None, "no limit is remembered, too"


def test_a_configured_rate_follows_a_reload(serve):
    bide = limited(serve)
    bide.ended(bide.act(), "completed")
    second = bide.act()
    bide.waits(second, "rate")
    text = bide.config_file.read_text()
    bide.config_file.write_text(text.replace("1/d", "0"))
    bide.process.send_signal(signal.SIGHUP)
    bide.ended(second, "completed")
    assert bide.queue()["rate"] is None


def test_a_task_that_is_tried_again_takes_another_token(serve):
    bide = limited(serve)
    id = bide.act(["fail"], max_attempts=2, retry={"base_ms": 1, "jitter": "none"})
    assert bide.waits(id, "rate") == "queue default: 1/d"
    assert bide.task(id)["attempt"] == 1


WRONG = ["", "10", "10/", "/s", "10/x", "10 /s", "0/s", "-1/s", "1.5/s", "1000001/s", "10/s burst", "10/s burst 0", "10/s, burst 2", "x" * 100,
         10, -1, 0.5, True, [], {}]


@pytest.mark.parametrize("rate", WRONG, ids=lambda v: str(v)[:20])
def test_what_is_no_rate_is_pointed_at_with_what_would_be_one(bide, rate):
    before = bide.queue()
    answer = change(bide, rate)
    problem(answer, 400, "invalid")
    assert pointers(answer) == ["/rate"] and bide.queue() == before
    assert "10/s burst 20" in answer.json["errors"][0]["detail"]


@pytest.mark.parametrize("rate", ["1/s", "1000000/d", "7/m burst 1000000", "3/h burst 1"])
def test_a_rate_reads_back_as_it_was_written(bide, rate):
    assert change(bide, rate).json["rate"] == rate == bide.queue()["rate"]


def test_a_burst_that_is_the_number_in_front_is_left_out(bide):
    assert change(bide, "10/s burst 10").json["rate"] == "10/s"
