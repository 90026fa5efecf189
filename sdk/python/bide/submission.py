# SPDX-License-Identifier: Apache-2.0
"""The fields of a submit as they are sent: moments as texts, in the submits of what follows as well."""
import datetime
from typing import Any, Dict, Mapping

_FOLLOWERS = ("on_success", "on_failure")


def submission(task: Mapping[str, Any]) -> Dict[str, Any]:
    """One that says no `input` has {}. Raises ValueError for a moment without a zone."""
    body = follower(task)
    if body.get("input") is None:
        body["input"] = {}
    return body


def follower(task: Mapping[str, Any]) -> Dict[str, Any]:
    """The same for one that follows another task: without `input` it gets that one."""
    return {name: _listed(value) if name in _FOLLOWERS else plain(value) for name, value in task.items()}


def _listed(tasks: Any) -> Any:
    """What is no list of submits is the server's to refuse."""
    if not isinstance(tasks, (list, tuple)):
        return tasks
    return [follower(task) if isinstance(task, Mapping) else task for task in tasks]


def plain(value: Any) -> Any:
    """A datetime as the API writes moments; anything else as it is. Raises ValueError for one without a zone."""
    if not isinstance(value, datetime.datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("a datetime without a zone: which moment it means cannot be known")
    return value.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
