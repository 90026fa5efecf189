# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every write, sync and truncation of the store, each in a run of its own: before the call, and in the middle
of it, with half of the bytes written. A fixed story is played against a fresh server until it dies at call k; then the
next server starts on what is left, and everything that was acknowledged must be there; for k = 1, 2, ... until the story
comes to its end unharmed.

Dead processes, not lost power: what was written stays (test/contract/test_power.c takes that away, too).
"""
import collections
import re
import shutil
import sqlite3
import time

import pytest
from faults import KILL_BEFORE, KILL_HALFWAY, STORE, SYNC, TRUNCATE, WRITE, Faults
from fixtures import with_actor
from harness import until
from story import PATCH, Died, Story

CALLS = WRITE | SYNC | TRUNCATE
DEEDS = {"before": KILL_BEFORE, "halfway": KILL_HALFWAY}


def prepare(serve):
    types = {
        "note": {"exec": ["/bin/sh", "-c", 'echo "$1" >>notes', "sh", "{input.name}"], "cwd": "."},
        "fail": {"exec": ["/bin/false"], "max_attempts": 1},
    }
    bide = serve.prepare(with_actor(types=types, queues={"default": {"concurrency": 2}, "other": {"concurrency": 1}}))
    return bide, Faults.into(bide)


def start(bide):
    """Starts it. False: it died on the way."""
    bide.launch()

    def moved():
        return "listening on http" in bide.text() or bide.process.poll() is not None

    until(moved, "it listens, or is dead")
    match = re.search(r"listening on http://127\.0\.0\.1:(\d+)", bide.text())
    if not match:
        return False
    bide.port = int(match[1])
    return True


def tell(s):
    """The story, up to a clean end of the server."""
    s.submit("one")
    s.ends("one", "completed")
    s.submit("key", key="k1", delay_ms=3_600_000)
    s.batch(["b1", "b2", "b3"], delay_ms=3_600_000, tags={"part": "b"})
    s.batch(["n1", "n2"], lines=True)
    s.submit("broken", type="fail", ending="failed")
    s.ends("broken", "failed")
    s.cancel("key")
    id = s.ids["b1"]
    s.change(["b1"], {("scheduled", 1)}, lambda: s.ask("PATCH", f"/v1/tasks/{id}", {"priority": 7, "tags": {"a": "b"}}, PATCH))
    s.retry("broken", "failed")
    s.ends("broken", "failed", run=2)
    s.ask("PATCH", "/v1/queues/other", {"capacity": 50, "concurrency": 3}, PATCH)
    s.ask("POST", "/v1/queues/default/pause")
    s.submit("held")
    s.ask("POST", "/v1/queues/default/resume")
    s.change(["b2"], {("completed", 1)}, lambda: s.ask("POST", f"/v1/tasks/{s.ids['b2']}/complete", {"result": 1}))
    s.change(["b1", "b3"], {("cancelled", 1)}, lambda: s.ask("POST", "/v1/tasks:cancel", {"tags": {"part": "b"}, "status": "scheduled"}))
    s.delete("one")
    s.submit("brief", retain_ms=0)
    s.ends("n1", "completed")
    s.ends("n2", "completed")
    s.ends("held", "completed")
    s.ask("POST", "/v1/gc", expect=(200, 409))


def sound(bide, story):
    """The next server: it starts, brings to an end what was under way, and has all that was told."""
    bide.start()
    if bide.queue()["paused"]:
        assert bide.post("/v1/queues/default/resume").status == 200
    until(lambda: not any(bide.queue()["depth"][s] for s in ("pending", "running", "retrying")), "all has ended")
    story.check(bide)
    depth = bide.queue()["depth"]
    tasks = bide.listed(limit=200)
    assert {s: n for s, n in depth.items() if n} == collections.Counter(t["status"] for t in tasks), "counts and rows"
    runs = collections.Counter(bide.lines("notes"))
    for task in tasks:
        if task["type"] == "note" and task["status"] == "completed" and task["subject"] != "b2":
            assert 1 <= runs[task["subject"]] <= task["attempt"], (runs, task)
    with sqlite3.connect(f"file:{bide.dir}/bide.db?mode=ro", uri=True) as reader:
        assert reader.execute("pragma integrity_check").fetchall() == [("ok",)]


def wipe(bide):
    for name in (*bide.dir.glob("bide.db*"), *bide.dir.glob("notes"), *bide.dir.glob("run.key")):
        name.unlink()
    shutil.rmtree(bide.dir / "attempts", ignore_errors=True)


def one_life(bide, faults, k, deed):
    """Plays until the k-th call. Returns the story, and whether it came to its end."""
    wipe(bide)
    faults.arm(CALLS, first=k, deed=deed, places=STORE)
    story = None
    try:
        if not start(bide):
            return Story(bide), False
        story = Story(bide)
        tell(story)
        bide.process.terminate()
        return story, bide.process.wait(20) == 0
    except Died:
        return story, False
    finally:
        bide.process.wait(20)
        faults.disarm()


@pytest.mark.parametrize("deed", DEEDS)
def test_killed_at_any_write_of_the_store_everything_acknowledged_is_there(serve, deed):
    bide, faults = prepare(serve)
    bide.port = 1
    k, began, at_start = 0, time.monotonic(), 0
    over = False
    while not over:
        k += 1
        story, over = one_life(bide, faults, k, DEEDS[deed])
        at_start += not story.may
        assert over == (bide.process.returncode == 0), f"call {k}: {bide.process.returncode}: {bide.text()}"
        until(lambda: not bide.processes(), f"call {k}: no orphan")
        try:
            sound(bide, story)
        except AssertionError as error:
            raise AssertionError(f"killed {deed} call {k}: {error}") from error
        bide.kill9()
        until(lambda: not bide.processes(), f"call {k}: no orphan of the successor")
    print(f"killed {deed} each of {k - 1} calls, {at_start} of them of the first start, in {time.monotonic() - began:.0f} s")
    assert k > 150
