# SPDX-License-Identifier: Apache-2.0
"""A worker that pulls: what is on its way does not hold up the beats, and what cannot go on goes back, or fails."""
import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest

from bide import pull
from fake_desk import PATIENCE_S, Held, Puller, beaten
from fake_server import FakeServer, answer, problem
from worker_process import PROGRAM


def until(what):
    ends = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.005)  # sleep: between two looks


def in_thread(function, *args, **kwargs):
    thread = threading.Thread(target=function, args=args, kwargs=kwargs, daemon=True)
    thread.start()
    return thread


def test_while_a_file_is_on_its_way_all_that_is_held_is_beaten_for(desk, start):
    puller = start(2)
    desk.give({"id": "t1"})
    folder = puller.frame()["tasks"][0]["dir"]
    desk.give({"id": "t2"})
    assert puller.run() == ["t2.f1"]
    slow = Held(answer({}, 201))
    desk.answers("t1.f1", "files/out.txt", slow)
    with open(os.path.join(folder, "out.txt"), "w", encoding="utf-8") as file:
        file.write("hello")
    telling = in_thread(puller.say, "done", "t1.f1", result=1, files=["out.txt"])
    assert desk.heard("files/out.txt") == [b"hello"]
    for word in ("t1.f1", "t2.f1"):
        desk.heard("beat", word, len(desk.heard("beat", word, 0)) + 3)
    slow.go()
    telling.join(PATIENCE_S)
    assert desk.heard("done", "t1.f1") == [{"result": 1, "files": ["out.txt"]}]
    puller.say("done", "t2.f1")
    assert desk.verdicts() == [("t1.f1", "done"), ("t2.f1", "done")]


def test_a_file_is_not_sent_again_of_an_attempt_that_is_lost_meanwhile(desk, start):
    puller = start()
    desk.give({"id": "t1"})
    folder = puller.frame()["tasks"][0]["dir"]
    open(os.path.join(folder, "out.txt"), "w", encoding="utf-8").close()
    desk.answers("t1.f1", "files/out.txt", problem(503, "draining"))
    telling = in_thread(puller.say, "done", "t1.f1", files=["out.txt"])
    desk.heard("files/out.txt")
    desk.answers("t1.f1", "beat", problem(409, "stale_fence"))
    telling.join(PATIENCE_S)
    assert not telling.is_alive() and desk.verdicts() == []
    desk.give({"id": "t2"})
    assert puller.run() == ["t2.f1"], "the worker is told nothing of the first, and its place is free"


def test_a_task_whose_input_is_on_its_way_goes_back_when_the_worker_is_stopped(desk, start):
    puller = start()
    slow = Held(answer("late"))
    desk.answers("t1.f1", "input", slow)
    desk.give({"id": "t1", "input_url": "/v1/attempts/t1.f1/input"})
    desk.heard("input", "t1.f1")
    puller.channel.stop()
    assert desk.heard("release", "t1.f1") == [{}]
    slow.go()
    puller.channel.finish()
    assert desk.verdicts() == [("t1.f1", "release")] and puller._frames.empty()


def test_a_task_that_is_ready_when_the_worker_has_been_stopped_goes_back(desk):
    channel = pull.PullChannel(desk.url, ["x"])
    channel.write({"op": "ready"})
    slow = Held(answer("late"))
    desk.answers("t1.f1", "input", slow)
    desk.give({"id": "t1", "input_url": "/v1/attempts/t1.f1/input"})
    desk.heard("input", "t1.f1")
    channel.stop()
    slow.go()
    until(lambda: channel._open["t1.f1"].begun)
    assert channel.read() is None
    assert desk.verdicts() == [("t1.f1", "release")]


def test_what_has_no_verdict_when_the_worker_ends_goes_back(desk, start):
    puller = start(2)
    desk.give({"id": "t1"})
    folder = puller.frame()["tasks"][0]["dir"]
    desk.give({"id": "t2"})
    puller.run()
    slow = Held(answer({}))
    desk.answers("t2.f1", "done", slow)
    in_thread(puller.say, "done", "t2.f1")
    desk.heard("done", "t2.f1")
    finishing = in_thread(puller.channel.finish)
    desk.heard("release", "t1.f1")
    assert finishing.is_alive(), "the verdict of the second is still being told"
    slow.go()
    finishing.join(PATIENCE_S)
    puller.say("done", "t1.f1")
    assert not finishing.is_alive() and not os.path.exists(folder)
    assert sorted(desk.verdicts()) == [("t1.f1", "release"), ("t2.f1", "done")]


@pytest.mark.parametrize("given", [{"input_url": "x"}, {}])
def test_a_task_that_cannot_begin_here_has_failed_and_the_next_is_taken(desk, start, monkeypatch, given):
    if given:
        desk.answers("t1.f1", "input", answer(b"{no json"))
        said = "it could not begin: "
    else:
        full = [OSError(errno.ENOSPC, "No space left on device")]
        make = tempfile.mkdtemp
        monkeypatch.setattr(tempfile, "mkdtemp", lambda **how: make(**how) if not full else _raise(full.pop()))
        said = "it could not begin: [Errno 28] No space left on device"
    puller = start(max_batch=2)
    desk.give({"id": "t1", **given}, {"id": "t2"})
    assert puller.run() == ["t2.f1"]
    [fail] = desk.heard("fail", "t1.f1")
    assert fail["code"] == "worker_error" and fail["message"].startswith(said)
    puller.say("done", "t2.f1")
    desk.give({"id": "t3"})
    assert puller.run() == ["t3.f1"]


def _raise(error):
    raise error


def test_an_answer_to_a_claim_without_tasks_ends_the_worker():
    with FakeServer(answer({"items": []})) as server:
        puller = Puller(server.url)
        puller.channel.write({"op": "ready"})
        frame = puller.frame()
    assert frame["op"] == "give_up" and "has no tasks: is it a bide server?" in frame["reason"]


def test_what_json_cannot_hold_is_refused_where_it_is_said_and_the_beats_go_on(desk, start):
    puller = start()
    desk.give({"id": "t1"})
    puller.run()
    with pytest.raises(ValueError):
        puller.say("progress", "t1.f1", data=float("nan"))
    with pytest.raises(ValueError):
        puller.say("log", "t1.f1", level="info", text="x" * 2_000_000)
    puller.say("log", "t1.f1", level="info", text="half \ud800 a pair")
    desk.heard("beat", "t1.f1", len(desk.heard("beat", "t1.f1", 0)) + 100)
    assert [body for body in desk.heard("beat") if body] == [{"log": "info: half ? a pair"}]
    puller.say("done", "t1.f1", result="half \ud800 a pair")
    assert desk.heard("done") == [{"result": "half ? a pair"}]


def test_what_a_busy_server_did_not_take_of_a_beat_is_told_with_the_next(desk, start):
    puller = start()
    heard = []

    def busy_once(request):
        heard.append(request)
        return problem(429, "try_again") if len(heard) == 1 else beaten()

    desk.give({"id": "t1", "beat_ms": 60_000})
    puller.run()
    desk.answers("t1.f1", "beat", busy_once)
    puller.say("progress", "t1.f1", percent=3)
    assert desk.heard("beat", "t1.f1", 2)[:2] == [{"progress": {"percent": 3}}] * 2
    puller.say("done", "t1.f1")


def test_a_program_that_is_told_to_end_gives_back_what_it_was_fetching(desk):
    slow = Held(answer("late"))
    desk.answers("t1.f1", "input", slow)
    desk.give({"id": "t1", "type": "echo", "input_url": "x"})
    program = subprocess.Popen([sys.executable, str(PROGRAM)], env={**os.environ, "BIDE_PULL": desk.url})
    try:
        desk.heard("input", "t1.f1")
        program.send_signal(signal.SIGTERM)
        assert program.wait(PATIENCE_S) == 0
    finally:
        program.kill()
        program.wait()
        slow.go()
    assert desk.verdicts() == [("t1.f1", "release")]
