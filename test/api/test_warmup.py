# SPDX-License-Identifier: Apache-2.0
"""Warm-ups of workers: what a process does for nobody before it is given tasks."""
import os
import shutil

import pytest
from fixtures import with_actor
from harness import until
from test_pull_workers import PROGRAMS
from test_sandbox import with_landlock

NOTES = """
import json, os
print("loading", flush=True)
os.write(4, b'{"op":"ready"}\\n')
for line in open(3):
    for task in json.loads(line).get("tasks", []):
        with open("notes", "a") as notes:
            notes.write(json.dumps([task["type"], task["attempt"], task["input"], os.listdir(task["dir"])]) + "\\n")
        with open(os.path.join(task["dir"], "left"), "w") as file:
            file.write(task["dir"])
        print("doing", task["attempt"], flush=True)
        about = {"id": task["id"], "fence": task["fence"]}
        os.write(4, (json.dumps({"op": "done", **about, "result": task["input"], "files": ["left"]}) + "\\n").encode())
"""


def only(bide):
    [one] = bide.get_json("/v1/workers")["items"]
    return one


def test_a_worker_is_given_its_warm_up_before_the_first_task(serve):
    pool = {"command": ["python3", "-c", NOTES], "warmup": {"type": "note", "input": {"warm": [1, "two"]}}}
    bide = serve({"workers": {"notes": pool}, "types": {"note": {"worker": "notes"}}})
    ids = [bide.submit("note", {"n": n})["id"] for n in range(2)]
    for n, id in enumerate(ids):
        assert bide.ended(id, "completed")["result"] == {"n": n}
        assert bide.log(id) == "doing 1\n", "what it printed before is no task's log"
    assert (bide.dir / "notes").read_text().splitlines() == [
        '["note", 0, {"warm": [1, "two"]}, []]',
        '["note", 1, {"n": 0}, []]',
        '["note", 1, {"n": 1}, []]',
    ]
    assert len(bide.listed()) == 2, "it is no task of anybody"
    worker = only(bide)
    assert (worker["loads"], worker["tasks"], worker["dropped"]) == (1, 2, 0)


def test_a_worker_loaded_at_boot_is_starting_until_it_is_warm(serve):
    gate = {"steps": [["print", "warming"], ["until", "gate-warm"]]}
    bide = serve(pool={"load": "boot", "env": {"LOADS": "loads"}, "warmup": {"type": "act", "input": gate}})
    until(lambda: os.path.exists(bide.dir / "loads"), "it is loaded")
    id = bide.act()
    assert bide.waits(id, "worker_start")
    assert (only(bide)["state"], only(bide)["loaded"], only(bide)["current"]) == ("starting", False, [])
    bide.open_gate("warm")
    task = bide.ended(id, "completed")
    assert (task["attempt"], task["result"]["served"]) == (1, 2)
    assert only(bide)["loaded"] and only(bide)["ready_ms"] > 0


def test_a_warm_up_that_fails_is_a_failed_start(serve):
    steps = [["error", "cuda: 0 devices"], ["fail", {"code": "no_gpu", "message": "there is no GPU"}]]
    bide = serve(pool={"warmup": {"type": "act", "input": {"steps": steps}}})
    id = bide.act()

    def reason():
        waiting = bide.task(id)["waiting_on"]
        return waiting and "no GPU" in waiting["detail"] and waiting["reason"]

    assert until(reason, "the task says why") in ("worker_start", "worker_broken")
    assert until(lambda: only(bide)["problem"], "so does the worker") == (
        "failed its warm-up: no_gpu: there is no GPU\ncuda: 0 devices\n"
    )
    assert only(bide)["restarts"] >= 1 and only(bide)["loads"] == 0


def test_a_warm_up_that_takes_too_long_is_a_failed_start(serve):
    pool = {"ready_timeout": "500ms", "warmup": {"type": "act", "input": {"steps": [["until", "never"]]}}}
    bide = serve(pool=pool)
    bide.act()
    assert "its warm-up" in until(lambda: only(bide)["problem"], "it is told") or "ready" in only(bide)["problem"]


def test_a_warm_up_has_a_directory_that_is_gone_afterwards(serve):
    steps = [["file", "left", "x"], ["note", "entered", "x"], ["until", "gate-warm"]]
    bide = serve(pool={"load": "boot", "warmup": {"type": "act", "input": {"steps": steps}}})
    until(lambda: os.path.exists(bide.dir / "entered"), "it has begun")
    attempts = bide.dir / "attempts"
    [name] = os.listdir(attempts)
    assert name.startswith(".spare-") and os.listdir(attempts / name) == ["left"]
    bide.open_gate("warm")
    until(lambda: not os.listdir(attempts), "it is gone")


def test_a_killed_server_leaves_no_directory_of_a_warm_up(serve):
    steps = [["file", "left", "x"], ["note", "entered", "x"], ["until", "gate-warm"]]
    bide = serve(pool={"load": "boot", "warmup": {"type": "act", "input": {"steps": steps}}})
    until(lambda: os.path.exists(bide.dir / "entered"), "it has begun")
    [name] = os.listdir(bide.dir / "attempts")
    bide.restart9()
    until(lambda: name not in os.listdir(bide.dir / "attempts"), "it is swept")
    bide.open_gate("warm")
    until(lambda: only(bide)["loaded"], "the next process is warm")


@with_landlock
def test_a_confined_worker_can_write_in_the_directory_of_its_warm_up(serve):
    bide = serve.prepare(with_actor(pool={"writable": ["mine"], "warmup": {"type": "act", "input": {"steps": [["file", "a", "x"]]}}}))
    os.mkdir(bide.dir / "mine")
    bide.start()
    assert bide.ended(bide.act(), "completed")["result"]["served"] == 2


@pytest.mark.parametrize("batch", ["", "1"])
@pytest.mark.parametrize("language", sorted(PROGRAMS))
def test_workers_of_the_packages_take_it_as_any_task(serve, language, batch):
    """Unchanged, and one whose function takes batches, too."""
    if not shutil.which(PROGRAMS[language][0]):
        pytest.skip(f"{PROGRAMS[language][0]} is not there")
    pool = {"command": PROGRAMS[language], "env": {"BATCH": batch}, "warmup": {"type": "remote.a", "input": {"log": "warm", "file": "f"}}}
    bide = serve({"workers": {"packaged": pool}, "types": {"remote.*": {"worker": "packaged"}}})
    id = bide.submit("remote.a", {"log": "at work"})["id"]
    task = bide.ended(id, "completed")
    assert task["result"]["attempt"] == 1
    assert bide.log(id) == "info: at work\n"
    assert (only(bide)["loads"], only(bide)["tasks"], only(bide)["dropped"], only(bide)["problem"]) == (1, 1, 0, None)


@pytest.mark.parametrize("language", sorted(PROGRAMS))
def test_a_failure_of_a_worker_of_the_packages_is_a_failed_start(serve, language):
    if not shutil.which(PROGRAMS[language][0]):
        pytest.skip(f"{PROGRAMS[language][0]} is not there")
    pool = {"command": PROGRAMS[language], "load": "boot", "warmup": {"type": "remote.a", "input": {"fail": "no_gpu"}}}
    bide = serve({"workers": {"packaged": pool}, "types": {"remote.*": {"worker": "packaged"}}})
    problem = until(lambda: only(bide)["problem"], "it has failed")
    assert problem.startswith("failed its warm-up: no_gpu: as asked"), problem
