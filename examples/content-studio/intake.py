# SPDX-License-Identifier: Apache-2.0
"""Hands the rows of the table `intake` over to bide, each once.

    a row ──begun_at──▶ submitted with the row's key ──task_id──▶ done
                          │ away, full ──▶ the next round, with the same key
                          └ not accepted ──▶ refused, with the reason

Killed anywhere, the next one begins where it was: a row that was begun may have its task already. bide knows the key for a day;
for longer, and for a row that was changed meanwhile, the task says as its subject which row it is of.
"""
import json
import signal
import threading

from ledger import trouble
from operations import QUEUE, TYPES  # before bide.problems: it says where that is

from bide.problems import Away, Draining, IdempotencyKeyInUse, IdempotencyKeyReused, NotFound, Problem, QueueFull, StoreUnavailable

LATER = (Away, Draining, IdempotencyKeyInUse, QueueFull, StoreUnavailable)
TAKE = "SELECT * FROM intake WHERE task_id IS NULL AND refused IS NULL ORDER BY priority DESC, id"


class Intake:
    def __init__(self, ledger, studio):
        self.ledger, self.studio = ledger, studio
        self.stopped = threading.Event()

    def round(self):
        """Takes what is there. Returns {"submitted", "refused", "left"}; `left` has to be taken later."""
        counts = {"submitted": 0, "refused": 0, "left": 0}
        rows = self.ledger.rows(TAKE)
        for n, row in enumerate(rows):
            if self.stopped.is_set():
                counts["left"] = len(rows) - n
                break
            try:
                counts["submitted"] += self._mark(row["id"], task_id=self._submit(row))
            except LATER:
                counts["left"] = len(rows) - n
                break
            except (Problem, ValueError, TypeError) as refusal:
                counts["refused"] += self._mark(row["id"], refused=str(refusal))
        return counts

    def follow(self, every):
        """Round after round until it is told to stop; what it has begun is finished."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopped.set())
        while not self.stopped.is_set():
            yield self.round()
            self.stopped.wait(every)

    def _submit(self, row):
        """The id of the row's task."""
        name = f"intake {self.ledger.id}/{row['id']}"
        if row["begun_at"]:
            known = self._known(name)
            if known:
                return known
        with self.ledger.transaction():
            self.ledger.db.execute("UPDATE intake SET begun_at = CURRENT_TIMESTAMP WHERE id = ?", (row["id"],))
        trouble("begun")
        if row["type"] not in TYPES:
            raise ValueError(f"there is no type {row['type']}")
        given = {"polled": row["type"] == TYPES[1], "priority": row["priority"], "intake": name, "once": name.replace(" ", "-")}
        try:
            task = self.studio.submit(row["account"], row["topic"], **given, **json.loads(row["brief"]))
        except (IdempotencyKeyReused, NotFound):
            return self._known(name) or self._gone(name)
        trouble("submitted")
        return task["id"]

    def _known(self, name):
        found = next(self.studio.bide.list(subject=name, queue=QUEUE, limit=1), None)  # what followed it has the subject, too
        return found and found["id"]

    @staticmethod
    def _gone(name):
        raise ValueError(f"the task of {name} was removed")

    def _mark(self, id, task_id=None, refused=None):
        with self.ledger.transaction():
            self.ledger.db.execute("UPDATE intake SET task_id = ?, refused = ? WHERE id = ? AND task_id IS NULL", (task_id, refused, id))
        return 1


def taken(ledger, studio, every=None):
    """One round, or (`every`: seconds) rounds until a signal; yields the counts of each."""
    intake = Intake(ledger, studio)
    if every is None:
        yield intake.round()
    else:
        yield from intake.follow(every)
