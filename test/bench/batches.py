#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of batches.sh, and its client for one task at a time.

    batches.py row MAX BASE_US EACH_US SECONDS FILE "RATE P50 P99 ..."
        one saturated worker: FILE is what it wrote (batch_worker.c), the last what wrk saw of submits that wait for their ending
    batches.py table FILE
        the medians of such rows, one for each MAX
    batches.py least FILE COLUMN
        the smallest median of a column
    batches.py form HOST:PORT PAIRS
        PAIRS times two tasks, one after the other, each for a process that is idle: of type `alone`, whose pool takes one task at
        a time, and of type `together`, whose pool takes batches, the first of the two in turns. From before a submit to the moment
        at which the worker has the frame; what formation adds is the median of the differences within a pair.

Of a saturated worker the first WARM_S seconds do not count, nor what comes after SECONDS more: the tasks that are left when no more
are submitted make batches that are not full.
"""
import http.client
import json
import sys
import time
from statistics import median
from typing import Dict, List, NamedTuple

WARM_S = 1
COLUMNS = ("rate", "ideal", "ratio", "size", "busy", "gap_p50", "gap_p99", "p50", "p99")


class Batch(NamedTuple):
    n: int
    received_us: int
    computed_us: int


def quantile(numbers: List[float], q: float) -> float:
    """The smallest that at most a part q of them is below of."""
    return sorted(numbers)[min(int(len(numbers) * q), len(numbers) - 1)]


def read_batches(text: str) -> List[Batch]:
    return [Batch(*map(int, line.split())) for line in text.splitlines()]


def saturated(batches: List[Batch], seconds: float) -> List[Batch]:
    """Those that are received while it is measured, and the one at whose receipt that ends."""
    if not batches:
        return []
    begin = batches[0].received_us + WARM_S * 1e6
    end = begin + seconds * 1e6
    inside = [b for b in batches if b.received_us >= begin]
    return [b for i, b in enumerate(inside) if i == 0 or inside[i - 1].received_us < end]


def ideal(n: int, base_us: int, each_us: int) -> float:
    """Tasks a second of a worker with full batches and nothing between them."""
    return n * 1e6 / (base_us + n * each_us)


def measure(batches: List[Batch], most: int, base_us: int, each_us: int) -> Dict[str, float]:
    """Of batches that follow each other: from the receipt of the first to that of the last, which is not counted itself."""
    if len(batches) < 2:
        raise ValueError(f"{len(batches)} batches are too few to measure anything")
    wall_us = batches[-1].received_us - batches[0].received_us
    counted = batches[:-1]
    gaps = [(b.received_us - a.computed_us) / 1000 for a, b in zip(batches, batches[1:])]
    tasks = sum(b.n for b in counted)
    rate, most_rate = tasks * 1e6 / wall_us, ideal(most, base_us, each_us)
    return {"rate": rate, "ideal": most_rate, "ratio": rate / most_rate, "size": tasks / len(counted),
            "busy": sum(b.computed_us - b.received_us for b in counted) / wall_us,
            "gap_p50": quantile(gaps, 0.5), "gap_p99": quantile(gaps, 0.99)}


def row(most: int, base_us: int, each_us: int, batches: List[Batch], wrk: str) -> str:
    """What stands in the file of rows: MAX, and the columns."""
    seen = measure(batches, most, base_us, each_us)
    seen["p50"], seen["p99"] = map(float, wrk.split()[1:3])
    return " ".join([str(most)] + [f"{seen[column]:.5g}" for column in COLUMNS])


def medians(text: str) -> Dict[int, Dict[str, float]]:
    """Of the turns, for each MAX."""
    turns: Dict[int, List[List[float]]] = {}
    for line in text.splitlines():
        words = line.split()
        turns.setdefault(int(words[0]), []).append([float(word) for word in words[1:]])
    return {most: dict(zip(COLUMNS, map(median, zip(*lines)))) for most, lines in turns.items()}


def table(text: str) -> str:
    lines = [f"{'max':>4} {'tasks/s':>9} {'ideal':>8} {'of it':>7} {'size':>6} {'busy':>7} {'gap p50, p99 ms':>17} {'ending p50, p99 ms':>20}"]
    for most, of in sorted(medians(text).items()):
        lines.append(f"{most:>4} {of['rate']:>9.1f} {of['ideal']:>8.1f} {of['ratio'] * 100:>5.1f} % {of['size']:>6.2f}"
                     f" {of['busy'] * 100:>5.1f} % {of['gap_p50']:>9.2f} {of['gap_p99']:>7.2f} {of['p50']:>12.1f} {of['p99']:>7.1f}")
    return "\n".join(lines)


def least(text: str, column: str) -> float:
    return min(of[column] for of in medians(text).values())


class Client:
    def __init__(self, address: str) -> None:
        self.server = http.client.HTTPConnection(address)

    def way_ms(self, name: str) -> float:
        """Of one task, from here to its worker."""
        head = {"Content-Type": "application/json", "Prefer": "wait=60"}
        began = time.monotonic_ns()
        self.server.request("POST", "/v1/tasks", json.dumps({"type": name, "input": {"audio": "a.wav"}}), head)
        answer = self.server.getresponse()
        text = answer.read()
        task = json.loads(text)
        if task.get("status") != "completed":
            sys.exit(f"batches.py: a task is not completed: {answer.status} {text!r}")
        return task["result"]["received_us"] / 1000 - began / 1e6


def formed(pairs: List[Dict[str, float]]) -> str:
    """ADDED, and p50 and p99 of each of the two: milliseconds."""
    added = median(pair["together"] - pair["alone"] for pair in pairs)
    told = [quantile([pair[name] for pair in pairs], q) for name in ("alone", "together") for q in (0.5, 0.99)]
    return " ".join(f"{ms:.3f}" for ms in [added] + told)


def form(address: str, pairs: int) -> str:
    client = Client(address)
    names = ["alone", "together"]
    for name in names:  # the worker is there, and so is everything that is made with the first task
        client.way_ms(name)
    return formed([{name: client.way_ms(name) for name in (names if i % 2 else names[::-1])} for i in range(pairs)])


def main(arguments: List[str]) -> str:
    verb, *rest = arguments
    if verb == "form":
        return form(rest[0], int(rest[1]))
    if verb == "row":
        most, base_us, each_us = map(int, rest[:3])
        return row(most, base_us, each_us, saturated(read_batches(open(rest[4], encoding="utf-8").read()), float(rest[3])), rest[5])
    text = open(rest[0], encoding="utf-8").read()
    return table(text) if verb == "table" else f"{least(text, rest[1]):.5f}"


if __name__ == "__main__":
    print(main(sys.argv[1:]))
