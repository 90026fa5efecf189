# SPDX-License-Identifier: Apache-2.0
"""The routes of the HTTP API as functions: arguments in, a `Call` out. What the arguments mean is said where people
look: at the methods of bide.client.Client, which have the same names."""
import time
from typing import Any, Callable, Generator, Iterable, List, Mapping, NamedTuple, Optional, Union

from bide.call import Answer, Call, Json, path, query, read_json, read_nothing, read_result, read_text
from bide.problems import Away, Draining, StoreUnavailable, TryAgain, WaitTimeout
from bide.submission import plain, submission

ENDINGS = frozenset(("completed", "failed", "cancelled", "expired"))
"""The states in which a task stays."""

_TASKS = "/v1/tasks"
_POLL_S = 30.0  # one long poll; the server answers at most after 60 s
_BREATH_S = 0.1  # between answers that come at once
_PATIENCE_S = 30.0  # how long a wait outlasts a server that is away, once it has answered


class Page(NamedTuple):
    """A part of a list."""

    items: List[Json]
    next_cursor: Optional[str]
    """Asks for what comes after; None at the end."""


# tasks


def submit(type: str, input: Any, wait: float, idempotency_key: Optional[str], share: bool, options: Mapping[str, Any]) -> Call[Json]:
    headers = {"Prefer": f"wait={wait:g}"} if wait else {}
    return _post(query(_TASKS, {"share": 1 if share else None}), submission({"type": type, "input": input, **options}), headers, idempotency_key, wait=wait)


def submit_many(tasks: Iterable[Mapping[str, Any]], idempotency_key: Optional[str]) -> Call[List[Json]]:
    def read(answer: Answer) -> List[Json]:
        return sorted(read_json(answer)["items"], key=lambda item: int(item["index"]))

    body = [submission(task) for task in tasks]
    return Call("POST", _TASKS + ":batch", read, body, _key(idempotency_key))


def get(id: str, wait: Optional[float] = None) -> Call[Json]:
    return Call("GET", query(path(_TASKS, id), {"wait": None if wait is None else f"{wait:g}"}), read_json, wait=wait or 0.0)


def latest(subject: str, type: Optional[str]) -> Call[Json]:
    return Call("GET", query(_TASKS + "/latest", {"subject": subject, "type": type}), read_json)


def result(id: str) -> Call[Any]:
    return Call("GET", path(_TASKS, id, "result"), read_result)


def log(id: str, run: Optional[int], attempt: Optional[int]) -> Call[str]:
    return Call("GET", query(path(_TASKS, id, "log"), {"run": run, "attempt": attempt}), read_text)


def output(id: str, run: Optional[int], attempt: Optional[int]) -> Call[str]:
    return Call("GET", query(path(_TASKS, id, "output"), {"run": run, "attempt": attempt}), read_text)


def attempts(id: str) -> Call[List[Json]]:
    def read(answer: Answer) -> List[Json]:
        items: List[Json] = read_json(answer)["items"]
        return items

    return Call("GET", path(_TASKS, id, "attempts"), read)


def cancel(id: str) -> Call[Json]:
    return _post(path(_TASKS, id, "cancel"))


def retry(id: str) -> Call[Json]:
    return _post(path(_TASKS, id, "retry"))


def cancel_all(filters: Mapping[str, Any]) -> Call[Json]:
    return _post(_TASKS + ":cancel", _filter(filters))


def retry_all(filters: Mapping[str, Any]) -> Call[Json]:
    return _post(_TASKS + ":retry", _filter(filters))


def update(id: str, changes: Mapping[str, Any]) -> Call[Json]:
    return _patch(path(_TASKS, id), changes)


def delete(id: str) -> Call[None]:
    return Call("DELETE", path(_TASKS, id), read_nothing)


def complete(id: str, result: Any) -> Call[Json]:
    return _post(path(_TASKS, id, "complete"), {"result": result})


def fail(id: str, code: str, message: str, detail: Optional[str], type: Optional[str]) -> Call[Json]:
    said = {"code": code, "message": message, "detail": detail, "type": type}
    return _post(path(_TASKS, id, "fail"), {name: value for name, value in said.items() if value is not None})


# queues, workers, the server


def queue(name: str) -> Call[Json]:
    return Call("GET", path("/v1/queues", name), read_json)


def queue_verb(name: str, verb: str) -> Call[Json]:
    return _post(path("/v1/queues", name, verb))


def update_queue(name: str, changes: Mapping[str, Any]) -> Call[Json]:
    return _patch(path("/v1/queues", name), changes)


def worker_verb(id: str, verb: str) -> Call[Json]:
    return _post(path("/v1/workers", id, verb))


def stats() -> Call[Json]:
    return Call("GET", "/v1/stats", read_json)


# notifications

NOTIFICATIONS = "/v1/notifications"


def unread_notifications(subject: Optional[str]) -> Call[int]:
    def read(answer: Answer) -> int:
        return int(read_json(answer)["unread"])

    return Call("GET", query(NOTIFICATIONS, {"subject": subject, "limit": 1}), read)


def read_notification(id: str) -> Call[Json]:
    return _post(path(NOTIFICATIONS, id, "read"))


def read_all_notifications(subject: Optional[str]) -> Call[int]:
    def read(answer: Answer) -> int:
        return int(read_json(answer)["read"])

    return Call("POST", NOTIFICATIONS + "/read-all", read, {} if subject is None else {"subject": subject})


def page(base: str, limit: Optional[int], cursor: Optional[str], filters: Mapping[str, Any]) -> Call[Page]:
    def read(answer: Answer) -> Page:
        body = read_json(answer)
        return Page(body["items"], body.get("next_cursor"))

    return Call("GET", query(base, {"limit": limit, **filters, "cursor": cursor}), read)


def tasks_page(limit: int, cursor: Optional[str], filters: Mapping[str, Any]) -> Call[Page]:
    return page(_TASKS, limit, cursor, filters)


# attempts, for bide.pull

_ATTEMPTS = "/v1/attempts"


def claim(members: Mapping[str, Any], wait: float) -> Call[Json]:
    body = {**members, "wait_ms": round(wait * 1000)}
    return Call("POST", _ATTEMPTS + ":claim", read_json, body, wait=wait)


def attempt(word: str, verb: str, body: Any = None) -> Call[Json]:
    return _post(path(_ATTEMPTS, word, verb), {} if body is None else body)


def attempt_input(word: str) -> Call[Any]:
    return Call("GET", path(_ATTEMPTS, word, "input"), read_result)


def attempt_file(word: str, name: str, file: str) -> Call[Json]:
    return Call("PUT", path(_ATTEMPTS, word, "files", name), read_json, file=file)


# waiting

Step = Union[Call[Json], float]
"""What a wait does next: a call whose answer it wants, or seconds to rest."""


def waiting(id: str, timeout: Optional[float], now: Callable[[], float] = time.monotonic) -> Generator[Step, Json, Json]:
    """The steps of a wait; whoever carries them sends the answers in, and throws the problems.

    Long polls, one after another. A server that answered once may be away for a while (it restarts, it drains): that
    is waited out; a breath is taken between answers that come at once."""
    began, answered = now(), False
    until = None if timeout is None else began + timeout
    away_since: Optional[float] = None
    while True:
        asked = now()
        left = _POLL_S if until is None else min(_POLL_S, until - asked)
        try:
            task = yield get(id, max(0.0, round(left, 3)))
        except (Away, Draining, StoreUnavailable, TryAgain) as problem:
            away_since = asked if away_since is None else away_since
            late = until is not None and now() >= until
            if not answered or late or now() - away_since >= _PATIENCE_S:
                raise problem
        else:
            answered, away_since = True, None
            if task["status"] in ENDINGS:
                return task
            if until is not None and now() >= until:
                raise WaitTimeout(task, timeout or 0.0)
        if now() - asked < _BREATH_S:
            yield _BREATH_S if until is None else max(0.0, min(_BREATH_S, until - now()))


def _post(
    target: str, body: Any = None, headers: Mapping[str, str] = {}, key: Optional[str] = None, wait: float = 0.0
) -> Call[Json]:
    return Call("POST", target, read_json, body, {**headers, **_key(key)}, wait)


def _patch(target: str, changes: Mapping[str, Any]) -> Call[Json]:
    body = {name: plain(value) for name, value in changes.items()}
    return Call("PATCH", target, read_json, body, {"Content-Type": "application/merge-patch+json"})


def _key(key: Optional[str]) -> Mapping[str, str]:
    return {} if key is None else {"Idempotency-Key": key}


def _filter(filters: Mapping[str, Any]) -> Json:
    """Without any member every task is meant: that has to be said, as `everything=True`, to the server as a time."""
    given = {name: plain(value) for name, value in filters.items() if value is not None}
    everything = given.pop("everything", False)
    if not everything and not given:
        raise ValueError("no filter: this would be about every task there is (everything=True says that it is meant)")
    return given or {"created_after": "1970-01-01T00:00:01Z"}


