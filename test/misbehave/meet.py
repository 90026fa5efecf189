# SPDX-License-Identifier: Apache-2.0
"""One evil from its beginning to its end, and everything that must be so afterwards."""
import ctypes
import os
import time

import pytest
from evils import ASKED, ENDED, FAILED, KEPT, KILL, TERM
from harness import until
from ring import GRACE, LATE, tasks_of

LANDLOCK = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) >= 3
LOG = 256 * 1024 + 200  # what is kept of a log, and the line about what is left out


def submit(ring, evil, type):
    given = {"evil": evil.name, "times": evil.times, "steps": []}
    if evil.input_bytes:
        given["padding"] = "p" * evil.input_bytes
    return ring.bide.submit(type, given, **evil.fields)["id"]


def victim(ring):
    """A task that another worker has: it waits for its gate. The rogue finds its id in a file."""
    id = ring.bide.act(["until", ring.bide.gate("victim")], type="good")
    ring.bide.seen(id, "running")
    (ring.path / "victim").write_text(id)
    return id


def deaths(evil):
    """After which another attempt follows."""
    return evil.attempts[:-1].count("lost")


def pool_of(ring, evil):
    """What its pool says besides the usual. A limit of processes counts those that the user has already."""
    if "read_only" in evil.pool and not LANDLOCK:
        pytest.skip("this kernel has no Landlock of Linux 6.2")
    pool = dict(evil.pool)
    if "processes" in pool.get("limits", {}) and ring.user is None:
        pool["limits"] = {**pool["limits"], "processes": pool["limits"]["processes"] + tasks_of(os.geteuid())}
    if evil.command:
        pool["command"] = [*evil.command, *ring.rogue_command()]
    return pool


def meet(ring, evil, type):
    bide = ring.open(pool_of(ring, evil), evil.processes)
    other = victim(ring) if evil.name == "answers-for-another" else None
    ring.begin()
    id = submit(ring, evil, type)
    if evil.name.startswith("floods-") or evil.cancel:
        until(ring.is_on, "the evil is on")
        ring.others.go_on()
    if evil.processes or "processes" in evil.pool.get("limits", {}):
        until((ring.path / "no-more-processes").exists, "the limit of processes is reached")
        ring.others.go_on()
    (ring.path / "enough").touch()
    asked = time.monotonic()
    if evil.cancel:
        assert bide.post(f"/v1/tasks/{id}/cancel").status == 202
    for _ in range(deaths(evil) if type == "rogue" and evil.name != "exits" else 0):
        until(ring.hurry, "the process has failed")
    task = bide.ended(id)
    took = time.monotonic() - asked if evil.cancel else task["timing"]["run_ms"] / 1000 - evil.fields.get("timeout_ms", 0) / 1000
    print(f"{evil.name}: {task['status']}, {task['error']}, {took:.3f} s, {ring.rogue()}")
    check_ending(ring, evil, task)
    if evil.over:
        check_stop(ring, evil, type, took)
    if other:
        assert bide.task(other)["status"] == "running"
        bide.open_gate("victim")
        bide.ended(other, "completed")
    if type == "rogue":
        check_process(ring, evil)
        check_next(ring, evil)
    ring.over()


def check_ending(ring, evil, task):
    """Status, code, attempts, result, log."""
    attempts = ring.bide.get_json(f"/v1/tasks/{task['id']}/attempts")["items"][::-1]
    seen = (task["status"], (task["error"] or {}).get("code"), tuple(a["verdict"] for a in attempts))
    assert seen == (evil.status, evil.code, evil.attempts), (task, attempts)
    if evil.status == "completed":
        assert task["result"] == evil.result
    assert task["files"] == []
    logs = [ring.bide.send("GET", f"/v1/tasks/{task['id']}/log?attempt={a['attempt']}").body for a in attempts]
    assert all(len(log) <= LOG for log in logs)
    text = " ".join(log.decode() for log in logs)
    assert "\0" not in text or evil.name.startswith(("floods", "junk"))
    errors = " ".join(f"{e['message']} {e['detail']}" for e in [task["error"], *(a["error"] for a in attempts)] if e)
    assert evil.said in errors + text, (errors, text[-2000:])


def check_stop(ring, evil, type, took):
    """A stop is over when it has to be, by the signal it takes; nothing is killed before its time."""
    first, last = {ASKED: (0, 0), TERM: (GRACE / 2, GRACE / 2), KILL: (GRACE, GRACE)}[evil.over]
    assert first * 0.9 <= took < last + 1 + LATE, (evil.over, took)
    if type == "rogue" and evil.process == ENDED:
        signal = {TERM: 15, KILL: 9}[evil.over]
        said = f"was ended with its task: the worker was ended by signal {signal} "
        until(lambda: said in ring.bide.text(), f"the server's word: {said}; said: {ring.bide.text()}")


def check_process(ring, evil):
    """What has become of the process, after an ending that may be told before it is noticed elsewhere."""
    failures = evil.attempts.count("lost") or 1
    wanted = {KEPT: (["idle"], 0), ENDED: (["off"], 1), FAILED: (["backoff", "starting", "idle"], failures)}[evil.process]

    def is_so():
        rogue = ring.rogue()
        return rogue["state"] in wanted[0] and (rogue["restarts"], rogue["dropped"]) == (wanted[1], evil.dropped)

    until(is_so, f"{wanted}, {evil.dropped} dropped: {ring.rogue()}")


def check_next(ring, evil):
    """The pool works again."""
    ring.hurry()
    if evil.name == "closes-frames-in":
        until(ring.is_on, "it has closed them")
    task = ring.bide.ended(ring.bide.submit("rogue", {"evil": "none"})["id"], "completed")
    assert task["attempt"] == 1, task
    if evil.name == "closes-frames-in":
        assert ring.rogue()["restarts"] == 1, "it was found out by that"
