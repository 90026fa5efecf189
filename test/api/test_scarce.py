# SPDX-License-Identifier: Apache-2.0
"""When something runs out, the server refuses and says so; it loses nothing, and goes on when there is more."""
import json
import os
import re
import resource
import signal
import socket
import subprocess

import pytest
from harness import PATIENCE, problem, until
from sanitized import unsanitized


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
    bide = serve({"store": f"sqlite:{place}/bide.db", "disk_reserve": "0", "types": {"cat": {"exec": ["/bin/cat"]}}})
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


@pytest.mark.parametrize("small", ["store", "data_dir"])
def test_below_the_reserve_only_new_work_is_refused_and_it_is_over_when_there_is_room(serve, small_disk, small):
    place, enlarge = small_disk
    enlarge()
    where = {"store": f"sqlite:{place}/bide.db"} if small == "store" else {"data_dir": str(place)}
    bide = serve(types={"fail": {"exec": ["/bin/false"], "max_attempts": 1}}, disk_reserve="32M", **where)
    failed = bide.ended(bide.submit("fail")["id"], "failed")["id"]
    running = bide.act(["until", bide.gate("full")], ["done", {"large": "x" * 10_000}])
    waiting = bide.submit("act", delay_ms=3_600_000)["id"]
    bide.seen(running, "running")
    assert bide.send("GET", "/readyz").status == 200
    filler = place / "filler"
    filler.write_bytes(bytes(50 << 20))
    refused = until(lambda: next((a for a in [bide.post("/v1/tasks", {"type": "fail"})] if a.status != 202), None))
    assert "less than the reserve" in problem(refused, 507, "disk_full")["detail"]
    assert int(refused.headers["retry-after"]) >= 1
    problem(bide.post(f"/v1/tasks/{failed}/retry"), 507, "disk_full")
    problem(bide.post("/v1/tasks:retry", {"type": "fail"}), 507, "disk_full")
    [told] = bide.post("/v1/tasks:batch", [{"type": "fail"}]).json["items"]
    assert (told["status"], told["error"]["code"]) == (507, "disk_full")
    problem(bide.send("GET", "/readyz"), 507, "disk_full")
    health = bide.send("GET", "/healthz")
    assert health.status == 503 and health.json["status"] == "disk_full"
    assert bide.send("GET", "/livez").status == 200
    bide.open_gate("full")
    assert bide.ended(running, "completed")["result"]["large"], "what runs goes on"
    assert bide.post(f"/v1/tasks/{waiting}/cancel").json["status"] == "cancelled", "as do changes"
    free = int(bide.metric("bide_disk_free_bytes"))
    assert 0 < free < 32 << 20
    filler.unlink()
    until(lambda: bide.post("/v1/tasks", {"type": "fail"}).status == 202, "submits are taken again")
    assert bide.send("GET", "/readyz").status == 200
    assert bide.text().count("submits are refused until") == bide.text().count("submits are taken") == 1


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
            sock.sendall(b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.sendall(b"GET /v1/tasks/%s/result HTTP/1.1\r\nHost: localhost\r\n\r\n" % id.encode())
        idle.append(sock)
    for n in range(5):
        assert bide.ended(bide.submit("cat", n)["id"], "completed")["result"] == n
    for sock in idle:
        sock.close()
    assert bide.terminate() == 0


def rss(bide):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{bide.process.pid}/status").read())[1]) >> 10


@unsanitized("a sanitizer's memory is measured, and its time: clients are given up before all have asked")
def test_large_answers_that_nobody_reads_are_bounded_together(serve):
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}})
    id = bide.submit("cat", "x" * 15_000_000)["id"]
    bide.ended(id, "completed")
    before, socks, statuses = rss(bide), [], []
    for _ in range(30):
        sock = socket.socket()
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", bide.port))
        sock.sendall(b"GET /v1/tasks/%s/result HTTP/1.1\r\nHost: localhost\r\n\r\n" % id.encode())
        statuses.append(sock.recv(12)[9:])
        socks.append(sock)
    assert {b"200", b"503"} == set(statuses)
    assert statuses.count(b"200") == 256 * 1024 * 1024 // 15_000_002
    assert rss(bide) - before < 256 + 64
    refused = bide.send("GET", f"/v1/tasks/{id}/result")
    problem(refused, 503, "try_again")
    assert int(refused.headers["retry-after"]) >= 1
    assert bide.ended(bide.submit("cat", 1)["id"], "completed")["result"] == 1, "what is small goes on"
    for sock in socks:
        sock.close()
    assert until(lambda: bide.send("GET", f"/v1/tasks/{id}/result").status == 200, "there is room again")


@unsanitized("320 MB of JSON take minutes; the address sanitizer's run has it", only="thread")
def test_submits_that_wait_do_not_hold_their_bodies(serve):
    bide = serve(queues={"default": {"concurrency": 1, "paused": True}}, types={"cat": {"exec": ["/bin/cat"]}})
    body = json.dumps({"type": "cat", "input": "x" * 16_000_000}).encode()
    waiting = []
    for n in range(20):  # 320 MB
        connection = bide.connect()
        connection.request("POST", "/v1/tasks", body, {"Content-Type": "application/json", "Prefer": "wait=60"})
        until(lambda: bide.queue()["depth"]["pending"] == n + 1, "it is stored")
        waiting.append(connection)
    assert bide.submit("cat", "y" * 300_000)["status"] == "pending"
    for connection in waiting:
        connection.close()


def test_clients_that_leave_while_their_submit_is_stored_are_noticed(serve):
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}})
    body = b'{"type":"cat","delay_ms":3600000}'
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", bide.port), timeout=PATIENCE) as sock:
            sock.sendall(b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                         b"Prefer: wait=60\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))  # fmt: skip
    until(lambda: bide.queue()["depth"]["scheduled"] == 50, "all are stored")
    until(lambda: bide.get_json("/v1/stats")["http"]["connections"] == 1, "only the one that asks is connected")
