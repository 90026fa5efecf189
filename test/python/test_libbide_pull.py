# SPDX-License-Identifier: Apache-2.0
"""A worker on libbide that pulls from a server that does as it is told: while inputs and files are on their way it beats,
hears of cancels, and gives back what it does not begin."""
import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from fake_desk import PATIENCE_S, Held, beaten
from fake_server import answer, problem

PROGRAM = Path(os.environ.get("BIDE_BUILD", Path(__file__).parents[2] / "build")) / "test/pulled"


@pytest.fixture
def run(desk):
    """run(NAME=value): the program, with this in its environment."""
    programs = []

    def start(preexec_fn=None, **env):
        env = {**os.environ, "BIDE_PULL": desk.url, "BIDE_PULL_TYPES": "x", **env}
        programs.append(subprocess.Popen([PROGRAM], env=env, preexec_fn=preexec_fn))
        return programs[-1]

    yield start
    for program in programs:
        program.kill()
        program.wait()


def beats_go_on(desk, *words):
    for word in words:
        desk.heard("beat", word, len(desk.heard("beat", word, 0)) + 3)


def test_while_an_input_is_on_its_way_all_that_were_given_are_beaten_for_and_a_cancelled_one_never_begins(desk, run):
    run(BATCH="1")
    never = Held(answer("late"))
    desk.answers("t1.f1", "input", never)
    desk.give({"id": "t1", "input_url": "x"}, {"id": "t2", "input": {"text": "two"}}, {"id": "t3", "input": {"text": "three"}})
    beats_go_on(desk, "t1.f1", "t2.f1", "t3.f1")
    desk.answers("t3.f1", "beat", beaten("user"))
    beats_go_on(desk, "t3.f1")
    assert desk.verdicts() == []
    desk.answers("t1.f1", "beat", beaten("user"))
    assert desk.heard("cancelled", "t1.f1") == [{}]
    assert desk.heard("cancelled", "t3.f1") == [{}]
    [done] = desk.heard("done", "t2.f1")
    assert (done["result"]["text"], done["result"]["batch"]) == (3, 1)
    never.go()
    desk.give({"id": "t4", "input": {"text": ""}})
    desk.heard("done", "t4.f1")
    assert sorted(desk.verdicts()) == [("t1.f1", "cancelled"), ("t2.f1", "done"), ("t3.f1", "cancelled"), ("t4.f1", "done")]


def test_while_a_file_is_on_its_way_beats_go_on_and_a_cancel_reaches_the_worker(desk, run):
    run(BATCH="1")
    slow = Held(answer({}, 201))
    desk.answers("t1.f1", "files/out.txt", slow)
    desk.give({"id": "t1", "input": {"file": "out.txt"}}, {"id": "t2", "input": {"spin": True}})
    assert desk.heard("files/out.txt") == [b"content of out.txt"]
    beats_go_on(desk, "t1.f1", "t2.f1")
    desk.answers("t2.f1", "beat", beaten("user"))
    beats_go_on(desk, "t1.f1", "t2.f1")
    slow.go()
    assert desk.heard("done", "t1.f1")[0]["files"] == ["out.txt"]
    desk.heard("cancelled", "t2.f1")
    assert desk.verdicts() == [("t1.f1", "done"), ("t2.f1", "cancelled")]


def test_what_is_sent_again_and_again_is_not_once_the_attempt_is_lost(desk, run):
    run()
    desk.answers("t1.f1", "done", problem(503, "draining"))
    desk.give({"id": "t1", "input": {}})
    desk.heard("done", "t1.f1", 2)
    beats_go_on(desk, "t1.f1")
    desk.answers("t1.f1", "beat", problem(409, "stale_fence"))
    desk.give({"id": "t2", "input": {}})
    desk.heard("done", "t2.f1")
    assert {verb for word, verb in desk.verdicts() if word == "t1.f1"} == {"done"}


def test_a_program_that_is_told_to_end_gives_back_what_it_was_fetching(desk, run):
    program = run(BATCH="1")
    never = Held(answer("late"))
    desk.answers("t1.f1", "input", never)
    desk.give({"id": "t1", "input_url": "x"}, {"id": "t2", "input": {}})
    desk.heard("input", "t1.f1")
    program.send_signal(signal.SIGTERM)
    assert program.wait(PATIENCE_S) == 0
    never.go()
    assert sorted(desk.verdicts()) == [("t1.f1", "release"), ("t2.f1", "release")]


def test_an_input_that_cannot_be_stored_is_a_failure_that_says_so_and_the_others_are_run(desk, run):
    run(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)), BATCH="1")
    desk.answers("t1.f1", "input", answer("x" * 2000))
    desk.give({"id": "t1", "input_url": "x"}, {"id": "t2", "input": {}})
    [fail] = desk.heard("fail", "t1.f1")
    assert fail["code"] == "worker_error"
    assert fail["message"].startswith("it could not begin: ") and "input.json: File too large" in fail["message"]
    assert desk.heard("done", "t2.f1")[0]["result"]["batch"] == 1
    desk.give({"id": "t3", "input": {}})
    desk.heard("done", "t3.f1")


def test_a_directory_that_cannot_be_made_is_a_failure_that_says_so(desk, run):
    run(TMPDIR="/nowhere")
    for id in ("t1", "t2"):
        desk.give({"id": id, "input": {}})
        [fail] = desk.heard("fail", f"{id}.f1")
        assert fail["code"] == "worker_error"
        assert fail["message"] == "it could not begin: a directory in TMPDIR (unless set: /tmp): No such file or directory"
