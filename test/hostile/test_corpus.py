# SPDX-License-Identifier: Apache-2.0
"""Every case of the corpus, whole, byte by byte and in random pieces: the same answers, the same end, and never a task
more than it may make, whatever is hidden in it.

Between two pieces another connection asks for /livez: so the server has read each piece before the next comes, and is
seen to be well all the while. BIDE_HOSTILE_SEED says how the random pieces are cut.
"""
import os
import random

import corpus
import pytest
from harness import until
from wire import Client

SEED = int(os.environ.get("BIDE_HOSTILE_SEED", "1"))
BYTES_MAX = 600  # longer cases are cut into so many random pieces
CASES = corpus.read_all()


@pytest.fixture(scope="module")
def watched():
    """A server whose tasks never run, and a connection that looks after it."""
    from fixtures import Fleet

    fleet = Fleet()
    bide = fleet({"queues": {"default": {"paused": True}}, "types": {"t": {"exec": ["/bin/true"]}}})
    with Client(bide) as other:
        yield bide, other
    assert bide.terminate() == 0
    fleet.release()


def stored(bide):
    return bide.queue()["depth"]["pending"]


def cuts(data, mode):
    """The pieces in which the bytes are sent."""
    if mode == "whole" or len(data) < 2:
        return [data]
    if mode == "bytes" and len(data) <= BYTES_MAX:
        return [data[n : n + 1] for n in range(len(data))]
    chance = random.Random(f"{SEED} {mode} {len(data)}")
    count = BYTES_MAX if mode == "bytes" else chance.randint(1, 9)
    at = sorted(chance.sample(range(1, len(data)), min(count, len(data) - 1)))
    return [data[a:b] for a, b in zip([0, *at], [*at, len(data)])]


def play(bide, other, case, mode):
    with Client(bide) as client:
        for piece in cuts(case.sent, mode):
            if not client.send(piece):
                break
            assert other.ask().status == 200
        expected = list(case.answers)
        if case.then == "waits":
            client.end()
        if case.then == "open":
            expected.append((200, True))
            client.send(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-Id: the-next-one\r\n\r\n")
        answers = client.all([kind for _, kind in expected])
    assert [answer.status for answer in answers] == [status for status, _ in expected], answers
    last = answers[-1] if answers else None
    if case.then == "open":
        assert last.headers["x-request-id"] == "the-next-one", last
    if case.then == "closed" and "transfer-encoding" not in last.headers:  # of one in pieces it could not be known
        assert last.headers["connection"] == "close", last
    for answer in answers[:-1]:
        assert answer.headers.get("connection") != "close", answer


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.family}: {case.name}")
def test_each_case_ends_as_it_must_however_it_is_cut(watched, case):
    bide, other = watched
    for mode in ("whole", "bytes", "random 1", "random 2", "random 3"):
        before = stored(bide)
        play(bide, other, case, mode)
        assert stored(bide) == before + case.stores, mode


def test_the_corpus_is_large_and_says_why():
    assert len(CASES) >= 300
    assert {case.then for case in CASES} == set(corpus.ENDS)
    assert sum(case.then == "closed" and not case.stores for case in CASES) >= 200, "most are refused"


def test_nothing_is_left_of_them(watched):
    bide, _ = watched
    until(lambda: bide.get_json("/v1/stats")["http"]["connections"] == 2, "only those that look are connected")
