# SPDX-License-Identifier: Apache-2.0
"""The client of bide's HTTP API.

    with Client() as bide:
        task = bide.submit("transcribe", {"audio": "a.wav"})
        task = bide.wait(task["id"])

A task is the JSON object of the API as a dict, with the API's own field names (`id`, `status`, `progress`, `result`,
`error`, ...). Every method raises a `bide.problems.Problem` for an error answer, and `Away` when there is none. A
client may be shared by threads: each has its own kept-alive connection, and so has each process after a fork.
"""
import builtins
import contextlib
import os
import threading
import time
import weakref
from types import TracebackType
from typing import Any, Dict, Generator, Iterable, Iterator, Mapping, Optional, Type, TypeVar

from bide import calls, follow
from bide.address import address, token as token_of
from bide.call import Answer, Call, Json
from bide.calls import ENDINGS, Page, Step
from bide.connection import Connection
from bide.follow import SILENCE_S, Event, Follow
from bide.problems import Problem

T = TypeVar("T")
Self = TypeVar("Self", bound="Client")
MARGIN_S = 10.0  # what an answer may take beyond the time the server was asked to wait

__all__ = ["ENDINGS", "Client", "Event", "Page"]


class Client:
    """A server, by its URL.

    `url`: http://HOST:PORT, https://HOST:PORT or unix:PATH; default the environment's BIDE_SERVER, else
    http://127.0.0.1:8080. `token`: sent as `Authorization: Bearer`; default the environment's BIDE_TOKEN.
    `timeout`: seconds without an answer before `Away`, default 30 (what waits has its own time on top).

    Raises ValueError for a URL that cannot be used."""

    def __init__(self, url: Optional[str] = None, *, token: Optional[str] = None, timeout: float = 30.0) -> None:
        self._address = address(url)
        self.url = self._address.url
        self._token = token_of(token)
        self._timeout = timeout
        self._forget()

    # tasks

    def submit(
        self, type: str, input: Any = None, *, wait: float = 0, idempotency_key: Optional[str] = None, share: bool = False, **options: Any
    ) -> Json:
        """Submits a task. Returns it once it is safely stored, with its `id`.

        `input`: anything JSON can hold, up to 16 MiB; default {}. `wait`: seconds (0..60, default 0) to wait for its
        ending before answering. `idempotency_key`: a text of the caller's own; the same submit sent twice with it is
        one task. `options` are the other fields of a submit: `queue`, `priority` (-100..100, larger runs first),
        `run_at` (a datetime with a zone, or RFC 3339), `delay_ms`, `timeout_ms`, `start_within_ms`, `grace_ms`,
        `max_attempts`, `retry`, `subject`, `tags`, `key` (of its type at most one task that has not ended holds it) with
        `on_conflict` ("refuse": KeyHeld is raised, "existing": the answer is that task, "replace": it ends and this one
        starts when it has), `cache` ({"ttl_ms": 3600000, "version": "2", "bypass": False}: a kept result of the same type,
        version and input answers it, or that of an identical one in flight, and its own is kept for so long), `limit_key` (whose it is: what one key runs at a time can be limited),
        `batch_key` (runs in one batch only with the same), `cost` (of a batch's ceiling), `retain_ms`, `on_success`,
        `on_failure`: lists of 0..16 tasks to follow when it completes, or when it ends otherwise; each a dict of the fields
        of a submit ({"type": "publish", "priority": 5}), which without `input` gets the task that ended, with its result
        and error, as `get` shows it, and without `subject` its subject. Default: those of the type; [] is none. `webhook`
        ({"url": "https://example.org/done", "events": ["failed"]}): a server to be told of the ending; `notify` ({"title":
        "{task.subject} is over"}): a notification for people; each the type's unless said, None is none. ...

        `share`: True asks for `share_url` in the answer, too: an address under which a browser may read this one task.

        Raises UnknownType, UnknownQueue, InvalidInput, UnknownField, Invalid, TooLarge, QueueFull, Draining,
        KeyHeld, IdempotencyKeyReused (another submit had it), IdempotencyKeyInUse (the first has not been answered yet);
        ValueError or TypeError for what JSON cannot hold."""
        return self._do(calls.submit(type, input, wait, idempotency_key, share, options))

    def submit_many(
        self, tasks: Iterable[Mapping[str, Any]], *, idempotency_key: Optional[str] = None
    ) -> "builtins.list[Json]":
        """Submits many tasks in one request. `tasks`: the fields of each submit, `type` and `input` among them.

        Returns one item for each in their order: `index`, `status` (the HTTP status it would have had), and `id` or
        `error`. One that is refused does not hold up the others."""
        return self._do(calls.submit_many(tasks, idempotency_key))

    def get(self, id: str) -> Json:
        """The task as it is now. Raises NotFound."""
        return self._do(calls.get(id))

    def latest(self, subject: str, *, type: Optional[str] = None) -> Json:
        """The newest task about a subject. `type`: only of this type; default None, of any. Raises NotFound when there is none."""
        return self._do(calls.latest(subject, type))

    def wait(self, id: str, timeout: Optional[float] = None) -> Json:
        """Waits until the task has ended, however it ended, and returns it.

        `timeout`: seconds; default None, as long as it takes. A server that goes away meanwhile is given 30 seconds
        to come back. Raises WaitTimeout (the task goes on), NotFound, Away."""
        return self._drive(calls.waiting(id, timeout, self._now))

    def list(self, *, limit: int = 50, **filters: Any) -> Iterator[Json]:
        """The tasks, newest first, page after page as they are asked for.

        `filters`: `status`, `type`, `queue`, `subject`, `tag` ("name:value"), ... `limit`: tasks per request, 1..200,
        default 50. Raises Invalid, UnknownField at the first step."""
        return self._pages("/v1/tasks", {"limit": limit, **filters})

    def page(self, *, cursor: Optional[str] = None, limit: int = 50, **filters: Any) -> Page:
        """One page of `list`: its `items`, and `next_cursor` for the `cursor` of the next one (None: no more)."""
        return self._do(calls.tasks_page(limit, cursor, filters))

    def result(self, id: str) -> Any:
        """The result of a completed task, whatever its size: parsed when it is JSON, bytes otherwise.

        Raises NotEnded, Conflict (it failed; `body` has its error), Gone, NotFound."""
        return self._do(calls.result(id))

    def log(self, id: str, *, run: Optional[int] = None, attempt: Optional[int] = None) -> str:
        """What an attempt printed and logged. `run`, `attempt`: which; default the latest. Raises NotFound."""
        return self._do(calls.log(id, run, attempt))

    def output(self, id: str, *, run: Optional[int] = None, attempt: Optional[int] = None) -> str:
        """What an attempt has streamed with `task.output` so far, joined: its first 1 MiB. `run`, `attempt`: which; default
        the latest. Raises NotFound."""
        return self._do(calls.output(id, run, attempt))

    def events(self, *, last_id: Optional[str] = None, **filters: Any) -> Iterator[Event]:
        """What happens to all tasks, as it happens, for as long as it is asked for: `name`, `data`, `id`.

        `filters`: `type`, `queue`, `subject`, `tag` ("name:value"), `kind` ("completed", or a list of them; `log` and `output`
        only when they are named). `last_id`: of an earlier event, to be told what came after it. A connection that breaks is
        made again, for as long as it takes, and goes on behind the last event; `reset` says that something is missing.
        Raises Invalid, UnknownField, Away at the first step."""
        return self._follow(follow.of_all(filters, last_id))

    def follow(self, id: str, *, last_id: Optional[str] = None) -> Iterator[Event]:
        """What happens to one task: first how it stands, at last its ending, with its `result` when that is at most 64 KiB,
        and `end`. `reset`: something was missed; its data is the task as it stands.

        `last_id`: as of `events`; of an `end`, nothing more comes. A server that goes away meanwhile is given 30 seconds to
        come back. Raises NotFound, Away."""
        return self._follow(follow.of_task(id, last_id))

    def follow_output(self, id: str, *, start: int = 0) -> Iterator[str]:
        """What the task streams with `task.output`, as it comes, attempt after attempt, until the task has ended.

        `start`: the number of the piece to begin with, from 0. Breaks are as of `follow`; nothing is lost or comes twice.
        Raises NotFound, Away."""
        return self._texts(follow.of_text(id, "output", start))

    def follow_log(self, id: str, *, start: int = 0) -> Iterator[str]:
        """What the task prints and logs, as `follow_output`. `start`: after so many bytes."""
        return self._texts(follow.of_text(id, "log", start))

    def attempts(self, id: str) -> "builtins.list[Json]":
        """The attempts of all runs, each with how it went. Raises NotFound."""
        return self._do(calls.attempts(id))

    def cancel(self, id: str) -> Json:
        """Cancels the task; harmless when it has ended. A running one shows `cancel_requested` until it has stopped.

        Raises NotFound."""
        return self._do(calls.cancel(id))

    def retry(self, id: str) -> Json:
        """Runs an ended task again, as its next run. Raises Conflict when it has not ended, NotFound, QueueFull."""
        return self._do(calls.retry(id))

    def cancel_all(self, **filters: Any) -> Json:
        """Cancels every task that has not ended and that all filters hold for: `type`, `queue`, `subject`, `status`, `tags`
        (a dict), `created_after`, `created_before`.

        Returns the counts `matched`, `changed`, `skipped`, and `more`: call again. Raises Invalid, UnknownField, and
        ValueError without a filter, unless `everything=True`."""
        return self._do(calls.cancel_all(filters))

    def retry_all(self, **filters: Any) -> Json:
        """Runs again every task that has failed (with `status` another ending) and that all filters hold for.

        Filters, answer and errors are those of `cancel_all`."""
        return self._do(calls.retry_all(filters))

    def update(self, id: str, **changes: Any) -> Json:
        """Changes `priority`, `run_at` (as in `submit`) or `tags` of a task that waits. `tags` are merged: a tag that is
        None is removed. Raises Conflict when it runs or has ended, NotFound, Invalid, UnknownField."""
        return self._do(calls.update(id, changes))

    def delete(self, id: str) -> None:
        """Removes the record of an ended task. Raises Conflict when it has not ended, NotFound."""
        self._do(calls.delete(id))

    def complete(self, id: str, result: Any = None) -> Json:
        """Settles a task from outside as completed, for work done elsewhere.

        Raises Conflict when it runs or has ended, TooLarge."""
        return self._do(calls.complete(id, result))

    def fail(
        self, id: str, code: str, message: str, *, detail: Optional[str] = None, type: Optional[str] = None
    ) -> Json:
        """Settles a task from outside as failed, for good. `code`, `message`, `detail`: see bide.Fail. `type`: the class
        of the error, as in the task's `error`.

        Raises Conflict when it runs or has ended, Invalid."""
        return self._do(calls.fail(id, code, message, detail, type))

    # notifications

    def notifications(self, *, limit: int = 50, **filters: Any) -> Iterator[Json]:
        """The notifications of endings, newest first, page after page as they are asked for: each with its `id`, `title`,
        `message`, `data`, `read`, `read_at`, and its task's `task_id`, `status`, `subject`.

        `filters`: `unread_only` (True; default False), `subject`, `task` (an id); default all. `limit`: notifications per
        request, 1..200, default 50. Raises Invalid, UnknownField at the first step."""
        return self._pages(calls.NOTIFICATIONS, {"limit": limit, **filters})

    def unread_notifications(self, subject: Optional[str] = None) -> int:
        """How many nobody has read. `subject`: of this one; default None, of all."""
        return self._do(calls.unread_notifications(subject))

    def read_notification(self, id: str) -> Json:
        """Marks a notification as read, and returns it; harmless when it is already. Raises NotFound."""
        return self._do(calls.read_notification(id))

    def read_all_notifications(self, subject: Optional[str] = None) -> int:
        """Marks as read those that are there. `subject`: of this one; default None, all. Returns how many were unread."""
        return self._do(calls.read_all_notifications(subject))

    # queues

    def queues(self) -> Iterator[Json]:
        """The queues, each with its depth by status."""
        return self._pages("/v1/queues", {})

    def queue(self, name: str) -> Json:
        """One queue. Raises NotFound."""
        return self._do(calls.queue(name))

    def pause(self, queue: str) -> Json:
        """Starts no more tasks of this queue; those running go on. Survives a restart. Raises NotFound."""
        return self._do(calls.queue_verb(queue, "pause"))

    def resume(self, queue: str) -> Json:
        """Undoes a pause and a drain. Raises NotFound."""
        return self._do(calls.queue_verb(queue, "resume"))

    def drain(self, queue: str) -> Json:
        """Takes no new tasks into this queue; those in it go on. Raises NotFound."""
        return self._do(calls.queue_verb(queue, "drain"))

    def purge(self, queue: str) -> Json:
        """Cancels the tasks of this queue that wait. Returns counts as `cancel_all` does. Raises NotFound."""
        return self._do(calls.queue_verb(queue, "purge"))

    def update_queue(self, name: str, **changes: Any) -> Json:
        """Changes a queue's `concurrency`, `capacity`, `key_concurrency`, `rate` and `key_rate` ("10/s"; None: as configured),
        `fair` (True: the keys of its tasks take turns), `paused` or `draining`; remembered over restarts. Raises NotFound, Invalid, UnknownField."""
        return self._do(calls.update_queue(name, changes))

    # workers, the server

    def workers(self) -> Iterator[Json]:
        """The worker processes: pool, pid, state and since when, current tasks, `tasks` done of `max_tasks`, what it `holds`, `sandbox`."""
        return self._pages("/v1/workers", {})

    def recycle_worker(self, id: str) -> Json:
        """Replaces a worker's process; it serves until the next is ready when it is the only one. Raises NotFound, Conflict (no process)."""
        return self._do(calls.worker_verb(id, "recycle"))

    def stop_worker(self, id: str) -> Json:
        """Ends a worker's process now; its task goes back to the queue. Raises NotFound, Conflict (no process)."""
        return self._do(calls.worker_verb(id, "stop"))

    def stats(self) -> Json:
        """Counts of the whole server: tasks by status, store, connections."""
        return self._do(calls.stats())

    def close(self) -> None:
        """Closes the connections of all threads. The client may be used again."""
        with self._lock:
            for connection in self._all:
                connection.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    # how

    def _forget(self) -> None:
        """No connections: at the beginning, and in the child of a fork, whose parent goes on using its own."""
        self._pid = os.getpid()
        self._mine = threading.local()
        self._all: "weakref.WeakSet[Connection]" = weakref.WeakSet()
        self._lock = threading.Lock()

    def _connection(self) -> Connection:
        if self._pid != os.getpid():
            self._forget()
        connection: Optional[Connection] = getattr(self._mine, "connection", None)
        if connection is None:
            connection = Connection(self._address, self._timeout)
            self._mine.connection = connection
            with self._lock:
                self._all.add(connection)
        return connection

    def _answer(self, call: Call[T]) -> Answer:
        timeout = max(self._timeout, call.wait + MARGIN_S) if call.wait else self._timeout
        headers = call.all_headers(self._token)
        if call.file is not None:
            with open(call.file, "rb") as body:
                headers["Content-Length"] = str(os.fstat(body.fileno()).st_size)
                return self._connection().request(call.method, call.target, headers, body, timeout)
        return self._connection().request(
            call.method, call.target, headers, call.payload(), timeout, call.repeatable
        )

    def _do(self, call: Call[T]) -> T:
        return call.value(self._answer(call))

    def _follow(self, steps: Follow) -> Iterator[Event]:
        while not steps.over:
            connection = Connection(self._address, self._timeout)
            problem: Optional[Problem] = None
            try:
                headers = steps.call().all_headers(self._token)
                head, pieces = connection.stream(steps.target, headers, self._timeout, SILENCE_S)
                steps.opened(head)
                with contextlib.closing(pieces):
                    for piece in pieces:
                        yield from steps.feed(piece)
                        if steps.over:
                            return
            except Problem as caught:
                problem = caught
            finally:
                connection.close()
            if not steps.over:
                self._rest(steps.rest(problem))

    def _texts(self, steps: Follow) -> Iterator[str]:
        return (follow.text(event) for event in self._follow(steps) if event.name != "end")

    def _pages(self, base: str, filters: Mapping[str, Any]) -> Iterator[Json]:
        asked: Dict[str, Any] = dict(filters)
        limit = asked.pop("limit", None)
        cursor: Optional[str] = None
        while True:
            page = self._do(calls.page(base, limit, cursor, asked))
            yield from page.items
            cursor = page.next_cursor
            if not cursor:
                return

    def _drive(self, steps: Generator[Step, Json, Json]) -> Json:
        try:
            step = next(steps)
            while True:
                try:
                    answer: Json = {}
                    if isinstance(step, Call):
                        answer = self._do(step)
                    else:
                        self._rest(step)
                except Problem as problem:
                    step = steps.throw(problem)
                else:
                    step = steps.send(answer)
        except StopIteration as end:
            value: Json = end.value
            return value

    def _now(self) -> float:
        return time.monotonic()

    def _rest(self, seconds: float) -> None:
        time.sleep(seconds)
