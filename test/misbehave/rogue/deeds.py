# SPDX-License-Identifier: Apache-2.0
"""What a process does that it should not: to itself, to its descriptors, to its keeper, and whom it leaves behind."""
import os
import signal
import sys
import time

from kit import COMMAND, EATEN, FORKS, MIB, OUT, child, deaf, done, evil, hang, leave, on, write


# ---- how it lives and dies ----


@evil
def exits(task):
    print("that was it", file=sys.stderr, flush=True)
    os._exit(0)


@evil
def segfaults(task):
    os.kill(os.getpid(), signal.SIGSEGV)


@evil
def eats_memory(task):
    on()
    kept = []
    while len(kept) < EATEN >> 20:
        kept.append(bytearray(MIB))
    raise MemoryError("as much as it takes by itself")


@evil
def computes_and_is_deaf(task):
    deaf()
    on()
    while True:
        pass


@evil
def stops_itself(task):
    on()
    os.kill(os.getpid(), signal.SIGSTOP)
    hang()


@evil
def stops_itself_and_is_deaf(task):
    deaf()
    on()
    while True:
        os.kill(os.getpid(), signal.SIGSTOP)


@evil
def stops_its_keeper(task):
    deaf()
    os.kill(os.getppid(), signal.SIGSTOP)
    hang()


@evil
def stops_its_keeper_for_good(task):
    keeper = os.getppid()
    for _ in range(2):
        if child():
            os.setsid()
            while True:
                os.kill(keeper, signal.SIGSTOP)
    deaf()
    hang()


@evil
def kills_its_keeper(task):
    leave(os.setsid)
    os.kill(os.getppid(), signal.SIGKILL)
    hang()


@evil
def kills_its_group(task):
    os.killpg(0, signal.SIGKILL)


@evil
def fork_bomb(task):
    """FORKS tokens in a pipe, one for each fork of all the processes together."""
    tokens, fill = os.pipe()
    os.write(fill, b"t" * FORKS)
    os.set_blocking(tokens, False)
    deaf()
    on()
    while True:
        try:
            os.read(tokens, 1)
        except BlockingIOError:
            hang()
        try:
            if child():
                os.setpgid(0, 0) if os.getpid() % 3 else os.setsid()
        except BlockingIOError:
            open("no-more-processes", "w").close()


# ---- what it leaves behind ----


@evil
def grandchild_holds_the_pipes(task):
    if child():
        hang()
    os._exit(0 if COMMAND else 3)


@evil
def grandchild_in_its_own_session(task):
    leave(os.setsid)
    os._exit(0 if COMMAND else 3)


@evil
def grandchild_in_its_own_group(task):
    leave(os.setpgrp)
    deaf()
    hang()


@evil
def grandchild_talks_after_the_end(task):
    done(task, "first")
    if child():
        write(OUT, b"still here\n")
        hang()
    return True


# ---- its descriptors ----


@evil
def closes_frames_out(task):
    os.close(OUT)
    hang()


@evil
def closes_everything(task):
    os.closerange(0, 1024)
    hang()


@evil
def closes_frames_in(task):
    done(task)
    os.close(3)
    hang()


@evil
def never_reads_stdin(task):
    done(task)
