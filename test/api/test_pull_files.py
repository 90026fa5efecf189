# SPDX-License-Identifier: Apache-2.0
"""Output files of workers elsewhere, sent by HTTP."""
import socket

import pytest
from fixtures import Fleet
from harness import problem, until
from puller import claim_one, pulled


@pytest.fixture(scope="module")
def bide():
    fleet = Fleet()
    yield fleet(pulled())
    fleet.release()


def test_files_are_sent_and_then_listed(bide):
    id = bide.submit("remote.files")["id"]
    attempt = claim_one(bide, "remote.files")
    data = bytes(range(256)) * 10_000
    answer = attempt.put("out.bin", data)
    assert answer.status == 201 and answer.json == {"name": "out.bin", "bytes": len(data)}
    assert attempt.put("a%20b", b"one", "POST").status == 201
    assert attempt.put("a%20b", b"two").json == {"name": "a b", "bytes": 3}
    assert attempt.put("empty", b"").status == 201
    attempt.done(None, files=["out.bin", "a b", "empty", "never sent"])
    assert bide.ended(id, "completed")["files"] == ["out.bin", "a b", "empty"]
    assert bide.send("GET", f"/v1/tasks/{id}/files/out.bin").body == data
    assert bide.send("GET", f"/v1/tasks/{id}/files/a%20b").body == b"two"
    assert "never sent" in bide.log(id)


@pytest.mark.parametrize("name", ["..", ".hidden", "a%2fb", "%00", "x" * 256])
def test_a_name_that_is_none_is_refused(bide, name):
    bide.submit("remote.names")
    attempt = claim_one(bide, "remote.names")
    problem(attempt.put(name, b"x"), 400, "invalid")
    attempt.done()


def test_an_upload_that_breaks_off_leaves_nothing(bide):
    id = bide.submit("remote.broken")["id"]
    attempt = claim_one(bide, "remote.broken")
    with socket.create_connection(("127.0.0.1", bide.port)) as wire:
        wire.sendall(f"PUT {attempt.path}/files/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf".encode())
        folder = bide.dir / "attempts" / f"{id}.1.1"
        until(lambda: list(folder.iterdir()), "the upload has begun")
    until(lambda: not list(folder.iterdir()), "nothing of it is left")
    attempt.done(None, files=["half"])
    assert bide.ended(id, "completed")["files"] == []


def test_an_upload_of_an_attempt_that_is_over_is_refused(bide):
    id = bide.submit("remote.over")["id"]
    attempt = claim_one(bide, "remote.over")
    with socket.create_connection(("127.0.0.1", bide.port), timeout=20) as wire:
        wire.sendall(f"PUT {attempt.path}/files/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf".encode())
        until(lambda: list((bide.dir / "attempts" / f"{id}.1.1").iterdir()), "the upload has begun")
        attempt.done()
        wire.sendall(b"other")
        assert wire.recv(100).startswith(b"HTTP/1.1 409 ")
    problem(attempt.put("late", b"x"), 409, "stale_fence")
    assert bide.ended(id, "completed")["files"] == []
