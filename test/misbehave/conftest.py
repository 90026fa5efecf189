# SPDX-License-Identifier: Apache-2.0
"""The fixtures of test/api, for the suite of misbehaving workers."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))

from fixtures import pytest_sessionstart  # noqa: E402,F401
from ring import home, ring  # noqa: E402,F401
