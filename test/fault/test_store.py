# SPDX-License-Identifier: Apache-2.0
"""Every write, sync, read and truncation of the store failing in turn, under every scenario: with an I/O error, and writes
also for want of room. The server refuses what it could not store (503, 507), tells no untruth, keeps running, and goes on
when the disk is well."""
import errno

import pytest
from faults import HALF, MAP, READ, STORE, SYNC, TRUNCATE, WRITE
from play import all_of_them
from scenarios import ALL
from world import SEED, World

CALLS = {
    "write": dict(kinds=WRITE, error=errno.EIO),
    "write-full": dict(kinds=WRITE, error=errno.ENOSPC),
    "write-half": dict(kinds=WRITE, deed=HALF),
    "sync": dict(kinds=SYNC | TRUNCATE, error=errno.EIO),
    "sync-full": dict(kinds=SYNC, error=errno.ENOSPC),
    "interrupted": dict(kinds=WRITE | READ | TRUNCATE, error=errno.EINTR, unnoticed=True),
    "read": dict(kinds=READ | MAP, error=errno.EIO),
}


@pytest.mark.parametrize("call", CALLS)
def test_whatever_call_of_the_store_fails_no_answer_is_wrong_and_it_goes_on(serve, call):
    w = World(serve)
    counts = {}
    for scenario in ALL:
        counts[scenario.__name__] = all_of_them(w, scenario(), most=24, places=STORE, **CALLS[call])
        assert w.alive(), f"{scenario.__name__} ended the server: {w.bide.text()}"
    w.all_there()
    print(f"BIDE_FAULT_SEED={SEED}; {call}: {sum(n for n, _ in counts.values())} of {sum(n for _, n in counts.values())} calls: {counts}")
