# SPDX-License-Identifier: Apache-2.0
"""The type `command` and `bide run`: a command line runs for who shows the run key, and for nobody else."""
import json
import os
import signal
import subprocess

import pytest
from harness import BIDE, PATIENCE, pointers, problem, until


@pytest.fixture
def bide(serve):
    return serve(types={"fail": {"exec": ["/bin/false"], "max_attempts": 1}, "cat": {"exec": ["/bin/cat"]}})


def key(bide):
    return (bide.dir / "run.key").read_text().strip()


def shows(key):
    return {"Authorization": f"Bearer {key}"}


def command(bide, *argv, headers=None, **input):
    return bide.post("/v1/tasks", {"type": "command", "input": {"argv": argv, **input}}, headers or shows(key(bide)))


def environment(**more):
    return {**{k: v for k, v in os.environ.items() if not k.startswith("BIDE_")}, **more}


def run(bide, *words, cwd=None, **env):
    """`bide run` beside the server; returns (exit code, stdout, stderr)."""
    done = subprocess.run([BIDE, "run", "--server", bide.url, *words], cwd=cwd or bide.dir, env=environment(**env),
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    return done.returncode, done.stdout, done.stderr


# ---- who may ----

def test_without_the_run_key_nothing_is_run(bide):
    touched = bide.dir / "touched"
    argv = ["touch", str(touched)]
    good = key(bide)
    wrong = [{}, shows(""), shows(good[:-1]), shows(good + "0"), shows("0" * 64), {"Authorization": good},
             {"Authorization": f"Basic {good}"}]  # fmt: skip
    for headers in wrong:
        answer = bide.post("/v1/tasks", {"type": "command", "input": {"argv": argv}}, headers)
        assert good not in problem(answer, 403, "forbidden")["detail"]
        assert pointers(answer) == ["/type"]
    assert bide.listed(type="command") == []
    assert bide.ended(command(bide, *argv).json["id"], "completed")
    assert touched.exists()


def test_a_batch_cannot_have_commands_run(bide):
    item = {"type": "command", "input": {"argv": ["touch", str(bide.dir / "touched")]}}
    [told] = bide.post("/v1/tasks:batch", [item], shows(key(bide))).json["items"]
    assert (told["status"], told["error"]["code"]) == (403, "forbidden")
    assert bide.listed(type="command") == []


def test_the_key_is_kept_across_restarts_and_nobody_else_can_read_it(bide):
    first = key(bide)
    assert len(first) == 64 and (bide.dir / "run.key").stat().st_mode & 0o777 == 0o600
    bide.restart9()
    assert key(bide) == first
    assert command(bide, "true").status == 202


def test_a_key_that_others_can_read_is_not_used(bide):
    assert bide.terminate() == 0
    os.chmod(bide.dir / "run.key", 0o644)
    bide.start()
    problem(command(bide, "true"), 403, "forbidden")
    assert "others can read it" in bide.text()


def test_a_command_cannot_be_run_again_without_the_key(bide):
    bide.ended(bide.submit("fail")["id"], "failed")
    id = command(bide, "sh", "-c", f"echo again >> {bide.dir}/lines; exit 1").json["id"]
    bide.ended(id, "failed")
    problem(bide.post(f"/v1/tasks/{id}/retry"), 403, "forbidden")
    assert bide.post("/v1/tasks:retry", {"status": "failed"}).json == {"matched": 2, "changed": 1, "skipped": 1, "more": False}
    assert bide.post("/v1/tasks:retry", {"type": "command"}).json["skipped"] == 1
    assert bide.lines("lines") == ["again"]
    assert bide.post(f"/v1/tasks/{id}/retry", headers=shows(key(bide))).status == 202
    until(lambda: bide.lines("lines") == ["again", "again"], "who has the key may")


def test_commands_can_be_switched_off_and_the_name_taken(serve):
    off = serve({"commands": False, "types": {"cat": {"exec": ["/bin/cat"]}}})
    assert not (off.dir / "run.key").exists()
    problem(off.post("/v1/tasks", {"type": "command", "input": {"argv": ["true"]}}), 422, "unknown_type")
    own = serve({"types": {"command": {"exec": ["/bin/cat"]}}})
    assert own.ended(own.submit("command", {"a": 1})["id"], "completed")["result"] == {"a": 1}


def test_the_built_in_type_wins_over_a_prefix_and_is_not_among_the_declared(serve):
    bide = serve({"types": {"*": {"exec": ["/bin/cat"]}}})
    problem(bide.post("/v1/tasks", {"type": "command", "input": {"argv": ["true"]}}), 403, "forbidden")
    other = serve({"types": {"cat": {"exec": ["/bin/cat"]}}})
    refused = problem(other.post("/v1/tasks", {"type": "nothing"}), 422, "unknown_type")
    assert "command" not in refused["detail"]


# ---- what is run ----

def test_arguments_are_given_as_they_are_and_never_to_a_shell(bide):
    odd = ["", "$HOME", "a b", "; exit 1", "`id`", "*", "\\", '"', "ü\n"]
    task = bide.ended(command(bide, "printf", "%s|", *odd).json["id"], "completed")
    assert task["result"]["stdout"] == "".join(word + "|" for word in odd)
    assert task["max_attempts"] == 1


def test_it_runs_where_it_is_told_with_what_it_is_told(bide):
    script = "pwd; echo $WORD; cat; ls"
    task = bide.ended(command(bide, "sh", "-c", script, cwd="/", env={"WORD": "x y"}).json["id"], "completed")
    assert task["result"]["stdout"].startswith("/\nx y\n")
    own = bide.ended(command(bide, "sh", "-c", script).json["id"], "completed")
    assert own["result"]["stdout"].split("\n")[0] == f"{bide.dir}/attempts/{own['id']}.1.1"
    assert own["result"]["stdout"].count("\n") == 2, "its stdin and its directory are empty"


@pytest.mark.parametrize("input,pointer", [
    ({}, "/input/argv"),
    ({"argv": "echo hello"}, "/input/argv"),
    ({"argv": ["echo", 1]}, "/input/argv/1"),
    ({"argv": ["pwd"], "cwd": "relative"}, "/input/cwd"),
    ({"argv": ["env"], "env": {"A=B": "c"}}, "/input/env"),
    ({"argv": ["echo"], "shell": True}, "/input"),
])  # fmt: skip
def test_what_is_no_command_line_is_refused(bide, input, pointer):
    answer = bide.post("/v1/tasks", {"type": "command", "input": input}, shows(key(bide)))
    problem(answer, 400, "invalid")
    assert pointers(answer) == [pointer]


def test_how_it_failed_is_told_in_a_form_for_programs(bide):
    def error(*argv, **input):
        return bide.ended(command(bide, *argv, **input).json["id"], "failed")["error"]

    assert error("sh", "-c", "echo sorry >&2; exit 75")["type"] == "exit 75"
    assert error("sh", "-c", "kill -TERM $$")["type"] == f"signal {signal.SIGTERM.value}"
    missing = error("no-such-program")
    assert (missing["code"], missing["type"]) == ("load_failed", None) and "no-such-program" in missing["message"]
    assert "working directory" in error("true", cwd="/no/such/folder")["message"]


# ---- bide run ----

def test_run_prints_what_the_program_prints_and_exits_as_it_does(bide):
    assert run(bide, "--", "echo", "hello") == (0, "hello\n", "")
    code, out, err = run(bide, "--", "sh", "-c", "echo out; echo err >&2")
    assert (code, out, err) == (0, "out\n", "err\n")
    code, out, err = run(bide, "--", "sh", "-c", "echo err >&2; exit 42")
    assert (code, out, err) == (42, "", "err\n")
    assert run(bide, "--", "printf", "%s|", "", "-x", "--detach") == (0, "|-x|--detach|", "")


@pytest.mark.parametrize("argv,code,said", [
    (["sh", "-c", "kill -9 $$"], 137, "signal 9"),
    (["no-such-program"], 127, "No such file"),
])
def test_run_says_what_the_program_cannot(bide, argv, code, said):
    got, out, err = run(bide, "--", *argv)
    assert (got, out) == (code, "") and said in err


def test_run_ends_when_its_time_is_up_or_somebody_cancels_it(bide):
    assert run(bide, "--timeout", "200ms", "--", "sleep", "60")[0] == 124
    process = subprocess.Popen([BIDE, "run", "--server", bide.url, "--", "sleep", "60"], cwd=bide.dir, env=environment(),
                               stderr=subprocess.PIPE)  # fmt: skip
    task = until(lambda: next(iter(bide.listed(type="command", status="running")), None), "it runs")
    bide.post(f"/v1/tasks/{task['id']}/cancel")
    assert b"cancelled" in process.communicate(timeout=PATIENCE)[1] and process.returncode == 2


def test_the_log_is_shown_while_it_runs(bide):
    script = f"echo one >&2; while [ ! -e {bide.gate('log')} ]; do sleep 0.02; done; echo two >&2"
    process = subprocess.Popen([BIDE, "run", "--server", bide.url, "--", "sh", "-c", script], cwd=bide.dir, env=environment(),
                               stderr=subprocess.PIPE)  # fmt: skip
    assert process.stderr.readline() == b"one\n"
    bide.open_gate("log")
    assert process.stderr.read() == b"two\n" and process.wait(PATIENCE) == 0


def test_run_detached_prints_the_id(bide):
    code, out, err = run(bide, "--detach", "--priority", "7", "--subject", "s", "--", "pwd")
    assert (code, err) == (0, "")
    task = bide.ended(out.strip(), "completed")
    assert task["result"] == {"stdout": f"{bide.dir}\n"} and (task["priority"], task["subject"]) == (7, "s")
    code, out, _ = run(bide, "--json", "--env", "A=b=c", "--cwd", "/", "--", "sh", "-c", "exit 5")
    assert code == 5 and json.loads(out)["input"] == {"argv": ["sh", "-c", "exit 5"], "cwd": "/", "env": {"A": "b=c"}}


def test_run_says_what_follows(bide):
    lists = ["--on-success", "cat", "--on-failure", '{"type":"cat","input":"sorry"}']
    assert run(bide, *lists, "--subject", "good", "--", "echo", "x")[:2] == (0, "x\n")
    assert run(bide, *lists, "--subject", "bad", "--", "sh", "-c", "exit 3")[0] == 3

    def followers(subject):
        return [bide.task(task["id"])["result"] for task in bide.listed(type="cat", subject=subject, status="completed")]

    [ended] = until(lambda: followers("good"), "what follows a success")
    assert (ended["type"], ended["status"], ended["result"]) == ("command", "completed", {"stdout": "x\n"})
    assert until(lambda: followers("bad"), "what follows a failure") == ["sorry"]


def test_run_finds_the_key_or_says_how(bide, tmp_path):
    code, _, err = run(bide, "--", "true", cwd=tmp_path, XDG_STATE_HOME=str(tmp_path))
    assert code == 64 and f"no key in {tmp_path}/bide" in err and "BIDE_RUN_KEY" in err
    assert run(bide, "--config", f"{bide.dir}/bide.yaml", "--", "echo", "x", cwd=tmp_path)[:2] == (0, "x\n")
    assert run(bide, "--", "echo", "x", cwd=tmp_path, BIDE_RUN_KEY=key(bide))[:2] == (0, "x\n")
    code, _, err = run(bide, "--", "true", BIDE_RUN_KEY="0" * 64)
    assert code == 64 and "not the run key" in err and key(bide) not in err
    code, _, err = run(bide, "--env", "A", "--", "true")
    assert code == 64 and "NAME=VALUE" in err
