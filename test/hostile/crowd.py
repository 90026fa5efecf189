# SPDX-License-Identifier: Apache-2.0
"""Many clients at once, and those others who must not notice."""
import contextlib
import json
import os
import re
import select
import socket
import threading
from pathlib import Path

from harness import until
from wire import Client

CONFIG = {
    "queues": {"default": {"concurrency": 4}, "still": {"paused": True}},
    "types": {"cat": {"exec": ["/bin/cat"]}, "t": {"queue": "still", "exec": ["/bin/true"]}},
}
"""`cat` gives its input back as its result; `t` is stored and never runs."""


class Others:
    """A client like any other: submits, reads back what it submitted, over a connection it keeps and over new ones."""

    def __init__(self, bide):
        self.bide = bide
        self.rounds = 0
        self.wrong = None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.done.is_set():
                with Client(self.bide) as client:
                    for _ in range(5):
                        self.go_round(client)
        except (AssertionError, OSError) as error:
            self.wrong = f"round {self.rounds}: {error!r}"

    def go_round(self, client):
        text = json.dumps({"type": "t", "queue": "still", "input": {"round": self.rounds, "x": "y" * 1000}}).encode()
        submitted = client.ask(
            b"POST /v1/tasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
        )
        assert submitted.status == 202, submitted
        read = client.ask(b"GET /v1/tasks/%s HTTP/1.1\r\nHost: a\r\n\r\n" % json.loads(submitted.body)["id"].encode())
        assert read.status == 200 and json.loads(read.body)["input"]["round"] == self.rounds, read
        self.rounds += 1

    def go_on(self, rounds=20):
        """Returns when they have got so much further: it is answered now, not only before and after."""
        wanted = self.rounds + rounds
        until(lambda: self.wrong or self.rounds >= wanted, "the others are answered", 60)
        assert not self.wrong, self.wrong


@contextlib.contextmanager
def others(bide):
    them = Others(bide)
    them.thread.start()
    try:
        them.go_on(1)
        yield them
        them.go_on()
    finally:
        them.done.set()
        them.thread.join()
    assert not them.wrong, them.wrong


def connections(bide):
    """Open ones, without the one that asks."""
    return bide.get_json("/v1/stats")["http"]["connections"] - 1


def alone(bide):
    until(lambda: connections(bide) == 0, "only the one that asks is connected", 60)


def stored(bide):
    """Tasks that were submitted to the queue that stands still."""
    return bide.queue("still")["depth"]["pending"]


def descriptors(bide):
    return len(list(Path(f"/proc/{bide.process.pid}/fd").iterdir()))


def unread(bide):
    """Bytes that were sent to the server and that it has not read, over connections that both sides have (proc(5))."""
    port, waiting = f":{bide.port:04X}", 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, state, queues = line.split()[1:5]
        to_send, to_read = (int(n, 16) for n in queues.split(":"))
        if state in ("01", "08"):  # established, or the other side has ended
            waiting += to_read * local.endswith(port) + to_send * remote.endswith(port)
    return waiting


def given_back(bide, before):
    """Descriptors: as many as before, but for a few that the server opens when it first needs them."""
    until(lambda: descriptors(bide) <= before + 6, f"the descriptors are given back, {before} as they were", 60)


def anonymous(bide):
    """Bytes of the server's own memory that are resident. A sanitizer keeps what was freed: there nothing is measured."""
    if os.environ.get("BIDE_SANITIZER"):
        return 0
    return int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{bide.process.pid}/status").read_text())[1]) << 10


def send_what_is_taken(sock, data, patience_ms=500):
    """Sends without reading until all is sent, or nothing is taken for so long. Returns how much was."""
    sock.setblocking(False)
    ready = select.poll()
    ready.register(sock, select.POLLOUT)
    sent = 0
    while sent < len(data) and ready.poll(patience_ms):
        sent += sock.send(data[sent : sent + (1 << 16)])
    return sent


def read_all(sock, data=b""):
    """Sends the rest while it reads all there is. Until the server closes."""
    sock.setblocking(False)
    got, sent = [], 0
    ready = select.poll()
    while True:
        ready.register(sock, select.POLLIN | (select.POLLOUT if sent < len(data) else 0))
        (_, what), *_ = ready.poll(60_000) or [(0, 0)]
        assert what, "nothing comes any more"
        if what & select.POLLOUT:
            sent += sock.send(data[sent : sent + (1 << 16)])
        if what & (select.POLLIN | select.POLLHUP):
            more = sock.recv(1 << 20)
            if not more:
                return b"".join(got)
            got.append(more)


def is_closed(sock):
    """Has the server closed it? Takes what is there."""
    sock.setblocking(False)
    try:
        while sock.recv(1 << 20):
            pass
    except BlockingIOError:
        return False
    except (ConnectionResetError, BrokenPipeError):
        return True
    return True


def connect(bide, count):
    """So many connections that say nothing yet."""
    socks = []
    for _ in range(count):
        sock = socket.create_connection(("127.0.0.1", bide.port), timeout=30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        socks.append(sock)
    return socks


def close(socks):
    for sock in socks:
        sock.close()
