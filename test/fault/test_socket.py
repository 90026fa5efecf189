# SPDX-License-Identifier: Apache-2.0
"""Every accept, read and write of a connection, and of a worker's pipes, failing in turn. A client may lose its answer, a
worker its task; nothing that was answered is untrue, and a task whose worker was lost is run again."""
import errno

import pytest
from faults import ACCEPT, HALF, PIPES, READ, SOCKETS, WRITE
from play import all_of_them
from scenarios import ALL, CancelRunning, Work, WorkerStart, WorkerTask
from world import SEED, World

CALLS = {
    "accept": (ALL, dict(kinds=ACCEPT, error=errno.EMFILE)),
    "read": (ALL, dict(kinds=READ, error=errno.ECONNRESET, places=SOCKETS)),
    "write": (ALL, dict(kinds=WRITE, error=errno.EPIPE, places=SOCKETS)),
    "write-half": (ALL, dict(kinds=WRITE, deed=HALF, places=SOCKETS)),
    "interrupted": (ALL, dict(kinds=ACCEPT | READ | WRITE, error=errno.EINTR, places=PIPES | SOCKETS, unnoticed=True)),
    "pipe-read": ([Work, WorkerTask, WorkerStart, CancelRunning], dict(kinds=READ, error=errno.EIO, places=PIPES)),
    "pipe-write": ([Work, WorkerTask, WorkerStart, CancelRunning], dict(kinds=WRITE, error=errno.EPIPE, places=PIPES)),
}


@pytest.mark.parametrize("call", CALLS)
def test_whatever_call_of_a_connection_fails_only_that_is_lost(serve, call):
    scenarios, how = CALLS[call]
    w = World(serve)
    counts = {}
    for scenario in scenarios:
        counts[scenario.__name__] = all_of_them(w, scenario(), most=16, **how)
        assert w.alive(), f"{scenario.__name__} ended the server: {w.bide.text()}"
    w.all_there()
    print(f"BIDE_FAULT_SEED={SEED}; {call}: {sum(n for n, _ in counts.values())} of {sum(n for _, n in counts.values())} calls: {counts}")
