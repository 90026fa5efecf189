# SPDX-License-Identifier: Apache-2.0
"""A queue of the inline mode and its limits, by the rules of the server (doc/protocol.md, Queues): who of a line may start
now, and when the next one may."""
import copy
import dataclasses
import math
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

    def next_at_ms(self) -> Optional[int]:
        """When there is one more than at the last look, in milliseconds of the inline clock; None: there are no more."""
        wanted = self._parts // self._per_ms + 1
        return None if wanted > self._burst else self._at_ms - (self._parts - wanted * self._per_ms) // self._n


@dataclasses.dataclass
class Queue:
    name: str
    paused: bool = False
    draining: bool = False
    concurrency: int = 1
    capacity: Optional[int] = None
    key_concurrency: Optional[int] = None
    rate: Optional[Bucket] = None
    key_rate: Optional[Bucket] = None
    """Of a key that has started nothing."""
    of_keys: Dict[str, Bucket] = dataclasses.field(default_factory=dict)
    """Of the others."""

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
            elif name in ("rate", "key_rate"):
                values[name] = _rate(name, value)
            else:
                raise Refusal(400, "unknown_field", f'the field "{name}" is not known here', f"/{name}")
        for name, value in values.items():
            if name == "key_rate":
                changed = {key: _bucket(value, own, _ms(now)) for key, own in self.of_keys.items()}
                self.of_keys = {key: own for key, own in changed.items() if own is not None}
            rated = name in ("rate", "key_rate")
            setattr(self, name, _bucket(value, getattr(self, name), _ms(now)) if rated else value)

    def shown(self, records: Iterable[Record]) -> Json:
        """The object of the API. `records`: of all queues."""
        flags = {"name": self.name, "paused": self.paused, "draining": self.draining}
        limits = {"concurrency": self.concurrency, "capacity": self.capacity, "key_concurrency": self.key_concurrency}
        rates = {name: rate and str(rate) for name, rate in (("rate", self.rate), ("key_rate", self.key_rate))}
        return {**flags, **limits, **rates, "depth": depth(r for r in records if r.queue == self.name)}

    def tokens(self, now: float) -> Optional[int]:
        """How many may start now; None: any number."""
        return None if self.rate is None else self.rate.tokens(_ms(now))

    def token_at(self, now: float) -> Optional[float]:
        """When the next may start, in seconds of the inline clock; None: now."""
        if self.rate is None or self.rate.tokens(_ms(now)) > 0:
            return None
        return _seconds(self.rate.next_at_ms())

    def has_rate(self) -> bool:
        return self.rate is not None or self.key_rate is not None

    def take(self, record: Record) -> None:
        """The tokens that its start costs."""
        if self.rate is not None:
            self.rate.take()
        if self.key_rate is not None and record.limit_key is not None:
            self.of_keys.setdefault(record.limit_key, copy.copy(self.key_rate)).take()

    def key_tokens(self, key: str, now: float) -> Optional[int]:
        own = self.of_keys.get(key, self.key_rate)
        return None if own is None else own.tokens(_ms(now))

    def key_token_at(self, key: str) -> Optional[float]:
        """When the key has one more than at the last look; None: it will not."""
        own = self.of_keys.get(key, self.key_rate)
        return None if own is None else _seconds(own.next_at_ms())


def depth(records: Iterable[Record]) -> Dict[str, int]:
    """How many are in each state."""
    counts = dict.fromkeys("blocked scheduled retrying pending running completed failed cancelled expired".split(), 0)
    for record in records:
        counts[record.status] += 1
    return counts


def in_line(records: Iterable[Record]) -> List[Record]:
    """First those of higher priority, then the older."""
    return sorted(records, key=lambda record: -record.priority)


def held_by_keys(records: Iterable[Record], queue: Queue, now: float) -> Dict[str, Dict[str, str]]:
    """Of the tasks of a queue that wait aside for a place or a token of their limit_key, by id: what they wait for."""
    running: Dict[str, int] = {}
    ready: Dict[str, int] = {}
    held: Dict[str, Dict[str, str]] = {}
    if queue.key_concurrency is None and queue.key_rate is None:
        return held
    mine = [record for record in records if record.queue == queue.name and record.limit_key is not None]
    for record in mine:
        if record.status == "running":
            running[record.limit_key or ""] = running.get(record.limit_key or "", 0) + 1
    for record in in_line(record for record in mine if record.status == "pending"):
        key = record.limit_key or ""
        run, come = running.get(key, 0), ready.get(key, 0)
        places = math.inf if queue.key_concurrency is None else max(0, queue.key_concurrency - run)
        tokens = queue.key_tokens(key, now)
        if come < places and (tokens is None or come < tokens):
            ready[key] = come + 1
        elif tokens is not None and tokens < places:
            held[record.id] = {"reason": "key_rate", "detail": f"key {key}: {queue.key_rate}"}
        else:
            detail = f"key {key}: {run} of {queue.key_concurrency} running" + (f", {come} next in line" if come else "")
            held[record.id] = {"reason": "key", "detail": detail}
    return held


def _bucket(rate: Optional[Tuple[int, int, int]], before: Optional[Bucket], now_ms: int) -> Optional[Bucket]:
    if rate is None:
        return None
    n, per_ms, burst = rate
    return Bucket(n, per_ms, burst, before, now_ms)


def _rate(name: str, value: Any) -> Optional[Tuple[int, int, int]]:
    """Its n, per_ms and burst; None: no limit."""
    if value is None or value == "0" or (value == 0 and not isinstance(value, bool)):
        return None
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    n, burst = (int(found[1]), int(found[3] or found[1])) if found else (0, 0)
    if found is None or max(n, burst) > _MOST:
        raise Refusal(400, "invalid", f"{name} must be {_RATE_WANTED}", f"/{name}")
    return n, _UNITS[found[2]], burst


def _number(name: str, value: Any) -> Optional[int]:
    low, high, otherwise = _NUMBERS[name]
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refusal(400, "invalid", f"{name} must be a whole number from {low} to {high}", f"/{name}")
    return value or None


def _seconds(ms: Optional[int]) -> Optional[float]:
    return None if ms is None else ms / 1000


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
