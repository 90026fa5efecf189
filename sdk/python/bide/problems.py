# SPDX-License-Identifier: Apache-2.0
"""What the server refuses, as exceptions: one class for each stable `code` of its problem+json (RFC 9457).

The codes are the rows of the server's src/base/err.def; a test holds the two together.

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


class InvalidInput(Problem):
    """422: the input does not fit the schema of its type; `errors` says where."""

    code = "invalid_input"


class UnknownFile(Problem):
    """422: no such file."""

    code = "unknown_file"


class NotFound(Problem):
    """404: there is nothing with this id or at this path."""

    code = "not_found"


class MethodNotAllowed(Problem):
    """405: this method is not allowed here."""

    code = "method_not_allowed"


class NotAcceptable(Problem):
    """406: none of the accepted media types can be produced."""

    code = "not_acceptable"


class UnsupportedMediaType(Problem):
    """415: this media type is not accepted here."""

    code = "unsupported_media_type"


class TooLarge(Problem):
    """413: larger than the limit (an input: 16 MiB)."""

    code = "too_large"


class Conflict(Problem):
    """409: the state of the task does not allow this."""

    code = "conflict"


class PreconditionFailed(Problem):
    """412: it is not as the request expects it any more."""

    code = "precondition_failed"


class IdempotencyKeyReused(Problem):
    """422: this Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"


class IdempotencyKeyInUse(Conflict):
    """409: the first request with this Idempotency-Key is still being answered."""

    code = "idempotency_key_in_use"


class KeyHeld(Conflict):
    """409: a task that has not ended holds this key; `body["task_id"]` says which."""

    code = "key_held"


class RangeNotSatisfiable(Problem):
    """416: no part of the range is there."""

    code = "range_not_satisfiable"


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


class OutOfMemory(Problem):
    """503: out of memory."""

    code = "no_memory"


class Timeout(Problem):
    """504: it took too long."""

    code = "timeout"


class TryAgain(Problem):
    """503: nothing to give at this moment."""

    code = "try_again"


class InputOutput(Problem):
    """500: reading or writing failed."""

    code = "io"


class Locked(Problem):
    """500: another process holds it."""

    code = "locked"


class ForeignStore(Problem):
    """500: the file is not a bide store, or a newer version's."""

    code = "foreign_store"


class Config(Problem):
    """500: the configuration is not valid."""

    code = "config"


class WasCancelled(Problem):
    """499: it was cancelled. (A worker's exception for this is bide.Cancelled.)"""

    code = "cancelled"


class Unsupported(Problem):
    """501: this is not supported."""

    code = "unsupported"


class Internal(Problem):
    """500: an internal error."""

    code = "internal"


class RequestTimeout(Problem):
    """408: the request took too long to arrive."""

    code = "request_timeout"


class TargetTooLong(Problem):
    """414: the request target is too long."""

    code = "target_too_long"


class HeadersTooLarge(Problem):
    """431: the request headers are too large."""

    code = "headers_too_large"


class HttpVersion(Problem):
    """505: this version of HTTP is not supported."""

    code = "http_version"


class Misdirected(Problem):
    """421: the request is for another host."""

    code = "misdirected"


class UpgradeRequired(Problem):
    """426: this is spoken over WebSocket only, of version 13."""

    code = "upgrade_required"


class Forbidden(Problem):
    """403: this is not allowed."""

    code = "forbidden"


class Away(Problem):
    """The server could not be reached, or the connection broke before its answer. `status` is 0; 502, 503 or 504 when a
    server in front of it said so.

    After a `submit` that broke this way the task may or may not have been accepted: with an `idempotency_key` it may
    be submitted again."""

    code = "away"

    @classmethod
    def silent(cls, why: str) -> "Away":
        """There was no answer at all."""
        return cls(0, {"code": "away", "detail": why})


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
    """The exception for an error answer, by its `code`. Without one it is not bide's own, but a proxy's."""
    unknown = Away if "code" not in body and status in (502, 503, 504) else Problem
    return _BY_CODE.get(str(body.get("code")), unknown)(status, body, retry_after)
