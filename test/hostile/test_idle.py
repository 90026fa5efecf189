# SPDX-License-Identifier: Apache-2.0
"""Five thousand connections that do nothing, ten thousand that are all there may be, and floods of those that come and
go: the others are answered, memory and descriptors are bounded and given back, one too many is told so."""
import resource

import pytest
from crowd import CONFIG, alone, anonymous, close, connect, connections, descriptors, given_back, is_closed, others, stored
from harness import until
from wire import LIVEZ, SUBMIT, Client, Reply

IDLE = 5_000
LIMIT = 10_000  # http_connections
SPARE = 300  # descriptors for everything else
PER_CONNECTION = 8 << 10  # bytes: what one may cost at most, half a head included


@pytest.fixture
def most():
    """How many connections this process and a server of its own may have; restores the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard - SPARE < 1_000:
        pytest.skip(f"only {hard} descriptors are allowed here")
    yield hard - SPARE
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def begin(socks, request):
    for sock in socks:
        sock.sendall(request)


def ask(sock, request=LIVEZ):
    sock.setblocking(True)
    sock.sendall(request)
    got = b""
    while b"\r\n\r\n" not in got:
        got += sock.recv(65536)
    return Reply(got)


def test_five_thousand_idle_connections_cost_little_and_hold_up_nobody(serve, most):
    bide = serve(CONFIG)
    with others(bide) as them:
        them.go_on(50)
        memory, open_before, count = anonymous(bide), descriptors(bide), min(IDLE, most)
        idle = connect(bide, count)
        until(lambda: connections(bide) >= count, "all are connected")
        third = count // 3
        for sock in idle[third : 2 * third]:  # kept alive, after an answer
            assert ask(sock).status == 200
        them.go_on(100)
        begin(idle[:third], b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Half: a head")
        assert bide.send("GET", "/livez").status == 200
        grown = anonymous(bide) - memory
        assert grown < count * PER_CONNECTION, f"{grown // count} bytes for each"
        assert descriptors(bide) - open_before in range(count - 5, count + 6)
        for sock in idle[third : 2 * third : 50]:
            assert ask(sock, SUBMIT).status == 202
        begin(idle[:third:50], b"\r\n\r\n")
        close(idle)
        given_back(bide, open_before)
        idle = connect(bide, count)  # a second time: from the memory of the first
        until(lambda: connections(bide) >= count, "all are connected")
        them.go_on()
        assert anonymous(bide) - memory < grown + (8 << 20), "nothing is lost by coming and going"
        close(idle)
    alone(bide)
    assert stored(bide) == them.rounds + len(range(third, 2 * third, 50))
    assert bide.terminate() == 0


def test_who_is_one_too_many_is_told_so_and_those_who_are_there_go_on(serve, most):
    if most < LIMIT + SPARE:
        pytest.skip(f"only {most} connections are allowed here")
    bide = serve(CONFIG)
    with Client(bide) as early:
        assert early.ask().status == 200
        there = connect(bide, LIMIT - 1)
        with Client(bide) as late:
            late.send(LIVEZ)
            [refused] = late.all()
            assert refused.status == 503 and int(refused.headers["retry-after"]) >= 1, refused
            assert refused.headers["connection"] == "close" and b'"try_again"' in refused.body
        for _ in range(20):
            assert early.ask(SUBMIT).status == 202
        for sock in there[::500]:
            assert ask(sock).status == 200
        more = connect(bide, 200)
        told = [bytes(until(lambda s=sock: s.recv(65536), "an answer or an end") or b"") for sock in more]
        assert {Reply(data).status for data in told} == {503}
        close(more + there[:1000])
        until(lambda: bide.send("GET", "/livez").status == 200, "there is room again")
        close(there[1000:])
    alone(bide)
    assert bide.terminate() == 0


def test_three_thousand_that_come_and_go_at_once_leave_nothing(serve):
    bide = serve(CONFIG)
    open_before = descriptors(bide)
    with others(bide) as them:
        for n in range(3000):
            client = Client(bide)
            if n % 3 == 0:
                client.send(LIVEZ)
            client.reset() if n % 2 else client.sock.close()
        them.go_on()
    alone(bide)
    given_back(bide, open_before)


def test_three_thousand_refused_requests_whose_senders_stay_are_let_go_by_the_server(serve, most):
    bide = serve(CONFIG)
    open_before, count = descriptors(bide), min(3000, most)
    with others(bide):
        staying = connect(bide, count)
        begin(staying, b"\0\0\0\0")
        for sock in staying:
            assert Reply(sock.recv(65536)).status == 400
        given_back(bide, open_before)
        assert all(is_closed(sock) for sock in staying)
        close(staying)
    alone(bide)
