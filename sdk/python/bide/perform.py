# SPDX-License-Identifier: Apache-2.0
"""Runs a handler with all that is around it, from the first hook to the verdict.

    check ─▶ before hooks ─▶ handler ─▶ after hooks ─▶ done | fail | cancelled

Written once for plain and `async def` functions: a generator that yields what has to be awaited. Who drives it says
where: `on_loop` on an event loop, `in_thread` in a thread with the help of one.
"""
import asyncio
import contextlib
import inspect
import time
import traceback
from typing import Any, Awaitable, Callable, ContextManager, Generator, List, Optional, Sequence

from bide import interrupt
from bide.handlers import Entry, Handlers, Outcome
from bide.task import Task
from bide.verdict import Cancelled, Fail

Steps = Generator[Awaitable[Any], Any, Any]
Exit = Optional[BaseException]
"""SystemExit or KeyboardInterrupt that a handler raised: the program should end with it."""


def perform(handlers: Handlers, entry: Optional[Entry], tasks: List[Task]) -> Steps:
    """Every task has its verdict when this ends. Returns an Exit. Raises BrokenPipeError when nobody listens."""
    for task in tasks:
        if entry is not None:
            task.retry_on, task.no_retry = entry.retry_on, entry.no_retry
    began = time.monotonic()
    if entry is not None and entry.max_batch is not None:
        values = yield from _many(handlers, entry, tasks)
    else:
        values = [(yield from _one(handlers, entry, tasks[0]))]
    seconds = time.monotonic() - began
    leaving: Exit = None
    for task, value in zip(tasks, values):
        yield from _after(handlers, task, value, seconds)
        _settle(task, value)
        if isinstance(value, (SystemExit, KeyboardInterrupt)):
            leaving = value
    return leaving


def _one(handlers: Handlers, entry: Optional[Entry], task: Task) -> Steps:
    """What the handler returned, or raised."""
    try:
        if entry is None:
            raise Fail("invalid_input", f"this worker has no handler for type {task.type!r}", retry=False)
        yield from _before(handlers, task)
        with _interruptible(entry, task):
            return (yield from _result(entry.function(task)))
    except BaseException as error:
        return error


def _many(handlers: Handlers, entry: Entry, tasks: List[Task]) -> Steps:
    """The same for each task of a batch. Those that a hook refused, or that were cancelled before, are not in it."""
    values: List[Any] = [None] * len(tasks)
    inside: List[int] = []
    for n, task in enumerate(tasks):
        try:
            yield from _before(handlers, task)
            inside.append(n)
        except BaseException as error:
            values[n] = error
        task.share()
    if not inside:
        return values
    batch = [tasks[n] for n in inside]
    try:
        given = _each((yield from _result(entry.function(batch))), batch)
    except BaseException as error:
        given = [error] * len(batch)
    for n, value in zip(inside, given):
        values[n] = Cancelled(tasks[n].id) if tasks[n].cancelled else value
    return values


def _each(given: Any, batch: Sequence[Task]) -> List[Any]:
    if given is None and all(task.settled for task in batch):
        return [None] * len(batch)
    if given is None:
        raise Fail("no_reply", "the batch handler returned None, and not every task of its batch was settled")
    if isinstance(given, (str, bytes, dict)):
        raise ValueError(f"the batch handler returned a {type(given).__name__}: a result for each task is needed")
    values = list(given)
    if len(values) != len(batch):
        raise ValueError(f"the batch handler returned {len(values)} results for {len(batch)} tasks")
    return values


def _before(handlers: Handlers, task: Task) -> Steps:
    task.check()  # cancelled while it waited
    for hook in handlers.befores:
        yield from _result(hook(task))
    return None


def _after(handlers: Handlers, task: Task, value: Any, seconds: float) -> Steps:
    error = value if isinstance(value, BaseException) else None
    status = "cancelled" if _obeys(task, error) else "failed" if error else "completed"
    for hook in handlers.afters:
        try:
            yield from _result(hook(task, Outcome(status, None if error else value, error, seconds)))
        except (Exception, Cancelled, asyncio.CancelledError):
            traceback.print_exc()
    return None


def _settle(task: Task, value: Any) -> None:
    if not isinstance(value, BaseException):
        task.done(value)
    elif _obeys(task, value):
        task.obey()
    else:
        task.fail(value)


def _obeys(task: Task, error: Optional[BaseException]) -> bool:
    return task.cancelled and isinstance(error, (Cancelled, asyncio.CancelledError))


def _interruptible(entry: Entry, task: Task) -> ContextManager[None]:
    if entry.is_async:
        return interrupt.at_await(task)
    return interrupt.anywhere(task) if entry.interrupt else contextlib.nullcontext()


def _result(value: Any) -> Steps:
    """What a function returned; of a coroutine, what that returns."""
    if inspect.isawaitable(value):
        value = yield value
    return value


async def on_loop(steps: Steps) -> Any:
    """Drives the steps in this coroutine."""
    try:
        step = next(steps)
        while True:
            try:
                value = await step
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        return end.value


def in_thread(steps: Steps, await_it: Callable[[Awaitable[Any]], Any]) -> Any:
    """Drives the steps in this thread; `await_it` has an event loop do what is to be awaited, and waits."""
    try:
        step = next(steps)
        while True:
            try:
                value = await_it(step)
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        return end.value
