# SPDX-License-Identifier: Apache-2.0
"""GET /v1/ws: what happens to tasks, over a WebSocket, as subscriptions of one connection."""
import asyncio
import json
import os
from pathlib import Path

import pytest
import websockets
from harness import problem, until
from sockets import Socket, refused, run
from streams import words

LIFE = ["task.created", "task.started", "task.completed"]


def progress(percent):
    return ["say", {"op": "progress", "percent": percent}]


async def called(function, *args, **more):
    """A request over HTTP while sockets listen."""
    return await asyncio.get_running_loop().run_in_executor(None, lambda: function(*args, **more))


def test_of_one_task_all_is_told_to_its_end_and_the_id_is_free_again(bide):
    say = ["say", {"op": "output", "data": "Once"}]

    async def talk():
        id = bide.act(["until", bide.gate("w1")], progress(40), say, ["done", {"x": 1}])
        async with Socket(bide) as ws:
            assert ws.ws.subprotocol == "bide.v1"
            await ws.subscribe("a", task=id)
            seen = [(await ws.event())[1]]
            bide.open_gate("w1")
            seen += await ws.until("end")
            assert [w for w in words(seen) if w not in ("task.created", "task.started")] == ["task.progress", "task.output", "task.completed", "end"]
            assert all(e.data["id"] == id for e in seen[:-1])
            assert (seen[-2].data["result"], seen[-1].data) == ({"x": 1}, {"reason": "completed"})
            assert len({e.id for e in seen}) == len(seen)
            await ws.subscribe("a", task=id)
            assert words(await ws.until("end")) == ["task.completed", "end"]
            await ws.subscribe("a", task=id, last=seen[-1].id)
            [again] = await ws.until("end")
            assert (again.data, again.id) == ({"reason": "completed"}, again.id) and again.id.endswith("-end1"), "seen before: nothing but that"
            assert await ws.ask(op="ping") == {"op": "pong"}

    run(talk())


def test_a_task_submitted_over_http_is_told_to_who_listens(bide):
    async def talk():
        async with Socket(bide) as ws:
            answer = await ws.subscribe("all", type="act", subject="w2")
            assert answer["last"]
            await called(bide.act, ["done", 1], subject="other")
            task = await called(bide.act, ["done", 1], subject="w2")
            seen = await ws.until("task.completed")
            assert [(e.word, e.data["id"]) for e in seen] == [(w, task) for w in LIFE]
        async with Socket(bide) as ws:
            await ws.say(op="subscribe", id="all", type="act", subject="w2", last=answer["last"])
            assert await ws.hear() == {"op": "subscribed", "id": "all", "last": None}
            assert [e.id for e in await ws.until("task.completed")] == [e.id for e in seen], "it heard nothing before it went"

    run(talk())


def test_several_subscriptions_each_hear_what_fits_them(bide):
    async def talk():
        async with Socket(bide) as ws:
            await ws.subscribe("endings", kinds=["completed", "task.failed"], tags={"k": "w3"})
            await ws.subscribe("words", kinds=["output"], queue="default", tags={"k": "w3", "l": "m"})
            await ws.subscribe("none", type="nobody's")
            ids = [await called(bide.act, ["say", {"op": "output", "data": "x"}], ["done", 1], tags={"k": "w3", "l": l}) for l in "mn"]
            heard = {"endings": [], "words": []}
            while len(heard["endings"]) < 2:
                sub, event = await ws.event()
                heard[sub].append((event.data["id"], event.word))
            assert sorted(heard["endings"]) == sorted((id, "task.completed") for id in ids)
            assert heard["words"] == [(ids[0], "task.output")]
            for sub in ("none", "endings", "words"):
                assert await ws.ask(op="unsubscribe", id=sub) == {"op": "unsubscribed", "id": sub}
            await called(lambda: bide.ended(bide.act(["done", 1], tags={"k": "w3"}), "completed"))
            assert await ws.ask(op="ping") == {"op": "pong"}, "no more of them"

    run(talk())


def test_who_comes_back_hears_what_happened_meanwhile_and_nothing_twice(bide):
    async def talk():
        id = bide.act(progress(10), ["until", bide.gate("w4")], progress(20), progress(30), ["until", bide.gate("w4b")], ["done", 1])
        async with Socket(bide) as ws:
            await ws.subscribe("a", task=id)
            before = await ws.until("task.progress")
        bide.open_gate("w4")
        await called(until, lambda: bide.task(id)["progress"]["percent"] == 30)
        async with Socket(bide) as ws:
            await ws.subscribe("b", task=id, last=before[-1].id)
            missed = [(await ws.event())[1], (await ws.event())[1]]
            bide.open_gate("w4b")
            rest = await ws.until("end")
        assert [e.data["progress"]["percent"] for e in missed] == [20, 30]
        assert words(rest) == ["task.completed", "end"]

    run(talk())


@pytest.mark.parametrize("what", [{}, {"task": None}])
def test_a_place_that_is_not_known_is_a_reset(bide, what):
    async def talk():
        gate = bide.gate("w5" + str(len(what)))
        id = bide.act(["until", gate], ["done", 1])
        async with Socket(bide) as ws:
            await ws.subscribe("a", last="1-2-3", **({"task": id} if what else {}))
            _, first = await ws.event()
            assert (first.word, first.data.get("id")) == ("reset", id if what else None)
            bide.open_gate("w5" + str(len(what)))
            assert words(await ws.until("task.completed"))[-1] == "task.completed"

    run(talk())


def test_after_a_crash_a_reset(serve):
    bide = serve()

    async def talk():
        id = bide.act(progress(10), ["until", bide.gate("go")], ["done", 1])
        async with Socket(bide) as ws:
            await ws.subscribe("a", task=id)
            await ws.subscribe("all")
            before = await ws.until("task.progress", sub="a")
            bide.kill9()
            assert (await ws.closed())[0] == 1006
        bide.start()
        async with Socket(bide) as ws:
            await ws.subscribe("a", task=id, last=before[-1].id)
            _, first = await ws.event()
            assert (first.word, first.data["id"]) == ("reset", id)
            bide.open_gate("go")
            assert words(await ws.until("end"))[-2:] == ["task.completed", "end"]

    run(talk())


MISUNDERSTOOD = [
    ("no JSON", None, "invalid_json", None),
    ("[1]", None, "invalid", None),
    ('"subscribe"', None, "invalid", None),
    ("{}", None, "invalid", "/op"),
    ({"op": 5, "id": "a"}, "a", "invalid", "/op"),
    ({"op": "sneeze", "id": "a"}, "a", "invalid", "/op"),
    ({"op": "ping", "id": "a"}, "a", "unknown_field", "/id"),
    ({"op": "subscribe"}, None, "invalid", "/id"),
    ({"op": "subscribe", "id": ""}, None, "invalid", "/id"),
    ({"op": "subscribe", "id": "x" * 65}, None, "invalid", "/id"),
    ({"op": "subscribe", "id": 7}, None, "invalid", "/id"),
    ({"op": "subscribe", "id": "a", "since": 1}, "a", "unknown_field", "/since"),
    ({"op": "subscribe", "id": "a", "status": "failed"}, "a", "unknown_field", "/status"),
    ({"op": "subscribe", "id": "a", "type": 5}, "a", "invalid", "/type"),
    ({"op": "subscribe", "id": "a", "last": 5}, "a", "invalid", "/last"),
    ({"op": "subscribe", "id": "a", "tags": {"x": 1}}, "a", "invalid", "/tags/x"),
    ({"op": "subscribe", "id": "a", "tags": {str(n): "x" for n in range(9)}}, "a", "invalid", "/tags"),
    ({"op": "subscribe", "id": "a", "kinds": []}, "a", "invalid", "/kinds"),
    ({"op": "subscribe", "id": "a", "kinds": "completed"}, "a", "invalid", "/kinds"),
    ({"op": "subscribe", "id": "a", "kinds": ["sneezed"]}, "a", "invalid", "/kinds"),
    ({"op": "subscribe", "id": "a", "kinds": [7]}, "a", "invalid", "/kinds"),
    ({"op": "subscribe", "id": "a", "task": "nope"}, "a", "not_found", "/task"),
    ({"op": "subscribe", "id": "a", "task": "01a1ffe8-96cd-754e-be93-691a58a8ee38"}, "a", "not_found", "/task"),
    ({"op": "subscribe", "id": "a", "task": "01a1ffe8-96cd-754e-be93-691a58a8ee38", "type": "act"}, "a", "invalid", "/task"),
    ({"op": "subscribe", "id": "held"}, "held", "conflict", "/id"),
    ({"op": "unsubscribe", "id": "b"}, "b", "not_found", "/id"),
    ({"op": "unsubscribe", "id": "held", "task": "x"}, "held", "unknown_field", "/task"),
]


def test_what_is_not_understood_is_told_and_the_connection_goes_on(bide):
    async def talk():
        async with Socket(bide) as ws:
            await ws.subscribe("held", type="nobody's")
            for message, id, code, pointer in MISUNDERSTOOD:
                await ws.ws.send(message if isinstance(message, str) else json.dumps(message))
                answer = await ws.hear()
                told = {k: answer[k] for k in ("op", "id", "code", "pointer")}
                assert told == {"op": "error", "id": id, "code": code, "pointer": pointer}, (message, answer)
                assert answer["message"]
                assert await ws.ask(op="ping") == {"op": "pong"}, "which makes it understood again"
            assert await ws.ask(op="unsubscribe", id="held") == {"op": "unsubscribed", "id": "held"}

    run(talk())


def test_ten_messages_in_a_row_that_are_not_understood_are_too_many(bide):
    async def talk():
        async with Socket(bide) as ws:
            for _ in range(9):
                assert (await ws.ask(op="sneeze"))["op"] == "error"
            await ws.ask(op="ping")
            for _ in range(10):
                assert (await ws.ask(op="sneeze"))["op"] == "error"
            assert await ws.closed() == (1008, "too many messages in a row were not understood")

    run(talk())


def test_a_hundred_subscriptions_are_what_a_connection_may_have(bide):
    async def talk():
        async with Socket(bide) as ws:
            for n in range(100):
                await ws.subscribe(f"s{n}", subject="w10")
            answer = await ws.ask(op="subscribe", id="more")
            assert (answer["op"], answer["id"], answer["code"]) == ("error", "more", "try_again")
            await called(bide.act, ["done", 1], subject="w10")
            heard = {}
            while len(heard) < 100 or any(len(seen) < 3 for seen in heard.values()):
                sub, event = await ws.event()
                heard.setdefault(sub, []).append(event.word)
            assert all(seen == LIFE for seen in heard.values())
            await ws.ask(op="unsubscribe", id="s7")
            await ws.subscribe("more", subject="w10")

    run(talk())


def test_one_subscription_with_much_to_tell_holds_up_no_other(serve):
    bide = serve()

    async def talk():
        lines = [["say", {"op": "log", "text": "y" * 1000}] for _ in range(2000)]
        id = bide.act(["until", bide.gate("go")], *lines, ["done", 1])
        async with Socket(bide) as ws:
            await ws.subscribe("much", kinds=["log", "completed"])
            bide.open_gate("go")
            await ws.until("task.log")
            await ws.say(op="subscribe", id="one", task=id)
            between = 0
            while (await ws.hear())["op"] != "subscribed":
                between += 1
            assert between < 2000
            assert words(await ws.until("end", sub="one"))[-2:] == ["task.completed", "end"]

    run(talk())


def test_who_is_slow_holds_nobody_up_and_is_told_that_it_missed_something(serve):
    bide = serve()

    async def talk():
        lines = [["say", {"op": "log", "text": "y" * 60000}] for _ in range(200)]
        id = bide.act(["until", bide.gate("go")], *lines, ["done", 1])
        async with Socket(bide, small=True) as slow, Socket(bide) as quick:
            await slow.subscribe("a", task=id)
            await slow.subscribe("b", task=id)
            await quick.subscribe("all", kinds=["completed"])
            bide.open_gate("go")
            await quick.until("task.completed")  # 12 MB later
            heard, ended = {"a": [], "b": []}, 0
            while ended < 2:
                sub, event = await slow.event()
                heard[sub].append(event.word)
                ended += event.word == "end"
            for seen in heard.values():
                assert "reset" in seen and seen.count("task.log") < 400, "the ring holds 4 MiB"
                assert seen[-2] in ("task.completed", "reset")
            assert await slow.ask(op="ping") == {"op": "pong"}

    run(talk())


def test_two_hundred_connections_hear_the_same(bide):
    async def talk():
        gate = ["until", bide.gate("w13")]
        id = bide.act(gate, progress(5), ["done", 1])
        sockets = [Socket(bide) for _ in range(200)]
        for ws in sockets:
            await ws.__aenter__()
        for ws in sockets:
            await ws.subscribe("a", task=id)
        bide.open_gate("w13")
        seen = [[(e.word, e.text) for e in await ws.until("end") if e.word not in ("task.created", "task.started")] for ws in sockets]
        assert all(one == seen[0] for one in seen)
        assert [w for w, _ in seen[0]] == ["task.progress", "task.completed", "end"]
        await asyncio.gather(*(ws.__aexit__() for ws in sockets))

    run(talk())


@pytest.mark.parametrize("ending, step", [("completed", ["done", 1]), ("failed", ["fail", {"message": "no", "retry": False}])])
def test_a_stop_tells_what_it_finishes_then_closes(serve, ending, step):
    bide = serve()

    async def talk():
        id = bide.act(["until", bide.gate("go")], step)
        async with Socket(bide) as one, Socket(bide) as everything, Socket(bide) as idle:
            await one.subscribe("a", task=id)
            await everything.subscribe("all")
            await called(until, lambda: bide.task(id)["status"] == "running")
            bide.process.terminate()
            await called(until, lambda: bide.send("GET", "/readyz").status == 503, "draining")
            bide.open_gate("go")
            assert words(await one.until("end"))[-2:] == [f"task.{ending}", "end"]
            await everything.until(f"task.{ending}")
            for ws in (one, everything, idle):
                assert (await ws.closed())[0] == 1001
        assert await called(bide.exited) == 0

    run(talk())


def test_clients_that_go_at_any_moment_leave_nothing_behind(serve):
    bide = serve()

    async def talk():
        id = bide.act(["until", bide.gate("go")], ["done", 1])
        for n in range(40):
            ws = await Socket(bide).__aenter__()
            for k in range(n % 7):
                await ws.say(op="subscribe", id=str(k), **({"task": id} if k % 2 else {}))
            ws.ws.transport.abort()  # the answers to its questions are on their way
        bide.open_gate("go")
        await called(bide.ended, id, "completed")

    run(talk())
    assert bide.terminate() == 0


@pytest.mark.parametrize("origin, status", [("http://evil.example", 403), ("null", 403), (None, 101), ("http://127.0.0.1:{}", 101)])
def test_a_page_of_another_origin_is_refused(bide, origin, status):
    async def talk():
        async with Socket(bide, origin=origin and origin.format(bide.port)) as ws:
            assert await ws.ask(op="ping") == {"op": "pong"}

    if status == 101:
        run(talk())
        return
    assert refused(talk()) == status


def test_a_subprotocol_that_is_not_spoken_is_refused_and_none_is_fine(bide):
    async def talk(protocols):
        async with Socket(bide, protocols=protocols) as ws:
            assert await ws.ask(op="ping") == {"op": "pong"}
            return ws.ws.subprotocol

    def answers():
        return [bide.metric("bide_http_answers_total", status=status) for status in ("1xx", "4xx")]

    before = answers()
    assert run(talk(())) is None
    assert run(talk(("chat", "bide.v1"))) == "bide.v1"
    assert refused(talk(("bide.v2",))) == 400
    assert answers() == [before[0] + 2, before[1] + 1]


def test_without_an_upgrade_it_is_refused(bide):
    answer = bide.send("GET", "/v1/ws")
    assert problem(answer, 426, "upgrade_required")
    assert (answer.headers["upgrade"], answer.headers["sec-websocket-version"]) == ("websocket", "13")
    assert bide.send("HEAD", "/v1/ws").status == 405
    problem(bide.send("POST", "/v1/ws"), 405)
    problem(bide.send("GET", "/v1/ws?type=act"), 400, "unknown_field")


def masked(**message):
    """A text frame of a client (RFC 6455 section 5.2), with a mask that changes nothing."""
    data = json.dumps(message).encode()
    assert len(data) < 126
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


def memory_kib(bide):
    text = (Path("/proc") / str(bide.process.pid) / "status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


@pytest.mark.skipif("BIDE_SANITIZER" in os.environ, reason="a sanitizer's memory is not the server's")
def test_who_subscribes_and_leaves_again_and_again_asks_the_store_for_no_more_than_a_connection_may(serve):
    """Without a bound each pair would be a question more that waits: hundreds of megabytes. Whether it hears refusals, or is closed
    for too many of them in a row, depends on how quick the store is."""
    bide = serve()

    async def talk():
        id = await called(bide.act, ["until", bide.gate("leave")], ["done", 1])
        await called(until, lambda: bide.get_json(f"/v1/tasks/{id}")["status"] == "running", "it runs")
        before = memory_kib(bide)
        most = before
        async with Socket(bide) as ws:
            pairs = b"".join(masked(op="subscribe", id=f"s{n}", task=id) + masked(op="unsubscribe", id=f"s{n}") for n in range(1000))
            ws.ws.transport.write(100 * pairs + masked(op="ping"))
            try:
                while (await ws.hear())["op"] != "pong":
                    most = max(most, memory_kib(bide))
            except websockets.ConnectionClosed as closed:
                assert closed.code == 1008, closed
        assert most - before < 32 * 1024, f"{before} KiB before, {most} at most"
        assert bide.get_json(f"/v1/tasks/{id}")["status"] == "running"
        bide.open_gate("leave")

    run(talk())
