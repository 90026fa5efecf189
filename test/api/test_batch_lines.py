# SPDX-License-Identifier: Apache-2.0
"""POST /v1/tasks:batch with NDJSON: any number of submits, each answered when it is committed."""
import json
import socket
import threading

import pytest
from harness import PATIENCE, problem, until
from sanitized import unsanitized

LATER = 3_600_000
MIB = 1 << 20
HEAD = b"POST /v1/tasks:batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
NDJSON = {"Content-Type": "application/x-ndjson"}


def line(**fields):
    return json.dumps({"type": "cat", "delay_ms": LATER, **fields}).encode() + b"\n"


def batch(bide, body, **more):
    answer = bide.post("/v1/tasks:batch", body, {**NDJSON, **more})
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(text) for text in answer.body.splitlines()]


def statuses(items):
    assert [item["index"] for item in items] == list(range(len(items)))
    return [item["status"] for item in items]


class Stream:
    """A batch under way: a chunked request that is written and answered at the same time."""

    def __init__(self, bide, head=CHUNKED):
        self.sock = socket.create_connection(("127.0.0.1", bide.port), timeout=PATIENCE)
        self.file = self.sock.makefile("rb")
        self.sock.sendall(head)
        self.begun = False
        self.rest = b""

    def send(self, data):
        self.sock.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self):
        self.sock.sendall(b"0\r\n\r\n")

    def head(self):
        if not self.begun:
            self.begun = True
            self.status = int(self.file.readline().split()[1])
            self.headers = dict(row.decode().lower().strip().split(": ", 1) for row in iter(self.file.readline, b"\r\n"))
            assert self.status != 200 or self.headers["transfer-encoding"] == "chunked", self.headers

    def chunk(self):
        self.head()
        size = int(self.file.readline(), 16)
        data = self.file.read(size)
        assert self.file.read(2) == b"\r\n"
        return data

    def item(self):
        """The next line of the answer; None at its end."""
        while b"\n" not in self.rest:
            data = self.chunk()
            if not data:
                assert not self.rest
                return None
            self.rest += data
        text, _, self.rest = self.rest.partition(b"\n")
        return json.loads(text)

    def items(self):
        return list(iter(self.item, None))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()


def test_lines_are_stored_and_answered_in_order(bide):
    items = batch(bide, b"".join(b'{"type":"cat","input":{"n":%d}}\n' % n for n in range(3)))
    assert statuses(items) == [202] * 3
    assert [bide.ended(item["id"], "completed")["result"] for item in items] == [{"n": n} for n in range(3)]


def test_bad_lines_have_their_place_and_stop_nobody(bide):
    lines = [line(), b"{nonsense\n", b"\n", b"  \r\n", b'{"type":"cat","prioritee":1}\r\n', b"[]\n", b'{"type":"cat","type":"cat"}\n',
             b"\xff\n", b'{"type":"nothing"}\n', b'{"type":"cat"} {"type":"cat"}\n', line().rstrip()]  # fmt: skip
    items = batch(bide, b"".join(lines))
    assert statuses(items) == [202, 400, 400, 400, 400, 400, 422, 400, 202]
    assert [item["error"]["code"] for item in items[1:8]] == [
        "invalid_json", "unknown_field", "invalid", "invalid_json", "invalid_json", "unknown_type", "invalid_json"]  # fmt: skip
    assert items[2]["error"]["errors"][0]["pointer"] == "/prioritee"


def test_a_body_without_lines_is_answered_without_lines(bide):
    assert batch(bide, b"") == []
    assert batch(bide, b"\n\n") == []


def test_a_line_over_the_limit_is_refused_and_the_rest_of_it_skipped(bide):
    long = b'{"type":"cat","input":"' + b"x" * (20 * MIB) + b'"}\n'
    wide = b'{"type":"cat","delay_ms":3600000,"input":"' + b"x" * (16 * MIB - 2) + b'"}\n'
    items = batch(bide, line() + long + wide + line())
    assert statuses(items) == [202, 413, 202, 202]
    assert items[1]["error"]["code"] == "too_large"
    assert bide.task(items[2]["id"])["input_bytes"] == 16 * MIB


def test_every_line_is_answered_before_the_next_is_sent(bide):
    with Stream(bide) as stream:
        for n in range(20):
            text = line(input=n)
            stream.send(text[:7])
            stream.send(text[7:])
            item = stream.item()
            assert (item["index"], item["status"]) == (n, 202)
            assert bide.task(item["id"])["input"] == n
        stream.end()
        assert stream.items() == []


def test_an_older_client_gets_its_lines_and_the_close(bide):
    body = line() * 3
    with socket.create_connection(("127.0.0.1", bide.port), timeout=PATIENCE) as sock:
        sock.sendall(HEAD.replace(b"1.1", b"1.0") + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        got = b"".join(iter(lambda: sock.recv(65536), b""))
    head, _, rest = got.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower() and b"connection: close" in head.lower()
    assert statuses([json.loads(text) for text in rest.splitlines()]) == [202] * 3


@unsanitized("a sanitizer's memory would be measured")
def test_a_hundred_thousand_lines_take_little_memory_and_stop_nobody(serve):
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}})
    total, part = 100_000, line(input="x" * 400) * 500
    batch(bide, part)  # warm
    before = bide.metric("bide_memory_bytes")
    with Stream(bide) as stream:
        sender = threading.Thread(target=lambda: [stream.send(part) for _ in range(total // 500)] and stream.end())
        sender.start()
        items, most = 0, 0
        for item in iter(stream.item, None):
            assert (item["index"], item["status"]) == (items, 202)
            items += 1
            if items % 20_000 == 0:
                most = max(most, bide.metric("bide_memory_bytes") - before)
        sender.join(PATIENCE)
    assert items == total
    assert bide.queue()["depth"]["scheduled"] == total + 500
    # what a waiting task costs (200 bytes and its place in the store's cache), and no body of 55 MB
    assert most < 45 * MIB


@unsanitized("a sanitizer's memory would be measured")
def test_a_client_that_does_not_read_its_answers_is_not_read(serve):
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}})
    before = bide.metric("bide_memory_bytes")
    with Stream(bide) as stream:
        stream.sock.setblocking(False)
        sent, part = 0, b"x\n" * 30_000  # answers are a hundred times as long
        framed = b"%x\r\n%s\r\n" % (len(part), part)
        idle = 0
        while idle < 200:
            try:
                n = stream.sock.send(framed[sent % len(framed) :])
                sent += n
                idle = 0
            except BlockingIOError:
                idle += 1
                assert bide.send("GET", "/livez").status == 200
            assert sent < 100 * MIB
        assert bide.metric("bide_memory_bytes") - before < 20 * MIB
        stream.sock.settimeout(PATIENCE)
        assert [stream.item()["index"] for _ in range(1000)] == list(range(1000)), "it goes on when it is read"
    assert bide.send("GET", "/livez").status == 200


def test_what_was_committed_stays_when_the_client_goes_in_the_middle(serve):
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}})
    with Stream(bide) as stream:
        stream.send(line() * 10 + b'{"type":"cat","del')
        assert [stream.item()["status"] for _ in range(10)] == [202] * 10
    until(lambda: bide.metric("bide_http_connections") == 1, "its connection is gone")
    assert bide.queue()["depth"]["scheduled"] == 10
    with Stream(bide) as stream:
        stream.send(line() * 10_000)
    until(lambda: bide.metric("bide_http_connections") == 1, "its connection is gone")
    assert bide.queue()["depth"]["scheduled"] <= 10_010
    assert bide.send("GET", "/livez").status == 200


def test_requests_after_a_batch_are_answered_on_the_same_connection(bide):
    body = line() * 600
    after = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", bide.port), timeout=PATIENCE) as sock:
        sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body + after)
        got = b"".join(iter(lambda: sock.recv(65536), b""))
    assert got.count(b'"status":202') == 600
    batch_answer, _, rest = got.partition(b"\r\n0\r\n\r\n")
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")


def test_expect_100_continue_is_answered_when_the_body_is_wanted(bide):
    with Stream(bide, HEAD + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n") as stream:
        assert stream.file.readline().startswith(b"HTTP/1.1 100 ")
        assert stream.file.readline() == b"\r\n"
        stream.send(line())
        assert stream.item()["status"] == 202
        stream.end()
        assert stream.items() == []
    with Stream(bide, HEAD.replace(b"batch HTTP", b"batch?x=1 HTTP") + b"Expect: 100-continue\r\nContent-Length: 99\r\n\r\n") as stream:
        stream.head()
        assert (stream.status, stream.headers["connection"]) == (400, "close")


def test_a_broken_body_is_told_in_its_place_and_ends_the_connection(bide):
    with Stream(bide) as stream:
        stream.send(line())
        assert stream.item()["status"] == 202
        stream.sock.sendall(b"4\r\n{\"ty\r\nnonsense\r\n")
        items = stream.items()
        assert [(item["index"], item["status"], item["error"]["code"]) for item in items] == [(1, 400, "invalid")]
        assert stream.file.read() == b""
    with Stream(bide) as stream:
        stream.sock.sendall(b"nonsense\r\n")
        stream.head()
        assert (stream.status, stream.headers["connection"]) == (400, "close")


def test_a_full_queue_is_a_verdict_of_each_line(serve):
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}}, queues={"default": {"concurrency": 1, "capacity": 300}})
    assert statuses(batch(bide, line() * 310)) == [202] * 300 + [429] * 10


def test_a_server_that_stops_tells_the_line_it_has_and_ends_the_stream(serve):
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}})
    running = bide.act(["until", bide.gate("drain")])
    bide.seen(running, "running")
    with Stream(bide) as stream, Stream(bide) as silent:
        stream.send(line())
        assert stream.item()["status"] == 202
        silent.send(line() + b'{"type":"c')
        assert silent.item()["status"] == 202
        bide.process.terminate()
        until(lambda: bide.send("GET", "/readyz").status == 503, "draining")
        stream.send(line() * 5)
        assert [(item["index"], item["error"]["code"]) for item in stream.items()] == [(1, "draining")]
        assert stream.file.read() == b""
        problem(bide.post("/v1/tasks:batch", line(), NDJSON), 503, "draining")
        bide.open_gate("drain")
        assert [(item["index"], item["error"]["code"]) for item in silent.items()] == [(1, "draining")]
    assert bide.exited() == 0


@pytest.mark.parametrize("given", ["application/ndjson", "text/plain", ""])
def test_another_media_type_is_refused(bide, given):
    problem(bide.post("/v1/tasks:batch", line(), {"Content-Type": given}), 415)
