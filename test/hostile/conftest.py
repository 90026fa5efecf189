# SPDX-License-Identifier: Apache-2.0
"""The fixtures of test/api, for the hostile suites."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))

from crowd import CONFIG  # noqa: E402
from fixtures import pytest_sessionstart, serve  # noqa: E402,F401


@pytest.fixture
def bide(serve):  # noqa: F811
    return serve(CONFIG)
