# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load, again and again: what was acknowledged is there, ends exactly once, and leaves nothing running.

Clients submit, cancel and read without pause while the server is killed at random moments (from a seed that is
printed). A client remembers an id only when its 202 has arrived, and an ending when it has seen it: neither may ever
be taken back. Tasks of type `note` append their name to a file, once per attempt: an ending without a line would be
made up, more lines than attempts would be two attempts at a time.

BIDE_CRASH_CYCLES (20), BIDE_CRASH_SEED.
"""
import collections
import http.client
import json
import os
import random
import threading
import time

from harness import ENDINGS, until

CYCLES = int(os.environ.get("BIDE_CRASH_CYCLES", "20"))
SEED = int(os.environ.get("BIDE_CRASH_SEED", "0")) or random.SystemRandom().getrandbits(32)
CLIENTS = 6


class Load:
    """Clients that submit, cancel and watch, through every death of the server."""

    def __init__(self, bide):
        self.bide = bide
        self.accepted = {}  # id -> what was asked
        self.cancelled = set()  # ids whose cancel was answered as final
        self.endings = {}  # id -> the ending that a client has seen
        self.wrong = []
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self.client, args=(n,)) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def client(self, n):
        chance = random.Random(SEED + n)
        mine = []
        count = 0
        while not self.done.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.bide.port, timeout=10)
            try:
                while not self.done.is_set():
                    count += 1
                    mine.append(self.submit(connection, f"{n}-{count}", chance))
                    if chance.random() < 0.15:
                        self.cancel(connection, chance.choice(mine))
                    if chance.random() < 0.3:
                        self.look(connection, chance.choice(mine))
            except (OSError, http.client.HTTPException):
                time.sleep(0.005)  # sleep: it is dead or starting
            except AssertionError as error:
                self.wrong.append(str(error))
                return
            finally:
                connection.close()

    def ask(self, connection, method, target, body=None):
        connection.request(method, target, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def submit(self, connection, name, chance):
        kind = chance.choices(["note", "fail", "later"], [9, 1, 2])[0]
        body = {"type": kind, "input": {"steps": [["note", "notes", name]]}, "subject": name, "priority": chance.randint(-3, 3)}
        if kind == "later":
            body["delay_ms"] = chance.randint(1, 1500)
        status, task = self.ask(connection, "POST", "/v1/tasks", json.dumps(body))
        assert status == 202, (status, task)
        with self.lock:
            self.accepted[task["id"]] = kind
        return task["id"]

    def cancel(self, connection, id):
        status, task = self.ask(connection, "POST", f"/v1/tasks/{id}/cancel")
        assert status in (200, 202), (status, task)
        if task["status"] == "cancelled":
            with self.lock:
                self.cancelled.add(id)
        self.remember(task)

    def look(self, connection, id):
        status, task = self.ask(connection, "GET", f"/v1/tasks/{id}")
        assert status == 200, f"an acknowledged task is gone: {id}: {status} {task}"
        self.remember(task)

    def remember(self, task):
        """An ending that was seen once stays."""
        with self.lock:
            before = self.endings.get(task["id"])
            if task["status"] in ENDINGS:
                self.endings[task["id"]] = (task["status"], task["finished_at"])
            assert before is None or self.endings[task["id"]] == before and task["status"] == before[0], (before, task)

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join(30)
        assert not self.wrong, self.wrong[:3]


def test_nothing_acknowledged_is_lost_or_ends_twice_or_leaves_a_process(serve):
    print(f"BIDE_CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    bide = serve(
        pool={"instances": 2},
        queues={"default": {"concurrency": 6}},
        types={
            "note": {"worker": "actor"},
            "later": {"exec": ["/bin/cat"]},
            "fail": {"exec": ["/bin/false"], "max_attempts": 2},
        },
    )
    load = Load(bide)
    for cycle in range(CYCLES):
        before = len(load.accepted)
        until(lambda: len(load.accepted) > before + 60 or load.wrong, "some tasks were accepted")
        time.sleep(chance.random() * 0.15)  # sleep: the moment of the kill is what this test is about
        bide.kill9()
        left = bide.processes()
        until(lambda: not bide.processes(), f"cycle {cycle}: no orphan; right after the kill {left}")
        bide.start()
        assert not load.wrong, load.wrong[:3]
    load.stop()
    assert len(load.accepted) > CYCLES * 60
    until(lambda: all(bide.queue()["depth"][s] == 0 for s in ("pending", "running", "scheduled")), "all ended", 60)
    endings = {task["id"]: task for task in bide.listed(limit=200)}
    missing = set(load.accepted) - set(endings)
    assert not missing, f"{len(missing)} of {len(load.accepted)} acknowledged tasks are lost, such as {sorted(missing)[:3]}"
    for id, kind in load.accepted.items():
        task = endings[id]
        assert task["status"] in ENDINGS, task
        if id in load.cancelled:
            assert task["status"] == "cancelled", task
        elif task["status"] != "cancelled":
            assert task["status"] == ("failed" if kind == "fail" else "completed"), task
        if id in load.endings:
            assert (task["status"], task["finished_at"]) == load.endings[id], "an ending changed"
    notes = collections.Counter(bide.lines("notes"))
    for task in endings.values():
        if task["type"] == "note" and task["status"] == "completed":
            assert 1 <= notes[task["subject"]] <= task["attempt"], (notes[task["subject"]], task)
    words = collections.Counter(task["status"] for task in endings.values())
    print(f"{len(load.accepted)} acknowledged over {CYCLES} kills: {dict(words)}")
