# SPDX-License-Identifier: Apache-2.0
"""All that is played while calls fail (scenario.py says how), and by name what some suites choose."""
from scenarios_change import (
    Batch, BatchLines, Bulk, CancelPending, CancelRunning, Collect, Complete, Delete, Patch, QueueSet, Retry, Submit,
    SubmitWithKey,
)  # fmt: skip
from scenarios_work import (
    Ended, FileTask, GetWithWait, Listing, Log, Numbers, OutputFile, Reload, Work, WorkerStart, WorkerTask,
)  # fmt: skip

__all__ = ["ALL", "CancelRunning", "Collect", "Delete", "FileTask", "Reload", "Retry", "Work", "WorkerStart", "WorkerTask"]

ALL = [Submit, SubmitWithKey, Batch, BatchLines, Patch, CancelPending, Complete, CancelRunning, Retry, Delete, Bulk, QueueSet,
       Collect, Listing, GetWithWait, Ended, Log, OutputFile, Numbers, Work, WorkerTask, FileTask, Reload]  # fmt: skip
