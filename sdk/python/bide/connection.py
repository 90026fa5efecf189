# SPDX-License-Identifier: Apache-2.0
"""One kept-alive HTTP connection: a request goes in, status, headers and body come out.

A server may close an idle connection at any moment. Whether it did is asked before each request, since a request
that was sent and got no answer may have been carried out: only those that may be repeated (GET) are sent again.
"""
import http.client
import select
import socket
import urllib.parse
from typing import Mapping, NamedTuple, Optional

from bide.problems import Away


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Connection:
    """`url` is http://HOST:PORT, https://HOST:PORT or unix:PATH. Not for two threads at once."""

    def __init__(self, url: str, timeout: float) -> None:
        self.url = url
        self._timeout = timeout
        self._base = ""
        self._http = self._make()

    def _make(self) -> http.client.HTTPConnection:
        if self.url.startswith("unix:"):
            return _UnixConnection(self.url[len("unix:"):], self._timeout)
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not a server's URL: {self.url!r} (http://HOST:PORT, https://HOST:PORT or unix:PATH)")
        self._base = parts.path.rstrip("/")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname, parts.port, timeout=self._timeout)

    def request(
        self, method: str, target: str, headers: Mapping[str, str], body: Optional[bytes], timeout: float
    ) -> Answer:
        """Sends one request and reads the whole answer. `timeout`: seconds of silence before it gives up.

        Raises Away when there is no answer."""
        again = method == "GET" and self._http.sock is not None
        if self._is_stale():
            self.close()
        while True:
            try:
                return self._once(method, target, headers, body, timeout)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                silent = isinstance(error, (ConnectionError, http.client.RemoteDisconnected))
                if not again or not silent:
                    raise Away(f"{self.url}: {str(error) or type(error).__name__}") from error
                again = False
            except BaseException:  # half an answer may be waiting: the connection is of no use any more
                self.close()
                raise

    def _once(
        self, method: str, target: str, headers: Mapping[str, str], body: Optional[bytes], timeout: float
    ) -> Answer:
        self._http.timeout = timeout
        if self._http.sock is not None:
            self._http.sock.settimeout(timeout)
        self._http.request(method, self._base + target, body=body, headers=dict(headers))
        answer = self._http.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def _is_stale(self) -> bool:
        """True when the other side has closed: an idle connection that is readable holds an end-of-file."""
        sock = self._http.sock
        if sock is None:
            return False
        poll = select.poll()  # not select(): a descriptor may be above 1023
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        self._http.close()
