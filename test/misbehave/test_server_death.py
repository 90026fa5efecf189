# SPDX-License-Identifier: Apache-2.0
"""The server is killed while an evil is under way: nothing of it outlives the server, whoever had stopped whom, and the
next server gives the task to a fresh process."""
import pytest
from evils import WORKERS
from harness import until
from meet import submit

LASTING = ("half-frame", "computes-and-is-deaf", "stops-itself-and-is-deaf", "stops-its-keeper", "fork-bomb", "grandchild-in-its-own-group")


@pytest.mark.parametrize("evil", [evil for evil in WORKERS if evil.name in LASTING], ids=lambda evil: evil.name)
def test_nothing_evil_outlives_a_server_that_is_killed(ring, evil):
    bide = ring.open(processes=evil.processes)
    ring.begin()
    id = submit(ring, evil._replace(times=1, fields={}), "rogue")
    until(ring.is_on, "the evil is on")
    ring.others.go_on()
    ring.others.stop()
    bide.kill9()
    until(lambda: not ring.processes(), "no process is left over")
    bide.start()
    task = bide.ended(id, "completed")
    verdicts = [a["verdict"] for a in bide.get_json(f"/v1/tasks/{id}/attempts")["items"]]
    assert (task["result"], verdicts) == ("rogue", ["done", "lost"]), (task, verdicts)
    until(lambda: ring.directories() == [], f"the attempts' directory is clean: {ring.directories()}")
