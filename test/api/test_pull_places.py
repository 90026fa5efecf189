# SPDX-License-Identifier: Apache-2.0
"""Who pulls, what their tasks wait for, and the limits, pauses, reloads and ends that hold for them."""
from harness import problem, until
from puller import Waiting, claim, claim_one, pulled


def test_workers_shows_who_pulls(serve):
    bide = serve(pulled())
    waiting = Waiting(bide, "remote.*", "other", worker="box-1", host="box")
    [other, remote] = sorted(bide.get_json("/v1/workers")["items"], key=lambda w: w["pool"])
    assert (other["id"], other["pool"], other["state"], other["pid"]) == ("other/box-1", "other", "idle", None)
    assert (remote["pool"], remote["state"], remote["host"], remote["current"]) == ("remote.*", "idle", "box", [])
    assert remote["seen_at"] and remote["started_at"] and remote["loaded"]
    id = bide.submit("remote.x")["id"]
    [attempt] = waiting.attempts()
    [other, remote] = sorted(bide.get_json("/v1/workers")["items"], key=lambda w: w["pool"])
    assert (other["state"], remote["state"], remote["current"], remote["tasks"]) == ("away", "busy", [id], 0)
    problem(bide.post("/v1/workers/remote.*%2Fbox-1/stop"), 409, "conflict")
    problem(bide.post("/v1/workers/remote.*%2Fbox-2/recycle"), 404, "not_found")
    attempt.done()
    [other, remote] = sorted(bide.get_json("/v1/workers")["items"], key=lambda w: w["pool"])
    assert (remote["state"], remote["current"], remote["tasks"]) == ("away", [], 1)
    assert bide.metric("bide_pullers") == 1


def test_a_task_says_what_it_waits_for(serve):
    bide = serve(pulled())
    first = bide.submit("remote.x")["id"]
    assert bide.waits(first, "worker_start") == "no puller asks for remote.x"
    attempt = claim_one(bide, "remote.*", worker="box-1")
    second = bide.submit("remote.y")["id"]
    assert bide.waits(second, "queue_limit") == "all pullers that ask for remote.y are busy"
    third = bide.submit("other")["id"]
    assert bide.waits(third, "worker_start") == "no puller asks for other"
    attempt.done()


def test_the_queues_concurrency_holds_for_pullers(serve):
    bide = serve(pulled(queues={"remote": {"concurrency": 1}}))
    ids = [bide.submit("remote.x")["id"] for _ in range(2)]
    [first] = claim(bide, "remote.x", max=5)
    assert claim(bide, "remote.x", wait_ms=100) == []
    assert bide.waits(ids[1], "queue_limit")
    waiting = Waiting(bide, "remote.x")
    first.done()
    [second] = waiting.attempts()
    assert second.id == ids[1]
    second.done()


def test_a_paused_queue_gives_nothing_away(serve):
    bide = serve(pulled())
    bide.post("/v1/queues/remote/pause")
    id = bide.submit("remote.x")["id"]
    waiting = Waiting(bide, "remote.x")
    assert bide.waits(id, "queue_paused")
    bide.post("/v1/queues/remote/resume")
    [attempt] = waiting.attempts()
    attempt.done()


# its configuration, its end


def test_a_reload_lets_attempts_go_on_and_refuses_types_that_are_gone(serve):
    bide = serve(pulled())
    id = bide.submit("remote.x")["id"]
    attempt = claim_one(bide, "remote.x")
    bide.configure(pulled(types={"other": {"pull": {}, "queue": "remote"}}))
    bide.process.send_signal(1)
    until(lambda: bide.post("/v1/attempts:claim", {"types": ["remote.x"], "wait_ms": 0}).status == 422, "reloaded")
    assert attempt.beat()["cancel"] is None
    attempt.done({"still": "here"})
    assert bide.ended(id, "completed")["result"] == {"still": "here"}


def test_a_claim_that_waits_is_told_when_the_server_stops(serve):
    bide = serve(pulled())
    waiting = Waiting(bide, "remote.x")
    bide.process.terminate()
    assert waiting.answer()["code"] == "draining"
    assert waiting.status == 503 and int(waiting.headers["Retry-After"]) >= 1
    assert bide.exited() == 0
