# SPDX-License-Identifier: Apache-2.0
"""Clients that end their side, or go with a reset: at every byte of a request, and in the middle of an answer. Who has
asked in full is answered; of the others nothing is stored, and nothing is left."""
import json
import random

import pytest
from crowd import alone, connections, descriptors, given_back, others, stored
from harness import until
from wire import LIVEZ, POST, SUBMIT, Client

SEED = 11


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def test_a_client_that_ends_its_side_behind_its_requests_gets_every_answer(bide):
    for asked, wanted in (
        (LIVEZ, [200]),
        (SUBMIT, [202]),
        (LIVEZ + SUBMIT + LIVEZ, [200, 202, 200]),
        (SUBMIT * 300, [202] * 300),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b'{"type"', b':"t"}') + b"0\r\n\r\n", [202]),
        (POST + b"Expect: 100-continue\r\nContent-Length: 12\r\n\r\n" + b'{"type":"t"}', [202]),
        (b"GET / HTTP/1.1\r\n\r\n" + SUBMIT, [400]),
    ):
        before = stored(bide)
        with Client(bide) as client:
            client.send(asked)
            client.end()
            assert [answer.status for answer in client.all()] == wanted
        assert stored(bide) == before + wanted.count(202)
    alone(bide)


def test_a_long_answer_is_given_in_full_to_a_client_that_has_ended_its_side(bide):
    text = "x" * 8_000_000
    id = bide.submit("cat", text)["id"]
    bide.ended(id, "completed")
    with Client(bide, receive_buffer=65536) as client:
        client.send(b"GET /v1/tasks/%s/result HTTP/1.1\r\nHost: a\r\n\r\n" % id.encode())
        client.end()
        [answer] = client.all()
    assert answer.status == 200 and json.loads(answer.body) == text
    alone(bide)


@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_client_that_goes_at_any_byte_of_a_submit_leaves_nothing(bide, how):
    bodies = (SUBMIT, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b'{"type":', b'"t"}') + b"0\r\nX-A: b\r\n\r\n")
    open_before = descriptors(bide)
    with others(bide) as them:
        for request in bodies:
            for length in range(len(request)):
                client = Client(bide)
                client.send(request[:length])
                if how == "end":
                    client.end()
                    assert client.all() == [], "it has not asked for anything"
                    client.sock.close()
                else:
                    client.reset()
    alone(bide)
    assert stored(bide) == them.rounds, "what the others have submitted"
    given_back(bide, open_before)


def test_a_client_that_resets_behind_a_whole_submit_has_submitted_or_not_and_nothing_in_between(bide):
    for _ in range(300):
        client = Client(bide)
        client.send(SUBMIT)
        client.reset()
    alone(bide)
    tasks = bide.listed(queue="still")
    assert len(tasks) == stored(bide) <= 300
    assert {task["status"] for task in tasks} <= {"pending"}


def test_who_waits_for_an_ending_and_ends_his_side_is_let_go(bide):
    body = b'{"type":"t"}'
    clients = []
    for _ in range(50):
        clients.append(Client(bide))
        clients[-1].send(POST + b"Prefer: wait=60\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    until(lambda: stored(bide) == 50 and connections(bide) == 50, "all wait")
    for client in clients:
        client.end()
        assert client.all() == []
        client.sock.close()
    alone(bide)
    assert stored(bide) == 50, "what was stored stays"


def test_resets_at_random_moments_of_long_bodies_and_long_answers_leave_nothing(bide):
    chance = random.Random(SEED)
    id = bide.submit("cat", "x" * 2_000_000)["id"]
    bide.ended(id, "completed")
    asked = b"GET /v1/tasks/%s/result HTTP/1.1\r\nHost: a\r\n\r\n" % id.encode()
    whole = b'{"type":"cat","input":"%s"}' % (b"y" * 400_000)
    sent = POST + b"Content-Length: %d\r\n\r\n%s" % (len(whole), whole)
    open_before = descriptors(bide)
    with others(bide):
        for _ in range(150):
            client = Client(bide)
            if chance.random() < 0.5:
                client.send(sent[: chance.randrange(len(sent))])
            else:
                client.send(asked)
                client.sock.recv(chance.randint(1, 1_000_000))
            client.reset()
    alone(bide)
    assert bide.get_json("/v1/stats")["tasks"]["completed"] == 1
    given_back(bide, open_before)
    assert bide.terminate() == 0


def test_batches_that_break_off_keep_what_was_answered_and_no_half_line(bide):
    line = b'{"type":"t"}\n'
    head = b"POST /v1/tasks:batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    answered = 0
    for cut in range(len(line)):
        with Client(bide) as client:
            client.send(head + chunked(line * 5))
            until(lambda: client.more() and client.got.count(b'"status":202') == 5, "five are stored")
            answered += 5
            client.send(chunked(line[:cut]) if cut else b"1")
            client.reset() if cut % 2 else client.end()
        assert bide.send("GET", "/livez").status == 200
    alone(bide)
    assert stored(bide) == answered
