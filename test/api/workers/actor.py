# SPDX-License-Identifier: Apache-2.0
"""A worker that does what its task's input says, step by step: {"steps": [[VERB, ARGUMENT...], ...]}.

It speaks bide/1 in bare lines, without the SDK, so that it can also say what no worker should. Verbs:

    say FRAME          a frame about this task           raw TEXT           TEXT as it is, to the frame channel
    print TEXT [N]     on stdout, N times                error TEXT         on stderr
    sleep SECONDS      obeys a cancel                    until PATH         waits for a file, obeys a cancel
    deaf               ignores SIGTERM from here on      ignore PATH        waits for a file, deaf to cancel frames
    note PATH TEXT     appends a line to a file          file NAME TEXT     writes an output file
    child SECONDS      starts `sleep` in its own session exit N, kill N     ends this process
    resume             done with the checkpoint, if one was given
    done RESULT        fail FIELDS      silent           the verdict, or none; at the end: done with what it was given

Environment: LOADS names a file that gets a line per load, MODE a way to fail before ready (never, junk, exit), GATE a
file to wait for before ready, CONCURRENCY what to claim in ready.
"""
import json
import os
import select
import signal
import subprocess
import sys
import time

OUT = int(os.environ.get("BIDE_OUT", "4"))
IN = int(os.environ.get("BIDE_IN", "3"))
buffer = b""
waiting = []  # frames read while a task ran
cancelled = set()
loads = 0
served = 0


class Obeyed(Exception):
    pass


def write(text):
    data = text.encode()
    while data:
        data = data[os.write(OUT, data) :]


def say(**frame):
    write(json.dumps(frame) + "\n")


def read(seconds):
    """One frame, or None when none came in time. Ends the process at end of file."""
    global buffer
    while b"\n" not in buffer:
        if not select.select([IN], [], [], seconds)[0]:
            return None
        data = os.read(IN, 65536)
        if not data:
            sys.exit(0)
        buffer += data
    line, _, buffer = buffer.partition(b"\n")
    return json.loads(line)


def listen(task, seconds):
    """Waits a little; raises when a cancel for this task came."""
    frame = read(seconds)
    if frame and frame["op"] == "cancel":
        cancelled.add(frame["fence"])
    elif frame:
        waiting.append(frame)
    if task["fence"] in cancelled:
        raise Obeyed


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.005)  # sleep: until the next look


def step(task, verb, *args):
    """Returns True when it gave the verdict."""
    about = {"id": task["id"], "fence": task["fence"]}
    if verb == "say":
        say(**{**about, **args[0]})
    elif verb == "raw":
        write(args[0])
    elif verb == "print":
        print("\n".join([args[0]] * (args[1] if len(args) > 1 else 1)), flush=True)
    elif verb == "error":
        print(args[0], file=sys.stderr, flush=True)
    elif verb == "sleep":
        end = time.monotonic() + args[0]
        while time.monotonic() < end:
            listen(task, min(0.05, end - time.monotonic()) if end > time.monotonic() else 0)
    elif verb == "until":
        while not os.path.exists(args[0]):
            listen(task, 0.005)
    elif verb == "ignore":
        wait_for(args[0])
    elif verb == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif verb == "note":
        with open(args[0], "a") as file:
            file.write(args[1] + "\n")
    elif verb == "file":
        with open(os.path.join(task["dir"], args[0]), "w") as file:
            file.write(args[1])
    elif verb == "child":
        child = subprocess.Popen(["sleep", str(args[0])], start_new_session=True, stdin=subprocess.DEVNULL)
        say(op="progress", message=str(child.pid), **about)
    elif verb == "exit":
        os._exit(args[0])
    elif verb == "kill":
        os.kill(os.getpid(), args[0])
    elif verb == "resume":
        if task["resume"] is not None:
            say(op="done", result=task["resume"], **about)
        return task["resume"] is not None
    elif verb == "done":
        say(op="done", result=args[0], **about)
        return True
    elif verb == "fail":
        say(op="fail", **about, **args[0])
        return True
    elif verb == "silent":
        return True
    else:
        raise ValueError(verb)
    return False


def run(task):
    global served
    served += 1
    for name in ("input", "resume"):
        if name + "_file" in task:
            with open(os.path.join(task["dir"], task[name + "_file"])) as file:
                task[name] = json.load(file)
    given = task["input"]
    try:
        for one in given.get("steps", []) if isinstance(given, dict) else []:
            if step(task, *one):
                return
    except Obeyed:
        say(op="cancelled", id=task["id"], fence=task["fence"])
        return
    result = {"type": task["type"], "attempt": task["attempt"], "pid": os.getpid(), "loads": loads, "served": served}
    say(op="done", id=task["id"], fence=task["fence"], result={**result, "cwd": os.getcwd(), "dir": task["dir"]})


def load():
    global loads
    mode = os.environ.get("MODE")
    if mode == "junk":
        write("this is not a frame\n")
    while mode in ("junk", "never"):
        signal.pause()
    if mode == "exit":
        sys.exit("there is no model here")
    if "GATE" in os.environ:
        wait_for(os.environ["GATE"])
    loads += 1
    if "LOADS" in os.environ:
        with open(os.environ["LOADS"], "a") as file:
            file.write(f"{os.getpid()}\n")


load()
say(op="ready", proto=1, max_batch=1, concurrency=int(os.environ.get("CONCURRENCY", "1")))
while True:
    frame = waiting.pop(0) if waiting else read(None)
    if frame["op"] == "stop":
        sys.exit(0)
    if frame["op"] == "run":
        for task in frame["tasks"]:
            run(task)
