# SPDX-License-Identifier: Apache-2.0
"""Plays a scenario with the nth call of a kind failing, for n = 1, 2, ... until it runs through untouched. Where that is
too much, a seeded sample is taken; what was played of how many is printed."""
import random

from faults import MAP, MEMORY, OPEN, READ
from world import SEED


def once(w, scenario, n, kinds, **how):
    """Returns False when the scenario ran through untouched."""
    it = scenario.ready(w)
    w.reads_fail = bool(kinds & (READ | MAP | OPEN | MEMORY))
    w.faults.arm(kinds, first=n, **how)
    answer = scenario.act(w, it)
    struck = w.faults.hits() > 0
    w.recover()
    try:
        scenario.judge(w, it, answer)
        if not struck:
            assert scenario.fine(answer), answer
    except AssertionError as error:
        raise AssertionError(f"{type(scenario).__name__}, call {n} of {kinds} {how}: {error}; {w.bide.text()[-1500:]}") from error
    return struck


def length(w, scenario, kinds, **how):
    """Plays it untouched. Returns how many calls there were."""
    assert not once(w, scenario, 2**63, kinds, **how)
    return w.faults.seen()


def all_of_them(w, scenario, kinds, most, **how):
    """Returns how many calls were made to fail, and of how many."""
    calls = length(w, scenario, kinds, **how)
    if calls <= most:
        n = 1
        while n <= 3 * most and once(w, scenario, n, kinds, **how):
            n += 1
        played, calls = n - 1, max(calls, n - 1)
    else:
        some = sorted(random.Random(SEED).sample(range(1, calls + 1), most))
        played = sum(once(w, scenario, n, kinds, **how) for n in some)
    assert not once(w, scenario, 2**63, kinds, **how), "after all that it goes on as before"
    return played, calls
