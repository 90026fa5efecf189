#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How soon does a change reach a thousand listeners, and what do streams cost that hear nothing?

    streams.py [--listeners N] [--changes N] [--idle N] [--seconds N] [--turns N]

One server with its store on this disk:

1. N clients (1,000) follow one task by server-sent events. A puller tells its progress, `changes` (400) times, at most 40 a
   second: of more than 50 a second of one attempt the last is told when the second is over. From before that request until each
   client has the event, as one process reads all of them: part of what is measured is this program, which reads one after the
   other.
2. `bide bench` submits at 64 connections for some seconds (5), in turns (3) without streams and with N (9,000) that follow tasks
   which do not run, and the server's memory beside both. A submit is synced before its answer in both.
"""
import argparse
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Dict, List, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/api"))

from batches import quantile  # noqa: E402
from harness import BIDE, Server, until  # noqa: E402
from puller import claim_one  # noqa: E402

CONFIG: Dict[str, Any] = {"types": {"far": {"pull": {}}, "cat": {"exec": ["/bin/cat"]}}}


class Ear:
    """One stream, read without looking at more than is asked for."""

    def __init__(self, server: Server, target: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), 30)
        self.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode())
        self.rest = b""

    def begun(self) -> None:
        """Waits until the answer is there."""
        while b"\r\n\r\n" not in self.rest:
            piece = self.socket.recv(65536)
            assert piece, "the server has closed it"
            self.rest += piece
        assert self.rest.startswith(b"HTTP/1.1 200 "), self.rest[:200]

    def has(self, words: bytes) -> bool:
        """Reads what there is; has this been among it? What came before it is forgotten then."""
        self.rest = self.rest[-len(words):] + self.socket.recv(65536)
        at = self.rest.find(words)
        self.rest = self.rest[at + len(words):] if at >= 0 else self.rest
        return at >= 0

    def close(self) -> None:
        self.socket.close()


def open_ears(server: Server, targets: List[str]) -> List[Ear]:
    ears = [Ear(server, target) for target in targets]
    for ear in ears:
        ear.begun()
    return ears


def reach(server: Server, listeners: int, changes: int) -> List[float]:
    """Milliseconds from each change to each listener."""
    id = server.submit("far")["id"]
    attempt = claim_one(server, "far")
    ears = open_ears(server, [f"/v1/tasks/{id}/events"] * listeners)
    poll, by_fd = select.epoll(), {ear.socket.fileno(): ear for ear in ears}
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    took = []
    for n in range(changes):
        words, waiting = f'"message":"change {n}."'.encode(), set(by_fd)
        began = time.monotonic()
        answer = attempt.say("progress", {"percent": n * 100 / changes, "message": f"change {n}."})
        assert answer.status == 200, answer
        while waiting:
            heard = poll.poll(30)
            assert heard, f"change {n} has not reached {len(waiting)} of them"
            for fd, _ in heard:
                if by_fd[fd].has(words) and fd in waiting:
                    waiting.discard(fd)
                    took.append((time.monotonic() - began) * 1000)
        time.sleep(max(0, began + 0.025 - time.monotonic()))  # sleep: the pace of what is measured
    for ear in ears:
        ear.close()
    return took


def memory_kib(server: Server) -> int:
    text = Path("/proc", str(server.process.pid), "status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


def submits(server: Server, seconds: int) -> float:
    command = [BIDE, "bench", "--server", server.url, "--type", "cat", "--connections", "64", "--seconds", str(seconds), "--json", "--yes"]
    return float(json.loads(subprocess.run(command, check=True, capture_output=True, timeout=seconds + 120).stdout)["per_second"])


def cost(server: Server, idle: int, seconds: int, turns: int) -> Tuple[List[float], List[float], int, int]:
    """Rates without and with streams; memory in KiB without and with, before any submit."""
    ids = [server.submit("far", delay_ms=86_400_000)["id"] for _ in range(min(idle, 100))]
    targets = [f"/v1/tasks/{ids[n % len(ids)]}/events" for n in range(idle)]
    without, beside = [], []
    before = memory_kib(server)
    after = before
    for turn in range(turns):
        without.append(submits(server, seconds))
        level = memory_kib(server)
        ears = open_ears(server, targets)
        after = max(after, before + memory_kib(server) - level) if turn == 0 else after
        beside.append(submits(server, seconds))
        for ear in ears:
            ear.close()
        until(lambda: b"bide_streams 0\n" in server.send("GET", "/metrics").body, "the streams to be gone", 90)
    return without, beside, before, after


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("listeners", 1000), ("changes", 400), ("idle", 9000), ("seconds", 5), ("turns", 3)):
        arguments.add_argument(f"--{name}", type=int, default=value)
    said = arguments.parse_args()
    directory = tempfile.mkdtemp(prefix="bide-streams-", dir=os.environ.get("BIDE_BENCH_DIR"))
    server = Server(directory, CONFIG).start()
    try:
        took = reach(server, said.listeners, said.changes)
        print(f"a change reaches {said.listeners:,} listeners, ms: p50 {quantile(took, 0.5):.1f}, p99 {quantile(took, 0.99):.1f}, "
              f"the last {max(took):.1f}; {len(took):,} of {said.listeners * said.changes:,}")
        without, beside, before, after = cost(server, said.idle, said.seconds, said.turns)
        ratio = median(b / w for w, b in zip(without, beside))
        print(f"submits a second at 64 connections, synced: {median(without):,.0f}; with {said.idle:,} idle streams {median(beside):,.0f}: {ratio:.2f}x")
        print(f"memory: {before / 1024:.1f} MiB before, {after / 1024:.1f} MiB with the streams, {(after - before) * 1024 / said.idle:,.0f} bytes each")
    finally:
        left = server.release()
        shutil.rmtree(directory, ignore_errors=True)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
