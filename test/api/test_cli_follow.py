# SPDX-License-Identifier: Apache-2.0
"""`bide log -f`, `output -f`, `events`, `submit --follow`, `watch` and `wait`: what happens, printed as it happens."""
import json
import os
import signal
import subprocess
import tempfile

import pytest
from cutter import Cutter
from harness import BIDE, until

SIZES = [400, 1000, 333, 5000, 700, 2500, 60000]


def piece(text):
    return ["say", {"op": "output", "data": text}]


def line(text):
    return ["say", {"op": "log", "text": text}]


def progress(percent):
    return ["say", {"op": "progress", "percent": percent}]


class Cli:
    """A command under way."""

    def __init__(self, url, *words):
        env = {k: v for k, v in os.environ.items() if not k.startswith("BIDE_")}
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([BIDE, *words], stdout=subprocess.PIPE, stderr=self.errors, text=True, env={**env, "BIDE_SERVER": url})

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def read(self, n):
        return self.process.stdout.read(n)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self):
        """(exit code, the rest of stdout, stderr)."""
        with self.process.stdout, self.errors:
            out, code = self.process.stdout.read(), self.process.wait(60)
            self.errors.seek(0)
            return code, out, self.errors.read()


def objects(text):
    return [json.loads(one) for one in text.splitlines()]


@pytest.mark.parametrize("verb,say", [("log", line), ("output", piece)])
def test_it_prints_as_it_grows_until_the_end(bide, verb, say):
    id = bide.act(say("one\n"), ["until", bide.gate(f"a1{verb}")], say("two\n"), ["until", bide.gate(f"a2{verb}")], say("three\n"), ["done", 1])
    cli = Cli(bide.url, verb, "-f", id)
    assert "one" in cli.line()
    bide.open_gate(f"a1{verb}")
    while "two" not in (said := cli.line()):
        assert said == "", "an empty line of the log"
    bide.open_gate(f"a2{verb}")
    code, out, err = cli.end()
    assert (code, "three" in out, err) == (0, True, "")
    whole = Cli(bide.url, verb, id).end()[1]
    assert Cli(bide.url, verb, "--follow", id).end() == (0, whole, "")


@pytest.mark.parametrize("ending,code,steps,fields", [
    ("completed", 0, [["done", 1]], {}), ("failed", 1, [["fail", {"message": "no voice", "retry": False}]], {}),
    ("cancelled", 2, [["until", "/nonexistent"]], {}), ("expired", 3, [], {"queue": "none"})])
def test_the_exit_code_is_how_it_ended_also_before(serve, ending, code, steps, fields):
    bide = serve(queues={"default": {"concurrency": 4}, "none": {"paused": True}})
    id = bide.act(piece("x"), *steps, **fields, **({"start_within_ms": 400} if ending == "expired" else {}))
    cli = Cli(bide.url, "output", "-f", id)
    if ending == "cancelled":
        assert cli.read(1) == "x"
        bide.post(f"/v1/tasks/{id}/cancel")
    first = cli.end()
    assert first[0] == code and ("no voice" in first[2]) == (ending == "failed")
    again = Cli(bide.url, "output", "-f", id).end()
    assert again == (code, "" if ending == "expired" else "x", first[2])
    assert Cli(bide.url, "wait", id).end()[0] == code


def test_from_a_byte_or_a_piece_followed_or_not(bide):
    id = bide.ended(bide.act(piece("a"), piece("b"), piece("c"), line("one"), ["done", 1]), "completed")["id"]
    log = bide.log(id)
    for follow in ([], ["-f"]):
        assert Cli(bide.url, "output", id, "--from", "1", *follow).end() == (0, "bc", "")
        assert Cli(bide.url, "log", id, "--from", "3", *follow).end() == (0, log[3:], "")
    assert Cli(bide.url, "log", id, "--from", "-1").end()[0] == 64


def test_json_is_an_object_for_each_piece(bide):
    id = bide.ended(bide.act(piece("a\n"), ["done", 1]), "completed")["id"]
    code, out, err = Cli(bide.url, "output", "-f", "--json", id).end()
    assert (code, err, objects(out)) == (0, "", [{"id": id, "run": 1, "attempt": 1, "n": 0, "next": 1, "data": "a\n"}])


def test_nobody_there_is_69_and_no_such_task_64(bide):
    unknown = "01a1ffe8-96cd-754e-be93-691a58a8ee38"
    code, out, err = Cli(bide.url, "log", "-f", unknown).end()
    assert (code, out) == (64, "") and "there is no task" in err or "nothing here" in err
    for words in (("log", "-f", unknown), ("events",), ("output", "-f", unknown)):
        code, out, err = Cli("http://127.0.0.1:1", *words).end()
        assert (code, out) == (69, "") and "cannot reach" in err


@pytest.mark.parametrize("verb,say", [("log", line), ("output", piece)])
def test_over_a_line_that_breaks_nothing_is_lost_or_comes_twice(bide, verb, say):
    gate = bide.gate(f"cut{verb}")
    id = bide.act(*[say(f"{n:05d}\n") for n in range(150)], ["until", gate], *[say(f"{n:05d}\n") for n in range(150, 300)], ["done", 1])
    with Cutter(bide, SIZES) as cutter:
        cli = Cli(cutter.url, verb, "-f", id)
        seen = [cli.line() for _ in range(150)]
        bide.open_gate(f"cut{verb}")
        code, out, err = cli.end()
    assert (code, cutter.n > 3) == (0, True), err
    assert [text[-5:] for text in seen + out.splitlines() if text] == [f"{n:05d}" for n in range(300)]


def restart_there(bide):
    """Kills the server, and starts it again at its address."""
    port = bide.port
    bide.kill9()
    bide.args = ["--listen", f"127.0.0.1:{port}"]
    bide.start()


def pieces(cli, text):
    """Events, until they have said all of this."""
    seen = []
    while "".join(e["data"] for e in seen) != text:
        seen.append(json.loads(cli.line()))
    return seen


def test_over_a_server_that_was_killed_every_piece_of_every_attempt_comes_once(serve):
    bide = serve()
    id = bide.act(piece("a"), piece("b"), ["until", bide.gate("go")], piece("c"), ["done", 1])
    cli = Cli(bide.url, "output", "-f", "--json", id)
    seen = pieces(cli, "ab")
    restart_there(bide)
    seen += pieces(cli, "ab")
    bide.open_gate("go")
    code, out, err = cli.end()
    assert (code, err) == (0, "bide: the server is away, trying again\n")
    seen += objects(out)
    assert [e["n"] for e in seen] == [0 if n == 0 or e["attempt"] > seen[n - 1]["attempt"] else seen[n - 1]["next"] for n, e in enumerate(seen)]
    assert ["".join(e["data"] for e in seen if e["attempt"] == n) for n in (1, 2, 3)] == ["ab", "abc", ""]


def test_for_people_the_attempt_that_begins_anew_is_told(serve):
    bide = serve()
    id = bide.act(piece("a\n"), ["until", bide.gate("go")], ["fail", {"message": "no", "retry": True}], max_attempts=2)
    cli = Cli(bide.url, "output", "-f", id)
    assert cli.line() == "a"  # it listens: what an earlier attempt wrote is not told again
    bide.open_gate("go")
    assert cli.end() == (1, "a\n", f"bide: attempt 2 begins\nbide: task {id} failed: worker_error: no\n")


def test_a_task_that_ended_while_the_server_was_away_is_told_to_its_end(serve):
    bide = serve()
    id = bide.act(piece("a"), ["until", bide.gate("go")], piece("b"), ["done", 1])
    with Cutter(bide, [10**9]) as cutter:
        cli = Cli(cutter.url, "output", "-f", id)
        assert cli.read(1) == "a"
        bide.process.terminate()  # it drains: the ending is written, and the stream is told of it or cut
        bide.open_gate("go")
        bide.exited()
        bide.start()
        ended = cli.end()
        assert ended[:2] == (0, "b"), ended


@pytest.mark.parametrize("words", [("output", "-f"), ("log", "-f"), ("submit",), ("events",)])
def test_ctrl_c_ends_it_quietly_with_130(bide, words):
    verb = words[0]
    gate = ["until", bide.gate(f"never{verb}")]
    steps = [piece("x\n"), line("x"), gate]
    if verb == "submit":
        cli = Cli(bide.url, "submit", "act", "--follow", "--input", json.dumps({"steps": steps}))
    elif verb == "events":
        cli = Cli(bide.url, "events", "--kind", "started")
        until(lambda: listening(bide), "it listens")
        bide.act(*steps)
    else:
        cli = Cli(bide.url, *words, bide.act(*steps))
    assert cli.line() != ""
    assert cli.interrupt() == (130, "", "")
    for task in bide.get_json("/v1/tasks?status=running")["items"]:
        bide.post(f"/v1/tasks/{task['id']}/cancel")


def listening(bide):
    """How many listen to the server's events."""
    return bide.metric("bide_streams")


def test_submit_follow_prints_what_it_streams_out(bide):
    steps = {"steps": [piece("Once "), piece("upon"), ["fail", {"message": "no time", "retry": False}]]}
    code, out, err = Cli(bide.url, "submit", "act", "--follow", "--input", json.dumps(steps)).end()
    assert (code, out) == (1, "Once upon") and "no time" in err
    assert Cli(bide.url, "submit", "act", "--follow", "--wait").end()[0] == 64


def test_events_are_a_line_each_or_an_object(serve):
    bide = serve()
    plain, other = Cli(bide.url, "events", "--type", "act", "--tag", "k=v"), Cli(bide.url, "events", "--subject", "nobody")
    raw = Cli(bide.url, "events", "--json", "--kind", "created,output,failed")
    until(lambda: listening(bide) == 3, "all listen")
    id = bide.act(piece("out\x1b[2J\n"), progress(40), ["fail", {"message": "no", "retry": False}], subject="s", tags={"k": "v"})
    assert [plain.line() for _ in range(4)] == [
        f"{id}  created  act  s", f"{id}  started  act  s", f"{id}  progress  act  s  40%", f"{id}  failed  act  s  worker_error: no"]
    seen = [json.loads(raw.line()) for _ in range(3)]
    assert [(e["event"], e["data"]["id"]) for e in seen] == [(f"task.{word}", id) for word in ("created", "output", "failed")]
    assert all(e["id"] for e in seen)
    texts = Cli(bide.url, "events", "--kind", "output")
    until(lambda: listening(bide) == 4, "it listens, too")  # before another goes: that is noticed when it is told something
    bide.act(piece("out\x1b[2J\n"), ["done", 1])
    assert texts.line().endswith("  output  out?[2J")
    assert other.interrupt() == (130, "", "")
    for cli in (plain, raw, texts):
        cli.interrupt()
    assert Cli(bide.url, "events", "--kind", "sneezed").end()[0] == 64


def test_events_go_on_after_a_restart_and_say_that_something_was_missed(serve):
    bide = serve()
    cli = Cli(bide.url, "events", "--kind", "completed")
    until(lambda: listening(bide) == 1, "it listens")
    ids = [bide.act(["done", 1])]
    assert cli.line().split()[0] == ids[0]
    restart_there(bide)
    until(lambda: listening(bide) == 1, "it listens again")
    ids.append(bide.act(["done", 1]))
    assert cli.line().split()[0] == ids[1]
    assert cli.interrupt() == (130, "", "bide: the server is away, trying again\nbide: something was missed here\n")


@pytest.mark.parametrize("how", ["named", "filter"])
def test_watch_shows_progress_at_once(serve, how):
    bide = serve()
    steps = [step for n in (10, 20, 30, 40, 50) for step in (["sleep", 0.06], progress(n))]
    id = bide.act(["until", bide.gate("go")], *steps, ["done", 1])
    cli = Cli(bide.url, "watch", *([id] if how == "named" else []))
    assert cli.line().startswith(id)
    until(lambda: listening(bide) == 1, "it listens")
    bide.open_gate("go")
    seen = []
    while not seen or "completed" not in seen[-1]:
        seen.append(cli.line())
    assert [text.split()[3] for text in seen if "%" in text] == ["10%", "20%", "30%", "40%", "50%"], "looking once a second misses some"
    assert (cli.end()[0] == 0) if how == "named" else (cli.interrupt()[0] == -signal.SIGINT)
