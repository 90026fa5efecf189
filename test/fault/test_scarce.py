# SPDX-License-Identifier: Apache-2.0
"""What is lacking for a while, and not for one call: room on the disk, descriptors, processes, a store that answers. New
work is refused or waits, reads and running work go on, no verdict is lost, and all is well by itself when it is over."""
import errno
import json
import threading

import pytest
from faults import ACCEPT, DELAY, FILES, FOLDER, FOREVER, OPEN, OTHER, PIDFD, PIPE, SPAWN, STORE, SYNC, TRUNCATE, WRITE
from harness import until
from world import FAR, World, metric

FULL = {
    "write": dict(kinds=WRITE | TRUNCATE, error=errno.ENOSPC),
    "sync": dict(kinds=SYNC, error=errno.ENOSPC),
    "broken": dict(kinds=WRITE | SYNC | TRUNCATE, error=errno.EIO),
}


def lives(w):
    assert w.sure("GET", "/livez").status == 200


def running(w, *steps):
    """A task that runs until its gate is opened; returns its id and the gate."""
    gate = w.name()
    id = w.submit("act", input={"steps": [["note", str(w.bide.dir / "ran"), gate], ["until", w.bide.gate(gate)], *steps]})
    w.bide.seen(id, "running")
    until(lambda: gate in w.bide.lines("ran"), "its worker is at it")
    return id, gate


@pytest.mark.parametrize("how", FULL)
def test_a_disk_that_takes_nothing_refuses_changes_and_keeps_the_verdicts_of_what_runs(serve, how):
    w = World(serve)
    ended, waits = w.ended("file"), w.submit(delay_ms=FAR)
    first, gate = running(w, ["done", {"kept": 1}])
    second, other = running(w, ["fail", {"code": "invalid_input", "message": "no"}])
    w.faults.arm(first=1, last=FOREVER, places=STORE, **FULL[how])
    body = {"type": "cat", "subject": w.name(), "input": {"a": 1}}
    for _ in range(3):
        refused = w.refused(w.ask("POST", "/v1/tasks", body, {"Idempotency-Key": "full"}))
        assert refused["code"] == ("disk_full" if how == "write" else "store_unavailable"), refused
    [item] = w.sure("POST", "/v1/tasks:batch", [body]).json["items"]
    assert item["status"] in (503, 507), item
    for change in (("POST", f"/v1/tasks/{waits}/cancel"), ("DELETE", f"/v1/tasks/{ended}"), ("POST", f"/v1/tasks/{ended}/retry"),
                   ("PATCH", f"/v1/tasks/{waits}", {"priority": 3}), ("POST", "/v1/queues/other/pause")):  # fmt: skip
        w.refused(w.ask(*change))
    lives(w)
    assert w.task(ended)["result"] == 1 and w.task(waits)["status"] == "scheduled"
    assert w.sure("GET", f"/v1/tasks/{ended}/log").body == b"said\n"
    assert not w.about(body["subject"]) and len(w.bide.listed(limit=200)) == 4
    w.bide.open_gate(gate)
    w.bide.open_gate(other)
    until(lambda: "trying until it does" in w.bide.text(), "the verdicts could not be stored")
    assert {w.task(first)["status"], w.task(second)["status"]} == {"running"}, "nothing is said that is not stored"
    w.faults.disarm()
    assert w.bide.ended(first, "completed")["result"] == {"kept": 1}
    assert w.bide.ended(second, "failed")["error"]["code"] == "invalid_input"
    assert sorted(w.bide.lines("ran")) == sorted((gate, other)), "neither was run again"
    task = w.sure("POST", "/v1/tasks", body, {"Idempotency-Key": "full"}).json
    w.accepted[task["id"]] = body["subject"]
    w.bide.ended(task["id"], "completed")
    w.all_there()


def test_a_data_dir_that_is_full_lets_tasks_wait_and_go_on_when_there_is_room(serve):
    w = World(serve)
    w.ended("file")
    w.faults.arm(FOLDER | WRITE, last=FOREVER, error=errno.ENOSPC, places=FILES)
    ids = [w.submit(type) for type in ("cat", "file", "cat")]
    until(lambda: "could not be started" in w.bide.text(), "it says so")
    lives(w)
    assert all(w.task(id)["status"] in ("pending", "running") for id in ids)
    w.faults.disarm()
    for id in ids:
        w.bide.ended(id, "completed")
    w.all_there()


def test_without_descriptors_open_connections_work_on_and_tasks_wait(serve):
    w = World(serve)
    id, gate = running(w, ["done", 1])
    connection = w.bide.connect()
    connection.request("GET", "/livez")
    assert connection.getresponse().read()
    w.faults.arm(ACCEPT | OPEN | PIPE | PIDFD, last=FOREVER, error=errno.EMFILE, places=STORE | FILES | OTHER)
    outside = []
    late = threading.Thread(target=lambda: outside.append(w.ask("GET", "/livez")))
    late.start()
    waiting = []
    for _ in range(3):
        connection.request("POST", "/v1/tasks", b'{"type":"cat"}', {"Content-Type": "application/json", "Prefer": "return=minimal"})
        answer = connection.getresponse()
        assert answer.status == 202
        waiting.append(json.loads(answer.read())["id"])
    w.bide.open_gate(gate)
    until(lambda: "could not be started" in w.bide.text(), "it says so")
    connection.request("GET", f"/v1/tasks/{id}?wait=20")
    answer = connection.getresponse()
    assert (answer.status, b'"completed"' in answer.read()) == (200, True), "what runs goes on"
    connection.close()
    assert not outside and w.alive()
    w.faults.disarm()
    late.join(30)
    assert outside and outside[0].ok, "whoever waited at the door is served"
    for one in waiting:
        assert w.bide.ended(one, "completed")["attempt"] == 1, "what could not be started has cost it no attempt"
    w.all_there()


@pytest.mark.parametrize("error", (errno.EAGAIN, errno.ENOMEM))
def test_without_processes_tasks_wait_and_are_done_when_there_are_some(serve, error):
    w = World(serve)
    w.faults.arm(SPAWN, last=FOREVER, error=error)
    ids = [w.submit("cat"), w.submit("file"), w.submit("act", input={"steps": [["done", 1]]})]
    until(lambda: w.faults.hits() >= 3, "each was tried")
    until(lambda: all(w.task(id)["waiting_on"] for id in ids), "each says what it waits for")
    assert {w.task(id)["waiting_on"]["reason"] for id in ids} <= {"worker_start", "worker_broken"}
    assert all(("unavailable" if error == errno.EAGAIN else "memory") in w.task(id)["waiting_on"]["detail"] for id in ids)
    lives(w)
    later = w.submit("cat")
    assert w.sure("POST", f"/v1/tasks/{later}/cancel").json["status"] == "cancelled", "the rest goes on"
    w.faults.disarm()
    for id in ids:
        assert w.bide.ended(id, "completed")["error"] is None
    w.all_there()


def test_a_store_that_hangs_holds_up_changes_alone(serve):
    w = World(serve)
    ended, waits = w.ended("file"), w.submit(delay_ms=FAR)
    id, gate = running(w, ["say", {"op": "progress", "percent": 50}], ["note", str(w.bide.dir / "went-on"), "x"], ["done", 1])
    pid = [worker["pid"] for worker in w.sure("GET", "/v1/workers").json["items"] if worker["current"] == [id]]
    w.faults.arm(SYNC, last=FOREVER, deed=DELAY, delay_ms=600_000, places=STORE)  # until it is told otherwise
    answers, names = {}, [w.name() for _ in range(20)]

    def submit(name):
        answers[name] = w.ask("POST", "/v1/tasks", {"type": "cat", "subject": name, "input": {"name": name}})

    threads = [threading.Thread(target=submit, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    until(lambda: w.faults.hits(), "the sync hangs")
    for target in ("/livez", "/readyz", "/healthz", "/v1/workers", "/openapi.json"):
        assert w.sure("GET", target).status == 200
    assert w.task(ended)["result"] == 1 and w.task(waits)["status"] == "scheduled"
    assert len(w.bide.listed(limit=200)) >= 3 and w.sure("GET", f"/v1/tasks/{ended}/log").body == b"said\n"
    w.bide.open_gate(gate)
    until(lambda: w.bide.lines("went-on"), "the worker goes on")
    assert [worker["pid"] for worker in w.sure("GET", "/v1/workers").json["items"] if worker["pid"] in pid] == pid
    assert not answers and w.faults.hits() == 1, "nothing is acknowledged meanwhile"
    w.faults.disarm()
    for thread in threads:
        thread.join(30)
    assert {a.status for a in answers.values()} == {202}, answers
    for name, answer in answers.items():
        w.accepted[answer.json["id"]] = name
        w.bide.ended(answer.json["id"], "completed")
    assert w.bide.ended(id, "completed")["attempt"] == 1
    assert metric(w, "bide_worker_restarts_total") == 0
    w.all_there()
