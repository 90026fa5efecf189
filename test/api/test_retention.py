# SPDX-License-Identifier: Apache-2.0
"""How long ended tasks are kept: by age, by number, parts first, by a task's own wish; files go with them; bide gc."""
import json
import os
import subprocess

from harness import BIDE, pointers, problem, until

ECHO = {"exec": ["/bin/sh", "-c", "cat"]}
FILE = {"exec": ["/bin/sh", "-c", 'cd "$0"; echo x > out.txt; echo {}', "{dir}"]}


def refused(answer, code):
    problem(answer, 400, code)
    return pointers(answer)


def gone(bide, id):
    return until(lambda: bide.send("GET", f"/v1/tasks/{id}").status == 404, f"{id} is gone")


def gc(bide, **body):
    answer = bide.post("/v1/gc", body)
    assert answer.status == 200, answer.body
    return answer.json


def test_a_record_goes_by_its_age_and_says_when(serve):
    bide = serve(types={"brief": {**ECHO, "retain": "1s"}, "kept": ECHO})
    brief, kept = bide.submit("brief")["id"], bide.submit("kept")["id"]
    task = bide.ended(brief, "completed")
    assert task["purge_at"] is not None and task["purge_at"] > task["finished_at"]
    gone(bide, brief)
    assert bide.ended(kept, "completed")["purge_at"][:4] > "2000"  # the default: a week
    assert bide.get_json("/v1/queues/default")["depth"]["completed"] == 1


def test_each_status_may_have_its_own_age(serve):
    bide = serve(types={"t": {"exec": ["/bin/sh", "-c", "read -r x; test ${#x} = 2 && echo {}"],
                              "retain": {"age": "forever", "failed": "1s"}}})
    good, bad = bide.submit("t", {})["id"], bide.submit("t", {"a": 1}, max_attempts=1)["id"]
    assert bide.ended(good, "completed")["purge_at"] is None
    bide.ended(bad, "failed")
    gone(bide, bad)
    assert bide.send("GET", f"/v1/tasks/{good}").status == 200


def test_the_newest_are_kept_by_number(serve):
    bide = serve(types={"t": {**ECHO, "retain": {"age": "forever", "count": 3}}})
    ids = [bide.submit("t", {"n": n})["id"] for n in range(8)]
    for id in ids[-3:]:
        bide.ended(id, "completed")
    until(lambda: bide.get_json("/v1/queues/default")["depth"]["completed"] + bide.get_json("/v1/queues/default")["depth"]["pending"] >= 3, "some ended")
    for id in ids:
        until(lambda: bide.send("GET", f"/v1/tasks/{id}").status == 404 or bide.get_json(f"/v1/tasks/{id}")["status"] == "completed", "it ended")
    gc(bide)
    assert [bide.send("GET", f"/v1/tasks/{id}").status for id in ids] == [404] * 5 + [200] * 3


def test_parts_go_before_the_record(serve):
    bide = serve(types={"t": {**ECHO, "retain": {"age": "1d", "input": "0", "result": "0", "log": "0"}}})
    id = bide.submit("t", {"word": "hello"})["id"]
    bide.ended(id, "completed")
    until(lambda: bide.get_json(f"/v1/tasks/{id}")["result"] is None, "the result is gone")
    task = bide.get_json(f"/v1/tasks/{id}")
    assert (task["status"], task["input"], task["input_bytes"], task["result_bytes"]) == ("completed", None, 0, 0)
    assert problem(bide.send("GET", f"/v1/tasks/{id}/result"), 410, "gone")
    assert problem(bide.post(f"/v1/tasks/{id}/retry"), 410, "gone")
    assert bide.get_json(f"/v1/tasks/{id}")["status"] == "completed"


def test_a_task_may_say_how_long_it_is_kept(serve):
    bide = serve(types={"t": {**ECHO, "retain": "forever"}, "u": {**ECHO, "retain": "0"}})
    brief, kept = bide.submit("t", retain_ms=0)["id"], bide.submit("u", retain_ms=None)["id"]
    gone(bide, brief)
    assert bide.ended(kept, "completed")["purge_at"] is None
    assert refused(bide.post("/v1/tasks", {"type": "t", "retain_ms": -1}), "invalid") == ["/retain_ms"]
    assert refused(bide.post("/v1/tasks", {"type": "t", "retain_ms": "7d"}), "invalid") == ["/retain_ms"]


def test_output_files_go_with_the_record_and_with_a_delete(serve):
    bide = serve(types={"t": {**FILE, "retain": "2s"}, "u": FILE})
    attempts = bide.dir / "attempts"
    for type, goes in (("t", lambda id: gone(bide, id)), ("u", lambda id: bide.send("DELETE", f"/v1/tasks/{id}"))):
        task = bide.ended(bide.submit(type)["id"], "completed")
        assert task["files"] == ["out.txt"]
        folder = attempts / f"{task['id']}.1.1"
        assert folder.is_dir()
        goes(task["id"])
        until(lambda: not any(attempts.iterdir()), "nothing is left of its files")


def test_gc_counts_without_removing_and_then_removes(serve):
    bide = serve(types={"t": {**ECHO, "retain": {"age": "1h", "result": "1h", "count": 1}}})
    for n in range(3):
        bide.ended(bide.submit("t", {"n": n})["id"], "completed")
    counts = gc(bide, dry_run=True)
    assert (counts["dry_run"], counts["looked"], counts["records"]) == (True, 3, 2)
    assert counts["bytes"] > 0
    assert bide.get_json("/v1/queues/default")["depth"]["completed"] == 3
    done = subprocess.run([BIDE, "gc", "--json"], env={**os.environ, "BIDE_SERVER": bide.url}, capture_output=True, check=True)
    assert json.loads(done.stdout)["records"] == 2
    assert bide.get_json("/v1/queues/default")["depth"]["completed"] == 1


def test_what_gc_is_told_is_checked(bide):
    assert refused(bide.post("/v1/gc", {"dry_run": 1}), "invalid") == ["/dry_run"]
    assert refused(bide.post("/v1/gc", {"dry": True}), "unknown_field") == ["/dry"]


def test_what_was_due_while_no_server_ran_goes_at_the_next_start(serve):
    bide = serve(types={"t": {**ECHO, "retain": "1s"}})
    id = bide.submit("t")["id"]
    bide.ended(id, "completed")
    bide.terminate()
    bide.start()
    gone(bide, id)
