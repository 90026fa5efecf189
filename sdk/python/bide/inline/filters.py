# SPDX-License-Identifier: Apache-2.0
"""Which tasks are meant: the filters of a list, and those of a change of many."""
from typing import Any, Mapping

from bide.inline.record import Record, seconds_of

FILTERS = ("status", "type", "queue", "subject", "tag", "tags", "created_after", "created_before")


def fits(record: Record, filters: Mapping[str, Any]) -> bool:
    """All of them. Raises ValueError for a time that is none."""
    for name, value in filters.items():
        if name == "tag":
            key, _, text = value.partition(":")
            if record.tags.get(key) != text:
                return False
        elif name == "tags":
            if any(record.tags.get(key) != text for key, text in value.items()):
                return False
        elif name in ("created_after", "created_before"):
            if (record.created_at >= seconds_of(value)) != (name == "created_after"):
                return False
        elif getattr(record, name) != value:
            return False
    return True
