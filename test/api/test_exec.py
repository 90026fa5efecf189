# SPDX-License-Identifier: Apache-2.0
"""Types that are a command: arguments, input, exit status, output, frames."""
import json
import os
import resource

import pytest
from fixtures import QUICK, Fleet
from harness import run


def sh(script, *args):
    return {"exec": ["/bin/sh", "-c", script, "sh", *args], "max_attempts": 1}


@pytest.fixture(scope="module")
def bide(tmp_path_factory):
    fleet = Fleet()
    types = {
        "cat": {"exec": ["/bin/cat"]},
        "argv": sh('for a in "$@"; do echo "<$a>"; done', "{input.name}", "--x={input.list.1.y}", "{id}", "{attempt}", "a{b}c"),
        "text": sh("echo hello; echo world"),
        "nothing": sh("true"),
        "fails": sh("echo half a result; echo first line >&2; echo sorry >&2; exit 3"),
        "again": sh("echo later >&2; exit 75"),
        "killed": sh("kill -9 $$"),
        "frames": sh("""echo '{"op":"progress","percent":50,"message":"half"}' >&4
            echo '{"op":"done","result":{"by":"frame"}}' >&4; echo ignored"""),
        "failframe": sh("""echo '{"op":"fail","code":"invalid_input","message":"no","retry":false}' >&4"""),
        "file": sh("""cat > "$1/copy.json"; cat "$1/input.json"; """, "{dir}"),
        "missing": {"exec": ["/no/such/program"], "max_attempts": 1},
        "not-executable": {"exec": ["/etc/passwd"], "max_attempts": 1},
        "relative": {"exec": ["./tool"], "max_attempts": 1},
        "where": sh("pwd; env | grep -c BIDE_TEST_MARK"),
        "lingers": sh("setsid sleep 1000 & echo $!"),
        "wide": {"exec": ["/bin/true", *["{input.x}"] * 20], "max_attempts": 1},
        "files": sh("""cd "$1"; i=0; while [ $i -lt 300 ]; do : >f$i; i=$((i+1)); done""", "{dir}"),
        "trap": {
            "exec": ["/bin/sh", "-c", """case $0 in *.1.1) mkdir "${0%.1}.2" && mkfifo "${0%.1}.2/input.json" && exit 75 ;; esac; cat""", "{dir}"],
            "max_attempts": 3,
        },
        "nowhere": {"exec": ["/bin/true"], "cwd": "gone", "max_attempts": 1},
        "loud": sh("head -c 20000000 /dev/zero | tr '\\0' x"),
    }
    server = fleet.prepare({"defaults": QUICK, "queues": {"default": {"concurrency": 4}}, "types": types})
    tool = server.dir / "tool"
    tool.write_text("#!/bin/sh\necho 42\n")
    tool.chmod(0o755)
    yield server.start()
    fleet.release()


def test_the_input_comes_on_stdin_and_json_on_stdout_is_the_result(bide):
    assert run(bide, "cat", {"a": [1]})["result"] == {"a": [1]}


def test_output_that_is_not_json_is_the_result_as_stdout(bide):
    assert run(bide, "text")["result"] == {"stdout": "hello\nworld\n"}
    assert run(bide, "nothing")["result"] == {"stdout": ""}


def test_templates_become_single_arguments_and_never_shell(bide):
    name = "two words; $(touch x) `y` 'q' \"d\" \\ *"
    task = run(bide, "argv", {"name": name, "list": [0, {"y": "é"}]})
    assert task["result"]["stdout"].splitlines() == [f"<{name}>", "<--x=é>", f"<{task['id']}>", "<1>", "<a{b}c>"]


def test_a_template_takes_numbers_and_objects_as_json(bide):
    task = run(bide, "argv", {"name": 1.50, "list": [0, {"y": {"z": [True, None]}}]})
    lines = task["result"]["stdout"].splitlines()
    assert lines[0] == "<1.5>"
    assert json.loads(lines[1][len("<--x=") : -1]) == {"z": [True, None]}


def test_a_template_whose_member_is_missing_fails_without_a_retry(bide):
    task = run(bide, "argv", {"name": "x"}, "failed", max_attempts=3)
    assert (task["error"]["code"], task["attempt"]) == ("invalid_input", 1)
    assert "input.list" in task["error"]["message"]


def test_a_status_other_than_0_and_75_fails_with_the_end_of_stderr(bide):
    task = run(bide, "fails", status="failed")
    error = task["error"]
    assert (error["code"], error["message"]) == ("worker_error", "sorry")
    assert error["detail"] == "first line\nsorry\n"
    assert "first line" in bide.log(task["id"])


def test_status_75_is_tried_again(bide):
    task = run(bide, "again", status="failed", max_attempts=3)
    assert task["attempt"] == 3


def test_a_command_ended_by_a_signal_says_which(bide):
    error = run(bide, "killed", status="failed")["error"]
    assert "9" in error["message"] or "KILL" in error["message"].upper()


def test_frames_on_descriptor_4_are_obeyed(bide):
    task = run(bide, "frames")
    assert (task["result"], task["progress"]["message"]) == ({"by": "frame"}, "half")
    task = run(bide, "failframe", status="failed")
    assert (task["error"]["code"], task["attempt"]) == ("invalid_input", 1)


def test_the_input_is_a_file_in_the_attempts_directory_and_what_is_left_there_is_output(bide):
    task = run(bide, "file", {"é": 1})
    assert task["result"] == {"é": 1}
    assert [f if isinstance(f, str) else f["name"] for f in task["files"]] == ["copy.json"]


@pytest.mark.parametrize("type", ["missing", "not-executable"])
def test_a_command_that_cannot_be_started_fails_with_its_name_and_why(bide, type):
    error = run(bide, type, status="failed")["error"]
    assert error["code"] in ("load_failed", "worker_error")
    assert ("/no/such/program" if type == "missing" else "/etc/passwd") in error["message"]
    assert ("No such file" if type == "missing" else "ermission") in error["message"]


def test_a_relative_command_and_its_directory_are_those_of_the_configuration(bide):
    assert run(bide, "relative")["result"] == 42
    assert run(bide, "where")["result"]["stdout"].split() == [str(bide.dir), "1"]


def test_a_descendant_left_behind_is_killed_when_the_command_ends(bide):
    child = run(bide, "lingers")["result"]
    assert not os.path.exists(f"/proc/{child}")


def test_too_much_output_fails_the_task_without_a_retry(bide):
    task = run(bide, "loud", status="failed", max_attempts=3)
    assert (task["error"]["code"], task["attempt"]) == ("output_too_large", 1)


def test_arguments_longer_together_than_the_system_allows_fail_the_task_and_not_its_type(bide):
    error = run(bide, "wide", {"x": "a" * 125_000}, "failed")["error"]
    assert error["code"] == "invalid_input"
    assert "stdin" in error["message"]
    run(bide, "wide", {"x": "a"})


def test_files_that_are_too_many_are_noted_in_the_log(bide):
    task = run(bide, "files")
    assert len(task["files"]) == 256
    assert "44 more files were left out" in bide.log(task["id"])


def test_what_a_task_put_in_the_way_of_its_next_attempt_is_cleared_away(bide):
    task = run(bide, "trap", {"a": 1})
    assert (task["result"], task["attempt"]) == ({"a": 1}, 2)


def test_a_program_starts_with_the_limit_of_open_files_that_bide_was_started_with(serve):
    server = serve.prepare({"types": {"limit": sh("ulimit -n")}})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft // 2, hard))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert run(server, "limit")["result"] == soft // 2


def test_a_directory_that_is_gone_is_told_from_a_program_that_is(bide):
    error = run(bide, "nowhere", status="failed")["error"]
    assert error["message"] == "cannot run /bin/true: its working directory: No such file or directory"
