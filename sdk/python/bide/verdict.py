# SPDX-License-Identifier: Apache-2.0
"""How an attempt ends other than well: what a handler raises, and the `fail` frame that is made of it."""
import traceback
from typing import Any, Dict, Optional, Tuple, Type

from bide import frames

Classes = Tuple[Type[BaseException], ...]


class Cancelled(BaseException):
    """The task was cancelled or ran out of time: let it rise. (Like KeyboardInterrupt it is no Exception, so that
    `except Exception` does not swallow it.)"""


class Fail(Exception):
    """Ends the attempt as failed.

    `code`: a stable word such as invalid_input. `message`: one sentence for people (up to 4 KiB). `retry`: whether
    another attempt could succeed; False ends the task at once, None (the default) leaves it to the code's own rule.
    `retry_after_ms`: how long to wait before that attempt, default 0: the configured backoff. `detail`: anything
    longer, such as another program's output (up to 32 KiB; default: the traceback of the exception it was raised
    from). `recycle`: this process should be replaced after the task, default False."""

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


class Retry(Fail):
    """Ends the attempt as failed and asks for another one.

    `message`: why. `after`: seconds until then, default 0: the configured backoff. It counts as a failure: after
    `max_attempts` of them the task has failed. `code`, `detail`: as for Fail."""

    def __init__(
        self, message: str = "to be tried again", *, after: float = 0, code: str = "worker_error", detail: str = ""
    ) -> None:
        if after < 0:
            raise ValueError("after: a number of seconds from 0")
        super().__init__(code, message, retry=True, retry_after_ms=round(after * 1000), detail=detail)


class BadResult(ValueError):
    """The handler's result cannot be told as JSON that bide takes."""


def failure(error: BaseException, retry_on: Optional[Classes] = None, no_retry: Classes = ()) -> Dict[str, Any]:
    """The fields of a fail frame. `retry_on`, `no_retry`: see bide.worker.Worker.task. Never raises."""
    fields: Dict[str, Any] = {"code": "worker_error", "message": _words(error)}
    if isinstance(error, Fail):
        detail = error.detail or (_trace(error.__cause__) if error.__cause__ else "")
        fields["code"], fields["detail"] = _words(error.code), _words(detail)
        fields["retry_after_ms"], fields["recycle"] = error.retry_after_ms, bool(error.recycle)
        if error.retry is not None:
            fields["retry"] = bool(error.retry)
    else:
        fields["detail"] = _trace(error)
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            fields["recycle"] = True
        elif isinstance(error, BadResult):
            fields["code"] = "bad_result"
        elif no_retry and isinstance(error, no_retry):
            fields["retry"] = False
        elif retry_on is not None:
            fields["retry"] = isinstance(error, retry_on)
    fields["type"] = frames.clip(type(error).__name__, frames.NAME)
    fields["code"] = frames.clip(fields["code"], frames.NAME)
    fields["message"] = frames.clip(fields["message"], frames.MESSAGE)
    fields["detail"] = frames.clip_tail(fields["detail"], frames.DETAIL)
    return fields


def _words(value: Any) -> str:
    """Its text; of an exception that has none, its class."""
    try:
        return str(value) or (type(value).__name__ if isinstance(value, BaseException) else "")
    except Exception:
        return type(value).__name__


def _trace(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception:  # its __str__ raises
        return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
