# SPDX-License-Identifier: Apache-2.0
"""The verb `ws` of configured routes: an application's clients are told of its tasks, in its shape, without asking."""
import signal

import openapi
import pytest
import websockets
from fixtures import Fleet
from harness import QUICK, problem, until
from sockets import Socket, run
from streams import words
from test_routes import GATE, served
from test_ws import called

openapi.CONFIGURED += [r"/ws(/.*)?", r"/app(/.*)?"]
SHAPE = {"id": "task.id", "status": "task.status", "percent": "task.percent", "what": "event.name"}
ROUTES = [
    {"path": "GET /ws/all", "ws": "events"},
    {
        "path": "GET /ws/project",
        "ws": {"tag.project_id": "query.project_id", "subject": "query.subject", "type": "const.work"},
        "reply": {**SHAPE, "project": "query.project_id", "client": "header.x-client"},
        "words": {"running": "processing"},
    },
    {"path": "GET /ws/tasks/{task_id}", "ws": "path.task_id", "reply": {**SHAPE, "asked": "path.task_id", "result": "task.result"}},
    {"path": "GET /ws/number/{n}", "ws": "path.n", "serial": True, "reply": ["task.id", "task.status"], "errors": {"detail": "error.detail"}},
    {"path": "POST /app/numbered", "submit": "work", "serial": True, "reply": "task.id"},
]


@pytest.fixture(scope="module")
def app():
    fleet = Fleet()
    yield served(fleet, ROUTES)
    fleet.release()


def listen(app, path, **more):
    return Socket(app, path, protocols=(), **more)


def work(app, gate=None, **more):
    return app.submit("work", {"gate": app.gate(gate), "answer": 5} if gate else {"answer": 5}, **more)["id"]


async def refused(app, path):
    with pytest.raises(websockets.InvalidStatusCode) as why:
        async with listen(app, path):
            pass
    return why.value.status_code


def test_each_change_of_what_fits_is_told_in_the_applications_shape(app):
    async def talk():
        async with listen(app, "/ws/project?project_id=7", extra_headers={"X-Client": "c"}) as ws:
            await called(work, app, tags={"project_id": "8"})
            await called(app.submit, "cat", 1, tags={"project_id": "7"})
            id = await called(work, app, tags={"project_id": "7"})
            assert [await ws.hear() for _ in range(3)] == [
                {"id": id, "status": status, "percent": percent, "what": what, "project": "7", "client": "c"}
                for status, percent, what in (("pending", 0, "task.created"), ("processing", 0, "task.started"), ("completed", 100, "task.completed"))
            ]

    run(talk())


def test_what_is_not_asked_for_does_not_filter_and_without_a_reply_it_is_the_task(app):
    async def talk():
        async with listen(app, "/ws/project") as some, listen(app, "/ws/all") as everything:
            id = await called(work, app, subject="r2")
            assert [(await some.hear())["id"] for _ in range(3)] == [id] * 3
            last = [await everything.hear() for _ in range(3)][-1]
            assert (last["id"], last["status"], last["subject"], last["percent"]) == (id, "completed", "r2", 100)

    run(talk())


def test_of_one_task_how_it_stands_then_each_change_to_its_end(app):
    async def talk():
        id = await called(work, app, "r3")
        await called(app.seen, id, "running")
        async with listen(app, f"/ws/tasks/{id}") as ws:
            assert await ws.hear() == {"id": id, "status": "running", "percent": 0, "what": "task.started", "asked": id, "result": None}
            app.open_gate("r3")
            assert await ws.hear() == {"id": id, "status": "completed", "percent": 100, "what": "task.completed", "asked": id, "result": 5}
            assert await ws.closed() == (1000, "the task has ended")
        async with listen(app, f"/ws/tasks/{id}") as ws:
            assert (await ws.hear())["result"] == 5
            assert await ws.closed() == (1000, "the task has ended")

    run(talk())


def test_ids_may_be_numbers(app):
    async def talk():
        number = (await called(app.post, "/app/numbered", {"answer": 1})).json
        async with listen(app, f"/ws/number/{number}") as ws:
            heard = await ws.hear()
            while heard[1] != "completed":
                assert heard[0] == number
                heard = await ws.hear()
            assert heard == [number, "completed"]
            assert (await ws.closed())[0] == 1000
        assert await refused(app, "/ws/number/12345") == 404

    run(talk())


def test_a_task_that_is_not_there_is_refused_before_the_upgrade(app):
    async def talk():
        for path in ("/ws/tasks/01a1ffe8-96cd-754e-be93-691a58a8ee38", "/ws/tasks/nope"):
            assert await refused(app, path) == 404

    run(talk())
    problem(app.send("GET", "/ws/all"), 426, "upgrade_required")
    assert list(app.send("GET", "/ws/number/x").json) == ["detail"]
    problem(app.send("POST", "/ws/all"), 405)
    number = app.post("/app/numbered", {"answer": 5}).json
    plain = app.send("GET", f"/ws/number/{number}")
    assert plain.status == 426 and list(plain.json) == ["detail"] and plain.headers["upgrade"] == "websocket", plain


def test_a_page_of_another_origin_is_refused(app):
    async def talk():
        with pytest.raises(websockets.InvalidStatusCode) as why:
            async with listen(app, "/ws/all", origin="http://evil.example"):
                pass
        assert why.value.status_code == 403

    run(talk())


def test_what_the_client_says_is_not_listened_to(app):
    async def talk():
        async with listen(app, "/ws/project?subject=r7") as ws:
            for text in ("ping", "{", '{"op":"subscribe"}') * 10:
                await ws.ws.send(text)
            id = await called(work, app, subject="r7")
            assert (await ws.hear())["id"] == id

    run(talk())


def test_who_is_too_slow_is_closed_and_not_left_in_the_dark(serve):
    app = served(serve, ROUTES, {"later": {"exec": ["/bin/cat"], "queue": "stopped"}}, queues={"stopped": {"paused": True}})

    async def talk():
        async with listen(app, "/ws/all", small=True) as slow, listen(app, "/ws/project?subject=last") as quick:
            lines = "\n".join('{"type":"later","tags":{"t":"%s"}}' % ("x" * 490) for _ in range(6000)).encode()
            assert (await called(app.post, "/v1/tasks:batch", lines, {"Content-Type": "application/x-ndjson"})).status == 200
            await called(work, app, subject="last")
            assert (await quick.hear())["what"] == "task.created"
            code, reason = await slow.closed()
            assert (code, reason) == (1013, "some changes are missing: come again, and read how things stand")

    run(talk())


def test_it_goes_on_by_the_route_that_it_came_by_after_a_reload(serve):
    app = served(serve, ROUTES)

    async def talk():
        async with listen(app, "/ws/project?project_id=7") as ws:
            app.configure({"defaults": QUICK, "types": {"work": GATE}, "routes": []})
            app.process.send_signal(signal.SIGHUP)
            await called(until, lambda: "reload: done" in app.text())
            assert await refused(app, "/ws/project") == 404
            id = await called(work, app, tags={"project_id": "7"})
            assert (await ws.hear())["id"] == id and (await ws.hear())["status"] == "processing"

    run(talk())


def test_a_stop_tells_what_it_finishes_then_closes(serve):
    app = served(serve, ROUTES)

    async def talk():
        id = await called(work, app, "go")
        await called(app.seen, id, "running")
        async with listen(app, "/ws/project") as ws, listen(app, f"/ws/tasks/{id}") as one:
            app.process.terminate()
            await called(until, lambda: app.send("GET", "/readyz").status == 503, "draining")
            app.open_gate("go")
            assert (await ws.hear())["status"] == "completed"
            assert (await ws.closed())[0] == 1001
            assert (await one.closed())[0] in (1000, 1001)
        assert await called(app.exited) == 0

    run(talk())


def test_clients_that_go_at_once_leave_nothing_behind(serve):
    app = served(serve, ROUTES)

    async def talk():
        id = await called(work, app, "go")
        for n in range(20):
            ws = await listen(app, "/ws/project" if n % 2 else f"/ws/tasks/{id}").__aenter__()
            ws.ws.transport.abort()
        app.open_gate("go")
        await called(app.ended, id, "completed")

    run(talk())
    assert app.terminate() == 0
    assert "ERROR" not in app.text()


NOTICES = [
    {
        "path": "GET /ws/notifications",
        "ws": "notifications",
        "serial": True,
        "reply": {
            "id": "notification.id", "chapter_id": "notification.data.chapter_id", "notification_type": "notification.kind",
            "title": "notification.title", "message": "notification.message", "is_read": "notification.is_read",
            "created_at": "notification.created_at",
        },
    },
    {"path": "GET /ws/notifications/all", "ws": "notifications", "words": {"completed": "done"}},
    {"path": "GET /app/notifications", "notifications": {}, "reply": {"each": "notifications", "as": "item"}, "words": {"completed": "done"}},
]
NOTIFY = {"title": "Chapter {task.tags.chapter}", "message": "it is {task.status}", "kind": "analysis", "data": {"chapter_id": "task.result"}}


def test_notifications_are_pushed_bare_and_with_no_subscribe_frame(serve):
    app = served(serve, NOTICES)

    async def talk():
        async with listen(app, "/ws/notifications") as ws, listen(app, "/ws/notifications/all") as whole, Socket(app) as other:
            await other.subscribe("n", kinds=["notification.created"])
            await other.subscribe("tagged", kinds=["notification.created"], tags={"chapter": "6"})
            for n, chapter in enumerate("56", 1):
                task = await called(work, app, notify=NOTIFY, tags={"chapter": chapter})
                told = await ws.hear()
                assert told == {"id": n, "chapter_id": 5, "notification_type": "analysis", "title": f"Chapter {chapter}",
                                "message": "it is completed", "is_read": 0, "created_at": told["created_at"]}
                shown = await whole.hear()
                assert (shown["task_id"], shown["serial"], shown["status"], shown["is_read"]) == (task, n, "done", 0)
                assert shown == (await called(app.get_json, "/app/notifications"))[0]
                heard = {sub: event for sub, event in [await other.event() for _ in range(n)]}
                assert sorted(heard) == ["n", "tagged"][:n]
                for event in heard.values():
                    assert event.word == "notification.created"
                    assert event.data == await called(app.get_json, f"/v1/notifications/{shown['id']}")
            await called(app.submit, "cat", 1)
            assert await other.ask(op="ping") == {"op": "pong"}

    run(talk())


def test_the_stream_of_a_task_does_not_wait_for_its_notification(serve):
    app = served(serve, NOTICES)

    async def talk():
        async with Socket(app) as ws:
            id = await called(work, app, "go", notify=NOTIFY)
            await ws.subscribe("all")
            await ws.subscribe("one", task=id)
            app.open_gate("go")
            assert words(await ws.until("end", sub="one"))[-2:] == ["task.completed", "end"]
            while (await ws.event())[1].word != "notification.created":
                pass

    run(talk())


def test_it_is_in_the_document(app):
    paths = app.get_json("/openapi.json")["paths"]
    get = paths["/ws/project"]["get"]
    assert "101" in get["responses"] and [p["name"] for p in get["parameters"]] == ["project_id", "subject"]
