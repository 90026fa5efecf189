# SPDX-License-Identifier: Apache-2.0
"""`cache` of a submit in the inline mode: as by a server."""
import pytest
from bide import inline, problems
from bide.worker import Worker


def test_a_kept_result_answers_the_same():
    worker, runs = Worker(), []
    worker.task("square")(lambda task: runs.append(task.input) or task.input * task.input)
    with inline.Client(worker) as client:
        cache = {"ttl_ms": 1000}
        first = client.submit("square", 3, wait=1, cache=cache)
        assert (first["result"], first["cached_from"]) == (9, None)
        again = client.submit("square", 3, cache=cache)
        assert (again["status"], again["cached_from"], again["attempt"]) == ("completed", first["id"], 0)
        assert client.get(again["id"])["result"] == 9 and runs == [3]
        assert client.submit("square", 3, wait=1)["cached_from"] is None
        assert client.submit("square", 3, wait=1, cache={**cache, "version": "2"})["cached_from"] is None
        fresh = client.submit("square", 3, wait=1, cache={**cache, "bypass": True})
        assert fresh["cached_from"] is None and runs == [3] * 4
        assert client.submit("square", 3, cache=cache)["cached_from"] == fresh["id"]
        client.delete(fresh["id"])
        assert client.submit("square", 3, wait=1, cache=cache)["cached_from"] is None
        client.advance(2)
        assert client.submit("square", 3, wait=1, cache=cache)["cached_from"] is None
        for wrong in (7, {}, {"ttl_ms": 0}, {"ttl_ms": True}, {"ttl_ms": 1, "version": "x" * 65}, {"ttl_ms": 1, "bypass": 1}):
            with pytest.raises(problems.Invalid):
                client.submit("square", 3, cache=wrong)
        with pytest.raises(problems.UnknownField):
            client.submit("square", 3, cache={"ttl_ms": 1, "ttl": 1})
