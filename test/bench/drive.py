#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""drive.py HOST:PORT SUBMIT N [QUEUE]: leads N tasks through bide and prints their rate, as bench.sh wants it.

One connection submits SUBMIT (a JSON text) in batches of 100 and then asks until all are completed. The time is from the first
submit to the answer that saw the last completion; with QUEUE, which is paused, from its resumption when all are there.
"""
import http.client
import json
import sys
import time

BATCH = 100
LOOK_S = 0.02  # from one look to the next


def ask(server, method, target, body=None, kind="application/json"):
    server.request(method, target, body, {"Content-Type": kind} if body else {})
    answer = server.getresponse()
    text = answer.read()
    if answer.status != 200:
        sys.exit(f"drive.py: {method} {target}: {answer.status} {text!r}")
    return text


def submit(server, task, n):
    text = ask(server, "POST", "/v1/tasks:batch", f"{task}\n" * n, "application/x-ndjson")
    if text.count(b'"status":202') != n:  # parsing 100 lines would take the server's time
        sys.exit(f"drive.py: a task was refused: {text!r}")


def completed(server):
    counts = json.loads(ask(server, "GET", "/v1/stats"))["tasks"]
    if counts["failed"]:
        sys.exit(f"drive.py: {counts['failed']} tasks failed")
    return counts["completed"]


def main(address, task, n, queue=None):
    server = http.client.HTTPConnection(address)
    began = time.monotonic()
    for at in range(0, n, BATCH):
        submit(server, task, min(BATCH, n - at))
    if queue:
        began = time.monotonic()
        ask(server, "POST", f"/v1/queues/{queue}/resume")
    while completed(server) < n:
        time.sleep(LOOK_S)  # sleep: between two looks at a condition
    print(f"{n / (time.monotonic() - began):.0f} - - - 0")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
