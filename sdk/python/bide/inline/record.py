# SPDX-License-Identifier: Apache-2.0
"""A task as the inline mode keeps it, and the object that the API would show of it."""
import dataclasses
import datetime
import json
from typing import Any, Dict, List, Mapping, Optional

from bide.call import Json
from bide.calls import ENDINGS
from bide.submission import plain
from bide.task import Task

_INLINE = 64 * 1024  # bytes of an input or result that the task object shows


@dataclasses.dataclass
class Record:
    id: str
    type: str
    queue: str
    input: bytes
    priority: int
    max_attempts: int
    retry: Dict[str, Any]
    created_at: float
    """Times are seconds since 1970, on the inline clock."""
    run_at: Optional[float] = None
    start_by: Optional[float] = None
    timeout_ms: Optional[int] = None
    subject: Optional[str] = None
    tags: Dict[str, str] = dataclasses.field(default_factory=dict)
    key: Optional[str] = None
    limit_key: Optional[str] = None
    batch_key: Optional[str] = None
    cost: float = 1
    cache: Optional[Json] = None
    """Of a run whose result is to be kept."""
    cached_from: Optional[str] = None
    on_success: List[Json] = dataclasses.field(default_factory=list)
    on_failure: List[Json] = dataclasses.field(default_factory=list)
    status: str = "pending"
    run: int = 1
    attempt: int = 0
    failures: int = 0
    cancel_requested: bool = False
    cancelled_for: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    progress: Optional[Json] = None
    result: Optional[bytes] = None
    error: Optional[Json] = None
    files: List[str] = dataclasses.field(default_factory=list)
    resume: Any = None
    started_at: Optional[float] = None
    finished_at: Optional[float] = None
    batch_size: int = 1
    logs: Dict[str, str] = dataclasses.field(default_factory=dict)
    """By "RUN.ATTEMPT"."""
    outputs: Dict[str, List[str]] = dataclasses.field(default_factory=dict)
    """Pieces, by the same."""
    attempts: List[Json] = dataclasses.field(default_factory=list)
    task: Optional[Task] = None
    """While it runs."""

    @property
    def ended(self) -> bool:
        return self.status in ENDINGS

    def stream(self, piece: str) -> None:
        self.outputs.setdefault(f"{self.run}.{self.attempt}", []).append(piece)

    @property
    def waits(self) -> bool:
        return self.status in ("scheduled", "retrying", "pending")

    def log(self, text: str) -> None:
        name = f"{self.run}.{self.attempt}"
        self.logs[name] = self.logs.get(name, "") + text + ("" if text.endswith("\n") else "\n")

    def shown(self, whole: bool, position: Optional[int], waiting_on: Optional[Json]) -> Json:
        """`whole`: with input and result, as far as they are shown. What the task waits for, and where, the engine knows."""
        base = f"/v1/tasks/{self.id}"
        task: Json = {name: getattr(self, name) for name in ("id", "run", "type", "queue", "status", "priority")}
        task.update({name: getattr(self, name) for name in ("attempt", "max_attempts", "cancel_requested")})
        task.update(waiting_on=waiting_on, progress=self.progress, position=position, eta_at=None)
        task.update(input_bytes=len(self.input), result_bytes=len(self.result or b""), error=self.error)
        if whole:
            task.update(input=_inline(self.input), result=_inline(self.result))
        task.update(files=self.files, subject=self.subject, tags=dict(self.tags), group_id=None, depends_on=[])
        for name in ("created_at", "run_at", "start_by", "started_at", "finished_at"):
            task[name] = moment(getattr(self, name))
        task.update(purge_at=None, timing=self._timing(), delivery=None)
        task["urls"] = {"self": base, **{name: f"{base}/{name}" for name in ("result", "log", "cancel")}}
        task.update(key=self.key, limit_key=self.limit_key, batch_key=self.batch_key, cost=self.cost)
        task.update(cached_from=self.cached_from, step=None, steps=None)
        copy: Json = json.loads(json.dumps(task))
        return copy

    def _timing(self) -> Json:
        queued = None if self.started_at is None else _ms(self.started_at - max(self.created_at, self.run_at or 0))
        run = None if self.started_at is None or self.finished_at is None else _ms(self.finished_at - self.started_at)
        return {"queued_ms": queued, "run_ms": run, "batch_size": self.batch_size}


def made(body: Mapping[str, Any], id: str, now: float) -> Record:
    """Of a submit that was found right."""
    start_within = body.get("start_within_ms")
    return Record(
        id=id,
        type=body["type"],
        queue=body.get("queue", "default"),
        input=json.dumps(body.get("input", {}), ensure_ascii=False, separators=(",", ":")).encode(),
        priority=body.get("priority", 0),
        max_attempts=body.get("max_attempts", 3),
        retry=dict(body.get("retry", {})),
        created_at=now,
        run_at=now + body["delay_ms"] / 1000 if body.get("delay_ms") else body.get("run_at"),
        start_by=None if start_within is None else now + start_within / 1000,
        timeout_ms=body.get("timeout_ms"),
        subject=body.get("subject"),
        tags=dict(body.get("tags", {})),
        key=body.get("key"),
        limit_key=body.get("limit_key"),
        batch_key=body.get("batch_key"),
        cost=body.get("cost", 1),
        cache=body.get("cache"),
        on_success=body.get("on_success", []),
        on_failure=body.get("on_failure", []),
    )


def moment(seconds: Optional[float]) -> Optional[str]:
    if seconds is None:
        return None
    text: str = plain(datetime.datetime.fromtimestamp(round(seconds, 3), datetime.timezone.utc))
    return text


def seconds_of(text: str) -> float:
    """Of an RFC 3339 moment. Raises ValueError."""
    read = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if read.tzinfo is None:
        raise ValueError("a moment without a zone")
    return read.timestamp()


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _inline(text: Optional[bytes]) -> Any:
    return None if text is None or len(text) > _INLINE else json.loads(text)
