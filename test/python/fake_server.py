# SPDX-License-Identifier: Apache-2.0
"""A small HTTP server for the tests of the clients: it keeps what it was asked and answers what it was told to."""
import json
import socket
import threading


class FakeServer:
    """`answers`: bytes of whole HTTP answers, or functions (request) -> bytes, given in turn; the last one again and
    again. `requests`: (method, target, headers in lower case, body). `connections`: how many were taken."""

    def __init__(self, *answers, unix=None):
        self.answers = list(answers)
        self.requests = []
        self.connections = 0
        self._open = []
        if unix:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(unix)
            self.url = f"unix:{unix}"
        else:
            self._listener = socket.socket()
            self._listener.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection, connection.makefile("rb") as file:
                while self._answer(connection, file):
                    pass
        except (OSError, ValueError):
            pass

    def _answer(self, connection, file):
        line = file.readline().decode()
        if not line:
            return False
        method, target, _ = line.split()
        headers = {}
        while (line := file.readline().decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = file.read(int(headers.get("content-length", "0")))
        self.requests.append((method, target, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer = answer(self.requests[-1]) if callable(answer) else answer
        if answer is None:
            connection.shutdown(socket.SHUT_RDWR)
            return False
        connection.sendall(answer)
        if b"Connection: close" in answer:
            connection.shutdown(socket.SHUT_RDWR)
            return False
        return True

    def hang_up(self):
        """Closes the connections that are open."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self._listener.close()
        self.hang_up()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def answer(value=None, status=200, *headers, kind="application/json"):
    body = b"" if status == 204 else value if isinstance(value, bytes) else json.dumps(value).encode()
    head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", f"Content-Type: {kind}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def problem(status, code, *headers, **more):
    body = {"status": status, "code": code, "title": "a title", "detail": "a detail", "request_id": "r1", **more}
    return answer(body, status, *headers, kind="application/problem+json")
