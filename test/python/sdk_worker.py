# SPDX-License-Identifier: Apache-2.0
"""The worker that test_sdk_worker.py drives: one handler for each thing a handler can do."""
import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "sdk/python"))

import bide  # noqa: E402
from bide.worker import Worker  # noqa: E402

worker = Worker(concurrency=int(os.environ.get("CONCURRENCY", "1")))
model = {}
both = threading.Barrier(2, timeout=10)


@worker.load
def load():
    if os.environ.get("LOAD_FAILS"):
        raise RuntimeError("no such model")
    model["loads"] = model.get("loads", 0) + 1


@worker.task("echo")
def echo(task):
    return {"input": task.input, "attempt": task.attempt, "loads": model["loads"], "resume": task.resume}


@worker.task("talk")
def talk(task):
    print("on stdout")
    task.progress(40, "segment 4/10", data={"n": 4})
    task.log("lang=en")
    task.output("hello ")
    task.output("world")
    task.save({"at": 4})
    Path(task.file("out.srt")).write_text("1")
    return None


@worker.task("obey")
def obey(task):
    task.progress(0)
    while True:
        task.check()


@worker.task("finish.anyway")
def finish_anyway(task):
    task.progress(0)
    while not task.cancelled:
        pass
    return "done all the same"


@worker.task("meet")
def meet(task):
    both.wait()
    return threading.current_thread() is threading.main_thread()


@worker.task("fail")
def fail(task):
    raise bide.Fail("invalid_input", "not audio", retry=False, retry_after_ms=1500, detail="moov atom", recycle=True)


@worker.task("raise")
def raises(task):
    raise ValueError("the value of " + task.input["name"])


@worker.task("exit")
def leave(task):
    sys.exit(3)


@worker.task("return.*")
def returns(task):
    return {"large": "x" * 2_000_000, "nan": float("nan"), "object": object(), "surrogate": "\ud800"}[task.input]


@worker.task("sum", max_batch=8)
def sums(tasks):
    if any(task.input == "crash" for task in tasks):
        raise RuntimeError("all of them")
    if any(task.input == "short" for task in tasks):
        return []
    if tasks[0].input == "until cancelled":
        tasks[0].progress(1)
        while not tasks[0].cancelled:
            pass
        tasks[0].progress(2)
    return [bide.Fail("invalid_input", "odd", retry=False) if task.input == "bad" else len(tasks) for task in tasks]


worker.run()
