# SPDX-License-Identifier: Apache-2.0
"""Chains: one submit and one task whose steps are done by other types, each tried on its own, each with what came before."""
import json
import os
import pathlib
import subprocess

from harness import BIDE, PATIENCE, problem, until
from puller import claim_one
from test_reload import reload


def sh(script, **more):
    return {"exec": ["/bin/sh", "-c", script], "retry": {"base": "1ms"}, **more}


ECHO = sh("cat")  # its result is its input


def steps(task):
    return [(s["name"], s["status"]) for s in task["steps"]]


def chain(*steps, **more):
    return {"steps": list(steps), **more}


def test_steps_run_one_after_the_other_and_the_result_is_made_of_them(serve):
    bide = serve(types={
        "echo": ECHO,
        "notes": chain(
            {"type": "echo", "name": "fetch", "input": {"url": "input.video_url", "by": "task.type"}},
            {"type": "echo", "name": "read"},
            {"type": "echo", "name": "sum", "input": {"of": "read.result.url", "n": 7}},
            result={"title": "fetch.result.url", "sum": "sum.result", "missing": "fetch.result.none"})})
    answer = bide.post("/v1/tasks", {"type": "notes", "input": {"video_url": "http://v"}})
    assert answer.status == 202
    assert (answer.json["step"], steps(answer.json)) == ("fetch", [("fetch", "pending"), ("read", "blocked"), ("sum", "blocked")])
    task = bide.ended(answer.json["id"], "completed")
    assert task["result"] == {"title": "http://v", "sum": {"of": "http://v", "n": 7}, "missing": None}
    assert steps(task) == [("fetch", "completed"), ("read", "completed"), ("sum", "completed")]
    assert [s["attempt"] for s in task["steps"]] == [1, 2, 3]
    assert (task["type"], task["attempt"], task["input"]) == ("notes", 3, {"video_url": "http://v"})
    assert bide.get_json("/v1/tasks?type=notes&status=completed")["items"][0]["id"] == task["id"]
    assert bide.get_json("/v1/tasks?type=echo")["items"] == []


def test_without_a_result_mapping_it_is_that_of_the_last_step(serve):
    bide = serve(types={"one": sh("echo 1"), "two": sh("echo '[2]'"), "both": chain({"type": "one"}, {"type": "two"})})
    assert bide.ended(bide.submit("both")["id"], "completed")["result"] == [2]


def test_how_long_a_step_took_is_known_to_those_after_it(serve):
    nap = {**ECHO, "exec": ["/bin/sh", "-c", "sleep 0.3; cat"]}  # sleep: what is measured
    bide = serve(types={"nap": nap, "echo": ECHO, "both": chain({"type": "nap"}, {"type": "echo", "input": {"took": "nap.seconds"}})})
    task = bide.ended(bide.submit("both")["id"], "completed")
    assert 0.3 <= task["result"]["took"] <= task["timing"]["run_ms"] / 1000 + 10


def test_steps_whose_condition_does_not_hold_are_left_out(serve):
    bide = serve(types={
        "echo": ECHO,
        "maybe": chain(
            {"type": "echo", "name": "a", "input": {"a": "input.text"}},
            {"type": "echo", "name": "near", "input": {"by": "const.near"}, "when": {"input.llm": ["local", None]}},
            {"type": "echo", "name": "far", "input": {"by": "const.far"}, "when": {"input.llm": "far"}},
            {"type": "echo", "name": "sum", "input": {"sum": {"first": ["near.result.by", "far.result.by"]}}, "when": "input.summarize"},
            result={"polished": {"first": ["near.result.by", "far.result.by"]}, "sum": "sum.result.sum"})})

    def run(**input):
        task = bide.ended(bide.submit("maybe", input)["id"], "completed")
        return task["result"], [s["name"] for s in task["steps"] if s["status"] == "completed"]

    assert run(text="x", llm="local", summarize=True) == ({"polished": "near", "sum": "near"}, ["a", "near", "sum"])
    assert run(text="x", llm="far", summarize=False) == ({"polished": "far", "sum": None}, ["a", "far"])
    assert run(text="x") == ({"polished": "near", "sum": None}, ["a", "near"])
    assert run(llm="none", summarize=1) == ({"polished": None, "sum": None}, ["a", "sum"])
    assert run(llm="none", summarize="") == ({"polished": None, "sum": None}, ["a"])


def test_each_step_is_tried_on_its_own(serve, tmp_path):
    flaky = sh(f'n=$(cat {tmp_path}/$0 2>/dev/null || echo 0); echo $((n+1)) > {tmp_path}/$0; [ $n -ge 2 ] && echo $n || exit 75')
    bide = serve(types={
        "a": {**flaky, "exec": flaky["exec"] + ["a"], "max_attempts": 3},
        "b": {**flaky, "exec": flaky["exec"] + ["b"], "max_attempts": 3},
        "both": chain({"type": "a"}, {"type": "b"}, max_attempts=1)})
    task = bide.ended(bide.submit("both")["id"], "completed")
    assert (task["result"], task["attempt"], [s["attempt"] for s in task["steps"]]) == (2, 6, [3, 6])
    verdicts = [a["verdict"] for a in bide.get_json(f"/v1/tasks/{task['id']}/attempts")["items"]]
    assert verdicts == ["done", "failed", "failed", "done", "failed", "failed"]


def test_a_failing_step_ends_the_task_and_a_retry_goes_on_there(serve, tmp_path):
    good = tmp_path / "good"
    bide = serve(types={
        "count": sh(f"echo x >> {tmp_path}/counted; wc -l < {tmp_path}/counted"),
        "pick": sh(f"[ -e {good} ] && cat || exit 3"),
        "both": chain({"type": "count"}, {"type": "pick", "input": {"n": "count.result"}})})
    id = bide.submit("both")["id"]
    task = bide.ended(id, "failed")
    assert (steps(task), task["step"]) == ([("count", "completed"), ("pick", "failed")], "pick")
    good.touch()
    bide.post(f"/v1/tasks/{id}/retry")
    task = bide.ended(id, "completed")
    assert (task["result"], task["run"]) == ({"n": 1}, 2)
    assert [(s["run"], s["attempt"]) for s in task["steps"]] == [(1, 1), (2, 1)]


def test_files_of_a_step_are_paths_for_those_after_it_and_go_with_the_task(serve):
    bide = serve(types={
        "make": {"exec": ["/bin/sh", "-c", 'printf hello > "$0/made.txt"; echo \'{"name": "made.txt"}\'', "{dir}"]},
        "take": {"exec": ["/bin/sh", "-c", 'cp "$1" "$0/out.txt"; printf \'{"got": "%s"}\' "$(cat $1)"', "{dir}", "{input.path}"]},
        "both": chain({"type": "make"}, {"type": "take", "input": {"path": "make.files.0", "dir": "make.dir"}})})
    task = bide.ended(bide.submit("both")["id"], "completed")
    assert task["result"] == {"got": "hello"}
    assert (task["files"], task["steps"][0]["files"]) == (["out.txt"], ["made.txt"])
    assert bide.send("GET", f"/v1/tasks/{task['id']}/files/out.txt").body == b"hello"
    kept = pathlib.Path(bide.dir, "attempts")
    assert len([n for n in os.listdir(kept) if n.startswith(task["id"])]) == 2
    bide.send("DELETE", f"/v1/tasks/{task['id']}")
    until(lambda: not [n for n in os.listdir(kept) if n.startswith(task["id"])], "their end")


def test_a_killed_server_goes_on_at_the_step(serve, tmp_path):
    bide = serve(types={
        "count": sh(f"echo x >> {tmp_path}/counted; echo '\"first\"'"),
        "wait": sh(f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; cat"),
        "both": chain({"type": "count"}, {"type": "wait", "message": "waiting for it"})})
    id = bide.submit("both")["id"]
    seen = until(lambda: (t := bide.task(id))["status"] == "running" and t["step"] == "wait" and t, "the second step")
    assert seen["progress"] == {"percent": None, "message": "waiting for it", "data": {}}
    assert steps(seen) == [("count", "completed"), ("wait", "running")]
    bide.restart9()
    (tmp_path / "go").touch()
    assert bide.ended(id, "completed")["result"] == "first"
    assert len(open(tmp_path / "counted").readlines()) == 1


def test_a_cancel_ends_the_step_and_what_comes_after_it(serve, tmp_path):
    bide = serve(types={"long": sh("exec sleep 60", grace="100ms"), "echo": ECHO, "both": chain({"type": "long"}, {"type": "echo"})})
    id = bide.submit("both")["id"]
    bide.seen(id, "running")
    bide.post(f"/v1/tasks/{id}/cancel")
    assert steps(bide.ended(id, "cancelled")) == [("long", "cancelled"), ("echo", "skipped")]


def test_a_timeout_is_that_of_the_step(serve):
    bide = serve(types={"slow": sh("exec sleep 60", timeout="100ms", grace="100ms", max_attempts=1), "one": chain({"type": "slow"}, timeout="1h")})
    assert bide.ended(bide.submit("one")["id"], "failed")["error"]["code"] == "timeout"


def test_chains_of_a_queue_for_one_end_in_the_order_they_came(serve):
    bide = serve(queues={"line": {"concurrency": 1}}, types={"echo": ECHO, "two": chain({"type": "echo", "name": "a"}, {"type": "echo", "name": "b"}, queue="line")})
    ids = [bide.submit("two", {"n": n})["id"] for n in range(6)]
    ended = [bide.ended(id, "completed") for id in ids]
    assert [t["result"]["n"] for t in ended] == list(range(6))
    times = [t["finished_at"] for t in ended]
    assert times == sorted(times)
    assert all(a["finished_at"] <= b["steps"][0]["started_at"] for a, b in zip(ended, ended[1:]))


def test_pullers_do_steps(serve):
    bide = serve(types={"remote": {"pull": {"lease": "5s"}}, "echo": ECHO, "both": chain({"type": "echo"}, {"type": "remote", "input": {"x": "echo.result.x"}})})
    id = bide.submit("both", {"x": 5})["id"]
    attempt = claim_one(bide, "remote", wait_ms=10000)
    assert (attempt.id, attempt.given["type"], attempt.given["input"]) == (id, "remote", {"x": 5})


def test_a_puller_goes_on_with_its_step_when_the_server_was_killed(serve):
    bide = serve(types={"remote": {"pull": {"lease": "20s"}}, "echo": ECHO,
                        "all": chain({"type": "echo", "name": "a"}, {"type": "remote", "input": {"x": "a.result.x"}},
                                     {"type": "echo", "name": "b", "input": {"a": "a.result.x", "r": "remote.result"}})})
    id = bide.submit("all", {"x": 5})["id"]
    attempt = claim_one(bide, "remote", wait_ms=10000)
    bide.restart9()
    attempt.beat()
    assert json.loads(bide.send("GET", f"{attempt.path}/input").body) == {"x": 5}
    attempt.done("from afar")
    task = bide.ended(id, "completed")
    assert (task["result"], steps(task)) == ({"a": 5, "r": "from afar"}, [("a", "completed"), ("remote", "completed"), ("b", "completed")])


def test_what_becomes_of_a_step_that_the_configuration_has_no_more(serve, tmp_path):
    wait = sh(f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; echo 1")
    bide = serve(types={"wait": wait, "echo": ECHO, "both": chain({"type": "wait"}, {"type": "echo"})})
    under_way = bide.submit("both")["id"]
    bide.seen(under_way, "running")
    bide.kill9()
    bide.configure({"types": {"wait": wait, "echo": ECHO, "both": chain({"type": "echo", "name": "other"})}})
    bide.start()
    assert bide.waits(under_way, "worker_broken")
    (tmp_path / "go").touch()
    assert bide.task(under_way)["steps"][0]["name"] == "other"


def test_what_was_submitted_before_its_type_became_a_chain_begins_at_the_first_step(serve):
    types = {"report": ECHO, "echo": ECHO}
    bide = serve(types=types)
    bide.post("/v1/queues/default/pause")
    ids = [bide.submit("report", {"n": n})["id"] for n in range(2)]
    reload(bide, {"types": {**types, "report": chain({"type": "echo"}, {"type": "echo", "name": "again", "input": {"was": "echo.result.n"}})}})
    bide.post("/v1/queues/default/resume")
    for n, id in enumerate(ids):
        task = bide.ended(id, "completed")
        assert (task["result"], steps(task)) == ({"was": n}, [("echo", "completed"), ("again", "completed")])


def test_check_names_the_steps(serve):
    bide = serve(types={"echo": ECHO, "both": chain({"type": "echo"}, {"type": "echo", "name": "again"})})
    said = subprocess.run([BIDE, "check", str(bide.config_file)], capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert "type      both: queue default, steps echo, again," in said, said


def test_a_name_that_its_steps_make_too_long_is_refused(serve):
    bide = serve(types={"echo": ECHO, "p*": chain({"type": "echo", "name": "e" * 30})})
    assert bide.ended(bide.submit("p1")["id"], "completed")
    problem(bide.post("/v1/tasks", {"type": "p" + "x" * 180}), 422, "unknown_type")
