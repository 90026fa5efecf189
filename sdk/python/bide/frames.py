# SPDX-License-Identifier: Apache-2.0
"""Frames of bide/1: one JSON object a line, in over one descriptor, out over another.

A line that is not JSON, or is too long, would end the worker, so nothing leaves here that could be one: no NaN, no
lone surrogate, no name twice in one object, no depth or number of values that the server refuses, no line over the
limit. Any thread may write; a line goes out whole.
"""
import json
import os
import threading
from typing import Any, Dict, Iterator, Mapping, Optional

LINE = 1024 * 1024 + 64 * 1024  # longest line either way, in bytes
PAYLOAD = 1024 * 1024  # a larger result travels as a file
MESSAGE = 4 * 1024  # a message, in bytes
DETAIL = 32 * 1024  # error.detail, in bytes
NAME = 200  # a type, a code, the class of an error, in bytes
FILES = 256  # output files of one attempt
FOLLOWERS = 16  # tasks to follow one attempt
_DEPTH = 64  # nesting of a payload
_VALUES = 1_000_000  # values of one text, members and elements
_PIECE = 64 * 1024  # characters of log or output in one frame


def encode(value: Any, depth: int = _DEPTH) -> bytes:
    """JSON text in UTF-8, such as the server takes. Raises ValueError or TypeError for what it would refuse."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise ValueError(f"nested deeper than {depth} levels") from None
    _check(value, depth)
    return text.encode("utf-8", "replace")  # a lone surrogate becomes "?"


def line(frame: Mapping[str, Any]) -> bytes:
    """A frame as it is sent. Raises ValueError, TypeError for what bide would not take, or when it is too long."""
    text = encode(frame, _DEPTH + 1) + b"\n"
    if len(text) > LINE:
        raise ValueError(f"a frame {frame.get('op')!r} of {len(text)} bytes: the limit is {LINE}")
    return text


def _check(value: Any, depth: int) -> None:
    """Level by level, so that no depth is too deep for this to tell."""
    level, count = [value], 1
    while level:
        if depth < 0:
            raise ValueError(f"nested deeper than {_DEPTH} levels")
        depth -= 1
        below = []
        for one in level:
            if isinstance(one, dict):
                _check_names(one)
                count += len(one)
                below += [v for v in one.values() if isinstance(v, (dict, list, tuple))]
            elif isinstance(one, (list, tuple)):
                count += len(one)
                below += [v for v in one if isinstance(v, (dict, list, tuple))]
        if count > _VALUES:
            raise ValueError(f"more than {_VALUES} values")
        level = below


def _check_names(members: Dict[Any, Any]) -> None:
    names = {name if isinstance(name, str) else json.dumps(name) for name in members}
    if len(names) < len(members):
        raise ValueError("an object with the same name twice (a key that is no text counts as its text)")
    if any("\0" in name for name in names):
        raise ValueError("a NUL character in a name")


def clip(text: Optional[str], limit: int) -> Optional[str]:
    """The first `limit` bytes of the text, never half a character."""
    if text is None:
        return None
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")


def clip_tail(text: str, limit: int) -> str:
    """The last `limit` bytes: of a traceback, the end says most."""
    return text.encode("utf-8", "replace")[-limit:].decode("utf-8", "ignore")


def pieces(text: str) -> Iterator[str]:
    for at in range(0, len(text), _PIECE):
        yield text[at : at + _PIECE]


class Channel:
    """The two descriptors. Raises OSError when they are not open."""

    def __init__(self, fd_in: int, fd_out: int) -> None:
        for fd in (fd_in, fd_out):
            os.set_inheritable(fd, False)  # a program that a handler starts must not hold the channel open
        self._in = os.fdopen(fd_in, "rb")
        self._out = fd_out
        self._lock = threading.Lock()

    def read(self) -> Optional[Dict[str, Any]]:
        """The next frame; None at the end. Raises ValueError for a line that is no object."""
        line = self._in.readline()
        if not line.endswith(b"\n"):
            return None  # end of file; half a line is none
        frame = json.loads(line)
        if not isinstance(frame, dict):
            raise ValueError("a frame must be an object")
        return frame

    def finish(self) -> None:
        """The worker has ended. All that it said is with bide."""

    def write(self, frame: Mapping[str, Any]) -> None:
        """Sends a frame. Raises as `line`, and BrokenPipeError when bide is gone."""
        left = memoryview(line(frame))
        with self._lock:
            while left:
                left = left[os.write(self._out, left) :]
