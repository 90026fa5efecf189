#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Is a running task that is cancelled over in time, whatever runs it and however deaf that is?

    cancels.py [TRIES]

A server of its own, and TRIES (1000) times of each kind: a task whose grace is 100 ms is submitted, and cancelled when it runs
and, where what runs it means to ignore signals, does so. From before the cancel's request to the answer that shows the
ending, as a client sees it. The kinds are tried beside each other, each in a queue of its own with one task at a time.

A kind that is deaf ignores the frame or the beat's answer and SIGTERM, and so does everything it has started; only SIGKILL
ends it. The status is 1 when a task did not end as cancelled; how long it took is printed, and decides nothing.
"""
import json
import os
import shutil
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path
from statistics import quantiles
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/api"))

from harness import BIDE, Server, until  # noqa: E402

GRACE_MS = 100
REACH_S = GRACE_MS / 1000 + 1
READY = """echo '{"op":"ready"}' >&4; while read -r frame <&3; do :; done"""
NEVER = "/there/is/no/such/gate"


class Kind(NamedTuple):
    name: str
    says: str
    type: Dict[str, Any]
    worker: Optional[List[str]] = None
    speaks: bool = False  # says progress when it is as it means to be


def shell(text: str) -> List[str]:
    return ["/bin/sh", "-c", text]


KINDS = [
    Kind("exec", "command, ends at SIGTERM", {"exec": ["/bin/sleep", "600"]}),
    Kind("exec-deaf", "command, ignores SIGTERM",
         {"exec": shell("""trap '' TERM; sleep 600 & echo '{"op":"progress","percent":1}' >&4; wait""")}, speaks=True),
    Kind("worker", "worker, obeys the frame", {}, [sys.executable, "-S", str(ROOT / "test/api/workers/batcher.py")]),
    Kind("worker-term", "worker, ends at SIGTERM", {}, shell(READY)),
    Kind("worker-deaf", "worker, ignores everything", {}, shell(f"trap '' TERM; sleep 600 & {READY}")),
    Kind("puller", "puller, obeys its beat", {"pull": {"lease": "30s"}}),
    Kind("puller-deaf", "puller, never heard again", {"pull": {"lease": "30s"}}),
]


def configuration() -> Dict[str, Any]:
    workers = {kind.name: {"command": kind.worker, "load": "boot", "keep_alive": "forever", "env": {"FRAMES": "/dev/null"}}
               for kind in KINDS if kind.worker}
    types = {kind.name: {"queue": kind.name, **({"worker": kind.name} if kind.worker else kind.type)} for kind in KINDS}
    return {"queues": {kind.name: {"concurrency": 1} for kind in KINDS}, "workers": workers, "types": types}


class Client:
    """One connection, kept."""

    def __init__(self, server: Server) -> None:
        self.connection = server.connect(90)

    def ask(self, method: str, target: str, body: Any = None) -> Tuple[int, Any]:
        headers = {} if body is None else {"Content-Type": "application/json"}
        self.connection.request(method, target, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


class Puller(threading.Thread):
    """Claims one after another. An obedient one beats until it hears of the cancel, a deaf one is not heard again."""

    def __init__(self, server: Server, kind: Kind) -> None:
        super().__init__(daemon=True)
        self.client, self.kind = Client(server), kind
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            _, answer = self.client.ask("POST", "/v1/attempts:claim", {"types": [self.kind.name], "worker": self.kind.name, "wait_ms": 500})
            for given in answer["tasks"] if self.kind.name == "puller" else []:
                self.obey(f"/v1/attempts/{given['id']}.{given['fence']}", given["beat_ms"])

    def obey(self, path: str, beat_ms: int) -> None:
        status, heard = self.client.ask("POST", f"{path}/beat", {})
        while status == 200 and heard["cancel"] is None:
            self.done.wait(beat_ms / 1000)
            status, heard = self.client.ask("POST", f"{path}/beat", {})
        if status == 200:
            self.client.ask("POST", f"{path}/cancelled", {})


def try_once(client: Client, kind: Kind) -> float:
    """Seconds from the cancel to the ending."""
    body = {"type": kind.name, "input": {"name": kind.name, "gate": NEVER}, "grace_ms": GRACE_MS, "max_attempts": 1}
    status, task = client.ask("POST", "/v1/tasks", body)
    assert status == 202, task
    target = "/v1/tasks/" + urllib.parse.quote(task["id"])

    def runs() -> bool:
        task = client.ask("GET", target)[1]
        assert task["status"] in ("pending", "running"), task
        return task["status"] == "running" and (not kind.speaks or task["progress"] is not None)

    until(runs, f"{kind.name} runs", 60)
    began = time.monotonic()
    status, task = client.ask("POST", f"{target}/cancel")
    assert status == 202, task
    while task["status"] == "running":
        _, task = client.ask("GET", f"{target}?wait=60")
    took = time.monotonic() - began
    assert task["status"] == "cancelled", task
    return took


class Trier(threading.Thread):
    def __init__(self, server: Server, kind: Kind, tries: int) -> None:
        super().__init__(daemon=True)
        self.client, self.kind, self.tries = Client(server), kind, tries
        self.took: List[float] = []
        self.wrong: Optional[str] = None

    def run(self) -> None:
        try:
            while len(self.took) < self.tries:
                self.took.append(try_once(self.client, self.kind))
        except Exception as error:
            self.wrong = f"{self.kind.name}, try {len(self.took) + 1}: {error!r}"


def measure(server: Server, tries: int) -> Dict[str, List[float]]:
    """Of each kind, how long each try took. `server` has this configuration and has been started."""
    pullers = [Puller(server, kind) for kind in KINDS if "pull" in kind.type]
    triers = [Trier(server, kind, tries) for kind in KINDS]
    for thread in (*pullers, *triers):
        thread.start()
    for trier in triers:
        trier.join()
    for puller in pullers:
        puller.done.set()
        puller.join(10)
    wrong = [trier.wrong for trier in triers if trier.wrong]
    assert not wrong, wrong
    return {trier.kind.name: trier.took for trier in triers}


def table(took: Dict[str, List[float]]) -> str:
    lines = [f"{'':27} {'tries':>6} {'over in %.1f s' % REACH_S:>15} {'p50 ms':>8} {'p99 ms':>8} {'most ms':>8}"]

    def row(name: str, seconds: List[float]) -> None:
        cuts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
        over = sum(s <= REACH_S for s in seconds)
        lines.append(f"{name:27} {len(seconds):>6} {over:>15} {cuts[49] * 1000:>8.1f} {cuts[98] * 1000:>8.1f} {max(seconds) * 1000:>8.1f}")

    for kind in KINDS:
        row(kind.says, took[kind.name])
    row("all of them", [s for seconds in took.values() for s in seconds])
    return "\n".join(lines)


def main(arguments: List[str]) -> int:
    tries = int(arguments[0]) if arguments else 1000
    directory = tempfile.mkdtemp(prefix="cancels-", dir=Path(BIDE).parent)  # on the disk the checkout is on
    server, wrong = Server(directory, configuration()), []
    try:
        print(f"grace {GRACE_MS} ms; load {os.getloadavg()[0]:.1f} before, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}", flush=True)
        print(table(measure(server.start(), tries)))
        print(f"load {os.getloadavg()[0]:.1f} after")
    except AssertionError as error:
        wrong.append(str(error))
    finally:
        wrong += [f"process {pid} is left behind" for pid in server.release()]
        shutil.rmtree(directory, ignore_errors=True)
    for one in wrong:
        print(f"cancels.py: {one}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
