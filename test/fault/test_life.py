# SPDX-License-Identifier: Apache-2.0
"""Calls failing while a server starts, ends, or is copied. A start serves or says why not and leaves the store as it was;
an end comes, whatever fails; a copy is whole or there is none."""
import errno
import random
import re
import signal
import sqlite3
import subprocess

import pytest
from faults import FILES, FOLDER, LIBRARY, MAP, MEMORY, OPEN, OTHER, PIPE, READ, STORE, SYNC, TRUNCATE, WRITE, Faults
from harness import BIDE, until
from world import FAR, SEED, World

CALLS = {
    "write": dict(kinds=WRITE | TRUNCATE, error=errno.ENOSPC, places=STORE | FILES),
    "sync": dict(kinds=SYNC, error=errno.EIO),
    "read": dict(kinds=READ | MAP, error=errno.EIO, places=STORE | FILES),
    "open": dict(kinds=OPEN | PIPE, error=errno.EMFILE, places=STORE | FILES | OTHER),
    "folder": dict(kinds=FOLDER, error=errno.ENOSPC),
    "memory": dict(kinds=MEMORY, error=errno.ENOMEM),
}
MOST = 30


def numbers(calls):
    """Which of so many calls are played."""
    every = range(1, calls + 1)
    return every if calls <= MOST else sorted(random.Random(SEED).sample(every, MOST))


def filled(serve):
    """A server with a task of each kind, and what they are after its end."""
    w = World(serve)
    w.ended()
    w.ended("bad", "failed")
    w.submit(delay_ms=FAR, tags={"a": "b"})
    w.sure("POST", f"/v1/tasks/{w.submit(delay_ms=FAR)}/cancel")
    w.sure("POST", "/v1/queues/other/pause")
    w.submit(queue="other")
    w.sure("POST", "/v1/tasks", {"type": "cat", "delay_ms": FAR, "subject": "keyed"}, {"Idempotency-Key": "k"})
    return w


def standing(w):
    return sorted((t["id"], t["status"], t["run"], t["attempt"]) for t in w.bide.listed(limit=200))


def listens(w):
    """Waits until the start is decided. True: it serves."""
    match = until(
        lambda: re.search(r"listening on http://127\.0\.0\.1:(\d+)", w.bide.text()) or w.bide.process.poll() is not None,
        f"it serves or has ended: {w.bide.text()}",
    )
    if match is True:
        return False
    w.bide.port = int(match[1])
    return True


@pytest.mark.parametrize("how", ("clean", "killed"))
@pytest.mark.parametrize("call", CALLS)
def test_whatever_fails_at_a_start_it_serves_or_says_why_not_and_the_next_has_everything(serve, call, how):
    w = filled(serve)
    before = standing(w)
    served = 0

    def start(n):
        if how == "clean":
            w.bide.process.terminate()
            w.bide.exited()
        else:
            w.bide.kill9()
        until(lambda: not w.bide.processes(), "no orphan")
        w.faults.arm(first=n, **CALLS[call])
        w.bide.launch()
        good = listens(w)
        struck = w.faults.hits()
        w.recover() if good else w.faults.disarm()
        if w.bide.process.poll() is not None:
            status, said = w.bide.exited(), w.bide.text()
            # what ends itself without memory: bide and libuv (SIGABRT), libfyaml (by its null pointer)
            ended = -signal.SIGABRT, -signal.SIGSEGV if call == "memory" else 0
            assert status > 0 and said.strip() or status in ended, f"call {n}: {status} {said}"
            assert "not a bide store" not in said, f"call {n}: what it is cannot be known: {said}"
            until(lambda: not w.bide.processes(), "no orphan")
            w.bide.start()
        assert standing(w) == before, f"call {n}: {w.bide.text()}"
        return struck, good

    start(2**63)
    played = numbers(w.faults.seen())
    for n in played:
        struck, good = start(n)
        served += bool(struck and good)
    w.all_there()
    w.ended()
    print(f"BIDE_FAULT_SEED={SEED}; {call}, {how}: {len(played)} calls of the start, after {served} it served")


@pytest.mark.parametrize("call", CALLS)
def test_whatever_fails_at_a_drain_it_ends_and_the_next_has_everything(serve, call):
    w = filled(serve)
    clean = 0

    def drain(n):
        name = w.name()
        gate = w.bide.gate(name)
        running = w.submit("act", input={"steps": [["until", gate], ["done", 1]]})
        w.bide.seen(running, "running")
        w.faults.arm(first=n, **CALLS[call])
        w.bide.process.send_signal(signal.SIGTERM)
        w.bide.open_gate(name)
        status = w.bide.exited(60)
        w.faults.disarm()
        seen = w.faults.seen()
        until(lambda: not w.bide.processes(), "no orphan")
        w.bide.start()
        w.bide.ended(running, "completed")
        return status, seen

    assert drain(2**63)[0] == 0
    status, calls = drain(2**63)
    assert status == 0
    played = numbers(calls)
    for n in played:
        clean += drain(n)[0] == 0
    w.all_there()
    print(f"BIDE_FAULT_SEED={SEED}; {call}: {len(played)} of {calls} calls of a drain, {clean} of them ended well")


@pytest.mark.parametrize("call", CALLS)
def test_whatever_fails_in_a_backup_there_is_a_whole_copy_or_none(serve, call, tmp_path):
    w = filled(serve)
    before = standing(w)
    faults = Faults(tmp_path)
    copy = w.bide.dir / "copy"
    ids = {bytes.fromhex(id.replace("-", "")) for id, *_ in before}
    good = 0

    def backup(n):
        nonlocal good
        faults.arm(first=n, **CALLS[call])
        done = subprocess.run(
            [BIDE, "backup", str(copy), "--config", "bide.yaml"],
            cwd=w.bide.dir, capture_output=True, text=True, timeout=60,
            env={"PATH": "/usr/bin:/bin", "LD_PRELOAD": str(LIBRARY), "FAULT_CONTROL": str(faults.path)},
        )  # fmt: skip
        faults.disarm()
        if copy.exists():
            with sqlite3.connect(f"file:{copy}?immutable=1", uri=True) as reader:
                assert reader.execute("pragma integrity_check").fetchall() == [("ok",)]
                assert {id for (id,) in reader.execute("select id from body")} == ids, f"call {n}"
            good += 1
            copy.unlink()
        assert done.returncode == 0 or done.stderr.strip() or call == "memory", f"call {n} of {call}: {done}"
        left = [p.name for p in w.bide.dir.iterdir() if p.name.startswith("copy")]
        cannot = done.returncode < 0 or call == "folder"  # clean up: it ended itself, or nothing can be removed
        assert not left or cannot, f"call {n} of {call}: {done} left {left}"
        for name in left:
            (w.bide.dir / name).unlink()
        assert standing(w) == before
        return done.returncode

    assert backup(2**63) == 0
    calls = faults.seen()
    played = numbers(calls)
    for n in played:
        backup(n)
    assert backup(2**63) == 0
    w.all_there()
    print(f"BIDE_FAULT_SEED={SEED}; {call}: {len(played)} of {calls} calls of a backup, {good - 2} of them made a copy")
