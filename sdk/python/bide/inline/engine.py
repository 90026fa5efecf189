# SPDX-License-Identifier: Apache-2.0
"""A bide that is one object in memory: it keeps tasks, and runs a worker's handlers when told to, one job after
another. It hears the same frames that a worker sends, so a handler cannot tell the difference.

Time is a clock of its own. It begins at the present and moves when a retry or a moment to start is waited for, so
nothing here sleeps and every run goes the same way.
"""
import asyncio
import json
import os
import shutil
import tempfile
import time
import uuid
import weakref
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from bide.handlers import Entry, Handlers, is_async
from bide.inline.cache import Cache
from bide.inline.queue import Queue, held_by_keys, in_line
from bide.inline.record import Record, made, moment
from bide.inline.refusal import Refusal
from bide.inline.sequel import follow
from bide.inline.submission import check_followers
from bide.perform import Steps, perform
from bide.problems import WaitTimeout
from bide.task import Task

_FINAL = ("invalid_input", "poison", "output_too_large", "cancelled", "replaced", "expired", "dependency_failed")
"""Codes of failures that are not retried unless the handler says so: src/task/failure.def."""
_CANCELLED = {"code": "cancelled", "message": "the task was cancelled"}


class Stuck(RuntimeError):
    """What is waited for cannot happen: nothing in this process will bring it about."""


class Engine:
    """`workers`: whose handlers to run. `types`: further types to accept, whose tasks somebody else settles.
    `concurrent`: other coroutines may run tasks while this one waits."""

    def __init__(self, workers: Sequence[Handlers], types: Sequence[str] = (), concurrent: bool = False) -> None:
        self.records: Dict[str, Record] = {}  # by id, oldest first
        self.queues: Dict[str, Queue] = {}
        self.workers = list(workers)
        self.now = round(time.time(), 3)
        self._cache = Cache()
        self._types = frozenset(types)
        self._concurrent = concurrent
        self._loaded: List[Handlers] = []
        self._dirs: Optional[str] = None  # made when the first task runs
        self._busy = False

    def knows(self, type: str) -> bool:
        return type in self._types or self._find(type)[1] is not None

    def queue(self, name: str) -> Queue:
        """A queue is there once it is spoken of."""
        return self.queues.setdefault(name, Queue(name))

    def add(self, record: Record) -> None:
        self.queue(record.queue)
        if record.run_at is not None and record.run_at > self.now:
            record.status = "scheduled"
        self.records[record.id] = record
        source = self._cache.find(record, self.records, self.now)
        if source is not None:
            record.result, record.cached_from, record.cache = source.result, source.id, None
            self.end(record, "completed")

    def new_id(self) -> str:
        """A UUIDv7 (RFC 9562) of the inline clock: sorted by id is sorted by creation."""
        n = (int(self.now * 1000) << 80) | (7 << 76) | (len(self.records) & 0xFFF) << 64
        return str(uuid.UUID(int=n | (2 << 62) | (uuid.uuid4().int & ((1 << 62) - 1))))

    # running

    def work(self) -> Steps:
        """Runs what may start, and the retries that come of it, until only tasks with a later moment to start are
        left, or such as wait for a token of their queue's rate. Within a handler it does nothing: whoever runs that handler goes on with these. Returns how many ran."""
        ran = 0
        if self._busy:
            return ran
        self._busy = True
        try:
            while True:
                while self._runnable():
                    ran += yield from self._job()
                due = [r.run_at for r in self._waiting("retrying") if r.run_at is not None]
                if not due:
                    return ran
                self.move(min(due) - self.now)
        finally:
            self._busy = False

    def wait(self, record: Record, timeout: Optional[float]) -> Steps:
        """Works until the record has ended. Returns False when `timeout` seconds of the inline clock passed first.
        Raises Stuck."""
        until = None if timeout is None else self.now + timeout
        while not record.ended:
            if self._runnable():
                yield from self._job()
                continue
            if record.status == "running" and self._concurrent:
                yield asyncio.sleep(0.001)
                continue
            due = min(self._moments(), default=None)
            if due is not None and (until is None or due <= until):
                self.move(due - self.now)
            elif until is not None:
                self.move(until - self.now)
                return record.ended
            else:
                raise Stuck(f"task {record.id} of type {record.type!r} is {record.status}: {self._why(record)}")
        return True

    def waited(self, record: Record, timeout: Optional[float]) -> Steps:
        """As `wait`, with the outcome of a client's wait: the task, or WaitTimeout."""
        ended = yield from self.wait(record, timeout)
        if not ended:
            raise WaitTimeout(self.shown(record, True), timeout or 0.0)
        return self.shown(record, True)

    def advance(self, seconds: float) -> Steps:
        """Moves the clock and works. Where a rate holds tasks back they start when their tokens come, not at the end."""
        until, ran = self.now + max(0.0, seconds), 0
        while not self._busy:
            rated = [at for at in self._moments(only_rated=True) if at <= until]
            if not rated:
                break
            self.move(min(rated) - self.now)
            ran += yield from self.work()
        self.move(until - self.now)
        return ran + (yield from self.work())

    def shown(self, record: Record, whole: bool) -> Dict[str, Any]:
        """The object of the API. `whole`: with input, result and place in line."""
        return record.shown(whole, self._place(record) if whole else None, self._waiting_on(record))

    def move(self, seconds: float) -> None:
        """Moves the clock: what is due becomes pending, what should have started expires."""
        self.now += max(0.0, seconds)
        for record in list(self.records.values()):
            if record.start_by is not None and not record.attempt and not record.ended and self.now >= record.start_by:
                self.end(record, "expired", {"code": "expired", "message": "the task did not start in time"})
            elif record.status in ("scheduled", "retrying") and self.now >= (record.run_at or 0):
                record.status = "pending"

    def cancel(self, record: Record, why: Mapping[str, Any] = _CANCELLED) -> None:
        if record.ended:
            return
        if not record.cancel_requested:
            record.cancelled_for = why
        record.cancel_requested = True
        if record.task is not None:
            record.task.cancel("user")
        else:
            self.end(record, "cancelled", record.cancelled_for)

    def holder(self, type: str, key: Optional[str]) -> Optional[Record]:
        """The task with this key that has not ended: the last one, when an earlier one is still being stopped."""
        alive = [r for r in self.records.values() if key is not None and r.key == key and r.type == type and not r.ended]
        return alive[-1] if alive else None

    def again(self, record: Record) -> bool:
        """The next run of an ended task. False: another one holds its key."""
        if self.holder(record.type, record.key) is not None:
            return False
        record.run, record.attempt, record.failures, record.status = record.run + 1, 0, 0, "pending"
        record.cancel_requested, record.start_by, record.run_at = False, None, None
        record.result = record.error = record.progress = record.resume = None
        record.started_at = record.finished_at = None
        record.files = []
        record.cache = record.cached_from = None
        return True

    def end(
        self, record: Record, status: str, error: Optional[Mapping[str, Any]] = None, next: Sequence[Dict[str, Any]] = ()
    ) -> None:
        """`next`: what follows it besides what its submit said."""
        record.status, record.finished_at = status, self.now
        if error is not None:
            record.error = self._error(record, error)
        elif status == "completed":
            record.error = None
            self._cache.keep(record, self.now)
        follow(self, record, next)

    def failed(self, record: Record, said: Mapping[str, Any]) -> None:
        """A failure counts; then it is tried again, or that was it."""
        record.failures += 1
        retryable = said.get("retry", said.get("code") not in _FINAL)
        if record.cancel_requested:
            return self.end(record, "cancelled", record.cancelled_for)
        if not retryable or record.failures >= record.max_attempts:
            return self.end(record, "failed", said)
        record.error = self._error(record, said)
        record.status, record.progress = "retrying", None
        record.run_at = self.now + (said.get("retry_after_ms") or self._backoff(record)) / 1000
        return None

    def close(self) -> None:
        """Removes the attempts' directories."""
        if self._dirs is not None:
            self._remove()
            self._dirs = None

    # how

    def _find(self, type: str) -> Tuple[Optional[Handlers], Optional[Entry]]:
        for worker in self.workers:
            entry = worker.find(type)
            if entry is not None:
                return worker, entry
        return None, None

    def _waiting(self, *states: str) -> Iterator[Record]:
        for record in self.records.values():
            if record.status in states and not self.queue(record.queue).paused and self._find(record.type)[1]:
                yield record

    def _ready(self) -> List[Record]:
        """Those that no key holds, in their order."""
        held = {id for queue in self.queues.values() for id in held_by_keys(self.records.values(), queue, self.now)}
        return in_line(r for r in self._waiting("pending") if r.id not in held and not self._gives_way_to(r))

    def _runnable(self) -> List[Record]:
        """In their order; of a queue with a rate as many as it has tokens."""
        left = {name: queue.tokens(self.now) for name, queue in self.queues.items()}
        line = []
        for record in self._ready():
            tokens = left[record.queue]
            if tokens is None or tokens > 0:
                line.append(record)
                left[record.queue] = None if tokens is None else tokens - 1
        return line

    def _moments(self, only_rated: bool = False) -> Iterator[float]:
        """When something may start that may not now. `only_rated`: in a queue with a rate."""
        for record in self._waiting("scheduled", "retrying"):
            if record.run_at is not None and not (only_rated and not self.queue(record.queue).has_rate()):
                yield record.run_at
        for name in {record.queue for record in self._ready()}:
            at = self.queue(name).token_at(self.now)
            if at is not None:
                yield at
        held = {id: why for queue in self.queues.values() for id, why in held_by_keys(self.records.values(), queue, self.now).items()}
        for record in self._waiting("pending"):
            by_rate = held.get(record.id, {}).get("reason") == "key_rate"
            at = self.queue(record.queue).key_token_at(record.limit_key or "") if by_rate else None
            if at is not None:
                yield at

    def _gives_way_to(self, record: Record) -> bool:
        """One with its key is still at work: it has been asked to stop."""
        others = self._waiting("running") if record.key is not None else iter(())
        return any(other.key == record.key and other.type == record.type for other in others)

    def _job(self) -> Steps:
        """Runs the first in line; with it, those that go into the same batch. Returns how many."""
        line = self._runnable()
        worker, entry = self._find(line[0].type)
        assert worker is not None and entry is not None
        batch = [r for r in line if self._find(r.type)[1] is entry][: entry.max_batch or 1]
        yield from self._load(worker)
        tasks = [self._begin(record, len(batch)) for record in batch]
        try:
            yield from perform(worker, entry, tasks)
        finally:
            for record in batch:
                record.task = None
                if record.status == "running":  # the handler's own thread was stopped
                    self.failed(record, {"code": "no_reply", "message": "the worker gave no verdict"})
        return len(batch)

    def _load(self, worker: Handlers) -> Steps:
        if worker not in self._loaded:
            self._loaded.append(worker)
            for loader in worker.loaders:
                value = loader()
                if is_async(loader):
                    yield value
        return None

    def _begin(self, record: Record, batch_size: int) -> Task:
        self.queue(record.queue).take(record)
        record.attempt += 1
        record.status, record.started_at, record.batch_size = "running", self.now, batch_size
        record.files = []
        name = f"{record.id}.{record.run}.{record.attempt}"
        given: Dict[str, Any] = {"id": record.id, "fence": name, "type": record.type, "attempt": record.attempt}
        given.update(timeout_ms=record.timeout_ms, resume=record.resume, input=json.loads(record.input))
        if self._dirs is None:
            self._dirs = tempfile.mkdtemp(prefix="bide-inline-")
            self._remove = weakref.finalize(self, shutil.rmtree, self._dirs, True)
        given["dir"] = os.path.join(self._dirs, name)
        os.mkdir(given["dir"])
        record.task = Task(given, lambda frame: self._hear(record, json.loads(json.dumps(frame))))
        return record.task

    def _hear(self, record: Record, frame: Dict[str, Any]) -> None:
        """A frame of the attempt that runs."""
        op = frame["op"]
        if op == "progress":
            record.progress = {name: frame.get(name, other) for name, other in _NO_PROGRESS.items()}
        elif op == "log":
            record.log(f"{frame['level']}: {frame['text']}")
        elif op == "output":
            record.stream(frame["data"])
        elif op == "save":
            record.resume = frame["data"]
        elif op == "done":
            op = self._done(record, frame)
        elif op == "fail":
            self.failed(record, frame)
        elif op == "cancelled":
            self.end(record, "cancelled", record.cancelled_for)
        if op in ("done", "fail", "cancelled"):
            seen = {"run": record.run, "attempt": record.attempt, "status": {"fail": "failed"}.get(op, op)}
            seen.update(started_at=moment(record.started_at), finished_at=moment(self.now))
            record.attempts.append({**seen, "error": record.error if op == "fail" else None})

    def _done(self, record: Record, frame: Dict[str, Any]) -> str:
        """As which verdict it counts."""
        try:
            check_followers(self, frame.get("next", []), "/next")
        except Refusal as refusal:
            self.failed(record, {"code": "bad_result", "message": str(refusal)})
            return "fail"
        if "result_file" in frame and record.task is not None:
            with open(os.path.join(record.task.dir, frame["result_file"]), "rb") as file:
                record.result = file.read()
        else:
            record.result = json.dumps(frame.get("result"), ensure_ascii=False, separators=(",", ":")).encode()
        record.files = frame.get("files", [])
        self.end(record, "completed", next=frame.get("next", ()))
        return "done"

    def make(self, body: Mapping[str, Any]) -> Record:
        """A record of a submit that was found right."""
        return made(body, self.new_id(), self.now)

    def _backoff(self, record: Record) -> float:
        """In ms, without jitter: every run goes the same way."""
        base, cap = record.retry.get("base_ms", 5_000), record.retry.get("cap_ms", 600_000)
        fixed = record.retry.get("backoff") == "fixed"
        return float(min(cap, base if fixed else base * 2 ** min(record.failures - 1, 30)))

    def _error(self, record: Record, said: Mapping[str, Any]) -> Dict[str, Any]:
        error = {name: said.get(name) or None for name in ("code", "message", "detail", "type")}
        return {**error, "attempt": said.get("attempt", record.attempt or None), "at": moment(self.now)}

    def _place(self, record: Record) -> Optional[int]:
        """In the line of its queue, from 1; None: it could not run now."""
        queue = self.queue(record.queue)
        held = held_by_keys(self.records.values(), queue, self.now)
        line = [r for r in self.records.values() if r.queue == queue.name and r.status == "pending" and r.id not in held]
        ids = [r.id for r in in_line(r for r in line if not self._gives_way_to(r))]
        return ids.index(record.id) + 1 if record.id in ids else None

    def _waiting_on(self, record: Record) -> Optional[Dict[str, str]]:
        queue = self.queue(record.queue)
        if record.status in ("scheduled", "retrying"):
            return {"reason": {"scheduled": "time"}.get(record.status, "retry"), "detail": f"until {moment(record.run_at)}"}
        if record.status != "pending":
            return None
        if queue.paused:
            return {"reason": "queue_paused", "detail": f"queue {queue.name} is paused"}
        held = held_by_keys(self.records.values(), queue, self.now).get(record.id)
        if held is not None:
            return held
        if queue.token_at(self.now) is not None:
            return {"reason": "rate", "detail": f"queue {queue.name}: {queue.rate}"}
        return None

    def _why(self, record: Record) -> str:
        waits = self._waiting_on(record)
        if waits is not None and waits["reason"] in ("queue_paused", "key"):
            return waits["detail"]
        if self._find(record.type)[1] is None:
            return "no worker here does this type: complete or fail it"
        return "it is waited for by its own handler" if record.status == "running" else "it has no moment to start"


_NO_PROGRESS: Dict[str, Any] = {"percent": None, "message": "", "data": {}}
