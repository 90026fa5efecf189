# SPDX-License-Identifier: Apache-2.0
"""Jobs that wait for one of a number of slots. When a slot is free the next job is handed on; once no more come and
the last has ended, `idle` is called."""
import collections
import threading
from typing import Callable, Deque, Generic, TypeVar

Job = TypeVar("Job")


class Slots(Generic[Job]):
    """`start(job)` must return at once; whoever does the job calls `ended`. Any thread may call anything."""

    def __init__(self, count: int, start: Callable[[Job], None], idle: Callable[[], None]) -> None:
        self._free = count
        self._start = start
        self._idle = idle
        self._waiting: Deque[Job] = collections.deque()
        self._running = 0
        self._closed = False
        self._told = False
        self._lock = threading.RLock()

    def add(self, job: Job) -> None:
        with self._lock:
            self._waiting.append(job)
            self._turn()

    def ended(self) -> None:
        """A job has: its slot is free."""
        with self._lock:
            self._free += 1
            self._running -= 1
            self._turn()

    def close(self, drop: bool = False) -> None:
        """No more will come. `drop`: forget those that wait, too."""
        with self._lock:
            self._closed = True
            if drop:
                self._waiting.clear()
            self._turn()

    def edit(self, change: Callable[[Deque[Job]], bool]) -> bool:
        """Lets `change` have the jobs that wait, while none of them can be started. Returns what it returns."""
        with self._lock:
            return change(self._waiting)

    def _turn(self) -> None:
        while self._waiting and self._free:
            self._free -= 1
            self._running += 1
            self._start(self._waiting.popleft())
        if self._closed and not self._waiting and not self._running and not self._told:
            self._told = True
            self._idle()
