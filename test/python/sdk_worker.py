# SPDX-License-Identifier: Apache-2.0
"""The worker that test_sdk_worker.py drives: one handler for each thing a handler can do."""
import asyncio
import datetime
import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "sdk/python"))

import bide  # noqa: E402
from bide.worker import Worker  # noqa: E402

worker = Worker(concurrency=int(os.environ.get("CONCURRENCY", "1")), **({"ping": True} if "PING" in os.environ else {}))
model = {}
both = threading.Barrier(2, timeout=10)
async_both = []


@worker.load
def load():
    if os.environ.get("LOAD_FAILS"):
        raise RuntimeError("no such model")
    model["loads"] = model.get("loads", 0) + 1


@worker.load
async def load_more():
    model["loop"] = asyncio.get_running_loop()


@worker.before
def before(task):
    if task.input == "refuse":
        raise bide.Fail("invalid_input", "the hook refuses it", retry=False)


@worker.after
async def after(task, outcome):
    if task.input == "hooked":
        task.log(f"after {outcome.status} {outcome.result} {outcome.seconds >= 0}")
        raise RuntimeError("a hook's own trouble")


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


@worker.task("retry")
def retry(task):
    try:
        raise OSError("the disk is tired")
    except OSError as error:
        raise bide.Retry("later", after=30) from error


@worker.task("picky", retry_on=(OSError, KeyError), no_retry=FileNotFoundError)
def picky(task):
    raise {"os": OSError, "file": FileNotFoundError, "key": KeyError, "value": ValueError, "fail": Failing}[task.input]()


class Failing(bide.Fail):
    def __init__(self):
        super().__init__("no_voice", KeyError("not a text"), detail=None)


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@worker.task("speechless")
def speechless(task):
    raise Speechless


@worker.task("interrupt", interrupt=True)
def interrupted(task):
    task.progress(0)
    while True:
        pass


@worker.task("odd")
def odd(task):
    deep = []
    for _ in range(100_000 if task.input == "recursion" else 64):
        deep = [deep]
    return {
        "deep": deep,
        "recursion": deep,
        "twice": {1: "a", "1": "b"},
        "nul": {"a\0": 1},
        "many": [0] * 1_000_001,
    }[task.input]


@worker.task("say odd")
def say_odd(task):
    for say in (task.save, lambda data: task.progress(1, data=data)):
        try:
            say({1: "a", "1": "b"})
        except ValueError as error:
            task.log(str(error))
    return "still here"


@worker.task("many files")
def many_files(task):
    for n in range(256):
        task.file(f"{n:03}" + "x" * 200)
    task.then("echo", "next", priority=1)
    return "y" * (1024 * 1024 - 100)


@worker.task("follow")
def follow(task):
    for options in task.input:
        if "at" in options:
            options["run_at"] = datetime.datetime.fromtimestamp(options.pop("at"), datetime.timezone.utc)
        task.then(**options)
    return "followed"


@worker.task("async echo")
async def async_echo(task):
    await asyncio.sleep(0)  # sleep: one turn of the loop
    return [task.input, asyncio.get_running_loop() is model["loop"]]


@worker.task("async meet")
async def async_meet(task):
    async_both.append(task)
    while len(async_both) < 2:
        await asyncio.sleep(0.001)  # sleep: between looks at the condition
    return threading.current_thread().name


@worker.task("async obey")
async def async_obey(task):
    try:
        task.progress(0)
        await asyncio.sleep(3600)  # sleep: until it is cancelled
    finally:
        task.cancelled and print("cleaned up", task.cancel_reason)


@worker.task("async exit")
async def async_exit(task):
    sys.exit(4)


@worker.task("async pairs", max_batch=2)
async def async_pairs(tasks):
    return [len(tasks)] * len(tasks)


@worker.task("as they come", max_batch=8)
def as_they_come(tasks):
    for task in tasks[:-1]:
        task.fail(ValueError("bad")) if task.input == "bad" else task.done(task.input)
    if tasks[-1].input == "forget":
        return None
    tasks[-1].done("last")
    tasks[-1].done("not heard")
    return None


@worker.task("leave a batch", max_batch=8)
def leave_a_batch(tasks):
    sys.exit(5)


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
