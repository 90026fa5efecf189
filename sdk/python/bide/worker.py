# SPDX-License-Identifier: Apache-2.0
"""A worker: a process that bide starts, that loads its model once and takes task after task (protocol bide/1).
The same program asks a server elsewhere for its tasks when BIDE_PULL is set: bide.pull.

             reader thread                         main thread, `concurrency` - 1 more, and an event loop
    fd 3 ──▶ run ─────────────▶ waiting jobs ───▶ plain functions in the threads, `async def` ones on the loop
             cancel ──▶ the task's flag                │
             ping ──▶ pong                             └──▶ done | fail | cancelled ──▶ fd 4
             stop, end of file ──▶ finish what is there, exit 0

Of all of them together `concurrency` jobs run at a time; a job is a task, or a batch. stdout and stderr are the
task's log: print as you like. A worker never uses them for frames.
"""
import os
import queue
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, Deque, Dict, List, NamedTuple, Optional, Union

from bide import frames
from bide.handlers import Entry, Handlers, Outcome, is_async
from bide.loop_thread import LoopThread
from bide.perform import Exit, in_thread, on_loop, perform
from bide.slots import Slots
from bide.task import Task
from bide.verdict import failure

if TYPE_CHECKING:
    from bide.pull import PullChannel

__all__ = ["Outcome", "Worker"]


class _Job(NamedTuple):
    entry: Optional[Entry]
    tasks: List[Task]


class Worker(Handlers):
    """Collects handlers with the decorators `task`, `load`, `before` and `after`, then `run`s them.

    `concurrency`: how many jobs it has open at the same time, default 1. Above 1 plain functions run in threads,
    `async def` ones side by side on one event loop. Raises ValueError under 1.

    `ping`: it answers pings, and is killed when it does not for the pool's `ping_timeout` (30 s unless configured),
    default False. They are answered by a thread: say True only if no handler keeps the interpreter's lock that long,
    as some calls into C do."""

    def __init__(self, *, concurrency: int = 1, ping: bool = False) -> None:
        super().__init__()
        if concurrency < 1:
            raise ValueError("concurrency is at least 1")
        self.concurrency = concurrency
        self.ping = ping
        self._open: List[Task] = []  # tasks that were given and have no verdict
        self._lock = threading.Lock()
        self._slots: "Slots[_Job]" = Slots(concurrency, self._start, self._idle)
        self._jobs: "queue.SimpleQueue[Optional[_Job]]" = queue.SimpleQueue()  # for the threads
        self._loop = LoopThread()
        self._exit: Exit = None
        self._channel: "Union[frames.Channel, PullChannel]"

    def run(self, *, pull: Optional[str] = None) -> None:
        """Loads, says ready and works until bide says stop. Returns then; the program should end.

        `pull`: the URL of a server to ask for tasks, instead of being started by it; default the environment's
        BIDE_PULL. It asks for the types that have handlers, or those of BIDE_PULL_TYPES (with commas), under the name
        BIDE_PULL_NAME (default: host and process). SIGTERM ends it after the tasks it has.

        Raises SystemExit when bide did not start this program, when the server gives it no tasks (a type that it does
        not know), or when a handler raised it."""
        url = pull or os.environ.get("BIDE_PULL")
        self._channel = self._pulling(url) if url else self._started()
        for stream in (sys.stdout, sys.stderr):
            getattr(stream, "reconfigure", lambda **_: None)(line_buffering=True)  # a log is read while it grows
        for loader in self.loaders:
            value = loader()
            if is_async(loader):
                self._loop.wait(value)
        try:
            ready = {"proto": 1, "max_batch": self.max_batch, "concurrency": self.concurrency, "ping": self.ping}
            self._channel.write({"op": "ready", **ready})
        except BrokenPipeError:
            return  # bide is gone
        threading.Thread(target=self._read, name="bide-reader", daemon=True).start()
        others = [threading.Thread(target=self._work_on, name=f"bide-{n}") for n in range(1, self._threads())]
        for thread in others:
            thread.start()
        self._work_on()
        for thread in others:
            thread.join()
        self._channel.finish()
        self._loop.stop()
        if self._exit is not None:
            raise self._exit

    def _started(self) -> frames.Channel:
        try:
            return frames.Channel(int(os.environ.get("BIDE_IN", "3")), int(os.environ.get("BIDE_OUT", "4")))
        except OSError as error:
            sys.exit(
                "this is a worker of bide, started by its server, which opens descriptors 3 and 4 (or by you, with "
                f"BIDE_PULL=http://HOST:PORT): {error}"
            )

    def _pulling(self, url: str) -> "PullChannel":
        from bide.pull import PullChannel  # it loads an HTTP client, which others need not

        said = os.environ.get("BIDE_PULL_TYPES", "")
        types = [t.strip() for t in said.split(",") if t.strip()] or list(self.entries)
        limits = [entry.max_batch or 1 for entry in self.entries.values()]
        try:
            channel = PullChannel(url, types, os.environ.get("BIDE_PULL_NAME"), min([32, *limits]))
        except ValueError as error:
            sys.exit(f"bide: {error}")
        channel.stop_on_signals()
        return channel

    def _threads(self) -> int:
        return 1 if all(entry.is_async for entry in self.entries.values()) else self.concurrency

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
                elif frame.get("op") == "give_up":
                    self._exit = self._exit or SystemExit(1)
                    break
                elif frame.get("op") == "ping":
                    self._channel.write({"op": "pong", "n": frame.get("n")})
        except BrokenPipeError:
            pass  # bide is gone: nobody is left to be told
        except Exception:
            traceback.print_exc()
        finally:
            self._slots.close()

    def _take(self, given: List[Dict[str, Any]]) -> None:
        tasks = []
        for one in given:
            try:
                tasks.append(Task(one, self._channel.write))
            except Exception as error:  # its input file cannot be read: the task's trouble, not the worker's
                self._channel.write({"op": "fail", "id": one.get("id"), "fence": one.get("fence"), **failure(error)})
        with self._lock:
            self._open += tasks
        for entry, together in self.split(tasks):
            self._slots.add(_Job(entry, together))

    def _cancel(self, frame: Dict[str, Any]) -> None:
        with self._lock:
            meant = [t for t in self._open if t.id == frame.get("id") and frame.get("fence") in (None, t.fence)]
        for task in meant:
            task.cancel(frame.get("reason"))
            if self._slots.edit(lambda jobs: _withdraw(task, jobs)):
                self._close(task)
                task.obey()  # it has not begun, so it need not wait for those before it to end

    # the threads and the loop

    def _start(self, job: _Job) -> None:
        if job.entry is not None and job.entry.is_async:
            self._loop.spawn(self._run_on_loop(job))
        else:
            self._jobs.put(job)

    def _idle(self) -> None:
        for _ in range(self._threads()):
            self._jobs.put(None)

    def _work_on(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            try:
                self._leave(in_thread(perform(self, job.entry, job.tasks), self._loop.wait))
            except BaseException as error:
                self._broken(error)
            finally:
                self._end(job)

    async def _run_on_loop(self, job: _Job) -> None:
        try:
            self._leave(await on_loop(perform(self, job.entry, job.tasks)))
        except BaseException as error:
            self._broken(error)
        finally:
            self._end(job)

    def _leave(self, error: Exit) -> None:
        """A handler wants the program to end: it does, once those that were given have their verdicts."""
        if error is not None:
            self._exit = self._exit or error
            self._slots.close()

    def _broken(self, error: BaseException) -> None:
        """A verdict could not be sent. Usually bide is gone, and with it the wish for one."""
        if not isinstance(error, BrokenPipeError):
            traceback.print_exception(type(error), error, error.__traceback__)
            self._exit = self._exit or SystemExit(1)
        self._slots.close(drop=True)

    def _end(self, job: _Job) -> None:
        for task in job.tasks:
            self._close(task)
        self._slots.ended()

    def _close(self, task: Task) -> None:
        with self._lock:
            if task in self._open:
                self._open.remove(task)


def _withdraw(task: Task, jobs: Deque[_Job]) -> bool:
    """Takes the task out of the jobs that wait. False when it is not among them."""
    for job in jobs:
        if task in job.tasks:
            job.tasks.remove(task)
            if not job.tasks:
                jobs.remove(job)
            return True
    return False
