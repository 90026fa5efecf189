# SPDX-License-Identifier: Apache-2.0
"""One kept-alive HTTP/1.1 connection over asyncio's streams (RFC 9112), and the few that a client keeps.

A connection carries one request at a time and goes back to the pool once the whole answer was read. Whatever stops
it half-way, an error or a cancelled coroutine, closes it.

Silence is ended by a timer that drops the connection, not by asyncio.wait_for: before Python 3.12 that could swallow
a cancel of the caller.
"""
import asyncio
import contextlib
import select
import ssl
from typing import AsyncIterator, Awaitable, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from bide.address import Address
from bide.call import Answer
from bide.problems import Away

_Streams = Tuple[asyncio.StreamReader, asyncio.StreamWriter]
_LINE = 64 * 1024  # the longest line of an answer's head, in bytes
_PIECE = 256 * 1024
_KEPT = 32  # idle connections


class _Broken(ConnectionError):
    """What came is no answer."""


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._silent = False
        self.keeps = True

    @classmethod
    async def open(cls, address: Address, timeout: float) -> "Connection":
        """Raises OSError, asyncio.TimeoutError."""
        opening = asyncio.ensure_future(_streams(address))
        try:
            done, _ = await asyncio.wait({opening}, timeout=timeout)
        except BaseException:
            opening.cancel()
            opening.add_done_callback(_close)  # it may have been open already
            raise
        if not done:
            opening.cancel()
            opening.add_done_callback(_close)
            raise asyncio.TimeoutError
        return cls(*opening.result())

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
            try:
                self._writer.write(head + body)
                with self._patience(timeout):
                    await self._writer.drain()
            except (BrokenPipeError, ConnectionResetError):
                pass  # a server that does not want the body answers and closes: the answer says why
            status, headers = await self._head(timeout)
            while 100 <= status < 200:
                status, headers = await self._head(timeout)
            return Answer(status, headers, await self._body(status, headers, timeout))
        except ConnectionError:
            if self._silent:
                raise asyncio.TimeoutError from None
            raise

    @contextlib.contextmanager
    def _patience(self, timeout: float) -> Iterator[None]:
        def give_up() -> None:
            self._silent = True
            self._writer.transport.abort()

        timer = asyncio.get_running_loop().call_later(timeout, give_up)
        try:
            yield
        finally:
            timer.cancel()

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
            with self._patience(timeout):
                line = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            raise _Broken("the connection was closed before the answer") from None
        except asyncio.LimitOverrunError:
            raise _Broken(f"a line over {_LINE} bytes") from None
        return line.rstrip(b"\r\n").decode("latin-1")

    async def _body(self, status: int, headers: Mapping[str, str], timeout: float) -> bytes:
        return b"".join([piece async for piece in self._pieces(status, headers, timeout)])

    async def stream(self, head: bytes, silence: float) -> "Stream":
        """Sends, and reads the head, and for anything but a 200 the body: the rest is to be read as it comes. Raises as
        `request`; the connection is of no use to anybody else."""
        self.keeps = False
        try:
            self._writer.write(head)
            status, headers = await self._head(silence)
            pieces = self._pieces(status, headers, silence)
            body = b"" if status == 200 else b"".join([piece async for piece in pieces])
        except ConnectionError:
            if self._silent:
                raise asyncio.TimeoutError from None
            raise
        return Stream(Answer(status, headers, body), pieces, self.closed)

    async def _pieces(self, status: int, headers: Mapping[str, str], timeout: float) -> AsyncIterator[bytes]:
        """The body as it comes."""
        if status in (204, 304):
            return
        length: Optional[int] = None
        if "chunked" in headers.get("transfer-encoding", "").lower():
            async for piece in self._chunks(timeout):
                yield piece
            return
        if "content-length" not in headers:
            self.keeps = False
        elif not headers["content-length"].isdigit():
            raise _Broken(f"Content-Length: {headers['content-length']}")
        else:
            length = int(headers["content-length"])
        async for piece in self._take(length, timeout):
            yield piece

    async def _chunks(self, timeout: float) -> AsyncIterator[bytes]:
        while True:
            size = (await self._line(timeout)).partition(";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                raise _Broken(f"a chunk's size: {size[:80]!r}") from None
            if length == 0:
                while await self._line(timeout):
                    pass  # trailers
                return
            async for piece in self._take(length, timeout):
                yield piece
            await self._line(timeout)

    async def _take(self, length: Optional[int], timeout: float) -> AsyncIterator[bytes]:
        """So many bytes; None: all until the end."""
        left = length
        while left is None or left > 0:
            with self._patience(timeout):
                piece = await self._reader.read(min(left or _PIECE, _PIECE))
            if not piece:
                if left is None and not self._silent:
                    break
                raise _Broken("the connection was closed within the answer")
            left = None if left is None else left - len(piece)
            yield piece

    def close(self) -> None:
        self._writer.close()

    async def closed(self) -> None:
        self.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass  # closed is what was wanted


class Stream(NamedTuple):
    """An answer that goes on."""

    head: Answer
    """`body` is that of anything but a 200."""
    pieces: AsyncIterator[bytes]
    """Raise Away."""
    close: Callable[[], Awaitable[None]]


async def _streams(address: Address) -> _Streams:
    if address.unix is not None:
        return await asyncio.open_unix_connection(address.unix, limit=_LINE)
    tls = ssl.create_default_context() if address.tls else None
    return await asyncio.open_connection(address.host, address.port, limit=_LINE, ssl=tls)


def _close(opening: "asyncio.Future[_Streams]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[1].close()


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
                    raise self._away(error) from error
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

    async def stream(self, target: str, headers: Mapping[str, str], timeout: float, silence: float) -> Stream:
        """As bide.connection.Connection.stream, on a connection of its own. Raises Away."""
        connection: Optional[Connection] = None
        try:
            connection = await Connection.open(self._address, timeout)
            stream = await connection.stream(self._head("GET", target, headers, None), silence)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, (OSError, asyncio.TimeoutError)):
                raise self._away(error) from error
            raise
        return stream._replace(pieces=self._as_away(stream.pieces))

    async def _as_away(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for piece in pieces:
                yield piece
        except (OSError, asyncio.TimeoutError) as error:
            raise self._away(error) from error

    def _away(self, error: BaseException) -> Away:
        said = "timed out" if isinstance(error, asyncio.TimeoutError) else str(error)
        return Away.silent(f"{self._address.url}: {said or type(error).__name__}")

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
