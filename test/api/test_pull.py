# SPDX-License-Identifier: Apache-2.0
"""Workers elsewhere: claims, leases, beats, verdicts, files, as HTTP alone."""
import pytest
from fixtures import Fleet
from harness import problem, until
from puller import Waiting, claim, claim_one, pulled

ID = "01a1ffe8-96cd-754e-be93-691a58a8ee38"


@pytest.fixture(scope="module")
def bide():
    fleet = Fleet()
    yield fleet(pulled())
    fleet.release()


# claims


def test_a_task_is_given_worked_on_and_done(bide):
    id = bide.submit("remote.a", {"x": 1}, max_attempts=2)["id"]
    attempt = claim_one(bide, "remote.a", worker="box-1", host="box")
    given = attempt.given
    assert (given["id"], given["type"], given["attempt"], given["run"]) == (id, "remote.a", 1, 1)
    assert (given["input"], given["resume"], given["timeout_ms"], given["lease_ms"]) == ({"x": 1}, None, 20_000, 20_000)
    assert 0 < given["beat_ms"] <= 300, "within half the grace"
    assert bide.task(id)["status"] == "running"
    assert attempt.beat()["cancel"] is None
    attempt.done({"y": [1, 2]})
    assert bide.ended(id, "completed")["result"] == {"y": [1, 2]}


def test_a_claim_waits_until_there_is_work(bide):
    waiting = Waiting(bide, "remote.b")
    id = bide.submit("remote.b")["id"]
    [attempt] = waiting.attempts()
    assert attempt.id == id
    attempt.done()


def test_a_claim_whose_time_is_up_is_given_nothing(bide):
    assert claim(bide, "remote.none", wait_ms=50) == []
    assert claim(bide, "remote.none", wait_ms=0) == []


def test_a_claim_that_does_not_wait_takes_what_is_there(bide):
    id = bide.submit("remote.now")["id"]
    attempt = claim_one(bide, "remote.now", wait_ms=0)
    assert attempt.id == id
    attempt.done()


def test_a_claim_takes_several_up_to_its_max_and_of_several_types(bide):
    ids = [bide.submit(type)["id"] for type in ("remote.m", "other", "remote.m", "remote.m")]
    first, seen = claim(bide, "remote.m", "other", max=3), []
    assert 1 <= len(first) <= 3
    seen += first
    while len(seen) < 4:
        seen += claim(bide, "remote.m", "other", max=3)
    assert sorted(a.id for a in seen) == sorted(ids)
    for attempt in seen:
        attempt.done()


def test_the_best_comes_first_across_types(bide):
    low = bide.submit("other", priority=1)["id"]
    high = bide.submit("remote.p", priority=5)["id"]
    middle = bide.submit("remote.q", priority=3)["id"]
    order = []
    for _ in range(3):
        attempt = claim_one(bide, "other", "remote.p", "remote.q")
        order.append(attempt.id)
        attempt.done()
    assert order == [high, middle, low]


def test_a_prefix_means_all_types_that_begin_so_and_no_others(bide):
    id = bide.submit("remote.z.1")["id"]
    other = bide.submit("other")["id"]
    assert claim(bide, "remote.y*", wait_ms=50) == []
    attempt = claim_one(bide, "remote.z*", max=5)
    assert attempt.id == id
    attempt.done()
    attempt = claim_one(bide, "*")
    assert attempt.id == other
    attempt.done()


def test_one_who_waits_for_two_types_is_given_one_task(bide):
    waiting = Waiting(bide, "remote.one", "other")
    ids = {bide.submit("remote.one")["id"], bide.submit("other")["id"]}
    [first] = waiting.attempts()
    [second] = claim(bide, "remote.one", "other")
    assert {first.id, second.id} == ids
    assert all(bide.task(id)["attempt"] == 1 for id in ids), "none was given away twice"
    first.done(), second.done()


def test_who_can_do_only_this_is_asked_before_who_can_do_more(bide):
    both = Waiting(bide, "remote.few", "remote.more", wait_ms=20_000)
    few = Waiting(bide, "remote.few", wait_ms=20_000)
    first = bide.submit("remote.few")["id"]
    [attempt] = few.attempts()
    assert attempt.id == first
    second = bide.submit("remote.more")["id"]
    [other] = both.attempts()
    assert other.id == second
    attempt.done(), other.done()


def test_who_has_gone_is_given_nothing(serve):
    bide = serve(pulled())
    waiting = Waiting(bide, "remote.gone")
    waiting.go()
    until(lambda: bide.metric("bide_pull_claims") == 0, "the claim is gone")
    id = bide.submit("remote.gone")["id"]
    assert bide.waits(id, "worker_start") == "no puller asks for remote.gone"
    attempt = claim_one(bide, "remote.gone")
    assert attempt.given["attempt"] == 1
    attempt.done()


def test_a_large_input_is_fetched_on_its_own(bide):
    text = "x" * (1024 * 1024 + 10)
    bide.submit("remote.large", {"text": text})
    attempt = claim_one(bide, "remote.large")
    assert attempt.given["input"] is None and attempt.given["input_bytes"] > 1024 * 1024
    answer = bide.send("GET", attempt.given["input_url"])
    assert answer.status == 200 and answer.json == {"text": text}
    attempt.done()


@pytest.mark.parametrize(
    "body,status,code,pointer",
    [
        ({}, 400, "invalid", "/types"),
        ({"types": []}, 400, "invalid", "/types"),
        ({"types": "remote.a"}, 400, "invalid", "/types"),
        ({"types": ["remote.a", 5]}, 400, "invalid", "/types/1"),
        ({"types": ["remote.a", "remote.a"]}, 400, "invalid", "/types/1"),
        ({"types": ["a b"]}, 400, "invalid", "/types/0"),
        ({"types": ["remote.a"] * 101}, 400, "invalid", "/types"),
        ({"types": ["nowhere"]}, 422, "unknown_type", "/types/0"),
        ({"types": ["nowhere*"]}, 422, "unknown_type", "/types/0"),
        ({"types": ["remote.here"]}, 422, "unknown_type", "/types/0"),
        ({"types": ["remote.a"], "max": 0}, 400, "invalid", "/max"),
        ({"types": ["remote.a"], "max": 33}, 400, "invalid", "/max"),
        ({"types": ["remote.a"], "wait_ms": 60_001}, 400, "invalid", "/wait_ms"),
        ({"types": ["remote.a"], "worker": ""}, 400, "invalid", "/worker"),
        ({"types": ["remote.a"], "host": 5}, 400, "invalid", "/host"),
        ({"types": ["remote.a"], "name": "x"}, 400, "unknown_field", "/name"),
    ],
)
def test_a_claim_that_is_none_is_refused_with_its_place(bide, body, status, code, pointer):
    assert problem(bide.post("/v1/attempts:claim", body), status, code)["errors"][0]["pointer"] == pointer


def test_a_web_page_cannot_claim(bide):
    body = {"types": ["remote.a"], "wait_ms": 0}
    problem(bide.post("/v1/attempts:claim", body, {"Origin": "http://evil.example"}), 403, "forbidden")
    problem(bide.post("/v1/attempts:claim", body, {"Sec-Fetch-Site": "cross-site"}), 403, "forbidden")
    problem(bide.post("/v1/attempts:claim", b'{"types":["remote.a"]}', {"Content-Type": "text/plain"}), 415)


# while it runs


def test_progress_and_log_come_alone_or_with_a_beat(bide):
    id = bide.submit("remote.talk")["id"]
    attempt = claim_one(bide, "remote.talk")
    attempt.beat(progress={"percent": 10, "message": "one", "data": {"n": 1}}, log="first")
    assert bide.task(id)["progress"] == {"percent": 10, "message": "one", "data": {"n": 1}}
    assert attempt.say("progress", {"percent": None, "message": "two"}).json["cancel"] is None
    assert bide.task(id)["progress"] == {"percent": None, "message": "two", "data": {}}
    assert attempt.say("log", {"level": "warning", "text": "zweite: ä"}).status == 200
    attempt.done()
    assert bide.log(id) == "first\nwarning: zweite: ä\n"


def test_what_it_saves_is_where_the_next_attempt_goes_on_from(bide):
    id = bide.submit("remote.saves")["id"]
    first = claim_one(bide, "remote.saves")
    assert first.say("save", {"data": {"page": 1}}).json["cancel"] is None
    first.beat(save={"page": 2})
    first.say("release")
    second = claim_one(bide, "remote.saves")
    assert (second.given["id"], second.given["resume"]) == (id, {"page": 2})
    second.say("save", {"data": None})
    second.say("release")
    third = claim_one(bide, "remote.saves")
    assert third.given["resume"] is None, "null forgets"
    problem(first.say("save", {"data": 1}), 409)
    problem(third.say("save", {"data": "x" * (1024 * 1024)}), 413)
    third.done()


@pytest.mark.parametrize(
    "verb,body,pointer",
    [
        ("save", {"date": 5}, "/date"),
        ("beat", {"progress": 5}, "/progress"),
        ("beat", {"progress": {"percent": 101}}, "/progress/percent"),
        ("beat", {"log": 5}, "/log"),
        ("beat", {"logs": ""}, "/logs"),
        ("progress", {"percent": "5"}, "/percent"),
        ("progress", {"data": []}, "/data"),
        ("log", {"text": None}, "/text"),
        ("done", {"files": "a"}, "/files"),
        ("done", {"files": ["a"] * 257}, "/files"),
        ("done", {"nxt": []}, "/nxt"),
        ("done", {"next": {}}, "/next"),
        ("fail", {"code": 5}, "/code"),
        ("fail", {"retry": 1}, "/retry"),
        ("fail", {"retry_after_ms": -1}, "/retry_after_ms"),
        ("cancelled", {"why": 1}, "/why"),
        ("release", {"why": 1}, "/why"),
    ],
)
def test_a_word_that_is_none_is_refused_and_changes_nothing(bide, verb, body, pointer):
    id = bide.submit("remote.bad")["id"]
    attempt = claim_one(bide, "remote.bad")
    assert problem(attempt.say(verb, body), 400)["errors"][0]["pointer"] == pointer
    assert bide.task(id)["status"] == "running"
    attempt.done()


def test_one_that_is_not_heard_of_loses_its_lease_and_its_verdict_is_too_late(bide):
    id = bide.submit("brief", max_attempts=1)["id"]
    lost = claim_one(bide, "brief", worker="box-9")
    task = bide.seen(id, "pending")
    assert (task["error"]["code"], task["error"]["message"]) == ("lost", "the puller box-9 was not heard of for 3s")
    problem(lost.say("beat"), 409, "stale_fence")
    problem(lost.say("done", {"result": 1}), 409, "stale_fence")
    attempt = claim_one(bide, "brief")
    assert attempt.given["attempt"] == 2, "it counts as no failure: max_attempts is 1"
    problem(lost.say("done", {"result": 1}), 409, "stale_fence")
    attempt.done({"second": True})
    assert bide.ended(id, "completed")["result"] == {"second": True}
    history = bide.get_json(f"/v1/tasks/{id}/attempts")["items"]
    assert [a["verdict"] for a in history] == ["done", "lost"]


def test_one_that_beats_keeps_its_lease_however_long_it_takes(bide):
    id = bide.submit("brief")["id"]
    attempt = claim_one(bide, "brief")
    began = bide.metric("bide_pull_leases_lost_total")
    other = bide.submit("brief")["id"]
    claim_one(bide, "brief")  # says nothing: it measures the time
    words = iter(lambda: ["beat", "progress", "log"], None)
    n = 0
    while bide.task(other)["status"] == "running":
        assert attempt.say(next(words)[n % 3]).status == 200
        n += 1
    assert bide.metric("bide_pull_leases_lost_total") == began + 1
    assert bide.task(id)["attempt"] == 1
    attempt.done()
    claim_one(bide, "brief").done()


def test_a_cancel_is_told_by_the_next_beat_and_obeyed(bide):
    id = bide.submit("remote.c", grace_ms=20_000)["id"]
    attempt = claim_one(bide, "remote.c")
    assert bide.post(f"/v1/tasks/{id}/cancel").status == 202
    assert attempt.beat()["cancel"] == "user"
    assert bide.task(id)["status"] == "running" and bide.task(id)["cancel_requested"]
    assert attempt.say("cancelled").status == 200
    assert bide.ended(id, "cancelled")
    assert attempt.say("cancelled").status == 200, "the same again is answered as it was"


def test_a_done_that_comes_after_the_cancel_and_before_the_end_wins(bide):
    id = bide.submit("remote.c", grace_ms=20_000)["id"]
    attempt = claim_one(bide, "remote.c")
    bide.post(f"/v1/tasks/{id}/cancel")
    attempt.done({"won": True})
    assert bide.ended(id, "completed")["result"] == {"won": True}


def test_a_puller_that_does_not_obey_is_left_behind_after_the_grace(bide):
    id = bide.submit("remote.c")["id"]
    attempt = claim_one(bide, "remote.c")
    bide.post(f"/v1/tasks/{id}/cancel")
    assert bide.ended(id, "cancelled")
    problem(attempt.say("beat"), 409, "stale_fence")
    problem(attempt.say("done", {}), 409, "stale_fence")


def test_the_timeout_is_the_tasks_own_and_beats_do_not_put_it_off(bide):
    id = bide.submit("remote.t", timeout_ms=400, grace_ms=20_000, max_attempts=1)["id"]
    attempt = claim_one(bide, "remote.t")
    until(lambda: attempt.beat()["cancel"] == "timeout", "told of the timeout")
    assert attempt.say("cancelled").status == 200
    task = bide.ended(id, "failed")
    assert task["error"]["code"] == "timeout"
    problem(attempt.say("fail", {}), 409, "stale_fence")


# verdicts


def test_a_failure_is_tried_again_or_not_as_it_says(bide):
    id = bide.submit("remote.f")["id"]
    claim_one(bide, "remote.f").say("fail", {"code": "busy", "message": "not now", "type": "E", "detail": "t", "retry": True})
    attempt = claim_one(bide, "remote.f")
    assert attempt.given["attempt"] == 2
    error = bide.task(id)["error"]
    assert (error["code"], error["message"], error["type"], error["detail"]) == ("busy", "not now", "E", "t")
    assert attempt.say("fail", {"code": "invalid_input", "message": "no"}).status == 200
    assert bide.ended(id, "failed")["error"]["code"] == "invalid_input"


def test_a_task_that_is_released_goes_back_and_counts_as_untried(bide):
    id = bide.submit("remote.r", max_attempts=1)["id"]
    assert claim_one(bide, "remote.r").say("release").status == 200
    attempt = claim_one(bide, "remote.r")
    attempt.done(5)
    assert bide.ended(id, "completed")["result"] == 5


def test_a_verdict_sent_again_is_answered_as_the_first_and_another_is_not(bide):
    id = bide.submit("remote.v")["id"]
    attempt = claim_one(bide, "remote.v")
    attempt.done(1)
    attempt.done(1)
    problem(attempt.say("fail", {}), 409, "stale_fence")
    problem(attempt.say("release"), 409, "stale_fence")
    problem(attempt.say("beat"), 409, "stale_fence")
    assert bide.task(id)["status"] == "completed"


def test_nobody_has_asked_it_to_stop(bide):
    bide.submit("remote.s")
    attempt = claim_one(bide, "remote.s")
    problem(attempt.say("cancelled"), 409, "conflict")
    attempt.done()


def test_what_is_no_attempt_is_not_found_and_a_wrong_fence_is_stale(bide):
    id = bide.submit("remote.w")["id"]
    attempt = claim_one(bide, "remote.w")
    for path in (f"{ID}.9f86d081884c7d65", f"{id}.9f86", f"{id}", "nothing", f"{id}.9f86d081884c7d65.1"):
        problem(bide.post(f"/v1/attempts/{path}/beat"), 404, "not_found")
    problem(bide.post(f"/v1/attempts/{id}.9f86d081884c7d65/beat"), 409, "stale_fence")
    problem(bide.post(f"/v1/attempts/{id}.9f86d081884c7d65/done", {"result": 1}), 409, "stale_fence")
    assert bide.task(id)["status"] == "running"
    attempt.done()


def test_a_result_of_16_mib_passes_and_a_larger_one_is_refused(bide):
    id = bide.submit("remote.big")["id"]
    attempt = claim_one(bide, "remote.big")
    too_long = b'{"result":"' + b"x" * (16 * 1024 * 1024 + 10) + b'"}'
    problem(bide.post(f"{attempt.path}/done", too_long), 413, "too_large")
    assert bide.task(id)["status"] == "running"
    text = "x" * (16 * 1024 * 1024 - 2)
    attempt.done(text)
    assert bide.ended(id, "completed")["result_bytes"] == 16 * 1024 * 1024
