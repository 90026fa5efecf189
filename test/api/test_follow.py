# SPDX-License-Identifier: Apache-2.0
"""Logs and streamed output, followed and read again from any point: as text, and as events that can be resumed."""
import pytest
from harness import problem, until
from streams import Stream, words


def piece(text):
    return ["say", {"op": "output", "data": text}]


def line(text):
    return ["say", {"op": "log", "text": text}]


def lines(bide, id, path="log", **more):
    """Follows as plain text, read as it comes."""
    return Stream(bide, f"/v1/tasks/{id}/{path}?follow=1", {"Accept": "*/*"}, **more)


def read(stream, n):
    return stream.answer.read(n).decode()


def test_a_log_is_followed_as_it_is_printed(bide):
    id = bide.act(line("one"), ["until", bide.gate("a1")], line("two"), ["until", bide.gate("a2")], line("three"), ["done", 1])
    first = until(lambda: bide.log(id), "the first line")
    with lines(bide, id) as stream:
        assert (stream.status, stream.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert read(stream, len(first)) == first
        bide.open_gate("a1")
        second = read(stream, len(first))
        assert "two" in second
        bide.open_gate("a2")
        rest = stream.answer.read().decode()
    assert "three" in rest
    bide.ended(id, "completed")
    assert bide.log(id) == first + second + rest
    with lines(bide, id) as again:
        assert again.answer.read().decode() == bide.log(id)


def test_output_is_followed_from_any_piece(bide):
    id = bide.act(piece("Once "), piece("upon ä "), ["until", bide.gate("b")], piece("time"), ["done", 1])
    until(lambda: bide.send("GET", f"/v1/tasks/{id}/output").headers["bide-output-next"] == "2", "two pieces")
    streams = [Stream(bide, f"/v1/tasks/{id}/output?follow=1&from={n}", {"Accept": "*/*"}) for n in range(4)]
    bide.open_gate("b")
    assert [s.answer.read().decode() for s in streams] == ["Once upon ä time", "upon ä time", "time", ""]


@pytest.mark.parametrize("path,say,name,start", [("output", piece, "data", "n"), ("log", line, "text", "from")])
def test_events_can_be_resumed_at_each_of_them(bide, path, say, name, start):
    gates = [bide.gate(f"c{path}{n}") for n in range(3)]
    id = bide.act(*[step for n in range(3) for step in (["until", gates[n]], say(f"p{n}"))], ["done", 1])
    with Stream(bide, f"/v1/tasks/{id}/{path}") as stream:
        seen = []
        for n in range(3):
            bide.open_gate(f"c{path}{n}")
            seen.append(next(stream))
        seen += list(stream)
    assert words(seen) == [f"task.{path}"] * 3 + ["end"]
    assert all(f"p{n}" in seen[n].data[name] for n in range(3))
    assert [(a.data["next"], b.data[start]) for a, b in zip(seen[:2], seen[1:3])] == [(s.data["next"],) * 2 for s in seen[:2]]
    whole = "".join(e.data[name] for e in seen[:3])
    for n, event in enumerate(seen[:-1]):
        with Stream(bide, f"/v1/tasks/{id}/{path}", {"Last-Event-ID": event.id}) as stream:
            rest = list(stream)
        assert "".join(e.data[name] for e in rest[:-1]) == whole[sum(len(e.data[name]) for e in seen[: n + 1]) :]
        assert rest[-1].data == {"reason": "completed"}
    with Stream(bide, f"/v1/tasks/{id}/{path}", {"Last-Event-ID": seen[-1].id}) as stream:
        assert stream.status == 204


def test_each_attempt_comes_after_the_other_and_one_alone_when_it_is_asked_for(bide):
    again = ["fail", {"message": "no", "retry": True}]
    id = bide.act(piece("x"), piece("y"), again, max_attempts=3, retry={"base_ms": 50})
    with Stream(bide, f"/v1/tasks/{id}/output") as stream:
        events = list(stream)
    told = "".join(e.data["data"] for e in events[:-1])
    assert (told, events[-1].data) == ("xy" * 3, {"reason": "failed"})
    assert sorted({e.data["attempt"] for e in events[:-1]}) == [1, 2, 3]
    for query, wanted in (("attempt=2", "xy"), ("attempt=2&from=1", "y"), ("", "xy"), ("attempt=4", ""), ("run=1", "xy"), ("run=2", "")):
        with Stream(bide, f"/v1/tasks/{id}/output?follow=1&{query}", {"Accept": "*/*"}) as stream:
            assert stream.answer.read().decode() == wanted, query


def text_of(stream):
    return stream.answer.read().decode()


def test_an_earlier_run_is_read_to_its_end_and_no_further(bide):
    id = bide.act(line("aaa"), line("bbb"), ["done", 1])
    bide.ended(id, "completed")
    first = bide.log(id)
    with Stream(bide, f"/v1/tasks/{id}/log") as stream:
        events = list(stream)
    assert [e.data["from"] for e in events[:-1]] == [0]
    bide.post(f"/v1/tasks/{id}/retry")
    until(lambda: bide.task(id)["run"] == 2 and bide.task(id)["status"] == "completed", "its second run")
    run, attempt, _ = events[0].id.split(".")
    with Stream(bide, f"/v1/tasks/{id}/log", {"Last-Event-ID": f"{run}.{attempt}.{first.index('bbb')}"}) as stream:
        rest = list(stream)
    assert [(e.data["run"], e.data["text"]) for e in rest[:-1]] == [(1, first[first.index("bbb"):]), (2, bide.log(id))]
    with lines(bide, id) as stream:
        assert text_of(stream) == bide.log(id)
    with Stream(bide, f"/v1/tasks/{id}/log?run=1") as stream:
        alone = list(stream)
    assert "".join(e.data["text"] for e in alone[:-1]) == first and alone[-1].data == {"reason": "attempt over"}
    with Stream(bide, f"/v1/tasks/{id}/log?run=1", {"Last-Event-ID": alone[0].id}) as stream:
        assert [e.word for e in stream] == ["end"], "it goes on behind what was heard"


def test_an_earlier_run_that_is_followed_hears_nothing_of_the_one_under_way(bide):
    id = bide.act(line("first"), ["until", bide.gate("again")], ["done", 1])
    bide.open_gate("again")
    bide.ended(id, "completed")
    first = bide.log(id)
    (bide.dir / "gate-again").unlink()
    bide.post(f"/v1/tasks/{id}/retry")
    until(lambda: bide.task(id)["status"] == "running" and bide.log(id), "the second run speaks")
    with Stream(bide, f"/v1/tasks/{id}/log?run=1") as stream:
        assert "".join(e.data.get("text", "") for e in stream) == first
    bide.open_gate("again")


def test_much_output_comes_in_pieces_of_a_bound_live_and_afterwards(bide):
    texts = [f"{n:04d}" + "\u591c" * 1000 for n in range(200)]
    id = bide.act(*[piece(text) for text in texts], ["until", bide.gate("much")], ["done", 1])
    until(lambda: bide.send("GET", f"/v1/tasks/{id}/output").headers["bide-output-next"] == "200", "all of it")
    live = []
    with Stream(bide, f"/v1/tasks/{id}/output") as stream:
        while sum(len(e.data["data"]) for e in live) < sum(map(len, texts)):
            live.append(next(stream))
    bide.open_gate("much")
    bide.ended(id, "completed")
    with Stream(bide, f"/v1/tasks/{id}/output") as stream:
        later = list(stream)[:-1]
    for events in (live, later):
        assert "".join(e.data["data"] for e in events) == "".join(texts)
        assert len(events) > 5 and max(len(e.data["data"].encode()) for e in events) < 65536 + 3100
        assert [e.data["n"] for e in events[1:]] == [e.data["next"] for e in events[:-1]]


def test_of_one_that_waits_it_begins_with_its_start(bide):
    id = bide.act(piece("x"), ["done", 1], delay_ms=300)
    with Stream(bide, f"/v1/tasks/{id}/output") as stream:
        assert [e.data.get("data") for e in stream] == ["x", None]


def test_one_that_is_cancelled_before_its_start_has_none(bide):
    id = bide.act(piece("x"), ["done", 1], delay_ms=60000)
    with Stream(bide, f"/v1/tasks/{id}/output") as stream:
        bide.post(f"/v1/tasks/{id}/cancel")
        assert [e.data for e in stream] == [{"reason": "cancelled"}]


def test_a_large_log_is_told_with_what_was_left_out(bide):
    id = bide.ended(bide.act(*[line("x" * 9000) for _ in range(60)], ["done", 1]), "completed")["id"]
    text = bide.log(id)
    assert "bytes left out" in text
    with lines(bide, id) as stream:
        assert stream.answer.read().decode() == text
    assert bide.send("GET", f"/v1/tasks/{id}/log?from=100").body.decode() == text[100:]


def test_a_flood_that_is_followed_closely_is_read_whole(bide):
    id = bide.act(["until", bide.gate("f")], *[line(f"{n:06d}" + "x" * 3000) for n in range(300)], ["done", 1])
    with lines(bide, id) as stream:
        bide.open_gate("f")
        text = stream.answer.read().decode()
    told = text.count("x" * 3000)
    assert told == 300 or "bytes left out" in text, told


def test_what_is_not_there_and_what_is_not_understood(bide):
    id = bide.act(["done", 1])
    problem(bide.send("GET", "/v1/tasks/01a1ffe8-96cd-754e-be93-691a58a8ee38/log?follow=1"), 404)
    for query in ("follow=2", "follow=yes", "from=-1"):
        problem(bide.send("GET", f"/v1/tasks/{id}/log?{query}"), 400)
    for path in ("log", "output"):
        assert bide.send("HEAD", f"/v1/tasks/{id}/{path}?follow=1").status == 200


def test_a_follower_hears_the_end_when_the_server_stops_and_leaves_nothing(serve):
    bide = serve()
    id = bide.act(piece("x"), ["until", bide.gate("go")], piece("y"), ["done", 1])
    with Stream(bide, f"/v1/tasks/{id}/output") as stream:
        assert next(stream).data["data"] == "x"
        bide.process.terminate()
        bide.open_gate("go")
        assert [e.data.get("data", e.data.get("reason")) for e in stream] == ["y", "completed"]
    assert bide.exited() == 0
