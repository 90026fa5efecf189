# SPDX-License-Identifier: Apache-2.0
"""The part of a server that pullers speak to, for tests: it gives what it was told to give, and keeps what was said. And
a puller for it."""
import json
import queue
import threading

from bide.pull import PullChannel
from fake_server import FakeServer, answer

PATIENCE_S = 30
_DEFAULTS = {"run": 1, "attempt": 1, "timeout_ms": 60_000, "lease_ms": 30_000, "beat_ms": 20, "input": None, "resume": None}


def beaten(cancel=None):
    """The usual answer to a beat."""
    return answer({"lease_ms": 30_000, "beat_ms": 20, "cancel": cancel})


class FakeDesk:
    """`said`: what was said of attempts, as (word, verb, body), in its order."""

    def __init__(self):
        self.said = []
        self._answers = {}  # by word and verb
        self._tasks = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._server = FakeServer(self._hear)
        self.url = self._server.url

    def give(self, *tasks):
        """Answers a claim, the one that waits or the next, with these tasks."""
        self._tasks.put([{**_DEFAULTS, "fence": "f1", "type": "x", **task} for task in tasks])

    def answers(self, word, verb, *answers):
        """What is answered the next times that this verb is said of this attempt, one each, the last one ever after:
        bytes, or functions (request) -> bytes."""
        with self._changed:
            self._answers[word, verb] = list(answers)

    def heard(self, verb, word=None, count=1):
        """What was said of an attempt with this verb, once there is so much of it."""

        def found():
            return [body for w, v, body in self.said if v == verb and word in (None, w)]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, PATIENCE_S), f"{count} {verb}, and not only {self.said}"
            return found()

    def verdicts(self):
        return [(word, verb) for word, verb, _ in self.said if verb in ("done", "fail", "cancelled", "release")]

    def close(self):
        self._tasks.put(None)
        self._server.close()

    def _hear(self, request):
        _, target, headers, body = request
        if target == "/v1/attempts:claim":
            tasks = self._tasks.get()
            return None if tasks is None else answer({"tasks": tasks})
        word, verb = target[len("/v1/attempts/") :].split("/", 1)
        with self._changed:
            self.said.append((word, verb, json.loads(body) if headers.get("content-type") == "application/json" else body))
            left = self._answers.get((word, verb), [beaten() if verb == "beat" else answer({})])
            said = left.pop(0) if len(left) > 1 else left[0]
            self._changed.notify_all()
        return said(request) if callable(said) else said


class Held:
    """An answer that waits until it is let go."""

    def __init__(self, said):
        self._said = said
        self._go = threading.Event()

    def __call__(self, _):
        self._go.wait(PATIENCE_S)
        return self._said

    def go(self):
        self._go.set()


class Puller:
    """A channel in the hands of a test, which is its worker."""

    def __init__(self, url, **options):
        self.channel = PullChannel(url, ["x"], **options)
        self._frames = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while (frame := self.channel.read()) is not None:
            self._frames.put(frame)

    def frame(self):
        return self._frames.get(timeout=PATIENCE_S)

    def run(self):
        """The words of the attempts that are given to the worker, with the next frame."""
        frame = self.frame()
        assert frame["op"] == "run", frame
        return [f"{task['id']}.{task['fence']}" for task in frame["tasks"]]

    def say(self, op, word, **more):
        id, fence = word.split(".")
        self.channel.write({"op": op, "id": id, "fence": fence, **more})
