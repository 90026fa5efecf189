# SPDX-License-Identifier: Apache-2.0
"""An application and a worker with types, as their authors would write them: read by mypy, never run."""
from typing import Any, Dict, List, Optional

import bide
from bide import inline
from bide.aio import AsyncClient
from bide.client import Client
from bide.problems import Problem, QueueFull
from bide.worker import Outcome, Worker

worker = Worker(concurrency=2)


@worker.load
async def load() -> None:
    return None


@worker.before
def before(task: bide.Task) -> None:
    task.log(task.type)


@worker.after
def after(task: bide.Task, outcome: Outcome) -> None:
    task.log(f"{outcome.status} {outcome.seconds:.1f}")


@worker.task("one", retry_on=(OSError,), no_retry=FileNotFoundError)
def one(task: bide.Task) -> Dict[str, int]:
    if task.attempt == 1:
        raise bide.Retry("later", after=0.5)
    task.then("many", priority=1)
    return {"a": 1}


@worker.task("many", max_batch=8)
async def many(tasks: List[bide.Task]) -> Optional[List[int]]:
    for task in tasks:
        task.done(1)
    return None


def use(client: Client) -> str:
    try:
        task = client.submit("one", {"a": 1}, priority=5, on_success=[{"type": "many"}], on_failure=[])
        task = client.latest("chapter 7", type="one")
        items: List[Dict[str, Any]] = client.submit_many([{"type": "one"}, {"type": "many"}])
        for item in client.list(status="failed"):
            items.append(item)
        nothing: Optional[str] = client.page().next_cursor
        unread: int = client.unread_notifications("chapter 7") + client.read_all_notifications()
        items += [client.read_notification(one["id"]) for one in client.notifications(unread_only=unread > 0)]
    except QueueFull as full:
        return f"{full.retry_after}"
    except Problem as problem:
        return problem.detail
    return str(task["id"]) + client.log("x") + str(nothing)


async def use_async(client: AsyncClient) -> int:
    async with client as same:
        await same.wait((await same.submit("one"))["id"], timeout=1.5)
        return len([task async for task in same.list()])


def test() -> Dict[str, int]:
    with inline.Client(worker, eager=False) as client:
        use(client)
        client.advance(60)
    return one(bide.Task({"id": "t1"}, print))  # a decorated function keeps its type
