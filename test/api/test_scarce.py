# SPDX-License-Identifier: Apache-2.0
"""When something runs out, the server refuses and says so; it loses nothing, and goes on when there is more."""
import os
import resource
import signal
import socket
import subprocess

import pytest
from harness import problem, until


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB, and how to make it larger."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    yield place, lambda: subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_507_loses_nothing_and_is_over_when_there_is_room(serve, small_disk):
    place, enlarge = small_disk
    bide = serve({"store": f"sqlite:{place}/bide.db", "types": {"cat": {"exec": ["/bin/cat"]}}})
    accepted = []
    for _ in range(40):
        answer = bide.post("/v1/tasks", {"type": "cat", "input": "x" * 60_000, "delay_ms": 3_600_000})
        if answer.status != 202:
            break
        accepted.append(answer.json["id"])
    problem(answer, 507, "disk_full")
    assert int(answer.headers["retry-after"]) >= 1
    assert bide.send("GET", "/livez").status == 200
    assert accepted and {bide.task(id)["status"] for id in accepted} == {"scheduled"}
    enlarge()
    bide.ended(bide.submit("cat", {"a": 1})["id"], "completed")
    bide.restart9()
    assert {bide.task(id)["status"] for id in accepted} == {"scheduled"}
    bide.terminate()


def test_without_descriptors_it_goes_on_and_serves_when_there_are_some(serve):
    bide = serve()
    bide.ended(bide.act(), "completed")
    resource.prlimit(bide.process.pid, resource.RLIMIT_NOFILE, (64, 64))
    held = [socket.create_connection(("127.0.0.1", bide.port), timeout=5) for _ in range(150)]
    assert bide.process.poll() is None
    for sock in held:
        sock.close()
    assert until(lambda: bide.send("GET", "/livez").status == 200, "it answers again")
    bide.ended(bide.act(), "completed")


def test_signals_that_mean_nothing_to_it_do_not_end_it(serve):
    bide = serve()
    bide.ended(bide.act(), "completed")
    for number in (signal.SIGPIPE, signal.SIGHUP):
        bide.process.send_signal(number)
        bide.ended(bide.act(), "completed")
    assert bide.process.poll() is None


def test_a_client_that_sends_half_a_request_or_never_reads_holds_up_nobody(serve):
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}})
    id = bide.submit("cat", "x" * 8_000_000)["id"]
    bide.ended(id, "completed")
    idle = []
    for n in range(50):
        sock = socket.create_connection(("127.0.0.1", bide.port), timeout=5)
        if n % 2:
            sock.sendall(b"POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.sendall(b"GET /v1/tasks/%s/result HTTP/1.1\r\nHost: x\r\n\r\n" % id.encode())
        idle.append(sock)
    for n in range(5):
        assert bide.ended(bide.submit("cat", n)["id"], "completed")["result"] == n
    for sock in idle:
        sock.close()
    assert bide.terminate() == 0
