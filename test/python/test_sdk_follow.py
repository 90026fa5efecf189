# SPDX-License-Identifier: Apache-2.0
"""A stream of events that goes still, with both clients."""
import socket
import sys
import threading
from pathlib import Path

import pytest

from bide.client import Client
from bide.problems import Away

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
