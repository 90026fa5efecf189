#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""batch.py ID: a list of videos: submits a task for each, one after the other, and prints what became of them. The server is
that of BIDE_SERVER, or http://127.0.0.1:8080. A cancel reaches the one under way; after a restart it goes
on with those that it had submitted.

  input   {"urls": [...], options of a video}    result  [{"url", "task_id", "status", "result", "error"}]"""
import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sdk/python"))
from bide.client import Client  # noqa: E402
from bide.problems import QueueFull  # noqa: E402

from frames import say  # noqa: E402


def submitted(bide, id, n, given):
    """The task of a video: the same one when it was submitted before."""
    while True:
        try:
            return bide.submit("bilibili", given, idempotency_key=f"{id}-{n}")["id"]
        except QueueFull as full:
            time.sleep(full.retry_after or 1)  # sleep: as long as the server says


def main(id):
    given = json.load(sys.stdin)
    urls, found, under_way = given.pop("urls"), [], []

    def stop(*_):
        with Client() as other:  # the one of main may be in the middle of an answer
            if under_way and other.get(id)["cancel_requested"]:  # the server may as well be about to stop
                other.cancel(under_way[0])
        os._exit(1)

    signal.signal(signal.SIGTERM, stop)
    with Client() as bide:
        for n, url in enumerate(urls):
            say("progress", percent=100 * n / len(urls), message=f"{n + 1} of {len(urls)}")
            under_way.append(submitted(bide, id, n, {**given, "video_url": url}))
            task = bide.wait(under_way[0])
            error = task["error"] and (task["error"]["detail"] or task["error"]["message"])
            result = bide.result(task["id"]) if task["status"] == "completed" else None
            found.append({"url": url, "task_id": task["id"], "status": task["status"], "result": result, "error": error})
            under_way.clear()
    print(json.dumps(found))
    say("progress", percent=100, message="done")


if __name__ == "__main__":
    main(sys.argv[1])
