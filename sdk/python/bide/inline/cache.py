# SPDX-License-Identifier: Apache-2.0
"""`cache` of a submit, by the rules of the server: whose result answers whom."""
from typing import Any, Dict, Optional, Tuple

from bide.call import Json
from bide.inline.record import Record
from bide.inline.refusal import Refusal

_TTL_MOST = 30 * 24 * 3600 * 1000


def check_cache(body: Json, pointer: str) -> None:
    """Raises Refusal."""
    cache, pointer = body.get("cache"), pointer + "/cache"
    if cache is None:
        return
    if not isinstance(cache, dict):
        raise Refusal(400, "invalid", "cache must be an object like {\"ttl_ms\":3600000}, or null", pointer)
    for name in cache:
        if name not in ("ttl_ms", "version", "bypass"):
            raise Refusal(400, "unknown_field", f'the field "{name}" is not known here', f"{pointer}/{name}")
    if "ttl_ms" not in cache:
        raise Refusal(400, "invalid", "ttl_ms is missing: for how long may the result answer others?", pointer)
    ttl, version = cache["ttl_ms"], cache.get("version", "")
    if isinstance(ttl, bool) or not isinstance(ttl, int) or not 1 <= ttl <= _TTL_MOST:
        raise Refusal(400, "invalid", f"ttl_ms must be a whole number from 1 to {_TTL_MOST}", pointer + "/ttl_ms")
    if not isinstance(version, str) or len(version.encode()) > 64:
        raise Refusal(400, "invalid", "version must be a text of at most 64 bytes", pointer + "/version")
    if not isinstance(cache.get("bypass", False), bool):
        raise Refusal(400, "invalid", "bypass must be true or false", pointer + "/bypass")


class Cache:
    """Whose result is kept, by type, version and input."""

    def __init__(self) -> None:
        self._kept: Dict[Tuple[Any, ...], Tuple[Record, float]] = {}

    def keep(self, record: Record, now: float) -> None:
        """It has completed."""
        if record.cache and not record.files:
            self._kept[_same(record)] = (record, now + record.cache["ttl_ms"] / 1000)

    def find(self, record: Record, there: Dict[str, Record], now: float) -> Optional[Record]:
        """The task that answers this new one."""
        if not record.cache or record.cache.get("bypass"):
            return None
        source, until = self._kept.get(_same(record), (record, now))
        is_there = until > now and source.id in there and source.run == 1 and source.status == "completed"
        return source if is_there else None


def _same(record: Record) -> Tuple[Any, ...]:
    return record.type, (record.cache or {}).get("version", ""), record.input
