# SPDX-License-Identifier: Apache-2.0
"""Routes of the configuration: existing applications' clients are answered as golden.json has it, and what each verb
does beside that."""
import sys

import openapi
from golden import PAIRS, differs, play
from harness import ACTOR, QUICK, problem, until

openapi.CONFIGURED += [r"/(api|app|health|task)(/.*)?"]

DETAIL = {"errors": {"detail": "error.detail"}}
TASK = {
    "task_id": "task.id",
    "status": "task.status",
    "message": {"first": ["task.progress.message", "const.waiting"]},
    "result": "task.result",
    "error": {"first": ["task.error.detail", "task.error.message"]},
    "created_at": "task.created_at",
    "completed_at": "task.finished_at",
    "url": "task.input.video_url",
    "filename": None,
}
PENDING = {"running": "processing", "blocked": "pending", "scheduled": "pending", "retrying": "pending"}
GATED = r"""import json, os, sys, time
task = json.load(sys.stdin)
gate = task.get("gate")
while gate and not os.path.exists(gate):
    time.sleep(0.01)  # sleep: until the next look
if task.get("bad"):
    print("Traceback: it is bad", file=sys.stderr)
    sys.exit(1)
print(json.dumps(task.get("answer", {"ok": True})))
"""


GATE = {"exec": [sys.executable, "-S", "-c", GATED], "max_attempts": 1}
"""Waits for the file `gate` of its input, if there is one; then fails if it is `bad`, else gives its `answer`."""


def served(serve, routes, types=None, **more):
    types = {"work": GATE, "cat": {"exec": ["/bin/cat"]}, **(types or {})}
    return serve({"defaults": QUICK, "types": types, "routes": routes, **more})


def ask(bide, target):
    answer = bide.send("GET", target)
    assert answer.status == 200, answer
    return answer.json


def becomes(bide, target, status):
    return until(lambda: next((t for t in [ask(bide, target)] if t["status"] == status), None), f"{target} {status}")


# ---- the applications ----


def notes(serve):
    """speech-notes without its model: the tasks wait at a gate."""
    return served(
        serve,
        [
            {
                "path": "POST /api/v1/process/bilibili",
                "submit": "work",
                "reply": {"task_id": "task.id", "status": "task.status", "message": "const.queued", "created_at": "task.created_at"},
            },
            {
                "path": "POST /api/v1/process/batch",
                "submit": "work",
                "reply": {"task_id": "task.id", "status": "task.status", "message": "const.queued", "created_at": "task.created_at"},
            },
            {"path": "GET /api/v1/task/{task_id}", "get": "path.task_id", "reply": TASK},
            {"path": "GET /health", "health": {}, "reply": {"status": "health.status"}},
        ],
        words=PENDING,
        queues={"default": {"concurrency": 1, "capacity": 10}},
    )


def test_speech_notes_is_answered_as_before(serve):
    bide = notes(serve)
    known = {"video_url": "http://127.0.0.1/a", "video_url2": "http://127.0.0.1/b"}
    first = bide.post("/api/v1/process/bilibili", {"video_url": known["video_url"], "gate": bide.gate("a"), "answer": {
        "title": "t", "raw_text": "r", "polished_text": "p", "summary": "s", "extract_time": 1.5, "polish_time": 2}})
    known["task_id"] = first.json["task_id"]
    becomes(bide, f"/api/v1/task/{known['task_id']}", "processing")
    play(bide, "speech-notes", "status while it runs", known)
    for name in ("submit a video", "defaults are filled in", "submit a list"):
        play(bide, "speech-notes", name, known)
    play(bide, "speech-notes", "health", known)
    play(bide, "speech-notes", "an unknown task", known)
    bide.open_gate("a")
    becomes(bide, f"/api/v1/task/{known['task_id']}", "completed")
    play(bide, "speech-notes", "status at the end", known)
    bad = bide.post("/api/v1/process/bilibili", {"video_url": "http://127.0.0.1/404", "bad": True}).json["task_id"]
    becomes(bide, f"/api/v1/task/{bad}", "failed")
    assert "it is bad" in play(bide, "speech-notes", "a failure says why", {**known, "task_id": bad}).json["error"]


def test_the_eleventh_waiting_task_is_refused_with_429(serve):
    bide = notes(serve)
    held = bide.post("/api/v1/process/bilibili", {"video_url": "x", "gate": bide.gate("a")}).json["task_id"]
    becomes(bide, f"/api/v1/task/{held}", "processing")
    for _ in range(10):
        play(bide, "speech-notes", "submit a video", {"video_url": "x"})
    refused = play(bide, "speech-notes", "a full queue", {"video_url": "x"})
    assert int(refused.headers["retry-after"]) >= 1
    problem(refused, 429, "queue_full")
    bide.open_gate("a")


def test_novel_analysis_is_answered_as_before(serve):
    row = {
        "id": "item.id",
        "chapter_id": {"as_number": "item.tags.chapter_id"},
        "chapter_number": {"as_number": "item.tags.chapter_number"},
        "status": "item.status",
        "duration_seconds": "item.duration_seconds",
    }
    bide = served(
        serve,
        [
            {
                "path": "GET /api/async-analysis/status",
                "count": {"tag.project_id": "query.project_id"},
                "serial": True,
                "limit": 10,
                "reply": {
                    **{word: f"counts.{word}" for word in ("total", "pending", "processing", "completed", "failed")},
                    "recent_tasks": {"each": "tasks", "as": row},
                },
            },
            {
                "path": "GET /api/async-analysis/tasks/{chapter_id}/latest",
                "latest": {"subject": "path.chapter_id"},
                "serial": True,
                "reply": {"id": "task.id", "chapter_id": {"as_number": "task.subject"}, "status": "task.status", "started_at": "task.started_at"},
                **DETAIL,
            },
            {"path": "POST /api/async-analysis/tasks/{id}/retry", "retry": "path.id", "serial": True, "reply": {"message": "const.It runs again"}, **DETAIL},
            {
                "path": "POST /api/async-analysis/tasks",
                "submit": "work",
                "subject": "body.chapter_id",
                "tags": {"project_id": "body.project_id", "chapter_id": "body.chapter_id", "chapter_number": "body.chapter_number"},
                "priority": 5,
                "reply": {"id": "task.id"},
            },
        ],
        words=PENDING,
        queues={"default": {"concurrency": 1}},
    )

    def submit(chapter, project=7, **more):
        body = {"project_id": project, "chapter_id": chapter, "chapter_number": 5, **more}
        return bide.post("/api/async-analysis/tasks", body).json["id"]

    done, failed = submit(121), submit(122, bad=True)
    bide.ended(done, "completed")
    bide.ended(failed, "failed")
    running = submit(123, gate=bide.gate("a"))
    bide.seen(running, "running")
    submit(124)
    submit(125, project=8)
    assert bide.task(running)["priority"] == 5
    answer = bide.get_json("/api/async-analysis/status?project_id=7")
    assert {k: v for k, v in answer.items() if k != "recent_tasks"} == {"total": 4, "pending": 1, "processing": 1, "completed": 1, "failed": 1}
    recent = answer["recent_tasks"]
    [pair] = [p for p in PAIRS if p["name"] == "status of a project"]
    assert not [d for t in recent if (d := differs(pair["response"]["json"]["recent_tasks"][0], t))]
    assert [t["chapter_id"] for t in recent] == [124, 123, 122, 121] and [t["chapter_number"] for t in recent] == [5] * 4
    assert [t["status"] for t in recent] == ["pending", "processing", "failed", "completed"]
    assert recent[0]["duration_seconds"] is None and recent[3]["duration_seconds"] >= 0
    [pair] = [p for p in PAIRS if p["name"] == "latest of a chapter"]
    latest = bide.get_json(pair["request"]["path"])
    assert not differs(pair["response"]["json"], latest), latest
    assert latest["id"] == recent[1]["id"] and [t["id"] for t in recent] == sorted((t["id"] for t in recent), reverse=True)
    play(bide, "novel-analysis", "retry a failed one", {"id": recent[2]["id"]})
    again = bide.post(f"/api/async-analysis/tasks/{running}/retry")
    assert (again.status, list(again.json)) == (409, ["detail"]), again
    assert bide.send("GET", "/api/async-analysis/tasks/999/latest").status == 404
    bide.open_gate("a")
    bide.ended(failed, "failed")


def test_character_recognition_is_answered_as_before(serve):
    bide = served(
        serve,
        [
            {
                "path": "POST /api/recognize/async",
                "submit": "act",
                "fields": {"steps": "body.steps", "callback": "query.callback_url"},
                "status": 200,
                "reply": {"task_id": "task.id", "message": "const.accepted"},
            },
            {
                "path": "GET /api/recognize/async/{task_id}",
                "get": "path.task_id",
                "reply": {
                    "task_id": "task.id",
                    "status": "task.status",
                    "progress": "task.percent",
                    "message": {"first": ["task.progress.message", "const."]},
                    "result": "task.result",
                    "error": "task.error.message",
                },
                **DETAIL,
            },
            {
                "path": "GET /api/stats",
                "count": {},
                "reply": {
                    "service": "const.recognition",
                    "version": "const.2.0",
                    "tasks": {word: f"counts.{word}" for word in ("total", "pending", "processing", "completed", "failed")},
                },
            },
        ],
        words=PENDING,
        workers={"actor": {"command": ACTOR}},
        types={"act": {"worker": "actor"}},
    )
    gate = bide.gate("a")
    progress = {"op": "progress", "percent": 40, "message": "sentence 4"}
    body = {"steps": [["say", progress], ["until", gate], ["done", {"characters": ["A"]}]]}
    answer = bide.post("/api/recognize/async?callback_url=http%3A%2F%2Fx%2F%3Fa%3Db", body)
    known = {"task_id": answer.json["task_id"]}
    assert answer.status == 200 and answer.json["message"] == "accepted", answer
    shown = until(lambda: next((t for t in [ask(bide, f"/api/recognize/async/{known['task_id']}")] if t["progress"]), None))
    assert (shown["progress"], shown["message"]) == (40, "sentence 4")
    play(bide, "character-recognition", "progress", known)
    assert play(bide, "character-recognition", "statistics", known).json["tasks"]["processing"] == 1
    bide.open_gate("a")
    bide.ended(known["task_id"], "completed")
    play(bide, "character-recognition", "the end", known)
    assert bide.task(known["task_id"])["input"]["callback"] == "http://x/?a=b"


def test_study_coach_sees_its_words_between_tries(serve):
    bide = served(
        serve,
        [
            {
                "path": "GET /task/{task_id}",
                "get": "path.task_id",
                "words": {"retrying": "retry"},
                "reply": {
                    "task_id": "task.id",
                    "name": "task.type",
                    "status": "task.status",
                    "created_at": "task.created_at",
                    "started_at": "task.started_at",
                    "completed_at": "task.finished_at",
                    "retry_count": "task.retry_count",
                    "error": "task.error.message",
                },
                **DETAIL,
            }
        ],
        types={
            "memory.consolidate_conversation": {"exec": ["/bin/cat"]},
            "bad": {"exec": ["/bin/false"], "max_attempts": 2, "retry": {"backoff": "fixed", "base": "1h", "jitter": "none"}},
        },
    )
    id = bide.submit("memory.consolidate_conversation")["id"]
    bide.ended(id, "completed")
    play(bide, "study-coach", "status", {"task_id": id})
    id = bide.submit("bad")["id"]
    bide.seen(id, "retrying")
    play(bide, "study-coach", "status between tries", {"task_id": id})
    play(bide, "study-coach", "an unknown task", {})


def test_a_chain_between_two_steps_is_under_way_to_the_clients(serve):
    bide = served(
        serve,
        [{"path": "GET /task/{id}", "get": "path.id", "reply": {"status": "task.status"}}],
        types={"two": {"steps": [{"type": "work"}, {"type": "cat"}], "queue": "line"}},
        words=PENDING,
        queues={"line": {"concurrency": 1}},
    )
    id = bide.submit("two", {"gate": bide.gate("a")})["id"]
    waits = bide.submit("two")["id"]
    bide.seen(id, "running")
    bide.post("/v1/queues/line/pause")
    bide.open_gate("a")
    bide.seen(id, "pending", step="cat")
    assert ask(bide, f"/task/{id}") == {"status": "processing"}
    assert ask(bide, f"/task/{waits}") == {"status": "pending"}
    bide.post("/v1/queues/line/resume")
    bide.ended(id, "completed")
    bide.post("/v1/queues/line/pause")
    bide.post(f"/v1/tasks/{id}/retry")
    assert ask(bide, f"/task/{id}") == {"status": "pending"}
