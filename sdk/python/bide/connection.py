# SPDX-License-Identifier: Apache-2.0
"""One kept-alive HTTP connection: a request goes in, status, headers and body come out.

A server may close an idle connection at any moment. Whether it did is asked before each request, since a request
that was sent and got no answer may have been carried out: only those that may be repeated are sent again.
"""
import http.client
import select
import socket
from typing import BinaryIO, Generator, Mapping, Optional, Tuple, Union

from bide.address import Address
from bide.call import Answer
from bide.problems import Away

_PIECE = 64 * 1024


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Connection:
    """To one server. Not for two threads at once."""

    def __init__(self, address: Address, timeout: float) -> None:
        self._address = address
        self._http: http.client.HTTPConnection
        if address.unix is not None:
            self._http = _UnixConnection(address.unix, timeout)
        elif address.tls:
            self._http = http.client.HTTPSConnection(address.host, address.port, timeout=timeout)
        else:
            self._http = http.client.HTTPConnection(address.host, address.port, timeout=timeout)

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Union[bytes, BinaryIO, None],
        timeout: float,
        repeatable: bool = False,
    ) -> Answer:
        """Sends one request and reads the whole answer. `timeout`: seconds of silence before it gives up.

        `repeatable`: may be sent once more on a new connection when the kept one turns out to be closed. Raises Away
        when there is no answer."""
        again = repeatable and self._http.sock is not None
        if self._is_stale():
            self.close()
        while True:
            try:
                return self._once(method, target, headers, body, timeout)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if not again or not isinstance(error, ConnectionError):
                    raise self._away(error) from error
                again = False
            except BaseException:  # half an answer may be waiting: the connection is of no use any more
                self.close()
                raise

    def _once(
        self, method: str, target: str, headers: Mapping[str, str], body: Union[bytes, BinaryIO, None], timeout: float
    ) -> Answer:
        self._http.timeout = timeout
        if self._http.sock is not None:
            self._http.sock.settimeout(timeout)
        try:
            self._http.request(method, self._address.base + target, body=body, headers=dict(headers))
        except (BrokenPipeError, ConnectionResetError):
            if self._http.sock is None:
                raise  # not even connected
            # a server that does not want the body answers and closes: the answer says why
        answer = self._http.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def stream(self, target: str, headers: Mapping[str, str], timeout: float, silence: float) -> Tuple[Answer, Generator[bytes, None, None]]:
        """GETs what goes on: the head (with the body of anything but a 200), and its bytes as they come, which raise Away,
        too. `timeout`: seconds to connect; `silence`: without a byte, before it gives up. Whoever stops reading closes the bytes,
        and then the connection."""
        try:
            self._http.timeout = timeout
            self._http.connect()
            self._http.sock.settimeout(silence)
            self._http.request("GET", self._address.base + target, headers=dict(headers))
            answer = self._http.getresponse()
            body = b"" if answer.status == 200 else answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._away(error) from error
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body), self._pieces(answer)

    def _pieces(self, answer: http.client.HTTPResponse) -> Generator[bytes, None, None]:
        with answer:  # it holds the socket, too
            while True:
                try:
                    piece = answer.read1(_PIECE)
                except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: half a chunk's length
                    raise self._away(error) from error
                if not piece:
                    return
                yield piece

    def _away(self, error: Exception) -> Away:
        return Away.silent(f"{self._address.url}: {str(error) or type(error).__name__}")

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

    def __del__(self) -> None:  # of a thread that has ended
        self.close()
