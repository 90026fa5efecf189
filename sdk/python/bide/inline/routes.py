# SPDX-License-Identifier: Apache-2.0
"""The routes of the HTTP API over an Engine: a `Call` in, an `Answer` out, with the statuses and codes that the server
gives. What this mode has no use for (schedules, events, files) is not here and answers 501 `unsupported`."""
import json
import re
import urllib.parse
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from bide.call import Answer, Call, Json
from bide.inline import texts
from bide.inline.engine import Engine
from bide.inline.filters import FILTERS, fits
from bide.inline.once import holder_of
from bide.inline.queue import Queue, depth
from bide.inline.record import Record, seconds_of
from bide.inline.refusal import Refusal
from bide.inline.sequel import REPLACED
from bide.inline.submission import read
from bide.perform import Steps

_ENDINGS = ("completed", "failed", "cancelled", "expired")


class Api:
    """`eager`: what is submitted has run when the submit is answered."""

    def __init__(self, engine: Engine, eager: bool) -> None:
        self.engine = engine
        self.eager = eager
        self._replays: Dict[str, Tuple[Any, Answer]] = {}

    def respond(self, call: "Call[Any]") -> Steps:
        """Returns the Answer."""
        target = urllib.parse.urlsplit(call.target)
        asked = dict(urllib.parse.parse_qsl(target.query, keep_blank_values=True))
        body = None if call.body is None else json.loads(call.payload() or b"null")
        key = call.headers.get("Idempotency-Key")
        if key in self._replays:
            first, answer = self._replays[key]
            same = first == [call.target, body]
            replayed = {**answer.headers, "idempotency-replayed": "true"}
            return answer._replace(headers=replayed) if same else _problem(
                Refusal(422, "idempotency_key_reused", "this Idempotency-Key came with another request before")
            )
        try:
            answer = yield from self._route(call, target.path, asked, body)
        except Refusal as refusal:
            return _problem(refusal)
        if key is not None:
            self._replays[key] = ([call.target, body], answer)
        return answer

    def _route(self, call: "Call[Any]", path: str, asked: Dict[str, str], body: Any) -> Steps:
        for method, pattern, act in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == call.method:
                parts = [urllib.parse.unquote(part) for part in match.groups()]
                request = _Request(parts, asked, body, call.headers)
                return (yield from act(self, request))
        raise Refusal(501, "unsupported", f"the inline mode has no {call.method} {path}")

    def record(self, id: str) -> Record:
        if id not in self.engine.records:
            raise Refusal(404, "not_found", f"there is no task {id}")
        return self.engine.records[id]

    def queue(self, name: str) -> Queue:
        if name not in self.engine.queues and name != "default":
            raise Refusal(404, "not_found", f"there is no queue {name}")
        return self.engine.queue(name)

    def work(self) -> Steps:
        return (yield from self.engine.work()) if self.eager else 0

    def accept(self, body: Any, pointer: str = "") -> Tuple[Record, bool]:
        """Adds the task of a submit. False: it holds the key of the submit already, and nothing was added."""
        body = read(self.engine, body, pointer)
        holder = holder_of(self.engine, body, pointer)
        if holder is not None and body["on_conflict"] == "existing":
            return holder, False
        queue = self.engine.queue(body.get("queue", "default"))
        waiting = [r for r in self.engine.records.values() if r.queue == queue.name and r.waits and r is not holder]
        if queue.draining:
            raise Refusal(503, "draining", f"queue {queue.name} takes no more tasks")
        if queue.capacity is not None and len(waiting) >= queue.capacity:
            raise Refusal(429, "queue_full", f"queue {queue.name} is at its capacity")
        if holder is not None:
            self.engine.cancel(holder, REPLACED)
        record = self.engine.make(body)
        self.engine.add(record)
        return record, True

    def chosen(self, filters: Mapping[str, Any]) -> List[Record]:
        """Newest first."""
        for name in filters:
            if name not in FILTERS:
                raise Refusal(400, "unknown_field", f'the filter "{name}" is not known here', f"/{name}")
        try:
            return [record for record in reversed(list(self.engine.records.values())) if fits(record, filters)]
        except ValueError:
            raise Refusal(400, "invalid", "created_after and created_before must be times (RFC 3339)") from None


class _Request:
    def __init__(self, parts: List[str], query: Dict[str, str], body: Any, headers: Mapping[str, str]) -> None:
        self.parts = parts
        self.query = query
        self.body = body
        self.headers = headers

    @property
    def name(self) -> str:
        return self.parts[0]


Act = Callable[[Api, _Request], Steps]


def _at_once(act: Callable[[Api, _Request], Answer]) -> Act:
    """A route that awaits nothing."""

    def steps(api: Api, request: _Request) -> Steps:
        return act(api, request)
        yield  # a generator all the same

    return steps


def _submit(api: Api, request: _Request) -> Steps:
    record, added = api.accept(request.body)
    # an address of the shape that a server's has; no browser can come here
    share = {"share_url": f"/v1/shared/{record.id}.{'0' * 32}"} if request.query.get("share") == "1" else {}
    shown = {**api.engine.shown(record, not added), **share}
    yield from api.work()
    wait = request.headers.get("Prefer", "").partition("wait=")[2]
    if wait:
        yield from api.engine.wait(record, float(wait))
    if not added:
        return _json({**api.engine.shown(record, True), **share} if wait else shown, 200, {"bide-existing": "true"})
    if wait and record.ended:
        return _json({**api.engine.shown(record, True), **share})
    return _json(shown, 202)


def _submit_many(api: Api, request: _Request) -> Steps:
    items: List[Json] = []
    for index, body in enumerate(request.body):
        try:
            record, added = api.accept(body)
            items.append({"index": index, "status": 202, "id": record.id} if added else
                         {"index": index, "status": 200, "id": record.id, "existing": True})
        except Refusal as refusal:
            items.append({"index": index, "status": refusal.status, "error": refusal.body})
    yield from api.work()
    return _json({"items": items})


def _get(api: Api, request: _Request) -> Steps:
    record = api.record(request.name)
    if request.query.get("wait"):
        yield from api.engine.wait(record, float(request.query["wait"]))
    return _json(api.engine.shown(record, True))


def _retry(api: Api, request: _Request) -> Steps:
    record = api.record(request.name)
    if not record.ended:
        raise Refusal(409, "conflict", "the task has not ended", task_status=record.status)
    if not api.engine.again(record):
        raise Refusal(409, "key_held", "another task that has not ended holds its key")
    shown = api.engine.shown(record, False)
    yield from api.work()
    return _json(shown, 202)


def _many(api: Api, request: _Request, verb: str) -> List[Record]:
    """Those that a filter for this verb is about."""
    if not any(value != {} for value in request.body.values()):
        raise Refusal(400, "invalid", f"say which tasks to {verb}")
    status = request.body.get("status")
    if status is not None and (status in _ENDINGS) != (verb == "retry"):
        raise Refusal(400, "invalid", f"tasks that are {status} cannot be meant by {verb}", "/status")
    chosen = api.chosen(request.body)
    if verb == "retry":
        return [record for record in chosen if record.status == (status or "failed")]
    return [record for record in chosen if not record.ended]


def _counted(matched: int, changed: int) -> Answer:
    return _json({"matched": matched, "changed": changed, "skipped": matched - changed, "more": False})


def _retry_all(api: Api, request: _Request) -> Steps:
    chosen = _many(api, request, "retry")
    changed = sum(api.engine.again(record) for record in reversed(chosen))
    yield from api.work()
    return _counted(len(chosen), changed)


def _resume(api: Api, request: _Request) -> Steps:
    queue = api.queue(request.name)
    queue.paused = queue.draining = False
    yield from api.work()
    return _json(queue.shown(api.engine.records.values()))


def _list(api: Api, request: _Request) -> Answer:
    asked = dict(request.query)
    limit, cursor = int(asked.pop("limit", "50")), asked.pop("cursor", None)
    if not 1 <= limit <= 200:
        raise Refusal(400, "invalid", "limit must be a whole number from 1 to 200")
    chosen = [record for record in api.chosen(asked) if cursor is None or record.id < cursor]
    more = chosen[limit - 1].id if len(chosen) > limit else None
    return _json({"items": [api.engine.shown(record, False) for record in chosen[:limit]], "next_cursor": more})


def _latest(api: Api, request: _Request) -> Answer:
    chosen = api.chosen(request.query)
    if not chosen:
        raise Refusal(404, "not_found", "there is no task about this")
    return _json(api.engine.shown(chosen[0], True))


def _result(api: Api, request: _Request) -> Answer:
    record = api.record(request.name)
    if not record.ended:
        return _json(api.engine.shown(record, False), 202, {"retry-after": "1"})
    if record.result is None:
        detail = f"the task ended {record.status}: there is no result"
        raise Refusal(409, "conflict", detail, task_status=record.status, error=record.error)
    return Answer(200, {"content-type": "application/json"}, record.result)


def _cancel(api: Api, request: _Request) -> Steps:
    record = api.record(request.name)
    api.engine.cancel(record)
    answer = _json(api.engine.shown(record, False), 200 if record.ended else 202)
    yield from api.work()
    return answer


def _cancel_all(api: Api, request: _Request) -> Steps:
    chosen = _many(api, request, "cancel")
    answer = _counted(len(chosen), _cancelled(api, chosen))
    yield from api.work()
    return answer


def _cancelled(api: Api, chosen: List[Record]) -> int:
    """Cancels them; returns how many had not been asked before."""
    fresh = [record for record in chosen if not record.cancel_requested]
    for record in fresh:
        api.engine.cancel(record)
    return len(fresh)


def _update(api: Api, request: _Request) -> Answer:
    record = api.record(request.name)
    if not record.waits:
        raise Refusal(409, "conflict", f"only a task that waits can be changed; this one is {record.status}")
    for name, value in request.body.items():
        if name == "tags":
            merged = {**record.tags, **value} if value is not None else {}
            record.tags = {tag: text for tag, text in merged.items() if text is not None}
        elif name == "run_at":
            record.run_at = None if value is None else seconds_of(value)
            record.status = "scheduled" if (record.run_at or 0) > api.engine.now else "pending"
        elif name == "priority":
            record.priority = value
        else:
            raise Refusal(400, "unknown_field", f'the field "{name}" cannot be changed', f"/{name}")
    return _json(api.engine.shown(record, True))


def _delete(api: Api, request: _Request) -> Answer:
    record = api.record(request.name)
    if not record.ended:
        raise Refusal(409, "conflict", "the task has not ended", task_status=record.status)
    del api.engine.records[record.id]
    return Answer(204, {}, b"")


def _settle(api: Api, request: _Request) -> Steps:
    record, verb = api.record(request.name), request.parts[1]
    if not record.waits:
        running = record.status == "running"
        raise Refusal(409, "conflict", "an attempt is under way" if running else f"the task has ended already: {record.status}")
    if verb == "complete":
        record.result = json.dumps(request.body.get("result"), separators=(",", ":")).encode()
        api.engine.end(record, "completed")
    else:
        for name in request.body:
            if name not in ("code", "message", "detail", "type"):
                raise Refusal(400, "unknown_field", f'the field "{name}" is not known here', f"/{name}")
        api.engine.end(record, "failed", {**request.body, "attempt": None})
    yield from api.work()
    return _json(api.engine.shown(record, True))


def _queues(api: Api, request: _Request) -> Answer:
    return _json({"items": [q.shown(api.engine.records.values()) for q in api.engine.queues.values()], "next_cursor": None})


def _queue(api: Api, request: _Request) -> Answer:
    return _json(api.queue(request.name).shown(api.engine.records.values()))


def _queue_verb(api: Api, request: _Request) -> Steps:
    queue, verb = api.queue(request.name), request.parts[1]
    if verb == "purge":
        waiting = [r for r in api.engine.records.values() if r.queue == queue.name and r.waits]
        cancelled = _cancelled(api, waiting)
        yield from api.work()
        return _counted(len(waiting), cancelled)
    queue.change({"paused" if verb == "pause" else "draining": True}, api.engine.now)
    return _json(queue.shown(api.engine.records.values()))


def _update_queue(api: Api, request: _Request) -> Steps:
    queue = api.queue(request.name)
    queue.change(request.body, api.engine.now)
    yield from api.work()
    return _json(queue.shown(api.engine.records.values()))


def _workers(api: Api, request: _Request) -> Answer:
    items = [{"id": f"inline-{n}", "pool": "inline", "state": "idle"} for n, _ in enumerate(api.engine.workers, 1)]
    return _json({"items": items, "next_cursor": None})


def _stats(api: Api, request: _Request) -> Answer:
    return _json({"tasks": depth(api.engine.records.values())})


def _json(value: Any, status: int = 200, headers: Mapping[str, str] = {}) -> Answer:
    return Answer(status, {"content-type": "application/json", **headers}, json.dumps(value).encode())


def _problem(refusal: Refusal) -> Answer:
    return Answer(refusal.status, {"content-type": "application/problem+json"}, json.dumps(refusal.body).encode())


def _attempts(api: Api, request: _Request) -> Answer:
    return _json({"items": api.record(request.name).attempts, "next_cursor": None})


_ROUTES: List[Tuple[str, str, Act]] = [
    ("POST", "/v1/tasks", _submit),
    ("POST", "/v1/tasks:batch", _submit_many),
    ("POST", "/v1/tasks:cancel", _cancel_all),
    ("POST", "/v1/tasks:retry", _retry_all),
    ("GET", "/v1/tasks", _at_once(_list)),
    ("GET", "/v1/tasks/latest", _at_once(_latest)),
    ("GET", "/v1/tasks/([^/]+)", _get),
    ("PATCH", "/v1/tasks/([^/]+)", _at_once(_update)),
    ("DELETE", "/v1/tasks/([^/]+)", _at_once(_delete)),
    ("GET", "/v1/tasks/([^/]+)/result", _at_once(_result)),
    ("GET", "/v1/tasks/([^/]+)/log", _at_once(lambda api, request: texts.log(api.record(request.name), request.query))),
    ("GET", "/v1/tasks/([^/]+)/output", _at_once(lambda api, request: texts.output(api.record(request.name), request.query))),
    ("GET", "/v1/tasks/([^/]+)/attempts", _at_once(_attempts)),
    ("POST", "/v1/tasks/([^/]+)/cancel", _cancel),
    ("POST", "/v1/tasks/([^/]+)/retry", _retry),
    ("POST", "/v1/tasks/([^/]+)/(complete|fail)", _settle),
    ("GET", "/v1/queues", _at_once(_queues)),
    ("GET", "/v1/queues/([^/]+)", _at_once(_queue)),
    ("PATCH", "/v1/queues/([^/]+)", _update_queue),
    ("POST", "/v1/queues/([^/]+)/(pause|drain|purge)", _queue_verb),
    ("POST", "/v1/queues/([^/]+)/resume", _resume),
    ("GET", "/v1/workers", _at_once(_workers)),
    ("GET", "/v1/stats", _at_once(_stats)),
]
