# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load, a hundred times: what was acknowledged is there, ends exactly once, and leaves nothing running.

Clients (load.py) submit one by one, in batches and by the line, with keys and without, cancel, retry, remove and read
without pause, while workers run, retention removes and the log is copied into the file. The server is killed at random
moments, some of them while it starts. Tasks append their name to a file once per attempt: an ending without a line would be
made up, more lines than attempts would be two attempts at a time. A worker takes the one lock of its model: were two
copies of it alive, the second would say so.

BIDE_CRASH_CYCLES (100), BIDE_CRASH_SEED.
"""
import collections
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

from harness import ENDINGS, until
from load import Load

CYCLES = int(os.environ.get("BIDE_CRASH_CYCLES", "100"))
SEED = int(os.environ.get("BIDE_CRASH_SEED", "0")) or random.SystemRandom().getrandbits(32)
CLIENTS = 6
ONCE = [sys.executable, "-S", "-E", str(Path(__file__).with_name("once.py"))]
BRIEF = "1s"


def configuration(place):
    def pool(name):
        return {"command": ONCE, "env": {"LOCK": f"{place}/{name}.lock", "NOTES": f"{place}/notes", "TWICE": f"{place}/twice"}}

    return {
        "defaults": {"timeout": "20s", "grace": "500ms", "retry": {"backoff": "fixed", "base": "20ms", "jitter": "none"}},
        "queues": {"default": {"concurrency": 6}},
        "workers": {"one": pool("one"), "two": pool("two")},
        "types": {
            "note": {"worker": "one"},
            "fail": {"worker": "two", "max_attempts": 2},
            "once": {"worker": "two"},
            "brief": {"worker": "two", "retain": BRIEF},
            "cat": {"exec": ["/bin/cat"]},
            "later": {"exec": ["/bin/cat"]},
        },
    }


def freeze(bide, how, pids=None):
    """Stops all that the server has started, or lets it go on. Returns what there was."""
    pids = pids or bide.processes()
    for pid in pids:
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            pass
    return pids


def crash(bide, load, chance, cycle):
    """One life of the server, under load, to its violent end and the next start."""
    before, notes = load.accepted, bide.dir / "notes"
    said = notes.stat().st_size if notes.exists() else 0
    until(lambda: load.accepted > before + 40 or load.wrong(), "some tasks were accepted")
    if cycle % 4:
        until(lambda: notes.exists() and notes.stat().st_size > said or load.wrong(), "the workers are at work")
    time.sleep(chance.random() * 0.15)  # sleep: the moment of the kill is what this test is about
    frozen = freeze(bide, signal.SIGSTOP) if cycle % 10 == 4 else []
    bide.kill9()
    if cycle % 10 == 9:
        bide.launch()
        time.sleep(chance.random() * 0.03)  # sleep: so is this one, before anything is served
        bide.kill9()
    left = set(bide.processes())
    if cycle % 3 and not frozen:
        until(lambda: not bide.processes(), f"cycle {cycle}: no orphan; right after the kill {left}")
    bide.launch()
    if frozen:
        time.sleep(chance.random() * 0.15)  # sleep: for so long its predecessor's processes cannot even die
        freeze(bide, signal.SIGCONT, frozen)
    bide.listening()  # it serves when nothing of its predecessor is left
    assert not left & set(bide.processes()), f"cycle {cycle}: it serves beside what its predecessor started"
    assert not load.wrong(), load.wrong()


def check(bide, load):
    """When all has ended: each task as it was told, and nothing more."""
    there = {task["id"]: task for task in bide.listed(limit=200)}
    names = collections.Counter(task["subject"] for task in there.values())
    assert max(names.values()) == 1, f"submitted once, there twice: {names.most_common(3)}"
    notes = collections.Counter(bide.lines("notes"))
    for told in load.told():
        task = there.get(told.id)
        if not task:
            assert told.may_be_gone(), ("an acknowledged task is lost", vars(told))
            assert told.kind != "brief" or told.cancelled or notes[told.name], ("removed, and never run", vars(told))
            continue
        told.see(task)
        assert task["status"] in ENDINGS, task
        if task["status"] == "cancelled":
            assert told.cancelled, (task, vars(told))
        else:
            assert task["status"] == ("failed" if told.kind == "fail" else "completed"), (task, vars(told))
        if task["type"] in ("note", "once", "fail"):
            ran(bide, task, notes[task["subject"]])
    return there


def ran(bide, task, times):
    """It ran as often as it says: once for each attempt at most, and at least once when it did not end otherwise."""
    attempts, least = task["attempt"], task["status"] != "cancelled"
    if task["run"] > 1:
        runs = bide.get_json(f"/v1/tasks/{task['id']}/attempts")["runs"]
        assert [r["run"] for r in runs] == list(range(task["run"], 0, -1)), (runs, task)
        attempts, least = sum(r["attempts"] for r in runs), sum(r["status"] != "cancelled" for r in runs)
    assert least <= times <= attempts, (times, attempts, least, task)


def test_nothing_acknowledged_is_lost_or_ends_twice_or_leaves_a_process(serve):
    print(f"BIDE_CRASH_SEED={SEED}")
    chance, began = random.Random(SEED), time.monotonic()
    bide = serve.prepare({})
    bide.configure(configuration(bide.dir))
    bide.start()
    load = Load(bide, CLIENTS, SEED)
    file, copied = bide.dir / "bide.db", 0
    for cycle in range(CYCLES):
        size = file.stat().st_mtime_ns
        crash(bide, load, chance, cycle)
        copied += file.stat().st_mtime_ns != size
    load.stop()
    until(lambda: all(bide.queue()["depth"][s] == 0 for s in ("pending", "running", "scheduled", "retrying")), "all ended", 120)
    until(lambda: not bide.listed(type="brief"), "what is kept for a second is gone", 60)
    there = check(bide, load)
    assert not bide.lines("twice"), "two copies of a model were alive"
    depth = collections.Counter(bide.queue()["depth"])
    words = collections.Counter(task["status"] for task in there.values())
    assert +depth == words, "counts and rows"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as reader:
        assert reader.execute("pragma integrity_check").fetchall() == [("ok",)]
    totals = {what: load.total(what) for what in ("batches", "lines", "replays", "retries", "deletes")}
    print(f"{load.accepted} acknowledged over {CYCLES} kills in {time.monotonic() - began:.0f} s: {dict(words)}, {totals}; "
          f"the log was copied in {copied} lives; {sum(t.kind == 'brief' for t in load.told())} removed by their age")
    assert load.accepted > CYCLES * 40 and all(totals.values()) and copied
