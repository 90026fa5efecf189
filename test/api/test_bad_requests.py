# SPDX-License-Identifier: Apache-2.0
"""Hostile and mistaken requests: each is refused with a problem that says where, and the server goes on."""
import json
import socket

import openapi
import pytest
from harness import PATIENCE, pointers, problem


@pytest.fixture(autouse=True)
def still_there(bide):
    yield
    assert bide.send("GET", "/livez").status == 200


def raw(bide, data, close=False):
    """Sends bytes on a new connection; returns all that comes until the server closes or one answer is whole."""
    got = exchange(bide, data, close)
    openapi.check_bytes(data, got)
    return got


def exchange(bide, data, close):
    with socket.create_connection(("127.0.0.1", bide.port), timeout=PATIENCE) as sock:
        sock.sendall(data)
        if close:
            sock.shutdown(socket.SHUT_WR)
        got = b""
        while True:
            head, sep, body = got.partition(b"\r\n\r\n")
            if sep:
                lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if lengths and len(body) >= int(lengths[0].split(b":")[1]):
                    return got
            try:
                more = sock.recv(65536)
            except ConnectionResetError:
                return got
            if not more:
                return got
            got += more


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer else 0


JSON_TEXTS = {
    "empty": b"",
    "not json": b"hello",
    "cut short": b'{"type":"cat"',
    "trailing": b'{"type":"cat"} x',
    "two": b'{"type":"cat"}{"type":"cat"}',
    "trailing comma": b'{"type":"cat",}',
    "single quotes": b"{'type':'cat'}",
    "leading zero": b'{"type":"cat","priority":01}',
    "plus": b'{"type":"cat","priority":+1}',
    "nan": b'{"type":"cat","input":NaN}',
    "bare dot": b'{"type":"cat","input":1.}',
    "control byte": b'{"type":"cat","input":"a\nb"}',
    "bad escape": b'{"type":"cat","input":"\\x41"}',
    "lone surrogate": b'{"type":"cat","input":"\\ud800"}',
    "byte order mark": b'\xef\xbb\xbf{"type":"cat"}',
    "comment": b'{"type":"cat"/**/}',
    "bad utf-8": b'{"type":"cat","input":"\xff"}',
    "overlong utf-8": b'{"type":"cat","input":"\xc0\x80"}',
    "surrogate in utf-8": b'{"type":"cat","input":"\xed\xa0\x80"}',
    "utf-8 in a name": b'{"type":"cat","\xff":1}',
    "beyond unicode": b'{"type":"cat","input":"\xf4\x90\x80\x80"}',
    "duplicate": b'{"type":"cat","type":"fail"}',
    "duplicate in input": b'{"type":"cat","input":{"a":1,"b":{"c":1,"c":2}}}',
    "duplicate by escape": b'{"type":"cat","input":{"ab":1,"a\\u0062":2}}',
    "deep": b'{"type":"cat","input":' + b"[" * 100 + b"]" * 100 + b"}",
    "very deep": b'{"type":"cat","input":' + b"[" * 500_000 + b"]" * 500_000 + b"}",
    "deep objects": b'{"type":"cat","input":' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}",
}


@pytest.mark.parametrize("name", JSON_TEXTS)
def test_what_is_not_json_is_refused(bide, name):
    before = len(bide.listed())
    problem(bide.post("/v1/tasks", JSON_TEXTS[name]), 400)
    assert len(bide.listed()) == before


def test_depth_64_is_accepted_and_65_is_not(bide):
    def nested(levels):  # the body itself is one
        return b'{"type":"cat","input":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"

    assert bide.post("/v1/tasks", nested(64)).status == 202
    problem(bide.post("/v1/tasks", nested(66)), 400)


@pytest.mark.parametrize("text", [b"[]", b"null", b'"cat"', b"1"])
def test_a_body_that_is_no_object_is_refused(bide, text):
    problem(bide.post("/v1/tasks", text), 400)


WRONG = {
    "/type": [None, 1, [], "x" * 1000],
    "/queue": [5, {}],
    "/priority": ["high", 101, -101, 1.5, True, 10**30],
    "/max_attempts": [0, -1, "3", 1001],
    "/cache": [7, "1h", True, [], {}, {"version": "1"}],
    "/cache/ttl_ms": [],
    "/limit_key": ["", 7, "x" * 201],
    "/batch_key": ["", [], "x" * 201],
    "/cost": [0, -1, "2", None, 1e13],
    "/delay_ms": [-1, "1s", 10**18],
    "/run_at": ["tomorrow", 1700000000, "2026-13-01T00:00:00Z", "2026-11-21 20:00:00"],
    "/timeout_ms": [0, -5, "1h"],
    "/grace_ms": [-1, "x"],
    "/start_within_ms": [0, -1, "x"],
    "/subject": [7, "x" * 501],
    "/tags": ["a", [], {"k": "v" * 501}, {"k" * 101: "v"}, {"a": 1}, {str(n): "v" for n in range(33)}],
    "/retry/backoff": [{"backoff": "linear"}],
    "/retry/base_ms": [{"base_ms": -1}, {"base_ms": "5s"}],
    "/retry/jitter": [{"jitter": "some"}],
    "/retry": ["fast", 3, {"wait": 1}],
}
CASES = [(pointer, value) for pointer, values in WRONG.items() for value in values]


@pytest.mark.parametrize("pointer,value", CASES, ids=[f"{p}-{str(v)[:20]}" for p, v in CASES])
def test_a_member_of_the_wrong_kind_or_range_is_pointed_at(bide, pointer, value):
    body = {"type": "cat", "delay_ms": 100_000, pointer.split("/")[1]: value}
    if pointer == "/run_at":
        del body["delay_ms"]
    answer = bide.post("/v1/tasks", body)
    problem(answer, 400)
    assert any(found.startswith(pointer) for found in pointers(answer)), answer


def test_an_unknown_field_is_pointed_at(bide):
    answer = bide.post("/v1/tasks", {"type": "cat", "prioritee": 5})
    problem(answer, 400, "unknown_field")
    assert pointers(answer) == ["/prioritee"]


def test_a_pointer_escapes_what_a_pointer_must(bide):
    answer = bide.post("/v1/tasks", {"type": "cat", "a/b~c": 5})
    assert pointers(answer) == ["/a~1b~0c"]


def test_a_missing_type_is_pointed_at(bide):
    answer = bide.post("/v1/tasks", {"input": {}})
    problem(answer, 400)
    assert pointers(answer) == ["/type"]


def test_run_at_and_delay_ms_together_are_refused(bide):
    problem(bide.post("/v1/tasks", {"type": "cat", "delay_ms": 5, "run_at": "2099-01-01T00:00:00Z"}), 400)


def test_an_unknown_type_or_queue_is_refused(bide):
    answer = bide.post("/v1/tasks", {"type": "catt"})
    problem(answer, 422, "unknown_type")
    assert pointers(answer) == ["/type"]
    problem(bide.post("/v1/tasks", {"type": ""}), 422, "unknown_type")
    assert "catt" in json.dumps(answer.json)
    answer = bide.post("/v1/tasks", {"type": "xyzzyx"})
    assert "; it has: act, cat, " in answer.json["detail"]
    answer = bide.post("/v1/tasks", {"type": "cat", "queue": "nowhere"})
    problem(answer, 422, "unknown_queue")
    assert pointers(answer) == ["/queue"]


def test_an_input_over_the_limit_is_refused(bide):
    problem(bide.post("/v1/tasks", b'{"type":"cat","input":"' + b"x" * (16 * 1024 * 1024) + b'"}'), 413, "too_large")
    answer = raw(
        bide,
        b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n",
    )
    assert status_of(answer) == 413


def test_another_media_type_or_encoding_is_refused(bide):
    problem(bide.post("/v1/tasks", b"type=cat", {"Content-Type": "application/x-www-form-urlencoded"}), 415)
    problem(bide.post("/v1/tasks", b'{"type":"cat"}', {"Content-Encoding": "gzip"}), 415)
    assert bide.post("/v1/tasks", b'{"type":"cat"}', {"Content-Type": "application/json; charset=utf-8"}).status == 202


@pytest.mark.parametrize(
    "id",
    [
        "1",
        "x" * 36,
        "01a1ffe8-96cd-754e-be93-691a58a8ee3",
        "01a1ffe8-96cd-754e-be93-691a58a8ee388",
        "01a1ffe8-96cd-754e-be93-691a58a8ee38",
        "%2e%2e%2f",
        "%00",
        "%ff",
    ],
)
def test_an_id_that_is_none_or_unknown_is_404(bide, id):
    for method, path in [("GET", ""), ("GET", "/result"), ("GET", "/log"), ("POST", "/cancel"), ("POST", "/retry")]:
        answer = bide.send(method, f"/v1/tasks/{id}{path}")
        assert answer.status in (400, 404), answer
        problem(answer, answer.status)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/tasks/", "/v1/tasksx", "/V1/tasks", "/v2/tasks", "/v1//tasks", "/.."])
def test_an_unknown_path_is_404(bide, path):
    if path != "/":  # may be a page for people
        answer = bide.send("GET", path)
        assert answer.status in (400, 404), answer


def test_a_method_that_a_path_does_not_have_is_405_with_allow(bide):
    answer = bide.send("PUT", "/v1/tasks", {"type": "cat"})
    problem(answer, 405, "method_not_allowed")
    assert {"GET", "POST"} <= {word.strip() for word in answer.headers["allow"].split(",")}
    id = bide.submit("cat")["id"]
    answer = bide.send("GET", f"/v1/tasks/{id}/cancel")
    problem(answer, 405)
    assert "POST" in answer.headers["allow"]


def test_head_answers_as_get_without_a_body_and_options_says_what_is_allowed(bide):
    id = bide.submit("cat")["id"]
    answer = bide.send("HEAD", f"/v1/tasks/{id}")
    assert (answer.status, answer.body) == (200, b"")
    answer = bide.send("OPTIONS", "/v1/tasks")
    assert answer.status in (200, 204) and "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=", "cursor=zzz", "cursor=%00", "cursor=" + "A" * 500, "status=done", "colour=red"],
)
def test_a_query_that_makes_no_sense_is_refused(bide, query):
    problem(bide.send("GET", f"/v1/tasks?{query}"), 400)


def test_a_preference_that_is_not_known_is_ignored(bide):
    for prefer in ("respond-async", 'handling=lenient; x="y"', "waiting=5", ""):
        assert bide.post("/v1/tasks", {"type": "later"}, {"Prefer": prefer}).status == 202


SMUGGLED = {
    "length and chunked": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n",
    "a list of lengths": b"Content-Length: 4, 5\r\n",
    "negative length": b"Content-Length: -1\r\n",
    "hex length": b"Content-Length: 0x10\r\n",
    "length with a plus": b"Content-Length: +4\r\n",
    "unknown coding": b"Transfer-Encoding: gzip\r\n",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n",
    "a space before the colon": b"Content-Length : 4\r\n",
    "a folded header": b"X-A: 1\r\n folded\r\nContent-Length: 4\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_message_whose_length_is_in_doubt_is_refused_and_the_connection_closed(bide, name):
    body = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
    request = b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + SMUGGLED[name] + b"\r\n" + body
    answer = raw(bide, request)
    assert status_of(answer) in (400, 411, 413, 501), answer
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"connection: close" in answer.lower()


def test_what_is_not_http_is_refused(bide):
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100, b"hello\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 50):
        assert status_of(raw(bide, garbage, close=True)) in (0, 400)
    assert status_of(raw(bide, b"GET /livez HTTP/1.1\r\n\r\n")) == 400, "HTTP/1.1 needs a Host"
    assert status_of(raw(bide, b"GET /livez HTTP/2.5\r\nHost: localhost\r\n\r\n")) in (400, 505)


def test_headers_over_the_limit_are_refused(bide):
    assert status_of(raw(bide, b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n")) == 431
    many = b"".join(b"X-%d: 1\r\n" % n for n in range(200))
    assert status_of(raw(bide, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + many + b"\r\n")) == 431
    assert status_of(raw(bide, b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")) == 414


def test_a_chunked_body_is_read(bide):
    text = b'{"type":"cat","input":{"a":1}}'
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(text[n : n + 7]), text[n : n + 7]) for n in range(0, len(text), 7))
    head = b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert status_of(raw(bide, head + chunks + b"0\r\n\r\n")) == 202


def test_pipelined_requests_are_answered_in_order(bide):
    said = (b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")  # fmt: skip
    with socket.create_connection(("127.0.0.1", bide.port), timeout=PATIENCE) as sock:
        for part in said:
            sock.sendall(part)
        got = b""
        while more := sock.recv(65536):
            got += more
    assert [int(part[:3]) for part in got.split(b"HTTP/1.1 ")[1:]] == [200, 404, 200]
    assert openapi.check_bytes(b"".join(said), got) == 3


def test_expect_100_continue_is_answered(bide):
    text = b'{"type":"cat"}'
    head = (
        b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
        b"Content-Length: %d\r\n\r\n" % len(text)
    )
    with socket.create_connection(("127.0.0.1", bide.port), timeout=PATIENCE) as sock:
        sock.sendall(head)
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        sock.sendall(text)
        got = sock.recv(65536)
        assert got.startswith(b"HTTP/1.1 202")
    openapi.check_bytes(head + text, got)
