# SPDX-License-Identifier: Apache-2.0
"""One request of the HTTP API before it is sent, and its answer after it came: what all clients share.

A `Call` says what to send and how to read the answer, and knows nothing of sockets. `bide.calls` makes them, and
three kinds of client carry them: bide.client over a blocking socket, bide.aio over asyncio's streams, bide.inline in
this very process.
"""
import dataclasses
import json
import urllib.parse
from typing import Any, Callable, Dict, Generic, Mapping, NamedTuple, Optional, TypeVar

from bide.problems import NotEnded, Problem, TooLarge, problem_of
from bide.submission import plain

Json = Dict[str, Any]
T = TypeVar("T")
BODY = 16 * 1024 * 1024 + 64 * 1024  # the longest body that the server takes, in bytes
AGENT = "bide-python/0.1"


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclasses.dataclass(frozen=True)
class Call(Generic[T]):
    method: str
    target: str
    """Path and query."""
    read: Callable[[Answer], T]
    """Makes of a good answer what the client's method returns."""
    body: Any = None
    """Anything JSON can hold; None: no body."""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    wait: float = 0.0
    """Seconds that the server was asked to wait, beyond its usual time to answer."""
    file: Optional[str] = None
    """Path of a file that is the body, in place of `body`."""

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method in ("GET", "HEAD") or "Idempotency-Key" in self.headers

    def payload(self) -> Optional[bytes]:
        """The body as sent. Raises TypeError, ValueError (JSON cannot hold it), TooLarge."""
        if self.body is None:
            return None
        data = json.dumps(self.body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        if len(data) > BODY:
            detail = f"a request of {len(data)} bytes: the server takes {BODY}"
            raise TooLarge(413, {"code": "too_large", "detail": detail})
        return data

    def all_headers(self, token: Optional[str]) -> Dict[str, str]:
        sent = {"Accept": "application/json, */*;q=0.5", "User-Agent": AGENT, **self.headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if self.file is not None:
            sent["Content-Type"] = "application/octet-stream"
        elif self.body is not None:
            sent.setdefault("Content-Type", "application/json")
        return sent

    def value(self, answer: Answer) -> T:
        """What the answer says. Raises Problem when it is an error."""
        if answer.status >= 300:
            raise problem_of(answer.status, _problem_body(answer), retry_after(answer))
        return self.read(answer)


def read_json(answer: Answer) -> Json:
    try:
        value: Json = json.loads(answer.body)
    except ValueError as error:
        detail = f"an answer that is not JSON ({error}): {answer.body[:200].decode('utf-8', 'replace')}"
        raise Problem(answer.status, {"detail": detail}) from error
    return value


def read_nothing(answer: Answer) -> None:
    return None


def read_text(answer: Answer) -> str:
    return answer.body.decode("utf-8", "replace")


def read_result(answer: Answer) -> Any:
    if answer.status == 202:
        raise NotEnded(202, {"code": "not_ended", "detail": "the task has not ended"}, retry_after(answer))
    if answer.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
        return read_json(answer)
    return answer.body


def path(*parts: str) -> str:
    """The first part as it is, the others as one segment each."""
    return parts[0] + "".join("/" + urllib.parse.quote(part, safe="") for part in parts[1:])


def query(base: str, members: Mapping[str, Any]) -> str:
    """With the members that are not None as its query; a moment as RFC 3339, True as `true`."""
    pairs = [(name, _word(plain(value))) for name, value in members.items() if value is not None]
    return base + ("?" + urllib.parse.urlencode(pairs) if pairs else "")


def _word(value: Any) -> Any:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def retry_after(answer: Answer) -> Optional[float]:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def _problem_body(answer: Answer) -> Json:
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"detail": answer.body[:500].decode("utf-8", "replace")}
