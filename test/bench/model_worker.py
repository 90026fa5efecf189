#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A model that is nothing but slow: `model_worker.py LOAD_S TASK_S`."""
import json
import os
import sys
import time

load_s, task_s = map(float, sys.argv[1:])
frames, out = os.fdopen(3), os.fdopen(4, "w")


def say(frame):
    out.write(json.dumps(frame) + "\n")
    out.flush()


time.sleep(load_s)  # sleep: what it stands for takes time
say({"op": "ready", "proto": 1})
for line in frames:
    frame = json.loads(line)
    for task in frame.get("tasks", ()):
        time.sleep(task_s)  # sleep: the same
        say({"op": "done", "id": task["id"], "fence": task["fence"], "result": {}})
    if frame["op"] == "stop":
        break
