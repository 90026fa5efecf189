# SPDX-License-Identifier: Apache-2.0
"""WebSocket behind bide's HTTP layer (src/http/ws.h), spoken by somebody else's client: Python's `websockets`.

The server is test/api/peers/ws_echo.c: the layer without bide's API.
"""
import asyncio
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import websockets

from harness import PATIENCE, ROOT

ECHO = Path(os.environ.get("BIDE_BUILD") or ROOT / "build") / "test/ws_echo"


class Echo:
    def __init__(self):
        self.process = subprocess.Popen([ECHO], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        self.url = f"ws://{self.address}/"

    def end(self):
        """Drains it; what it said."""
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0
        return out.split("\n")[:-1]


@pytest.fixture
def echo():
    echo = Echo()
    yield echo
    if echo.process.poll() is None:
        echo.process.kill()
    echo.process.wait()
    echo.process.stdout.close()


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 4 * PATIENCE))


def connect(echo, path="", **more):
    more.setdefault("max_size", None)
    return websockets.connect(echo.url + path, **more)


def test_messages_are_said_back_and_the_close_is_clean(echo):
    async def talk():
        async with connect(echo, subprotocols=["chat", "bide.v1"]) as ws:
            assert ws.subprotocol == "bide.v1"
            for text in ("", "hello", "owl — 猫头鹰 🦉", "x" * 125, "x" * 126, "x" * 65535, "x" * 65536):
                await ws.send(text)
                assert await ws.recv() == text
        assert ws.close_code == 1000

    run(talk())
    assert echo.end() == ["closed 1000"]


def test_a_subprotocol_is_chosen_only_when_one_is_offered_that_is_spoken(echo):
    async def talk():
        async with connect(echo, subprotocols=["chat"]) as ws:
            assert ws.subprotocol is None
            await ws.send("protocol")
            assert await ws.recv() == "none"
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            async with connect(echo, "strict", subprotocols=["chat"]):
                pass
        assert refused.value.status_code == 400
        async with connect(echo, "strict", subprotocols=["bide.v1"]) as ws:
            await ws.send("protocol")
            assert await ws.recv() == "bide.v1"

    run(talk())


def test_permessage_deflate_is_offered_and_not_accepted(echo):
    async def talk():
        async with connect(echo, compression="deflate") as ws:
            assert "permessage-deflate" in ws.request_headers["Sec-WebSocket-Extensions"]
            assert "Sec-WebSocket-Extensions" not in ws.response_headers and ws.extensions == []
            await ws.send("a" * 1000)
            assert await ws.recv() == "a" * 1000

    run(talk())


def test_fragments_are_joined_and_pings_answered_between_them(echo):
    async def talk():
        async with connect(echo) as ws:
            async def pieces():
                for i in range(60):
                    yield "%04d" % i * 256
                    await asyncio.wait_for(await ws.ping(), PATIENCE)

            await ws.send(pieces())
            assert await ws.recv() == "".join("%04d" % i * 256 for i in range(60))

    run(talk())


def test_a_thousand_messages_of_60_KiB_in_flight(echo):
    texts = [f"{i:05d}" * 12288 for i in range(1000)]

    async def talk():
        async with connect(echo) as ws:
            async def send():
                for text in texts:
                    await ws.send(text)

            sender = asyncio.ensure_future(send())
            for text in texts:
                assert await ws.recv() == text
            await sender

    run(talk())


def test_a_thousand_small_ones_and_a_hundred_clients(echo):
    async def one(n):
        async with connect(echo) as ws:
            for i in range(1000 if n == 0 else 10):
                await ws.send(f"{n}.{i}")
            for i in range(1000 if n == 0 else 10):
                assert await ws.recv() == f"{n}.{i}"

    async def all_of_them():
        await asyncio.gather(*(one(n) for n in range(100)))

    run(all_of_them())
    assert echo.end() == ["closed 1000"] * 100


def test_a_stream_waits_for_a_client_that_reads_slowly(echo):
    async def talk():
        async with connect(echo, max_queue=4, read_limit=4096) as ws:
            await ws.send("many 200000")
            for i in range(200000):
                assert await ws.recv() == str(i)

    run(talk())


@pytest.mark.parametrize("message, code", [(b"binary", 1003), ("x" * 65537, 1009)])
def test_what_is_not_taken_is_told_by_its_code(echo, message, code):
    async def talk():
        async with connect(echo) as ws:
            await ws.send(message)
            with pytest.raises(websockets.ConnectionClosed):
                await ws.recv()
            assert ws.close_code == code and ws.close_reason

    run(talk())
    assert echo.end() == [f"closed {code}"]


def test_the_server_closes_with_a_code_and_a_reason(echo):
    async def talk():
        async with connect(echo) as ws:
            await ws.send("close 4001 enough — genug")
            with pytest.raises(websockets.ConnectionClosed):
                await ws.recv()
            assert (ws.close_code, ws.close_reason) == (4001, "enough — genug")

    run(talk())
    assert echo.end() == ["closed 4001"]


def test_a_server_that_stops_says_1001_to_all_and_ends(echo):
    async def talk():
        clients = [await connect(echo) for _ in range(20)]
        echo.process.send_signal(signal.SIGTERM)
        for ws in clients:
            with pytest.raises(websockets.ConnectionClosed):
                await ws.recv()
            assert (ws.close_code, ws.close_reason) == (1001, "the server is stopping")
        await asyncio.gather(*(ws.wait_closed() for ws in clients))

    run(talk())
    out, _ = echo.process.communicate(timeout=PATIENCE)
    assert echo.process.returncode == 0 and out.split() == ["closed", "1001"] * 20


def test_an_ordinary_answer_before_the_upgrade(echo):
    async def talk():
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            async with connect(echo, "refused"):
                pass
        assert refused.value.status_code == 403

    run(talk())
    with connect_tcp(echo) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head, _, body = s.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 426 ") and json.loads(body)["code"] == "upgrade_required"
    assert b"\r\nSec-WebSocket-Version: 13" in head and b"\r\nUpgrade: websocket" in head


def anonymous_bytes(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(re.search(r"^Anonymous:\s+(\d+) kB", text, re.M).group(1))


HANDSHAKE = (b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
HELLO = b"\x81\x85\x00\x00\x00\x00hello"


def connect_tcp(echo):
    host, port = echo.address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), PATIENCE)


def open_idle(echo):
    s = connect_tcp(echo)
    s.sendall(HANDSHAKE + HELLO)
    got = b""
    while not got.endswith(b"\x81\x05hello"):
        piece = s.recv(4096)
        assert piece
        got += piece
    return s


@pytest.mark.skipif("BIDE_SANITIZER" in os.environ, reason="a sanitizer's memory is not the server's")
def test_three_thousand_idle_clients_cost_little_memory(echo):
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    n = 3000
    if hard != resource.RLIM_INFINITY and hard < n + 500:
        pytest.skip(f"{hard} open files are too few")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, n + 500), hard))
    resource.prlimit(echo.process.pid, resource.RLIMIT_NOFILE, (n + 500, hard))
    sockets = []
    try:
        sockets += [open_idle(echo) for _ in range(500)]
        before = anonymous_bytes(echo.process.pid)
        sockets += [open_idle(echo) for _ in range(n - 500)]
        each = (anonymous_bytes(echo.process.pid) - before) / (n - 500)
        print(f"{each:.0f} bytes each")
        assert 500 < each < 2000
    finally:
        for s in sockets:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert echo.end() == ["closed 1006"] * n
