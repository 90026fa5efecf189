# SPDX-License-Identifier: Apache-2.0
"""A program that misbehaves in the way it is asked to: as a worker (a task's input is {"evil": NAME, "times": N}, N
attempts of it do so) or as a command (`rogue NAME DIR ATTEMPT`). Each evil is a function of talk, deeds or files; what
bide has to do about it stands in ../evils.py. In the environment START is a way to fail at the start, STARTS how many
starts do so.
"""
import os
import resource
import signal
import sys

import deeds  # noqa: F401
import files  # noqa: F401
import talk  # noqa: F401
from kit import COMMAND, EVILS, LIFE, OUT, done, fences, frame, hang, say, write


def misbegin(how):
    open("starts", "a").close()
    with open("starts", "r+") as file:
        count = len(file.read()) + 1
        file.write("s")
    if count > int(os.environ.get("STARTS", "1")):
        return
    if how == "dies":
        sys.exit(f"no model, at start {count}")
    elif how == "junk":
        write(OUT, b"Loading the model...\n")
    elif how == "proto":
        say(op="ready", proto=2)
    elif how == "mute":
        say(op="ready")
    elif how == "eager":
        say(op="done", id="00000000-0000-7000-8000-000000000000", result="before I am ready")
        say(op="progress", percent=100)
        return
    elif how == "stops":
        os.kill(os.getpid(), signal.SIGSTOP)
    hang()


def work():
    while True:
        said = frame()
        for task in said.get("tasks", []):
            fences.setdefault(task["id"], []).append(task["fence"])
            given = task["input"]
            asked = given["evil"] if task["attempt"] <= given.get("times", 1000) else "none"
            if not EVILS[asked](task):
                done(task)
        if said["op"] == "stop":
            sys.exit(0)


signal.alarm(LIFE)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
if COMMAND:
    if not EVILS[sys.argv[1]]({"dir": sys.argv[2], "attempt": int(sys.argv[3])}):
        print('"rogue"')
else:
    if "START" in os.environ:
        misbegin(os.environ["START"])
    say(op="ready", proto=1)
    work()
