# SPDX-License-Identifier: Apache-2.0
"""`output`: what an attempt streams out, read while it runs and after it, from any piece on."""
from harness import problem, until
from puller import claim_one, pulled

LIMIT = 1024 * 1024


def piece(text, n=None):
    return ["say", {"op": "output", "data": text, **({} if n is None else {"n": n})}]


def output(bide, id, query=""):
    """(the text, the number of the piece that comes next)"""
    answer = bide.send("GET", f"/v1/tasks/{id}/output{query}")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    return answer.body.decode(), int(answer.headers["bide-output-next"])


def attempts(bide, id):
    return bide.get_json(f"/v1/tasks/{id}/attempts")["items"]


def test_it_is_read_from_any_piece_on_while_the_task_runs_and_after_it(bide):
    id = bide.act(piece("Once ", 0), piece("upon ä "), ["until", bide.gate("more")], piece("time", 2), ["done", "said"])
    assert until(lambda: output(bide, id)[1] == 2 and output(bide, id), "two pieces") == ("Once upon ä ", 2)
    assert output(bide, id, "?from=1") == ("upon ä ", 2)
    assert output(bide, id, "?from=2") == ("", 2)
    assert output(bide, id, "?attempt=1") == ("Once upon ä ", 2)
    assert output(bide, id, "?attempt=2") == ("", 0), "there is none"
    bide.open_gate("more")
    bide.ended(id, "completed")
    assert output(bide, id) == ("Once upon ä time", 3)
    assert output(bide, id, "?from=2&run=1&attempt=1") == ("time", 3)
    assert output(bide, id, "?from=3") == output(bide, id, "?from=9007199254740991") == ("", 3)
    [attempt] = attempts(bide, id)
    assert (attempt["log_bytes"], attempt["output_bytes"] >= len("Once upon ä time".encode())) == (0, True)
    assert bide.log(id) == ""


def test_each_attempt_has_its_own_and_a_repeated_piece_changes_nothing(bide):
    again = ["fail", {"message": "no", "retry": True}]
    id = bide.act(piece("same ", 0), piece("twice", 0), piece("new", 1), again, max_attempts=2, retry={"base_ms": 1})
    bide.ended(id, "failed")
    assert [output(bide, id, f"?attempt={n}") for n in (1, 2)] == [("same new", 2)] * 2
    assert [a["output_bytes"] > 0 for a in attempts(bide, id)] == [True, True]


def test_it_survives_a_restart_once_its_attempt_is_over(serve):
    bide = serve()
    id = bide.ended(bide.act(piece("kept"), ["done", None]), "completed")["id"]
    bide.restart9()
    assert output(bide, id) == ("kept", 1)


def test_a_task_that_says_nothing_has_none_and_one_that_is_not_there_is_404(bide):
    id = bide.ended(bide.act(["done", 1]), "completed")["id"]
    assert output(bide, id) == ("", 0)
    problem(bide.send("GET", "/v1/tasks/01a1ffe8-96cd-754e-be93-691a58a8ee38/output"), 404)
    for query in ("from=-1", "from=9007199254740992", "from=x", "run=0", "attempt=0", "since=1"):
        problem(bide.send("GET", f"/v1/tasks/{id}/output?{query}"), 400)


def test_the_first_part_of_too_much_is_kept_and_the_log_says_so(bide):
    id = bide.act(piece("a" * (LIMIT // 2)), piece("b" * (LIMIT // 2)), piece("c"), ["done", None])
    bide.ended(id, "completed")
    assert output(bide, id) == ("a" * (LIMIT // 2), 1)
    assert bide.log(id).count("of what it streams out the first 1048576 bytes are kept") == 1


def test_a_command_streams_too(serve):
    script = """printf '%s\\n' '{"op":"output","data":"from "}' '{"op":"output","data":"a command"}' >&4; echo '"over"'"""
    bide = serve(types={"says": {"exec": ["/bin/sh", "-c", script]}})
    id = bide.submit("says")["id"]
    assert bide.ended(id, "completed")["result"] == "over"
    assert output(bide, id) == ("from a command", 2)


def test_it_goes_with_the_logs(serve):
    says = """printf '{"op":"output","data":"short-lived"}\\n' >&4; echo 1"""
    bide = serve(types={"says": {"exec": ["/bin/sh", "-c", says], "retain": {"age": "1d", "log": "0"}}})
    id = bide.ended(bide.submit("says")["id"], "completed")["id"]
    until(lambda: output(bide, id) == ("", 0), "it is gone")
    assert bide.task(id)["result"] == 1


def test_a_puller_sends_it_alone_or_with_a_beat_and_after_a_restart_of_the_server(serve):
    bide = serve(pulled())
    id = bide.submit("remote.says")["id"]
    attempt = claim_one(bide, "remote.says")
    assert attempt.say("output", {"n": 0, "data": "one "}).json["cancel"] is None
    assert attempt.say("output", {"n": 0, "data": "one "}).status == 200, "sent again: its answer was lost"
    attempt.beat(output={"n": 1, "data": "two "}, log="both")
    assert output(bide, id) == ("one two ", 2)
    problem(attempt.say("output", {"n": -1, "data": ""}), 400)
    problem(attempt.say("output", {"data": 5}), 400)
    problem(attempt.say("beat", {"output": "text"}), 400)
    bide.restart9()
    until(lambda: attempt.say("output", {"n": 2, "data": "three"}).status == 200, "it is taken up")
    assert output(bide, id) == ("three", 3)
    attempt.done()
    assert output(bide, id, "?from=2") == ("three", 3)
    problem(attempt.say("output", {"n": 3, "data": "late"}), 409)
