# SPDX-License-Identifier: Apache-2.0
"""A queue of the inline mode and its limits, by the rules of the server (doc/protocol.md, Queues): who of a line may start
now, and when the next one may."""
import dataclasses
import re
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from bide.call import Json
from bide.inline.record import Record
from bide.inline.refusal import Refusal

_UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}  # ms
_MOST = 1_000_000
_RATE = re.compile(r"([1-9][0-9]{0,6})/([smhd])(?: burst ([1-9][0-9]{0,6}))?")
_RATE_WANTED = "a rate like 10/s, 90/m, 1000/h or 10/s burst 20; 0 is no limit"
_NUMBERS = {"concurrency": (1, 100_000, 1), "capacity": (0, 2**31 - 1, None), "key_concurrency": (0, 100_000, None)}
"""The least, the most, and what null is."""


class Bucket:
    """Tokens of a rate, as src/task/rate.c counts them: in parts of a token, `n` of which come each millisecond and
    `per_ms` make a token. It begins with one token, or with those there were `before`. Moments are whole milliseconds of
    the inline clock."""

    def __init__(self, n: int, per_ms: int, burst: int, before: "Optional[Bucket]", now_ms: int) -> None:
        self._n, self._per_ms, self._burst = n, per_ms, burst
        self._at_ms = now_ms
        parts = per_ms if before is None else before._filled(now_ms) * per_ms // before._per_ms
        self._parts: int = min(parts, burst * per_ms)

    def __str__(self) -> str:
        unit = next(letter for letter, ms in _UNITS.items() if ms == self._per_ms)
        return f"{self._n}/{unit}" + (f" burst {self._burst}" if self._burst != self._n else "")

    def tokens(self, now_ms: int) -> int:
        return self._filled(now_ms) // self._per_ms

    def _filled(self, now_ms: int) -> int:
        self._parts = min(self._parts + max(0, now_ms - self._at_ms) * self._n, self._burst * self._per_ms)
        self._at_ms = max(self._at_ms, now_ms)
        return self._parts

    def take(self) -> None:
        self._parts -= self._per_ms

    def next_at_ms(self) -> int:
        """When there is one, in milliseconds of the inline clock."""
        return self._at_ms - (min(0, self._parts - self._per_ms) // self._n)


@dataclasses.dataclass
class Queue:
    name: str
    paused: bool = False
    draining: bool = False
    concurrency: int = 1
    capacity: Optional[int] = None
    key_concurrency: Optional[int] = None
    rate: Optional[Bucket] = None

    def change(self, changes: Mapping[str, Any], now: float) -> None:
        """As a PATCH has them, all or none. `now`: seconds. Raises Refusal."""
        values: Dict[str, Any] = {}
        for name, value in changes.items():
            if name in _NUMBERS:
                values[name] = _number(name, value)
            elif name in ("paused", "draining"):
                if not isinstance(value, bool):
                    raise Refusal(400, "invalid", f"{name} must be true or false", f"/{name}")
                values[name] = value
            elif name == "rate":
                values[name] = self._bucket(value, _ms(now))
            else:
                raise Refusal(400, "unknown_field", f'the field "{name}" is not known here', f"/{name}")
        for name, value in values.items():
            setattr(self, name, value)

    def _bucket(self, value: Any, now_ms: int) -> Optional[Bucket]:
        if value is None or value == "0" or (value == 0 and not isinstance(value, bool)):
            return None
        found = _RATE.fullmatch(value) if isinstance(value, str) else None
        n, burst = (int(found[1]), int(found[3] or found[1])) if found else (0, 0)
        if found is None or max(n, burst) > _MOST:
            raise Refusal(400, "invalid", f"rate must be {_RATE_WANTED}", "/rate")
        return Bucket(n, _UNITS[found[2]], burst, self.rate, now_ms)

    def shown(self, records: Iterable[Record]) -> Json:
        """The object of the API. `records`: of all queues."""
        flags = {"name": self.name, "paused": self.paused, "draining": self.draining}
        limits = {"concurrency": self.concurrency, "capacity": self.capacity, "key_concurrency": self.key_concurrency}
        rate = None if self.rate is None else str(self.rate)
        return {**flags, **limits, "rate": rate, "depth": depth(r for r in records if r.queue == self.name)}

    def tokens(self, now: float) -> Optional[int]:
        """How many may start now; None: any number."""
        return None if self.rate is None else self.rate.tokens(_ms(now))

    def token_at(self, now: float) -> Optional[float]:
        """When the next may start, in seconds of the inline clock; None: now."""
        if self.rate is None or self.rate.tokens(_ms(now)) > 0:
            return None
        return self.rate.next_at_ms() / 1000


def depth(records: Iterable[Record]) -> Dict[str, int]:
    """How many are in each state."""
    counts = dict.fromkeys("blocked scheduled retrying pending running completed failed cancelled expired".split(), 0)
    for record in records:
        counts[record.status] += 1
    return counts


def in_line(records: Iterable[Record]) -> List[Record]:
    """First those of higher priority, then the older."""
    return sorted(records, key=lambda record: -record.priority)


def held_by_keys(records: Iterable[Record], queue: Queue) -> Dict[str, Tuple[int, int]]:
    """Of the tasks of a queue that wait aside for a place of their limit_key, by id: how many run, and how many come next."""
    running: Dict[str, int] = {}
    ready: Dict[str, int] = {}
    held: Dict[str, Tuple[int, int]] = {}
    if queue.key_concurrency is None:
        return held
    mine = [record for record in records if record.queue == queue.name and record.limit_key is not None]
    for record in mine:
        if record.status == "running":
            running[record.limit_key or ""] = running.get(record.limit_key or "", 0) + 1
    for record in in_line(record for record in mine if record.status == "pending"):
        key = record.limit_key or ""
        if running.get(key, 0) + ready.get(key, 0) < queue.key_concurrency:
            ready[key] = ready.get(key, 0) + 1
        else:
            held[record.id] = (running.get(key, 0), ready.get(key, 0))
    return held


def _number(name: str, value: Any) -> Optional[int]:
    low, high, otherwise = _NUMBERS[name]
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refusal(400, "invalid", f"{name} must be a whole number from {low} to {high}", f"/{name}")
    return value or None


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
