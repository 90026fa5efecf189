# SPDX-License-Identifier: Apache-2.0
"""What the server refuses, as exceptions: one class for each stable `code` of its problem+json (RFC 9457).

Catch the class you can do something about and let the others rise:

    try:
        client.submit("transcribe", {"audio": path})
    except QueueFull as full:
        time.sleep(full.retry_after or 1)

A code that this version does not know arrives as plain `Problem`, never as an error of the client.
"""
from typing import Any, Dict, List, Mapping, Optional, Type


class Problem(Exception):
    """The server answered with an error, or could not be reached."""

    code: str = "problem"
    """The stable word for what went wrong."""
    status: int
    """The HTTP status; 0 when there was no answer."""
    detail: str
    """One sentence for people; empty when the server gave none."""
    errors: List[Dict[str, Any]]
    """Where the request was wrong: objects with `pointer` (RFC 6901) and `detail`."""
    request_id: Optional[str]
    """Names the request in the server's log."""
    retry_after: Optional[float]
    """Seconds to wait before trying again, when the server said so."""
    body: Mapping[str, Any]
    """The whole problem object."""

    def __init__(self, status: int, body: Mapping[str, Any], retry_after: Optional[float] = None) -> None:
        self.status = status
        self.body = body
        self.code = str(body.get("code", type(self).code))
        self.detail = str(body.get("detail") or "")
        self.errors = list(body.get("errors") or [])
        self.request_id = body.get("request_id")
        self.retry_after = retry_after
        super().__init__(self._text())

    def _text(self) -> str:
        text = f"{self.code}: {self.detail or self.body.get('title') or self.status}"
        for error in self.errors:
            text += f"; {error.get('pointer', '')}: {error.get('detail', '')}"
        return text


class Invalid(Problem):
    """400: the request is not valid; `errors` says where."""

    code = "invalid"


class InvalidJson(Invalid):
    """400: the text is not valid JSON."""

    code = "invalid_json"


class UnknownField(Invalid):
    """400: a field is not known here."""

    code = "unknown_field"


class UnknownType(Problem):
    """422: no such task type."""

    code = "unknown_type"


class UnknownQueue(Problem):
    """422: no such queue."""

    code = "unknown_queue"


class NotFound(Problem):
    """404: there is nothing with this id or at this path."""

    code = "not_found"


class TooLarge(Problem):
    """413: larger than the limit (an input: 16 MiB)."""

    code = "too_large"


class Conflict(Problem):
    """409: the state of the task does not allow this."""

    code = "conflict"


class StaleFence(Conflict):
    """409: this attempt is no longer the current one."""

    code = "stale_fence"


class Gone(Problem):
    """410: it was here and has been purged."""

    code = "gone"


class QueueFull(Problem):
    """429: the queue is at its capacity; `retry_after` says when to come back."""

    code = "queue_full"


class Draining(Problem):
    """503: the server is stopping."""

    code = "draining"


class StoreUnavailable(Problem):
    """503: the store did not accept the write. Nothing was accepted."""

    code = "store_unavailable"


class DiskFull(Problem):
    """507: there is no space left to store it. Nothing was accepted."""

    code = "disk_full"


class Away(Problem):
    """The server could not be reached, or the connection broke before its answer.

    After a `submit` that broke this way the task may or may not have been accepted."""

    code = "away"

    def __init__(self, why: str) -> None:
        super().__init__(0, {"code": "away", "detail": why})


class NotEnded(Problem):
    """202: the task has no result yet; `retry_after` says when to ask again."""

    code = "not_ended"


class WaitTimeout(TimeoutError):
    """`wait` ran out of time; `task` is the task as last seen. The task itself goes on."""

    def __init__(self, task: Mapping[str, Any], timeout: float) -> None:
        self.task = task
        super().__init__(f"task {task.get('id')} is still {task.get('status')} after {timeout:g} s")


def _family(root: Type[Problem]) -> Dict[str, Type[Problem]]:
    found: Dict[str, Type[Problem]] = {}
    for kind in root.__subclasses__():
        found[kind.code] = kind
        found.update(_family(kind))
    return found


_BY_CODE = _family(Problem)


def problem_of(status: int, body: Mapping[str, Any], retry_after: Optional[float] = None) -> Problem:
    """The exception for an error answer, by its `code`."""
    kind = _BY_CODE.get(str(body.get("code")), Problem)
    if kind is Away:  # a server in front of the server said so: an answer, not silence
        kind = Problem
    return kind(status, body, retry_after)
