#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What pulling costs: the same recordings are transcribed by one and by two processes that bide starts, and by one and
by two pullers, in turns, by one server.

Each of the four ways has a type, a queue and loaded models of its own; only one of them has work at a time. A machine
that has something else to do slows all of them down, so they are compared within each round, and the figure is the
median of the rounds. Every transcript has to be right, or there is no figure.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("BIDE_BUILD", ROOT / "build"))
SPEECH = BUILD / "examples/transcribe/speech"
sys.path.insert(0, str(ROOT / "sdk/python"))

from bide.client import Client  # noqa: E402

PROCESSES = {"own.1": 1, "own.2": 2}
PULLERS = {"pulled.1": 1, "pulled.2": 2}
WAYS = {"own.1": "one process", "pulled.1": "one puller", "own.2": "two processes", "pulled.2": "two pullers"}
READY_S = 120  # for the models to be loaded


def config():
    command = {"command": [str(SPEECH)], "load": "boot", "keep_alive": "1h"}
    own = {way: {"worker": way, "queue": way} for way in PROCESSES}
    pulled = {way: {"pull": {"lease": "30s"}, "queue": way} for way in PULLERS}
    return {
        "store": "sqlite:bide.db",
        "data_dir": ".",
        "queues": {way: {"concurrency": count} for way, count in {**PROCESSES, **PULLERS}.items()},
        "workers": {way: {**command, "instances": count} for way, count in PROCESSES.items()},
        "types": {**own, **pulled},
    }


class Server:
    """A bide in a directory of its own, and what it works with. All of it is gone at the end."""

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "bide.yaml").write_text(json.dumps(config()))
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("BIDE_")}
        self.processes = []

    def __enter__(self):
        log = self.folder / "server.log"
        with open(log, "wb") as out:
            self.start([BUILD / "bide", "serve", "--config", "bide.yaml", "--listen", "127.0.0.1:0"], stdout=out, stderr=out)
        self.url = self.until(lambda: re.search(r"listening on (http://\S+:\d+)", log.read_text()), "a server")[1]
        for way, count in PULLERS.items():
            for n in range(count):
                self.start([SPEECH], {"BIDE_PULL": self.url, "BIDE_PULL_TYPES": way, "BIDE_PULL_NAME": f"{way}-{n}"})
        return self

    def start(self, command, env={}, **streams):
        # A session of its own, as bide's processes have: Linux shares a busy CPU out among sessions, not processes.
        alone = {"stdin": subprocess.DEVNULL, "start_new_session": True}
        self.processes.append(subprocess.Popen(command, cwd=self.folder, env={**self.env, **env}, **alone, **streams))

    def until(self, look, what):
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            for process in self.processes:
                if process.poll() is not None:
                    sys.exit(f"bench.py: {process.args[0]} ended with {process.returncode}: {(self.folder / 'server.log').read_text()}")
            found = look()
            if found:
                return found
            time.sleep(0.05)
        sys.exit(f"bench.py: there was no {what} in {READY_S} s")

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(60)


def job(recording):
    return {"audio": str(recording), "grammar": str(HERE / "channels.gram")}


def one_turn(client, way, recordings):
    """Returns recordings per second, and (run, latency) of each in milliseconds."""
    began = time.monotonic()
    items = client.submit_many([{"type": way, "input": job(one), "max_attempts": 1} for one in recordings])
    tasks = [client.wait(item["id"]) for item in items]
    took = time.monotonic() - began
    for task, recording in zip(tasks, recordings):
        words = recording.stem.replace("_", " ").lower()
        if task["status"] != "completed" or task["result"]["text"] != words:
            sys.exit(f"bench.py: {recording.name} by {WAYS[way]}: {task['status']}, {task['result'] or task['error']}")
    return len(tasks) / took, [(t["timing"]["run_ms"], t["timing"]["queued_ms"] + t["timing"]["run_ms"]) for t in tasks]


def measure(client, recordings, rounds):
    """By way: the rate of each round, and of all its tasks run and latency."""
    rates, times = {way: [] for way in WAYS}, {way: [] for way in WAYS}
    order = list(WAYS)
    for _ in range(rounds):
        for way in order:
            rate, each = one_turn(client, way, recordings)
            rates[way].append(rate)
            times[way] += each
        order.append(order.pop(0))  # who begins has the coldest machine
    return rates, times


def against(rates, way, other):
    return statistics.median(a / b for a, b in zip(rates[way], rates[other]))


def table(rates, times):
    yield f"{'':<15}{'recordings/s':>13}{'run p50':>11}{'latency p50':>14}{'longest':>11}{'x one process':>15}{'x as many':>11}"
    for way, name in WAYS.items():
        runs, latencies = zip(*times[way])
        peer = way.replace("pulled", "own")
        yield (
            f"{name:<15}{statistics.median(rates[way]):>13.2f}{statistics.median(runs):>8.0f} ms{statistics.median(latencies):>11.0f} ms"
            f"{max(latencies):>8.0f} ms{against(rates, way, 'own.1'):>15.2f}{against(rates, way, peer):>11.2f}"
        )


def load():
    return f"{os.getloadavg()[0]:.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="turns of each way (3)")
    parser.add_argument("--copies", type=int, default=2, help="how often each recording is in a turn (2)")
    parser.add_argument("--recordings", type=Path, default=Path("/usr/share/sounds/alsa"), help="their folder")
    given = parser.parse_args()
    recordings = sorted(given.recordings.glob("*_*.wav")) * given.copies
    if not recordings or given.rounds < 1:
        parser.error(f"there is nothing to do: recordings *_*.wav in {given.recordings}, copies and rounds from 1 are needed")
    if not SPEECH.exists():
        parser.error(f"{SPEECH} is missing: run make build first")
    with tempfile.TemporaryDirectory(prefix="bide-bench-") as folder, Server(folder) as server, Client(server.url) as client:
        for way, count in {**PROCESSES, **PULLERS}.items():
            server.until(lambda: sum(1 for w in client.workers() if w["pool"] == way and w["state"] == "idle") == count, f"idle {way}")
        before = load()
        rates, times = measure(client, recordings, given.rounds)
        print(f"{len(recordings)} recordings a turn, {given.rounds} rounds, {os.cpu_count()} CPUs, load {before} before and {load()} after")
        print("\n".join(table(rates, times)))


main()
