# SPDX-License-Identifier: Apache-2.0
"""cancels.py: it runs, every try ends as cancelled, whatever has the task, and its table says what was measured."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import cancels  # noqa: E402
from fixtures import serve  # noqa: E402,F401
from harness import until  # noqa: E402

TRIES = 3


def test_every_try_of_every_kind_ends_as_cancelled_in_its_first_attempt(serve):  # noqa: F811
    server = serve(cancels.configuration())
    took = cancels.measure(server, TRIES)
    assert {name: len(seconds) for name, seconds in took.items()} == {kind.name: TRIES for kind in cancels.KINDS}
    tasks = server.listed(limit=200)
    assert len(tasks) == TRIES * len(cancels.KINDS)
    assert {(task["status"], task["attempt"], task["error"]["code"]) for task in tasks} == {("cancelled", 1, "cancelled")}
    for task in tasks:
        [attempt] = server.get_json(f"/v1/tasks/{task['id']}/attempts")["items"]
        assert attempt["verdict"] == "cancelled", attempt


def test_the_deaf_are_killed_and_the_obedient_keep_their_process(serve):  # noqa: F811
    server = serve(cancels.configuration())
    cancels.measure(server, TRIES)

    def ends():
        return {name: server.text().count(f"{name}-1 was ended with its task") for name in ("worker", "worker-term", "worker-deaf")}

    until(lambda: ends() == {"worker": 0, "worker-term": TRIES, "worker-deaf": TRIES}, f"the server's word: {server.text()}")
    assert server.text().count("was ended by signal 9 ") == TRIES, "SIGTERM was not enough for the deaf one, and only for it"


def test_a_try_that_is_not_cancelled_is_told_and_not_counted(serve):  # noqa: F811
    configuration = cancels.configuration()
    finishes = """finish() { echo '{"op":"done","result":1}' >&4; exit 0; }
        trap finish TERM; sleep 600 & echo '{"op":"progress","percent":1}' >&4; wait"""
    configuration["types"]["exec-deaf"]["exec"] = cancels.shell(finishes)
    with pytest.raises(AssertionError, match="exec-deaf, try 1: .*completed"):
        cancels.measure(serve(configuration), TRIES)


def test_the_table_counts_what_was_over_in_time():
    took = {kind.name: [0.1, 0.2, 0.3] for kind in cancels.KINDS}
    took["puller"] = [0.1, 1.1, 1.2]
    lines = cancels.table(took).splitlines()
    assert re.fullmatch(r"puller, obeys its beat +3 +2 +1100\.0 +1198\.0 +1200\.0", lines[6])
    assert re.fullmatch(r"command, ends at SIGTERM +3 +3 +200\.0 +298\.0 +300\.0", lines[1])
    assert re.fullmatch(r"all of them +21 +20 +200\.0 +1180\.0 +1200\.0", lines[8])


def test_one_try_is_a_table_too():
    assert cancels.table({kind.name: [0.25] for kind in cancels.KINDS}).splitlines()[1].split()[-3:] == ["250.0"] * 3


def test_the_script_prints_a_row_for_each_kind_and_leaves_nothing():
    said = subprocess.run([sys.executable, HERE / "cancels.py", "1"], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    for kind in cancels.KINDS:
        assert re.search(rf"^{kind.says} +1 +[01] ", said.stdout, re.M), said.stdout
    assert re.search(r"^all of them +7 ", said.stdout, re.M), said.stdout
