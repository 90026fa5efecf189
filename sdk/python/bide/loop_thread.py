# SPDX-License-Identifier: Apache-2.0
"""An event loop in a thread of its own, started when it is first needed: all `async def` functions of a worker run on
it, so that what one of them opened (a pool of connections, a lock) the others can use."""
import asyncio
import threading
from typing import Any, Awaitable, Coroutine, Optional


class LoopThread:
    def __init__(self) -> None:
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._lock = threading.Lock()

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Runs it; its end is its own affair."""
        asyncio.run_coroutine_threadsafe(coroutine, self._started())

    def wait(self, awaitable: Awaitable[Any]) -> Any:
        """Runs it and waits; raises what it raises. Not from the loop's own thread."""

        async def whole() -> Any:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(whole(), self._started()).result()

    def stop(self) -> None:
        """Cancels what still runs there, and ends the loop."""
        if self._loop is not None:
            self.wait(_cancel_others())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = None

    def is_here(self) -> bool:
        """Whether the caller runs on it."""
        return self._loop is not None and threading.get_ident() == self._thread.ident

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="bide-loop", daemon=True)
                self._thread.start()
            return self._loop


async def _cancel_others() -> None:
    """And closes the asynchronous generators that are left."""
    others = asyncio.all_tasks() - {t for t in (asyncio.current_task(),) if t}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
