# SPDX-License-Identifier: Apache-2.0
"""kills.py, a tenth of it: no task is lost, none has two live attempts, none two endings. And that it would tell.

BIDE_KILLS (20), BIDE_KILLS_SEED.
"""
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import kills  # noqa: E402
import kills_check  # noqa: E402
from fixtures import serve  # noqa: E402,F401
from harness import until  # noqa: E402
from kills_check import Facts, Note  # noqa: E402

KILLS = int(os.environ.get("BIDE_KILLS", "20"))
SEED = int(os.environ.get("BIDE_KILLS_SEED", "0")) or random.SystemRandom().getrandbits(32)


def test_no_task_is_lost_or_has_two_live_attempts_or_two_endings(serve):  # noqa: F811
    print(f"BIDE_KILLS_SEED={SEED}")
    facts, killer = kills.storm(kills.prepared(serve.prepare({})).start(), KILLS, SEED)
    print(kills.story(facts, killer, 0))
    assert kills_check.wrongs(facts) == []
    assert killer.n == KILLS and len(killer.killed) == KILLS and killer.counts["busy"] > 0
    assert len(facts.accepted) > KILLS and len(facts.notes) > 2 * facts.endings["completed"]
    assert any(a["verdict"] == "lost" for attempts in facts.attempts.values() for a in attempts), "nobody was hit"


class Noted:
    """A worker of noted.py by itself, with one task that takes a minute."""

    def __init__(self, directory, attempt):
        child_in, given = os.pipe()
        env = {**os.environ, "BIDE_IN": str(child_in), "BIDE_OUT": "1", "NOTES": str(directory / "notes"), "LOCKS": str(directory)}
        self.process = subprocess.Popen(kills.NOTED, env=env, pass_fds=(child_in,), stdout=subprocess.PIPE)
        os.close(child_in)
        task = {"id": "a", "fence": "9f86d081884c7d65", "type": "plain", "attempt": attempt, "dir": str(directory)}
        os.write(given, json.dumps({"op": "run", "tasks": [{**task, "input": {"ms": 60_000}, "resume": None}]}).encode() + b"\n")
        self.given = given

    def kill(self):
        self.process.kill()
        self.process.communicate()
        os.close(self.given)


def test_an_attempt_that_finds_another_one_alive_notes_it_and_finds_none_after_a_kill(tmp_path):
    def words():
        path = tmp_path / "notes"
        text = path.read_text() if path.exists() else ""
        return [(note.word, note.attempt) for note in kills_check.read_notes(text)]

    first = Noted(tmp_path, 1)
    until(lambda: words() == [("begin", 1)], "it is at work")
    second = Noted(tmp_path, 2)
    until(lambda: words() == [("begin", 1), ("twice", 2), ("begin", 2)], "the other one is noticed")
    first.kill(), second.kill()
    third = Noted(tmp_path, 3)
    until(lambda: words()[3:] == [("begin", 3)], "the dead hold no lock")
    third.kill()


def ended(status="completed", finished_at="T1", code=None, type="plain"):
    return {"type": type, "status": status, "finished_at": finished_at, "error": {"code": code} if code else None}


def attempts(*verdicts):
    return [{"attempt": n, "verdict": verdict} for n, verdict in enumerate(verdicts, 1)]


def facts(**changed):
    """Task a: killed in its first attempt, done in its second. Task b: done."""
    notes = "begin a 1 100 10\nbegin b 1 101 12\nend b 1 101 15\nbegin a 2 102 30\nend a 2 102 40\n"
    good = {
        "accepted": ["a", "b"],
        "tasks": {"a": ended(), "b": ended()},
        "attempts": {"a": attempts("lost", "done"), "b": attempts("done")},
        "notes": kills_check.read_notes(notes),
        "killed": {100: 20},
        "endings": {"completed": 2},
        "seen": {"b": [("completed", "T1"), ("completed", "T1")]},
    }
    return Facts(**{**good, **changed})


def notes(*more):
    return facts().notes + [Note(*one) for one in more]


def test_what_fits_together_is_not_wrong():
    assert kills_check.wrongs(facts()) == []


def test_a_third_death_alone_may_end_a_task_and_nothing_else_may():
    three = {"attempts": {"a": attempts("lost", "lost", "lost"), "b": attempts("done")}, "notes": facts().notes[:3]}
    poison = {"a": ended("failed", code="poison"), "b": ended()}
    counted = {"completed": 1, "failed": 1}
    assert kills_check.wrongs(facts(tasks=poison, endings=counted, **three)) == []
    two = {"a": attempts("lost", "lost"), "b": attempts("done")}
    [wrong] = kills_check.wrongs(facts(tasks=poison, endings=counted, attempts=two, notes=facts().notes[:3]))
    assert "a is failed after 2 deaths alone" in wrong
    [wrong] = kills_check.wrongs(facts(tasks={**poison, "a": ended("failed", code="timeout")}, endings=counted, **three))
    assert "timeout" in wrong
    remote = {**poison, "a": ended("failed", code="poison", type="remote")}
    [wrong] = kills_check.wrongs(facts(tasks=remote, endings=counted, **three))
    assert "a is failed after 0 deaths alone" in wrong
    company = {"a": attempts("lost", "lost", "lost"), "b": attempts("lost", "done")}
    shared = [Note("begin", "a", 1, 100, 10), Note("begin", "b", 1, 100, 10), Note("begin", "b", 2, 101, 30), Note("end", "b", 2, 101, 31)]
    [wrong] = kills_check.wrongs(facts(tasks=poison, endings=counted, attempts=company, notes=shared))
    assert "a is failed after 2 deaths alone" in wrong


@pytest.mark.parametrize(
    "part,changed,says",
    [
        ("losses", {"accepted": ["a", "b", "c"]}, "c was accepted and is not there"),
        ("losses", {"accepted": ["a"]}, "b was submitted by nobody"),
        ("losses", {"accepted": ["a", "b", "b"]}, "b was accepted twice"),
        ("losses", {"tasks": {"a": ended("running"), "b": ended()}}, "a is running"),
        ("lives", {"notes": notes(("twice", "a", 2, 102, 29))}, "attempt 2 found another one alive"),
        ("lives", {"notes": notes(("begin", "a", 2, 103, 31))}, "attempt 2 began 2 times"),
        ("lives", {"notes": notes(("begin", "b", 2, 103, 31))}, "attempt 2 began, and the server knows of none"),
        ("lives", {"killed": {100: 35}}, "a: attempt 2 began before the one before it was over"),
        ("lives", {"notes": notes(("end", "a", 1, 100, 33))}, "a: attempt 2 began before the one before it was over"),
        ("lives", {"killed": {}}, "a: attempt 1 is lost, and nobody has killed process 100"),
        ("lives", {"notes": facts().notes[:-1]}, "a: attempt 2 is done, and did not do it"),
        ("lives", {"attempts": {"a": attempts("lost", "done")[::-1], "b": attempts("done")}}, "a: attempt 2 stands where 1 should"),
        ("endings", {"attempts": {"a": attempts("done", "done"), "b": attempts("done")}}, "done by attempts [1, 2] of 2"),
        ("endings", {"attempts": {"a": attempts("done", "lost"), "b": attempts("done")}}, "done by attempts [1] of 2"),
        ("endings", {"tasks": {"a": ended("failed"), "b": ended()}, "endings": {"completed": 1, "failed": 1}}, "a is failed, and done by"),
        ("endings", {"seen": {"b": [("failed", "T1")]}}, "b has ended otherwise before"),
        ("endings", {"seen": {"b": [("completed", "T0")]}}, "b has ended otherwise before"),
        ("endings", {"endings": {"completed": 3}}, "{'completed': 3} endings were counted"),
    ],
)
def test_what_does_not_fit_is_told(part, changed, says):
    assert says in " | ".join(getattr(kills_check, part)(facts(**changed)))
