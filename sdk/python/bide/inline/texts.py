# SPDX-License-Identifier: Apache-2.0
"""What attempts logged and streamed, as a request for it is answered."""
from typing import Mapping

from bide.call import Answer
from bide.inline.record import Record


def _which(record: Record, query: Mapping[str, str]) -> str:
    return f'{query.get("run", str(record.run))}.{query.get("attempt", str(record.attempt))}'


def log(record: Record, query: Mapping[str, str]) -> Answer:
    return Answer(200, {"content-type": "text/plain"}, record.logs.get(_which(record, query), "").encode())


def output(record: Record, query: Mapping[str, str]) -> Answer:
    pieces = record.outputs.get(_which(record, query), [])
    text = "".join(pieces[int(query.get("from", "0")) :])
    return Answer(200, {"content-type": "text/plain", "bide-output-next": str(len(pieces))}, text.encode())
