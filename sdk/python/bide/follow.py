# SPDX-License-Identifier: Apache-2.0
"""What happens, as it happens: server-sent events (the HTML standard, section 9.2), over as many connections as it takes.

A `Follow` knows where it is, what to ask next and for how long to rest; it knows nothing of sockets, which the clients
carry it over: open, `opened`, `feed` until the connection ends, `rest`, and again until it is `over`.
"""
import json
import time
from typing import Any, Callable, List, Mapping, NamedTuple, Optional

from bide.call import Answer, Call, Json, path, query, read_nothing
from bide.problems import Away, Draining, Problem, StoreUnavailable, TryAgain, Unsupported

SILENCE_S = 45.0
"""The server says something every 15 s: after this long without a word the connection is broken."""
_PATIENCE_S = 30.0  # how long a server that has answered may be away
_REST_S = 0.1  # the first one; doubled for each further one
_REST_MOST_S = 2.0  # unless the server says how long


class Event(NamedTuple):
    """Something that happened."""

    name: str
    """`task.started`, `task.progress`, ..., `reset` (something is missing before this), `end`."""
    data: Json
    """The task, or what is said of it."""
    id: str
    """To go on behind it: `last_id`."""


class Parser:
    """Events out of bytes that come in pieces cut anywhere."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry: Optional[float] = None
        self.again()

    def again(self) -> None:
        """A new connection: half an event is none."""
        self._rest = b""
        self._id = self.last_id
        self._name, self._data = "", None  # type: str, Optional[List[str]]

    def feed(self, data: bytes) -> List[Event]:
        """The events that are whole with this."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        return [event for line in lines for event in self._line(line.rstrip(b"\r").decode("utf-8", "replace"))]

    def _line(self, line: str) -> List[Event]:
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if not line:
            return self._end()
        if field == "event":
            self._name = value
        elif field == "id" and "\0" not in value:
            self._id = value
        elif field == "data":
            self._data = [*(self._data or []), value]
        elif field == "retry" and value.isdigit():
            self.retry = int(value) / 1000
        return []

    def _end(self) -> List[Event]:
        name, data = self._name, self._data
        self.last_id, self._name, self._data = self._id, "", None
        if data is None:
            return []
        try:
            return [Event(name, json.loads("\n".join(data)), self.last_id)]
        except ValueError as error:
            raise Problem(200, {"code": "bad_answer", "detail": f"an event {name} that is not JSON: {error}"}) from error


class Follow:
    """One stream of events, to its end."""

    def __init__(self, target: str, last_id: Optional[str], patience: Optional[float], now: Callable[[], float]) -> None:
        self.over = False
        self._target = target
        self._parser = Parser(last_id or "")
        self._patience = patience
        self._now = now
        self._answered = False
        self._gone: Optional[float] = None
        self._rested = 0.0

    @property
    def target(self) -> str:
        """Path and query."""
        return self._target

    def call(self) -> Call[None]:
        """What to ask now."""
        headers = {"Accept": "text/event-stream, application/problem+json;q=0.5"}
        if self._parser.last_id:
            headers["Last-Event-ID"] = self._parser.last_id
        return Call("GET", self._target, read_nothing, headers=headers)

    def opened(self, answer: Answer) -> None:
        """The answer has begun; `body` is that of an error. Raises Problem for one that is no stream."""
        self.call().value(answer)
        self._parser.again()
        self._answered, self._gone = True, None
        if answer.status == 204:
            self.over = True
        elif not answer.headers.get("content-type", "").startswith("text/event-stream"):
            raise Unsupported(501, {"code": "unsupported", "detail": "the server tells no events: it is of an older version"})

    def feed(self, data: bytes) -> List[Event]:
        """What these bytes tell."""
        self._rested = 0.0
        events = self._parser.feed(data)
        self.over = any(event.name == "end" for event in events)
        return events

    def rest(self, problem: Optional[Problem]) -> float:
        """The connection is gone: seconds until it is to be opened again. Raises the problem when that is of no use."""
        passing = problem is None or isinstance(problem, (Away, Draining, StoreUnavailable, TryAgain))
        self._gone = self._now() if self._gone is None else self._gone
        late = self._patience is not None and self._now() - self._gone >= self._patience
        if problem is not None and (late or not passing or not self._answered):
            raise problem
        self._rested = min(self._rested * 2 or _REST_S, self._parser.retry or _REST_MOST_S)
        return self._rested


def of_all(filters: Mapping[str, Any], last_id: Optional[str]) -> Follow:
    asked = dict(filters)
    if isinstance(asked.get("kind"), (list, tuple, set, frozenset)):
        asked["kind"] = ",".join(asked["kind"])
    return Follow(query("/v1/events", asked), last_id, None, time.monotonic)


def of_task(id: str, last_id: Optional[str]) -> Follow:
    return Follow(path("/v1/tasks", id, "events"), last_id, _PATIENCE_S, time.monotonic)


def of_text(id: str, what: str, start: int) -> Follow:
    """`what`: log, output."""
    return Follow(query(path("/v1/tasks", id, what), {"follow": 1, "from": start or None}), None, _PATIENCE_S, time.monotonic)


def text(event: Event) -> str:
    """What a piece of a log, or of an output, says; of an end nothing."""
    said: str = event.data.get("data", event.data.get("text", ""))
    return said
