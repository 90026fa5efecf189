# SPDX-License-Identifier: Apache-2.0
"""bide: a job server for work that takes a while. This is its Python side.

    bide.client.Client    submit tasks, wait for them, look after queues
    bide.worker.Worker    a process that loads a model once and takes task after task

Both are imported from their own modules, so that a worker does not load an HTTP client. The few names that both
sides of a program need are here.
"""
from bide.problems import Problem
from bide.task import Cancelled, Fail, Task

__version__ = "0.1.0"
__all__ = ["Cancelled", "Fail", "Problem", "Task", "__version__"]
