# SPDX-License-Identifier: Apache-2.0
"""A worker in bare lines that has several tasks at a time, and writes down which of them came in one frame.

Each task's input is {"name": TEXT, "gate": PATH, "then": WORD}: when there is a file PATH (at once, when there is no `gate`),
the task is over as WORD says: `done` (unless said), `fail` for good, or `die`, which ends the process with all that it has
open; with `"until": N` it dies so in the attempts before N, and is done in that. One with `"deaf": true` does not answer its
cancel.

Environment: MAX_BATCH and CONCURRENCY are what it says in ready (neither, when not set), FRAMES a file that gets a line for
each `run`: the process id and the names, with spaces.
"""
import json
import os
import select
import sys

IN, OUT = 3, 4
open_tasks = {}  # fence -> (task, how many came with it)


def say(op, task, **more):
    os.write(OUT, (json.dumps({"op": op, "id": task["id"], "fence": task["fence"], **more}) + "\n").encode())


def take(frame):
    if frame["op"] == "stop":
        sys.exit(0)
    if frame["op"] == "run":
        tasks = frame["tasks"]
        with open(os.environ["FRAMES"], "a", encoding="utf-8") as file:
            file.write(" ".join([str(os.getpid()), *(task["input"]["name"] for task in tasks)]) + "\n")
        open_tasks.update({task["fence"]: (task, len(tasks)) for task in tasks})
    if frame["op"] == "cancel" and frame["fence"] in open_tasks and not open_tasks[frame["fence"]][0]["input"].get("deaf"):
        say("cancelled", open_tasks.pop(frame["fence"])[0])


def end(task, together):
    then = task["input"].get("then", "done")
    if then == "die" and task["attempt"] < task["input"].get("until", task["attempt"] + 1):
        os._exit(9)
    if then == "fail":
        say("fail", task, code="invalid_input", message=f"no {task['input']['name']}", retry=False)
    else:
        say("done", task, result={"together": together, "pid": os.getpid(), "attempt": task["attempt"]})


claims = {name.lower(): int(os.environ[name]) for name in ("MAX_BATCH", "CONCURRENCY") if name in os.environ}
os.write(OUT, (json.dumps({"op": "ready", **claims}) + "\n").encode())
buffer = b""
while True:
    if select.select([IN], [], [], 0.005)[0]:
        data = os.read(IN, 65536)
        if not data:
            sys.exit(0)
        *lines, buffer = (buffer + data).split(b"\n")
        for line in lines:
            take(json.loads(line))
    for fence, (task, together) in list(open_tasks.items()):
        gate = task["input"].get("gate")
        if not gate or os.path.exists(gate):
            end(task, together)
            del open_tasks[fence]
