# SPDX-License-Identifier: Apache-2.0
"""`bide bench`: what it submits, that it cancels all of it, and when it refuses."""
import json
import signal
import subprocess

import pytest

from canned import BIDE, ID, bide, environment, problem, task

CANCEL = f"/v1/tasks/{ID}/cancel"


def queue(**depth):
    return {"name": "gpu", "depth": {"pending": 0, "scheduled": 1, "retrying": 0, "running": 3, **depth}}


@pytest.fixture
def takes(server):
    server.on("POST", "/v1/tasks", (202, task("scheduled"))).on("POST", CANCEL, task("cancelled"))
    return server.on("GET", "/v1/queues/gpu", queue())


def count(server, method, path):
    return sum((m, p) == (method, path) for m, p, _ in server.requests)


def test_it_submits_what_never_runs_and_cancels_all_of_it(takes):
    code, out, err = bide(takes, "bench", "--type", "t", "--seconds", "1", "--connections", "2", "--input", '{"a":1}', "--json")
    assert code == 0 and "all of it is cancelled at the end" in err
    said = json.loads(out)
    submits = count(takes, "POST", "/v1/tasks")
    assert submits > 2 and said["submitted"] == submits - 1 and said["cancelled"] == count(takes, "POST", CANCEL) == submits
    assert (said["queue"], said["errors"], said["left"], said["connections"]) == ("gpu", 0, 0, 2)
    assert 0 < said["p50_us"] <= said["p99_us"] <= said["max_us"] and said["per_second"] > 0
    for method, path, body in takes.requests:
        if path == "/v1/tasks":
            assert json.loads(body) == {"type": "t", "input": {"a": 1}, "delay_ms": 365 * 86400000, "tags": {"bench": said["tag"]}}


def test_people_read_the_rate_the_times_and_what_is_left(takes):
    code, out, _ = bide(takes, "bench", "--type", "t", "--seconds", "1", "--connections", "1")
    assert code == 0
    words = [line.split() for line in out.splitlines()]
    assert [line[0] for line in words] == ["submitted", "latency", "errors", "left"]
    assert words[0][-1].endswith("/s") and "over 1 connection:" in out and "bide list --tag bench=" in out


def test_it_stays_away_from_a_queue_in_which_others_wait(takes):
    takes.on("GET", "/v1/queues/gpu", queue(pending=2))
    code, out, err = bide(takes, "bench", "--type", "t")
    assert (code, out) == (64, "") and "2 other tasks wait in the queue gpu" in err and "--yes" in err
    assert count(takes, "POST", "/v1/tasks") == count(takes, "POST", CANCEL) == 1
    assert bide(takes, "bench", "--type", "t", "--yes", "--seconds", "1", "--connections", "1")[0] == 0


def test_a_full_queue_ends_it(takes):
    full = (429, problem(429, "queue_full", "the queue gpu is full"))
    takes.on("POST", "/v1/tasks", (202, task("scheduled")), (202, task("scheduled")), full)
    code, out, err = bide(takes, "bench", "--type", "t", "--seconds", "60", "--connections", "1", "--json")
    said = json.loads(out)
    assert code == 69 and "the queue gpu is full" in err
    assert (said["submitted"], said["errors"], said["cancelled"]) == (1, 1, 2)


def test_what_cannot_be_cancelled_is_said(takes):
    away = (503, problem(503, "draining", "the server is stopping"))
    takes.on("POST", CANCEL, task("cancelled"), away)
    code, out, err = bide(takes, "bench", "--type", "t", "--seconds", "1", "--connections", "1", "--json")
    assert code == 69 and "could not be cancelled" in err and json.loads(out)["left"] == json.loads(out)["submitted"]


def test_ctrl_c_ends_it_early_and_cancels_all_the_same(takes):
    p = subprocess.Popen([BIDE, "bench", "--type", "t", "--seconds", "600", "--json"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, env=environment(takes), start_new_session=True)
    assert "submitting" in p.stderr.readline()
    while count(takes, "POST", "/v1/tasks") < 5:
        assert p.poll() is None
    p.send_signal(signal.SIGINT)
    out, _ = p.communicate(timeout=60)
    assert p.returncode == 0 and json.loads(out)["cancelled"] == count(takes, "POST", "/v1/tasks")


@pytest.mark.parametrize("words, said", [
    ([], "--type TYPE is missing"), (["--type", "t", "--connections", "0"], "a number from 1 to 64"),
    (["--type", "t", "--seconds", "0"], "a number from 1 to 3600"), (["--type", "t", "--input", "{"], "the input is not JSON")])
def test_mistakes_are_explained(takes, words, said):
    code, out, err = bide(takes, "bench", *words)
    assert (code, out) == (64, "") and said in err and takes.requests == []
