# SPDX-License-Identifier: Apache-2.0
"""One kept-alive HTTP/1.1 connection over asyncio's streams (RFC 9112), and the few that a client keeps.

A connection carries one request at a time and goes back to the pool once the whole answer was read. Whatever stops
it half-way, an error or a cancelled coroutine, closes it.
"""
import asyncio
import select
import ssl
from typing import Awaitable, Dict, List, Mapping, Optional, Tuple, TypeVar

from bide.address import Address
from bide.call import Answer
from bide.problems import Away

T = TypeVar("T")
_LINE = 64 * 1024  # the longest line of an answer's head, in bytes
_PIECE = 256 * 1024
_KEPT = 32  # idle connections


class _Broken(ConnectionError):
    """What came is no answer."""


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.keeps = True

    @classmethod
    async def open(cls, address: Address, timeout: float) -> "Connection":
        """Raises OSError, asyncio.TimeoutError."""
        if address.unix is not None:
            opening = asyncio.open_unix_connection(address.unix, limit=_LINE)
        else:
            tls = ssl.create_default_context() if address.tls else None
            opening = asyncio.open_connection(address.host, address.port, limit=_LINE, ssl=tls)
        return cls(*await asyncio.wait_for(opening, timeout))

    def is_stale(self) -> bool:
        """True when the other side has closed: whatever an idle connection holds is an end-of-file."""
        if self._writer.is_closing() or self._reader.at_eof():
            return True
        poll = select.poll()
        poll.register(self._writer.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    async def request(self, head: bytes, body: bytes, timeout: float) -> Answer:
        """`timeout`: seconds of silence. Raises OSError, asyncio.TimeoutError."""
        try:
            self._writer.write(head + body)
            await asyncio.wait_for(self._writer.drain(), timeout)
        except (BrokenPipeError, ConnectionResetError):
            pass  # a server that does not want the body answers and closes: the answer says why
        status, headers = await self._head(timeout)
        while 100 <= status < 200:
            status, headers = await self._head(timeout)
        return Answer(status, headers, await self._body(status, headers, timeout))

    async def _head(self, timeout: float) -> Tuple[int, Dict[str, str]]:
        words = (await self._line(timeout)).split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise _Broken("the answer is not HTTP/1.1")
        headers: Dict[str, str] = {}
        while True:
            line = await self._line(timeout)
            if not line:
                break
            name, colon, value = line.partition(":")
            if not colon:
                raise _Broken(f"a header without a colon: {line[:80]!r}")
            name = name.strip().lower()
            headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
        options = headers.get("connection", "").lower()
        self.keeps = "close" not in options and (words[0] != "HTTP/1.0" or "keep-alive" in options)
        return int(words[1]), headers

    async def _line(self, timeout: float) -> str:
        try:
            line = await asyncio.wait_for(self._reader.readuntil(b"\n"), timeout)
        except asyncio.IncompleteReadError:
            raise _Broken("the connection was closed before the answer") from None
        except asyncio.LimitOverrunError:
            raise _Broken(f"a line over {_LINE} bytes") from None
        return line.rstrip(b"\r\n").decode("latin-1")

    async def _body(self, status: int, headers: Mapping[str, str], timeout: float) -> bytes:
        if status in (204, 304):
            return b""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return await self._chunks(timeout)
        if "content-length" not in headers:
            self.keeps = False
            return await self._take(None, timeout)
        if not headers["content-length"].isdigit():
            raise _Broken(f"Content-Length: {headers['content-length']}")
        return await self._take(int(headers["content-length"]), timeout)

    async def _chunks(self, timeout: float) -> bytes:
        whole = b""
        while True:
            size = (await self._line(timeout)).partition(";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                raise _Broken(f"a chunk's size: {size[:80]!r}") from None
            if length == 0:
                while await self._line(timeout):
                    pass  # trailers
                return whole
            whole += await self._take(length, timeout)
            await self._line(timeout)

    async def _take(self, length: Optional[int], timeout: float) -> bytes:
        """So many bytes; None: all until the end."""
        pieces: List[bytes] = []
        left = length
        while left is None or left > 0:
            piece = await asyncio.wait_for(self._reader.read(min(left or _PIECE, _PIECE)), timeout)
            if not piece:
                if left is None:
                    break
                raise _Broken("the connection was closed within the answer")
            pieces.append(piece)
            left = None if left is None else left - len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        self._writer.close()

    async def closed(self) -> None:
        self.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass  # closed is what was wanted


class Pool:
    """The idle connections of a client, all of one event loop: in another loop it begins with none."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: List[Connection] = []
        self._loop: Optional[asyncio.AbstractEventLoop] = None

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Optional[bytes],
        timeout: float,
        repeatable: bool = False,
    ) -> Answer:
        """As bide.connection.Connection.request. Raises Away."""
        head = self._head(method, target, headers, body)
        connection = self._kept()
        again = repeatable and connection is not None
        while True:
            try:
                if connection is None:
                    connection = await Connection.open(self._address, timeout)
                answer = await connection.request(head, body or b"", timeout)
            except (OSError, asyncio.TimeoutError) as error:
                if connection is not None:
                    connection.close()
                if not again or not isinstance(error, ConnectionError):
                    said = "timed out" if isinstance(error, asyncio.TimeoutError) else str(error)
                    raise Away.silent(f"{self._address.url}: {said or type(error).__name__}") from error
                again, connection = False, None
            except BaseException:  # half an answer may be waiting: the connection is of no use any more
                if connection is not None:
                    connection.close()
                raise
            else:
                if connection.keeps and len(self._idle) < _KEPT:
                    self._idle.append(connection)
                else:
                    connection.close()
                return answer

    def _head(self, method: str, target: str, headers: Mapping[str, str], body: Optional[bytes]) -> bytes:
        lines = [f"{method} {self._address.base}{target} HTTP/1.1", f"Host: {self._address.name}"]
        for name, value in headers.items():
            if "\r" in value or "\n" in value:
                raise ValueError(f"a line break in the header {name}")
            lines.append(f"{name}: {value}")
        if body is not None or method not in ("GET", "HEAD", "DELETE"):
            lines.append(f"Content-Length: {len(body or b'')}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _kept(self) -> Optional[Connection]:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._idle, self._loop = [], loop
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_stale():
                return connection
            connection.close()
        return None

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        if asyncio.get_running_loop() is self._loop:
            await asyncio.gather(*(connection.closed() for connection in idle))
