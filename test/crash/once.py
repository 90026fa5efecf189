#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A worker of which no two may be alive at a time: it "loads a model" by taking an exclusive lock on LOCK, the only copy
there is room for, holds it as long as it lives, and says in TWICE when somebody else has it.

Its task appends its name to a file: {"note": NAME}, or fails when told so: {"note": NAME, "fail": true}. Small and without
json for what it says, so that a hundred starts cost little.
"""
import fcntl
import json
import os
import sys

lock = os.open(os.environ["LOCK"], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)


def write(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, text.encode())
    os.close(fd)


try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    write(os.environ["TWICE"], f"{os.getpid()}\n")
    sys.exit("there is a second copy of this model")

os.write(4, b'{"op":"ready","proto":1}\n')
for line in os.fdopen(3):
    frame = json.loads(line)
    if frame["op"] == "stop":
        break
    for task in frame.get("tasks", []):
        given = task["input"]
        write(os.environ["NOTES"], given["note"] + "\n")
        fail = given.get("fail") and not (task["attempt"] > 1 and given["fail"] == "once")
        op = '"op":"fail","message":"sorry"' if fail else '"op":"done","result":%s' % json.dumps(given["note"])
        os.write(4, ('{%s,"id":"%s","fence":"%s"}\n' % (op, task["id"], task["fence"])).encode())
