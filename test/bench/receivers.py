#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does a dead receiver of webhooks delay the others?

    receivers.py [--receivers N] [--rounds N] [--turns N]

N receivers (100), each an address of its own on this machine, and a server with its store on this disk. In each round (20, two
a second) a task ends for each receiver, and its webhook is sent there. In turns (3), each over a server of its own: with
receivers that all answer, and with one of them dead, which takes connections and never says anything, so that each of its
deliveries lasts until the timeout (5 s) and comes again. From the task's ending, as the webhook's body says it, to the whole
request at its receiver: one process is all of them, and reads one after the other, which is part of what is measured.
"""
import argparse
import asyncio
import datetime
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Set

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/api"))

from batches import quantile  # noqa: E402
from harness import Server, until  # noqa: E402

SECRET = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
CONFIG: Dict[str, Any] = {
    "types": {"cat": {"exec": ["/bin/cat"]}},
    "queues": {"default": {"concurrency": 100}},
    "webhooks": {"secrets": [SECRET], "allow_private": ["127.0.0.0/8"], "timeout": "5s"},
}
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Receivers:
    """`urls`: one for each; those of `dead` read and never answer. `late`: how many milliseconds after its task's ending each
    webhook was here, of those that answer."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.dead: Set[int] = set()
        self.late: List[float] = []
        self.urls: List[str] = []
        self.open = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._be()), daemon=True)
        self.thread.start()
        assert self.open.wait(30), "the receivers did not open"

    async def _be(self) -> None:
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        for i in range(self.n):
            server = await asyncio.start_server(lambda reader, writer, i=i: self._serve(i, reader, writer), f"127.0.1.{i + 1}", 0)
            self.urls.append(f"http://127.0.1.{i + 1}:{server.sockets[0].getsockname()[1]}/hook")
        self.open.set()
        await self.over.wait()

    async def _serve(self, i: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
                body = await reader.readexactly(int({name.lower(): value for name, value in lines.items()}["content-length"]))
                now = time.time()
                if i in self.dead:
                    await reader.read()
                    return
                ended = json.loads(body)["data"]["finished_at"].replace("Z", "+00:00")
                self.late.append((now - datetime.datetime.fromisoformat(ended).timestamp()) * 1000)
                writer.write(TAKEN)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join()


def measure(server: Server, receivers: Receivers, rounds: int) -> List[float]:
    """Milliseconds of each webhook of so many rounds to a receiver that answers."""
    receivers.late = []
    for _ in range(rounds):
        began = time.monotonic()
        lines = [json.dumps({"type": "cat", "input": None, "webhook": {"url": url, "events": ["completed"]}}) for url in receivers.urls]
        server.send("POST", "/v1/tasks:batch", "\n".join(lines).encode(), {"Content-Type": "application/x-ndjson"})
        time.sleep(max(0, began + 0.5 - time.monotonic()))  # sleep: the pace of what is measured
    wanted = rounds * (receivers.n - len(receivers.dead))
    until(lambda: len(receivers.late) >= wanted, f"{wanted} webhooks, {len(receivers.late)} are there", 120)
    assert len(receivers.late) == wanted
    return receivers.late


def turn(n: int, dead: Set[int], rounds: int) -> bool:
    """Prints what it was; says whether the server has left something behind."""
    directory = tempfile.mkdtemp(prefix="bide-receivers-", dir=os.environ.get("BIDE_BENCH_DIR"))
    receivers = Receivers(n)
    server = Server(directory, CONFIG).start()
    try:
        receivers.dead = dead
        late = measure(server, receivers, rounds)
        print(f"{len(dead)} of {n} dead: {len(late):,} webhooks, ms after the ending: "
              f"p50 {quantile(late, 0.5):.0f}, p99 {quantile(late, 0.99):.0f}, the last {max(late):.0f}", flush=True)
    finally:
        left = server.release()
        receivers.close()
        shutil.rmtree(directory, ignore_errors=True)
    return bool(left)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("receivers", 100), ("rounds", 20), ("turns", 3)):
        arguments.add_argument(f"--{name}", type=int, default=value)
    said = arguments.parse_args()
    left = [turn(said.receivers, dead, said.rounds) for _ in range(said.turns) for dead in (set(), {0})]
    return 1 if any(left) else 0


if __name__ == "__main__":
    sys.exit(main())
