# SPDX-License-Identifier: Apache-2.0
"""Bytes to a server and back, with nothing in between that would repair them."""
import json
import socket

from harness import PATIENCE

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
TASK = b'{"type":"t"}'
POST = b"POST /v1/tasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
SUBMIT = POST + b"Content-Length: %d\r\n\r\n%s" % (len(TASK), TASK)


def unchunked(data, at):
    """The body of the chunks that begin there, and where they end."""
    body = b""
    while True:
        line = data.index(b"\r\n", at)
        size, at = int(data[at:line], 16), line + 2
        body += data[at : at + size]
        assert data[at + size : at + size + 2] == b"\r\n", "a chunked answer breaks off"
        at += size + 2
        if size == 0:
            return body, at


class Reply:
    """The answer that begins at `at`; `end` is where the next one does."""

    def __init__(self, data, at=0, has_body=True):
        head = data.index(b"\r\n\r\n", at)
        line, *fields = data[at:head].decode("ascii").split("\r\n")
        version, status, _ = line.split(" ", 2)
        assert version == "HTTP/1.1", line
        self.status = int(status)
        self.headers = {}
        for name, colon, value in (text.partition(": ") for text in fields):
            assert colon and name.lower() not in self.headers, f"not a header: {name}"
            self.headers[name.lower()] = value
        has_body = has_body and self.status not in (100, 204)
        if has_body and self.headers.get("transfer-encoding") == "chunked":
            self.body, self.end = unchunked(data, head + 4)
        else:
            self.end = head + 4 + (int(self.headers.get("content-length", "0")) if has_body else 0)
            assert self.end <= len(data), "an answer breaks off"
            self.body = data[head + 4 : self.end]
        if has_body and self.status >= 400:
            problem = json.loads(self.body)
            assert self.headers["content-type"] == "application/problem+json", self
            assert problem["status"] == self.status and problem["code"] and problem["request_id"], self

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


def replies(data, kinds=()):
    """All answers in the bytes; what is left over is one too, or fails. `kinds`: which of them have a body."""
    found, at = [], 0
    while at < len(data):
        reply = Reply(data, at, kinds[len(found)] if len(found) < len(kinds) else True)
        at = reply.end
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
                self.got = self.got[reply.end :]
                return reply
            assert self.more(), f"closed before the answer: {self.got!r}"
