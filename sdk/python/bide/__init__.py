# SPDX-License-Identifier: Apache-2.0
"""bide: a job server for work that takes a while. This is its Python side.

    bide.client.Client      submit tasks, wait for them, look after queues
    bide.aio.AsyncClient    the same for asyncio programs
    bide.worker.Worker      a process that loads a model once and takes task after task
    bide.inline             clients that run a worker's functions in this process, for an application's unit tests

Each is imported from its own module, so that a worker does not load an HTTP client. The few names that both sides of
a program need are here.
"""
from bide.problems import Problem
from bide.task import Task
from bide.verdict import Cancelled, Fail, Retry

__version__ = "0.1.0"
__all__ = ["Cancelled", "Fail", "Problem", "Retry", "Task", "__version__"]
