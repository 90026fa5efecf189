#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does the death of workers and pullers cost more than their time?

    kills.py [KILLS [SEED]]

A server of its own, under load, whose workers and pullers are killed with SIGKILL at random moments, KILLS (200) times, most
of them with tasks under way: a pool of processes that have one task, one of batches, one of a process with several threads,
and pullers, alone and with batches. Then, when all has ended: no task is lost, none had two live attempts, none has two
endings (kills_check.py). SEED, printed, decides who is killed when and what is submitted, not when what happens.
"""
import collections
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(ROOT / "test/api")]

import kills_check  # noqa: E402
from harness import BIDE, ENDINGS, Server, is_alive, until  # noqa: E402
from kills_check import Facts, Note  # noqa: E402

NOTED = [sys.executable, "-S", str(HERE / "noted.py")]
POOLS = {"plain": ({"instances": 3}, {}), "batch": ({"instances": 2}, {"BATCH": "4"}), "flow": ({}, {"CONCURRENCY": "3"})}
PULLERS: List[Dict[str, str]] = [{}, {}, {"BATCH": "3"}]
AHEAD = 12
"""Tasks that wait in each queue, so that nobody is without work."""
SETTLE_S = 90


def configuration(directory: Path) -> Dict[str, Any]:
    own = {"NOTES": str(directory / "notes"), "LOCKS": str(directory / "locks")}
    names = [*POOLS, "remote"]
    return {
        "defaults": {"timeout": "2m", "grace": "1s", "retry": {"backoff": "fixed", "base": "20ms", "jitter": "none"}},
        "queues": {name: {"concurrency": 10} for name in names},
        "workers": {name: {"command": NOTED, "load": "boot", "env": {**own, **env}, **pool} for name, (pool, env) in POOLS.items()},
        "types": {**{name: {"queue": name, "worker": name} for name in POOLS}, "remote": {"queue": "remote", "pull": {"lease": "5s"}}},
    }


class Load(threading.Thread):
    """Keeps tasks waiting in each queue, and looks at some of all that it has submitted."""

    def __init__(self, server: Server, seed: int) -> None:
        super().__init__(daemon=True)
        self.server, self.chance = server, random.Random(seed)
        self.accepted: List[str] = []
        self.seen: Dict[str, List[Tuple[str, str]]] = {}
        self.done, self.wrong = threading.Event(), ""

    def run(self) -> None:
        try:
            while not self.done.is_set():
                for name in (*POOLS, "remote"):
                    self.fill(name)
                for id in self.chance.sample(self.accepted, min(5, len(self.accepted))):
                    self.look(id)
                self.done.wait(0.01)
        except Exception as error:
            self.wrong = f"the load ended: {error!r}"

    def fill(self, name: str) -> None:
        for _ in range(AHEAD - self.server.queue(name)["depth"]["pending"]):
            task = self.server.submit(name, {"ms": self.chance.randint(1, 120)})
            self.accepted.append(task["id"])

    def look(self, id: str) -> None:
        task = self.server.task(id)
        if task["status"] in ENDINGS:
            self.seen.setdefault(id, []).append((task["status"], task["finished_at"]))
        assert id not in self.seen or task["status"] in ENDINGS, f"{id} has ended and is {task['status']}"


class Killer:
    """Workers that the server has started, and pullers, which are started here."""

    def __init__(self, server: Server, seed: int) -> None:
        self.server, self.chance = server, random.Random(seed + 1)
        self.killed: Dict[int, int] = {}
        self.counts = collections.Counter[str]()
        self.pullers: Dict[str, subprocess.Popen[bytes]] = {}
        self.born = 0
        for _ in PULLERS:
            self.bear()

    def bear(self) -> None:
        """Another puller, with a name of its own."""
        own = {"NOTES": str(self.server.dir / "notes"), "LOCKS": str(self.server.dir / "locks")}
        name = f"box-{self.born}"
        env = {**{k: v for k, v in os.environ.items() if not k.startswith("BIDE_")}, **own, **PULLERS[self.born % len(PULLERS)]}
        env.update(BIDE_PULL=str(self.server.url), BIDE_PULL_TYPES="remote", BIDE_PULL_NAME=name)
        log = open(self.server.dir / "pullers.log", "ab")
        with log:
            self.pullers[name] = subprocess.Popen(NOTED, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.born += 1

    def victims(self) -> List[Tuple[str, int, bool]]:
        """(kind, process, it has a task) of all that are loaded."""
        found = []
        for worker in self.server.get_json("/v1/workers")["items"]:
            name = worker["id"].rpartition("/")[2]
            if worker["pool"] == "remote" and name in self.pullers:
                found.append(("puller", self.pullers[name].pid, bool(worker["current"])))
            elif worker["pool"] in POOLS and worker["state"] in ("idle", "busy"):
                found.append(("worker", worker["pid"], bool(worker["current"])))
        return found

    def kill(self) -> None:
        """One, most of the time one that has a task."""
        time.sleep(self.chance.random() * 0.25)  # sleep: the moment of the kill is what this is about
        candidates = until(self.victims, "somebody is there to be killed", 60)
        busy = [victim for victim in candidates if victim[2]]
        kind, pid, has_task = self.chance.choice(busy if busy and self.chance.random() < 0.9 else candidates)
        if not self.is_ours(kind, pid):
            return  # it has ended meanwhile
        self.killed[pid] = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        self.counts[kind] += 1
        self.counts["busy"] += has_task
        if kind == "puller":
            [name] = [name for name, process in self.pullers.items() if process.pid == pid]
            self.pullers.pop(name).wait()
            self.bear()
        until(lambda: not is_alive(pid), f"process {pid} is dead")

    def is_ours(self, kind: str, pid: int) -> bool:
        if kind == "puller":
            return True  # not waited for before its kill, so nobody else can have its number
        return pid in self.server.processes()

    @property
    def n(self) -> int:
        return self.counts["worker"] + self.counts["puller"]

    def release(self) -> None:
        for process in self.pullers.values():
            process.kill()
            process.wait()


def settle(server: Server) -> None:
    """Waits until every task has ended; those that do not in time are found by what is checked."""

    def all_over() -> bool:
        depths = [server.queue(name)["depth"] for name in (*POOLS, "remote")]
        return not any(depth[word] for depth in depths for word in depth if word not in ENDINGS)

    with contextlib.suppress(AssertionError):
        until(all_over, "every task has ended", SETTLE_S)


def counted(server: Server) -> Dict[str, int]:
    """Endings by status, as /metrics has them."""
    counts: Dict[str, int] = {}
    for line in server.send("GET", "/metrics").body.decode().splitlines():
        if line.startswith("bide_tasks_ended_total{"):
            status, value = line.split('status="')[1].split('"')[0], int(float(line.rpartition(" ")[2]))
            counts[status] = counts.get(status, 0) + value
    return {status: n for status, n in counts.items() if n}


def facts_of(server: Server, load: Load, killer: Killer) -> Facts:
    tasks = {task["id"]: task for task in server.listed(limit=200)}
    attempts = {id: server.get_json(f"/v1/tasks/{id}/attempts")["items"][::-1] for id in tasks}
    notes: List[Note] = kills_check.read_notes((server.dir / "notes").read_text())
    return Facts(load.accepted, tasks, attempts, notes, killer.killed, counted(server), load.seen)


def storm(server: Server, kills: int, seed: int) -> Tuple[Facts, Killer]:
    """`server` is prepared and has been started. What is so when all is over."""
    load, killer = Load(server, seed), Killer(server, seed)
    load.start()
    try:
        while killer.n < kills and not load.wrong:
            killer.kill()
        load.done.set()
        load.join(60)
        assert not load.wrong, load.wrong
        settle(server)
        return facts_of(server, load, killer), killer
    finally:
        load.done.set()
        killer.release()


def story(facts: Facts, killer: Killer, seconds: float) -> str:
    words = collections.Counter(task["status"] for task in facts.tasks.values())
    verdicts = collections.Counter(a["verdict"] for attempts in facts.attempts.values() for a in attempts)
    wrong = [len(part(facts)) for part in (kills_check.losses, kills_check.lives, kills_check.endings)]
    return (f"{killer.n} kills in {seconds:.0f} s: {killer.counts['worker']} of workers, {killer.counts['puller']} of pullers, "
            f"{killer.counts['busy']} of them with tasks\n"
            f"{len(facts.accepted)} tasks were accepted: {dict(words)}; attempts: {dict(verdicts)}\n"
            f"wrong: {wrong[0]} lost, {wrong[1]} of two live attempts, {wrong[2]} of two endings")


def prepared(server: Server) -> Server:
    """With this configuration, in its own folder."""
    (server.dir / "locks").mkdir()
    server.configure(configuration(server.dir))
    return server


def main(arguments: List[str]) -> int:
    kills = int(arguments[0]) if arguments else 200
    seed = int(arguments[1]) if arguments[1:] else random.SystemRandom().getrandbits(32)
    directory = Path(tempfile.mkdtemp(prefix="kills-", dir=Path(BIDE).parent))  # on the disk the checkout is on
    server, wrong = prepared(Server(directory, {})), []
    print(f"seed {seed}; load {os.getloadavg()[0]:.1f} before, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}", flush=True)
    try:
        began = time.monotonic()
        facts, killer = storm(server.start(), kills, seed)
        print(story(facts, killer, time.monotonic() - began))
        wrong = kills_check.wrongs(facts)
    except AssertionError as error:
        wrong = [str(error), server.text()[-4000:]]
    finally:
        left = server.release()
        shutil.rmtree(directory, ignore_errors=True)
    wrong += [f"process {pid} is left behind" for pid in left]
    for one in wrong:
        print(f"kills.py: {one}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
