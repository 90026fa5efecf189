# SPDX-License-Identifier: Apache-2.0
"""What the studio asks of bide, as a class:

    with Studio() as studio:
        task = studio.submit("ann", "slow trains", words=300)
        studio.join()

A task is the JSON object of bide's API as a dict. Errors are bide's (bide.problems).
"""
import json
import os
import re
import sys
import time
import urllib.request

try:
    from bide.client import Client
except ImportError:  # not installed: that of this tree
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../sdk/python"))
    from bide.client import Client
from bide.problems import Conflict, NotFound, Problem, WaitTimeout  # noqa: F401 (Problem: for studio)

QUEUE = "content"
TYPES = ("content", "content.polled")
WAITING = ("pending", "scheduled", "retrying", "blocked")
SERIES = re.compile(r'bide_(attempts_total|attempt_seconds_sum|attempt_seconds_count|tasks)\{([^}]*)\} (\S+)')


class Studio:
    """The studio's server, by its URL; default BIDE_SERVER, else http://127.0.0.1:8080."""

    def __init__(self, url=None):
        self.bide = Client(url)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.bide.close()

    # tasks

    def submit(self, account, topic, *, polled=False, priority=5, wait=0, once=None, intake=None, options=None, **brief):
        """Submits a brief; returns the task. `once`: the same submit with the same text is one task. `brief`: the members of
        brief.json; `options`: other fields of bide's submit. Raises ValueError for a priority that is not 1 to 10."""
        if not 1 <= priority <= 10:
            raise ValueError(f"a priority is 1 to 10, not {priority}")
        tags = {"account": account, **({"intake": intake} if intake else {})}
        fields = {"priority": priority, "tags": tags, "subject": intake or topic, "limit_key": account, **(options or {})}
        return self.bide.submit(TYPES[polled], {"account": account, "topic": topic, **brief}, wait=wait, idempotency_key=once, **fields)

    def get(self, id):
        return self.bide.get(id)

    def status(self, id):
        """What somebody wants to know who waits for it."""
        task = self.bide.get(id)
        names = ("id", "status", "attempt", "max_attempts", "progress", "position", "eta_at", "error")
        return {name: task[name] for name in names}

    def list(self, *, account=None, status=None, type=None, after=None, before=None):
        """The tasks that all filters hold for, newest first. `after`, `before`: when they were created, RFC 3339."""
        asked = {"status": status, "type": type, "created_after": after, "created_before": before}
        asked["tag"] = f"account:{account}" if account else None
        return self.bide.list(queue=QUEUE, **{name: value for name, value in asked.items() if value})

    def pending(self, **filters):
        """Those that wait, whatever for."""
        for status in WAITING:
            yield from self.list(status=status, **filters)

    def running(self, **filters):
        return self.list(status="running", **filters)

    def timed_out(self, **filters):
        return (task for task in self.list(status="failed", **filters) if task["error"]["code"] == "timeout")

    def cancel(self, id):
        return self.bide.cancel(id)

    def complete(self, id, result=None):
        """It was done elsewhere."""
        return self.bide.complete(id, result)

    def fail(self, id, message, code="worker_error"):
        """It was given up elsewhere."""
        return self.bide.fail(id, code, message)

    def clean(self, before):
        """Removes what ended and was created before that time. Returns how many. What has gone meanwhile, and that whose ending
        is still to be followed, is passed over."""
        removed = 0
        for status in ("completed", "failed", "cancelled", "expired"):
            for task in list(self.list(status=status, before=before)):
                try:
                    self.bide.delete(task["id"])
                    removed += 1
                except (Conflict, NotFound):
                    continue
        return removed

    # queues

    def size(self, queue=QUEUE):
        """How many have not ended."""
        depth = self.bide.queue(queue)["depth"]
        return depth["running"] + sum(depth[status] for status in WAITING)

    def empty(self, queue=QUEUE):
        return self.size(queue) == 0

    def join(self, queue=QUEUE, timeout=None):
        """Waits until the queue is empty. Raises WaitTimeout after so many seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.empty(queue):
            for status in ("running", *WAITING):
                task = next(self.bide.list(queue=queue, status=status, limit=1), None)
                if task:
                    self._ended(task["id"], deadline)
                    break

    def _ended(self, id, deadline):
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise WaitTimeout(0, {"detail": "the queue is not empty yet"})
        try:
            self.bide.wait(id, left)
        except NotFound:
            return  # it has ended, and was removed

    # numbers

    def numbers(self):
        """The pool of the queue, and of each type what its attempts came to and how long they took, since the server's start."""
        queue = self.bide.queue(QUEUE)
        types = {type: {"attempts": {}, "seconds": None} for type in TYPES}
        with urllib.request.urlopen(self.bide.url + "/metrics", timeout=30) as answer:
            found = SERIES.findall(answer.read().decode())
        sums = {}
        for name, labels, value in found:
            label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            if label.get("type") not in types:
                continue
            if name == "attempts_total":
                types[label["type"]]["attempts"][label["status"]] = int(float(value))
            else:
                sums[label["type"], name] = float(value)
        for type, numbers in types.items():
            count = sums.get((type, "attempt_seconds_count"))
            numbers["seconds"] = sums[type, "attempt_seconds_sum"] / count if count else None
        pool = {"places": queue["concurrency"], "busy": queue["depth"]["running"], "size": self.size(), "depth": queue["depth"]}
        return {"pool": pool, "types": types, "server": self.bide.stats()}


def printed(value):
    return json.dumps(value, ensure_ascii=False)
