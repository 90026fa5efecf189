# SPDX-License-Identifier: Apache-2.0
"""examples/content-studio with its own bide.yaml: its command waited for and asked after, what follows each ending in one
transaction of its own database, rows that are taken once each through kill -9, and its operations from a shell, Python and C."""
import json
import os
import signal
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from demo import running
from harness import ROOT, at_once, until
from sanitized import unsanitized

EXAMPLE = ROOT / "examples/content-studio"
BUILD = Path(os.environ.get("BIDE_BUILD") or ROOT / "build")
sys.path.insert(0, str(EXAMPLE))
from operations import Studio, WaitTimeout  # noqa: E402

TYPES = ("content", "content.polled")
both = pytest.mark.parametrize("type", TYPES)


class Rig:
    """The example: bide with its bide.yaml, the service of content-creator, and the database of the studio."""

    def __init__(self, fleet):
        self.bide = fleet.prepare({})
        self.dir = self.bide.dir
        self.bide.config_file = EXAMPLE / "bide.yaml"
        self.trouble = self.dir / "trouble"
        own = {"STUDIO_HOME": str(self.dir), "STUDIO_TROUBLE": str(self.trouble)}
        quick = {"RETRY_BASE": "40ms", "RETRY_JITTER": "none", "RETRY_CAP": "1s"}
        self.bide.env = {
            **own, **{f"BIDE_DEFAULTS_{name}": value for name, value in quick.items()},
            "BIDE_STORE": f"sqlite:{self.dir}/bide.db", "BIDE_DATA_DIR": str(self.dir), "BIDE_TYPES_CONTENT_POLLED_POLL_EVERY": "30ms",
        }
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith("BIDE_")}, **own}
        self.service = None

    def start(self):
        self.service = subprocess.Popen([EXAMPLE / "content-creator", "serve"], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert b"listens" in self.service.stdout.readline()
        self.bide.start()
        self.env["BIDE_SERVER"] = self.bide.url
        self.studio("intake")  # makes the tables
        return self

    def stop(self):
        if self.service:
            self.service.terminate()
            assert self.service.wait(20) == 0
            self.service.stdout.close()

    def process(self, *words, **options):
        return subprocess.Popen([str(word) for word in words], env=self.env, stdin=subprocess.DEVNULL, **options)

    def run(self, *words):
        return subprocess.run([str(word) for word in words], env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def studio(self, *words):
        """The lines that `studio` prints, as values."""
        done = self.run(EXAMPLE / "studio", *words)
        assert done.returncode == 0, done
        return [json.loads(line) if line[0] in "{[" else line for line in done.stdout.splitlines()]

    def rows(self, query, *values):
        with sqlite3.connect(self.dir / "studio.db", timeout=30) as db:
            return db.execute(query, values).fetchall()

    def written(self, id):
        """How many rows there are of a task in each table."""
        of = "(SELECT id FROM content WHERE task_id = ?)"
        tables = {"outcome": "task_id = ?", "content": "task_id = ?", "picture": f"content_id IN {of}", "pool": f"content_id IN {of}"}
        return {name: self.rows(f"SELECT count(*) FROM {name} WHERE {where}", id)[0][0] for name, where in tables.items()}

    def outcome(self, id):
        """Waits for what is written of its ending: (outcome, code, message)."""
        return until(lambda: self.rows("SELECT outcome, code, message FROM outcome WHERE task_id = ?", id), f"the outcome of {id}")[0]

    def follower(self, id, type):
        """The task that follows the ending of another."""
        def look():
            return next((t for t in self.bide.listed(type=type) if self.bide.task(t["id"])["input"]["id"] == id), None)
        return until(look, f"what follows {id}")["id"]

    def submit(self, topic, type="content", options={}, **brief):
        return self.bide.submit(type, {"account": "ann", "topic": topic, **brief}, tags={"account": "ann"}, **options)["id"]


@pytest.fixture(scope="module")
def rig():
    from fixtures import Fleet

    fleet = Fleet()
    rig = Rig(fleet)
    try:
        yield rig.start()
    finally:
        rig.stop()
        fleet.release()


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
    progress = until(lambda: rig.bide.task(id)["progress"], "progress")
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
    from datetime import datetime

    begun, ended = (datetime.fromisoformat(time.replace("Z", "+00:00")) for time in (after["started_at"], before["finished_at"]))
    return (begun - ended).total_seconds()


NOTHING = {"outcome": 0, "content": 0, "picture": 0, "pool": 0}
ALL = {"outcome": 1, "content": 1, "picture": 3, "pool": 1}


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


# operations


def test_the_operations_of_the_class(rig):
    with Studio(rig.bide.url) as studio:
        studio.join(timeout=30)
        assert studio.empty() and studio.size() == 0
        rig.bide.post("/v1/queues/content/pause")
        first, second, third = [studio.submit("cat", f"work {n}", priority=n, polled=n == 2, words=10)["id"] for n in (1, 2, 3)]
        assert studio.size() == 3 and not studio.empty()
        assert [t["id"] for t in studio.pending(account="cat")] == [third, second, first]
        assert [t["id"] for t in studio.list(account="cat", type="content.polled")] == [second]
        created = studio.get(first)["created_at"]
        assert {t["id"] for t in studio.list(account="cat", after=created)} == {first, second, third}
        assert list(studio.list(account="cat", before=created)) == list(studio.list(account="dog")) == []
        assert studio.status(third)["position"] == 1, "the highest priority is first"
        with pytest.raises(WaitTimeout):
            studio.join(timeout=0.2)
        with pytest.raises(ValueError):
            studio.submit("cat", "x", priority=11)
        assert studio.complete(first, {"title": "elsewhere"})["status"] == "completed"
        assert studio.fail(second, "given up")["error"]["message"] == "given up"
        assert studio.cancel(third)["status"] == "cancelled"
        rig.bide.post("/v1/queues/content/resume")
        studio.join(timeout=30)
        assert [rig.outcome(id)[0] for id in (first, second, third)] == ["success", "failure", "cancelled"]
        assert rig.written(first) == {**NOTHING, "outcome": 1}, "completed elsewhere, without content"
        slow = studio.submit("cat", "slow", seconds=60, options={"timeout_ms": 700, "max_attempts": 1})["id"]
        until(lambda: [t["id"] for t in studio.running(account="cat")] == [slow], "it is among those that run")
        studio.join(timeout=30)
        assert [t["id"] for t in studio.timed_out(account="cat")] == [slow]
        numbers = studio.numbers()
        assert numbers["pool"]["places"] == 4 and numbers["pool"]["size"] == 0
        for type in TYPES:
            assert numbers["types"][type]["attempts"]["done"] > 0 and numbers["types"][type]["seconds"] > 0
        until(lambda: rig.outcome(slow), "what follows has followed")
        until(lambda: studio.clean(before=studio.get(second)["created_at"]) == 0, "all that is older goes")
        assert [t["id"] for t in studio.list() if t["created_at"] < created] == []
        assert {t["id"] for t in studio.list(account="cat")} >= {second, third, slow}


def test_the_operations_of_the_shell(rig):
    [id] = rig.studio("submit", "dog", "walks", "--seconds", "60", "--type", "content.polled", "--priority", "9")
    until(lambda: rig.studio("running", "--account", "dog"), "it runs")
    assert (rig.studio("queue", "size"), rig.studio("queue", "empty")) == (["1"], ["no"])
    assert rig.studio("status", id)[0]["status"] == "running" and rig.studio("get", id)[0]["priority"] == 9
    assert rig.run(EXAMPLE / "studio", "queue", "join", "--timeout", "0.1").returncode == 1
    assert rig.studio("cancel", id)[0]["cancel_requested"] is True
    rig.studio("queue", "join", "--timeout", "30")
    assert [t["status"] for t in rig.studio("list", "--account", "dog", "--type", "content.polled")] == ["cancelled"]
    assert rig.outcome(id)[0] == "cancelled"
    assert id in [row["task_id"] for row in rig.studio("outcomes")]
    assert rig.studio("pending", "--account", "dog") == rig.studio("timed-out", "--account", "dog") == []
    assert rig.studio("numbers")[0]["server"]["status"] == "serving"
    refused = rig.run(EXAMPLE / "studio", "get", "0" * 36)
    assert refused.returncode == 1 and "not_found" in refused.stderr


@unsanitized("the trees of the sanitizers build no libbide")
def test_the_operations_from_c(rig, tmp_path):
    program, queue = tmp_path / "queue", "/v1/queues/content/"
    words = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", EXAMPLE / "queue.c", "-o", program, BUILD / "libbide.a"]
    built = rig.run(*words, "-lcurl", "-lyajl", "-lm")
    assert built.returncode == 0, built.stderr

    def say(*words):
        done = rig.run(program, *words)
        assert done.returncode == 0, done
        return done.stdout.strip()

    rig.bide.post(queue + "pause")
    ids = [json.loads(say("submit", "eel", f"rivers {n}", n))["id"] for n in (1, 2, 3)]
    assert (say("size"), say("empty"), say("status", ids[0])) == ("3", "no", "pending, attempt 0 of 3")
    assert {t["id"] for t in json.loads(say("list", "pending", "eel"))["items"]} == set(ids)
    assert json.loads(say("complete", ids[0]))["status"] == "completed"
    assert json.loads(say("fail", ids[1], 'a "reason"'))["error"]["message"] == 'a "reason"'
    rig.bide.post(queue + "resume")
    say("join")
    assert (say("size"), say("empty")) == ("0", "yes")
    assert json.loads(say("get", ids[2]))["status"] == "completed" and json.loads(say("cancel", ids[2]))["status"] == "completed"
    assert rig.run(program, "get", "0" * 36).returncode == 1 and rig.run(program, "status").returncode == 64


@pytest.mark.skipif(not (ROOT / "build/bide").exists(), reason="the demonstration uses build/bide")
def test_the_demonstration_publishes_and_stops_on_ctrl_c(tmp_path):
    with running(EXAMPLE / "demo.sh", tmp_path) as demo:
        text = demo.said(60)
        assert text.count("cover.png") == 5 and "timeout" in text and "no muse" in text, text
        demo.interrupt()
    assert not (tmp_path / "creator.sock").exists()
