# SPDX-License-Identifier: Apache-2.0
"""What follows the ending of a task: on_success, on_failure, next; made once, through a kill at any moment."""
import json

from harness import pointers, problem, until
from puller import claim_one
from test_reload import reload


def sh(script, **more):
    return {"exec": ["/bin/sh", "-c", script], "retry": {"base": "1ms"}, **more}


ECHO = sh("cat")
FAIL = sh("echo sorry >&2; exit 3")


def followers(bide, type, n=1):
    """That many of a type, oldest first, when they have ended."""
    def look():
        found = bide.get_json(f"/v1/tasks?type={type}")["items"]
        return len(found) >= n and all(t["status"] in ("completed", "failed") for t in found) and found
    found = until(look, f"{n} {type}")
    assert len(found) == n
    return [bide.task(t["id"]) for t in reversed(found)]


def test_the_list_of_its_ending_is_made_and_gets_the_task(serve):
    bide = serve(types={"work": ECHO, "bad": FAIL, "yes": ECHO, "no": ECHO})
    lists = {"on_success": [{"type": "yes"}, {"type": "yes", "input": {"own": 1}, "subject": "s2", "priority": 3}], "on_failure": [{"type": "no"}]}
    id = bide.submit("work", {"a": 1}, subject="s1", **lists)["id"]
    first, second = followers(bide, "yes", 2)
    assert (first["result"]["id"], first["result"]["status"], first["result"]["input"], first["result"]["result"]) == (id, "completed", {"a": 1}, {"a": 1})
    assert (first["subject"], second["subject"], second["result"], second["priority"]) == ("s1", "s2", {"own": 1}, 3)
    bad = bide.submit("bad", {"a": 2}, **lists)["id"]
    (after,) = followers(bide, "no")
    assert (after["result"]["id"], after["result"]["status"], after["result"]["error"]["code"]) == (bad, "failed", "worker_error")
    assert "sorry" in after["result"]["error"]["detail"]
    assert len(followers(bide, "yes", 2)) == 2


def test_a_cancelled_and_an_expired_one_have_not_succeeded(serve):
    bide = serve(queues={"still": {"paused": True}}, types={"work": {**ECHO, "queue": "still"}, "no": sh("cat", queue="default")})
    cancelled = bide.submit("work", on_failure=[{"type": "no"}])["id"]
    expired = bide.submit("work", on_failure=[{"type": "no"}], start_within_ms=50)["id"]
    bide.post(f"/v1/tasks/{cancelled}/cancel")
    bide.ended(expired, "expired")
    assert {(t["result"]["id"], t["result"]["status"]) for t in followers(bide, "no", 2)} == {(cancelled, "cancelled"), (expired, "expired")}


def test_a_type_has_its_own_and_a_submit_may_say_others(serve):
    bide = serve(types={"work": {**ECHO, "on_success": ["yes", {"type": "other", "input": {"n": 5}}]}, "yes": ECHO, "other": ECHO})
    bide.submit("work", {"n": 1})
    assert followers(bide, "yes")[0]["result"]["input"] == {"n": 1}
    assert followers(bide, "other")[0]["result"] == {"n": 5}
    bide.ended(bide.submit("work", on_success=[])["id"], "completed")
    bide.ended(bide.submit("work", on_success=[{"type": "other"}])["id"], "completed")
    followers(bide, "other", 2)
    assert len(followers(bide, "yes")) == 1
    assert [bide.metric(f"bide_followers_{word}_total") for word in ("added", "refused")] == [3, 0]


def test_what_can_be_no_more_by_then_is_counted_as_refused_and_the_others_are_added(serve):
    types = {"work": ECHO, "other": ECHO, "held": {"pull": {}}}
    bide = serve(types={**types, "gone": ECHO})
    holder = bide.submit("held", key="k")["id"]
    bide.post("/v1/queues/default/pause")
    bide.submit("work", on_success=[{"type": "held", "key": "k"}, {"type": "gone"}, {"type": "other"}])
    reload(bide, {"types": types})
    bide.post("/v1/queues/default/resume")
    followers(bide, "other")
    assert [task["id"] for task in bide.listed(type="held")] == [holder]
    assert [bide.metric(f"bide_followers_{word}_total") for word in ("added", "refused")] == [1, 2]


def test_followers_have_followers(serve):
    bide = serve(types={"a": ECHO, "b": ECHO, "c": ECHO})
    bide.submit("a", {"x": 1}, on_success=[{"type": "b", "input": {"x": 2}, "on_success": [{"type": "c", "input": {"x": 3}}]}])
    assert followers(bide, "c")[0]["result"] == {"x": 3}


def test_a_worker_says_what_is_next(bide):
    id = bide.act(["say", {"op": "done", "result": 1, "next": [{"type": "cat", "input": {"n": 1}}, {"type": "cat", "delay_ms": 1}]}])
    bide.ended(id, "completed")
    by_worker, with_task = followers(bide, "cat", 2)
    assert (by_worker["result"], with_task["result"]["id"]) == ({"n": 1}, id)


def test_what_cannot_follow_makes_the_verdict_a_failure(bide):
    for next, why in ([{"type": "none"}], "no type"), ({"type": "cat"}, "list of at most 16"), ([{"type": "cat", "x": 1}], "not known"):
        id = bide.act(["say", {"op": "done", "result": 1, "next": next}], max_attempts=1)
        error = bide.ended(id, "failed")["error"]
        assert error["code"] == "bad_result" and why in error["message"], error


def test_a_puller_says_what_is_next(serve):
    bide = serve(types={"remote": {"pull": {}}, "cat": ECHO})
    id = bide.submit("remote")["id"]
    attempt = claim_one(bide, "remote")
    problem(attempt.say("done", {"result": 1, "next": {"type": "cat"}}), 400, "invalid")
    attempt.done(1, next=[{"type": "cat", "input": {"n": 2}}])
    bide.ended(id, "completed")
    assert followers(bide, "cat")[0]["result"] == {"n": 2}


def test_bad_lists_are_refused_with_a_pointer(bide):
    for lists, pointer in (
        ({"on_success": [{"type": "cat"}, {"type": "none"}]}, "/on_success/1/type"),
        ({"on_failure": [{"type": "cat", "on_success": [{"type": "cat", "delay_ms": -1}]}]}, "/on_failure/0/on_success/0/delay_ms"),
        ({"on_failure": {"type": "cat"}}, "/on_failure"),
        ({"on_success": [{"type": "cat"}] * 17}, "/on_success"),
    ):
        answer = bide.post("/v1/tasks", {"type": "cat", **lists})
        assert answer.status in (400, 422) and pointers(answer) == [pointer], answer


def test_it_is_made_once_through_kills(serve, tmp_path):
    bide = serve(types={"work": ECHO, "note": sh(f"cat > /dev/null; echo x >> {tmp_path}/noted")}, queues={"default": {"concurrency": 4}})
    for round in range(6):
        for n in range(10):
            bide.submit("work", {"n": n}, on_success=[{"type": "note"}])
        bide.restart9()
    until(lambda: bide.get_json("/v1/tasks?type=work&status=completed&limit=200")["items"].__len__() == 60, "all of them")
    notes = until(lambda: len(found := bide.get_json("/v1/tasks?type=note&limit=200")["items"]) >= 60 and found, "what follows them")
    assert len(notes) == 60


def test_a_delete_waits_for_what_follows_and_a_retry_does_it_again(serve):
    bide = serve(types={"work": ECHO, "yes": ECHO})
    id = bide.submit("work", on_success=[{"type": "yes"}])["id"]
    followers(bide, "yes")
    bide.post(f"/v1/tasks/{id}/retry")
    assert {t["result"]["run"] for t in followers(bide, "yes", 2)} == {1, 2}
    assert bide.send("DELETE", f"/v1/tasks/{id}").status == 204


def test_a_chain_is_followed_when_its_last_step_is_done(serve):
    bide = serve(types={"a": ECHO, "b": ECHO, "both": {"steps": [{"type": "a"}, {"type": "b"}], "on_success": ["told"]}, "told": ECHO})
    id = bide.submit("both", {"x": 1})["id"]
    (told,) = followers(bide, "told")
    assert (told["result"]["id"], told["result"]["result"]) == (id, {"x": 1})


def test_what_follows_finds_the_files_of_the_task_and_then_they_go(serve):
    bide = serve(types={"work": ECHO, "look": sh('cat "$0"', exec=["/bin/sh", "-c", 'cat "$0"', "{input.input.file}"])})
    for round in range(8):
        file = bide.send("POST", "/v1/files?keep=task", b"spoken words", {"Content-Type": "text/plain"}).json["id"]
        bide.submit("work", {"file": f"file:{file}"}, on_success=[{"type": "look"}])
        assert [t["result"] for t in followers(bide, "look", round + 1)] == [{"stdout": "spoken words"}] * (round + 1)
        until(lambda: bide.send("GET", f"/v1/files/{file}").status == 404, "its end")
