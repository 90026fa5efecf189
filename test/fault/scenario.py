# SPDX-License-Identifier: Apache-2.0
"""What a scenario is: something that a server does, which can be played again and again while calls fail underneath.

It has four steps: `ready` makes what it needs, while nothing fails; `act` does it, while something may, and returns the
answer; `judge` says, while nothing fails any more, whether that was true; and played without a fault it has to succeed
(`fine`).
"""
from harness import until


class Scenario:
    shows = False
    """Its answer is read after the commit: when that read fails, it is a refusal of what was done."""

    def ready(self, w):
        return None

    def act(self, w, it):
        raise NotImplementedError

    def judge(self, w, it, answer):
        """A success is true, a refusal is of the right kind and changed nothing."""
        if answer.ok:
            assert self.done(w, it, answer), f"{type(self).__name__}: {answer}, but it was not done"
        elif not answer.broken:
            w.refused(answer)
            either = self.shows and w.reads_fail and self.done(w, it, answer)
            assert either or self.undone(w, it), f"{type(self).__name__}: {answer}, but something was done"
        else:
            until(lambda: self.undone(w, it) or self.done(w, it, answer), f"{type(self).__name__}: it is done, or not")

    def done(self, w, it, answer):
        return True

    def undone(self, w, it):
        return True

    def fine(self, answer):
        return answer.ok
