# SPDX-License-Identifier: Apache-2.0
"""examples/character-recognition: its clients are answered as golden.json has it; callbacks and polls may be lost in any way, and
its web application comes to the same end, once."""
import base64
import hashlib
import hmac
import json
import socket
import sqlite3
import time

import openapi
import pytest
from demo import running
from character_rig import EXAMPLE, NOVEL, SECRET, by_hand, free_port, long_text, rig  # noqa: F401 (rig: a fixture)
from golden import PAIRS, differs, filled, play
from harness import ROOT, at_once, until
from sockets import Socket, run

from books import Books

SYSTEM = "character-recognition"
SERVICE = "/api/recognize/async"
openapi.CONFIGURED += [r"/api/(recognize|stats|books)(/.*)?"]


def as_written(characters):
    """As the web application shows what the service tells."""
    return [{**{k: c[k] for k in ("name", "aliases", "count", "speaks")}, "sentence": c["first"]["sentence"], "quote": c["first"]["text"]} for c in characters]


def signed(body, at=None):
    """Headers of a callback."""
    id, at = "msg_x_1", str(int(at or time.time()))
    key = base64.b64decode(SECRET[6:])
    mac = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": "v1," + base64.b64encode(mac).decode()}


def is_right(rig, book, text, by=None):
    """The end that every way has to come to; who brought it."""
    seen = rig.ended(book)
    assert (seen["status"], seen["progress"], seen["error"], seen["message"]) == ("completed", 100, None, None)
    assert seen["characters"] == as_written(by_hand(text)) != []
    assert by is None or seen["endedBy"] == by, seen
    assert rig.recognized(book) == 1
    return seen["endedBy"]


# the service


def test_the_people_of_a_novel_are_found_with_their_other_names_and_who_speaks():
    found = {c["name"]: c for c in by_hand(NOVEL)}
    assert list(found) == ["Anna Brook", "Captain Holloway", "Tom Pell", "Mrs Pell", "Judge Marlow"]
    assert found["Anna Brook"]["aliases"] == ["Anna", "Miss Brook"] and found["Tom Pell"]["aliases"] == ["Tom"]
    assert [c["speaks"] for c in found.values()] == [3, 2, 2, 2, 0]
    assert found["Captain Holloway"]["first"] == {"sentence": 6, "text": '"I am Captain Holloway.'}


def test_three_megabytes_are_read_in_parts_and_clients_are_answered_as_ever(rig, remote):
    remote.routes["POST /taken"] = (200, {})
    text = long_text(3_000_000)
    known = {"callback_url": f"{remote.url}/taken", "text": text}
    known["task_id"] = task = play(rig.bide, SYSTEM, "submit", known).json["task_id"]
    rig.reading(task)
    seen = [play(rig.bide, SYSTEM, "progress", known).json]
    while seen[-1]["status"] == "processing":
        seen.append(rig.bide.get_json(f"{SERVICE}/{task}"))
    percents = [one["progress"] for one in seen if one["progress"]]  # one look, between verdict and ending, may show none
    assert len(seen) - len(percents) <= 1
    assert seen[-1]["status"] == "completed", [seen[-1], rig.bide.get_json(f"/v1/tasks/{task}/attempts")]
    assert percents == sorted(percents) and len(set(percents)) >= 5, percents
    messages = [one["message"] for one in seen]
    total = int(messages[0].split(" of ")[1])
    assert total > 50_000 and messages[-1] == f"sentence {total} of {total}", messages[-1]
    assert int(messages[0].split()[1]) % 200 == 0
    end = play(rig.bide, SYSTEM, "the end", known).json
    assert end["result"]["characters"] == by_hand(text)
    play(rig.bide, SYSTEM, "statistics", known)
    assert rig.bide.get_json("/api/stats")["tasks"] == {"total": 1, "pending": 0, "processing": 0, "completed": 1, "failed": 0}
    called = remote.wait("POST /taken")
    [pair] = [p for p in PAIRS if (p["system"], p["name"]) == (SYSTEM, "the callback it sends")]
    assert not (found := differs(filled(pair["request"]["json"], known), called.json)), found
    assert called.json["result"] == end["result"]


def test_texts_that_wait_go_into_one_frame_and_each_has_its_own_verdict(rig):
    texts = [NOVEL.replace("Anna", name) for name in ("Emma", "Clara", "Julia", "Lucy")]
    rig.bide.post("/v1/queues/recognize/pause")
    ids = [rig.bide.post(SERVICE, {"text": text}).json["task_id"] for text in [*texts, "Nobody is here."]]
    rig.bide.post("/v1/queues/recognize/resume")
    tasks = [rig.bide.ended(id, "completed") for id in ids]
    assert [task["result"]["characters"] for task in tasks] == [*map(by_hand, texts), []]
    assert max(task["timing"]["batch_size"] for task in tasks) > 1
    id = rig.bide.post(f"{SERVICE}/batch", {"texts": texts}).json["task_id"]
    together = rig.bide.ended(id, "completed")["result"]["texts"]
    assert [one["characters"] for one in together] == list(map(by_hand, texts))


def test_a_larger_priority_goes_first(rig):
    rig.open()
    rig.bide.post("/v1/queues/recognize/pause")
    low, high = rig.begun(NOVEL)[1], rig.begun(NOVEL, "?priority=9")[1]
    assert [rig.bide.task(id)["priority"] for id in (low, high)] == [0, 9]
    assert rig.bide.get_json("/api/stats")["tasks"]["pending"] == 2
    rig.bide.post("/v1/queues/recognize/resume")
    first, second = (rig.bide.ended(id, "completed")["started_at"] for id in (high, low))
    assert first <= second


def test_a_cancel_of_what_is_read_is_obeyed_at_once_and_the_other_text_of_the_frame_goes_on(rig):
    rig.open()
    text = long_text(12_000_000)
    rig.bide.post("/v1/queues/recognize/pause")
    (book, task), (_, other) = rig.begun(text), rig.begun(NOVEL * 2000)
    rig.bide.post("/v1/queues/recognize/resume")
    rig.reading(task)
    pids = sorted(worker["pid"] for worker in rig.bide.get_json("/v1/workers")["items"])
    assert rig.ask("POST", f"/api/books/{book}/characters/recognize/cancel").status == 202
    rig.bide.ended(task, "cancelled")
    seen = rig.ended(book)
    assert (seen["status"], seen["characters"], rig.recognized(book)) == ("failed", [], 0), seen
    assert "cancel" in seen["error"], seen
    rig.bide.ended(other, "completed")
    assert sorted(worker["pid"] for worker in rig.bide.get_json("/v1/workers")["items"]) == pids


# who comes first


@pytest.mark.parametrize("lost", ["callbacks: 500", "callbacks: closed port", "polls", "neither"])
def test_whatever_is_lost_the_end_is_the_same(rig, remote, lost):
    remote.routes["POST *"] = (500, {})
    callback = {"callbacks: 500": remote.url, "callbacks: closed port": f"http://127.0.0.1:{free_port()}"}.get(lost, rig.url)
    rig.open(poll=0 if lost == "polls" else 0.02, callback=callback)
    book, task = rig.begun(NOVEL)
    by = is_right(rig, book, NOVEL, {"polls": "callback", "neither": None}.get(lost, "poll"))
    if lost == "callbacks: 500":
        path = f"/api/books/{book}/characters/recognize/callback"
        assert remote.wait(f"POST {path}").json["status"] == "completed"
    if lost in ("polls", "neither"):
        rig.told(task)
    before = rig.dump()
    late = json.dumps({"task_id": task, "status": "failed", "result": None, "error": "late"}).encode()
    answer = rig.ask("POST", f"/api/books/{book}/characters/recognize/callback", late, signed(late))
    assert (answer.status, answer.json) == (200, {"applied": False})
    assert rig.dump() == before and is_right(rig, book, NOVEL, by) == by


@pytest.mark.parametrize("first", ["poll", "callback"])
def test_both_are_lost_for_a_while_and_one_comes_back(rig, remote, first):
    remote.routes["POST *"] = (500, {})
    callback = remote.url if first == "poll" else rig.url
    rig.open(poll=0, callback=callback)
    rig.bide.post("/v1/queues/recognize/pause")
    book, task = rig.begun(NOVEL)
    if first == "callback":
        rig.close()
    rig.bide.post("/v1/queues/recognize/resume")
    rig.bide.ended(task, "completed")
    until(lambda: [d for d in rig.deliveries(task) if d["last_error"]], "a callback that is lost")
    if first == "poll":
        assert rig.shown(book)["endedBy"] is None
        rig.close()
    rig.open(poll=0.02 if first == "poll" else 0, callback=callback)
    is_right(rig, book, NOVEL, first)


@pytest.mark.parametrize("late", [False, True])
def test_endings_are_taken_from_a_queue_without_polls_or_callbacks(rig, late):
    rig.open(poll=0, callback="none")
    text = long_text(1_000_000)
    book, task = rig.begun(text)
    if not late:
        rig.take()
    rig.bide.ended(task, "completed")
    [follower] = until(lambda: rig.bide.get_json("/v1/tasks?type=recognized")["items"], "what follows the ending")
    if late:
        fence = rig.bide.post("/v1/attempts:claim", {"types": ["recognized"], "worker": "another"}).json["tasks"][0]["fence"]
        assert rig.shown(book)["endedBy"] is None
        assert rig.bide.post(f"/v1/attempts/{follower['id']}.{fence}/release").status == 200
        rig.take()
    is_right(rig, book, text, "queue")
    assert rig.bide.ended(follower["id"], "completed")["result"] == {"applied": True}


def test_of_many_at_once_one_ends_it_and_the_others_change_nothing(tmp_path):
    books = Books(tmp_path / "books.db")
    for n in range(40):
        book = books.add("t", "x")
        books.begin(book)
        [one] = books.unsubmitted(book)
        books.submitted(one["requestKey"], f"task-{n}")
        result = {"characters": by_hand(NOVEL)}
        ways = [lambda by=by: books.end(f"task-{n}", "completed", result, None, by) for by in ("callback", "poll") * 2]
        assert sorted(at_once(*ways)) == [False, False, False, True]
    with sqlite3.connect(books.path) as db:
        assert db.execute("SELECT DISTINCT recognized FROM book").fetchall() == [(1,)]
        assert db.execute("SELECT count(*) FROM character").fetchone() == (40 * len(by_hand(NOVEL)),)


def test_a_callback_that_the_service_did_not_sign_is_refused(rig):
    rig.open(poll=0)
    rig.bide.post("/v1/queues/recognize/pause")
    book, task = rig.begun(NOVEL)
    body = json.dumps({"task_id": task, "status": "failed", "result": None, "error": "forged"}).encode()
    path, before = f"/api/books/{book}/characters/recognize/callback", rig.dump()
    for headers in ({}, {**signed(body), "webhook-signature": "v1,AAAA"}, signed(body, time.time() - 3600), signed(body + b" ")):
        assert rig.ask("POST", path, body, headers).status == 401
    assert rig.dump() == before
    unknown = json.dumps({"task_id": "other", "status": "failed", "result": None, "error": None}).encode()
    assert rig.ask("POST", path, unknown, signed(unknown)).status == 409
    rig.bide.post("/v1/queues/recognize/resume")
    is_right(rig, book, NOVEL, "callback")


# life


def test_a_killed_bide_goes_on_behind_the_part_it_was_at(rig):
    rig.open()
    text = long_text(12_000_000)
    book, task = rig.begun(text)
    attempts = lambda: rig.bide.get_json(f"/v1/tasks/{task}/attempts")["items"]
    until(lambda: [one for one in attempts() if one["saved_bytes"]], "a part that is saved", 60)
    rig.reading(task)
    rig.bide.restart9()
    is_right(rig, book, text)
    assert [one["resumed_from"] for one in attempts()] == [1, None], attempts()
    assert "goes on at sentence" in rig.bide.log(task)


@pytest.mark.parametrize("poll", [0.02, 0])
def test_a_killed_web_application_knows_what_it_has_asked(rig, poll):
    rig.open(poll=poll)
    text = long_text(3_000_000)
    book, task = rig.begun(text)
    rig.reading(task)
    rig.close()
    rig.open(poll=poll)
    assert rig.recognize(book)["externalTaskId"] == task
    is_right(rig, book, text)
    assert rig.bide.get_json("/api/stats")["tasks"]["total"] == 1


def test_what_was_promised_while_the_service_was_away_is_handed_on_once(rig):
    rig.open()
    rig.bide.kill9()
    book, task = rig.begun(NOVEL)
    assert task is None
    rig.close()
    with sqlite3.connect(rig.db) as db:
        [(key,)] = db.execute("SELECT requestKey FROM recognition").fetchall()
    rig.bide.start()
    callback = f"{rig.url}/api/books/{book}/characters/recognize/callback".replace(":", "%3A").replace("/", "%2F")
    known = rig.bide.post(f"{SERVICE}?priority=0&callback_url={callback}", {"text": NOVEL}, {"Idempotency-Key": key}).json["task_id"]
    rig.open()
    is_right(rig, book, NOVEL)
    assert rig.shown(book)["externalTaskId"] == known, "submitted before the web application was killed, and found again"


def test_a_text_that_the_service_refuses_ends_and_the_others_are_handed_on(rig):
    rig.open()
    rig.bide.terminate()
    refused, taken = rig.book(""), rig.book(NOVEL)
    for book in (refused, taken):
        assert rig.recognize(book)["status"] == "pending"
    rig.bide.start()
    is_right(rig, taken, NOVEL)
    seen = rig.ended(refused)
    assert (seen["status"], seen["endedBy"], seen["externalTaskId"]) == ("failed", "refusal", None) and "text" in seen["error"], seen
    long = rig.book("\u591c" * 3_000_000)  # 9 MB, and not twice that as escapes
    assert rig.recognize(long)["externalTaskId"]
    assert rig.ended(long)["status"] == "completed"


def test_a_service_that_breaks_off_in_the_middle_of_an_answer_is_asked_again(rig):
    """A server of one answer that is cut short, then bide in its place."""
    rig.open(callback="none")
    book, task = rig.begun(long_text(1_000_000))
    rig.bide.kill9()
    with socket.create_server(("127.0.0.1", int(rig.service.rpartition(":")[2]))) as broken:
        broken.settimeout(20)
        for _ in range(3):  # each look is answered by half an answer
            with broken.accept()[0] as asked:
                asked.recv(65536)
                asked.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: application/json\r\n\r\n{\"task_id\"")
    rig.bide.start()
    assert rig.ended(book)["endedBy"] == "poll", rig.shown(book)
    assert rig.shown(book)["externalTaskId"] == task


def test_progress_of_a_service_that_is_away_is_one_answer(rig):
    rig.open(poll=0)
    book, _ = rig.begun(NOVEL)
    rig.bide.kill9()
    answer = rig.ask("GET", f"/api/books/{book}/characters/recognize/events")
    assert answer.status == 502 and "service" in answer.json["error"], answer


def test_polls_end_after_a_while_and_begin_again_when_somebody_asks(rig):
    rig.open(poll=0.02, poll_for=0.3, callback="none")
    rig.bide.post("/v1/queues/recognize/pause")
    book, task = rig.begun(NOVEL)
    until(lambda: not Books(rig.db).to_poll(), "the end of the polls")
    rig.bide.post("/v1/queues/recognize/resume")
    rig.bide.ended(task, "completed")
    assert rig.shown(book)["endedBy"] is None
    assert rig.recognize(book)["externalTaskId"] == task
    is_right(rig, book, NOVEL, "poll")


def test_expired_tasks_are_cleaned_up_and_whoever_asks_too_late_hears_so(rig):
    rig.bide.terminate()
    rig.bide.env["BIDE_DEFAULTS_RETAIN_AGE"] = "1s"
    rig.bide.start()
    rig.open(poll=0, callback="none")
    book, task = rig.begun(NOVEL)
    until(lambda: rig.bide.send("GET", f"{SERVICE}/{task}").status == 404, "the end of the record", 60)
    assert rig.bide.get_json("/api/stats")["tasks"]["total"] == 0
    rig.close()
    rig.open()
    seen = rig.ended(book)
    assert (seen["status"], seen["endedBy"], seen["error"]) == ("failed", "poll", "the service does not know it any more")


def test_progress_is_pushed_sentence_by_sentence(rig):
    rig.open()
    text = long_text(3_000_000)
    book, _ = rig.begun(text)
    stream = rig.ask("GET", f"/api/books/{book}/characters/recognize/events").body.decode()
    told = [json.loads(line[6:]).get("progress") for line in stream.splitlines() if line.startswith("data: {")]
    messages = [one["message"] for one in told if one and one.get("message")]
    assert len(set(messages)) >= 3 and all(m.startswith("sentence ") for m in messages), messages
    assert "event: task.completed" in stream


def test_progress_is_told_over_a_websocket_of_the_service_to_the_end(rig):
    text = long_text(3_000_000)
    task = rig.bide.post(SERVICE, {"text": text}).json["task_id"]

    async def talk():
        async with Socket(rig.bide, f"{SERVICE}/{task}/ws", protocols=()) as ws:
            told = [await ws.hear()]
            while told[-1]["status"] != "completed":
                told.append(await ws.hear())
            assert (await ws.closed())[0] == 1000
            return told

    told = run(talk())
    assert all(set(one) == {"task_id", "status", "progress", "message", "result", "error"} and one["task_id"] == task for one in told)
    assert told[-1] == rig.bide.get_json(f"{SERVICE}/{task}") and told[-1]["result"]["characters"] == by_hand(text)
    messages = {one["message"] for one in told if one["status"] == "processing"}
    assert len([m for m in messages if m.startswith("sentence ")]) >= 3, messages


@pytest.mark.skipif(not (ROOT / "build/bide").exists(), reason="the demonstration uses build/bide")
def test_the_demonstration_shows_who_is_in_the_book_and_stops_on_ctrl_c(tmp_path):
    with running(EXAMPLE / "demo.sh", tmp_path) as demo:
        text = demo.said(60)
        assert "sentence 54000 of 54000" in text and "completed, told by " in text, text
        assert "Anna Brook (Anna, Miss Brook): 12000 times, speaks 4500 times" in text, text
        demo.interrupt()
