# SPDX-License-Identifier: Apache-2.0
"""bide.client.Client and bide.aio.AsyncClient against a server that plays a part: every method of both sends the
request that the API documents, and reads the answer. Each test runs with both clients."""
import datetime
import inspect
import json
import re
from pathlib import Path

import pytest
from fake_server import FakeServer, answer, problem

from bide import problems
from bide.aio import AsyncClient
from bide.client import Client, Event

TASK = {"id": "t1", "status": "completed"}
MOMENT = datetime.datetime(2026, 11, 21, 20, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))


def page(*items, cursor=None):
    return {"items": list(items), "next_cursor": cursor}


class Stream(bytes):
    """An answer of server-sent events."""


ENDED = Stream(b'retry: 100\n:\n\nid: 9\nevent: end\ndata: {"reason":\ndata: "x"}\n\n')
PIECES = Stream('event: task.output\r\ndata: {"data": "ä\\n"}\r\n\r\ndata: {"text": "b"}\n\n'.encode() + ENDED)

# method, arguments, named arguments; request: method, target, body; answer; what the method returns
COUNTS = {"matched": 4, "changed": 3, "skipped": 1, "more": False}
CALLS = [
    ("submit", ["t", {"a": 1}], {"priority": 5}, "POST /v1/tasks", {"type": "t", "input": {"a": 1}, "priority": 5}, TASK, TASK),
    ("submit", ["t"], {"share": True, "notify": {"title": "x"}}, "POST /v1/tasks?share=1", {"type": "t", "input": {}, "notify": {"title": "x"}}, TASK, TASK),
    ("submit", ["t"], {"run_at": MOMENT}, "POST /v1/tasks", {"type": "t", "input": {}, "run_at": "2026-11-21T12:00:00.000Z"}, TASK, TASK),
    ("submit", ["t"], {"on_success": [{"type": "u", "run_at": MOMENT, "on_failure": ({"type": "v", "run_at": MOMENT},)}], "on_failure": []},
     "POST /v1/tasks", {"type": "t", "input": {}, "on_failure": [], "on_success": [{"type": "u", "run_at": "2026-11-21T12:00:00.000Z",
      "on_failure": [{"type": "v", "run_at": "2026-11-21T12:00:00.000Z"}]}]}, TASK, TASK),
    ("submit", ["t"], {"on_success": {"type": "u"}, "on_failure": ["v"]}, "POST /v1/tasks",
     {"type": "t", "input": {}, "on_success": {"type": "u"}, "on_failure": ["v"]}, TASK, TASK),
    ("submit_many", [[{"type": "a", "input": 1}, {"type": "b"}]], {}, "POST /v1/tasks:batch",
     [{"type": "a", "input": 1}, {"type": "b", "input": {}}],
     {"items": [{"index": 1, "status": 422, "error": {}}, {"index": 0, "status": 202, "id": "t1"}]},
     [{"index": 0, "status": 202, "id": "t1"}, {"index": 1, "status": 422, "error": {}}]),
    ("get", ["a/b"], {}, "GET /v1/tasks/a%2Fb", None, TASK, TASK),
    ("latest", ["chapter 7"], {}, "GET /v1/tasks/latest?subject=chapter+7", None, TASK, TASK),
    ("latest", ["a"], {"type": "notes"}, "GET /v1/tasks/latest?subject=a&type=notes", None, TASK, TASK),
    ("wait", ["t1"], {"timeout": 7}, "GET /v1/tasks/t1?wait=7", None, TASK, TASK),
    ("list", [], {"status": "failed", "tag": "a:b", "queue": None}, "GET /v1/tasks?limit=50&status=failed&tag=a%3Ab", None, page(TASK), [TASK]),
    ("page", [], {"cursor": "c", "limit": 2, "type": "t"}, "GET /v1/tasks?limit=2&type=t&cursor=c", None, page(TASK, cursor="d"), ([TASK], "d")),
    ("result", ["t1"], {}, "GET /v1/tasks/t1/result", None, [1, 2], [1, 2]),
    ("log", ["t1"], {"run": 1, "attempt": 2}, "GET /v1/tasks/t1/log?run=1&attempt=2", None, b"said\n", "said\n"),
    ("output", ["t1"], {"attempt": 2}, "GET /v1/tasks/t1/output?attempt=2", None, "Once upon ä".encode(), "Once upon ä"),
    ("events", [], {"type": "t", "kind": ["completed", "failed"], "last_id": "7"}, "GET /v1/events?type=t&kind=completed%2Cfailed", None, ENDED, [Event("end", {"reason": "x"}, "9")]),
    ("follow", ["a/b"], {}, "GET /v1/tasks/a%2Fb/events", None, ENDED, [Event("end", {"reason": "x"}, "9")]),
    ("follow_output", ["t1"], {"start": 3}, "GET /v1/tasks/t1/output?follow=1&from=3", None, PIECES, ["ä\n", "b"]),
    ("follow_log", ["t1"], {}, "GET /v1/tasks/t1/log?follow=1", None, None, []),
    ("attempts", ["t1"], {}, "GET /v1/tasks/t1/attempts", None, page({"attempt": 1}), [{"attempt": 1}]),
    ("cancel", ["t1"], {}, "POST /v1/tasks/t1/cancel", None, TASK, TASK),
    ("retry", ["t1"], {}, "POST /v1/tasks/t1/retry", None, TASK, TASK),
    ("cancel_all", [], {"queue": "gpu", "created_before": MOMENT}, "POST /v1/tasks:cancel",
     {"queue": "gpu", "created_before": "2026-11-21T12:00:00.000Z"}, COUNTS, COUNTS),
    ("retry_all", [], {"everything": True}, "POST /v1/tasks:retry", {"created_after": "1970-01-01T00:00:01Z"}, COUNTS, COUNTS),
    ("update", ["t1"], {"priority": 9, "tags": {"a": None}}, "PATCH /v1/tasks/t1", {"priority": 9, "tags": {"a": None}}, TASK, TASK),
    ("delete", ["t1"], {}, "DELETE /v1/tasks/t1", None, None, None),
    ("complete", ["t1", 5], {}, "POST /v1/tasks/t1/complete", {"result": 5}, TASK, TASK),
    ("fail", ["t1", "no_voice", "silent"], {"type": "T"}, "POST /v1/tasks/t1/fail", {"code": "no_voice", "message": "silent", "type": "T"}, TASK, TASK),
    ("notifications", [], {"unread_only": True, "subject": "a b"}, "GET /v1/notifications?limit=50&unread_only=true&subject=a+b", None,
     {"unread": 1, **page({"id": "n1"})}, [{"id": "n1"}]),
    ("unread_notifications", [], {}, "GET /v1/notifications?limit=1", None, {"unread": 3, **page()}, 3),
    ("unread_notifications", ["a"], {}, "GET /v1/notifications?subject=a&limit=1", None, {"unread": 2, **page()}, 2),
    ("read_notification", ["n/1"], {}, "POST /v1/notifications/n%2F1/read", None, {"id": "n1"}, {"id": "n1"}),
    ("read_all_notifications", [], {}, "POST /v1/notifications/read-all", {}, {"read": 4}, 4),
    ("read_all_notifications", ["a"], {}, "POST /v1/notifications/read-all", {"subject": "a"}, {"read": 0}, 0),
    ("queues", [], {}, "GET /v1/queues", None, page({"name": "q"}), [{"name": "q"}]),
    ("queue", ["q"], {}, "GET /v1/queues/q", None, {"name": "q"}, {"name": "q"}),
    ("pause", ["q"], {}, "POST /v1/queues/q/pause", None, {"name": "q"}, {"name": "q"}),
    ("resume", ["q"], {}, "POST /v1/queues/q/resume", None, {"name": "q"}, {"name": "q"}),
    ("drain", ["q"], {}, "POST /v1/queues/q/drain", None, {"name": "q"}, {"name": "q"}),
    ("purge", ["q"], {}, "POST /v1/queues/q/purge", None, COUNTS, COUNTS),
    ("update_queue", ["q"], {"concurrency": 3}, "PATCH /v1/queues/q", {"concurrency": 3}, {"name": "q"}, {"name": "q"}),
    ("workers", [], {}, "GET /v1/workers", None, page({"id": "w-1"}), [{"id": "w-1"}]),
    ("recycle_worker", ["w-1"], {}, "POST /v1/workers/w-1/recycle", None, {"id": "w-1"}, {"id": "w-1"}),
    ("stop_worker", ["w-1"], {}, "POST /v1/workers/w-1/stop", None, {"id": "w-1"}, {"id": "w-1"}),
    ("stats", [], {}, "GET /v1/stats", None, {"tasks": {}}, {"tasks": {}}),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=[f"{call[0]}-{n}" for n, call in enumerate(CALLS)])
def test_a_method_sends_its_request_and_reads_the_answer(connect, call):
    method, args, named, line, body, said, returned = call
    events = isinstance(said, Stream)
    with FakeServer(answer(said, 200 if said is not None else 204, **({"kind": "text/event-stream"} if events else {}))) as server:
        assert connect(server)(method, *args, **named) == returned
        [(verb, target, headers, sent)] = server.requests
    assert f"{verb} {target}" == line
    assert (json.loads(sent) if sent else None) == body
    kind = {"PATCH": "application/merge-patch+json"}.get(verb, "application/json")
    assert headers.get("content-type") == (kind if body is not None else None)


def test_every_public_method_has_a_call_here_and_both_clients_have_the_same():
    def methods(kind):
        return {name: m for name, m in vars(kind).items() if not name.startswith("_") and callable(m)}

    ours, theirs = methods(Client), methods(AsyncClient)
    assert set(ours) == set(theirs) == {call[0] for call in CALLS} | {"close"}
    for name, method in ours.items():
        parameters = inspect.signature(method).parameters
        assert parameters == inspect.signature(theirs[name]).parameters
        assert method.__doc__ and theirs[name].__doc__ in (method.__doc__, "Closes the idle connections. The client may be used again.")


def test_a_token_and_the_headers_of_a_submit_are_sent(connect):
    with FakeServer(answer(TASK, 202)) as server:
        connect(server, token="secret")("submit", "t", wait=2.5, idempotency_key="order 7")
        headers = server.requests[0][2]
    assert headers["authorization"] == "Bearer secret"
    assert headers["prefer"] == "wait=2.5"
    assert headers["idempotency-key"] == "order 7"


def test_the_environment_names_the_server_and_the_token(connect, monkeypatch):
    with FakeServer(answer({})) as server:
        monkeypatch.setenv("BIDE_SERVER", server.url + "/behind/")
        monkeypatch.setenv("BIDE_TOKEN", "from there")
        connect("")("stats")
        assert server.requests[0][1] == "/behind/v1/stats"
        assert server.requests[0][2]["authorization"] == "Bearer from there"


def test_an_error_is_the_exception_of_its_code(connect):
    errors = [{"pointer": "/inpt", "detail": "not known"}]
    with FakeServer(problem(400, "unknown_field", errors=errors), problem(429, "queue_full", "Retry-After: 7")) as server:
        client = connect(server)
        with pytest.raises(problems.UnknownField) as caught:
            client("submit", "t", inpt=1)
        assert (caught.value.errors, caught.value.request_id, caught.value.status) == (errors, "r1", 400)
        assert str(caught.value) == "unknown_field: a detail; /inpt: not known"
        with pytest.raises(problems.QueueFull) as caught:
            client("submit", "t")
        assert caught.value.retry_after == 7
    with FakeServer(problem(418, "a_later_versions"), answer(b"<html>", 500)) as server:
        client = connect(server)
        for code in ("a_later_versions", "problem"):
            with pytest.raises(problems.Problem) as caught:
                client("stats")
            assert type(caught.value) is problems.Problem and caught.value.code == code


PROXY = answer(b"<html>", 502), answer({"message": "no server"}, 503), answer(b"<html>", 504)


def test_what_a_proxy_says_of_a_server_that_is_not_there_is_away(connect):
    with FakeServer(*PROXY, problem(504, "timeout")) as server:
        client = connect(server)
        for status in (502, 503, 504):
            with pytest.raises(problems.Away) as caught:
                client("stats")
            assert (caught.value.status, caught.value.code) == (status, "away")
        with pytest.raises(problems.Timeout):
            client("stats")


def test_there_is_an_exception_for_each_row_of_err_def():
    table = (Path(__file__).parents[2] / "src/base/err.def").read_text()
    rows = re.findall(r'^ERR\(\w+, (\d+), \d+, "(\w+)", "(.*)"\)$', table, re.M)
    assert len(rows) > 30
    for status, code, text in rows:
        kind = type(problems.problem_of(int(status), {"code": code}))
        name = "".join(word.capitalize() for word in code.split("_"))
        assert kind is not problems.Problem and kind.code == code, (
            f"bide/problems.py has no class for a row of err.def; add\n\n"
            f'class {name}(Problem):\n    """{status}: {text}."""\n\n    code = "{code}"\n'
        )
        assert kind.__doc__.startswith(f"{status}: ") or kind is problems.Away, kind


def test_a_result_that_says_it_is_json_and_is_not_is_a_problem_and_no_result(connect):
    with FakeServer(answer(b"{half")) as server, pytest.raises(problems.Problem, match="not JSON .*half"):
        connect(server)("result", "t1")


def test_a_result_that_is_not_there_yet_or_never_will_be(connect):
    with FakeServer(answer(TASK, 202, "Retry-After: 3"), problem(409, "conflict", error={"code": "x"}), answer(b"\0\1", kind="audio/wav")) as server:
        client = connect(server)
        with pytest.raises(problems.NotEnded) as caught:
            client("result", "t1")
        assert caught.value.retry_after == 3
        with pytest.raises(problems.Conflict) as caught:
            client("result", "t1")
        assert caught.value.body["error"] == {"code": "x"}
        assert client("result", "t1") == b"\0\1"


def test_a_list_goes_from_page_to_page(connect):
    with FakeServer(answer(page(1, 2, cursor="c 1")), answer(page(cursor="c2")), answer(page(3))) as server:
        assert connect(server)("list", limit=2) == [1, 2, 3]
        assert [request[1] for request in server.requests] == [
            "/v1/tasks?limit=2", "/v1/tasks?limit=2&cursor=c+1", "/v1/tasks?limit=2&cursor=c2"]  # fmt: skip


def test_a_wait_outlasts_a_server_that_restarts_but_not_one_that_was_never_there(connect):
    running = {"id": "t1", "status": "running"}
    with FakeServer(answer(running), problem(503, "draining"), lambda _: None, *PROXY, answer(TASK)) as server:
        assert connect(server)("wait", "t1") == TASK
        assert len(server.requests) >= 7
    with FakeServer(problem(503, "draining")) as server, pytest.raises(problems.Draining):
        connect(server)("wait", "t1")
    with FakeServer(answer(running), problem(404, "not_found")) as server, pytest.raises(problems.NotFound):
        connect(server)("wait", "t1")


def test_a_wait_takes_a_breath_between_answers_that_come_at_once_and_gives_up_in_time(connect):
    with FakeServer(answer({"id": "t1", "status": "running"})) as server:
        with pytest.raises(problems.WaitTimeout) as caught:
            connect(server)("wait", "t1", timeout=0.5)
        assert caught.value.task["status"] == "running" and isinstance(caught.value, TimeoutError)
        assert 2 <= len(server.requests) <= 8


def test_what_cannot_be_sent_is_told_before_anything_is_sent(connect):
    with FakeServer(answer(TASK)) as server:
        client = connect(server)
        for kind, act in [
            (ValueError, lambda: client("submit", "t", float("nan"))),
            (TypeError, lambda: client("submit", "t", object())),
            (ValueError, lambda: client("submit", "t", run_at=datetime.datetime(2026, 1, 1))),
            (problems.TooLarge, lambda: client("submit", "t", "x" * (17 * 1024 * 1024))),
            (ValueError, lambda: client("cancel_all")),
            (ValueError, lambda: client("retry_all", queue=None)),
        ]:
            with pytest.raises(kind):
                act()
        assert server.requests == []
    for url in ("ftp://x", "http://", "unix:", "localhost:80"):
        with pytest.raises(ValueError, match="not a server's URL"):
            connect(url)
