# SPDX-License-Identifier: Apache-2.0
"""What follows the ending of a task: `on_success` and `on_failure` of its submit, `next` of its verdict. By the rules of
the server, whose configuration may say more of its types; here there is none."""
import json
from typing import TYPE_CHECKING, Sequence

from bide.call import Json
from bide.inline.once import holder_of
from bide.inline.record import Record
from bide.inline.refusal import Refusal
from bide.inline.submission import read

if TYPE_CHECKING:
    from bide.inline.engine import Engine

REPLACED = {"code": "replaced", "message": "a later task with the same key took its place"}


def follow(engine: "Engine", record: Record, next: Sequence[Json]) -> None:
    """Adds what follows this ending; one that cannot be is left out, which a server says in its log."""
    said = record.on_success if record.status == "completed" else record.on_failure
    for body in [*said, *next]:
        try:
            _add(engine, {"subject": record.subject, **({} if "input" in body else {"input": _ended(engine, record)}), **body})
        except Refusal:
            continue


def _add(engine: "Engine", body: Json) -> None:
    body = read(engine, body, "")
    holder = holder_of(engine, body, "")
    if holder is not None and body["on_conflict"] == "existing":
        return
    if holder is not None:
        engine.cancel(holder, REPLACED)
    engine.add(engine.make(body))


def _ended(engine: "Engine", record: Record) -> Json:
    """The task as a GET shows it, with its input and result whatever their size."""
    whole = {"input": json.loads(record.input), "result": json.loads(record.result) if record.result is not None else None}
    return {**engine.shown(record, True), **whole}
