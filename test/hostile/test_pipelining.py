# SPDX-License-Identifier: Apache-2.0
"""Many requests on one connection at once: all of them are answered in order, none behind a bad one is executed, and a
client that asks and asks and never reads costs a bounded piece of memory."""
import random

import pytest
from crowd import alone, anonymous, others, read_all, send_what_is_taken, stored
from harness import until
from wire import LIVEZ, POST, SUBMIT, Client, replies

LAST = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SEED = 7


def numbered(n, target=b"/livez"):
    return b"GET %s HTTP/1.1\r\nHost: a\r\nX-Request-Id: n-%d\r\n\r\n" % (target, n)


def test_three_thousand_requests_in_one_write_are_answered_in_order(bide):
    with Client(bide) as client, others(bide):
        asked = b"".join((numbered(n), SUBMIT)[n % 3 == 0] for n in range(3000))
        answers = replies(read_all(client.sock, asked + LAST))
    assert [answer.status for answer in answers] == [(200, 202)[n % 3 == 0] for n in range(3000)] + [200]
    given = [(n, answer.headers["x-request-id"]) for n, answer in enumerate(answers[:-1]) if n % 3]
    assert given == [(n, f"n-{n}") for n in range(3000) if n % 3]


BAD = {
    "a space before a colon": b"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
    "no HTTP": b"\0\0\0\0",
    "a bare LF in a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n1\n",
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n",
}


@pytest.mark.parametrize("bad", BAD)
def test_of_a_thousand_submits_those_behind_a_bad_request_are_never_executed(bide, bad):
    chance = random.Random(SEED)
    for count in (0, 1, 17, 500):
        before = stored(bide)
        with Client(bide) as client:
            data = SUBMIT * count + BAD[bad] + SUBMIT * (1000 - count)
            while data and client.send(data[: (cut := chance.randint(1, 40_000))]):
                data = data[cut:]
            statuses = [answer.status for answer in client.all()]
        # What came behind may have been too much to be read: then the answers are cut off by a reset, never made up.
        assert statuses == ([202] * count + [400])[: len(statuses)]
        until(lambda: stored(bide) >= before + count, "the good ones are stored")
        assert bide.send("GET", "/livez").status == 200
        assert stored(bide) == before + count
    alone(bide)


def test_a_submit_whose_body_is_cut_short_is_not_one(bide):
    with Client(bide) as client:
        client.send(SUBMIT * 10 + SUBMIT[:-1])
        client.end()
        assert [answer.status for answer in client.all()] == [202] * 10
    alone(bide)
    assert stored(bide) == 10


def test_ten_thousand_requests_of_a_client_that_does_not_read_are_all_answered_when_it_does(bide):
    asked = b"".join(numbered(n) for n in range(10_000)) + LAST
    before = anonymous(bide)
    with Client(bide, receive_buffer=4096) as client, others(bide) as them:
        sent = send_what_is_taken(client.sock, asked)
        them.go_on()
        assert anonymous(bide) - before < 4 << 20
        answers = replies(read_all(client.sock, asked[sent:]))
    assert [answer.headers["x-request-id"] for answer in answers[:-1]] == [f"n-{n}" for n in range(10_000)]
    assert {answer.status for answer in answers} == {200} and len(answers) == 10_001


def test_two_thousand_submits_of_a_client_that_does_not_read_are_stored_once_each(bide):
    with Client(bide, receive_buffer=4096) as client:
        asked = SUBMIT * 2000 + LAST
        sent = send_what_is_taken(client.sock, asked)
        assert bide.send("GET", "/livez").status == 200
        answers = replies(read_all(client.sock, asked[sent:]))
    assert [answer.status for answer in answers] == [202] * 2000 + [200]
    assert stored(bide) == 2000


def test_a_hundred_clients_that_ask_for_long_answers_and_never_read_cost_a_bounded_memory(bide):
    id = bide.submit("t", "x" * 60_000)["id"].encode()  # shown inline
    before = anonymous(bide)
    clients = [Client(bide, receive_buffer=4096) for _ in range(100)]
    with others(bide) as them:
        for client in clients:
            send_what_is_taken(client.sock, numbered(1, b"/v1/tasks/" + id) * 1000, 0)
        them.go_on(50)
        assert anonymous(bide) - before < 100 * (512 << 10), "far from the 6 GB that they ask for"
        for client in clients:
            client.reset()
    alone(bide)


def test_a_flood_from_a_hundred_connections_leaves_the_others_their_turn(bide):
    clients = [Client(bide) for _ in range(100)]
    with others(bide) as them:
        for client in clients:
            send_what_is_taken(client.sock, LIVEZ * 2000, 0)
        them.go_on(50)
        for client in clients:
            client.sock.close()
    alone(bide)
