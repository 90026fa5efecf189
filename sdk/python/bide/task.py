# SPDX-License-Identifier: Apache-2.0
"""One task inside a worker: what it was given and what it may say while it runs.

A cancel arrives as a flag, set by the thread that reads. It is acted upon where the handler comes by: `progress`,
`log`, `output`, `save` and `check` raise Cancelled. A handler that never comes by is ended by bide (SIGTERM, then
SIGKILL), and the model has to be loaded again.
"""
import json
import os
import threading
from typing import Any, Callable, List, Mapping, Optional

from bide import frames


class Cancelled(BaseException):
    """The task was cancelled or ran out of time: let it rise. (Like KeyboardInterrupt it is no Exception, so that
    `except Exception` does not swallow it.)"""


class Fail(Exception):
    """Ends the attempt as failed.

    `code`: a stable word such as invalid_input. `message`: one sentence for people (up to 4 KiB). `retry`: whether
    another attempt could succeed; False ends the task at once, None leaves it to the code's own rule.
    `retry_after_ms`: how long to wait before that attempt, 0 for the configured backoff. `detail`: anything longer,
    such as another program's output (up to 32 KiB). `recycle`: this process should be replaced after the task."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry: Optional[bool] = None,
        retry_after_ms: int = 0,
        detail: str = "",
        recycle: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry = retry
        self.retry_after_ms = retry_after_ms
        self.detail = detail
        self.recycle = recycle


class Task:
    """What a handler is given."""

    id: str
    type: str
    attempt: int
    """From 1."""
    timeout_ms: Optional[int]
    """How long this attempt may take."""
    dir: str
    """This attempt's directory: write output files here and name them with `file`."""
    input: Any
    """What was submitted, parsed."""
    resume: Any
    """What an earlier attempt gave to `save`; None when there is nothing."""

    def __init__(self, given: Mapping[str, Any], send: Callable[[Mapping[str, Any]], None]) -> None:
        self.id = given["id"]
        self.fence: Optional[str] = given.get("fence")
        self.type = given.get("type", "")
        self.attempt = int(given.get("attempt", 1))
        self.timeout_ms = given.get("timeout_ms")
        self.dir = given.get("dir") or "."
        self.resume = given.get("resume")
        self.files: List[str] = []
        self._send = send
        self._cancelled = threading.Event()
        self._raises = True
        self._next_output = 0
        if "input_file" in given:
            with open(os.path.join(self.dir, given["input_file"]), encoding="utf-8") as text:
                self.input = json.load(text)
        else:
            self.input = given.get("input")

    @property
    def cancelled(self) -> bool:
        """True once the task was cancelled or ran out of time. Never raises."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raises Cancelled when the task was cancelled. (Not in a batch: the others of the batch must go on.)"""
        if self._raises and self._cancelled.is_set():
            raise Cancelled(self.id)

    def progress(self, percent: Optional[float] = None, message: Optional[str] = None, data: Any = None) -> None:
        """Tells how far it is: `percent` 0..100, `message` up to 4 KiB, `data` a small object (up to 16 KiB).

        Raises Cancelled."""
        self.check()
        frame = {"percent": percent, "message": frames.clip(message, frames.MESSAGE), "data": data}
        self.say("progress", **{k: v for k, v in frame.items() if v is not None})

    def log(self, text: str, level: str = "info") -> None:
        """Adds to the task's log. `level`: debug, info, warning or error. Raises Cancelled."""
        self.check()
        for piece in frames.pieces(text):
            self.say("log", level=level, text=piece)

    def output(self, data: str) -> None:
        """Sends the next piece of streamed output. Raises Cancelled.

        Part of the protocol; a bide 0.1 server takes it and keeps nothing of it."""
        self.check()
        for piece in frames.pieces(data):
            self.say("output", n=self._next_output, data=piece)
            self._next_output += 1

    def save(self, data: Any) -> None:
        """A checkpoint for the next attempt's `resume`. Up to 1 MiB of JSON.

        Part of the protocol; a bide 0.1 server keeps none, so that `resume` is None.

        Raises Cancelled, and ValueError when it is too large."""
        self.check()
        self.say("save", data=data)

    def file(self, name: str) -> str:
        """Names an output file. Returns the path to write it to, in the attempt's directory.

        Raises ValueError for a name that would leave it."""
        if not name or name != os.path.basename(name) or name in (".", ".."):
            raise ValueError(f"not a file name: {name!r}")
        if name not in self.files:
            self.files.append(name)
        return os.path.join(self.dir, name)

    def say(self, op: str, **fields: Any) -> None:
        """Sends a frame about this task. Handlers have no need of it."""
        frame = {"op": op, "id": self.id, **fields}
        if self.fence is not None:
            frame["fence"] = self.fence
        self._send(frame)

    def shared(self) -> None:
        """Runs in a batch from now on: only `cancelled` tells of a cancel."""
        self._raises = False

    def cancel(self) -> None:
        """Sets the flag. Called by the thread that reads."""
        self._cancelled.set()
