# SPDX-License-Identifier: Apache-2.0
"""`save`: what an attempt leaves to the next one of its run, through deaths and restarts; and what the history says of it."""
import os
import signal

from harness import until

CRASH = ["kill", signal.SIGKILL]
AGAIN = ["fail", {"message": "no", "retry": True}]
LIMIT = 1024 * 1024


def save(data):
    return ["say", {"op": "save", "data": data}]


def attempts(bide, id):
    return bide.get_json(f"/v1/tasks/{id}/attempts")["items"]


def saved(bide, id):
    """Waits until the newest attempt has something in the store."""
    return until(lambda: next((a for a in attempts(bide, id)[:1] if a["saved_bytes"]), None), "a checkpoint")


def result(bide, id):
    return bide.ended(id, "completed")["result"]


def test_the_last_checkpoint_before_a_crash_is_given_to_the_next_attempt(bide):
    id = bide.act(["resume"], save({"at": 1}), save([2, {"at": "é"}]), CRASH)
    assert result(bide, id) == [2, {"at": "é"}]
    second, first = attempts(bide, id)
    assert (first["verdict"], first["resumed_from"], first["saved_bytes"] > 0) == ("lost", None, True)
    assert first["started_at"] <= first["saved_at"] <= first["finished_at"]
    assert (second["verdict"], second["resumed_from"], second["saved_at"], second["saved_bytes"]) == ("done", 1, None, 0)


def test_a_checkpoint_that_the_store_has_survives_kill_9(serve):
    bide = serve()
    id = bide.act(["resume"], save({"at": 3}), ["until", bide.gate("never")])
    under_way = saved(bide, id)
    assert (under_way["verdict"], under_way["saved_bytes"], under_way["resumed_from"]) == (None, 9, None)
    bide.restart9()
    assert result(bide, id) == {"at": 3}
    second, first = attempts(bide, id)
    assert (first["verdict"], first["saved_at"], first["saved_bytes"]) == ("lost", under_way["saved_at"], 9)
    assert second["resumed_from"] == 1


def test_it_is_passed_on_by_attempts_that_save_nothing_and_goes_with_its_run(serve):
    bide = serve()
    first_try = bide.gate("first")
    script = f'cat "$BIDE_RESUME" 2>/dev/null; if [ -e {first_try} ]; then exit 75; fi; touch {first_try}; echo \'{{"op":"save","data":7}}\' >&4; exit 75'
    bide = serve(types={"seven": {"exec": ["/bin/sh", "-c", script + " 2>&1"], "max_attempts": 3, "retry": {"base": "1ms"}}})
    id = bide.submit("seven")["id"]
    bide.ended(id, "failed")
    assert [a["resumed_from"] for a in attempts(bide, id)] == [1, 1, None]
    os.unlink(first_try)
    bide.post(f"/v1/tasks/{id}/retry")
    until(lambda: len(attempts(bide, id)) == 6 and bide.task(id)["status"] == "failed", "the second run")
    assert [(a["run"], a["resumed_from"]) for a in attempts(bide, id)[:3]] == [(2, 1), (2, 1), (2, None)]


def test_a_command_finds_it_in_a_file_that_is_no_output(serve):
    bide = serve(types={"exec": {"exec": ["/bin/sh", "-c", SCRIPT], "retry": {"base": "1ms"}}})
    id = bide.submit("exec")["id"]
    task = bide.ended(id, "completed")
    assert (task["result"], task["files"], task["attempt"]) == ({"at": 3}, [], 2)


SCRIPT = """
if [ -n "$BIDE_RESUME" ]; then exec cat "$BIDE_RESUME"; fi
echo '{"op":"save","data":{"at":3}}' >&4
exit 75
"""


def test_a_worker_that_is_stopped_gives_its_task_back_with_its_checkpoint(bide):
    id = bide.act(["resume"], save("here"), ["until", bide.gate("never")])
    saved(bide, id)
    [worker] = [w for w in bide.get_json("/v1/workers")["items"] if id in w["current"]]
    bide.post(f"/v1/workers/{worker['id']}/stop")
    assert result(bide, id) == "here"
    assert attempts(bide, id)[1]["verdict"] == "released"


def test_null_forgets_it(bide):
    id = bide.act(["resume"], save(1), save(None), AGAIN, max_attempts=2, retry={"base_ms": 1})
    bide.ended(id, "failed")
    assert [(a["resumed_from"], a["saved_bytes"]) for a in attempts(bide, id)] == [(None, 0), (None, 0)]
    assert attempts(bide, id)[1]["saved_at"] is not None


def test_one_over_the_limit_is_dropped_and_the_one_before_stays(bide):
    id = bide.act(["resume"], save("small"), save("x" * LIMIT), AGAIN, retry={"base_ms": 1})
    assert result(bide, id) == "small"
    [note] = [line for line in bide.send("GET", f"/v1/tasks/{id}/log?attempt=1").body.decode().splitlines() if "checkpoint" in line]
    assert f"a checkpoint of {LIMIT + 2} bytes was dropped" in note


def test_one_at_the_limit_comes_back_beside_an_input(bide):
    large = "y" * (LIMIT - 2)
    id = bide.submit("act", {"steps": [["resume"], save(large), AGAIN]}, retry={"base_ms": 1})["id"]
    assert bide.ended(id, "completed")["result_bytes"] == LIMIT
