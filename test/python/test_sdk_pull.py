# SPDX-License-Identifier: Apache-2.0
"""What a worker that pulls says to a server that does as it is told, and which frames its worker gets."""
from bide.pull import PullChannel
from bide.pull_attempt import Attempt, Output
from fake_desk import Held, beaten
from fake_server import answer, problem

STALE = problem(409, "stale_fence")


def test_the_verdict_of_a_lost_attempt_is_not_said_of_the_next_one_of_the_same_task(desk, start):
    puller = start(2)
    desk.give({"id": "t1"})
    assert puller.run() == ["t1.f1"]
    desk.give({"id": "t1", "fence": "f2", "attempt": 2})
    assert puller.run() == ["t1.f2"]
    desk.answers("t1.f1", "beat", STALE)
    assert puller.frame() == {"op": "cancel", "id": "t1", "fence": "f1", "reason": "lost"}
    puller.say("progress", "t1.f1", percent=1)
    puller.say("done", "t1.f1", result="of the first")
    desk.give({"id": "t2"})
    assert puller.run() == ["t2.f1"], "the place of the first is free, and that of the second is not"
    puller.say("progress", "t1.f2", percent=2)
    puller.say("done", "t1.f2", result="of the second")
    puller.say("done", "t2.f1")
    assert desk.heard("done", "t1.f2") == [{"result": "of the second"}]
    assert [body for body in desk.heard("beat", "t1.f2") if body] == [{"progress": {"percent": 2}}]
    assert desk.verdicts() == [("t1.f2", "done"), ("t2.f1", "done")]


def test_what_is_to_follow_goes_with_the_verdict(desk, start):
    puller = start()
    desk.give({"id": "t1"})
    puller.run()
    puller.say("done", "t1.f1", result=1, next=[{"type": "y", "input": {"n": 1}}, {"type": "z"}])
    assert desk.heard("done") == [{"result": 1, "next": [{"type": "y", "input": {"n": 1}}, {"type": "z"}]}]


def test_a_task_that_is_cancelled_while_its_input_is_on_its_way_never_begins(desk, start):
    puller = start()
    slow = Held(answer("late"))
    desk.answers("t1.f1", "input", slow)
    desk.answers("t1.f1", "beat", beaten("user"))
    desk.give({"id": "t1", "input_url": "/v1/attempts/t1.f1/input"})
    desk.heard("beat", "t1.f1", 2)
    slow.go()
    assert desk.heard("cancelled", "t1.f1") == [{}]
    desk.give({"id": "t2"})
    assert puller.run() == ["t2.f1"], "nothing was said of the first"
    desk.answers("t2.f1", "beat", beaten("timeout"))
    assert puller.frame() == {"op": "cancel", "id": "t2", "fence": "f1", "reason": "timeout"}
    puller.say("cancelled", "t2.f1")
    assert desk.verdicts() == [("t1.f1", "cancelled"), ("t2.f1", "cancelled")]


def test_of_a_batch_those_that_were_cancelled_or_lost_meanwhile_are_left_out(desk, start):
    puller = start(max_batch=4)
    slow = Held(answer("late"))
    desk.answers("t4.f1", "input", slow)
    desk.answers("t1.f1", "beat", beaten("user"))
    desk.answers("t2.f1", "beat", STALE)
    desk.give({"id": "t1"}, {"id": "t2"}, {"id": "t3"}, {"id": "t4", "input_url": "x"})
    desk.heard("beat", "t1.f1", 2)
    desk.heard("beat", "t3.f1", 2)  # they are beaten in turn: the answer to the second's is in
    slow.go()
    assert puller.run() == ["t3.f1", "t4.f1"]
    for word in ("t3.f1", "t4.f1"):
        puller.say("done", word)
    desk.give({"id": "t5"})
    assert puller.run() == ["t5.f1"]
    assert sorted(desk.verdicts()) == [("t1.f1", "cancelled"), ("t3.f1", "done"), ("t4.f1", "done")]


def test_of_a_log_without_end_so_much_is_kept_for_a_server_that_is_away_as_it_takes_and_the_rest_is_counted(desk, start):
    puller = start()
    desk.answers("t1.f1", "beat", problem(503, "draining"))
    desk.give({"id": "t1"})
    puller.run()
    for _ in range(40):
        puller.say("log", "t1.f1", level="info", text="é" * 20_000)
    puller.say("progress", "t1.f1", percent=7)
    desk.heard("beat", count=2)
    desk.answers("t1.f1", "beat", beaten())
    puller.say("done", "t1.f1", result=None)
    beats = desk.heard("beat")
    assert all(len(body.get("log", "").encode()) <= 1024 * 1024 for body in beats)
    last = [body for body in beats if "log" in body][-1]
    lines = last["log"].split("\n")
    assert lines[:-1] == ["info: " + "é" * 20_000] * 24
    assert lines[-1] == "warning: bide: 16 lines were left out while the server was away"
    assert last["progress"] == {"percent": 7}


def test_what_is_streamed_is_told_in_pieces_that_stay_the_same_until_they_are_heard():
    output = Output()
    assert output.piece() is None and output.add("one ") and output.add("") and output.add("ä ")
    first = output.piece()
    assert first == {"n": 0, "data": "one ä "} and output.add("three")
    assert output.piece() is first, "it was not heard: the same again"
    output.heard(first)
    output.heard(first)
    second = output.piece()
    assert (second, output.held) == ({"n": 1, "data": "three"}, 5)
    assert output.add("x" * 999_995) and not output.add("y") and output.add("z"), "said once"
    output.heard(second)
    assert output.add("w"), "the gap is behind what is still held"
    third = output.piece()
    assert (third["n"], third["data"]) == (2, "x" * 999_995)
    output.heard(third)
    assert output.held == 0 and output.add("e") and output.piece() == {"n": 4, "data": "e"}
    output.heard(output.piece())
    assert not output.add("x" * 1_000_001) and output.add("f") and output.piece()["n"] == 6


def test_a_last_piece_that_was_not_heard_is_told_before_the_verdict(desk, start):
    puller = start()
    desk.answers("t1.f1", "beat", problem(503, "draining"))
    desk.answers("t1.f1", "output", problem(503, "draining"), answer())
    desk.give({"id": "t1", "beat_ms": 60_000})
    puller.run()
    puller.say("output", "t1.f1", data="last words")
    puller.say("done", "t1.f1", result=None)
    assert desk.heard("output", count=2) == [{"n": 0, "data": "last words"}] * 2
    desk.heard("done")


def test_with_much_to_tell_too_a_server_that_is_away_is_tried_after_a_rest(tmp_path):
    channel = PullChannel(f"unix:{tmp_path}/nobody", ["x"])
    attempt = Attempt({"id": "t1", "fence": "f1", "beat_ms": 10_000})
    channel._open[attempt.word] = attempt
    attempt.keep("x" * 100_000)
    assert attempt.due() < attempt.beat_at
    channel._beat(attempt)
    assert attempt.log_bytes > 100_000 and attempt.due() == attempt.beat_at
