# SPDX-License-Identifier: Apache-2.0
"""Everything that starting a program needs, failing in turn: the process, its pipes, its pidfd, files and folders. It is
never the task's fault: it goes back to its place and completes; what was accepted is there, and the server runs on."""
import errno

import pytest
from faults import FILES, FOLDER, OPEN, OTHER, PIDFD, PIPE, READ, SPAWN, SYNC, WRITE
from play import all_of_them
from scenarios import CancelRunning, Collect, Delete, FileTask, Reload, Retry, Work, WorkerStart
from world import SEED, World

CALLS = {
    "process": dict(kinds=SPAWN, error=errno.EAGAIN),
    "pipe": dict(kinds=PIPE | PIDFD, error=errno.EMFILE),
    "open": dict(kinds=OPEN, error=errno.EMFILE, places=FILES | OTHER),
    "file": dict(kinds=WRITE | SYNC | READ, error=errno.ENOSPC, places=FILES),
    "folder": dict(kinds=FOLDER, error=errno.ENOSPC),
}


@pytest.mark.parametrize("call", CALLS)
def test_whatever_a_process_needs_fails_its_task_completes(serve, call):
    w = World(serve)
    counts = {}
    for scenario in (Work, WorkerStart, FileTask, CancelRunning, Retry, Delete, Collect, Reload):
        counts[scenario.__name__] = all_of_them(w, scenario(), most=16, **CALLS[call])
        assert w.alive(), f"{scenario.__name__} ended the server: {w.bide.text()}"
    w.all_there()
    print(f"BIDE_FAULT_SEED={SEED}; {call}: {sum(n for n, _ in counts.values())} of {sum(n for _, n in counts.values())} calls: {counts}")
