# SPDX-License-Identifier: Apache-2.0
"""Each evil of a worker that is not ready yet gets the answer that the table says: its task waits and is not touched."""
import pytest
from evils import KEPT, STARTS
from harness import until
from meet import check_ending, submit

BREAKER = 5  # failures in a row


def broken(ring, evil, id):
    """Through every start that fails: five by itself, the others as somebody asks for them."""
    detail = until(lambda: ring.rogue()["state"] == "broken" and ring.bide.waits(id, "worker_broken"), "the place is broken", 60)
    assert f"{evil.said} {BREAKER}" in detail and ring.rogue()["restarts"] == BREAKER, (detail, ring.rogue())
    ring.others.go_on()
    for count in range(BREAKER + 1, evil.starts + 1):
        assert ring.bide.post("/v1/workers/rogue-1/recycle").status == 202
        until(lambda: ring.rogue()["restarts"] == count and ring.rogue()["state"] == "backoff", f"start {count} has failed")
    assert f"{evil.said} {evil.starts}" in ring.bide.waits(id, "worker_start")
    assert ring.bide.task(id)["attempt"] == 0
    assert ring.bide.post("/v1/workers/rogue-1/recycle").status == 202


@pytest.mark.parametrize("evil", STARTS, ids=lambda evil: evil.start)
def test_a_worker_that_misbehaves_at_its_start_gets_the_answer_of_the_table_and_nobody_else_notices(ring, evil):
    ring.open({"env": {"START": evil.start, "STARTS": str(evil.starts)}, "ready_timeout": "500ms"})
    ring.begin()
    id = submit(ring, evil, "rogue")
    if evil.starts > BREAKER:
        broken(ring, evil, id)
    elif evil.said:
        until(lambda: evil.said in (ring.rogue()["problem"] or ""), f"the problem is told: {evil.said}")
        assert evil.said in ring.bide.waits(id, "worker_start")
        ring.others.go_on()
        assert ring.bide.task(id)["attempt"] == 0
    task = ring.bide.ended(id)
    check_ending(ring, evil._replace(said=""), task)
    ends = 0 if evil.process == KEPT else evil.starts
    until(lambda: (ring.rogue()["state"], ring.rogue()["restarts"]) == ("idle", ends), f"{ends} ends: {ring.rogue()}")
    assert ring.rogue()["dropped"] == evil.dropped
    ring.over()
