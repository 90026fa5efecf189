# SPDX-License-Identifier: Apache-2.0
"""A worker as a puller: on another machine, or wherever bide cannot start it, it asks a server for tasks over HTTP.

To the worker this is a channel like the descriptors of bide.frames: `read` gives it frames, `write` takes them.

    claimer thread:  POST /v1/attempts:claim ──▶ large inputs ──▶ run frame
    beater thread:   POST .../beat, with progress and log ──▶ cancel frame, when the answer says so
    write:           done, fail, cancelled ──▶ files, then the verdict, again and again until the server has it

As many claims are open as jobs the worker can begin at once, so that nothing is leased that has to wait here. All that is
held is beaten for until it is over, also while inputs and files are on their way; what the worker has not begun when it
is told to stop, or leaves without a verdict, goes back at once. What is printed stays on this machine: only what the
handler gives to `task.log` goes to the task's log.
"""
import json
import os
import queue
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, TypeVar

from bide import calls, frames
from bide.call import Call
from bide.client import Client
from bide.problems import Conflict, NotFound, Problem
from bide.pull_attempt import PROGRESS_S, Attempt

T = TypeVar("T")
_CLAIM_S = 30.0  # one long poll
_FIRST_REST_S, _REST_S = 0.2, 5.0  # between tries while the server is away


class _Over(Exception):
    """What was asked for is not wanted any more."""


class PullChannel:
    """In place of a worker's descriptors. Raises ValueError for a URL or types that cannot be used.

    `url`: of the server; None: BIDE_SERVER, else http://127.0.0.1:8080. `types`: what to ask for. `name`: what
    GET /v1/workers calls it; default the host's name and the process's number. `max_batch`: tasks of one claim."""

    def __init__(self, url: Optional[str], types: Sequence[str], name: Optional[str] = None, max_batch: int = 1) -> None:
        if not types:
            raise ValueError("a puller asks for the types it has handlers for, and this worker has none")
        host = socket.gethostname()
        self._client = Client(url)
        self._claim = {"types": list(types), "max": max_batch, "worker": name or f"{host}-{os.getpid()}", "host": host}
        self._in: "queue.SimpleQueue[Optional[Dict[str, Any]]]" = queue.SimpleQueue()
        self._changed = threading.Condition()  # over what follows
        self._open: Dict[str, Attempt] = {}  # by word: one that was lost may run beside the next of the same task
        self._jobs: List[List[str]] = []  # words of the attempts of each claim that has some open
        self._concurrency = 1
        self._stopping = False  # nothing more is asked for
        self._closed = False  # and nothing more is begun

    # what the worker sees

    def read(self) -> Optional[Dict[str, Any]]:
        """The next frame; None once it has been told to stop. What was not read by then has been given back."""
        frame = self._in.get()
        if frame is None:
            self._give_back()
        return frame

    def write(self, frame: Mapping[str, Any]) -> None:
        """Takes a frame; a verdict until the server has it, however long it is away. Raises ValueError, TypeError for
        what bide would not take, as the descriptors do."""
        said: Dict[str, Any] = json.loads(frames.line(frame))
        op, attempt = said["op"], self._open.get(f"{said.get('id')}.{said.get('fence')}")
        if op == "ready":
            self._concurrency = int(said.get("concurrency", 1))
            for target, name in ((self._claim_on, "bide-claimer"), (self._beat_on, "bide-beater")):
                threading.Thread(target=self._guard, args=(target,), name=name, daemon=True).start()
        elif attempt is None:
            pass  # a word about one that is over
        elif op in ("done", "fail", "cancelled"):
            self._end(attempt, op, said)
        else:
            with self._changed:
                attempt.hear(op, said)
                self._changed.notify_all()

    def finish(self) -> None:
        """The worker has ended: what it has no verdict for goes back, and what is still being told is waited for."""
        self.stop()
        with self._changed:
            self._closed = True
            left = list(self._open.values())
        self._release(left)
        with self._changed:
            self._changed.wait_for(lambda: not self._open)

    def stop(self) -> None:
        """Asks for nothing more; what is open is finished."""
        self._stopping = True
        self._in.put(None)

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT: finish, then end; the second one ends at once. Only in the main thread."""

        def on_signal(number: int, _: Any) -> None:
            signal.signal(number, signal.SIG_DFL)
            self.stop()

        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, on_signal)

    def _guard(self, target: Callable[[], None]) -> None:
        """A thread that nobody expected to end ends the worker, which would wait for it for ever."""
        try:
            target()
        except Exception as error:
            traceback.print_exc()
            self._give_up(f"bide: the worker cannot go on: {error!r}")

    # claiming

    def _claim_on(self) -> None:
        rest = _FIRST_REST_S
        while not self._stopping:
            with self._changed:
                while len(self._jobs) >= self._concurrency:
                    self._changed.wait()
            if self._stopping:
                return
            try:
                answer = self._client._do(calls.claim(self._claim, _CLAIM_S))
                rest = _FIRST_REST_S
            except Problem as problem:
                if not _may_be_heard(problem):
                    self._give_up(f"bide: {self._client.url} does not give tasks to this worker: {problem}")
                    return
                if rest == _FIRST_REST_S:
                    _say(f"bide: {self._client.url}: {problem}; trying until it is back")
                time.sleep(rest)
                rest = min(2 * rest, _REST_S)
                continue
            given = answer.get("tasks") if isinstance(answer, dict) else None
            if not isinstance(given, list):
                self._give_up(f"bide: {self._client.url}: its answer to a claim has no tasks: is it a bide server?")
                return
            if given:
                self._take([Attempt(one) for one in given])

    def _give_up(self, why: str) -> None:
        _say(why)
        self._in.put({"op": "give_up", "reason": why})

    def _take(self, attempts: List[Attempt]) -> None:
        with self._changed:
            self._open.update({attempt.word: attempt for attempt in attempts})
            self._jobs.append([attempt.word for attempt in attempts])
            self._changed.notify_all()  # beats begin now, also while a large input is on its way
        if self._stopping:
            self._release(attempts)
        else:
            self._begin([attempt for attempt in attempts if self._prepare(attempt)])

    def _prepare(self, attempt: Attempt) -> bool:
        """Gives it a directory and, when it is large, its input. False: it could not be, and that has been told."""
        try:
            attempt.folder = attempt.given["dir"] = tempfile.mkdtemp(prefix="bide-pull-")
            if attempt.given.get("input_url"):
                is_wanted = lambda: not (attempt.ending or attempt.cancelled)  # noqa: E731
                attempt.given["input"] = self._until_heard(attempt, calls.attempt_input(attempt.word), is_wanted)
        except _Over:
            pass  # _begin sees why
        except (OSError, ValueError, Problem) as error:
            _say(f"bide: task {attempt.id} could not begin: {error}")
            attempt.lost = attempt.lost or isinstance(error, (Conflict, NotFound))
            message = frames.clip(f"it could not begin: {error}", frames.MESSAGE)
            self._end(attempt, "fail", {"code": "worker_error", "message": message})
            return False
        return True

    def _begin(self, ready: List[Attempt]) -> None:
        """Gives them to the worker, without those that were cancelled meanwhile: it has not heard of these."""
        with self._changed:  # a cancel is heard before this, or comes to the worker after the task
            for attempt in ready:
                attempt.begun = not (attempt.cancelled or attempt.ending or self._closed)
            tasks = [attempt.given for attempt in ready if attempt.begun]
            for attempt in ready:
                attempt.given = {}  # a large input is the worker's alone
            if tasks:
                self._in.put({"op": "run", "tasks": tasks})
        for attempt in ready:
            if attempt.cancelled and not attempt.begun:
                self._end(attempt, "cancelled", {})
            elif not attempt.begun:
                self._release([attempt])

    def _give_back(self) -> None:
        """What the worker has not begun it never will."""
        with self._changed:
            self._closed = True
            while not self._in.empty():
                for task in (self._in.get() or {}).get("tasks", ()):
                    attempt = self._open.get(f"{task['id']}.{task['fence']}")
                    if attempt is not None:
                        attempt.begun = False
            left = [attempt for attempt in self._open.values() if not attempt.begun]
        self._release(left)

    def _release(self, attempts: Sequence[Attempt]) -> None:
        """Once: when it is not heard, the lease ends."""
        for attempt in attempts:
            if not self._ends(attempt):
                continue
            try:
                if not attempt.lost:
                    self._client._do(calls.attempt(attempt.word, "release"))
            except Problem as problem:
                _say(f"bide: task {attempt.id} could not be given back: {problem}")
            finally:
                self._forget(attempt)

    def _ends(self, attempt: Attempt) -> bool:
        """From now on it is the caller's to end. False: somebody does already."""
        with self._changed:
            first, attempt.ending = not attempt.ending, True
            return first

    def _forget(self, attempt: Attempt) -> None:
        if attempt.folder is not None:
            shutil.rmtree(attempt.folder, ignore_errors=True)
        with self._changed:
            self._open.pop(attempt.word, None)
            for job in self._jobs:
                if attempt.word in job:
                    job.remove(attempt.word)
            self._jobs = [job for job in self._jobs if job]
            self._changed.notify_all()

    # beats

    def _beat_on(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                held = [attempt for attempt in self._open.values() if not attempt.lost]
                ready = [attempt for attempt in held if attempt.due() <= now]
                if not ready:
                    self._changed.wait(max(0.0, min(a.due() for a in held) - now) if held else None)
                    continue
            for attempt in ready:
                self._beat(attempt)

    def _beat(self, attempt: Attempt) -> None:
        with attempt.beating:
            with self._changed:
                if attempt.word not in self._open or attempt.lost:
                    return  # it was settled meanwhile
                words = attempt.take()
                attempt.beats_again()
            try:
                answer = self._client._do(calls.attempt(attempt.word, "beat", words.body()))
            except (Conflict, NotFound):
                attempt.lost = True
                self._cancel(attempt, "lost")
                return
            except Problem as problem:
                if not _may_be_heard(problem):
                    _say(f"bide: task {attempt.id}: {problem}")  # what it says is not acceptable: the next beat has none of it
                    with self._changed:
                        attempt.output.heard(words.output)
                    return
                with self._changed:  # told with the next one, however much there is to tell
                    attempt.put_back(words)
                    attempt.beats_again(min(attempt.beat_s, PROGRESS_S))
                return
            with self._changed:
                attempt.output.heard(words.output)
            attempt.beat_s = answer["beat_ms"] / 1000
            attempt.beat_at = time.monotonic() + attempt.beat_s
            if answer["cancel"]:
                self._cancel(attempt, answer["cancel"])

    def _cancel(self, attempt: Attempt, reason: str) -> None:
        with self._changed:
            if attempt.begun and not attempt.cancelled and not attempt.ending:
                self._in.put({"op": "cancel", "id": attempt.id, "fence": attempt.fence, "reason": reason})
            attempt.cancelled = True

    # verdicts

    def _end(self, attempt: Attempt, op: str, frame: Mapping[str, Any]) -> None:
        if not self._ends(attempt):
            return
        try:
            self._settle(attempt, op, frame)
        except _Over:
            _say(f"bide: task {attempt.id} is not ours any more: {op} comes too late")
        finally:
            self._forget(attempt)

    def _settle(self, attempt: Attempt, op: str, frame: Mapping[str, Any]) -> None:
        if attempt.says_something():
            self._beat(attempt)  # the last words come before the verdict
        with attempt.beating:
            pass  # and so do those of a beat that is under way
        self._tell_output(attempt)
        if attempt.lost:
            return
        body = {k: v for k, v in frame.items() if k not in ("op", "id", "fence", "result_file")}
        try:
            if "result_file" in frame and attempt.folder is not None:
                with open(os.path.join(attempt.folder, frame["result_file"]), encoding="utf-8") as text:
                    body["result"] = json.load(text)
            for name in body.get("files", ()):
                self._upload(attempt, name)
            self._tell(attempt, calls.attempt(attempt.word, op, body))
        except (Conflict, NotFound) as problem:
            _say(f"bide: task {attempt.id}: {problem}")
        except (OSError, ValueError, Problem) as error:
            code = "output_too_large" if getattr(error, "status", 0) == 413 else "worker_error"
            said = {"code": code, "message": frames.clip(f"{op} could not be told: {error}", frames.MESSAGE)}
            try:
                self._tell(attempt, calls.attempt(attempt.word, "fail", said))
            except Problem as problem:
                _say(f"bide: task {attempt.id}: {problem}")

    def _tell_output(self, attempt: Attempt) -> None:
        """What the last beat could not tell. What the server does not take is dropped: the verdict counts."""
        while not attempt.lost:
            with self._changed:
                piece = attempt.output.piece()
            if piece is None:
                return
            try:
                self._tell(attempt, calls.attempt(attempt.word, "output", piece))
            except Problem as problem:
                _say(f"bide: task {attempt.id}: {problem}")
            with self._changed:
                attempt.output.heard(piece)

    def _upload(self, attempt: Attempt, name: str) -> None:
        path = os.path.join(attempt.folder or "", name)
        if os.path.isfile(path):  # one that was never written is left out, as in a worker that bide started
            self._tell(attempt, calls.attempt_file(attempt.word, name, path))

    def _tell(self, attempt: Attempt, call: "Call[T]") -> T:
        return self._until_heard(attempt, call, lambda: not attempt.lost)

    def _until_heard(self, attempt: Attempt, call: "Call[T]", is_wanted: Callable[[], bool]) -> T:
        """Sends it until the server answers something for good. Raises _Over once it is not wanted, Problem."""
        rest = _FIRST_REST_S
        while is_wanted():
            try:
                return self._client._do(call)
            except Problem as problem:
                if not _may_be_heard(problem):
                    raise
                if rest == _FIRST_REST_S:
                    _say(f"bide: task {attempt.id}: {problem}; trying until it is heard")
            time.sleep(rest)
            rest = min(2 * rest, _REST_S)
        raise _Over


def _may_be_heard(problem: Problem) -> bool:
    """There may be another answer later: it was not reached, or is busy, starting, stopping."""
    return problem.status == 0 or problem.status == 429 or problem.status >= 500


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
