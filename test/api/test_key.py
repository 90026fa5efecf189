# SPDX-License-Identifier: Apache-2.0
"""key and on_conflict: of one type at most one task that has not ended holds a key."""
import json
from concurrent.futures import ThreadPoolExecutor

from harness import problem, until

DAY = 24 * 3600 * 1000


def submit(bide, key, on_conflict=None, **fields):
    body = {"type": "later", "delay_ms": DAY, "key": key, **fields}
    if on_conflict:
        body["on_conflict"] = on_conflict
    return bide.post("/v1/tasks", body)


def held(answer, by):
    refusal = problem(answer, 409, "key_held")
    assert refusal["task_id"] == by and by in refusal["detail"]
    assert refusal["errors"][0]["pointer"] == "/key"


def test_a_second_one_is_refused_and_told_which_holds_the_key(bide):
    first = submit(bide, "refused £").json
    assert first["key"] == "refused £" and bide.task(first["id"])["key"] == "refused £"
    held(submit(bide, "refused £"), first["id"])
    held(submit(bide, "refused £", "refuse"), first["id"])
    assert submit(bide, "another").status == 202
    assert submit(bide, "refused £", type="cat").status == 202, "of another type it is another key"
    bide.post(f"/v1/tasks/{first['id']}/cancel")
    assert submit(bide, "refused £").status == 202


def test_who_wants_the_existing_one_gets_it_with_200_and_its_address(bide):
    first = submit(bide, "existing", "existing", subject="one")
    assert first.status == 202 and "bide-existing" not in first.headers
    again = submit(bide, "existing", "existing", subject="two")
    assert (again.status, again.headers["bide-existing"]) == (200, "true")
    assert (again.json["id"], again.json["subject"]) == (first.json["id"], "one")
    assert again.headers["location"] == first.headers["location"]
    assert not bide.listed(subject="two")


def test_who_wants_the_existing_one_may_wait_for_it(bide):
    body = {"type": "act", "key": "wait", "on_conflict": "existing", "input": {"steps": [["until", bide.gate("existing")]]}}
    id = bide.post("/v1/tasks", body).json["id"]
    bide.seen(id, "running")
    with ThreadPoolExecutor(1) as thread:
        before = bide.stored("add")
        answer = thread.submit(bide.post, "/v1/tasks", body, {"Prefer": "wait=30"})
        until(lambda: bide.stored("add") > before, "the second submit in the store")
        bide.open_gate("existing")
        assert (answer.result().status, answer.result().json["id"], answer.result().json["status"]) == (200, id, "completed")
    assert bide.post("/v1/tasks", body).json["id"] != id, "it has ended: the key is free"


def test_one_that_waits_is_replaced_and_says_so(bide):
    first = submit(bide, "waits").json
    second = submit(bide, "waits", "replace")
    assert second.status == 202 and second.json["id"] != first["id"]
    ended = bide.ended(first["id"], "cancelled")
    assert ended["error"]["code"] == "replaced" and ended["attempt"] == 0
    held(submit(bide, "waits"), second.json["id"])
    problem(bide.post(f"/v1/tasks/{first['id']}/retry"), 409, "key_held")


def test_whoever_waits_for_the_replaced_one_hears_of_its_end(bide):
    first = submit(bide, "heard").json
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(bide.get_json, f"/v1/tasks/{first['id']}?wait=30")
        assert submit(bide, "heard", "replace").status == 202
        assert answer.result()["error"]["code"] == "replaced"


def test_one_that_runs_is_stopped_and_only_then_the_new_one_runs(serve):
    bide = serve(pool={"instances": 2})
    first = bide.act(["note", str(bide.dir / "order"), "first"], ["sleep", 60], key="runs")
    bide.seen(first, "running")
    second = bide.act(["note", str(bide.dir / "order"), "second"], key="runs", on_conflict="replace")
    assert bide.ended(first, "cancelled")["error"]["code"] == "replaced"
    done = bide.ended(second, "completed")
    assert bide.lines("order") == ["first", "second"]
    assert bide.task(first)["finished_at"] <= done["started_at"]


def test_the_new_one_says_what_it_waits_for_and_is_replaced_in_its_turn(serve):
    bide = serve(pool={"instances": 2})
    first = bide.act(["ignore", bide.gate("deaf")], key="deaf", grace_ms=600_000)
    bide.seen(first, "running")
    second = bide.act(["note", str(bide.dir / "order"), "second"], key="deaf", on_conflict="replace")
    assert bide.waits(second, "key") == "key deaf: the task it replaces is being stopped"
    assert bide.task(second)["status"] == "blocked"
    assert bide.task(first)["cancel_requested"]
    third = bide.act(["note", str(bide.dir / "order"), "third"], key="deaf", on_conflict="replace")
    assert bide.ended(second, "cancelled")["error"]["code"] == "replaced"
    assert bide.task(third)["status"] == "blocked"
    bide.open_gate("deaf")
    assert bide.ended(first)["status"] == "completed", "what it says before it is known to have stopped wins"
    bide.ended(third, "completed")
    assert bide.lines("order") == ["third"]


def test_in_a_batch_each_item_has_its_own_verdict(bide):
    body = {"type": "later", "delay_ms": DAY, "key": "batch"}
    items = [body, body, {**body, "on_conflict": "existing"}, {**body, "on_conflict": "replace"}, {**body, "key": "else"}]
    answer = bide.post("/v1/tasks:batch", items).json["items"]
    assert [item["status"] for item in answer] == [202, 409, 200, 202, 202]
    assert answer[1]["error"]["code"] == "key_held" and answer[1]["error"]["task_id"] == answer[0]["id"]
    assert answer[2]["id"] == answer[0]["id"] and answer[2]["existing"]
    assert "existing" not in answer[0] and "existing" not in answer[3]
    assert bide.ended(answer[0]["id"], "cancelled")["error"]["code"] == "replaced"
    text = "".join(json.dumps({**body, "on_conflict": how}) + "\n" for how in ("refuse", "existing", "replace"))
    lines = bide.send("POST", "/v1/tasks:batch", text.encode(), {"Content-Type": "application/x-ndjson"}).body.splitlines()
    assert [json.loads(line)["status"] for line in lines] == [409, 200, 202]


def test_fifty_at_once_leave_one(bide):
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: submit(bide, "fifty", "existing", subject="fifty keys"), range(50)))
    [task] = bide.listed(subject="fifty keys")
    assert sorted(answer.status for answer in answers) == [200] * 49 + [202]
    assert {answer.json["id"] for answer in answers} == {task["id"]}


def test_keys_are_held_over_kill_9(serve):
    bide = serve()
    first = submit(bide, "kept", type="act").json["id"]
    bide.restart9()
    held(submit(bide, "kept", type="act"), first)
    second = submit(bide, "kept", "replace", type="act").json["id"]
    bide.restart9()
    assert bide.task(first)["error"]["code"] == "replaced"
    held(submit(bide, "kept", type="act"), second)


def test_what_is_said_wrong_is_pointed_at(bide):
    for body, pointer in (({"key": ""}, "/key"), ({"key": 7}, "/key"), ({"key": "x" * 201}, "/key"),
                          ({"key": "k", "on_conflict": "Replace"}, "/on_conflict"),
                          ({"key": "k", "on_conflict": None}, "/on_conflict"),
                          ({"on_conflict": "replace"}, "/on_conflict")):
        refusal = problem(bide.post("/v1/tasks", {"type": "later", **body}), 400, "invalid")
        assert refusal["errors"][0]["pointer"] == pointer, body
