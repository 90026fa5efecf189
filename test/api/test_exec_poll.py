# SPDX-License-Identifier: Apache-2.0
"""Types whose command hands the work on and is asked until it is done: a tool with sub-commands, and its own table."""
import json
import stat

import pytest
from harness import until

TOOL = '''#!/usr/bin/python3 -S
# A tool that keeps its tasks as files: N.json has the answers that `status` gives one after another.
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
verb, arg = sys.argv[1:3]
def path(id): return os.path.join(here, "remote-%s.json" % id)
def keep(id, spec):
    with open(path(id) + ".new", "w") as f: json.dump(spec, f)
    os.replace(path(id) + ".new", path(id))
with open(os.path.join(here, "calls"), "a") as f: f.write("%s %s\\n" % (verb, arg))
if verb == "submit":
    spec = json.load(sys.stdin)
    if "fail" in spec: sys.exit(spec["fail"])
    id = len([n for n in os.listdir(here) if n.startswith("remote-") and n.endswith(".json")]) + 1
    keep(id, spec)
    print(json.dumps({"task_id": "r%d" % id if spec.get("text") else id}))
    if spec.get("text"): os.rename(path(id), path("r%d" % id))
elif verb == "status":
    spec = json.load(open(path(arg)))
    answer = spec["answers"].pop(0) if len(spec["answers"]) > 1 else spec["answers"][0]
    keep(arg, spec)
    print(answer if isinstance(answer, str) else json.dumps(answer))
elif verb == "result":
    print(json.dumps({"article": "about " + json.load(open(path(arg)))["name"], "id": arg}))
'''

RUNNING = {"status": "running", "progress": 25, "message": "writing"}


@pytest.fixture(scope="module")
def bide(tmp_path_factory):
    from fixtures import Fleet, QUICK

    fleet = Fleet()
    poll = {"status": ["./tool", "status", "{remote.id}"], "every": "20ms", "id": "/task_id", "tries": 3}
    full = {**poll, "result": ["./tool", "result", "{remote.id}"], "cancel": ["./tool", "cancel", "{remote.id}"]}
    exec = ["./tool", "submit", "{input.name}"]
    types = {"article": {"exec": exec, "poll": full}, "bare": {"exec": exec, "poll": poll}}
    server = fleet.prepare({"defaults": QUICK, "queues": {"default": {"concurrency": 4}}, "types": types})
    tool = server.dir / "tool"
    tool.write_text(TOOL)
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    yield server.start()
    fleet.release()


def submit(bide, *answers, type="article", fields={}, **input):
    return bide.submit(type, {"name": "owls", "answers": answers, **input}, **fields)["id"]


def calls(bide):
    return (bide.dir / "calls").read_text().splitlines()


def test_it_is_submitted_asked_for_and_its_result_fetched(bide):
    id = submit(bide, {"status": "pending"}, RUNNING, {"status": "completed", "progress": 100, "message": "done"}, text=1)
    task = bide.ended(id, "completed")
    remote = task["result"]["id"]
    assert task["result"] == {"article": "about owls", "id": remote}
    assert task["progress"]["percent"] == 100
    assert bide.log(id) == f"bide: submitted, the remote id is {remote}\n"
    assert [c for c in calls(bide) if c.endswith(remote)] == [f"status {remote}"] * 3 + [f"result {remote}"]


def test_progress_is_shown_while_it_runs_and_a_cancel_tells_the_other_side(bide):
    id = submit(bide, RUNNING, text=1)
    until(lambda: (bide.task(id)["progress"] or {}).get("percent") == 25, "progress")
    assert bide.task(id)["progress"]["message"] == "writing"
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    remote = bide.log(id).split()[-1]
    assert f"cancel {remote}" in calls(bide)
    assert not bide.processes()


def test_a_timeout_is_that_of_the_task_and_tells_the_other_side(bide):
    id = submit(bide, RUNNING, text=1, fields={"timeout_ms": 300, "max_attempts": 1})
    assert bide.ended(id, "failed")["error"]["code"] == "timeout"
    assert f"cancel {bide.log(id).split()[-1]}" in calls(bide)


def test_a_remote_failure_is_the_tasks_with_its_message_and_is_tried_again(bide):
    id = submit(bide, {"status": "failed", "error": "no such account"}, type="bare", fields={"max_attempts": 2})
    task = bide.ended(id, "failed")
    assert (task["error"]["code"], task["error"]["message"], task["attempt"]) == ("worker_error", "no such account", 2)


def test_answers_that_are_no_answers_are_borne_a_few_times(bide):
    id = submit(bide, "<html>", RUNNING, "oops", {"state": "?"}, {"status": "completed"})
    assert bide.ended(id, "completed")["attempt"] == 1
    assert "bide: status, answer 2 of 3 that is of no use: nothing at \"/status\"" in bide.log(id)
    error = bide.ended(submit(bide, "<html>", fields={"max_attempts": 1}), "failed")["error"]
    assert error["code"] == "bad_result"
    assert error["message"].startswith("status, 3 times in a row: not JSON")


def test_without_a_result_command_the_last_answer_is_the_result(bide):
    last = {"status": "completed", "url": "https://example.org/owls"}
    assert bide.ended(submit(bide, RUNNING, last, type="bare"), "completed")["result"] == last


def test_a_submit_that_fails_is_an_exit_like_any_other(bide):
    task = bide.ended(submit(bide, fail=75, fields={"max_attempts": 2}), "failed")
    assert (task["error"]["code"], task["error"]["message"], task["attempt"]) == ("worker_error", "exit status 75", 2)


def test_what_is_wrong_in_poll_is_said_with_its_place(serve):
    server = serve.prepare("types:\n  a: {exec: [x], poll: {every: 2, id: task_id, done: []}}\n  b: {exec: [x], poll: {stat: [y]}}\n")
    server.launch()
    assert server.exited() == 78
    for words in ('"status" is missing', '"every": expected a duration', '"id": expected a JSON pointer', '"done": expected a word',
                  'unknown key "stat"'):
        assert words in server.text(), server.text()


def test_what_was_submitted_is_asked_for_by_the_next_server_and_not_submitted_again(bide):
    before = calls(bide).count("submit dogs")
    id = bide.submit("article", {"name": "dogs", "answers": [RUNNING]})["id"]
    until(lambda: any(a["saved_bytes"] for a in bide.get_json(f"/v1/tasks/{id}/attempts")["items"]), "its checkpoint in the store")
    bide.kill9()
    [remote] = [f for f in bide.dir.glob("remote-*.json") if json.loads(f.read_text())["name"] == "dogs"]
    bide.start()

    def finish():  # a question under way may write the file once more
        remote.with_suffix(".new").write_text(json.dumps({"name": "dogs", "answers": [{"status": "completed"}]}))
        remote.with_suffix(".new").replace(remote)
        return bide.task(id)["status"] == "completed"

    until(finish, "its result")
    task = bide.task(id)
    assert (task["result"]["article"], task["attempt"]) == ("about dogs", 2)
    assert calls(bide).count("submit dogs") == before + 1
