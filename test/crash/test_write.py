# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every write, sync and truncation of the store, each in a run of its own: before the call, and in the middle
of it, with half of the bytes written. A fixed story is played against a fresh server until it dies at call k; then the
next server starts on what is left, and everything that was acknowledged must be there; for k = 1, 2, ... until the story
comes to its end unharmed.

Dead processes, not lost power: what was written stays (test/contract/test_power.c takes that away, too).
"""
import collections
import http.client
import os
import random
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
SEED = int(os.environ.get("BIDE_CRASH_SEED", "0")) or random.SystemRandom().getrandbits(32)
QUEUES = ("default", "other")
DEEDS = {"before": KILL_BEFORE, "halfway": KILL_HALFWAY}


def prepare(serve):
    types = {
        "note": {"exec": ["/bin/sh", "-c", 'echo "$1" >>notes', "sh", "{input.name}"], "cwd": "."},
        "fail": {"exec": ["/bin/false"], "max_attempts": 1},
        "nap": {"exec": ["/bin/sh", "-c", "until test -e gate; do sleep 0.05; done"], "cwd": "."},
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


def settled(bide):
    """All has ended that could; False: the server died meanwhile."""
    try:
        for queue in QUEUES:
            if bide.queue(queue)["paused"]:
                assert bide.post(f"/v1/queues/{queue}/resume").status == 200
        until(lambda: not any(bide.queue(q)["depth"][s] for q in QUEUES for s in ("pending", "running", "retrying")), "ended")
        return True
    except (OSError, http.client.HTTPException):
        return False


def sound(bide, story):
    """The next server: it starts, brings to an end what was under way, and has all that was told."""
    bide.start()
    assert settled(bide)
    story.check(bide)
    depth = sum((collections.Counter(bide.queue(q)["depth"]) for q in QUEUES), collections.Counter())
    tasks = bide.listed(limit=200)
    assert depth == collections.Counter(t["status"] for t in tasks), "counts and rows"
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


def keep(bide, folder):
    """Sets the store aside, as the crash left it; or puts it back."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in (*bide.dir.glob("bide.db*"), bide.dir / "notes"):
        shutil.copy(name, folder)


def put_back(bide, folder):
    wipe(bide)
    for name in folder.iterdir():
        shutil.copy(name, bide.dir)


def test_killed_at_any_write_of_the_start_after_a_crash_the_next_start_has_everything(serve, tmp_path):
    bide, faults = prepare(serve)
    bide.start()
    s = Story(bide)
    s.ask("POST", "/v1/queues/other/pause")
    s.batch(["w1", "w2", "w3"], queue="other", tags={"a": "b"})
    s.submit("later", delay_ms=3_600_000)
    s.submit("done")
    s.ends("done", "completed")
    s.submit("running", type="nap", ending="completed")
    bide.seen(s.ids["running"], "running")
    s.submit("asked", type="nap", ending="completed")
    bide.seen(s.ids["asked"], "running")
    s.verb("asked", "cancel", {("running", 1), ("cancelled", 1)})
    bide.kill9()
    until(lambda: not bide.processes(), "no orphan")
    keep(bide, tmp_path / "crashed")
    (bide.dir / "gate").touch()  # from now on a nap is short
    k, over = 0, False
    while not over:
        k += 1
        put_back(bide, tmp_path / "crashed")
        faults.arm(CALLS, first=k, deed=KILL_HALFWAY if k % 2 else KILL_BEFORE, places=STORE)
        over = start(bide) and settled(bide)
        if over:
            bide.process.terminate()
            over = bide.process.wait(20) == 0
        bide.process.wait(20)
        faults.disarm()
        until(lambda: not bide.processes(), f"call {k}: no orphan")
        sound(bide, s)
        bide.kill9()
    print(f"killed at each of {k - 1} calls of the start after a crash")
    assert k > 20


def test_killed_in_the_middle_of_a_checkpoint_everything_acknowledged_is_there(serve):
    bide, faults = prepare(serve)
    big = "x" * 4_300_000  # more than the 1000 pages after which the log is copied into the file

    def life(k, deed):
        wipe(bide)
        faults.arm(CALLS, first=k, deed=deed, places=STORE)
        assert start(bide)
        story = Story(bide)
        try:
            story.submit("before", delay_ms=3_600_000)
            story.submit("big", input={"name": "big", "more": big}, delay_ms=3_600_000)
            story.submit("after", delay_ms=3_600_000)  # answered when the checkpoint, which comes after an answer, is over
        except Died:
            pass
        calls = faults.seen()
        if bide.process.poll() is None and not faults.hits():
            bide.kill9()
        bide.process.wait(20)
        faults.disarm()
        return story, calls

    _, all_calls = life(10**9, KILL_BEFORE)
    assert all_calls > 3000, "a log of 1000 pages, and its copy"
    chance = random.Random(SEED)
    print(f"BIDE_CRASH_SEED={SEED}; 30 of {all_calls} calls")
    for n in range(30):
        k = chance.randrange(all_calls // 2, all_calls)
        story, _ = life(k, KILL_HALFWAY if n % 2 else KILL_BEFORE)
        until(lambda: not bide.processes(), f"call {k}: no orphan")
        sound(bide, story)
        assert story.may["before"] == {("scheduled", 1)}
        if "big" in story.ids:
            assert bide.task(story.ids["big"])["input_bytes"] > len(big)
        bide.kill9()
