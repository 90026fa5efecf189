# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: the whole configuration is taken over while tasks run, or nothing of it."""
import os
import signal

from fixtures import with_actor
from harness import until


def reload(server, config=None, expect="done", **parts):
    """Writes the new file and tells the server. Waits until it says what came of it; returns what it said since."""
    before = len(server.text())
    server.configure(config if config is not None else with_actor(**parts))
    server.process.send_signal(signal.SIGHUP)
    word = "reload: done" if expect == "done" else "nothing changed"
    until(lambda: word in server.text()[before:], word)
    return server.text()[before:]


def env_of(name):
    return {"exec": ["/bin/sh", "-c", f'cat >/dev/null; echo "${name}"']}


def workers(server):
    return server.get_json("/v1/workers")["items"]


def test_a_queues_limits_change_while_it_works(serve):
    server = serve(queues={"default": {"concurrency": 1}}, pool={"instances": 4})
    first = server.act(["until", server.gate("a")])
    server.seen(first, "running")
    second = server.act(["until", server.gate("a")])
    server.waits(second, "queue_limit")
    reload(server, queues={"default": {"concurrency": 2, "capacity": 1}}, pool={"instances": 4})
    server.seen(second, "running")
    assert server.queue()["concurrency"] == 2
    third = server.act()
    assert server.post("/v1/tasks", {"type": "act", "input": {}}).status == 429
    server.open_gate("a")
    for id in (first, second, third):
        server.ended(id, "completed")


def test_a_changed_pool_is_replaced_and_one_that_is_the_same_keeps_its_process(serve):
    def config(threads):
        actor = with_actor()
        actor["workers"]["other"] = {**actor["workers"]["actor"], "env": {"LOADS": "loads", "THREADS": threads}}
        actor["types"]["also"] = {"worker": "other"}
        return actor

    server = serve(config("1"))
    server.ended(server.act())
    running = server.act(["until", server.gate("a")], type="also")
    server.seen(running, "running")
    pids = {w["pool"]: w["pid"] for w in workers(server)}
    said = reload(server, config("2"))
    assert "worker other: changed;" in said and "worker actor" not in said
    fresh = server.act(type="also")  # the new pool has its own process, while the old one still works
    server.ended(fresh, "completed")
    now = [(w["pool"], w["pid"]) for w in workers(server)]
    assert ("actor", pids["actor"]) in now and ("other", pids["other"]) in now
    assert server.task(running)["status"] == "running"
    server.open_gate("a")
    assert server.ended(running, "completed")["attempt"] == 1
    until(lambda: pids["other"] not in [w["pid"] for w in workers(server)], "the end of the old process")
    server.ended(server.act(), "completed")
    assert pids["actor"] in [w["pid"] for w in workers(server)]
    assert len(server.lines("loads")) == 2


def test_while_the_new_model_loads_tasks_go_on_to_the_old_one(serve):
    server = serve.prepare(with_actor(pool={"env": {"LOADS": "loads"}})).start()
    server.ended(server.act())
    (old,) = server.lines("loads")
    gated = {"env": {"LOADS": "loads", "GATE": server.gate("load")}}
    said = reload(server, pool=gated)
    assert "worker actor: changed; its processes go on until a new one is ready" in said
    until(lambda: sorted(w["state"] for w in workers(server)) == ["idle", "starting"], "the start of the new process")
    for _ in range(3):  # while it waits at its gate
        server.ended(server.act(), "completed")
    assert server.lines("loads") == [old]
    assert old in [str(w["pid"]) for w in workers(server)]
    server.open_gate("load")
    until(lambda: "worker actor: the new one is ready" in server.text(), "the end of the old one")
    until(lambda: [w["state"] for w in workers(server)] == ["idle"], "one process")
    server.ended(server.act(), "completed")
    _, new = server.lines("loads")  # it was loaded once, before a task needed it
    assert [str(w["pid"]) for w in workers(server)] == [new] and new != old


def test_a_new_model_that_cannot_load_is_said_and_takes_over(serve):
    server = serve(pool={"env": {"N": "1"}})
    running = server.act(["until", server.gate("a")])
    server.seen(running, "running")
    reload(server, pool={"env": {"MODE": "exit"}})
    until(lambda: "worker actor: the new one could not be started" in server.text(), "the failure")
    assert server.task(running)["status"] == "running"
    server.open_gate("a")
    server.ended(running, "completed")
    reload(server, pool={"env": {"N": "3"}})
    server.ended(server.act(), "completed")


def test_a_file_that_is_wrong_changes_nothing_and_says_where(serve):
    server = serve(queues={"default": {"concurrency": 1}})
    said = reload(server, "store: sqlite:bide.db\nqueues: {default: {concurrency: 7}}\ntypes:\n  act: {worker: nobody}\n", "nothing")
    assert f'{server.config_file}:4:17: "worker": no worker "nobody" is declared' in said
    assert server.queue()["concurrency"] == 1
    server.ended(server.act(), "completed")


def test_what_cannot_change_while_it_runs_refuses_the_whole_file(serve):
    server = serve(queues={"default": {"concurrency": 1}})
    said = reload(server, "store: sqlite:other.db\ndata_dir: sub\nqueues: {default: {concurrency: 7}}\n", "nothing")
    assert f'{server.config_file}:1:1: "store" cannot change while the server runs' in said and "other.db" in said
    assert f'{server.config_file}:2:1: "data_dir" cannot change' in said
    assert server.queue()["concurrency"] == 1 and not (server.dir / "other.db").exists()
    server.ended(server.act(), "completed")


def test_types_queues_and_workers_can_be_added(serve):
    server = serve({"types": {"cat": {"exec": ["/bin/cat"]}}})
    assert server.post("/v1/tasks", {"type": "act"}).status in (400, 422)
    new = with_actor(queues={"default": {}, "night": {"concurrency": 1, "paused": True}}, types={"late": {"worker": "actor", "queue": "night"}})
    reload(server, new)
    server.ended(server.act(), "completed")
    late = server.act(type="late")
    server.waits(late, "queue_paused")
    assert server.post("/v1/queues/night/resume").status == 200
    server.ended(late, "completed")
    reload(server, {**new, "defaults": {**new["defaults"], "max_attempts": 5}})
    assert not server.queue("night")["paused"], "a resume is remembered"
    assert server.task(server.act())["max_attempts"] == 5


def test_tasks_of_a_type_that_went_wait_and_go_on_when_it_is_back(serve):
    server = serve(queues={"default": {}, "slow": {"concurrency": 1}}, types={"two": {"worker": "actor", "queue": "slow"}})
    running = server.act(["until", server.gate("a")], type="two")
    server.seen(running, "running")
    waiting = server.act(type="two")
    server.waits(waiting, "queue_limit")
    reload(server)  # neither the type nor the queue is left, the pool stays
    assert "queue slow is not declared" in server.waits(waiting, "worker_broken")
    assert [q["name"] for q in server.get_json("/v1/queues")["items"]] == ["default"]
    reload(server, queues={"default": {}, "slow": {"concurrency": 1}})
    assert "type two is not declared" in server.waits(waiting, "worker_broken")
    server.open_gate("a")
    server.ended(running, "completed")
    reload(server, queues={"default": {}, "slow": {"concurrency": 1}}, types={"two": {"worker": "actor", "queue": "slow"}})
    server.ended(waiting, "completed")


def test_an_attempt_that_runs_finishes_under_its_old_command(serve):
    config = {"types": {"say": {"exec": ["/bin/sh", "-c", "while [ ! -e go ]; do sleep 0.01; done; echo $WORD"],
                                "env": {"WORD": "old"}, "cwd": "."}}}
    server = serve(config)
    old = server.submit("say")["id"]
    server.seen(old, "running")
    config["types"]["say"]["env"]["WORD"] = "new"
    reload(server, config)
    new = server.submit("say")["id"]
    (server.dir / "go").touch()
    assert server.ended(old)["result"] == {"stdout": "old\n"}
    assert server.ended(new)["result"] == {"stdout": "new\n"}


def test_a_secret_that_changed_is_read_again(serve):
    config = {"types": {"say": {**env_of("WORD"), "secret_env": {"WORD": "file:token"}}}}
    server = serve.prepare(config)
    for word in ("first", "second"):
        (server.dir / "token").write_text(word)
        os.chmod(server.dir / "token", 0o600)
        if word == "first":
            server.start()
        else:
            reload(server, config)
        assert server.ended(server.submit("say")["id"])["result"] == {"stdout": word + "\n"}
    os.chmod(server.dir / "token", 0o604)
    assert "everybody can read it" in reload(server, config, "nothing")


def test_reloads_under_load_lose_nothing_and_run_nothing_twice(serve):
    def config(n):
        return with_actor(pool={"instances": 2, "env": {"N": str(n)}}, queues={"default": {"concurrency": 2 + n % 3}},
                          types={"note": {"exec": ["/bin/sh", "-c", "echo {id} >> notes"], "cwd": ".", "env": {"N": str(n)}}})

    server = serve(config(0))
    ids = []
    for n in range(1, 9):
        batch = [server.submit("note")["id"] for _ in range(10)] + [server.act() for _ in range(5)]
        ids += batch
        reload(server, config(n))
    tasks = [server.ended(id, "completed") for id in ids]
    assert {t["attempt"] for t in tasks} == {1}
    notes = [t["id"] for t in tasks if t["type"] == "note"]
    assert sorted(server.lines("notes")) == sorted(notes)


def test_a_drain_right_after_a_reload_was_asked_for_ends_in_order(serve):
    server = serve(pool={"env": {"N": "1"}})
    id = server.act(["until", server.gate("a")])
    server.seen(id, "running")
    server.configure(with_actor(pool={"env": {"N": "2"}}))
    server.process.send_signal(signal.SIGHUP)
    server.process.send_signal(signal.SIGTERM)
    server.open_gate("a")
    assert server.exited() == 0, server.text()


def test_hangups_in_a_row_end_with_the_last_file(serve):
    server = serve(queues={"default": {"concurrency": 1}})
    server.configure(with_actor(queues={"default": {"concurrency": 9}}))
    for _ in range(20):
        server.process.send_signal(signal.SIGHUP)
    until(lambda: server.queue()["concurrency"] == 9, "the last file")
    server.ended(server.act(), "completed")
