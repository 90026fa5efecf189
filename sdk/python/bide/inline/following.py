# SPDX-License-Identifier: Apache-2.0
"""A task that is followed where everything has run before: how it ended, or all that it said, at once."""
from typing import Any, Iterator

from bide import calls
from bide.call import Call, Json
from bide.follow import Event, Follow


def call(steps: Follow) -> Call[Any]:
    """What to ask for. Raises NotImplementedError: of all tasks, nothing happens between two calls."""
    parts = steps.target.partition("?")[0].split("/")
    if parts[2] == "events":
        raise NotImplementedError("inline: nothing happens between two calls, so there are no events of all tasks")
    id, what = parts[3], parts[4]
    return calls.get(id) if what == "events" else getattr(calls, what)(id, None, None)  # type: ignore[no-any-return]


def told(steps: Follow, value: Any) -> Iterator[Event]:
    """What is told of the answer. Raises NotImplementedError for a task that has not ended."""
    steps.over = True
    if isinstance(value, str):
        yield Event("task.log", {"text": value}, "")
        return
    task: Json = value
    if task["status"] not in calls.ENDINGS:
        raise NotImplementedError(f"inline: the task {task['id']} is {task['status']}, and nothing happens while it is followed")
    yield Event(f"task.{task['status']}", {name: said for name, said in task.items() if name != "input"}, "1")
    yield Event("end", {"reason": task["status"]}, "1-end")
