# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the suites in this folder."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import openapi  # noqa: E402
from fixtures import bide, elsewhere, pytest_sessionstart, remote, serve  # noqa: E402,F401

openapi.watch()
