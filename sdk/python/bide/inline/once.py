# SPDX-License-Identifier: Apache-2.0
"""`key` and `on_conflict` of a submit, by the rules of the server."""
from typing import TYPE_CHECKING, Optional

from bide.call import Json
from bide.inline.record import Record
from bide.inline.refusal import Refusal

if TYPE_CHECKING:
    from bide.inline.engine import Engine


def holder_of(engine: "Engine", body: Json, pointer: str) -> Optional[Record]:
    """The task that holds the key of a submit, which it is to be told of or takes the place of. Raises Refusal."""
    key, on_conflict = body.get("key"), body.get("on_conflict", "refuse")
    if key is not None and (not isinstance(key, str) or not 1 <= len(key.encode()) <= 200):
        raise Refusal(400, "invalid", "key must be a text of 1 to 200 bytes", pointer + "/key")
    if "on_conflict" in body and (key is None or on_conflict not in ("refuse", "existing", "replace")):
        detail = "on_conflict must be refuse, existing or replace, and needs a key"
        raise Refusal(400, "invalid", detail, pointer + "/on_conflict")
    holder = engine.holder(body["type"], key)
    if holder is not None and on_conflict == "refuse":
        detail = f"task {holder.id} holds this key until it has ended"
        raise Refusal(409, "key_held", detail, pointer + "/key", task_id=holder.id)
    return holder
