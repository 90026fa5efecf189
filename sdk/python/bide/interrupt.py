# SPDX-License-Identifier: Apache-2.0
"""Ways to interrupt a handler that runs: an exception at its next await, or, when it asked for that, between any two
instructions of its Python code. Neither reaches into a call of C code, nor past the handler's own end."""
import asyncio
import contextlib
import ctypes
import threading
from typing import Iterator, Optional

from bide.task import Task
from bide.verdict import Cancelled


@contextlib.contextmanager
def at_await(task: Task) -> Iterator[None]:
    """A cancel raises asyncio.CancelledError in the coroutine that runs now. Outside an event loop it does nothing."""
    current = _current()
    if current is None:
        yield
        return
    loop, inside, hit = asyncio.get_running_loop(), True, False

    def arrive() -> None:
        nonlocal hit
        if inside and current is not None:
            hit = current.cancel()

    with task.interrupted_by(lambda: loop.call_soon_threadsafe(arrive)):
        try:
            task.check()  # a cancel that came before this
            yield
        finally:
            inside = False
            if hit and hasattr(current, "uncancel"):
                current.uncancel()  # Python 3.11 counts; this one has been obeyed


@contextlib.contextmanager
def anywhere(task: Task) -> Iterator[None]:
    """A cancel raises Cancelled in this thread, wherever its Python code is."""
    thread = ctypes.c_ulong(threading.get_ident())
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    with task.interrupted_by(lambda: raise_in(thread, ctypes.py_object(Cancelled))):
        try:
            task.check()
            yield
        finally:
            # no more can come in, since this is the task's own lock; and one on its way is called back
            with task.interrupted_by(lambda: None):
                raise_in(thread, None)


def _current() -> "Optional[asyncio.Task[object]]":
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
