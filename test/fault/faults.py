# SPDX-License-Identifier: Apache-2.0
"""The test's end of interpose.c: says which calls of a server fail, die or dawdle, and counts them.

A server made by `Faults.into` has the library preloaded; its workers have not. Rules may be armed while it runs, and hold
for its next life too. Where the library cannot be (sanitizer trees do not build it), tests skip.
"""
import errno
import mmap
import os
import struct
from pathlib import Path

import pytest
from harness import BIDE

LIBRARY = Path(os.environ.get("BIDE_BUILD") or Path(BIDE).parent) / "test/libinterpose.so"

MEMORY, WRITE, SYNC, TRUNCATE, OPEN, SPAWN, ACCEPT, READ, MAP, PIPE, FOLDER, PIDFD = (1 << n for n in range(12))
STORE, FILES, PIPES, SOCKETS, OTHER = (1 << n for n in range(5))
ANYWHERE = STORE | FILES | PIPES | SOCKETS | OTHER
FAIL, HALF, DELAY, KILL_BEFORE, KILL_HALFWAY, KILL_AFTER = range(6)
FOREVER = 2**64 - 1

RULE = struct.Struct("<IIIIiIQQQQ")
RULES = 4
KILLS = (KILL_BEFORE, KILL_HALFWAY, KILL_AFTER)


class Faults:
    """The page shared with the server."""

    def __init__(self, directory):
        self.path = Path(directory) / "faults"
        self.path.write_bytes(bytes(RULE.size * RULES))
        with open(self.path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), RULE.size * RULES)

    @classmethod
    def into(cls, server):
        """Prepares a server that has not been started."""
        if not LIBRARY.exists():
            pytest.skip(f"{LIBRARY} was not built: calls cannot be made to fail in this tree")
        faults = cls(server.dir)
        server.env.update(LD_PRELOAD=str(LIBRARY), FAULT_CONTROL=str(faults.path))
        return faults

    def arm(self, kinds, first=1, last=None, deed=FAIL, error=errno.EIO, places=ANYWHERE, delay_ms=0, rule=0):
        """The calls FIRST to LAST (the first alone) of these kinds, counted from now, get the deed."""
        self.disarm(rule)
        RULE.pack_into(self.page, rule * RULE.size, 0, kinds, places, deed, error, delay_ms, first, last or first, 0, 0)
        struct.pack_into("<I", self.page, rule * RULE.size, 1)

    def disarm(self, rule=None):
        for one in range(RULES) if rule is None else (rule,):
            struct.pack_into("<I", self.page, one * RULE.size, 0)

    def seen(self, rule=0):
        """Calls of the rule's kinds since it was armed."""
        return RULE.unpack_from(self.page, rule * RULE.size)[8]

    def hits(self, rule=0):
        """How many of them it struck."""
        return RULE.unpack_from(self.page, rule * RULE.size)[9]
