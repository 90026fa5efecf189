# SPDX-License-Identifier: Apache-2.0
"""examples/content-studio: its command waited for and asked after, what follows each ending in one transaction of its own
database, and rows that are taken once each through kill -9."""
import json
import signal
import sqlite3
import struct
import subprocess
from datetime import datetime

import pytest
from harness import at_once, until
from studio_rig import ALL, EXAMPLE, NOTHING, TYPES, rig  # noqa: F401 (rig: a fixture)

both = pytest.mark.parametrize("type", TYPES)


def png_size(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[-8:-4] == b"IEND"
    return struct.unpack(">II", data[16:24])


# both modes


@both
def test_a_brief_becomes_content_with_cover_pictures_and_score_in_the_pool(rig, type, tmp_path):
    topic = f"night trains, {type}"
    id = rig.submit(topic, type, words=120, pictures=3)
    task = rig.bide.ended(id, "completed")
    made = task["result"]
    assert topic in made["title"] + made["body"] and len(made["body"].split()) >= 120 and 80 <= made["score"] <= 100
    names = ["cover.png", "picture-1.png", "picture-2.png", "picture-3.png"]
    assert (made["cover"], [p["name"] for p in made["pictures"]], task["files"]) == ("cover.png", names, names)
    assert rig.outcome(id) == ("success", None, None)
    assert rig.written(id) == {"outcome": 1, "content": 1, "picture": 4, "pool": 1}
    [entry] = [entry for entry in rig.studio("pool") if entry["task"] == id]
    assert (entry["account"], entry["title"], entry["score"], entry["cover"], entry["pictures"]) == ("ann", made["title"], made["score"], "cover.png", 4)
    for name, width, height, data in rig.rows("SELECT name, width, height, bytes FROM picture WHERE content_id = ?", entry["content"]):
        assert png_size(data) == (width, height)
        assert rig.bide.send("GET", f"/v1/tasks/{id}/files/{name}").body == data
    (tmp_path / "brief.json").write_text(json.dumps(task["input"]))
    again = rig.run(EXAMPLE / "content-creator", "--json", tmp_path / "brief.json")
    assert json.loads(again.stdout) == made, "the same brief gives the same content"


def test_what_is_polled_tells_how_far_it_is_and_a_cancel_reaches_the_command(rig):
    id = rig.submit("slow boats", "content.polled", seconds=60)
    progress = until(lambda: (p := rig.bide.task(id)["progress"]) and p["message"] and p, "progress")
    assert progress["message"] in ("reading the brief", "writing") and 0 <= progress["percent"] < 50
    remote = rig.bide.log(id).split()[-1]
    assert json.loads(rig.run(EXAMPLE / "content-creator", "status", remote).stdout)["status"] == "running"
    rig.studio("cancel", id)
    rig.bide.ended(id, "cancelled")
    assert json.loads(rig.run(EXAMPLE / "content-creator", "status", remote).stdout)["status"] == "cancelled"


def test_without_its_service_a_submit_is_tried_again_later(rig):
    done = subprocess.run([EXAMPLE / "content-creator", "status", "0" * 32], env={**rig.env, "STUDIO_HOME": str(rig.dir / "none")}, capture_output=True)
    assert (done.returncode, b"content-creator serve" in done.stderr) == (75, True)


@both
def test_bad_json_says_where(rig, type):
    id = rig.submit("misprints", type, malformed=True, options={"max_attempts": 1})
    error = rig.bide.ended(id, "failed")["error"]
    assert error["code"] == "bad_result" and "not JSON" in error["message"] and " at byte " in error["message"], error
    assert rig.outcome(id) == ("failure", "bad_result", error["message"])


def test_a_brief_that_does_not_fit_is_refused_with_its_place(rig):
    answer = rig.bide.post("/v1/tasks", {"type": "content", "input": {"account": "ann", "topic": "x", "words": 3, "picture": 1}})
    assert (answer.status, sorted(e["pointer"] for e in answer.json["errors"])) == (422, ["/input/picture", "/input/words"])


# what follows


@both
@pytest.mark.parametrize("outcome", ["failure", "timeout", "cancelled", "expired"])
def test_each_other_outcome_is_written_once_and_nothing_is_published(rig, type, outcome):
    options = {"timeout": {"timeout_ms": 200, "max_attempts": 1}, "expired": {"start_within_ms": 50}}
    brief = {"fails": "no muse"} if outcome == "failure" else {"seconds": 60}
    if outcome == "expired":
        assert rig.bide.post("/v1/queues/content/pause").status == 200
    id = rig.submit(f"{outcome} {type}", type, options=options.get(outcome, {}), **brief)
    if outcome == "cancelled":
        until(lambda: rig.bide.task(id)["status"] == "running", "it runs")
        rig.bide.post(f"/v1/tasks/{id}/cancel")
    task = rig.bide.ended(id)
    assert rig.bide.post("/v1/queues/content/resume").status == 200
    assert (rig.outcome(id)[0], rig.written(id)) == (outcome, {"outcome": 1, "content": 0, "picture": 0, "pool": 0})
    assert rig.outcome(id)[1] == task["error"]["code"]
    if outcome == "failure":
        assert "no muse" in task["error"]["message"] and task["attempt"] == task["max_attempts"] == 3
        first, second, third = reversed(rig.bide.get_json(f"/v1/tasks/{id}/attempts")["items"])
        assert first["finished_at"] < second["started_at"] and second["finished_at"] < third["started_at"]
        waits = [gap(first, second), gap(second, third)]
        assert waits[0] >= 0.039 and waits[1] >= 0.079, "the second wait is twice the first"


def gap(before, after):
    begun, ended = (datetime.fromisoformat(time.replace("Z", "+00:00")) for time in (after["started_at"], before["finished_at"]))
    return (begun - ended).total_seconds()


@pytest.mark.parametrize("trouble,meanwhile", [("raise half", NOTHING), ("kill half", NOTHING), ("kill committed", ALL)])
def test_what_breaks_in_the_middle_is_taken_back_whole_and_done_once_when_tried_again(rig, trouble, meanwhile):
    rig.trouble.write_text(trouble)
    try:
        id = rig.submit(f"trouble: {trouble}")
        rig.bide.ended(id, "completed")
        after = rig.follower(id, "content.created")
        until(lambda: rig.bide.task(after)["attempt"] >= 3, "it is tried for the third time")
        assert rig.written(id) == meanwhile
        assert rig.bide.task(after)["error"]["code"] == ("worker_error" if trouble == "raise half" else "worker_crashed")
    finally:
        rig.trouble.unlink()
    result = rig.bide.ended(after, "completed")["result"]
    assert (rig.written(id), result["new"]) == (ALL, meanwhile == NOTHING)
    assert rig.bide.task(id)["run"] == 1 and rig.bide.post(f"/v1/tasks/{id}/retry").status == 202
    rig.bide.ended(id, "completed")
    until(lambda: rig.written(id) == {"outcome": 2, "content": 2, "picture": 6, "pool": 2}, "another run is another ending")


def test_what_was_lost_is_written_once_though_its_handler_was_killed(rig):
    rig.trouble.write_text("kill half")
    try:
        id = rig.submit("lost twice", fails="no muse", options={"max_attempts": 1})
        rig.bide.ended(id, "failed")
        after = rig.follower(id, "content.lost")
        until(lambda: rig.bide.task(after)["attempt"] >= 2, "it is tried again")
        assert rig.written(id) == NOTHING
    finally:
        rig.trouble.unlink()
    rig.bide.ended(after, "completed")
    assert rig.rows("SELECT outcome FROM outcome WHERE task_id = ?", id) == [("failure",)]


@both
def test_a_server_that_is_killed_in_the_middle_has_each_ending_written_once(rig, type):
    ids = [rig.submit(f"restart {type} {n}", type, seconds=seconds) for n, seconds in enumerate((2, 0.4, 0.4, 0.4))]
    until(lambda: rig.bide.task(ids[0])["status"] == "running", "the long one runs")
    for _ in range(2):
        rig.restart9()
        until(lambda: any(rig.bide.task(id)["status"] in ("running", "completed") for id in ids), "one runs again")
    for id in ids:
        assert (rig.bide.ended(id, "completed")["run"], rig.outcome(id)[0], rig.written(id)) == (1, "success", ALL)


def test_pictures_that_are_not_there_are_a_failure_for_good_and_nothing_is_written(rig):
    id = rig.submit("elsewhere", options={"delay_ms": 60_000})
    made = {"title": "t", "body": "b", "score": 99, "cover": "cover.png", "pictures": [{"name": "cover.png", "width": 1, "height": 1}]}
    assert rig.bide.post(f"/v1/tasks/{id}/complete", {"result": made}).status == 200
    after = rig.bide.ended(rig.follower(id, "content.created"), "failed")
    assert (after["error"]["code"], after["attempt"], rig.written(id)) == ("invalid_input", 1, NOTHING)
    assert "cover.png" in after["error"]["message"]


def test_a_review_by_hand_or_a_low_score_keeps_content_out_of_the_pool(rig):
    by_hand, poor = rig.submit("by hand", review="hand"), rig.submit("much of the same", words=5000)
    for id in (by_hand, poor):
        assert rig.outcome(id)[0] == "success"
        assert rig.written(id) == {**ALL, "pool": 0}
    [(content, review)] = rig.rows("SELECT id, review FROM content WHERE task_id = ?", by_hand)
    assert (review, rig.rows("SELECT review FROM content WHERE task_id = ?", poor)) == ("waiting", [("rejected",)])
    rig.studio("review", content, "approved", "--by", "eve")
    assert rig.written(by_hand) == ALL
    assert rig.run(EXAMPLE / "studio", "review", content, "rejected").returncode == 1, "once"
    assert rig.rows("SELECT review, reviewer FROM content WHERE id = ?", content) == [("approved", "eve")]


# intake


def add_rows(rig, n, name):
    with sqlite3.connect(rig.dir / "studio.db", timeout=30) as db:
        rows = [("rows", f"{name} {i}", '{"words": 10, "pictures": 0}', TYPES[i % 2]) for i in range(n)]
        db.executemany("INSERT INTO intake(account, topic, brief, type) VALUES(?, ?, ?, ?)", rows)


def taken(rig, name):
    return rig.rows("SELECT count(*) FROM intake WHERE topic LIKE ? AND task_id IS NOT NULL", f"{name} %")[0][0]


def assert_each_once(rig, n, name):
    ids = [id for id, in rig.rows("SELECT task_id FROM intake WHERE topic LIKE ?", f"{name} %")]
    tasks = [t for t in rig.bide.listed(queue="content", tag="account:rows") if rig.bide.task(t["id"])["input"]["topic"].startswith(name + " ")]
    assert len(set(ids)) == n and sorted(t["id"] for t in tasks) == sorted(ids)
    for id in ids:
        assert rig.outcome(id)[0] == "success"


@pytest.mark.parametrize("place", ["begun", "submitted"])
def test_an_intake_that_dies_between_two_of_its_steps_neither_loses_nor_doubles_a_row(rig, place):
    add_rows(rig, 3, place)
    rig.trouble.write_text(f"kill {place}")
    try:
        for _ in range(2):
            assert rig.run(EXAMPLE / "studio", "intake").returncode == -signal.SIGKILL
    finally:
        rig.trouble.unlink()
    assert taken(rig, place) == (0 if place == "begun" else 1), "the second looked, and found the task of the first"
    assert rig.studio("intake") == [{"submitted": 3 if place == "begun" else 2, "refused": 0, "left": 0}]
    assert_each_once(rig, 3, place)


def test_an_intake_killed_anywhere_and_two_at_once_take_each_row_once(rig):
    add_rows(rig, 30, "many")
    while taken(rig, "many") < 20:
        before = taken(rig, "many")
        process = rig.process(EXAMPLE / "studio", "intake", stdout=subprocess.DEVNULL)
        until(lambda: taken(rig, "many") > before + 2 or process.poll() is not None, "it takes some")
        process.kill()
        process.wait()
    at_once(*[lambda: rig.studio("intake")] * 2)
    assert taken(rig, "many") == 30
    assert_each_once(rig, 30, "many")


def test_an_intake_that_follows_takes_what_comes_says_what_is_refused_and_stops_when_told(rig):
    process = rig.process(EXAMPLE / "studio", "intake", "--follow", "--every", "0.02", stdout=subprocess.DEVNULL)
    try:
        add_rows(rig, 2, "later")
        with sqlite3.connect(rig.dir / "studio.db", timeout=30) as db:
            db.execute("INSERT INTO intake(account, topic, brief) VALUES('rows', 'wrong', '{\"words\": 1}')")
        until(lambda: taken(rig, "later") == 2, "both are taken")
        refused = until(lambda: rig.rows("SELECT refused FROM intake WHERE topic = 'wrong' AND refused IS NOT NULL"), "the other is refused")
        assert "/input/words" in refused[0][0]
    finally:
        process.terminate()
    assert process.wait(20) == 0
    assert_each_once(rig, 2, "later")
