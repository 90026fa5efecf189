# SPDX-License-Identifier: Apache-2.0
"""Places in line and limits of queues: what the Python client hears of a real server, bide.inline says, too."""
import sys

import pytest
from harness import ROOT

sys.path.insert(0, str(ROOT / "sdk/python"))

from bide import inline  # noqa: E402
from bide.client import Client  # noqa: E402
from bide.problems import Problem  # noqa: E402
from bide.worker import Worker  # noqa: E402

CHANGES = [
    *({"rate": value} for value in ("10/s", "10/s burst 20", "7/m burst 7", "1000000/d", 0, "0", None)),
    *({"rate": value} for value in ("", "10", "10/", "10 /s", "0/s", "1.5/s", "1000001/s", "10/s burst", "10/s burst 0", 10, 0.5, True, [])),
    *({"key_rate": value} for value in ("10/s", "7/m burst 7", 0, None, "", "0/s", "1.5/s", 10, True, [])),
    *({name: value} for name in ("concurrency", "capacity", "key_concurrency") for value in (0, 1, -1, 2**31, "1", True, None)),
    {"paused": None},
    {"draining": 1},
    {"colour": 1},
    {"capacity": 3, "rate": "none"},
]


def said(client, change):
    """What is answered, of which the details are each one's own."""
    try:
        queue = client.update_queue("default", **change)
    except Problem as problem:
        return problem.status, problem.code, [error["pointer"] for error in problem.errors]
    return {name: queue[name] for name in ("concurrency", "capacity", "key_concurrency", "rate", "key_rate", "paused", "draining")}


@pytest.fixture
def both(serve):
    """The two clients, with a queue that is paused."""
    worker = Worker()
    worker.task("cat")(lambda task: task.input)
    bide = serve(queues={"default": {"concurrency": 1}}, types={"cat": {"exec": ["cat"]}})
    with Client(bide.url) as real, inline.Client(worker) as played:
        for client in (real, played):
            client.pause("default")
        yield real, played


def test_the_same_changes_have_the_same_answers(both):
    real, played = both
    for change in CHANGES:
        assert said(played, change) == said(real, change), change


def test_the_same_tasks_have_the_same_places_and_reasons(both):
    seen = []
    for client in both:
        client.update_queue("default", key_concurrency=1)
        given = [("ann", 0), (None, 0), ("ann", 2), ("bob", 1), ("ann", 0)]
        ids = [client.submit("cat", n, limit_key=key, priority=priority)["id"] for n, (key, priority) in enumerate(given)]
        before = [client.get(id)["position"] for id in ids]
        client.cancel(ids[2])
        tasks = [client.get(id) for id in ids]
        moved = client.update(ids[4], priority=7)
        seen.append((before, [(task["position"], task["waiting_on"]) for task in tasks], moved["position"], client.get(ids[0])["position"]))
    assert seen[0] == seen[1]
    assert seen[0][0] == [None, 3, 1, 2, None]
