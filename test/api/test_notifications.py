# SPDX-License-Identifier: Apache-2.0
"""Notifications: made with endings, once, through a kill at any moment; listed, counted, read, removed, swept; by routes."""
import asyncio
import json
import subprocess

import openapi
import pytest
import websockets
from harness import BIDE, pointers, problem, until
from streams import Stream

openapi.CONFIGURED += [r"/told(/.*)?"]
ECHO = {"exec": ["/bin/cat"]}
FAIL = {"exec": ["/bin/sh", "-c", "echo sorry >&2; exit 3"], "max_attempts": 1}
TITLE = {"title": "{task.type} {task.status}"}


def listed(bide, **query):
    return bide.get_json("/v1/notifications?" + "&".join(f"{k}={v}" for k, v in query.items()))


def told(bide, n=1, **query):
    """That many, oldest first, when they are there."""
    def look():
        found = listed(bide, limit=200, **query)["items"]
        return len(found) >= n and found
    found = until(look, f"{n} notifications")
    assert len(found) == n, found
    return found[::-1]


def act(bide, one, verb="read"):
    answer = bide.post(f"/v1/notifications/{one['id']}/{verb}")
    assert answer.status == 200, answer
    return answer.json


@pytest.fixture
def noted(serve):
    return serve(types={"work": {**ECHO, "notify": TITLE}, "plain": ECHO, "bad": {**FAIL, "notify": TITLE}})


def test_an_ending_is_told_with_what_its_templates_say(serve):
    bide = serve(types={"work": ECHO})
    notify = {
        "title": "Chapter {task.tags.chapter}: {{{task.status}}",
        "message": "{task.input.who} found {task.result.n.0}, {task.result.yes}, {task.result.o}, <{task.result.none}>, {task.subject}",
        "kind": "analysis-{task.status}",
        "data": {"chapter_id": "task.input.id", "number": {"as_number": "task.tags.chapter"}, "what": "const.x"},
    }
    input = {"who": "änn \"q\"", "id": 123, "n": [1.50], "yes": True, "o": {"a": [1]}}
    task = bide.submit("work", input, notify=notify, subject="book 1", tags={"chapter": "5"})
    (one,) = told(bide)
    assert one["title"] == "Chapter 5: {completed}"
    assert one["message"] == 'änn "q" found 1.5, true, {"a": [1]}, <>, book 1'
    assert (one["kind"], one["data"]) == ("analysis-completed", {"chapter_id": 123, "number": 5, "what": "x"})
    assert (one["task_id"], one["run"], one["type"], one["status"], one["subject"], one["tags"]) == (task["id"], 1, "work", "completed", "book 1", {"chapter": "5"})
    assert (one["read"], one["read_at"], one["serial"]) == (False, None, 1)
    assert bide.get_json(f"/v1/notifications/{one['id']}") == one
    assert bide.send("DELETE", f"/v1/tasks/{task['id']}").status == 204
    assert told(bide) == [one]  # it stays
    assert bide.metric("bide_notifications_created_total") == 1


def test_every_ending_is_told_unless_only_some_are_wanted(serve):
    bide = serve(queues={"still": {"paused": True}}, types={"work": ECHO, "bad": FAIL, "later": {**ECHO, "queue": "still"}})
    for on in None, ["failed", "expired"]:
        notify = {**TITLE, **({"on": on} if on else {}), "message": "{task.error.code}"}
        bide.submit("work", notify=notify)
        bide.submit("bad", notify=notify)
        bide.submit("later", notify=notify, start_within_ms=30)
        bide.post(f"/v1/tasks/{bide.submit('later', notify=notify)['id']}/cancel")
    until(lambda: all(t["status"] in ("completed", "failed", "cancelled", "expired") for t in bide.listed()), "all ended")
    found = told(bide, 6)
    assert sorted((n["title"], n["message"]) for n in found) == sorted(
        [("work completed", ""), ("bad failed", "worker_error"), ("later expired", "expired"), ("later cancelled", "cancelled"),
         ("bad failed", "worker_error"), ("later expired", "expired")])


def test_a_type_has_its_own_and_a_submit_says_another_or_none(noted):
    for more in {}, {"notify": {"title": "mine"}}, {"notify": None}, {"notify": False}:
        noted.ended(noted.submit("work", **more)["id"], "completed")
    noted.ended(noted.submit("plain")["id"], "completed")
    last = noted.submit("bad")["id"]
    found = told(noted, 3)
    assert [n["title"] for n in found] == ["work completed", "mine", "bad failed"]
    assert found[2]["task_id"] == last and [n["kind"] for n in found] == ["work", "work", "bad"]


def test_what_is_too_long_ends_with_an_ellipsis(serve):
    bide = serve(types={"work": ECHO})
    notify = {"title": "{task.input.t}", "message": "a{task.input.m}", "kind": "{task.input.t}", "data": {"big": "task.input.m"}}
    bide.submit("work", {"t": "ä" * 201, "m": "b" * 5000}, notify=notify)
    (one,) = told(bide)
    assert one["title"] == "ä" * 199 + "…" and one["message"] == "a" + "b" * 1998 + "…" and one["kind"] == "ä" * 63 + "…"
    assert one["data"] is None  # and the rest is told nevertheless
    bide.submit("work", {"t": "ä" * 200, "m": "b" * 1999}, notify=notify)
    one = told(bide, 2)[1]
    assert one["title"] == "ä" * 200 and one["message"] == "a" + "b" * 1999 and one["data"] == {"big": "b" * 1999}


def test_what_is_wrong_is_refused_with_its_pointer(bide):
    for notify, pointer, word in (
        ({}, "/notify/title", "needs a title"),
        ("x", "/notify", "an object"),
        (True, "/notify", "an object"),
        ({"title": ""}, "/notify/title", "text"),
        ({"title": 5}, "/notify/title", "text"),
        ({"title": "{tsk.id}"}, "/notify/title", "names no source"),
        ({"title": "{task.subjekt}"}, "/notify/title", "subject?"),
        ({"title": "{task}"}, "/notify/title", "no such member"),
        ({"title": "{task.tags..a}"}, "/notify/title", "name without a letter"),
        ({"title": "x {task.id"}, "/notify/title", "not closed"),
        ({"title": "x" * 9000}, "/notify/title", "at most"),
        ({**TITLE, "message": "{nope}"}, "/notify/message", "names no source"),
        ({**TITLE, "kind": []}, "/notify/kind", "text"),
        ({**TITLE, "on": []}, "/notify/on", "list of completed"),
        ({**TITLE, "on": ["running"]}, "/notify/on", "list of completed"),
        ({**TITLE, "data": ["task.id"]}, "/notify/data", "object"),
        ({**TITLE, "data": {"a": "body.id"}}, "/notify/data", "begins with one of task."),
        ({**TITLE, "mesage": "x"}, "/notify", "message"),
    ):
        answer = bide.post("/v1/tasks", {"type": "cat", "notify": notify})
        assert answer.status == 400 and pointers(answer) == [pointer] and word in answer.json["detail"], answer


def test_bide_check_says_where_a_types_is_wrong(tmp_path):
    path = tmp_path / "bide.yaml"
    path.write_text('types:\n  work:\n    exec: [cat]\n    notify: {title: "{task.nope}"}\nnotifications: {retain: 1y}\n')
    seen = subprocess.run([BIDE, "check", str(path)], capture_output=True, text=True, timeout=60)
    assert seen.returncode != 0
    assert ":4:5: notify: title: {task.nope}: a task has no such member" in seen.stderr and ":5:" in seen.stderr, seen.stderr


def test_they_are_listed_by_subject_and_task_and_read_one_by_one(noted):
    tasks = [noted.submit("work", subject=f"s{n % 2}")["id"] for n in range(5)]
    found = told(noted, 5)
    assert sorted(n["task_id"] for n in found) == sorted(tasks)
    by_task = {n["task_id"]: n for n in found}
    page = listed(noted, subject="s1", limit=1)
    assert (page["unread"], len(page["items"])) == (2, 1)
    rest = listed(noted, subject="s1", limit=1, cursor=page["next_cursor"])
    assert {page["items"][0]["task_id"], rest["items"][0]["task_id"]} == {tasks[1], tasks[3]} and rest["next_cursor"] is None
    assert [n["task_id"] for n in listed(noted, task=tasks[2])["items"]] == [tasks[2]]
    one = by_task[tasks[1]]
    read = act(noted, one)
    assert read["read"] and read["read_at"] >= one["created_at"] and {**read, "read": False, "read_at": None} == one
    assert act(noted, one) == read  # once more changes nothing
    noted.restart9()
    assert listed(noted)["unread"] == 4 and listed(noted, subject="s1")["unread"] == 1
    assert [n["task_id"] for n in listed(noted, subject="s1", unread_only="true")["items"]] == [tasks[3]]
    assert len(listed(noted, unread_only="false")["items"]) == 5
    assert noted.post("/v1/notifications/read-all", {"subject": "s0"}).json == {"read": 3}
    assert listed(noted)["unread"] == 1 and noted.metric("bide_notifications_unread") == 1
    assert noted.post("/v1/notifications/read-all").json == {"read": 1}
    assert noted.post("/v1/notifications/read-all", {}).json == {"read": 0}
    assert listed(noted, unread_only="true") == {"unread": 0, "items": [], "next_cursor": None}
    assert noted.send("DELETE", f"/v1/notifications/{one['id']}").status == 204
    problem(noted.send("GET", f"/v1/notifications/{one['id']}"), 404, "not_found")
    assert len(told(noted, 4)) == 4


def test_more_than_one_commits_worth_are_read_at_once(noted):
    noted.send("POST", "/v1/tasks:batch", json.dumps([{"type": "plain", "notify": {"title": "t"}}] * 700).encode(), {"Content-Type": "application/json"})
    noted.post("/v1/queues/default/pause")
    waiting = [t["id"] for t in noted.listed(status="pending")]
    noted.post("/v1/queues/default/purge")
    until(lambda: listed(noted, limit=1)["unread"] == 700, "all of them")
    assert len(waiting) > 0 and noted.post("/v1/notifications/read-all").json == {"read": 700}
    assert listed(noted, limit=1)["unread"] == 0


def test_what_is_refused(noted):
    noted.submit("work")
    (one,) = told(noted)
    other = one["id"][:-4] + "0000"
    for method, path in ("GET", f"/{other}"), ("POST", f"/{other}/read"), ("DELETE", f"/{other}"), ("GET", "/nope"), ("POST", "/1/read"), ("DELETE", "/x"):
        problem(noted.send(method, "/v1/notifications" + path), 404, "not_found")
    for query in "unread_only=1", "task=x", "limit=0", "limit=201", "cursor=x":
        problem(noted.send("GET", f"/v1/notifications?{query}"), 400, "invalid")
    problem(noted.send("GET", "/v1/notifications?unread=true"), 400, "unknown_field")
    problem(noted.post("/v1/notifications/read-all", {"subjekt": "x"}), 400, "unknown_field")
    assert pointers(noted.post("/v1/notifications/read-all", {"subject": 5})) == ["/subject"]
    problem(noted.post(f"/v1/notifications/{one['id']}/read", {"x": 1}), 400, "unknown_field")
    for path, allow in ("", "GET, HEAD, OPTIONS"), (f"/{one['id']}", "GET, HEAD, DELETE, OPTIONS"), ("/read-all", "POST, OPTIONS"):
        answer = noted.send("PUT", "/v1/notifications" + path)
        problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allow
    assert noted.send("HEAD", f"/v1/notifications/{one['id']}").status == 200
    assert listed(noted)["unread"] == 1


def test_none_is_lost_or_made_twice_through_kills(serve):
    bide = serve(types={"work": {**ECHO, "notify": TITLE}}, queues={"default": {"concurrency": 4}})
    for round in range(6):
        for n in range(10):
            bide.submit("work", {"n": n})
        bide.restart9()
    until(lambda: len(bide.listed(type="work", status="completed")) == 60, "all of them")
    found = told(bide, 60)
    assert {n["task_id"] for n in found} == {t["id"] for t in bide.listed(type="work")}
    assert [n["serial"] for n in found] == sorted({n["serial"] for n in found}) and listed(bide)["unread"] == 60


def test_a_retry_is_told_again(noted):
    id = noted.submit("bad")["id"]
    noted.ended(id, "failed")
    noted.post(f"/v1/tasks/{id}/retry")
    assert [(n["task_id"], n["run"]) for n in told(noted, 2)] == [(id, 1), (id, 2)]


def test_a_follower_is_told_of_by_its_own_type(noted):
    noted.submit("plain", on_success=[{"type": "work"}], notify={"title": "first"})
    assert [n["title"] for n in told(noted, 2)] == ["first", "work completed"]


def test_old_ones_go_by_themselves_read_or_not(serve):
    bide = serve({"types": {"work": {**ECHO, "notify": TITLE}}, "notifications": {"retain": "1s"}})
    for n in range(2):
        bide.submit("work")
    until(lambda: len(found := listed(bide)["items"]) == 2 and act(bide, found[0]), "both")
    until(lambda: listed(bide) == {"unread": 0, "items": [], "next_cursor": None}, "their end")
    assert len(bide.listed()) == 2


def test_so_many_are_kept_and_gc_says_what_went(serve):
    bide = serve({"types": {"work": {**ECHO, "notify": TITLE}}, "notifications": {"retain": "forever", "max": 3}})
    ids = [bide.ended(bide.submit("work")["id"], "completed")["id"] for n in range(5)]
    until(lambda: ids[4] in [n["task_id"] for n in listed(bide)["items"]], "the last")
    gone = bide.post("/v1/gc", {"dry_run": True}).json["notifications"]
    assert gone == 0 and bide.post("/v1/gc").json["notifications"] <= 2
    assert [n["task_id"] for n in told(bide, 3)] == ids[2:]
    assert listed(bide)["unread"] == 3


def test_the_command_line_lists_and_reads_them(noted):
    def bide(*words, code=0):
        done = subprocess.run([BIDE, "notification", *words, "--server", noted.url], capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done
        return done.stdout + done.stderr

    assert bide("list") == "" and bide("read-all") == "0 read\n"
    for n in range(3):
        noted.submit("work", subject=f"s{n}")
    first, second, third = told(noted, 3)
    assert "work completed" in bide("list") and first["id"] in bide("unread")
    assert "title:" in bide("show", first["id"]) and json.loads(bide("show", first["id"], "--json")) == first
    assert bide("read", first["id"]) == f"{first['id']}  read\n"
    assert first["id"] not in bide("unread") and first["id"] in bide("list") and second["id"] in bide("unread")
    assert bide("rm", second["id"]) == f"{second['id']}  removed\n" and second["id"] not in bide("list")
    assert bide("read-all") == "1 read\n" and bide("unread") == ""
    assert "no such notification" in bide("show", second["id"], code=64)
    assert "did you mean `read`" in bide("raed", code=64)


# ---- by routes ----

ROUTES = [
    {
        "path": "GET /told",
        "notifications": {"unread_only": "query.unread_only", "subject": "query.project_id"},
        "limit": "query.limit",
        "cursor": "query.cursor",
        "serial": True,
        "words": {"completed": "done"},
        "reply": {
            "each": "notifications",
            "as": {"id": "item.id", "chapter_id": "item.data.chapter_id", "notification_type": "item.status", "title": "item.title",
                   "message": "item.message", "is_read": "item.is_read", "created_at": "item.created_at"},
        },
    },
    {"path": "GET /told/all", "notifications": {"task": "query.task"}, "limit": 1, "cursor": "query.cursor"},
    {"path": "POST /told/{id}/read", "read": "path.id", "serial": True, "reply": {"message": "const.read", "id": "notification.id", "flag": "notification.is_read"},
     "errors": {"detail": "error.detail"}},
    {"path": "PUT /told/{id}", "read": "path.id"},
]


def test_an_application_has_its_own_addresses_for_them(serve):
    notify = {"title": "Chapter {task.tags.n}", "message": "m", "data": {"chapter_id": "task.input.id"}}
    bide = serve({"types": {"work": {**ECHO, "notify": notify}}, "routes": ROUTES})
    tasks = [bide.submit("work", {"id": 123 + n}, subject=str(n), tags={"n": str(n)})["id"] for n in range(3)]
    found = told(bide, 3)
    rows = bide.get_json("/told?unread_only=true")
    assert [(r["id"], r["chapter_id"]) for r in rows] == [(n["serial"], n["data"]["chapter_id"]) for n in found[::-1]]
    assert rows[0].keys() == {"id", "chapter_id", "notification_type", "title", "message", "is_read", "created_at"}
    assert (rows[0]["notification_type"], rows[0]["is_read"], rows[0]["message"]) == ("done", 0, "m")
    number = rows[1]["id"]
    assert bide.post(f"/told/{number}/read").json == {"message": "read", "id": number, "flag": 1}
    assert bide.post(f"/told/{found[0]['id']}/read").json["id"] == found[0]["serial"]  # by its other id, too
    assert [r["is_read"] for r in bide.get_json("/told")] == [0, 1, 1] and len(bide.get_json("/told?unread_only=1")) == 1
    assert [r["chapter_id"] for r in bide.get_json("/told?project_id=1")] == [124]
    page = bide.get_json("/told/all")
    assert page["unread"] == 1 and len(page["items"]) == 1 and page["items"][0]["id"] == found[2]["id"] and page["items"][0]["is_read"] == 0
    assert bide.get_json(f"/told/all?cursor={page['next_cursor']}")["items"][0]["id"] == found[1]["id"]
    assert bide.get_json(f"/told/all?task={tasks[0]}")["items"][0]["task_id"] == tasks[0]
    assert bide.send("PUT", f"/told/{found[2]['id']}").json["read"] and listed(bide)["unread"] == 0
    for answer in bide.post("/told/99/read"), bide.post("/told/x/read"), bide.post("/told/-1/read"):
        assert (answer.status, answer.json) == (404, {"detail": "there is no such notification"})
    problem(bide.send("PUT", f"/told/{number}"), 404, "not_found")  # no numbers there
    problem(bide.send("GET", "/told?unread_only=maybe"), 400, "invalid")
    problem(bide.send("GET", "/told?limit=x"), 400, "invalid")
    problem(bide.send("GET", "/told?cursor=x"), 400, "invalid")
    problem(bide.send("GET", "/told/all?task=x"), 400, "invalid")


def test_bide_check_knows_what_these_routes_take(tmp_path):
    path = tmp_path / "bide.yaml"
    path.write_text("""types: {}
routes:
  - path: GET /a
    notifications: {queue: query.q}
  - path: GET /b
    notifications: {}
    reply: task.id
  - path: POST /c
    read: {}
  - path: POST /d
    read: path.id
    subject: body.x
""")
    seen = subprocess.run([BIDE, "check", str(path)], capture_output=True, text=True, timeout=60).stderr
    for line, what in (4, "unread_only, subject, task"), (7, "list., notifications."), (9, "source of a notification's id"), (11, "the path has no {id}"), (12, "goes with submit and run"):
        assert any(f":{line}:" in said and what in said for said in seen.splitlines()), (what, seen)


def test_it_is_told_on_the_streams(serve):
    bide = serve()
    with Stream(bide, "/v1/events") as everything, Stream(bide, "/v1/events?kind=notification.created&subject=s2") as some:
        ids = [bide.act(["done", 1], subject=f"s{n}", notify={"title": f"number {n}"}) for n in (1, 2)]
        seen = [e for e in (next(everything) for _ in range(8)) if e.word == "notification.created"]
        assert {e.data["task_id"] for e in seen} == set(ids)
        [told] = [next(some)]
    assert (told.data["task_id"], told.data["title"]) == (ids[1], "number 2")
    assert {n["id"] for n in bide.get_json("/v1/notifications")["items"]} == {e.data["id"] for e in seen}


def test_a_route_pushes_them_with_no_word_of_the_client(serve):
    reply = {"id": "notification.id", "title": "notification.title", "is_read": 0, "chapter": {"as_number": "notification.tags.chapter"}}
    bide = serve(routes=[{"path": "GET /ws/notifications", "ws": "notifications", "serial": True, "reply": reply}])

    async def told():
        async with websockets.connect(f"ws://127.0.0.1:{bide.port}/ws/notifications") as socket:
            bide.act(["done", 1], tags={"chapter": "7"}, notify={"title": "told"})
            return json.loads(await asyncio.wait_for(socket.recv(), 10))

    assert asyncio.run(told()) == {"id": 1, "title": "told", "is_read": 0, "chapter": 7}
