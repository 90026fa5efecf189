# SPDX-License-Identifier: Apache-2.0
"""models.py: it runs, and a model that is loaded is kept for those who come while it is preferred."""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]

import models  # noqa: E402


def test_every_task_is_done_and_every_model_was_loaded_as_often_as_it_had_to_be():
    turn = models.play(prefer_warm=0, tasks=40, load_s=0.01)
    assert len(turn.waits) == 40
    assert models.MODELS <= turn.loads <= 40  # each was asked for, and no load is without a task
    assert re.fullmatch(r" +0 +40 +\d+ +[01]\.\d{3} +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+", models.row(turn))


def test_with_preference_a_model_serves_all_that_came_for_it():
    """All but the first clients' tasks are there before the first model is loaded, and each model is given a second at least."""
    turn = models.play(prefer_warm=1000, tasks=models.CLIENTS, load_s=0.2)
    assert turn.loads <= models.MODELS
