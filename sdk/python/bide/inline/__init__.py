# SPDX-License-Identifier: Apache-2.0
"""For an application's unit tests: clients that run a worker's functions in this process. No server, no sockets, no
sleeping.

    client = inline.Client(worker)
    task = client.submit("transcribe", {"audio": "a.wav"})       # it has run when this returns
    assert client.get(task["id"])["result"] == {"text": "..."}

They have the methods, results and exceptions of bide.client.Client and bide.aio.AsyncClient, whose subclasses they
are: hand one to the code under test in the place of the real one. Handlers run one after another; hooks, batches,
progress, checkpoints, retries, cancels, output files, what follows a task (`on_success`, `on_failure`, `task.then`) are as
in a worker. `submit` answers with the pending task, as a server does, after it, its retries and what follows it have run.

Time is the client's own: it begins at the present and moves with `advance`, with a `wait`, and over the pauses before
retries; backoff has no jitter. Queues keep their `capacity`, `key_concurrency`, `rate` and `key_rate` (set with `update_queue`): what a
rate holds back is pending until time has moved. Different from a server: any queue exists, and none is `fair`; of
identical tasks in flight each runs; `follow` and its like tell of a task that has ended, and `events` of nothing; there are no notifications; timeouts do not end a handler; what a handler prints is not in its log; `eta_at` is
null; limits of sizes are not looked at.
"""
import threading
from typing import Any, AsyncIterator, Iterator, Optional, Sequence, TypeVar

from bide import aio, client
from bide.call import Answer, Call, Json
from bide.follow import Event, Follow
from bide.handlers import Handlers
from bide.inline import following
from bide.inline.engine import Engine, Stuck
from bide.inline.record import Record
from bide.inline.routes import Api
from bide.loop_thread import LoopThread
from bide.perform import Steps, in_thread, on_loop
from bide.problems import NotFound

T = TypeVar("T")

__all__ = ["AsyncClient", "Client", "Stuck"]


class Client(client.Client):
    """`workers`: whose functions to run. `eager` (default True): what is submitted has run when the submit returns;
    else it waits for `work` or `wait`. `types`: types to accept besides, for tasks that the test settles itself with
    `complete` and `fail`.

    `async def` handlers run on an event loop in a thread of the client's."""

    def __init__(self, *workers: Handlers, eager: bool = True, types: Sequence[str] = ()) -> None:
        super().__init__("http://inline")
        self._engine = Engine(workers, types)
        self._api = Api(self._engine, eager)
        self._loop = LoopThread()
        self._turn = threading.RLock()

    def wait(self, id: str, timeout: Optional[float] = None) -> Json:
        """As Client.wait. `timeout` is in seconds of the client's own time. Also raises Stuck: the task is one that
        nothing here will end."""
        task: Json = self._run(self._engine.waited(_record(self._engine, id), timeout))
        return task

    def work(self) -> int:
        """Runs everything that may start. Returns how many attempts that were."""
        ran: int = self._run(self._engine.work())
        return ran

    def advance(self, seconds: float) -> int:
        """Moves the client's time, and runs what is due by then, with a rate as its tokens come. `seconds`: from 0. Returns
        how many attempts that were."""
        ran: int = self._run(self._engine.advance(seconds))
        return ran

    def close(self) -> None:
        """Removes the attempts' directories and ends the event loop. The client may be used again."""
        self._loop.stop()
        self._engine.close()

    def _follow(self, steps: Follow) -> Iterator[Event]:
        call = following.call(steps)
        yield from following.told(steps, call.value(self._answer(call)))

    def _answer(self, call: Call[T]) -> Answer:
        answer: Answer = self._run(self._api.respond(call))
        return answer

    def _run(self, steps: Steps) -> Any:
        if self._loop.is_here():
            raise RuntimeError("an async def handler cannot use a client that blocks: give it an AsyncClient")
        with self._turn:
            return in_thread(steps, self._loop.wait)


class AsyncClient(aio.AsyncClient):
    """The same for asyncio programs. `async def` handlers run on the loop of the test."""

    def __init__(self, *workers: Handlers, eager: bool = True, types: Sequence[str] = ()) -> None:
        super().__init__("http://inline")
        self._engine = Engine(workers, types, concurrent=True)
        self._api = Api(self._engine, eager)

    async def wait(self, id: str, timeout: Optional[float] = None) -> Json:
        """As Client.wait."""
        task: Json = await on_loop(self._engine.waited(_record(self._engine, id), timeout))
        return task

    async def work(self) -> int:
        """As Client.work."""
        ran: int = await on_loop(self._engine.work())
        return ran

    async def advance(self, seconds: float) -> int:
        """As Client.advance."""
        ran: int = await on_loop(self._engine.advance(seconds))
        return ran

    async def close(self) -> None:
        """Removes the attempts' directories. The client may be used again."""
        self._engine.close()

    async def _follow(self, steps: Follow) -> AsyncIterator[Event]:
        call = following.call(steps)
        for event in following.told(steps, call.value(await self._answer(call))):
            yield event

    async def _answer(self, call: Call[T]) -> Answer:
        answer: Answer = await on_loop(self._api.respond(call))
        return answer


def _record(engine: Engine, id: str) -> Record:
    if id not in engine.records:
        raise NotFound(404, {"code": "not_found", "detail": f"there is no task {id}"})
    return engine.records[id]
