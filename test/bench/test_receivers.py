# SPDX-License-Identifier: Apache-2.0
"""receivers.py: every webhook is counted once, and those to the dead are not waited for."""
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import receivers  # noqa: E402
from fixtures import serve  # noqa: E402,F401


@pytest.fixture
def three():
    made = receivers.Receivers(3)
    yield made
    made.close()


@pytest.mark.parametrize("dead", [set(), {1}])
def test_each_webhook_to_a_receiver_that_answers_is_measured(serve, three, dead):  # noqa: F811
    three.dead = dead
    late = receivers.measure(serve(receivers.CONFIG), three, 2)
    assert len(late) == 2 * (3 - len(dead)) and all(ms >= 0 for ms in late), late
