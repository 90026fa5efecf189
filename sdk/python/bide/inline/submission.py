# SPDX-License-Identifier: Apache-2.0
"""The fields of a submit, by the rules of the server."""
from typing import TYPE_CHECKING, Any

from bide.call import Json
from bide.inline.cache import check_cache
from bide.inline.record import seconds_of
from bide.inline.refusal import Refusal

if TYPE_CHECKING:
    from bide.inline.engine import Engine

_FIELDS = frozenset(
    "type input queue priority run_at delay_ms timeout_ms start_within_ms grace_ms max_attempts retry key on_conflict"
    " limit_key batch_key cost cache subject tags depends_on parent_policy group_id notify webhook on_success"
    " on_failure retain_ms".split()
)
FOLLOWERS = 16  # of one list


def read(engine: "Engine", body: Any, pointer: str) -> Json:
    """The fields with `run_at` in seconds; `pointer` is where the submit stands. Raises Refusal."""
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise Refusal(400, "invalid", "type must be a string", pointer + "/type")
    for name in body:
        if name not in _FIELDS:
            raise Refusal(400, "unknown_field", f'the field "{name}" is not known here', f"{pointer}/{name}")
    if not engine.knows(body["type"]):
        raise Refusal(422, "unknown_type", f"no worker here has a handler for type {body['type']}", pointer + "/type")
    for name, low, high in (("priority", -100, 100), ("max_attempts", 1, 1000), ("delay_ms", 0, 366 * 86_400_000)):
        value = body.get(name, low)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Refusal(400, "invalid", f"{name} must be a whole number from {low} to {high}", f"{pointer}/{name}")
    try:
        body = {**body, "run_at": seconds_of(body["run_at"])} if "run_at" in body else body
    except (ValueError, AttributeError):
        raise Refusal(400, "invalid", "run_at must be a time (RFC 3339)", pointer + "/run_at") from None
    check_cache(body, pointer)
    for name in ("on_success", "on_failure"):
        check_followers(engine, body.get(name, []), f"{pointer}/{name}")
    return body


def check_followers(engine: "Engine", tasks: Any, pointer: str) -> None:
    """A list of submits of what is to follow. Raises Refusal."""
    if not isinstance(tasks, list) or len(tasks) > FOLLOWERS:
        raise Refusal(400, "invalid", f"{pointer.rpartition('/')[2]} is a list of at most {FOLLOWERS} submissions", pointer)
    for n, task in enumerate(tasks):
        read(engine, task, f"{pointer}/{n}")
