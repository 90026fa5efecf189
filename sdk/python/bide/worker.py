# SPDX-License-Identifier: Apache-2.0
"""A worker: a process that bide starts, that loads its model once and takes task after task (protocol bide/1).

             reader thread                         main thread (or `concurrency` threads)
    fd 3 ──▶ run ─────────────▶ waiting tasks ──▶ handler ──▶ done | fail | cancelled ──▶ fd 4
             cancel ──▶ the task's flag
             ping ──▶ pong
             stop, end of file ──▶ finish what is there, exit 0

stdout and stderr are the task's log: print as you like. A worker never uses them for frames.
"""
import os
import queue
import sys
import threading
import traceback
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from bide import frames
from bide.task import Cancelled, Fail, Task

Handler = Callable[[Task], Any]
BatchHandler = Callable[[List[Task]], Sequence[Any]]


class _Entry(NamedTuple):
    one: Optional[Handler]
    many: Optional[BatchHandler]


class Worker:
    """Collects handlers, then runs them: see `task`, `batch`, `load` and `run`.

    `concurrency`: how many tasks (or batches) it takes at the same time; above 1 handlers run in threads.
    `max_batch`: how many tasks one batch handler takes at most."""

    def __init__(self, *, concurrency: int = 1, max_batch: int = 1) -> None:
        if concurrency < 1 or max_batch < 1:
            raise ValueError("concurrency and max_batch are at least 1")
        self._concurrency = concurrency
        self._max_batch = max_batch
        self._handlers: Dict[str, _Entry] = {}
        self._loaders: List[Callable[[], Any]] = []
        self._open: Dict[str, Task] = {}  # tasks that were given and have no verdict, by id
        self._lock = threading.Lock()
        self._work: "queue.SimpleQueue[Optional[List[Task]]]" = queue.SimpleQueue()
        self._channel: frames.Channel

    def task(self, type: str) -> Callable[[Handler], Handler]:
        """Decorator: this function does tasks of this type. `(task) -> result`, the result anything JSON can hold.

        A trailing * makes it a prefix; the longest match wins."""

        def add(handler: Handler) -> Handler:
            self._handlers[type] = _Entry(handler, None)
            return handler

        return add

    def batch(self, type: str) -> Callable[[BatchHandler], BatchHandler]:
        """Decorator: this function does several tasks of this type at once. `(tasks) -> results`, one for each task
        in their order; an exception in the place of a result fails that task alone. A cancelled task keeps its
        place: look at `task.cancelled`, its result is not used."""

        def add(handler: BatchHandler) -> BatchHandler:
            self._handlers[type] = _Entry(None, handler)
            return handler

        return add

    def load(self, loader: Callable[[], Any]) -> Callable[[], Any]:
        """Runs `loader` once, before this worker says it is ready. An exception ends the process with status 1."""
        self._loaders.append(loader)
        return loader

    def run(self) -> None:
        """Loads, says ready and works until bide says stop. Returns then; the program should end."""
        try:
            self._channel = frames.Channel(int(os.environ.get("BIDE_IN", "3")), int(os.environ.get("BIDE_OUT", "4")))
        except OSError as error:
            sys.exit(f"this is a worker of bide, started by its server, which opens descriptors 3 and 4: {error}")
        for stream in (sys.stdout, sys.stderr):
            getattr(stream, "reconfigure", lambda **_: None)(line_buffering=True)  # a log is read while it grows
        for loader in self._loaders:
            loader()
        self._channel.write(
            {
                "op": "ready",
                "proto": 1,
                "max_batch": self._max_batch,
                "concurrency": self._concurrency,
                "ping": True,
            }
        )
        threading.Thread(target=self._read, name="bide-reader", daemon=True).start()
        others = [threading.Thread(target=self._work_on, name=f"bide-{n}") for n in range(1, self._concurrency)]
        for thread in others:
            thread.start()
        self._work_on()
        for thread in others:
            thread.join()

    # the reader thread

    def _read(self) -> None:
        try:
            while True:
                frame = self._channel.read()
                if frame is None or frame.get("op") == "stop":
                    break
                if frame.get("op") == "run":
                    self._take(frame["tasks"])
                elif frame.get("op") == "cancel":
                    self._cancel(frame)
                elif frame.get("op") == "ping":
                    self._channel.write({"op": "pong", "n": frame.get("n")})
        except BrokenPipeError:
            pass  # bide is gone: nobody is left to be told
        except Exception:
            traceback.print_exc()
        finally:
            for _ in range(self._concurrency):
                self._work.put(None)

    def _take(self, given: List[Dict[str, Any]]) -> None:
        tasks = []
        for one in given:
            try:
                task = Task(one, self._channel.write)
            except Exception as error:  # its input file cannot be read: the task's trouble, not the worker's
                self._channel.write({"op": "fail", "id": one.get("id"), "fence": one.get("fence"), **_error(error)})
                continue
            tasks.append(task)
        with self._lock:
            self._open.update((task.id, task) for task in tasks)
        for together in self._split(tasks):
            self._work.put(together)

    def _split(self, tasks: List[Task]) -> List[List[Task]]:
        """A batch stays together when its type has a batch handler; otherwise its tasks run one by one."""
        if tasks and (entry := self._handler(tasks[0].type)) and entry.many:
            return [tasks]
        return [[task] for task in tasks]

    def _cancel(self, frame: Dict[str, Any]) -> None:
        with self._lock:
            task = self._open.get(frame.get("id", ""))
        if task and frame.get("fence") in (None, task.fence):
            task.cancel()

    # the threads that work

    def _work_on(self) -> None:
        while (tasks := self._work.get()) is not None:
            try:
                self._run_one(tasks[0]) if len(tasks) == 1 else self._run_many(tasks)
            except BrokenPipeError:
                return  # bide is gone, and with it the wish for a verdict

    def _handler(self, type: str) -> Optional[_Entry]:
        if type in self._handlers:
            return self._handlers[type]
        prefixes = [p for p in self._handlers if p.endswith("*") and type.startswith(p[:-1])]
        return self._handlers[max(prefixes, key=len)] if prefixes else None

    def _run_one(self, task: Task) -> None:
        entry = self._handler(task.type)
        try:
            task.check()  # cancelled while it waited here
            if entry is None:
                raise Fail("invalid_input", f"this worker has no handler for type {task.type!r}", retry=False)
            value = entry.one(task) if entry.one else _only(entry.many, task)
        except BaseException as error:
            self._end(task, error)
        else:
            self._end(task, value)

    def _run_many(self, tasks: List[Task]) -> None:
        entry = self._handler(tasks[0].type)
        assert entry is not None and entry.many is not None
        for task in tasks:
            task.shared()
        try:
            values = list(entry.many(tasks))
            if len(values) != len(tasks):
                raise ValueError(f"the batch handler returned {len(values)} results for {len(tasks)} tasks")
        except BaseException as error:
            values = [error] * len(tasks)
        for task, value in zip(tasks, values):
            self._end(task, Cancelled() if task.cancelled else value)

    def _end(self, task: Task, value: Any) -> None:
        """Sends the verdict: exactly one for each task."""
        with self._lock:
            self._open.pop(task.id, None)
        if isinstance(value, Cancelled) and task.cancelled:
            task.say("cancelled")
        elif isinstance(value, (KeyboardInterrupt, SystemExit)):
            task.say("fail", **_error(value), recycle=True)
            raise value
        elif isinstance(value, BaseException):
            task.say("fail", **_error(value))
        else:
            self._done(task, value)

    def _done(self, task: Task, value: Any) -> None:
        try:
            text = frames.encode(value)
            if len(text) <= frames.PAYLOAD:
                fields = {"result": value}
            else:
                fields = {"result_file": ".result.json"}
                with open(os.path.join(task.dir, ".result.json"), "wb") as file:
                    file.write(text)
            if task.files:
                fields["files"] = task.files
        except (TypeError, ValueError, RecursionError, OSError) as error:  # it cannot be told as JSON, or not be stored
            task.say("fail", **_error(error))
        else:
            task.say("done", **fields)


def _only(handler: Optional[BatchHandler], task: Task) -> Any:
    assert handler is not None
    values = handler([task])
    if len(values) != 1:
        raise ValueError(f"the batch handler returned {len(values)} results for 1 task")
    if isinstance(values[0], BaseException):
        raise values[0]
    return values[0]


def _error(error: BaseException) -> Dict[str, Any]:
    """The fields of a fail frame."""
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    if isinstance(error, Fail):
        fields: Dict[str, Any] = {"code": error.code, "message": error.message, "detail": error.detail}
        fields["retry_after_ms"] = error.retry_after_ms
        fields["recycle"] = error.recycle
        if error.retry is not None:
            fields["retry"] = error.retry
    else:
        fields = {"code": "worker_error", "message": str(error) or type(error).__name__, "detail": trace}
    fields["type"] = type(error).__name__
    fields["message"] = frames.clip(fields["message"], frames.MESSAGE)
    fields["detail"] = frames.clip_tail(fields["detail"], frames.DETAIL)
    return fields
