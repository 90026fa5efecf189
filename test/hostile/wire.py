# SPDX-License-Identifier: Apache-2.0
"""Bytes to a server and back, with nothing in between that would repair them."""
import json
import socket

from harness import PATIENCE

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
TASK = b'{"type":"t"}'
POST = b"POST /v1/tasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
SUBMIT = POST + b"Content-Length: %d\r\n\r\n%s" % (len(TASK), TASK)


def unchunked(data):
    body = b""
    while True:
        size, line, data = data.partition(b"\r\n")
        assert line, "a chunked answer breaks off"
        body, end, data = body + data[: int(size, 16)], data[int(size, 16) :][:2], data[int(size, 16) + 2 :]
        assert end == b"\r\n", "a chunked answer breaks off"
        if int(size, 16) == 0:
            return body, data


class Reply:
    """One answer. `rest`: the bytes behind it."""

    def __init__(self, data, has_body=True):
        head, _, rest = data.partition(b"\r\n\r\n")
        line, *fields = head.decode("ascii").split("\r\n")
        version, status, _ = line.split(" ", 2)
        assert version == "HTTP/1.1", line
        self.status = int(status)
        self.headers = {}
        for name, colon, value in (text.partition(": ") for text in fields):
            assert colon and name.lower() not in self.headers, f"not a header: {head}"
            self.headers[name.lower()] = value
        has_body = has_body and self.status not in (100, 204)
        if has_body and self.headers.get("transfer-encoding") == "chunked":
            self.body, self.rest = unchunked(rest)
        else:
            length = int(self.headers.get("content-length", "0")) if has_body else 0
            self.body, self.rest = rest[:length], rest[length:]
            assert len(self.body) == length, "an answer breaks off"
        if has_body and self.status >= 400:
            problem = json.loads(self.body)
            assert self.headers["content-type"] == "application/problem+json", self
            assert problem["status"] == self.status and problem["code"] and problem["request_id"], self

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


def replies(data, kinds):
    """All answers in the bytes; what is left over is one too, or fails. `kinds`: which of them have a body."""
    found, kinds = [], list(kinds)
    while data:
        reply = Reply(data, kinds[len(found)] if len(found) < len(kinds) else True)
        data = reply.rest
        if reply.status != 100:
            found.append(reply)
    return found


class Client:
    """A connection of one's own."""

    def __init__(self, bide, receive_buffer=0):
        self.sock = socket.socket()
        self.sock.settimeout(PATIENCE)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.connect(("127.0.0.1", bide.port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        """False: the server takes no more."""
        try:
            self.sock.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def end(self):
        """Ends our side."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it is closed already

    def reset(self):
        """Goes with a reset instead of an end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def more(self):
        """False: the server has closed."""
        try:
            data = self.sock.recv(1 << 20)
        except ConnectionResetError:
            return False
        self.got += data
        return bool(data)

    def all(self, kinds=()):
        """Every answer until the server closes."""
        while self.more():
            pass
        return replies(self.got, kinds)

    def ask(self, request=LIVEZ):
        """One request, one answer."""
        assert self.send(request)
        return self.answer()

    def answer(self):
        while True:
            head, end, body = self.got.partition(b"\r\n\r\n")
            at = head.lower().find(b"content-length: ")
            if end and len(body) >= (int(head[at + 16 :].split(b"\r")[0]) if at >= 0 else 0):
                reply = Reply(self.got)
                self.got = reply.rest
                return reply
            assert self.more(), f"closed before the answer: {self.got!r}"
