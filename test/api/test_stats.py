# SPDX-License-Identifier: Apache-2.0
"""What happened lately: /v1/stats and /v1/analytics, against what was done."""
import re

import pytest
from harness import problem, until

TYPES = {
    "cat": {"exec": ["/bin/cat"]},
    "fail": {"exec": ["/bin/false"], "max_attempts": 2, "retry": {"base": "50ms", "cap": "50ms", "jitter": "none"}},
    "nap": {"exec": ["/bin/sleep", "0.3"], "queue": "other"},
}
QUEUES = {"default": {"concurrency": 5}, "other": {"concurrency": 1}, "paused": {"paused": True}}


@pytest.fixture
def busy(serve):
    """A server to which known things have happened: 3 cat completed, 2 fail failed (2 retried), 1 cat cancelled, 1 nap completed, 1 cat waits."""
    bide = serve(types=TYPES, queues=QUEUES)
    for _ in range(3):
        bide.ended(bide.submit("cat")["id"], "completed")
    for _ in range(2):
        bide.ended(bide.submit("fail")["id"], "failed")
    bide.ended(bide.submit("nap")["id"], "completed")
    later = bide.submit("cat", delay_ms=3_600_000)["id"]
    assert bide.post(f"/v1/tasks/{later}/cancel").status == 200
    bide.submit("cat", queue="paused")
    return bide


def of(items, name, value):
    [item] = [i for i in items if i[name] == value]
    return item


def counts(window):
    return {w: window[w] for w in ("submitted", "completed", "failed", "cancelled", "expired", "retried") if window[w]}


def test_types_say_what_happened_to_them_in_both_windows(busy):
    types = busy.get_json("/v1/stats")["types"]
    assert [t["type"] for t in types] == ["cat", "fail", "nap"]
    for window in ("last_1h", "last_24h"):
        assert counts(of(types, "type", "cat")[window]) == {"submitted": 5, "completed": 3, "cancelled": 1}
        assert counts(of(types, "type", "fail")[window]) == {"submitted": 2, "failed": 2, "retried": 2}
        assert counts(of(types, "type", "nap")[window]) == {"submitted": 1, "completed": 1}
    cat, fail = of(types, "type", "cat")["last_1h"], of(types, "type", "fail")["last_1h"]
    assert (cat["failed_share"], fail["failed_share"]) == (0, 1)
    assert cat["submitted_per_minute"] == 5, "over a minute, though the server is younger"
    nap = of(types, "type", "nap")["last_1h"]["run_ms"]
    assert 300 * 7 / 8 <= nap["p50"] == nap["p90"] == nap["p99"] < 5000, "one value is every percentile"


def test_queues_say_what_is_in_them_and_what_happened(busy):
    until(lambda: busy.get_json("/v1/stats")["tasks"]["running"] == 0, "all is done")
    queues = busy.get_json("/v1/stats")["queues"]
    assert sorted(q["queue"] for q in queues) == ["default", "other", "paused"]
    assert counts(of(queues, "queue", "default")["last_1h"]) == {"submitted": 6, "completed": 3, "failed": 2, "cancelled": 1, "retried": 2}
    paused = of(queues, "queue", "paused")
    assert paused["paused"] and paused["depth"]["pending"] == 1
    assert counts(paused["last_24h"]) == {"submitted": 1}
    assert paused["last_1h"]["wait_ms"] == {"p50": None, "p90": None, "p99": None}, "nothing was started"
    assert paused["last_1h"]["failed_share"] is None
    until(lambda: of(busy.get_json("/v1/stats")["queues"], "queue", "paused")["oldest_pending_ms"] > 100, "it waits")


@pytest.mark.parametrize("window, steps, step_ms", [("1h", 60, 60_000), ("24h", 24, 3_600_000)])
def test_analytics_are_the_same_step_by_step(busy, window, steps, step_ms):
    answer = busy.get_json(f"/v1/analytics?window={window}")
    assert (answer["window"], answer["queue"], answer["type"], answer["step_ms"]) == (window, None, None, step_ms)
    series = answer["series"]
    assert {len(v) for v in series.values()} == {steps}

    def total(name):
        return sum(v for v in series[name] if v is not None)

    assert {n: total(n) for n in ("submitted", "completed", "failed", "cancelled", "retried")} == {
        "submitted": 8, "completed": 4, "failed": 2, "cancelled": 1, "retried": 2}
    assert series["submitted"][0] is None, "before the server started"
    assert series["depth"][-1] == 1, "the one that waits"
    assert series["run_p99_ms"][-1] is None or series["run_p99_ms"][-1] >= 0
    assert re.fullmatch(r".*T\d\d:\d\d:00\.000Z" if window == "1h" else r".*T\d\d:00:00\.000Z", answer["from"])


def test_analytics_choose_by_queue_and_type(busy):
    def submitted(**query):
        text = "&".join(f"{k}={v}" for k, v in query.items())
        answer = busy.get_json(f"/v1/analytics?{text}")
        return sum(v or 0 for v in answer["series"]["submitted"]), answer["series"]["depth"]

    assert submitted(type="cat") == (5, None)
    assert submitted(type="cat", queue="paused") == (1, None)
    count, depth = submitted(queue="paused")
    assert (count, depth[-1]) == (1, 1)
    assert submitted(queue="other")[0] == 1
    assert submitted(type="none")[0] == 0


def test_what_analytics_do_not_know_is_refused(bide):
    problem(bide.send("GET", "/v1/analytics?window=1d"), 400, "invalid")
    problem(bide.send("GET", "/v1/analytics?step=1"), 400, "unknown_field")


def test_a_task_that_runs_again_ends_twice_and_the_depth_stays_true(serve):
    bide = serve(types=TYPES, queues=QUEUES)
    id = bide.submit("cat")["id"]
    bide.ended(id, "completed")
    assert bide.post(f"/v1/tasks/{id}/retry").status in (200, 202)
    bide.ended(id, "completed")
    until(lambda: of(bide.get_json("/v1/stats")["types"], "type", "cat")["last_1h"]["completed"] == 2, "it ended twice")
    depth = bide.get_json("/v1/analytics")["series"]["depth"]
    assert [d for d in depth if d is not None][-1] == 0
    assert bide.metric("bide_tasks_reopened_total", queue="default", type="cat") == 1


def test_more_lanes_than_there_is_room_for_share_one_place(serve):
    queues = {f"q{i:02}": {} for i in range(70)}
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}}, queues=queues)
    for name in queues:
        bide.ended(bide.submit("cat", queue=name)["id"], "completed")
    stats = bide.get_json("/v1/stats")
    types = stats["types"]
    assert [t["type"] for t in types] == ["(other)", "cat"]
    assert [t["last_1h"]["submitted"] for t in types] == [6, 64]
    assert of(stats["queues"], "queue", "q00")["last_1h"]["submitted"] == 1
    assert of(stats["queues"], "queue", "q69")["last_1h"]["submitted"] == 0
    series = bide.get_json("/v1/analytics")["series"]
    assert sum(v or 0 for v in series["submitted"]) == 70
    assert bide.get_json("/v1/analytics?queue=q69")["series"]["depth"] is None
    assert bide.get_json("/v1/analytics?queue=q00")["series"]["depth"][-1] == 0
