# SPDX-License-Identifier: Apache-2.0
"""The fixtures of test/api, for the suites about stores of earlier versions."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from fixtures import pytest_sessionstart, serve  # noqa: E402,F401
