# SPDX-License-Identifier: Apache-2.0
"""What a command can tell the server beside its result: frames on descriptor 4 (doc/protocol.md, the exec handler)."""
import json
import os


def say(op, **members):
    """`op`: progress, fail, ..."""
    line = json.dumps({"op": op, **members}).encode() + b"\n"
    while line:
        line = line[os.write(4, line) :]
