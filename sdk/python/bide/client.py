# SPDX-License-Identifier: Apache-2.0
"""The client of bide's HTTP API.

    with Client() as bide:
        task = bide.submit("transcribe", {"audio": "a.wav"})
        task = bide.wait(task["id"])

A task is the JSON object of the API as a dict, with the API's own field names (`id`, `status`, `progress`, `result`,
`error`, ...). Every method raises a `bide.problems.Problem` for an error answer and `Away` when there is none. A
client may be shared by threads: each has its own kept-alive connection.
"""
import datetime
import json
import math
import os
import threading
import time
import urllib.parse
from types import TracebackType
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple, Type, Union

from bide.connection import Answer, Connection
from bide.problems import NotEnded, WaitTimeout, problem_of

Json = Dict[str, Any]

ENDINGS = frozenset(("completed", "failed", "cancelled", "expired"))
"""The states in which a task stays."""

_POLL_S = 30.0  # one long poll; the server answers at most after 60 s
_MARGIN_S = 10.0  # what an answer may take beyond the time the server was asked to wait


class Client:
    """A server, by its URL.

    `url`: http://HOST:PORT, https://HOST:PORT or unix:PATH; default the environment's BIDE_SERVER, else
    http://127.0.0.1:8080. `token`: sent as `Authorization: Bearer`; default the environment's BIDE_TOKEN.
    `timeout`: seconds without an answer before `Away` (long polls have their own)."""

    def __init__(self, url: Optional[str] = None, *, token: Optional[str] = None, timeout: float = 30.0) -> None:
        self.url = url or os.environ.get("BIDE_SERVER") or "http://127.0.0.1:8080"
        self._token = token or os.environ.get("BIDE_TOKEN")
        self._timeout = timeout
        self._mine = threading.local()
        self._all: List[Connection] = []
        self._lock = threading.Lock()
        self._connection()  # a URL that cannot be used is told here, not at the first call

    # tasks

    def submit(self, type: str, input: Any = None, *, wait: float = 0, **options: Any) -> Json:
        """Submits a task. Returns it once it is safely stored, with its `id`.

        `input`: anything JSON can hold, up to 16 MiB. `wait`: seconds (0..60) to wait for its ending before
        answering. `options` are the fields of POST /v1/tasks: `queue`, `priority` (-100..100, larger runs first),
        `run_at` (a datetime with a zone, or RFC 3339), `delay_ms`, `timeout_ms`, `start_within_ms`, `grace_ms`,
        `max_attempts`, `retry`, `subject`, `tags`, ...

        Raises UnknownType, UnknownField, Invalid, TooLarge, QueueFull, Draining."""
        body: Json = {"type": type, "input": {} if input is None else input}
        for name, value in options.items():
            body[name] = _time(value) if isinstance(value, datetime.datetime) else value
        headers = {"Prefer": f"wait={int(wait)}"} if wait else {}
        return self._json("POST", "/v1/tasks", body, headers=headers, timeout=self._timeout + wait)

    def get(self, id: str) -> Json:
        """The task as it is now. Raises NotFound."""
        return self._json("GET", _path("/v1/tasks", id))

    def wait(self, id: str, timeout: Optional[float] = None) -> Json:
        """Waits until the task has ended, however it ended, and returns it.

        `timeout`: seconds, None for as long as it takes; the API counts whole seconds, so the end may come up to one
        later. Raises WaitTimeout (the task goes on), NotFound."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _POLL_S if until is None else min(_POLL_S, until - time.monotonic())
            seconds = max(0, math.ceil(left))
            task = self._json("GET", _path("/v1/tasks", id) + f"?wait={seconds}", timeout=seconds + _MARGIN_S)
            if task["status"] in ENDINGS:
                return task
            if until is not None and time.monotonic() >= until:
                raise WaitTimeout(task, timeout or 0.0)

    def list(self, *, limit: int = 50, **filters: Any) -> Iterator[Json]:
        """The tasks, newest first, page after page as they are asked for.

        `filters`: `status`, `type`, `queue`, `subject`, `tag` ("name:value"). `limit`: tasks per request, 1..200."""
        return self._pages("/v1/tasks", {"limit": limit, **filters})

    def cancel(self, id: str) -> Json:
        """Cancels the task; harmless when it has ended. A running one shows `cancel_requested` until it has stopped."""
        return self._json("POST", _path("/v1/tasks", id, "cancel"))

    def retry(self, id: str) -> Json:
        """Runs an ended task again, as its next run. Raises Conflict when it has not ended."""
        return self._json("POST", _path("/v1/tasks", id, "retry"))

    def result(self, id: str) -> Any:
        """The result of a completed task, whatever its size: parsed when it is JSON, bytes otherwise.

        Raises NotEnded, Conflict (it failed; `body` has its error), Gone."""
        answer = self._send("GET", _path("/v1/tasks", id, "result"))
        if answer.status == 202:
            raise NotEnded(202, {"code": "not_ended", "detail": "the task has not ended"}, _retry_after(answer))
        if answer.headers.get("content-type", "").partition(";")[0] == "application/json":
            return json.loads(answer.body)
        return answer.body

    def log(self, id: str) -> str:
        """What the task's attempts printed and logged."""
        return self._send("GET", _path("/v1/tasks", id, "log")).body.decode("utf-8", "replace")

    # the server

    def queues(self) -> Iterator[Json]:
        """The queues, each with its depth by status."""
        return self._pages("/v1/queues", {})

    def queue(self, name: str) -> Json:
        """One queue. Raises NotFound."""
        return self._json("GET", _path("/v1/queues", name))

    def pause(self, queue: str) -> Json:
        """Starts no more tasks of this queue; those running go on. Survives a restart."""
        return self._json("POST", _path("/v1/queues", queue, "pause"))

    def resume(self, queue: str) -> Json:
        """Starts tasks of this queue again."""
        return self._json("POST", _path("/v1/queues", queue, "resume"))

    def workers(self) -> Iterator[Json]:
        """The worker processes: pool, pid, state, current tasks."""
        return self._pages("/v1/workers", {})

    def stats(self) -> Json:
        """Counts of the whole server: tasks by status, store, connections."""
        return self._json("GET", "/v1/stats")

    def close(self) -> None:
        """Closes the connections of all threads. The client may be used again."""
        with self._lock:
            for connection in self._all:
                connection.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    # how

    def _connection(self) -> Connection:
        connection: Optional[Connection] = getattr(self._mine, "connection", None)
        if connection is None:
            connection = Connection(self.url, self._timeout)
            self._mine.connection = connection
            with self._lock:
                self._all.append(connection)
        return connection

    def _send(
        self,
        method: str,
        target: str,
        body: Any = None,
        headers: Mapping[str, str] = {},
        timeout: Optional[float] = None,
    ) -> Answer:
        sent = {"Accept": "application/json, */*;q=0.5", "User-Agent": "bide-python/0.1", **headers}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        data = None
        if body is not None:
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
            sent["Content-Type"] = "application/json"
        answer = self._connection().request(method, target, sent, data, timeout or self._timeout)
        if answer.status >= 300:
            raise problem_of(answer.status, _problem_body(answer), _retry_after(answer))
        return answer

    def _json(
        self,
        method: str,
        target: str,
        body: Any = None,
        headers: Mapping[str, str] = {},
        timeout: Optional[float] = None,
    ) -> Json:
        value: Json = json.loads(self._send(method, target, body, headers, timeout).body)
        return value

    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Json]:
        pairs = [(k, v) for k, v in query.items() if v is not None]
        cursor = None
        while True:
            asked: List[Tuple[str, Union[str, int]]] = pairs + ([("cursor", cursor)] if cursor else [])
            page = self._json("GET", path + ("?" + urllib.parse.urlencode(asked) if asked else ""))
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return


def _path(*parts: str) -> str:
    return parts[0] + "".join("/" + urllib.parse.quote(part, safe="") for part in parts[1:])


def _time(moment: datetime.datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone: which moment it means cannot be known")
    return moment.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _retry_after(answer: Answer) -> Optional[float]:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def _problem_body(answer: Answer) -> Json:
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"detail": answer.body[:500].decode("utf-8", "replace")}
