# SPDX-License-Identifier: Apache-2.0
"""For tests: NOVEL_TROUBLE names a file of lines `VERB PLACE CHAPTER`. While one is for this place and chapter, that is what
happens there: `raise`, `kill` (of this process), or `wait` until the line is gone."""
import os
import signal
import time


def at(place, chapter, check=lambda: None):
    """`check` is called while it waits; what it raises rises."""
    while True:
        path = os.environ.get("NOVEL_TROUBLE")
        verb = _verb(path, place, chapter) if path and os.path.exists(path) else None
        if verb == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if verb == "raise":
            raise RuntimeError(f"trouble at {place}")
        if verb != "wait":
            return
        check()
        time.sleep(0.01)  # sleep: until the next look


def _verb(path, place, chapter):
    with open(path, encoding="ascii") as file:
        for line in file:
            verb, where, whose = line.split()
            if (where, whose) == (place, str(chapter)):
                return verb
    return None
