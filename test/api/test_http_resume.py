# SPDX-License-Identifier: Apache-2.0
"""Work that the other side has taken when bide ends: the next server asks for it, and sends it again only after an ending."""
import pytest
from fixtures import QUICK
from harness import PATIENCE, until

QUICKLY = {**QUICK, "timeout": "5m", "retry": {"base": "1ms", "jitter": "none"}}


def config(remote, **http):
    at = remote.url + "/jobs"
    poll = {"status": at + "/{remote.id}", "every": "20ms", "tries": 3}
    call = {"url": at, "poll": poll, "result": "/output", "cancel": at + "/{remote.id}/stop", **http}
    return {"defaults": QUICKLY, "types": {"render": {"http": {k: v for k, v in call.items() if v}}}}


def attempts(bide, id):
    return bide.get_json(f"/v1/tasks/{id}/attempts")["items"]


def verdicts(bide, id):
    return [a["verdict"] for a in reversed(attempts(bide, id))]


@pytest.fixture
def jobs(remote):
    """The other side: takes work, and says of each what it was told to say."""
    remote.states = {}

    def take(request):
        n = str(len(remote.asked("POST /jobs")))
        remote.states.setdefault(n, {"status": "running"})
        return 202, {"id": n}

    remote.routes["POST /jobs"] = take
    remote.routes["POST *"] = (200, None)
    remote.routes["GET *"] = lambda r: (200, remote.states[r.path.rpartition("/")[2]])
    return remote


def taken(bide, jobs):
    """A task that the other side has; and the store knows so."""
    id = bide.submit("render")["id"]
    until(lambda: attempts(bide, id)[:1] and attempts(bide, id)[0]["saved_bytes"], "its checkpoint in the store")
    jobs.wait("GET /jobs/1")
    return id


def test_what_the_other_side_has_survives_kill_9_and_is_sent_once(serve, jobs):
    bide = serve(config(jobs))
    id = taken(bide, jobs)
    for _ in range(2):
        bide.kill9()
        jobs.seen[:] = jobs.asked("POST /jobs")
        bide.start()
        jobs.wait("GET /jobs/1")
    jobs.states["1"] = {"status": "completed", "output": "its own"}
    assert bide.ended(id, "completed")["result"] == "its own"
    assert len(jobs.asked("POST /jobs")) == 1 and not jobs.asked("POST /jobs/1/stop")
    assert verdicts(bide, id) == ["lost", "lost", "done"]
    assert [a["resumed_from"] for a in attempts(bide, id)] == [1, 1, None]
    assert bide.log(id) == "bide: not sent again, attempt 1 has done so: the remote id is 1\n"


def test_after_a_failure_that_the_other_side_told_it_is_sent_again(serve, jobs):
    bide = serve(config(jobs))
    id = taken(bide, jobs)
    bide.kill9()
    jobs.states["1"] = {"status": "failed", "error": "no paper"}
    jobs.states["2"] = {"status": "completed", "output": "the second"}
    bide.start()
    assert bide.ended(id, "completed")["result"] == "the second"
    first, second = jobs.asked("POST /jobs")
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == id + ".1"
    assert (first.headers["Bide-Attempt"], second.headers["Bide-Attempt"]) == ("1", "3")
    assert verdicts(bide, id) == ["lost", "failed", "done"]


def test_work_that_the_other_side_has_lost_meanwhile_is_sent_again(serve, jobs):
    bide = serve(config(jobs))
    id = taken(bide, jobs)
    bide.kill9()
    jobs.routes["GET /jobs/1"] = (404, None)
    jobs.states["2"] = {"status": "completed", "output": 2}
    bide.start()
    assert bide.ended(id, "completed")["result"] == 2
    assert len(jobs.asked("POST /jobs")) == 2


def test_a_restart_leaves_the_other_side_to_its_work_and_asks_on(serve, jobs):
    bide = serve(config(jobs))
    id = taken(bide, jobs)
    bide.process.terminate()
    assert bide.exited(PATIENCE + 45) == 0 # when the 30 s are over that what runs is given
    jobs.states["1"] = {"status": "completed", "output": 1}
    bide.start()
    assert bide.ended(id, "completed")["result"] == 1
    assert len(jobs.asked("POST /jobs")) == 1 and not jobs.asked("POST /jobs/1/stop")
    assert verdicts(bide, id) == ["released", "done"]


def test_a_cancel_reaches_work_that_an_earlier_server_has_sent(serve, jobs):
    bide = serve(config(jobs))
    id = taken(bide, jobs)
    bide.kill9()
    jobs.seen.clear()
    bide.start()
    jobs.wait("GET /jobs/1")
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    assert len(jobs.asked("POST /jobs/1/stop")) == 1 and not jobs.asked("POST /jobs")


def test_a_type_that_only_calls_back_is_sent_again_since_its_address_is_gone(serve, jobs):
    back = {"base": "http://bide.example"}
    bide = serve(config(jobs, poll=None, result=None, callback=back, body={"to": "{callback_url}"}))
    id = bide.submit("render")["id"]
    path = jobs.wait("POST /jobs").json["to"][len(back["base"]) :]
    bide.restart9()
    again = jobs.wait("POST /jobs", 2).json["to"][len(back["base"]) :]
    assert bide.post(path, {"late": 1}).status == 404
    until(lambda: bide.post(again, {"text": 1}).status == 200, "the callback taken")
    assert bide.ended(id, "completed")["result"] == {"text": 1}
    assert all(a["saved_at"] is None for a in attempts(bide, id))


def test_a_checkpoint_of_a_command_means_nothing_to_a_request(serve, jobs):
    script = """echo '{"op":"save","data":{"at":3}}' >&4; sleep 100"""
    bide = serve({"defaults": QUICKLY, "types": {"render": {"exec": ["/bin/sh", "-c", script]}}})
    id = bide.submit("render")["id"]
    until(lambda: attempts(bide, id)[:1] and attempts(bide, id)[0]["saved_bytes"], "its checkpoint in the store")
    bide.kill9()
    jobs.states["1"] = {"status": "completed", "output": 1}
    bide.configure(config(jobs))
    bide.start()
    assert bide.ended(id, "completed")["result"] == 1
    assert "the checkpoint of an earlier attempt is ignored: it is not one of an http type" in bide.log(id)
