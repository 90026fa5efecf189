# SPDX-License-Identifier: Apache-2.0
"""bide.inline: what follows the ending of a task, by the rules of the server."""
import pytest

from bide import inline, problems


def test_what_follows_a_task_runs_after_it(worker, client):
    worker.task("first")(lambda task: task.then("second", task.input + 1, subject="next"))
    worker.task("second")(lambda task: task.input * 10)
    client.submit("first", 1)
    assert client.latest("next")["result"] == 20


def test_the_list_of_its_ending_is_submitted_and_gets_the_task(worker, client):
    seen = []
    worker.task("work")(lambda task: task.input["n"] * 10)
    worker.task("bad")(lambda task: {}[task.input["n"]])
    worker.task("told")(lambda task: seen.append(task.input))
    lists = {"on_success": [{"type": "told"}, {"type": "told", "input": 5, "subject": "own"}], "on_failure": [{"type": "told"}], "subject": "s"}
    client.submit("work", {"n": 1}, **lists)
    ended, own = seen
    assert (ended["type"], ended["status"], ended["input"], ended["result"], own) == ("work", "completed", {"n": 1}, 10, 5)
    assert client.latest("s")["type"] == "told" and client.latest("s", type="work")["result"] == 10 and client.latest("own")["input"] == 5
    client.submit("bad", {"n": 2}, max_attempts=1, **lists)
    assert (len(seen), seen[2]["status"], seen[2]["error"]["type"]) == (3, "failed", "KeyError")
    client.retry(client.latest("s", type="bad")["id"])
    assert (len(seen), seen[3]["run"]) == (4, 2)


def test_what_is_cancelled_expired_or_settled_by_the_test_is_followed_too():
    with inline.Client(types=["elsewhere", "told"]) as client:
        lists = {"on_success": [{"type": "told", "input": "yes"}], "on_failure": [{"type": "told"}]}
        ids = [client.submit("elsewhere", start_within_ms=5000, **lists)["id"] for _ in range(4)]
        client.cancel(ids[0])
        client.complete(ids[1], "result")
        client.fail(ids[2], "no_voice", "it is silent")
        client.advance(5)
        told = [task["id"] for task in client.list(type="told")]
        inputs = [client.get(id)["input"] for id in reversed(told)]
        assert inputs.pop(1) == "yes"
        assert [(t["id"], t["status"]) for t in inputs] == [(ids[0], "cancelled"), (ids[2], "failed"), (ids[3], "expired")]
        assert (inputs[1]["error"]["message"], inputs[1]["error"]["attempt"]) == ("it is silent", None)


def test_a_cancel_of_an_eager_client_runs_what_follows(worker, client):
    seen = []
    worker.task("told")(lambda task: seen.append(task.input["status"]))
    worker.task("later")(lambda task: None)
    said = {"delay_ms": 1000, "on_failure": [{"type": "told"}]}
    client.cancel(client.submit("later", **said)["id"])
    client.submit("later", **said), client.submit("later", **said)
    client.purge("default")
    assert seen == ["cancelled"] * 3


def test_what_cannot_follow_is_refused_or_fails_the_attempt(worker, client):
    worker.task("work")(lambda task: task.then(task.input or "work", priority=0 if task.input else 101))
    worker.task("key")(lambda task: client.submit("key", 1, delay_ms=1, key="k") if task.input is None else None)
    for lists, pointer in (
        ({"on_success": [{"type": "work"}, {"type": "none"}]}, "/on_success/1/type"),
        ({"on_failure": [{"type": "work", "on_success": [{"type": "work", "delay_ms": -1}]}]}, "/on_failure/0/on_success/0/delay_ms"),
        ({"on_failure": {"type": "work"}}, "/on_failure"),
        ({"on_success": [{"type": "work"}] * 17}, "/on_success"),
    ):
        with pytest.raises(problems.Problem) as caught:
            client.submit("work", **lists)
        assert caught.value.errors[0]["pointer"] == pointer
    task = client.submit("work", "none", max_attempts=1, wait=1)
    assert (task["status"], task["error"]["code"], task["result"]) == ("failed", "bad_result", None)
    assert task["error"]["message"].startswith("/next/0/type: ")
    assert [(a["status"], a["error"]["code"]) for a in client.attempts(task["id"])] == [("failed", "bad_result")]
    assert client.submit("work", max_attempts=1, wait=1)["error"]["message"].startswith("/next/0/priority: ")
    held = client.submit("key", 1, key="k", delay_ms=3_600_000)["id"]
    client.submit("key", 1, on_success=[{"type": "key", "key": "k"}, {"type": "key", "key": "k", "on_conflict": "existing"}, {"type": "key", "input": 1}])
    assert len(list(client.list())) == 5, "those that found the key held are left out"
    client.submit("key", 1, on_success=[{"type": "key", "input": 1, "key": "k", "on_conflict": "replace"}])
    assert client.get(held)["error"]["code"] == "replaced"
