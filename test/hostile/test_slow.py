# SPDX-License-Identifier: Apache-2.0
"""Slow in four ways, hundreds at once: the head byte by byte, the body byte by byte, an answer that nobody reads, a
connection that says nothing. The others go on, the memory stays bounded, and each of the slow is dealt with in the end.

How long that takes is a limit (doc/limits.md, and test/unit/http/test_slow.c on a clock of its own); here the test waits
until it has happened.
"""
import re
import time

from crowd import alone, anonymous, close, connect, connections, descriptors, given_back, is_closed, others, unread
from harness import until
from wire import LIVEZ, POST, Client

EACH = 250
DEAF = 100  # what the kernel takes for each, some MiB, is no more the server's
RESULT = 400_000
ROOM = 224 << 20  # http_bodies less http_smalls: what large bodies may take together


def drip(socks, text, at):
    """The next byte of the text on each; those that are closed take none."""
    for sock in socks:
        try:
            sock.send(text[at : at + 1])
        except OSError:
            pass  # it is closed, or it holds what nobody has read


def answers(clients):
    """What each of them has been told by now, by status."""
    told = {}
    for client in clients:
        client.sock.setblocking(False)
        try:
            while client.more():
                pass
        except BlockingIOError:
            pass
        for status in re.findall(rb"HTTP/1.1 (\d+) ", client.got):
            told[int(status)] = told.get(int(status), 0) + 1
    return told


def crowd(bide, begin):
    clients = [Client(bide) for _ in range(EACH)]
    for client in clients:
        client.send(begin)
    return clients


def test_slow_in_four_ways_hundreds_at_once(bide):
    id = bide.submit("cat", "x" * RESULT)["id"].encode()
    bide.ended(id.decode(), "completed")
    anonymous_before, open_before = anonymous(bide), descriptors(bide)
    with others(bide) as them:
        silent = connect(bide, EACH)
        heads = crowd(bide, b"G")
        bodies = crowd(bide, POST + b"Content-Length: 100000\r\n\r\n{")
        deaf = [Client(bide, receive_buffer=4096) for _ in range(DEAF)]
        for client in deaf:
            client.send(b"GET /v1/tasks/%s/result HTTP/1.1\r\nHost: a\r\n\r\n" % id * 30)
        until(lambda: connections(bide) >= 3 * EACH + DEAF, "all are connected")
        them.go_on()
        grown = anonymous(bide) - anonymous_before
        assert grown < DEAF * 2 * RESULT + 3 * EACH * (8 << 10), "an answer or two for each of the deaf, of the thirty they want"
        head, n = LIVEZ[:30], 0

        def all_dealt_with():
            nonlocal n
            n += 1
            drip([client.sock for client in heads], head, n % 30)
            drip([client.sock for client in bodies], b" ", 0)
            them.go_on(5)
            time.sleep(0.2)  # sleep: the pace of the slow
            told = answers(heads), answers(bodies)
            open_ones = sum(not is_closed(sock) for sock in silent)
            return told == ({408: EACH}, {408: EACH}) and connections(bide) - open_ones <= 3

        until(all_dealt_with, "heads and bodies are told 408, and those who do not read are closed", 240)
        for sock in silent:
            if not is_closed(sock):  # as it is after 75 s
                sock.setblocking(True)
                sock.sendall(LIVEZ)
                assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
        for client in deaf:
            client.sock.settimeout(60)
            while client.more():
                pass
            assert 0 < len(client.got) < 30 * RESULT, "it was given up, not answered in full"
    close(silent)
    close([client.sock for client in heads + bodies + deaf])
    alone(bide)
    given_back(bide, open_before)
    assert bide.terminate() == 0


def test_heads_and_bodies_that_come_byte_by_byte_and_in_time_are_answered(bide):
    """Slowly for the server: it is asked something between any two bytes."""
    text = POST + b'Content-Length: 12\r\n\r\n{"type":"t"}'
    clients = [Client(bide) for _ in range(20)]
    with Client(bide) as other:
        for n in range(len(text)):
            drip([client.sock for client in clients], text, n)
            assert other.ask().status == 200
    assert [client.answer().status for client in clients] in ([202] * 20, [408] * 20), "408 on a machine that is too slow"
    close([client.sock for client in clients])
    alone(bide)


def test_large_bodies_that_stop_in_the_middle_leave_room_for_small_ones(bide):
    """More of them than all large bodies may be together: those over it are refused, and no one else. A body's memory is
    at most twice what has come of it, and what fits is not refused."""
    clients, least, most = [], 0, 0
    for size in (16 << 20, 1 << 20, 100 << 10):
        clients.append([Client(bide) for _ in range(20)])
        for client in clients[-1]:
            client.send(POST + b"Content-Length: %d\r\n\r\n" % size)
            client.send(b" " * (size - 10))
        until(lambda: unread(bide) == 0, "all is read", 60)
        told = answers(clients[-1])
        assert set(told) == {503}, told
        taken, cost = 20 - told[503], min(2 * size, (16 << 20) + 1)
        least, most = least + taken * (size - 10), most + taken * cost
        assert least <= ROOM, f"{least} bytes are held"
        assert most + cost > ROOM, f"{told[503]} of {size} bytes are refused though there is room beside {most}"
    with others(bide) as them:
        small = crowd(bide, POST + b"Content-Length: 60000\r\n\r\n" + b" " * 50_000)
        them.go_on(50)
        assert 503 not in answers(small), "none is refused"
    assert bide.submit("t", "x" * 50_000)
    with Client(bide) as another:
        refused = another.ask(POST + b"Content-Length: 1000000\r\n\r\n")
    assert refused.status == 503 and int(refused.headers["retry-after"]) >= 1
    close([client.sock for same in [*clients, small] for client in same])
    alone(bide)
    assert bide.post("/v1/tasks", {"type": "t", "input": "x" * (15 << 20)}).status == 202, "there is room again"
