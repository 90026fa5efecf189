# SPDX-License-Identifier: Apache-2.0
"""A stream of events that goes still, or whose server is away behind a proxy, with both clients."""
import socket
import sys
import threading
from pathlib import Path

import pytest

from fake_server import FakeServer, answer, problem

from bide.client import Client
from bide.problems import Away, Timeout

sys.path.insert(0, str(Path(__file__).parents[1] / "api"))

from asynchronous import Asynchronous  # noqa: E402


@pytest.fixture(params=[Client, Asynchronous], ids=["blocking", "asyncio"])
def connect(request):
    return request.param


def test_silence_is_a_broken_line(connect, monkeypatch):
    """Nobody answers at all; then one connection goes still in the middle of an event."""
    for module in ("bide.client", "bide.aio"):
        monkeypatch.setattr(f"{module}.SILENCE_S", 0.2)
    id = "t1"
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(Away):
            next(connect(url).follow(id))
        events = connect(url).follow(id)

        def answer():
            for n in range(2):
                line, _ = deaf.accept()
                line.recv(65536)
                head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                text = b'id: 1\nevent: a\ndata: {}\n\nid: half\nevent: lost\nda' if n == 0 else b'event: end\ndata: {}\n\n'
                line.sendall(head + text)
                lines.append(line)

        lines = []
        deaf.accept()[0].close()  # of the one that gave up
        thread = threading.Thread(target=answer)
        thread.start()
        seen = list(events)
        thread.join()
        for line in lines:
            line.close()
    assert [(event.name, event.id) for event in seen] == [("a", "1"), ("end", "1")]


def stream(text):
    return answer(text, kind="text/event-stream")


FIRST = stream(b"retry: 20\nid: 1\nevent: a\ndata: {}\n\n")
LAST = stream(b"id: 2\nevent: end\ndata: {}\n\n")
PROXY = answer(b"<html>", 502, kind="text/html"), answer({"message": "no server"}, 503), answer(b"<html>", 504, kind="text/html")


@pytest.mark.parametrize("follow", [lambda client: client.follow("t1"), lambda client: client.events()], ids=["follow", "events"])
def test_a_proxy_whose_server_is_away_is_waited_out(connect, follow):
    with FakeServer(FIRST, *PROXY, LAST) as server:
        assert [event.name for event in follow(connect(server.url))] == ["a", "end"]
        assert [headers.get("last-event-id") for _, _, headers, _ in server.requests] == [None, *["1"] * 4]


def test_what_no_waiting_mends_is_raised_and_so_is_a_proxys_page_at_the_first_step(connect):
    with FakeServer(FIRST, problem(504, "timeout"), PROXY[0]) as server:
        for kind in (Timeout, Away):
            with pytest.raises(kind):
                list(connect(server.url).follow("t1"))
        assert len(server.requests) == 3
