#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The worker: finds the characters of novels. It takes what waits in one frame and reads all of it side by side, a part of each
in turn, so that a short text does not wait for a long one; each has a verdict of its own as soon as it is read.

  recognize         {"text": ...}         {"characters": [...]}
  recognize.texts   {"texts": [...]}      {"texts": [{"characters": [...]}, ...]}

After each part what was seen so far is saved: the next attempt, after whatever end of this one, goes on behind that part."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sdk/python"))
from bide.worker import Worker  # noqa: E402

from people import characters, prune, see  # noqa: E402
from sentences import sentences  # noqa: E402

PART = 200  # sentences
EVERY = 0.1  # seconds between two words on how far it is

worker = Worker()


class Reading:
    """A task that is being read."""

    def __init__(self, task):
        self.task = task
        self.texts = task.input["texts"] if "texts" in task.input else [task.input["text"]]
        self.places = [sentences(text) for text in self.texts]
        self.total = sum(map(len, self.places))
        saved = task.resume or {"text": 0, "next": 0, "seen": {}, "found": []}
        self.text, self.next, self.seen, self.found = (saved[name] for name in ("text", "next", "seen", "found"))
        self.told_at = 0.0
        if task.resume:
            task.log(f"goes on at sentence {self.read() + 1} of {self.total}")

    def read(self):
        return sum(map(len, self.places[: self.text])) + self.next

    def sentence(self, n):
        start, end = self.places[self.text][n]
        return self.texts[self.text][start:end]

    def step(self):
        """Reads a part; says whether the task has its verdict."""
        if self.task.cancelled:
            self.task.obey()
            return True
        end = min(self.next + PART, len(self.places[self.text]))
        for n in range(self.next, end):
            see(self.seen, n, self.sentence(n))
        prune(self.seen)
        self.next = end
        self.tell()
        if end < len(self.places[self.text]):
            self.save()
            return False
        self.found.append({"characters": characters(self.seen, self.sentence)})
        self.text, self.next, self.seen = self.text + 1, 0, {}
        if self.text < len(self.texts):
            self.save()
            return False
        self.task.done({"texts": self.found} if "texts" in self.task.input else self.found[0])
        return True

    def tell(self):
        read, now = self.read(), time.monotonic()
        if read == self.total or now - self.told_at >= EVERY:
            self.told_at = now
            self.task.progress(round(100 * read / max(1, self.total), 1), f"sentence {read} of {self.total}")

    def save(self):
        self.task.save({"text": self.text, "next": self.next, "seen": self.seen, "found": self.found})


def attempted(reading, task):
    """One step, or the beginning; a task that fails here fails alone. The reading, None once it is over."""
    try:
        reading = reading or Reading(task)
        return None if reading.step() else reading
    except Exception as error:
        task.fail(error)
        return None


@worker.task("recognize*", max_batch=8)
def recognize(tasks):
    print(f"{len(tasks)} in this frame")
    turn = [(None, task) for task in tasks]
    while turn:
        turn = [(again, task) for reading, task in turn if (again := attempted(reading, task))]


if __name__ == "__main__":
    worker.run()
