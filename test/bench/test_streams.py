# SPDX-License-Identifier: Apache-2.0
"""streams.py: every change reaches every listener, and streams that hear nothing are there while submits are counted."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import streams  # noqa: E402
from fixtures import serve  # noqa: E402,F401


def test_each_change_reaches_each_listener(serve):  # noqa: F811
    assert len(streams.reach(serve(streams.CONFIG), listeners=5, changes=4)) == 20


def test_submits_are_counted_without_and_beside_idle_streams(serve):  # noqa: F811
    without, beside, before, after = streams.cost(serve(streams.CONFIG), idle=20, seconds=1, turns=1)
    assert len(without) == len(beside) == 1 and min(without + beside) > 0 and 0 < before <= after
