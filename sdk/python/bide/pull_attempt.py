# SPDX-License-Identifier: Apache-2.0
"""One attempt that a puller (bide.pull) has: what is known of it, and what is still to be told.

    given ──▶ preparing ──▶ begun ──▶ ending ──▶ over       beats until it is over, also while files are on their way
                  └── cancelled, stopped, no input ──▲

It locks nothing but its beats: whoever changes the rest holds the lock of its channel.
"""
import threading
import time
from typing import Any, Dict, List, Mapping, Optional

PROGRESS_S = 1.0  # what is said is told at most so often
_LOG = 64 * 1024  # bytes of log that are told at once, before their time
_LOG_HELD = 1_000_000  # bytes of log that are kept for a server that is away; it takes 1 MiB at a time


class Attempt:
    """`given`: as the answer to a claim has it. Raises KeyError, TypeError for something else."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = dict(given)
        self.id: str = given["id"]
        self.fence: str = given["fence"]
        self.word = f"{self.id}.{self.fence}"
        self.folder: Optional[str] = None
        self.beat_s: float = given["beat_ms"] / 1000
        self.beat_at = time.monotonic() + self.beat_s
        self.told_at = 0.0
        self.progress: Optional[Dict[str, Any]] = None
        self.save: Optional[Dict[str, Any]] = None  # {"save": data}: the last checkpoint that was not told yet
        self.log: List[str] = []
        self.log_bytes = 0
        self.dropped = 0  # lines of log for which there was no room
        self.output = Output()
        self.begun = False  # the worker has it
        self.cancelled = False
        self.lost = False  # the server does not know it as ours any more
        self.ending = False  # somebody tells its verdict, or gives it back
        self.beating = threading.Lock()  # one beat at a time

    def says_something(self) -> bool:
        return bool(self.log or self.output.held) or self.progress is not None or self.save is not None

    def due(self) -> float:
        """When the next beat is, in seconds of the monotonic clock."""
        if self.log_bytes >= _LOG or self.output.held >= _LOG:
            return self.told_at
        return min(self.beat_at, self.told_at + PROGRESS_S) if self.says_something() else self.beat_at

    def hear(self, op: str, frame: Mapping[str, Any]) -> None:
        """A frame of the worker that is to be told with a beat."""
        if op == "progress":
            self.progress = {k: frame[k] for k in ("percent", "message", "data") if k in frame}
        elif op == "log":
            self.keep(f"{frame.get('level', 'info')}: {frame.get('text', '')}")
        elif op == "output" and not self.output.add(str(frame.get("data", ""))):
            self.keep("warning: bide: a part of the output was left out while the server was away")
        elif op == "save" and "data" in frame:
            self.save = {"save": frame["data"]}

    def keep(self, text: str) -> None:
        size = len(text.encode("utf-8", "replace")) + 1
        if self.log_bytes + size > _LOG_HELD:
            self.dropped += 1
            return
        self.log.append(text)
        self.log_bytes += size

    def take(self) -> "Words":
        """What is to be told now: it is not kept any more."""
        words = Words(self.progress, self.save, self.log, self.dropped, self.output.piece())
        self.progress = self.save = None
        self.log, self.log_bytes, self.dropped = [], 0, 0
        return words

    def put_back(self, words: "Words") -> None:
        """It was not heard: before what was said since. Log for which there is no room any more is counted."""
        later = self.take()
        self.progress = words.progress if later.progress is None else later.progress
        self.save = words.save if later.save is None else later.save
        self.dropped = words.dropped + later.dropped
        for text in words.log + later.log:
            self.keep(text)

    def beats_again(self, seconds: Optional[float] = None) -> None:
        """The time of the next beat counts from now. `seconds`: nothing at all is told before then."""
        now = time.monotonic()
        self.told_at = now if seconds is None else now + seconds
        self.beat_at = now + self.beat_s if seconds is None else self.told_at


class Output:
    """What is streamed out, in numbered pieces, each the same until it is heard.

    add* ──▶ held ──piece──▶ being told ──heard──▶ gone; the next piece has the next number
                                 └── not heard: the same piece again, under its number
    """

    def __init__(self) -> None:
        self.held = 0
        """Bytes, those of the piece that is being told among them."""
        self._texts: List[str] = []
        self._piece: Optional[Dict[str, Any]] = None
        self._next = 0
        self._cut = False  # what came last had no room: a number is left out where it is missing

    def add(self, text: str) -> bool:
        """False: this is the first of what there is no room for; nothing is taken until what is held has been told."""
        size = len(text.encode("utf-8", "replace"))
        if self._cut or not size:
            return True
        if self.held + size <= _LOG_HELD:
            self._texts.append(text)
            self.held += size
            return True
        self._cut = self.held > 0
        self._next += not self._cut
        return False

    def piece(self) -> Optional[Dict[str, Any]]:
        """As a request has it; None when nothing is held."""
        if self._piece is None and self._texts:
            self._piece = {"n": self._next, "data": "".join(self._texts)}
            self._texts = []
        return self._piece

    def heard(self, piece: Optional[Dict[str, Any]]) -> None:
        """That piece is with the server, or not acceptable to it."""
        if piece is None or piece is not self._piece:
            return
        self.held -= len(piece["data"].encode("utf-8", "replace"))
        self._piece, self._next = None, self._next + 1
        if not self._texts:
            self._next += self._cut
            self._cut = False


class Words:
    """What one beat says."""

    def __init__(
        self,
        progress: Optional[Dict[str, Any]],
        save: Optional[Dict[str, Any]],
        log: List[str],
        dropped: int,
        output: Optional[Dict[str, Any]],
    ) -> None:
        self.progress = progress
        self.save = save
        self.log = log
        self.dropped = dropped
        self.output = output

    def body(self) -> Dict[str, Any]:
        lines = list(self.log)
        if self.dropped:
            lines.append(f"warning: bide: {self.dropped} lines were left out while the server was away")
        body: Dict[str, Any] = {"log": "\n".join(lines)} if self.log else {}
        if self.progress is not None:
            body["progress"] = self.progress
        if self.output is not None:
            body["output"] = self.output
        return {**body, **(self.save or {})}
