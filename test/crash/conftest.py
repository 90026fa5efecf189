# SPDX-License-Identifier: Apache-2.0
"""The fixtures of test/api and the faults of test/fault, for the crash suites."""
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("api", "fault")]

from fixtures import pytest_sessionstart, serve  # noqa: E402,F401
