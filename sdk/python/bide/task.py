# SPDX-License-Identifier: Apache-2.0
"""One task inside a worker: what it was given and what it may say while it runs.

A cancel arrives as a flag, set by the thread that reads. It is acted upon where the handler comes by: `progress`,
`log`, `output`, `save` and `check` raise Cancelled; an `async def` handler also gets asyncio.CancelledError at its
next await. A handler that never comes by is ended by bide (SIGTERM, then SIGKILL), and the model has to be loaded
again.
"""
import contextlib
import json
import os
import threading
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional

from bide import frames
from bide.submission import follower
from bide.verdict import BadResult, Cancelled, Classes, failure


class Task:
    """What a handler is given."""

    id: str
    type: str
    attempt: int
    """Counts from 1; 0: a warm-up, whose result nobody sees."""
    timeout_ms: Optional[int]
    """How long this attempt may take, in milliseconds; None: it was not said."""
    dir: str
    """This attempt's directory: write output files here and name them with `file`."""
    input: Any
    """What was submitted, parsed."""
    resume: Any
    """What an earlier attempt gave to `save`; None when there is nothing."""
    cancel_reason: Optional[str]
    """Once `cancelled`: user, timeout or shutdown."""
    settled: bool
    """True once it has its verdict."""

    def __init__(self, given: Mapping[str, Any], send: Callable[[Mapping[str, Any]], None]) -> None:
        self.id = given["id"]
        self.fence: Optional[str] = given.get("fence")
        self.type = given.get("type", "")
        self.attempt = int(given.get("attempt", 1))
        self.timeout_ms = given.get("timeout_ms")
        self.dir = given.get("dir") or "."
        self.files: List[str] = []
        self.cancel_reason = None
        self.settled = False
        self.retry_on: Optional[Classes] = None
        self.no_retry: Classes = ()
        self._send = send
        self._lock = threading.Lock()
        self._cancelled = False
        self._interrupt: Optional[Callable[[], object]] = None
        self._raises = True
        self._next_output = 0
        self._followers: List[Dict[str, Any]] = []
        self.input = self._given(given, "input")
        self.resume = self._given(given, "resume")

    def _given(self, given: Mapping[str, Any], name: str) -> Any:
        """What is in the frame, or in the file in `dir` that it names."""
        file = given.get(name + "_file")
        if file is None:
            return given.get(name)
        with open(os.path.join(self.dir, file), encoding="utf-8") as text:
            return json.load(text)

    @property
    def cancelled(self) -> bool:
        """True once the task was cancelled or ran out of time. Never raises."""
        return self._cancelled

    def check(self) -> None:
        """Raises Cancelled when the task was cancelled. (Not in a batch: the others of the batch must go on.)"""
        if self._raises and self._cancelled:
            raise Cancelled(self.id)

    def progress(self, percent: Optional[float] = None, message: Optional[str] = None, data: Any = None) -> None:
        """Tells how far it is: `percent` 0..100, `message` up to 4 KiB, `data` a small object (up to 16 KiB).

        Raises Cancelled, and ValueError or TypeError for data that JSON cannot hold."""
        self.check()
        frame = {"percent": percent, "message": frames.clip(message, frames.MESSAGE), "data": data}
        self._say("progress", **{k: v for k, v in frame.items() if v is not None})

    def log(self, text: str, level: str = "info") -> None:
        """Adds to the task's log. `level`: debug, info (the default), warning or error. Raises Cancelled."""
        self.check()
        for piece in frames.pieces(text):
            self._say("log", level=level, text=piece)

    def output(self, text: str) -> None:
        """Sends the next piece of streamed output, of any length; the server keeps the first 1 MiB of an attempt. Raises
        Cancelled."""
        self.check()
        for piece in frames.pieces(text):
            self._say("output", n=self._next_output, data=piece)
            self._next_output += 1

    def save(self, data: Any) -> None:
        """A checkpoint: the next attempt of the same run finds the last one in `resume`. Up to 1 MiB of JSON; None
        forgets it. bide stores at most one a second, so save as often as is convenient.

        Raises Cancelled, and ValueError or TypeError when it is too large or JSON cannot hold it."""
        self.check()
        self._say("save", data=data)

    def file(self, name: str) -> str:
        """Names an output file. Returns the path to write it to, in the attempt's directory. At most 256 a task.

        Raises ValueError for a name that would leave it, or one too many."""
        if not name or name != os.path.basename(name) or name in (".", ".."):
            raise ValueError(f"not a file name: {name!r}")
        if name not in self.files:
            if len(self.files) >= frames.FILES:
                raise ValueError(f"more than {frames.FILES} output files")
            self.files.append(name)
        return os.path.join(self.dir, name)

    def then(self, type: str, input: Any = None, **options: Any) -> None:
        """Has another task submitted when this one completes by this attempt, in whatever way that is said; nothing
        follows one that fails or is cancelled. `input`: anything JSON can hold; default None: it gets the task that ended,
        with its result, as `get` of a client shows it. `options`: the other fields of a submit (`subject`: default that of
        this task), see bide.client.Client.submit. At most 16 a task.

        A type that the server does not know, or any other field that it refuses, fails the attempt as bad_result. Raises
        ValueError for one too many, and for a datetime without a zone."""
        if len(self._followers) >= frames.FOLLOWERS:
            raise ValueError(f"more than {frames.FOLLOWERS} tasks to follow")
        said = {} if input is None else {"input": input}
        self._followers.append(follower({"type": type, **said, **options}))

    # the verdict: given for the handler when it returns or raises; in a batch it may come before the others'

    def done(self, result: Any = None) -> None:
        """In a batch: this task is completed, now. `result`: anything JSON can hold, up to 16 MiB. Once settled,
        whatever else is said about the task is not heard."""
        self._settle(lambda: self._done_frame(result))

    def fail(self, error: BaseException) -> None:
        """In a batch: this task has failed, now, with this exception."""
        self._settle(lambda: {"op": "fail", **failure(error, self.retry_on, self.no_retry)})

    def obey(self) -> None:
        """It has ended as cancelled. Handlers raise Cancelled instead."""
        self._settle(lambda: {"op": "cancelled"})

    def _settle(self, make: Callable[[], Dict[str, Any]]) -> None:
        if self.settled:
            return
        frame = make()
        self.settled = True
        self._say(frame.pop("op"), **frame)

    def _done_frame(self, result: Any) -> Dict[str, Any]:
        try:
            text = frames.encode(result)
            frame: Dict[str, Any] = {"op": "done"}
            if self.files:
                frame["files"] = self.files
            if self._followers:
                frame["next"] = self._followers
            if len(text) + len(frames.encode(frame)) <= frames.PAYLOAD:
                frame["result"] = result
            else:
                frame["result_file"] = ".result.json"
                with open(os.path.join(self.dir, ".result.json"), "wb") as file:
                    file.write(text)
            frames.encode(frame)
            return frame
        except (TypeError, ValueError) as error:
            bad = BadResult(f"the result cannot be told as JSON: {error}")
            bad.__cause__ = error
            return {"op": "fail", **failure(bad), "type": type(error).__name__}
        except OSError as error:  # it could not be stored
            return {"op": "fail", **failure(error)}

    def _say(self, op: str, **fields: Any) -> None:
        if self.settled and op not in ("done", "fail", "cancelled"):
            return
        frame = {"op": op, "id": self.id, **fields}
        if self.fence is not None:
            frame["fence"] = self.fence
        with self._lock:  # no interrupt in the middle of a line
            self._send(frame)

    # for those who run handlers

    def share(self) -> None:
        """It runs in a batch from now on: only `cancelled` tells of a cancel."""
        self._raises = False

    def cancel(self, reason: Optional[str] = None) -> None:
        """Sets the flag, and interrupts the handler when it can be. Called by the thread that reads."""
        with self._lock:
            first, self._cancelled = not self._cancelled, True
            self.cancel_reason = self.cancel_reason or reason
            if first and self._interrupt:
                self._interrupt()

    @contextlib.contextmanager
    def interrupted_by(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """While this holds, a cancel also calls `interrupt` once, from the thread that reads."""
        with self._lock:
            self._interrupt = interrupt
        try:
            yield
        finally:
            with self._lock:
                self._interrupt = None
