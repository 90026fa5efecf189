#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Asks a server of scale.sh for first pages and counts, REQUESTS times each on one connection, one after the other.

    reads.py HOST:PORT [REQUESTS]

A page is whole when it has its 50 tasks, or fewer and nothing behind them: a short page that says "go on" is an answer in
time, but not the one that was asked for. Prints a line for each question; the goal is the median and a whole page.
"""
import http.client
import json
import sys
import time

GOAL_MS = 20
ONE_PAGE = 50
LISTS = (
    "", "status=pending", "status=running", "status=scheduled", "status=retrying", "status=completed", "status=failed",
    "status=cancelled", "status=expired", "queue=gpu", "queue=seldom", "queue=none", "type=transcribe", "type=rare", "type=none",
    "queue=gpu&status=pending", "queue=seldom&status=pending", "queue=held&status=pending", "queue=slow&status=failed",
    "type=rare&status=completed", "type=rare&status=failed", "type=thumbnail&status=retrying", "type=embed&status=expired",
    "subject=customer-77", "subject=once", "subject=nobody", "subject=customer-77&status=failed",
    "tag=lang:en", "tag=project:p77", "tag=project:once", "tag=project:none", "tag=lang:en&tag=project:p77",
    "tag=lang:en&status=failed", "tag=lang:de&status=expired", "tag=lang:en&type=rare", "tag=lang:en&queue=seldom&status=failed",
)
COUNTS = ("/v1/stats", "/v1/queues", "/metrics")


class Client:
    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=60)

    def ask(self, target):
        began = time.perf_counter()
        self.connection.request("GET", target)
        answer = self.connection.getresponse()
        body = answer.read()
        took_ms = (time.perf_counter() - began) * 1000
        assert answer.status == 200, (target, answer.status, body)
        return took_ms, body

    def times(self, target, n):
        asked = [self.ask(target) for _ in range(n)]
        times = [ms for ms, _ in asked]
        return times[0], sorted(times)[n // 2], max(times), asked[-1][1]


def line(what, first, median, longest, verdict, note=""):
    print(f"{what:<44} {first:8.1f} {median:8.1f} {longest:8.1f}  {verdict:<7}{note}", flush=True)


def main():
    client, n = Client(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 30
    print(f"{'':<44} {'first':>8} {'median':>8} {'longest':>8}  ms")
    for query in LISTS:
        *times, body = client.times("/v1/tasks" + ("?" + query if query else ""), n)
        page = json.loads(body)
        whole = len(page["items"]) == ONE_PAGE or page["next_cursor"] is None
        note = f"{len(page['items'])} tasks" + ("" if whole else " and a cursor: not whole")
        line(query or "all", *times, "met" if whole and times[1] < GOAL_MS else "missed", note)
    for target in COUNTS:
        *times, _ = client.times(target, n)
        line(target, *times, "met" if times[1] < GOAL_MS else "missed")


if __name__ == "__main__":
    main()
