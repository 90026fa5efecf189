# SPDX-License-Identifier: Apache-2.0
"""A worker on the Python package that does what its task says; pulled.c is the same in C, pulled.mjs for Node."""
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "sdk/python"))

import bide  # noqa: E402
from bide.worker import Worker  # noqa: E402

worker = Worker(concurrency=int(os.environ.get("CONCURRENCY", "1")))


def work(task, batch=1):
    given = task.input
    if "log" in given:
        task.log(given["log"])
    if "file" in given:
        Path(task.file(given["file"])).write_text("content of " + given["file"])
    task.output(given.get("output", ""))
    task.progress(50, "half")
    time.sleep(given.get("sleep_ms", 0) / 1000)  # sleep: the work itself
    task.output(given.get("output", ""))
    while given.get("spin"):
        task.check()
        time.sleep(0.005)  # sleep: between looks
    if "save" in given and task.resume is None:
        task.save(given["save"])
        raise bide.Fail("quota", "not now", retry=True, retry_after_ms=10)
    if "save" in given:
        return {"resume": task.resume}
    if "fail" in given:
        raise bide.Fail(given["fail"], "as asked", retry=False)
    for one in given.get("next", []):
        task.then(**one)
    text = len(given.get("text", ""))
    return {"text": text, "attempt": task.attempt, "pid": os.getpid(), "batch": batch, "pad": "x" * given.get("result_bytes", 0)}


if os.environ.get("BATCH"):

    @worker.task("remote.*", max_batch=4)
    def together(tasks):
        return [work(task, len(tasks)) for task in tasks]

else:
    worker.task("remote.*")(work)

worker.run()
