#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many models, memory for a few: how often is one loaded, and what does it cost who waits?

    models.py [TASKS]

8 models of which 2 fit into memory together (`resources`, `needs`), each 0.5 s to load and 20 ms for a task. 16 clients each ask
for one of them by chance, wait for the result and ask again, until TASKS (200) are done: the same tasks in each turn. A turn for
each `prefer_warm`: 0 (whoever has waited longest is served next), 1, 4 (as it is when nothing is said) and 16. Synced sqlite store.
The status is 1 when a task did not complete.
"""
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Any, Dict, List, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/api"))

from cancels import Client  # noqa: E402
from harness import BIDE, Server  # noqa: E402

MODELS, FIT, CLIENTS = 8, 2, 16
LOAD_S, TASK_S = 0.5, 0.02
TURNS = (0, 1, 4, 16)
WORKER = str(ROOT / "test/bench/model_worker.py")


class Turn(NamedTuple):
    prefer_warm: int
    seconds: float
    loads: int
    waits: List[float]  # of each task, from its submit to its result


def configuration(prefer_warm: int, load_s: float) -> Dict[str, Any]:
    names = [f"model-{n}" for n in range(MODELS)]
    command = [sys.executable, "-S", WORKER, str(load_s), str(TASK_S)]
    worker = {"command": command, "needs": {"memory": 1}, "prefer_warm": prefer_warm}
    return {
        "resources": {"memory": FIT},
        "queues": {"default": {"concurrency": CLIENTS}},
        "workers": {name: worker for name in names},
        "types": {name: {"worker": name} for name in names},
    }


class Asker(threading.Thread):
    """Takes the next of the tasks that all of them share, and waits for it."""

    def __init__(self, server: Server, types: List[str]) -> None:
        super().__init__(daemon=True)
        self.client, self.types = Client(server), types
        self.waits: List[float] = []
        self.wrong: List[str] = []

    def run(self) -> None:
        try:
            while self.types:
                self.one(self.types.pop())
        except IndexError:
            return  # another one was quicker
        except Exception as error:
            self.wrong.append(repr(error))

    def one(self, name: str) -> None:
        began = time.monotonic()
        status, task = self.client.ask("POST", "/v1/tasks", {"type": name, "input": {}})
        assert status == 202, task
        while task["status"] in ("pending", "running"):
            _, task = self.client.ask("GET", f"/v1/tasks/{task['id']}?wait=60")
        assert task["status"] == "completed", task
        self.waits.append(time.monotonic() - began)


def measure(server: Server, prefer_warm: int, tasks: int, seed: int = 1) -> Turn:
    """`server` has the configuration of this turn and has been started."""
    chance = random.Random(seed)
    types = [f"model-{chance.randrange(MODELS)}" for _ in range(tasks)]
    askers = [Asker(server, types) for _ in range(CLIENTS)]
    began = time.monotonic()
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    seconds = time.monotonic() - began
    wrong = [text for asker in askers for text in asker.wrong]
    assert not wrong, wrong
    loads = sum(worker["loads"] for worker in server.get_json("/v1/workers")["items"])
    return Turn(prefer_warm, seconds, loads, [wait for asker in askers for wait in asker.waits])


def row(turn: Turn) -> str:
    cuts = quantiles(turn.waits, n=100, method="inclusive")
    n = len(turn.waits)
    return (f"{turn.prefer_warm:>11} {n:>6} {turn.loads:>6} {turn.loads / n:>9.3f} {n / turn.seconds:>8.1f} {cuts[49]:>8.2f} {cuts[98]:>8.2f} "
            f"{max(turn.waits):>8.2f}")


HEAD = f"{'prefer_warm':>11} {'tasks':>6} {'loads':>6} {'per task':>9} {'tasks/s':>8} {'p50 s':>8} {'p99 s':>8} {'most s':>8}"


def play(prefer_warm: int, tasks: int, load_s: float = LOAD_S) -> Turn:
    directory = tempfile.mkdtemp(prefix="models-", dir=Path(BIDE).parent)  # on the disk the checkout is on
    server = Server(directory, configuration(prefer_warm, load_s))
    try:
        turn = measure(server.start(), prefer_warm, tasks)
    finally:
        left = server.release()
        shutil.rmtree(directory, ignore_errors=True)
    assert not left, f"processes {left} are left behind"
    return turn


def main(arguments: List[str]) -> int:
    tasks = int(arguments[0]) if arguments else 200
    print(f"{MODELS} models, {FIT} fit; load {os.getloadavg()[0]:.1f} before, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
    print(HEAD, flush=True)
    try:
        for prefer_warm in TURNS:
            print(row(play(prefer_warm, tasks)), flush=True)
    except AssertionError as error:
        print(f"models.py: {error}", file=sys.stderr)
        return 1
    print(f"load {os.getloadavg()[0]:.1f} after")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
