# SPDX-License-Identifier: Apache-2.0
"""The worker and puller of kills.py: what it does is noted where its own death changes nothing of it.

NOTES is a file that gets a line, in one write, when an attempt begins and when it has done its work:

    begin|end|twice TASK ATTEMPT PID NANOSECONDS        of the monotonic clock, which is the same for all processes

While an attempt lives it holds the lock of its task, a file in LOCKS, which the kernel takes from the dead. `twice` says that
somebody else had it. The lock is held past `end`, until the thread has something else to do: an attempt lives until its verdict
has been given. Environment: BATCH, how many tasks it takes together (one, when not set); CONCURRENCY, in as many threads.
"""
import fcntl
import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "sdk/python"))

from bide.worker import Worker  # noqa: E402

worker = Worker(concurrency=int(os.environ.get("CONCURRENCY", "1")))
notes = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
mine = threading.local()


def note(word, task):
    os.write(notes, f"{word} {task.id} {task.attempt} {os.getpid()} {time.monotonic_ns()}\n".encode())


def begin(task):
    lock = os.open(os.path.join(os.environ["LOCKS"], task.id), os.O_RDWR | os.O_CREAT)
    mine.locks.append(lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        note("twice", task)
    note("begin", task)


def work(tasks):
    for lock in getattr(mine, "locks", []):
        os.close(lock)
    mine.locks = []
    for task in tasks:
        begin(task)
    for task in tasks:
        time.sleep(task.input["ms"] / 1000)  # sleep: the work itself
        note("end", task)


if "BATCH" in os.environ:

    @worker.task("*", max_batch=int(os.environ["BATCH"]))
    def together(tasks):
        work(tasks)
        return [task.attempt for task in tasks]

else:

    @worker.task("*")
    def alone(task):
        work([task])
        return task.attempt


worker.run()
