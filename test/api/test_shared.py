# SPDX-License-Identifier: Apache-2.0
"""A task that was shared: its address opens that task for reading, from anywhere, and nothing else."""

import pytest
from fixtures import with_actor
from harness import problem, until
from streams import Stream


def submit(bide, *steps, headers=(), **fields):
    answer = bide.send("POST", "/v1/tasks?share=1", {"type": "act", "input": {"steps": steps}, **fields}, headers)
    assert answer.status in (200, 202), answer
    return answer


@pytest.fixture
def shared(serve):
    bide = serve()
    task = submit(bide, ["done", {"n": 1}], subject="s", tags={"a": "b"}).json
    bide.ended(task["id"], "completed")
    return bide, task["id"], task["share_url"]


def test_the_address_is_shown_to_who_asks_and_is_always_the_same(shared):
    bide, id, url = shared
    assert url.startswith(f"/v1/shared/{id}.") and len(url) == len(f"/v1/shared/{id}.") + 32
    asked = bide.send("GET", f"/v1/tasks/{id}?share=1")
    plain = bide.send("GET", f"/v1/tasks/{id}")
    assert asked.json["share_url"] == url and "share_url" not in plain.json
    assert {k: v for k, v in asked.json.items() if k != "share_url"} == plain.json
    assert asked.headers["etag"] == plain.headers["etag"]
    assert "share_url" not in bide.submit("act", {"steps": []})
    waited = submit(bide, ["done", 2], headers={"Prefer": "wait=10"})
    assert waited.status == 200 and bide.get_json(waited.json["share_url"])["result"] == 2
    alone = submit(bide, headers={"Prefer": "return=minimal"})
    assert alone.json["share_url"] and "preference-applied" not in alone.headers
    for target in ("/v1/tasks?share=2", "/v1/tasks?share=yes"):
        problem(bide.send("POST", target, {"type": "act"}), 400, "invalid")


def test_its_holder_sees_the_task_without_its_input(shared):
    bide, id, url = shared
    task, seen = bide.get_json(f"/v1/tasks/{id}"), bide.get_json(url)
    assert seen.pop("urls") == {"self": url, **{name: f"{url}/{name}" for name in ("result", "events", "output")}}
    task.pop("urls"), task.pop("input")
    assert seen == task and seen["result"] == {"n": 1}
    assert bide.send("GET", url + "/result").json == {"n": 1}
    assert bide.send("HEAD", url).status == 200
    assert bide.send("GET", url, headers={"If-None-Match": bide.send("GET", url).headers["etag"]}).status == 304
    assert bide.get_json(f"{url}?wait=5&share=1")["urls"]["self"] == url


def test_its_holder_follows_it_without_the_log(serve):
    bide = serve()
    gate = bide.dir / "go"
    say = [["until", str(gate)], ["error", "secret"], ["say", {"op": "progress", "percent": 50}], ["say", {"op": "output", "data": "abc"}]]
    url = submit(bide, *say).json["share_url"]
    with Stream(bide, url + "/events", {"Origin": "https://app.example", "Host": "jobs.example"}) as stream:
        events = [next(stream)]
        gate.touch()
        events += stream
    words = [event.word for event in events]
    assert words[-2:] == ["task.completed", "end"] and "task.output" in words and "task.log" not in words, words
    assert bide.send("GET", url + "/output").body == b"abc"
    with Stream(bide, url + "/output") as stream:
        assert [event.data.get("data") for event in stream] == ["abc", None]
    with Stream(bide, url + "/events", {"Last-Event-ID": events[-1].id}) as stream:
        assert stream.status == 204


def test_a_submit_that_is_followed_says_the_address_first(serve):
    bide = serve()
    with Stream(bide, "/v1/tasks?share=1", method="POST", body={"type": "act", "input": {"steps": []}}) as stream:
        url = next(stream).data["share_url"]
        assert all("share_url" not in event.data for event in stream)
    assert bide.get_json(url)["status"] == "completed"


def test_whom_it_was_told_to_is_not_seen(serve, remote):
    bide = serve(webhooks={"allow_private": ["127.0.0.0/8"]})
    remote.routes["POST *"] = (200, {})
    task = submit(bide, webhook={"url": f"{remote.url}/hook"}).json
    bide.ended(task["id"], "completed")
    until(lambda: (bide.task(task["id"])["delivery"] or {}).get("status") == "delivered", "it is told")
    assert bide.get_json(task["share_url"])["delivery"] is None


def test_files_are_among_what_is_shared(serve):
    bide = serve()
    task = submit(bide, ["file", "a.txt", "abc"], ["say", {"op": "done", "files": ["a.txt"]}], ["silent"]).json
    bide.ended(task["id"], "completed")
    url = task["share_url"]
    assert bide.get_json(url)["files"] == ["a.txt"]
    assert bide.send("GET", url + "/files/a.txt").body == b"abc"
    assert bide.send("GET", url + "/files/a.txt", headers={"Range": "bytes=1-"}).body == b"bc"
    assert bide.send("GET", url + "/files.zip").body[:2] == b"PK"
    problem(bide.send("GET", url + "/files/b.txt"), 404, "not_found")


@pytest.mark.parametrize("below", ["/log", "/attempts", "/cancel", "/input", "/", "/files", "/events/", "/../" + 36 * "0", "/files/"])
def test_nothing_else_of_it_can_be_read(shared, below):
    bide, _, url = shared
    problem(bide.send("POST", url + below), 404, "not_found")
    assert "NAME" in problem(bide.send("GET", url + below), 404, "not_found")["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("below", ["", "/events", "/output", "/result"])
def test_nothing_can_be_changed(shared, method, below):
    bide, id, url = shared
    before = bide.get_json(f"/v1/tasks/{id}")
    answer = bide.send(method, url + below, {})
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert bide.get_json(f"/v1/tasks/{id}") == before


def test_an_address_that_was_not_given_opens_nothing(shared, serve):
    bide, id, url = shared
    other = bide.submit("act", {"steps": []})["id"]
    signature = url.rpartition(".")[2]
    for made in (f"/v1/shared/{id}", f"/v1/shared/{id}.", f"/v1/shared/{other}.{signature}", f"/v1/shared/{id}.{signature[:-1]}",
                 f"/v1/shared/{id}.{signature}0", f"/v1/shared/{id}.{'0' * 32}", f"/v1/shared/{id}.{signature.upper()}x", "/v1/shared/x",
                 f"/v1/shared/.{signature}", "/v1/shared/", f"/v1/shared/{id}.{signature[::-1]}"):
        problem(bide.send("GET", made), 404, "not_found")
    problem(serve().send("GET", url), 404, "not_found")  # another store has another secret


def test_it_is_good_until_the_task_is_removed_and_over_a_restart(shared):
    bide, id, url = shared
    bide.terminate()
    bide.start()
    assert bide.get_json(url)["result"] == {"n": 1}
    assert bide.send("DELETE", f"/v1/tasks/{id}").status == 204
    problem(bide.send("GET", url), 404, "not_found")
    problem(bide.send("GET", url + "/events"), 404, "not_found")


def test_pages_of_every_origin_may_read_it_and_nothing_else(shared):
    bide, id, url = shared
    page = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site", "Host": "jobs.example:8080", "Referer": "https://app.example/"}
    answer = bide.send("GET", url, headers=page)
    assert answer.status == 200 and answer.headers["access-control-allow-origin"] == "*"
    ask = {**page, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "last-event-id"}
    allowed = bide.send("OPTIONS", url + "/events", headers=ask)
    assert allowed.status == 204 and "Last-Event-ID" in allowed.headers["access-control-allow-headers"]
    assert bide.send("GET", url + "x", headers=page).headers["access-control-allow-origin"] == "*"
    problem(bide.send("GET", f"/v1/tasks/{id}", headers=page), 421, "misdirected")
    assert "access-control-allow-origin" not in bide.send("GET", f"/v1/tasks/{id}").headers
    problem(bide.send("GET", f"/v1/tasks/{id}", headers={"Host": "jobs.example", "Referer": url}), 421, "misdirected")


def test_a_route_of_the_configuration_may_not_be_there(serve):
    for path, code in (("/v1/shared/{id}", 78), ("/shared/{id}", None)):
        bide = serve.prepare({**with_actor(), "routes": [{"path": f"GET {path}", "get": "path.id"}]})
        bide.launch()
        if code is None:
            until(lambda: "listening on" in bide.text(), "it listens")
        else:
            assert bide.exited() == code and "the server's own routes are there" in bide.text(), bide.text()
