# SPDX-License-Identifier: Apache-2.0
"""Allocations failing, one in turn or all from one on. The server answers a refusal and goes on, or it ends at once and
leaves no process; then its successor has everything that was acknowledged. There are thousands of allocations in a
scenario: a seeded sample of them is played (BIDE_FAULT_MEMORY, 16: how many
of each scenario)."""
import errno
import os
import random

import pytest
from faults import FOREVER, MEMORY
from play import all_of_them
from scenarios import ALL, Reload
from world import FAR, SEED, World

MOST = int(os.environ.get("BIDE_FAULT_MEMORY", "16"))


def play(serve, scenarios, most=MOST, **how):
    w = World(serve)
    counts = {}
    for scenario in scenarios:
        counts[scenario.__name__] = all_of_them(w, scenario(), most=most, kinds=MEMORY, error=errno.ENOMEM, **how)
    w.all_there()
    print(f"BIDE_FAULT_SEED={SEED}; {sum(n for n, _ in counts.values())} of {sum(n for _, n in counts.values())} allocations, "
          f"{w.lives} of them ended the server: {counts}")


@pytest.mark.parametrize("half", (0, 1))
def test_whatever_allocation_fails_it_refuses_or_ends_and_has_everything(serve, half):
    play(serve, ALL[half::2], most=25 * MOST)  # all of them, but for the three longest


def test_when_no_allocation_succeeds_any_more_it_ends_at_once_and_has_everything(serve):
    play(serve, ALL[::3], span=FOREVER)


def test_whatever_allocation_of_a_reload_fails_it_takes_over_all_or_nothing(serve):
    play(serve, [Reload], most=1000)


def test_a_refused_request_for_which_memory_was_short_twice_leaves_nothing_behind(serve):
    """The second time it is the rollback that has none: nothing of what was refused may stand, or be in the way."""
    w, played = World(serve), 0
    for n in random.Random(SEED).sample(range(1, 260), 3 * MOST):
        w.restart()  # statements are prepared once
        body = {"type": "cat", "delay_ms": FAR, "subject": w.name()}
        w.faults.arm(MEMORY, first=n, last=n + 1, error=errno.ENOMEM)
        answer = w.ask("POST", "/v1/tasks", body, {"Idempotency-Key": body["subject"]})
        played += w.faults.hits() > 0
        w.recover()
        assert not answer.ok or len(w.about(body["subject"])) == 1
        again = w.sure("POST", "/v1/tasks", body, {"Idempotency-Key": body["subject"]}).json
        w.accepted[again["id"]] = body["subject"]
        assert [task["id"] for task in w.about(body["subject"])] == [again["id"]], f"allocation {n}"
    w.all_there()
    print(f"BIDE_FAULT_SEED={SEED}; {played} of 260 allocations")


def test_when_several_allocations_in_a_row_fail_it_refuses_or_ends_and_has_everything(serve):
    play(serve, ALL[1::3], span=7)
