# SPDX-License-Identifier: Apache-2.0
"""What the inline routes refuse with: a problem as the server would give it."""
from typing import Any, Optional


class Refusal(Exception):
    def __init__(self, status: int, code: str, detail: str, pointer: Optional[str] = None, **more: Any) -> None:
        super().__init__(f"{pointer}: {detail}" if pointer else detail)
        self.status = status
        self.body = {"status": status, "code": code, "detail": detail, "request_id": "inline", **more}
        if pointer is not None:
            self.body["errors"] = [{"pointer": pointer, "detail": detail}]
