# SPDX-License-Identifier: Apache-2.0
"""What a worker can do: its handlers by type, what to load before them, and what to run around each of them.

A plain table, filled by decorators. bide.worker.Worker runs it for a server, bide.inline for an application's unit
tests.
"""
import inspect
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Type, TypeVar, Union

from bide.task import Task
from bide.verdict import Classes

Function = TypeVar("Function", bound=Callable[..., Any])
ClassOrClasses = Union[Type[BaseException], Sequence[Type[BaseException]]]


class Outcome(NamedTuple):
    """How an attempt went, for hooks that run after it."""

    status: str
    """completed, failed or cancelled."""
    result: Any
    """What the handler returned."""
    error: Optional[BaseException]
    """What it raised."""
    seconds: float
    """How long the handler ran."""


class Entry(NamedTuple):
    """A handler and what was said about it."""

    function: Callable[..., Any]
    max_batch: Optional[int]
    retry_on: Optional[Classes]
    no_retry: Classes
    interrupt: bool
    is_async: bool


class Handlers:
    """Filled by the decorators `task`, `load`, `before` and `after`."""

    def __init__(self) -> None:
        self.entries: Dict[str, Entry] = {}
        self.loaders: List[Callable[[], Any]] = []
        self.befores: List[Callable[[Task], Any]] = []
        self.afters: List[Callable[[Task, Outcome], Any]] = []

    def task(
        self,
        type: str,
        *,
        max_batch: Optional[int] = None,
        retry_on: Optional[ClassOrClasses] = None,
        no_retry: ClassOrClasses = (),
        interrupt: bool = False,
    ) -> Callable[[Function], Function]:
        """Decorator: this function, plain or `async def`, does tasks of this type. `(task) -> result`, the result
        anything JSON can hold. A trailing * makes the type a prefix; the longest match wins.

        `max_batch`: when given, the function takes a list of up to so many tasks. It returns one result for each in
        their order, where an exception in the place of a result fails that task alone; or it settles each with
        `task.done(result)` and `task.fail(error)` as it goes and returns None. A cancelled task keeps its place:
        look at `task.cancelled`, its result is not used.

        `retry_on`: only these classes of exceptions are worth another attempt. `no_retry`: these are not; it is
        asked first. Default: all are. Fail and Retry say it themselves.

        `interrupt`: a cancel raises Cancelled in a plain function between any two of its instructions, not only where
        it asks. Only for functions that leave nothing half-done. Default False.

        Raises ValueError for a type that has a function, or a max_batch under 1."""

        def add(function: Function) -> Function:
            if type in self.entries:
                raise ValueError(f"type {type!r} has a handler already")
            asynchronous = is_async(function)
            self.entries[type] = Entry(
                function, max_batch, None if retry_on is None else _classes(retry_on), _classes(no_retry), interrupt,
                asynchronous,
            )
            return function

        if max_batch is not None and max_batch < 1:
            raise ValueError("max_batch is at least 1")
        return add

    def load(self, loader: Function) -> Function:
        """Decorator: run once, before the first task. May be `async def`. An exception ends the worker."""
        self.loaders.append(loader)
        return loader

    def before(self, hook: Function) -> Function:
        """Decorator: `(task)`, run before each task's handler. May be `async def`. What it raises is as if the
        handler had raised it."""
        self.befores.append(hook)
        return hook

    def after(self, hook: Function) -> Function:
        """Decorator: `(task, outcome)`, run after each task's handler and before its verdict is sent; in a batch,
        once the function has returned. May be `async def`. What it raises is printed, the verdict stands."""
        self.afters.append(hook)
        return hook

    def find(self, type: str) -> Optional[Entry]:
        """The handler of a type, None when there is none."""
        if type in self.entries:
            return self.entries[type]
        prefixes = [p for p in self.entries if p.endswith("*") and type.startswith(p[:-1])]
        return self.entries[max(prefixes, key=len)] if prefixes else None

    def split(self, tasks: Sequence[Task]) -> "List[Tuple[Optional[Entry], List[Task]]]":
        """What is run together: tasks of one batch handler, in their order, up to its max_batch; others alone."""
        jobs: "List[Tuple[Optional[Entry], List[Task]]]" = []
        filling: Dict[int, List[Task]] = {}
        for task in tasks:
            entry = self.find(task.type)
            together = filling.get(id(entry))
            if entry and entry.max_batch and together and len(together) < entry.max_batch:
                together.append(task)
                continue
            jobs.append((entry, [task]))
            filling[id(entry)] = jobs[-1][1]
        return jobs

    @property
    def max_batch(self) -> int:
        """The largest of all handlers."""
        return max((entry.max_batch or 1 for entry in self.entries.values()), default=1)


def is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))


def _classes(given: ClassOrClasses) -> Classes:
    return (given,) if isinstance(given, type) else tuple(given)
