# SPDX-License-Identifier: Apache-2.0
"""Attempts that pullers have outlive the server: killed or stopped, the next one takes them up under the same fence."""
import pytest
from harness import problem, until
from puller import claim, claim_one, pulled


def stop_and_start(bide):
    assert bide.terminate() == 0
    bide.start()


@pytest.fixture(params=["kill9", "stopped"])
def again(request):
    """again(bide): another server on the same store."""
    return (lambda bide: bide.restart9()) if request.param == "kill9" else stop_and_start


def test_a_puller_goes_on_and_its_verdict_is_taken_by_the_next_server(serve, again):
    bide = serve(pulled())
    id = bide.submit("remote.x", {"n": 1}, max_attempts=1)["id"]
    attempt = claim_one(bide, "remote.x", worker="box-1")
    assert attempt.put("before.txt", b"1").status == 201
    again(bide)
    assert until(lambda: attempt.say("beat").status == 200, "the next server knows it")
    task = bide.task(id)
    assert (task["status"], task["attempt"]) == ("running", 1)
    assert attempt.say("progress", {"percent": 50}).status == 200
    assert bide.send("GET", f"{attempt.path}/input").json == {"n": 1}
    assert attempt.put("after.txt", b"2").status == 201
    attempt.done({"done": True}, files=["before.txt", "after.txt"])
    task = bide.ended(id, "completed")
    assert (task["attempt"], task["result"], task["files"]) == (1, {"done": True}, ["before.txt", "after.txt"])
    assert bide.send("GET", f"/v1/tasks/{id}/files/before.txt").body == b"1"


def test_a_puller_that_is_gone_too_loses_its_lease(serve, again):
    bide = serve(pulled())
    id = bide.submit("brief")["id"]
    lost = claim_one(bide, "brief")
    again(bide)
    assert bide.seen(id, "pending")["error"]["code"] == "lost"
    problem(lost.say("done"), 409, "stale_fence")
    attempt = claim_one(bide, "brief")
    assert attempt.given["attempt"] == 2
    attempt.done()


def test_the_places_of_the_queue_are_still_taken(serve, again):
    bide = serve(pulled(queues={"remote": {"concurrency": 2}}))
    ids = [bide.submit("remote.x")["id"] for _ in range(3)]
    held = claim(bide, "remote.x", max=2)
    held += claim(bide, "remote.x", max=2 - len(held)) if len(held) < 2 else []
    again(bide)
    until(lambda: bide.metric("bide_pull_attempts") == 2, "both are taken up")
    assert claim(bide, "remote.x", wait_ms=200) == []
    held[0].done()
    last = claim_one(bide, "remote.x")
    assert last.id == ids[2]
    held[1].done(), last.done()


def test_a_cancel_is_not_forgotten(serve, again):
    bide = serve(pulled())
    id = bide.submit("remote.x", grace_ms=20_000)["id"]
    attempt = claim_one(bide, "remote.x")
    assert bide.post(f"/v1/tasks/{id}/cancel").status == 202
    again(bide)
    answer = until(lambda: next((a for a in [attempt.say("beat")] if a.status == 200), None), "taken up")
    assert answer.json["cancel"] == "user"
    assert attempt.say("cancelled").status == 200
    bide.ended(id, "cancelled")


def test_a_timeout_counts_from_the_start_of_the_attempt(serve):
    bide = serve(pulled())
    id = bide.submit("remote.x", timeout_ms=1500, grace_ms=20_000, max_attempts=1)["id"]
    attempt = claim_one(bide, "remote.x")
    bide.kill9()
    until(lambda: not bide.processes(), "gone")
    bide.start()
    until(lambda: attempt.say("beat").json.get("cancel") == "timeout", "told of its timeout")
    assert attempt.say("cancelled").status == 200
    assert bide.ended(id, "failed")["error"]["code"] == "timeout"


def test_a_type_that_is_not_pulled_any_more_gives_its_tasks_back(serve, again):
    bide = serve(pulled())
    id = bide.submit("other")["id"]
    attempt = claim_one(bide, "other")
    bide.configure(pulled(types={"other": {"exec": ["/bin/cat"], "queue": "remote"}}))
    again(bide)
    task = bide.ended(id, "completed")
    assert task["attempt"] == 2
    problem(attempt.say("done"), 409, "stale_fence")


def test_a_stopping_server_does_not_wait_for_pullers(serve):
    bide = serve(pulled())
    bide.submit("remote.x", timeout_ms=3_600_000)
    attempt = claim_one(bide, "remote.x")
    assert bide.terminate() == 0, "within the patience of a test, which is less than a drain waits"
    bide.start()
    assert until(lambda: attempt.say("beat").status == 200, "taken up")
    attempt.done()
