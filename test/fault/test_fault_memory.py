# SPDX-License-Identifier: Apache-2.0
"""Allocations failing, one in turn or all from one on. The server answers a refusal and goes on, or it ends at once and
leaves no process; then its successor has everything that was acknowledged. There are thousands of allocations in a
scenario: a seeded sample of them is played (BIDE_FAULT_MEMORY, 24: how many
of each scenario)."""
import errno
import os

import pytest
from faults import FOREVER, MEMORY
from play import all_of_them
from scenarios import ALL
from world import SEED, World

MOST = int(os.environ.get("BIDE_FAULT_MEMORY", "24"))


def play(serve, scenarios, **how):
    w = World(serve)
    counts = {}
    for scenario in scenarios:
        counts[scenario.__name__] = all_of_them(w, scenario(), most=MOST, kinds=MEMORY, error=errno.ENOMEM, **how)
    w.all_there()
    print(f"BIDE_FAULT_SEED={SEED}; {sum(n for n, _ in counts.values())} of {sum(n for _, n in counts.values())} allocations, "
          f"{w.lives} of them ended the server: {counts}")


@pytest.mark.parametrize("half", (0, 1))
def test_whatever_allocation_fails_it_refuses_or_ends_and_has_everything(serve, half):
    play(serve, ALL[half::2])


def test_when_no_allocation_succeeds_any_more_it_ends_at_once_and_has_everything(serve):
    play(serve, ALL[::3], last=FOREVER)
