# SPDX-License-Identifier: Apache-2.0
"""The connections of both clients: kept, replaced, shared, broken, silent. Each test with `connect` runs with both."""
import asyncio
import os
import socket
import threading
import time

import pytest
from both_clients import Asynchronous
from fake_server import FakeServer, answer, problem

from bide import problems
from bide.aio import AsyncClient
from bide.client import Client

TASK = {"id": "t1", "status": "completed"}


def test_one_connection_serves_call_after_call_and_is_replaced_when_it_was_closed(connect):
    with FakeServer(answer({})) as server:
        client = connect(server)
        for _ in range(3):
            client("stats")
        assert server.connections == 1
        server.hang_up()
        client("submit", "t")  # not to be sent twice: the closed connection must be noticed before
        assert (server.connections, len(server.requests)) == (2, 4)


def test_a_connection_that_the_server_ends_is_not_used_again(connect):
    with FakeServer(answer({}, 200, "Connection: close")) as server:
        client = connect(server)
        client("stats")
        client("stats")
        assert server.connections == 2


def test_only_what_may_be_repeated_is_sent_again_when_a_kept_connection_breaks(connect):
    for args, named, again in [
        (("stats",), {}, True),
        (("submit", "t"), {}, False),
        (("submit", "t"), {"idempotency_key": "k"}, True),
    ]:
        with FakeServer(answer({}), lambda _: None, answer(TASK)) as server:
            client = connect(server)
            client("stats")
            if again:
                assert client(*args, **named) == TASK
            else:
                with pytest.raises(problems.Away):
                    client(*args, **named)
            assert len(server.requests) == (3 if again else 2)


def test_a_unix_socket_is_an_address(connect, tmp_path):
    with FakeServer(answer({"a": 1}), unix=str(tmp_path / "s")) as server:
        assert connect(server)("stats") == {"a": 1}


def test_chunked_answers_interim_answers_and_answers_until_the_end_are_read(connect):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\nT: r\r\n\r\n"
    interim = b"HTTP/1.1 102 Processing\r\n\r\n" + answer({"a": 1})
    until_end = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"a\":1}"
    with FakeServer(chunked, answer({"a": 1}), until_end) as server:
        client = connect(server)
        assert [client("stats") for _ in range(3)] == [{"a": 1}] * 3
        assert server.connections == 1
    if isinstance(client, Asynchronous):  # http.client knows of 100 alone
        with FakeServer(interim) as server:
            assert connect(server)("stats") == {"a": 1}


def test_an_answer_that_is_none_is_away(connect):
    for nonsense in (b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhalf"):
        with FakeServer(nonsense + b"" if b"close" in nonsense else nonsense + b"Connection: close") as server:
            with pytest.raises(problems.Away):
                connect(server)("stats")
    with pytest.raises(problems.Away) as caught:
        connect("http://127.0.0.1:9")("stats")
    assert caught.value.status == 0
    with FakeServer(answer(b"<html>")) as server, pytest.raises(problems.Problem, match="not JSON"):
        connect(server)("stats")


def test_silence_is_away_after_the_timeout(connect):
    released = threading.Event()
    with FakeServer(lambda _: released.wait(20) and None) as server:
        began = time.monotonic()
        with pytest.raises(problems.Away, match="timed out"):
            connect(server, timeout=0.2)("stats")
        assert time.monotonic() - began < 10
        released.set()


def test_a_server_that_refuses_a_body_half_way_is_heard(connect):
    """It answers after the head and closes, while the body is still being sent."""
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse():
        connection, _ = listener.accept()
        connection.recv(100)
        connection.sendall(problem(413, "too_large", "Connection: close"))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass
        connection.close()

    thread = threading.Thread(target=refuse)
    thread.start()
    with pytest.raises(problems.TooLarge):
        connect(f"http://127.0.0.1:{listener.getsockname()[1]}")("submit", "t", "x" * 9_000_000)
    thread.join()
    listener.close()


def test_coroutines_share_an_asyncio_client_and_each_has_a_connection_of_its_own():
    together = threading.Barrier(3)

    def meet(request):
        together.wait(20)
        return answer({"said": request[1]})

    async def main(url):
        async with AsyncClient(url) as client:
            return await asyncio.gather(*(client.get(name) for name in "abc"))

    with FakeServer(meet) as server:
        assert [said["said"][-1] for said in asyncio.run(main(server.url))] == ["a", "b", "c"]
        assert server.connections == 3


def test_a_cancelled_coroutine_leaves_no_half_read_connection_behind():
    asked, released = threading.Event(), threading.Event()

    def slow(_):
        asked.set()
        released.wait(20)
        return answer({"late": True})

    async def main(server):
        client = AsyncClient(server.url)
        call = asyncio.ensure_future(client.stats())
        await asyncio.get_running_loop().run_in_executor(None, asked.wait, 20)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        released.set()
        assert await client.stats() == {"late": False}
        await client.close()

    with FakeServer(slow, answer({"late": False})) as server:
        asyncio.run(main(server))
        assert server.connections == 2


def test_an_asyncio_client_goes_from_one_event_loop_to_the_next_and_waits_without_threads():
    with FakeServer(answer(TASK)) as server:
        client = AsyncClient(server.url)

        async def use():
            assert await client.wait("t1") == TASK
            threads = [thread.name for thread in threading.enumerate() if "asyncio" in thread.name]
            await client.close()
            return threads

        assert asyncio.run(use()) == [] and asyncio.run(use()) == []


def test_threads_and_forks_of_a_client_have_connections_of_their_own():
    with FakeServer(answer({})) as server:
        client = Client(server.url)
        client.stats()
        threads = [threading.Thread(target=client.stats) for _ in range(4)]
        for thread in threads:
            thread.start()
            thread.join()
        assert server.connections == 5
        del threads, thread
        assert len(client._all) <= 2  # those of threads that ended are not kept
        child = os.fork()
        if child == 0:
            client.stats()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert server.connections == 6
        client.stats()
        assert server.connections == 6
        client.close()
