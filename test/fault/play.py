# SPDX-License-Identifier: Apache-2.0
"""Plays a scenario with the nth call of a kind failing, for n = 1, 2, ... until it runs through untouched. Where that is
too much, a seeded sample is taken; what was played of how many is printed."""
import random

from faults import FOREVER, MAP, MEMORY, OPEN, READ
from world import SEED


def once(w, scenario, n, kinds, span=1, unnoticed=False, **how):
    """Returns False when the scenario ran through untouched. `span`: so many calls in a row fail; `unnoticed`:
    nobody may notice."""
    it = scenario.ready(w)
    w.reads_fail = bool(kinds & (READ | MAP | OPEN | MEMORY))
    w.faults.arm(kinds, first=n, last=min(n + span - 1, FOREVER), **how)
    answer = scenario.act(w, it)
    struck = w.faults.hits() > 0
    w.recover()
    try:
        scenario.judge(w, it, answer)
        if not struck or unnoticed:
            assert scenario.fine(answer), answer
    except (AssertionError, OSError) as error:
        raise AssertionError(f"{type(scenario).__name__}, call {n} of {kinds} {how}: {error}; {w.bide.text()[-1500:]}") from error
    return struck


def length(w, scenario, kinds, **how):
    """Plays it untouched. Returns how many calls there were."""
    assert not once(w, scenario, 2**63, kinds, **how)
    return w.faults.seen()


def all_of_them(w, scenario, kinds, most, **how):
    """Returns how many calls were made to fail, and of how many."""
    length(w, scenario, kinds, **how)  # what is done once, such as preparing statements, is not done each time
    calls = length(w, scenario, kinds, **how)
    played = 0
    if calls <= most:
        while played < 3 * most and once(w, scenario, played + 1, kinds, **how):
            played += 1
    else:
        for n in random.Random(SEED).sample(range(1, calls + 1), min(calls, 2 * most)):
            played += once(w, scenario, n, kinds, **how)
            if played == most:
                break
    assert not once(w, scenario, 2**63, kinds, **how), "after all that it goes on as before"
    return played, max(calls, played)
