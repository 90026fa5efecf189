# SPDX-License-Identifier: Apache-2.0
"""The client for asyncio programs, such as those built on FastAPI. No threads: asyncio's own streams.

    async with AsyncClient() as bide:
        task = await bide.submit("transcribe", {"audio": "a.wav"})
        task = await bide.wait(task["id"])
        async for task in bide.list(status="failed"):
            print(task["error"])

The methods are those of bide.client.Client, with the same names, arguments, results and exceptions; help() shows
their words here, too. One client serves any number of coroutines: each request takes an idle connection, or opens
one, and leaves it for the next.
"""
import asyncio
import builtins
import time
from types import TracebackType
from typing import Any, AsyncIterator, Dict, Generator, Iterable, Mapping, Optional, Type, TypeVar

from bide import calls, follow
from bide.address import address, token as token_of
from bide.aio_connection import Pool, Stream
from bide.call import Answer, Call, Json
from bide.calls import Page, Step
from bide.client import MARGIN_S, Client
from bide.follow import SILENCE_S, Event, Follow
from bide.problems import Problem

T = TypeVar("T")
Self = TypeVar("Self", bound="AsyncClient")


class AsyncClient:
    """A server, by its URL. The arguments are those of bide.client.Client. May be made before the event loop runs."""

    def __init__(self, url: Optional[str] = None, *, token: Optional[str] = None, timeout: float = 30.0) -> None:
        self._address = address(url)
        self.url = self._address.url
        self._token = token_of(token)
        self._timeout = timeout
        self._pool = Pool(self._address)

    # tasks

    async def submit(
        self, type: str, input: Any = None, *, wait: float = 0, idempotency_key: Optional[str] = None, share: bool = False, **options: Any
    ) -> Json:
        return await self._do(calls.submit(type, input, wait, idempotency_key, share, options))

    async def submit_many(
        self, tasks: Iterable[Mapping[str, Any]], *, idempotency_key: Optional[str] = None
    ) -> "builtins.list[Json]":
        return await self._do(calls.submit_many(tasks, idempotency_key))

    async def get(self, id: str) -> Json:
        return await self._do(calls.get(id))

    async def latest(self, subject: str, *, type: Optional[str] = None) -> Json:
        return await self._do(calls.latest(subject, type))

    async def wait(self, id: str, timeout: Optional[float] = None) -> Json:
        return await self._drive(calls.waiting(id, timeout, self._now))

    def list(self, *, limit: int = 50, **filters: Any) -> AsyncIterator[Json]:
        return self._pages("/v1/tasks", {"limit": limit, **filters})

    async def page(self, *, cursor: Optional[str] = None, limit: int = 50, **filters: Any) -> Page:
        return await self._do(calls.tasks_page(limit, cursor, filters))

    async def result(self, id: str) -> Any:
        return await self._do(calls.result(id))

    async def log(self, id: str, *, run: Optional[int] = None, attempt: Optional[int] = None) -> str:
        return await self._do(calls.log(id, run, attempt))

    async def output(self, id: str, *, run: Optional[int] = None, attempt: Optional[int] = None) -> str:
        return await self._do(calls.output(id, run, attempt))

    def events(self, *, last_id: Optional[str] = None, **filters: Any) -> AsyncIterator[Event]:
        return self._follow(follow.of_all(filters, last_id))

    def follow(self, id: str, *, last_id: Optional[str] = None) -> AsyncIterator[Event]:
        return self._follow(follow.of_task(id, last_id))

    def follow_output(self, id: str, *, start: int = 0) -> AsyncIterator[str]:
        return self._texts(follow.of_text(id, "output", start))

    def follow_log(self, id: str, *, start: int = 0) -> AsyncIterator[str]:
        return self._texts(follow.of_text(id, "log", start))

    async def attempts(self, id: str) -> "builtins.list[Json]":
        return await self._do(calls.attempts(id))

    async def cancel(self, id: str) -> Json:
        return await self._do(calls.cancel(id))

    async def retry(self, id: str) -> Json:
        return await self._do(calls.retry(id))

    async def cancel_all(self, **filters: Any) -> Json:
        return await self._do(calls.cancel_all(filters))

    async def retry_all(self, **filters: Any) -> Json:
        return await self._do(calls.retry_all(filters))

    async def update(self, id: str, **changes: Any) -> Json:
        return await self._do(calls.update(id, changes))

    async def delete(self, id: str) -> None:
        await self._do(calls.delete(id))

    async def complete(self, id: str, result: Any = None) -> Json:
        return await self._do(calls.complete(id, result))

    async def fail(
        self, id: str, code: str, message: str, *, detail: Optional[str] = None, type: Optional[str] = None
    ) -> Json:
        return await self._do(calls.fail(id, code, message, detail, type))

    # notifications

    def notifications(self, *, limit: int = 50, **filters: Any) -> AsyncIterator[Json]:
        return self._pages(calls.NOTIFICATIONS, {"limit": limit, **filters})

    async def unread_notifications(self, subject: Optional[str] = None) -> int:
        return await self._do(calls.unread_notifications(subject))

    async def read_notification(self, id: str) -> Json:
        return await self._do(calls.read_notification(id))

    async def read_all_notifications(self, subject: Optional[str] = None) -> int:
        return await self._do(calls.read_all_notifications(subject))

    # queues

    def queues(self) -> AsyncIterator[Json]:
        return self._pages("/v1/queues", {})

    async def queue(self, name: str) -> Json:
        return await self._do(calls.queue(name))

    async def pause(self, queue: str) -> Json:
        return await self._do(calls.queue_verb(queue, "pause"))

    async def resume(self, queue: str) -> Json:
        return await self._do(calls.queue_verb(queue, "resume"))

    async def drain(self, queue: str) -> Json:
        return await self._do(calls.queue_verb(queue, "drain"))

    async def purge(self, queue: str) -> Json:
        return await self._do(calls.queue_verb(queue, "purge"))

    async def update_queue(self, name: str, **changes: Any) -> Json:
        return await self._do(calls.update_queue(name, changes))

    # workers, the server

    def workers(self) -> AsyncIterator[Json]:
        return self._pages("/v1/workers", {})

    async def recycle_worker(self, id: str) -> Json:
        return await self._do(calls.worker_verb(id, "recycle"))

    async def stop_worker(self, id: str) -> Json:
        return await self._do(calls.worker_verb(id, "stop"))

    async def stats(self) -> Json:
        return await self._do(calls.stats())

    async def close(self) -> None:
        """Closes the idle connections. The client may be used again."""
        await self._pool.close()

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.close()

    # how

    async def _answer(self, call: Call[T]) -> Answer:
        timeout = max(self._timeout, call.wait + MARGIN_S) if call.wait else self._timeout
        headers = call.all_headers(self._token)
        return await self._pool.request(call.method, call.target, headers, call.payload(), timeout, call.repeatable)

    async def _do(self, call: Call[T]) -> T:
        return call.value(await self._answer(call))

    async def _follow(self, steps: Follow) -> AsyncIterator[Event]:
        while not steps.over:
            problem: Optional[Problem] = None
            stream: Optional[Stream] = None
            try:
                headers = steps.call().all_headers(self._token)
                stream = await self._pool.stream(steps.target, headers, self._timeout, SILENCE_S)
                steps.opened(stream.head)
                async for piece in stream.pieces:
                    for event in steps.feed(piece):
                        yield event
                    if steps.over:
                        return
            except Problem as caught:
                problem = caught
            finally:
                if stream is not None:
                    await stream.close()
            if not steps.over:
                await self._rest(steps.rest(problem))

    async def _texts(self, steps: Follow) -> AsyncIterator[str]:
        async for event in self._follow(steps):
            if event.name != "end":
                yield follow.text(event)

    async def _pages(self, base: str, filters: Mapping[str, Any]) -> AsyncIterator[Json]:
        asked: Dict[str, Any] = dict(filters)
        limit = asked.pop("limit", None)
        cursor: Optional[str] = None
        while True:
            page = await self._do(calls.page(base, limit, cursor, asked))
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if not cursor:
                return

    async def _drive(self, steps: Generator[Step, Json, Json]) -> Json:
        try:
            step = next(steps)
            while True:
                try:
                    answer: Json = {}
                    if isinstance(step, Call):
                        answer = await self._do(step)
                    else:
                        await self._rest(step)
                except Problem as problem:
                    step = steps.throw(problem)
                else:
                    step = steps.send(answer)
        except StopIteration as end:
            value: Json = end.value
            return value

    def _now(self) -> float:
        return time.monotonic()

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


for _name, _method in vars(Client).items():
    if not _name.startswith("_") and hasattr(AsyncClient, _name) and not getattr(AsyncClient, _name).__doc__:
        getattr(AsyncClient, _name).__doc__ = _method.__doc__
