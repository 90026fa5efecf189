# SPDX-License-Identifier: Apache-2.0
"""Clients that go on through every death of the server, and what they were told.

Each has tasks of its own, so that what it knows of one is in order: `Told` is what answers have said, and may never be
taken back. A request that broke off may have been done or not: then `unsure` holds for the task, until an answer tells.
Submits with a key are sent again until they are answered.
"""
import http.client
import json
import random
import threading
import time

from harness import ENDINGS

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
KINDS = {"note": 8, "brief": 3, "once": 1, "fail": 1, "later": 2, "cat": 2}
"""note, once (fails at first), fail: on a worker; brief: the same, and soon removed; later, cat: commands."""


class Told:
    """What is known of one acknowledged task."""

    def __init__(self, id, name, kind):
        self.id, self.name, self.kind = id, name, kind
        self.run = 1  # the latest that was acknowledged
        self.endings = {}  # run -> (status, finished_at)
        self.cancelled = self.unsure = self.deleted = False

    def see(self, task):
        """A task as an answer shows it. Fails when that takes something back."""
        run, status = task["run"], task["status"]
        assert self.run <= run <= self.run + self.unsure, (vars(self), task)
        assert not self.deleted or self.unsure, ("it was removed", vars(self), task)
        self.run, self.unsure = run, False
        if status in ENDINGS:
            ending = (status, task["finished_at"])
            assert self.endings.setdefault(run, ending) == ending, ("it ended twice", vars(self), task)
        assert run not in self.endings or status in ENDINGS, ("its ending was taken back", vars(self), task)

    def may_change(self):
        """It is known how it stands, and that it is there."""
        return not (self.unsure or self.deleted or self.kind == "brief")

    def may_be_gone(self):
        return self.deleted or self.kind == "brief" or self.unsure


class Client:
    """`seed` decides what it does, not when the server dies."""

    def __init__(self, bide, number, seed):
        self.bide, self.number = bide, number
        self.chance = random.Random(seed + number)
        self.mine = []  # Told
        self.again = None  # a submit with a key whose answer did not come
        self.count = self.batches = self.lines = self.retries = self.deletes = self.replays = 0
        self.wrong = None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.live, daemon=True)
        self.thread.start()

    def live(self):
        while not self.done.is_set() and not self.wrong:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.bide.port, timeout=10)
            try:
                while not self.done.is_set():
                    self.step()
            except (OSError, http.client.HTTPException):
                time.sleep(0.005)  # sleep: it is dead or starting
            except (AssertionError, KeyError, ValueError) as error:
                self.wrong = f"client {self.number}: {error!r}"
            finally:
                self.connection.close()

    def ask(self, method, target, body=None, headers=None, expect=(200,)):
        self.connection.request(method, target, body, headers or {})
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status in expect, (method, target, answer.status, content[:500])
        return answer.status, json.loads(content) if content else None

    def step(self):
        if self.again:
            self.send_with_key(*self.again)
        what = self.chance.random()
        if what < 0.7:
            self.submit()
        elif what < 0.76:
            self.batch()
        elif what < 0.8:
            self.batch_lines()
        if self.mine:
            recent, what = self.mine[-60:], self.chance.random()
            over = [told for told in recent if told.run in told.endings and told.may_change()]
            if over and what < 0.1:
                (self.retry if what < 0.06 else self.delete)(self.chance.choice(over))
            elif what < 0.5:
                (self.cancel if what < 0.18 else self.look)(self.chance.choice(recent))

    # submits

    def body(self, name=None):
        kind = self.chance.choices(list(KINDS), KINDS.values())[0]
        self.count += 1
        name = f"{self.number}-{self.count}"
        given = {"note": name, **({"fail": kind if kind == "once" else True} if kind in ("once", "fail") else {})}
        if self.chance.random() < 0.1:
            given["more"] = "x" * self.chance.randrange(60_000)
        body = {"type": kind, "input": given, "subject": name, "priority": self.chance.randint(-3, 3), "tags": {"kind": kind}}
        if kind == "later":
            body["delay_ms"] = self.chance.randint(1, 1500)
        return body

    def accepted(self, id, body):
        self.mine.append(Told(id, body["subject"], body["type"]))

    def submit(self):
        body = self.body()
        if self.chance.random() < 0.4 and body["type"] != "brief":
            self.send_with_key("/v1/tasks", json.dumps(body), f"key-{body['subject']}", [body])
        else:
            _, task = self.ask("POST", "/v1/tasks", json.dumps(body), JSON, (202,))
            self.accepted(task["id"], body)

    def batch(self):
        bodies = [b for b in (self.body() for _ in range(self.chance.randint(2, 20))) if b["type"] != "brief"]
        self.batches += 1
        if bodies:
            self.send_with_key("/v1/tasks:batch", json.dumps(bodies), f"key-{bodies[0]['subject']}", bodies)

    def send_with_key(self, target, text, key, bodies):
        """The same request until it is answered: one task each, however often it came."""
        before, self.again = self.again, (target, text, key, bodies)
        _, answer = self.ask("POST", target, text, {**JSON, "Idempotency-Key": key}, (202, 200))
        items = answer["items"] if target.endswith("batch") else [answer]
        assert len(items) == len(bodies), answer
        for item, body in zip(items, bodies):
            assert item.get("status") == 202 or target == "/v1/tasks", item
            self.accepted(item["id"], body)
        self.again = None
        self.replays += before is not None

    def batch_lines(self):
        """Each line that arrives is an acknowledgement, also of an answer that breaks off."""
        bodies = [self.body() for _ in range(self.chance.randint(2, 30))]
        self.lines += 1
        self.connection.request("POST", "/v1/tasks:batch", "\n".join(map(json.dumps, bodies)), NDJSON)
        answer = self.connection.getresponse()
        assert answer.status == 200, answer.status
        text = b""
        try:
            while chunk := answer.read1():
                text += chunk
        except http.client.IncompleteRead as error:
            text += error.partial
            raise
        finally:
            for line in text.split(b"\n")[:-1]:
                item = json.loads(line)
                assert item["status"] == 202, item
                self.accepted(item["id"], bodies[item["index"]])

    # what is done to one of its tasks; before each, that it may have been done

    def gone(self, told, status):
        assert status != 404 or told.may_be_gone(), ("an acknowledged task is gone", vars(told))
        if status == 404:
            told.deleted, told.unsure = True, False
        return status == 404

    def look(self, told):
        status, task = self.ask("GET", f"/v1/tasks/{told.id}", expect=(200, 404))
        if not self.gone(told, status):
            told.see(task)

    def cancel(self, told):
        told.cancelled = True
        status, task = self.ask("POST", f"/v1/tasks/{told.id}/cancel", expect=(200, 202, 404))
        if not self.gone(told, status):
            told.see(task)

    def retry(self, told):
        self.retries += 1
        told.unsure = True
        status, task = self.ask("POST", f"/v1/tasks/{told.id}/retry", expect=(202, 409))
        assert status == 202, ("an ended task is not retried", task, vars(told))
        told.cancelled = False
        assert task["run"] == told.run + 1, (task, vars(told))
        told.see(task)

    def delete(self, told):
        self.deletes += 1
        told.unsure = True
        self.ask("DELETE", f"/v1/tasks/{told.id}", expect=(204,))
        told.deleted, told.unsure = True, False


class Load:
    def __init__(self, bide, clients, seed):
        self.clients = [Client(bide, n, seed) for n in range(clients)]

    @property
    def accepted(self):
        return sum(len(client.mine) for client in self.clients)

    def wrong(self):
        return [client.wrong for client in self.clients if client.wrong]

    def stop(self):
        for client in self.clients:
            client.done.set()
        for client in self.clients:
            client.thread.join(60)
        assert not self.wrong(), self.wrong()

    def told(self):
        return [told for client in self.clients for told in client.mine]

    def total(self, what):
        return sum(getattr(client, what) for client in self.clients)
