# SPDX-License-Identifier: Apache-2.0
"""Pools of workers: when processes start, what they load, how they end, and what tasks wait for meanwhile."""
import os
import signal
import stat

from harness import ACTOR, is_alive, problem, until


def workers(bide):
    page = bide.get_json("/v1/workers")
    assert "next_cursor" in page
    return page["items"]


def live(bide):
    return [worker for worker in workers(bide) if worker["pid"]]


def test_a_lazy_worker_starts_with_its_first_task(serve):
    bide = serve()
    assert live(bide) == [] and bide.processes() == []
    bide.ended(bide.act(), "completed")
    [worker] = live(bide)
    assert (worker["pool"], worker["state"], worker["loaded"]) == ("actor", "idle", True)
    assert is_alive(worker["pid"])


def test_a_worker_that_loads_at_boot_is_ready_before_any_task(serve):
    bide = serve(pool={"load": "boot", "env": {"LOADS": "loads"}})
    until(lambda: [w for w in live(bide) if w["loaded"]], "ready")


def test_32_first_tasks_at_once_load_the_model_once(serve):
    bide = serve(pool={"env": {"LOADS": "loads"}}, queues={"default": {"concurrency": 32}})
    ids = [bide.act() for _ in range(32)]
    results = [bide.ended(id, "completed")["result"] for id in ids]
    assert {(r["pid"], r["loads"]) for r in results} == {(results[0]["pid"], 1)}
    assert sorted(r["served"] for r in results) == list(range(1, 33))
    loads = (bide.dir / "loads").read_text().split()
    assert len(loads) == 1
    assert workers(bide)[0]["loads"] == 1


def test_while_the_model_loads_a_task_waits_for_worker_start(serve):
    bide = serve(pool={"env": {"GATE": "gate-load"}})
    id = bide.act()
    assert bide.waits(id, "worker_start")
    until(lambda: [w["state"] for w in live(bide)] == ["starting"], "the process is there")
    bide.open_gate("load")
    bide.ended(id, "completed")


def test_a_cancel_while_the_model_loads_leaves_the_worker_loading(serve):
    bide = serve(pool={"env": {"GATE": "gate-load", "LOADS": "loads"}})
    id = bide.act()
    bide.waits(id, "worker_start")
    assert bide.post(f"/v1/tasks/{id}/cancel").json["status"] == "cancelled"
    other = bide.act()
    bide.open_gate("load")
    bide.ended(other, "completed")
    assert len((bide.dir / "loads").read_text().split()) == 1


def test_an_idle_worker_is_kept_for_keep_alive_and_then_ended(serve):
    bide = serve(pool={"keep_alive": "300ms"})
    first = bide.ended(bide.act(), "completed")["result"]["pid"]
    assert bide.ended(bide.act(), "completed")["result"]["pid"] == first
    until(lambda: not is_alive(first) and not bide.processes(), "the idle worker is gone")
    assert live(bide) == []
    assert bide.ended(bide.act(), "completed")["result"]["pid"] != first


def test_several_types_share_one_worker_and_a_prefix_serves_many(serve):
    bide = serve(
        types={
            "one": {"worker": "actor"},
            "two": {"worker": "actor"},
            "foo.*": {"worker": "actor"},
            "foo.bar.*": {"exec": ["/bin/cat"]},
        }
    )
    results = {t: bide.ended(bide.submit(t, {"a": 1})["id"], "completed") for t in ("one", "two", "foo.a", "foo.", "foo.bar.x")}
    assert [results[t]["result"]["type"] for t in ("one", "two", "foo.a", "foo.")] == ["one", "two", "foo.a", "foo."]
    assert len({results[t]["result"]["pid"] for t in ("one", "two", "foo.a", "foo.")}) == 1
    assert results["foo.bar.x"]["result"] == {"a": 1}, "the longest match wins"
    assert bide.post("/v1/tasks", {"type": "fo"}).status == 422


def test_instances_run_side_by_side(serve):
    bide = serve(pool={"instances": 3}, queues={"default": {"concurrency": 3}})
    ids = [bide.act(["until", bide.gate("all")]) for _ in range(3)]
    for id in ids:
        bide.seen(id, "running")
    busy = [w for w in live(bide) if w["state"] == "busy"]
    assert len({w["pid"] for w in busy}) == 3
    bide.open_gate("all")
    assert len({bide.ended(id, "completed")["result"]["pid"] for id in ids}) == 3


def test_a_busy_worker_names_its_task(serve):
    bide = serve()
    id = bide.act(["until", bide.gate("busy")])
    [worker] = until(lambda: [w for w in live(bide) if w["current"]], "a worker that was given it")
    assert (worker["state"], worker["current"]) == ("busy", [id])
    bide.open_gate("busy")
    bide.ended(id, "completed")


def test_a_worker_runs_in_its_own_session_with_the_directory_and_environment_of_the_configuration(serve):
    bide = serve(pool={"env": {"LOADS": "loads"}})
    result = bide.ended(bide.act(), "completed")["result"]
    assert os.getsid(result["pid"]) != os.getsid(bide.process.pid)
    assert result["cwd"] == str(bide.dir)
    assert (bide.dir / "loads").exists()


def test_an_idle_worker_that_is_killed_costs_no_task_anything(serve):
    bide = serve()
    pid = bide.ended(bide.act(), "completed")["result"]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: live(bide) == [], "the server has seen it")
    task = bide.ended(bide.act(), "completed")
    assert task["attempt"] == 1 and task["result"]["pid"] != pid


def test_a_command_that_appears_later_runs_the_tasks_that_waited(serve):
    bide = serve(
        {
            "workers": {"late": {"command": ["./not-yet"]}},
            "types": {"act": {"worker": "late"}},
        }
    )
    id = bide.act()

    def reason():
        task = bide.task(id)
        assert task["status"] == "pending", task
        return task["waiting_on"] and "/not-yet" in task["waiting_on"]["detail"] and task["waiting_on"]

    until(reason, "the task says which command is missing")
    assert any("/not-yet" in (w.get("problem") or "") for w in workers(bide)), workers(bide)
    script = bide.dir / "not-yet"
    script.write_text("#!/bin/sh\nexec " + " ".join(ACTOR) + "\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    task = bide.ended(id, "completed")
    assert task["attempt"] == 1


def test_workers_that_never_get_ready_break_their_pool_and_lose_nothing(serve):
    """All at once, since the breaker needs five starts, a second and then twice as long apart."""
    modes = {"missing": None, "never": "150ms", "junk": "5s", "exit": "5s"}
    bide = serve(
        {
            "queues": {"default": {"concurrency": 8}},
            "workers": {
                name: {
                    "command": ["./there-is-no-such-program"] if name == "missing" else ACTOR,
                    "ready_timeout": ready or "5s",
                    "env": {"MODE": name},
                }
                for name, ready in modes.items()
            },
            "types": {**{name: {"worker": name} for name in modes}, "cat": {"exec": ["/bin/cat"]}},
        }
    )
    ids = {name: bide.act(type=name) for name in modes}
    details = {}

    def all_broken():
        for name, id in ids.items():
            task = bide.task(id)
            assert task["status"] in ("pending", "failed"), task
            if task["status"] == "failed":
                assert task["error"]["code"] == "load_failed", task
                details[name] = task["error"]["message"]
            elif task["waiting_on"] and task["waiting_on"]["reason"] == "worker_broken":
                details[name] = task["waiting_on"]["detail"]
        return set(details) == set(modes)

    until(all_broken, f"all pools broken, so far {details}", 40)
    assert "there-is-no-such-program" in details["missing"], details
    assert "ready" in details["never"], details
    assert "JSON" in details["junk"], details
    assert "1" in details["exit"] or "there is no model here" in details["exit"], details
    assert [t["status"] for t in bide.listed(status="pending")], "nothing was lost"
    bide.ended(bide.submit("cat")["id"], "completed")
    assert {w["state"] for w in workers(bide)} <= {"broken", "backoff"}
    text = bide.text()
    for name in modes:
        assert name in text, "the server's log names the pool"
    for id in ids.values():
        assert bide.post(f"/v1/tasks/{id}/cancel").status in (200, 202)


HASTY = """
import json, os
os.write(4, b'{"op":"ready"}\\n')
for line in open(3):
    for task in json.loads(line).get("tasks", []):
        about = '"id":"%s","fence":"%s"}\\n' % (task["id"], task["fence"])
        os.write(4, ('{"op":"progress","percent":99,' + about).encode())
        os.write(1, b"mark %d\\n" % task["input"]["n"])
        os.write(4, ('{"op":"done",' + about).encode())
"""


def test_the_last_line_before_a_verdict_is_in_the_log_of_its_task_and_of_no_other(serve):
    bide = serve({"workers": {"hasty": {"command": ["python3", "-c", HASTY]}}, "types": {"hasty": {"worker": "hasty"}}})
    ids = [bide.submit("hasty", {"n": n})["id"] for n in range(200)]
    for id in ids:
        bide.ended(id, "completed")
    assert [bide.log(id) for id in ids] == [f"mark {n}\n" for n in range(200)]


def worker(bide, id):
    [one] = [w for w in workers(bide) if w["id"] == id]
    return one


def control(bide, id, verb, state=None):
    """Asks for a recycle or a stop; returns the worker of the 202."""
    answer = bide.post(f"/v1/workers/{id}/{verb}")
    assert answer.status == 202, answer
    assert answer.json["id"] == id and state in (None, answer.json["state"]), answer
    return answer.json


def test_a_worker_is_recycled_without_a_gap_and_finishes_its_task(serve):
    bide = serve(pool={"env": {"LOADS": "loads"}}, queues={"default": {"concurrency": 2}})
    id = bide.act(["until", bide.gate("held")])
    bide.seen(id, "running")
    before = worker(bide, "actor-1")
    shown = control(bide, "actor-1", "recycle", "busy")
    assert (shown["pid"], shown["current"]) == (before["pid"], [id])
    following = bide.ended(bide.act(), "completed")["result"]["pid"]  # by the next one, while that still works
    assert following != before["pid"]
    assert {w["pid"]: w["state"] for w in live(bide)} == {before["pid"]: "stopping", following: "idle"}
    bide.open_gate("held")
    task = bide.ended(id, "completed")
    assert (task["attempt"], task["result"]["pid"]) == (1, before["pid"])
    until(lambda: [w["pid"] for w in workers(bide)] == [following], "the old one is gone")
    assert worker(bide, "actor-1")["restarts"] == 0 and len(bide.lines("loads")) == 2
    assert not is_alive(before["pid"])


def test_a_recycled_worker_takes_tasks_until_the_next_one_is_loaded(serve):
    bide = serve(pool={"env": {"GATE": "gate-load"}})
    bide.open_gate("load")
    pid = bide.ended(bide.act(), "completed")["result"]["pid"]
    (bide.dir / "gate-load").unlink()
    for _ in range(2):  # asked again, the same
        assert control(bide, "actor-1", "recycle", "idle")["pid"] == pid
    until(lambda: sorted(w["state"] for w in live(bide)) == ["idle", "starting"], "the next one loads")
    assert bide.ended(bide.act(), "completed")["result"]["pid"] == pid
    bide.open_gate("load")
    until(lambda: not is_alive(pid) and [w["loaded"] for w in workers(bide)] == [True], "it has been replaced")
    assert bide.ended(bide.act(), "completed")["result"]["pid"] != pid


def test_a_worker_that_is_stopped_is_off_until_a_task_needs_it(serve):
    bide = serve()
    pid = bide.ended(bide.act(), "completed")["result"]["pid"]
    control(bide, "actor-1", "stop", "stopping")
    until(lambda: worker(bide, "actor-1")["state"] == "off" and not is_alive(pid), "it is gone")
    for verb in ("recycle", "stop"):
        assert "no process" in problem(bide.post(f"/v1/workers/actor-1/{verb}"), 409, "conflict")["detail"]
    assert bide.ended(bide.act(), "completed")["result"]["pid"] != pid


def test_a_worker_loaded_at_boot_is_loaded_again_after_a_recycle_and_left_off_by_a_stop(serve):
    bide = serve(pool={"load": "boot", "env": {"LOADS": "loads"}})
    first = until(lambda: [w["pid"] for w in live(bide) if w["loaded"]], "ready")
    control(bide, "actor-1", "recycle")
    second = until(lambda: [w["pid"] for w in live(bide) if w["loaded"] and w["pid"] != first[0]], "ready again")
    until(lambda: not is_alive(first[0]) and len(workers(bide)) == 1, "replaced")
    control(bide, "actor-1", "stop")
    until(lambda: worker(bide, "actor-1")["state"] == "off" and not is_alive(second[0]), "off")
    assert len(bide.lines("loads")) == 2
    bide.ended(bide.act(), "completed")
    assert len(bide.lines("loads")) == 3


def test_a_stop_gives_the_task_back_and_it_completes_later(serve):
    bide = serve(types={"act": {"worker": "actor", "max_attempts": 1}})
    id = bide.act(["until", bide.gate("go")])
    bide.seen(id, "running")
    pid = worker(bide, "actor-1")["pid"]
    bide.post("/v1/queues/default/pause")
    control(bide, "actor-1", "stop", "stopping")
    bide.seen(id, "pending")
    until(lambda: worker(bide, "actor-1")["state"] == "off" and not is_alive(pid), "the process is gone and stays away")
    assert worker(bide, "actor-1")["restarts"] == 0
    attempts = bide.get_json(f"/v1/tasks/{id}/attempts")["items"]
    assert [a["verdict"] for a in attempts] == ["released"], attempts
    assert "the worker is being stopped" in bide.log(id)
    bide.open_gate("go")
    bide.post("/v1/queues/default/resume")
    assert bide.ended(id, "completed")["result"]["pid"] != pid, "with one attempt allowed: the stop took none"


def test_a_worker_that_is_deaf_to_its_stop_is_ended_by_the_ladder(serve):
    bide = serve()
    id = bide.act(["deaf"], ["ignore", bide.gate("never")], ["done", 1])
    bide.seen(id, "running")
    pid = worker(bide, "actor-1")["pid"]
    control(bide, "actor-1", "stop")
    until(lambda: not is_alive(pid), "killed at grace")
    bide.open_gate("never")
    assert bide.ended(id, "completed")["result"] == 1
    assert worker(bide, "actor-1")["restarts"] == 0


def test_a_recycle_closes_the_breaker_once_the_model_is_mended(serve):
    """`restarts` counts the failures: five of them, a second and then twice as long apart."""
    bide = serve({"workers": {"late": {"command": ["./model"]}}, "types": {"act": {"worker": "late"}}})
    id = bide.act()
    until(lambda: worker(bide, "late-1")["state"] == "broken", "broken", 40)
    assert worker(bide, "late-1")["retry_at"] is not None
    refused = problem(bide.post("/v1/workers/late-1/stop"), 409, "conflict")
    assert "recycle" in refused["detail"], refused
    script = bide.dir / "model"
    script.write_text("#!/bin/sh\nexec " + " ".join(ACTOR) + "\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    assert control(bide, "late-1", "recycle", "starting")["retry_at"] is None
    bide.ended(id, "completed")


def test_the_settings_of_a_pool_are_shown_and_of_its_variables_the_names(serve, tmp_path):
    (tmp_path / "token").write_text("hush")
    (tmp_path / "token").chmod(0o600)
    config = {
        "instances": 2, "concurrency": 3, "batch": {"max": 4, "delay": "250ms", "cost": 600}, "load": "boot", "keep_alive": "forever",
        "ready_timeout": "1m", "ping_timeout": "5s", "stall_timeout": "10m", "max_tasks": 10, "max_age": "1d", "max_rss": "3G",
        "env": {"DEVICE": "cuda:{instance}", "PASSPHRASE": "hush"}, "secret_env": {"TOKEN": f"file:{tmp_path / 'token'}"},
        "limits": {"files": 512}, "needs": {"vram": "6G"}, "prefer_warm": 2,
    }
    bide = serve(pool=config, resources={"vram": "24G"})
    page = bide.get_json("/v1/workers")
    [pool] = page["pools"]
    assert "hush" not in str(page) and "cuda" not in str(page)
    shown = {key: pool[key] for key in pool if key not in ("command", "waiting", "cwd", "sandbox", "env")}
    assert shown == {
        "name": "actor", "replacing": False, "instances": 2, "concurrency": 3, "batch": {"max": 4, "delay_ms": 250, "cost": 600},
        "needs": {"vram": 6 << 30}, "prefer_warm": 2, "load": "boot", "warmup": None, "keep_alive_ms": None,
        "ready_timeout_ms": 60000, "ping_timeout_ms": 5000, "stall_timeout_ms": 600000, "max_tasks": 10, "max_age_ms": 86400000,
        "max_rss_bytes": 3 << 30, "secret_env": ["TOKEN"]}
    assert pool["command"] == ACTOR and {"DEVICE", "PASSPHRASE"} <= set(pool["env"])
    assert pool["cwd"] == str(bide.dir) and pool["sandbox"]["limits"] == {"files": 512}
    shares = until(lambda: [w["max_tasks"] for w in workers(bide) if w["loaded"]] if all(w["loaded"] for w in workers(bide)) else None, "ready")
    assert all(share in (9, 10) for share in shares), "a tenth less, by chance"
    assert all(w["state_since"] >= w["started_at"] for w in workers(bide))


def test_a_process_of_exec_is_no_worker_and_an_unknown_id_is_not_found(serve):
    bide = serve(types={"nap": {"exec": ["/bin/sleep", "60"]}})
    id = bide.submit("nap")["id"]
    bide.seen(id, "running")
    [one] = [w for w in workers(bide) if w["pool"] == "nap"]
    for verb in ("recycle", "stop"):
        assert f"cancel the task, {id}" in problem(bide.post(f"/v1/workers/{one['id']}/{verb}"), 409, "conflict")["detail"]
        assert '"nobody-1"' in problem(bide.post(f"/v1/workers/nobody-1/{verb}"), 404, "not_found")["detail"]
        assert bide.post(f"/v1/workers/actor-1/{verb}", {"now": True}).status == 400
    assert bide.task(id)["status"] == "running"
    bide.post(f"/v1/tasks/{id}/cancel")
