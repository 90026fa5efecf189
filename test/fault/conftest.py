# SPDX-License-Identifier: Apache-2.0
"""The fixtures of test/api, for the suites that make calls fail."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))

from fixtures import pytest_sessionstart, serve  # noqa: E402,F401
