# SPDX-License-Identifier: Apache-2.0
"""What happens to tasks, as server-sent events: of one task, of all, from a submit on, and again after a break."""
import json
import threading

import pytest
from harness import problem, until
from streams import Stream, task_stream, words

LIFE = ["task.created", "task.started", "task.progress", "task.output", "task.log", "task.completed", "end"]


def progress(percent, message=""):
    return ["say", {"op": "progress", "percent": percent, "message": message}]


def follow(bide, *steps, **fields):
    """Submits, and follows in the same request."""
    return Stream(bide, "/v1/tasks", method="POST", body={"type": "act", "input": {"steps": [list(s) for s in steps]}, **fields})


def in_order(part, whole):
    rest = iter(whole)
    return all(word in rest for word in part)


def test_submit_and_follow_in_one_request(bide):
    output, log = ["say", {"op": "output", "data": "Once"}], ["say", {"op": "log", "text": "hello"}]
    with follow(bide, progress(40, "four"), output, log, ["done", {"x": "a\nb"}], subject="s", tags={"k": "v"}) as stream:
        events = list(stream)
    assert (stream.status, stream.headers["content-type"], stream.headers["cache-control"]) == (202, "text/event-stream", "no-store")
    id = events[0].data["id"]
    assert stream.headers["location"] == f"/v1/tasks/{id}"
    assert words(events) == LIFE
    by = {e.word: e.data for e in events}
    assert [e.data["status"] for e in events if "status" in e.data] == ["pending", "running", "running", "completed"]
    assert (by["task.created"]["subject"], by["task.created"]["tags"]) == ("s", {"k": "v"})
    assert by["task.progress"]["progress"] == {"percent": 40, "message": "four", "data": {}}
    assert by["task.output"] == {"id": id, "run": 1, "attempt": 1, "n": 0, "data": "Once"}
    assert (by["task.log"]["id"], "hello" in by["task.log"]["text"]) == (id, True)
    assert all("input" not in e.data for e in events)
    assert by["task.completed"]["result"] == {"x": "a\nb"}
    assert by["end"] == {"reason": "completed"}
    shown = bide.task(id)
    assert {k: v for k, v in shown.items() if k != "input"} == by["task.completed"]


def test_a_step_of_a_chain_starts_with_its_message_and_nothing_is_told_of_it_before(serve):
    steps = [{"type": "same", "name": "one", "message": "first"}, {"type": "same", "name": "two", "message": "second"}]
    bide = serve(types={"same": {"exec": ["/bin/cat"]}, "both": {"steps": steps}})
    with Stream(bide, "/v1/tasks", method="POST", body={"type": "both", "input": 1}) as stream:
        events = [(e.word, e.data.get("step"), (e.data.get("progress") or {}).get("message")) for e in stream]
    assert events == [("task.created", "one", None), ("task.started", "one", "first"), ("task.progress", "two", None),
                      ("task.started", "two", "second"), ("task.completed", "two", "second"), ("end", None, None)]


def test_the_last_event_has_the_result_unless_it_is_large(bide):
    with follow(bide, ["done", "x" * 70000]) as stream:
        last = [e for e in stream if e.word == "task.completed"][0].data
    assert (last["result"], last["result_bytes"]) == (None, 70002)


@pytest.mark.parametrize("ending,steps", [("failed", [["fail", {"message": "no", "retry": False}]]), ("completed", [["done", 1]])])
def test_of_one_that_has_ended_it_says_so_and_ends(bide, ending, steps):
    id = bide.ended(bide.act(*steps), ending)["id"]
    with task_stream(bide, id) as stream:
        events = list(stream)
    assert (stream.status, words(events)) == (200, [f"task.{ending}", "end"])
    assert events[0].data["result"] == (1 if ending == "completed" else None)
    with task_stream(bide, id, stream.last) as again:
        assert (again.status, again.answer.read()) == (204, b"")


def test_a_retry_of_one_that_was_seen_to_end_is_news(bide):
    id = bide.ended(bide.act(["done", 1]), "completed")["id"]
    with task_stream(bide, id) as stream:
        list(stream)
    bide.post(f"/v1/tasks/{id}/retry")
    with task_stream(bide, id, stream.last) as again:
        assert again.status == 200
        events = list(again)
    assert (words(events)[-2:], events[-2].data["run"]) == (["task.completed", "end"], 2)


def test_retries_are_told_and_each_start(bide):
    again = ["fail", {"message": "no", "retry": True}]
    with follow(bide, again, max_attempts=3, retry={"base_ms": 1}) as stream:
        events = list(stream)
    assert words(events) == ["task.created", *["task.started", "task.retrying"] * 2, "task.started", "task.failed", "end"]
    assert [e.data["error"]["attempt"] for e in events if e.word == "task.retrying"] == [1, 2]
    assert events[-2].data["error"]["message"] == "no"


def test_who_comes_back_hears_what_happened_meanwhile_and_nothing_twice(bide):
    gates = ["until", bide.gate("a7")], ["until", bide.gate("b7")]
    with follow(bide, progress(10), gates[0], progress(20), progress(30), gates[1], ["done", 1]) as stream:
        before = stream.until("task.progress")
    id = before[0].data["id"]
    bide.open_gate("a7")
    until(lambda: (bide.task(id)["progress"] or {}).get("percent") == 30, "progress while nobody listens")
    with task_stream(bide, id, stream.last) as stream:
        missed = [next(stream), next(stream)]
        bide.open_gate("b7")
        rest = list(stream)
    assert [e.data["progress"]["percent"] for e in missed] == [20, 30]
    assert words(rest) == ["task.completed", "end"]
    ids = [e.id for e in before + missed + rest]
    assert len(set(ids)) == len(ids)


def test_resumed_at_every_event_the_life_is_whole(bide):
    with follow(bide, progress(1), progress(2), ["say", {"op": "output", "data": "x"}], progress(3), ["done", 1]) as stream:
        whole = list(stream)
    for n, event in enumerate(whole[:-1]):
        with task_stream(bide, whole[0].data["id"], event.id) as stream:
            assert [(e.word, e.text) for e in stream] == [(e.word, e.text) for e in whole[n + 1 :]], event


def test_the_end_was_seen_also_of_an_earlier_server(serve):
    bide = serve()
    id = bide.ended(bide.act(["done", 1]), "completed")["id"]
    with task_stream(bide, id) as stream:
        list(stream)
    bide.restart9()
    with task_stream(bide, id, stream.last) as again:
        assert again.status == 204


def test_after_a_crash_the_state_is_told_as_a_reset(serve):
    bide = serve()
    with follow(bide, progress(10), ["until", bide.gate("go9")], ["done", 1]) as stream:
        before = stream.until("task.progress")
        bide.restart9()
    with task_stream(bide, before[0].data["id"], before[-1].id) as stream:
        first = next(stream)
        bide.open_gate("go9")
        rest = list(stream)
    assert (first.word, first.data["id"]) == ("reset", before[0].data["id"])
    assert words(rest)[-2:] == ["task.completed", "end"]


@pytest.mark.parametrize("last", ["nonsense", "1-2-3", "1a2088ee860-1-99999999", "x" * 300, "ffffffffffffffff-1-1", "1-2-3-endx"])
def test_a_place_that_is_not_known_is_a_reset(bide, last):
    id = bide.act(["until", bide.gate(last[:9] + "go11")], ["done", 1])
    with task_stream(bide, id, last) as stream:
        first = next(stream)
        assert (first.word, first.data["id"]) == ("reset", id)
        bide.open_gate(last[:9] + "go11")
        assert words(stream)[-2:] == ["task.completed", "end"]


def test_who_is_slow_holds_nobody_up_and_is_told_that_it_missed_something(serve):
    bide = serve()
    lines = [["say", {"op": "log", "text": "y" * 60000}] for _ in range(200)]
    id = bide.act(["until", bide.gate("go")], *lines, ["done", 1])
    with task_stream(bide, id, small=True) as slow, Stream(bide, "/v1/events?kind=completed") as quick:
        next(slow)
        bide.open_gate("go")
        quick.until("task.completed")  # 12 MB later
        seen = words(slow)
        assert "reset" in seen and seen.count("task.log") < 400, "the ring holds 4 MiB"
        assert seen[-2:] == ["task.completed", "end"] or seen[-2:] == ["reset", "end"]
    assert bide.metric("bide_streams_cut_total") >= 1


def test_a_cancel_an_expiry_and_a_replacement_are_told(serve):
    bide = serve(queues={"default": {"concurrency": 2}}, pool={"instances": 2})
    waits = ["until", bide.gate("never13")]
    bide.act(waits), bide.act(waits)  # the queue is busy
    until(lambda: len(bide.get_json("/v1/tasks?status=running")["items"]) == 2, "both places taken")
    with Stream(bide, "/v1/events") as stream:
        a, b = bide.act(["done", 1]), bide.act(["done", 1], start_within_ms=1)
        bide.post(f"/v1/tasks/{a}/cancel")
        c = bide.act(["done", 1], key="k")
        d = bide.act(["done", 1], key="k", on_conflict="replace")
        wanted = {("task.cancelled", a), ("task.expired", b), ("task.cancelled", c), ("task.created", d)}
        seen = set()
        while not wanted <= seen:
            event = next(stream)
            seen.add((event.word, event.data["id"]))
            assert event.word in ("task.created", "task.started") or event.data["status"] == event.word[5:], event
    for task in bide.get_json("/v1/tasks?status=running")["items"]:
        bide.post(f"/v1/tasks/{task['id']}/cancel")


def test_all_filtered(serve):
    bide = serve()
    streams = {
        query: Stream(bide, f"/v1/events?{query}")
        for query in ("type=act", "queue=default&kind=completed", "subject=s1", "tag=k:v1", "tag=k:v1&tag=l:w", "kind=task.completed,output", "type=none")
    }
    say = ["say", {"op": "output", "data": "x"}]
    ids = [bide.act(say, ["done", 1], subject=f"s{n}", tags={"k": f"v{n}", "l": "w"}) for n in range(3)]
    for id in ids:
        bide.ended(id, "completed")

    def seen(query, n):
        return [(e.data["id"], e.word) for e in (next(streams[query]) for _ in range(n))]

    life = ["task.created", "task.started", "task.completed"]
    assert sorted(seen("type=act", 9)) == sorted((id, word) for id in ids for word in life)
    assert sorted(seen("queue=default&kind=completed", 3)) == sorted((id, "task.completed") for id in ids)
    for query in ("subject=s1", "tag=k:v1", "tag=k:v1&tag=l:w"):
        assert seen(query, 3) == [(ids[1], word) for word in life]
    assert sorted(seen("kind=task.completed,output", 6)) == sorted((id, w) for id in ids for w in ("task.completed", "task.output"))
    assert streams["type=none"].comments == 0
    for stream in streams.values():
        stream.close()


def test_all_goes_on_after_a_break_or_says_that_it_cannot(serve):
    bide = serve()
    with Stream(bide, "/v1/events") as stream:
        bide.ended(bide.act(["done", 1]), "completed")
        stream.until("task.completed")
        place = stream.last
    id = bide.ended(bide.act(["done", 1]), "completed")["id"]
    with Stream(bide, "/v1/events", {"Last-Event-ID": place}) as stream:
        assert [(e.word, e.data["id"]) for e in stream.until("task.completed")] == [(w, id) for w in ("task.created", "task.started", "task.completed")]
    with Stream(bide, "/v1/events", {"Last-Event-ID": "1-1-1"}) as stream:
        assert (next(stream).word, stream.status) == ("reset", 200)


def test_many_follow_one_task_and_hear_the_same(bide):
    gate = ["until", bide.gate("go16")]
    id = bide.act(gate, progress(5), ["done", 1])
    streams = [task_stream(bide, id) for _ in range(50)]
    for stream in streams:
        next(stream)
    bide.open_gate("go16")
    seen = [[(e.word, e.text) for e in stream if e.word != "task.started"] for stream in streams]
    assert all(one == seen[0] for one in seen)
    assert [w for w, _ in seen[0]] == ["task.progress", "task.completed", "end"]


def test_progress_in_a_flood_is_told_now_and_then_and_as_it_stands_at_last(bide):
    with follow(bide, *[progress(n / 10) for n in range(1000)], ["until", bide.gate("go17")], ["done", 1]) as stream:
        told = []
        for event in stream:
            told += [event.data["progress"]["percent"]] if event.word == "task.progress" else []
            if told and told[-1] == 99.9:
                break
    assert told == sorted(told) and len(told) < 1000
    bide.open_gate("go17")


def test_head_and_what_is_not_understood(bide):
    id = bide.act(["done", 1])
    for target in (f"/v1/tasks/{id}/events", "/v1/events"):
        head = bide.send("HEAD", target)
        assert (head.status, head.headers["content-type"], head.body) == (200, "text/event-stream", b"")
    problem(bide.send("GET", "/v1/tasks/01a1ffe8-96cd-754e-be93-691a58a8ee38/events"), 404)
    for query in ("kind=sneezed", "kind=", "since=1", "tag=x"):
        problem(bide.send("GET", f"/v1/events?{query}"), 400)
    problem(bide.send("POST", "/v1/events"), 405)


def test_a_stop_ends_the_streams_when_what_runs_has_been_told(serve):
    bide = serve()
    id = bide.act(["until", bide.gate("go19")], ["done", 1])
    with task_stream(bide, id) as one, Stream(bide, "/v1/events") as everything:
        next(one)
        until(lambda: bide.task(id)["status"] == "running", "running")
        bide.process.terminate()
        bide.open_gate("go19")
        assert words(one)[-2:] == ["task.completed", "end"]
        assert words(everything)[-1] == "task.completed"
        assert bide.exited() == 0


def test_a_submit_that_is_refused_is_no_stream(bide):
    with Stream(bide, "/v1/tasks", method="POST", body={"type": "unknown"}) as stream:
        assert (stream.status, stream.headers["content-type"]) == (422, "application/problem+json") or stream.status == 400


def test_of_a_key_that_is_held_its_holder_is_followed(bide):
    id = bide.act(["until", bide.gate("go21")], ["done", 1], key="k")
    body = {"type": "act", "key": "k", "on_conflict": "existing"}
    with Stream(bide, "/v1/tasks", method="POST", body=body) as stream:
        assert (stream.status, next(stream).data["id"]) == (200, id)
        bide.open_gate("go21")
        assert words(stream)[-1] == "end"


def test_a_reader_that_has_gone_is_noticed_at_once(serve):
    bide = serve()
    id = bide.act(["until", bide.gate("never")], delay_ms=3_600_000)
    open_ones = [task_stream(bide, id), Stream(bide, "/v1/events"), Stream(bide, f"/v1/tasks/{id}/log")]
    until(lambda: bide.metric("bide_streams") == 3, "three listen")
    for stream in open_ones:
        stream.close()
    until(lambda: bide.metric("bide_streams") == 0, "nobody does")


def test_readers_that_go_leave_nothing_behind(serve):
    bide = serve()
    id = bide.act(["until", bide.gate("go22")], ["done", 1])
    threads = [threading.Thread(target=lambda: task_stream(bide, id).close()) for _ in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    bide.open_gate("go22")
    bide.ended(id, "completed")
    assert bide.terminate() == 0


def test_a_result_with_any_line_ends_is_one_event(serve):
    bide = serve(types={"say": {"exec": ["/bin/printf", '{"a":1,\r"b":2,\r\n"c":3,\n\r"d":4\r\r}']}})
    id = bide.submit("say")["id"]
    bide.ended(id, "completed")
    with Stream(bide, f"/v1/tasks/{id}/events") as stream:
        raw = stream.answer.read()
    assert b"\r" not in raw
    [event] = [block for block in raw.decode().split("\n\n") if "event: task.completed" in block]
    data = "\n".join(line[6:] for line in event.split("\n") if line.startswith("data: "))
    assert json.loads(data)["result"] == {"a": 1, "b": 2, "c": 3, "d": 4}
