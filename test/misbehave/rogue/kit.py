# SPDX-License-Identifier: Apache-2.0
"""What the evils are made of, and the bounds that keep them from endangering the machine they run on: a process ends
itself after LIFE seconds, the fork bomb has a fixed number of forks for all its processes together, what eats memory
stops at EATEN bytes, a flood is streamed and ends at FLOOD bytes."""
import json
import os
import signal
import sys
import time

OUT = 4
LIFE = 60
FLOOD = 8 << 30
WAVE = 64 << 20  # a flood brings at least this much, which is more than a server may grow by
EATEN = 512 << 20
FORKS = 200
MIB = b"x" * (1 << 20)
PLENTY = "enough"  # a file: floods end when the test has seen enough
COMMAND = len(sys.argv) > 1
EVILS = {}
fences = {}  # of each task, the fences it was given with
begun = b""


def evil(function):
    EVILS[function.__name__.replace("_", "-")] = function
    return function


def write(fd, data):
    while data:
        data = data[os.write(fd, data) :]


def say(**frame):
    write(OUT, json.dumps(frame).encode() + b"\n")


def frame():
    """The next frame; ends the process at end of file."""
    global begun
    while b"\n" not in begun:
        data = os.read(3, 65536)
        if not data:
            sys.exit(0)
        begun += data
    line, _, begun = begun.partition(b"\n")
    return json.loads(line)


def about(task):
    return {} if COMMAND else {"id": task["id"], "fence": task["fence"]}


def done(task, result="rogue", **more):
    say(op="done", result=result, **more, **about(task))
    return True


def fail(task, **more):
    say(op="fail", **more, **about(task))
    return True


def on():
    """The evil is under way: the test may look, or ask for its end."""
    open("on", "w").close()


def hang():
    on()
    while True:
        time.sleep(LIFE)  # sleep: for ever, as far as anybody waits


def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def child():
    """Forks. True in the child, which is deaf and does not outlive LIFE."""
    if os.fork():
        return False
    deaf()
    signal.alarm(LIFE)
    return True


def leave(away):
    """A process that stays, and whose parent is gone. Returns when it is where `away` takes it."""
    there, tell = os.pipe()
    if child():
        away()
        if child():
            os.write(tell, b"x")
            hang()
        os._exit(0)
    os.read(there, 1)


def spread(fd, piece):
    """Writes the piece again and again, until the test has seen enough of it."""
    on()
    sent = 0
    while sent < FLOOD and (sent < WAVE or not os.path.exists(PLENTY)):
        for _ in range(max(1, (1 << 20) // len(piece))):
            write(fd, piece)
            sent += len(piece)
