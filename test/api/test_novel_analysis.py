# SPDX-License-Identifier: Apache-2.0
"""examples/novel-analysis: chapters are analysed after they were written, three at a time, by priority and age; each is in the
novel's database once, whatever is killed; the application's clients are answered as golden.json has it."""
import asyncio
import json
import re

import openapi
import pytest
import websockets
from demo import running
from golden import PAIRS, differs, play
from harness import PATIENCE, ROOT, pointers, until
from novel_rig import API, CHAPTERS, EXAMPLE, STEPS, novel

SYSTEM = "novel-analysis"
openapi.CONFIGURED += [r"/api/async-analysis(/.*)?"]


@pytest.fixture
def rig():
    with novel() as one:
        yield one


def names(rows):
    return [row["name"] for row in rows]


# ---- what clients see ----


def test_the_applications_clients_are_answered_as_before(rig):
    hold = [f"wait world_building {chapter}" for chapter in (123, 801, 802)]
    rig.trouble(*hold, "raise new_characters 122")
    rig.write(121, 3)
    rig.becomes(121, "completed")
    rig.write(122, 4)
    assert rig.becomes(122, "failed")["error_type"] == "RuntimeError"
    for notification in rig.told(2, "?unread_only=true"):
        play(rig.bide, SYSTEM, "mark read", {"id": str(notification["id"])})
    rig.write(801, project=8), rig.write(802, project=8)
    rig.becomes(801, "processing"), rig.becomes(802, "processing")
    rig.write(123, 5)
    rig.becomes(123, "processing", message="world-building")
    rig.write(124, 6)

    status = rig.status(7)
    [pair] = [pair["response"]["json"] for pair in PAIRS if (pair["system"], pair["name"]) == (SYSTEM, "status of a project")]
    rows = {**pair, "recent_tasks": pair["recent_tasks"] * 4}  # one stands for each
    assert not differs(rows, status, more=True), status
    assert [row["chapter_id"] for row in status["recent_tasks"]] == [124, 123, 122, 121]
    assert [row["status"] for row in status["recent_tasks"]] == ["pending", "processing", "failed", "completed"]
    assert rig.counts()["total"] == 6
    play(rig.bide, SYSTEM, "latest of a chapter", {}, more=True)

    rig.over(hold[0])
    rig.becomes(123, "completed")
    rig.becomes(124, "completed")
    [last] = [row for row in rig.told(2, "?unread_only=true") if row["chapter_id"] == 124]
    rig.bide.post(f"{API}/notifications/{last['id']}/read")
    play(rig.bide, SYSTEM, "unread notifications", {})
    rig.trouble()
    failed = status["recent_tasks"][2]["id"]
    play(rig.bide, SYSTEM, "retry a failed one", {"id": str(failed)})
    assert rig.becomes(122, "completed")["id"] == failed
    for path in "/tasks/5/retry", "/notifications/99/read":
        answer = rig.bide.post(API + path)
        assert (answer.status, list(answer.json)) == (404, ["detail"]), answer
    assert rig.bide.send("GET", f"{API}/tasks/999/latest").status == 404


def test_notifications_are_pushed_as_the_list_has_them_with_no_word_of_the_client(rig):
    async def pushed():
        async with websockets.connect(f"ws://127.0.0.1:{rig.bide.port}/ws/notifications") as socket:
            rig.write(121, 3)
            return json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))

    told = asyncio.run(pushed())
    [pair] = [pair["response"]["json"] for pair in PAIRS if (pair["system"], pair["name"]) == (SYSTEM, "unread notifications")]
    assert not differs({**pair[0], "chapter_id": 121, "chapter_number": 3}, told), told
    assert rig.told(1, "?unread_only=true") == [told]


def test_the_caller_has_its_chapter_at_once_whatever_runs(rig):
    rig.trouble(*[f"wait character_tracking {chapter}" for chapter in (1, 2, 3)])
    for chapter in (1, 2, 3):
        rig.write(chapter, chapter)
        rig.becomes(chapter, "processing")
    answer = rig.write(4, 4, CHAPTERS[2], title="Below the market", priority=7, generation_config={"style": "plain"})
    assert answer["chapter"] == {"id": 4, "number": 4, "title": "Below the market", "content": CHAPTERS[2]}
    assert (answer["status"], answer["id"]) == ("pending", rig.latest(4)["id"])
    task = rig.bide.get_json("/v1/tasks/latest?subject=4")
    assert (task["type"], task["priority"], task["tags"]["project_id"]) == ("pending_analysis", 7, "7")
    assert task["input"]["generation_config"]["style"] == "plain" and task["input"]["generation_config"]["min_mentions"] == 2
    assert rig.bide.get_json("/v1/tasks/latest?subject=1")["priority"] == 5
    assert rig.bide.get_json(f"{API}/health")["processing"] == 3


def test_a_chapter_that_is_not_one_is_refused_with_the_reason(rig):
    whole = {"project_id": 7, "chapter_id": 1, "chapter_number": 1, "content": "x"}
    for change, word in (
        ({"content": None}, "content"), ({"content": ""}, "content"), ({"project_id": "seven"}, "project_id"), ({"priority": 11}, "priority"),
        ({"priority": 0}, "priority"), ({"generation_config": {"min_mentions": 0}}, "min_mentions"),
    ):
        answer = rig.bide.post(f"{API}/tasks", {**whole, **change})
        assert answer.status == 422 and list(answer.json) == ["detail"] and word in answer.json["detail"], answer
    assert rig.counts()["total"] == 0


# ---- three at a time, in order, in four steps ----


def test_three_run_at_a_time_and_the_next_is_the_first_by_priority_then_age(rig):
    chapters = {11: 5, 12: 5, 13: 5, 21: 5, 22: 10, 23: 1, 24: 10, 25: 5}
    rig.trouble(*[f"wait new_characters {chapter}" for chapter in chapters])
    for chapter, priority in chapters.items():
        rig.write(chapter, chapter, project=chapter % 2 + 1, priority=priority)
        if chapter < 20:
            rig.becomes(chapter, "processing")
    assert rig.counts() == {"total": 8, "pending": 5, "processing": 3, "completed": 0, "failed": 0}
    began = []
    for done in (12, 11, 13, 22, 24):
        rig.over(f"wait new_characters {done}")
        rig.becomes(done, "completed")
        running = until(lambda: len(now := [r for r in rig.status()["recent_tasks"] if r["status"] == "processing"]) == 3 and now)
        began += [row["chapter_id"] for row in running if row["chapter_id"] > 20 and row["chapter_id"] not in began]
    assert began == [22, 24, 21, 25, 23]
    workers = [w for w in rig.bide.get_json("/v1/workers")["items"] if w["pid"]]
    assert len(workers) == 3, "no more are started than there is work for"
    rig.trouble()
    for chapter in chapters:
        rig.becomes(chapter, "completed")
    spans = sorted((row["started_at"], row["completed_at"]) for row in rig.status()["recent_tasks"])
    for at, _ in spans:
        assert sum(start <= at < end for start, end in spans) <= 3, spans


def test_the_four_steps_are_seen_and_then_the_update(rig):
    places = ["character_tracking", "new_characters", "world_building", "foreshadowing"]
    rig.trouble(*[f"wait {place} 1" for place in places])
    rig.write(1)
    for n, place in enumerate(places):
        seen = rig.becomes(1, "processing", message=STEPS[n], progress=25 * n)
        assert seen["completed_at"] is None and seen["started_at"]
        assert not rig.rows("SELECT 1 FROM chapter"), "nothing is written before the last step"
        rig.over(f"wait {place} 1")
    done = rig.becomes(1, "completed")
    assert (done["progress"], done["message"]) == (100, STEPS[4]) and done["duration_seconds"] > 0
    [told] = rig.told(1)
    assert (told["title"], told["message"]) == ("Chapter 1: analysis completed", done["result"]["summary"])


# ---- what is found ----


def test_a_novel_becomes_known_chapter_by_chapter(rig):
    first, second, third = (rig.analysed(100 + n, n) for n in (1, 2, 3))
    assert first["character_tracking"] == [] and names(first["new_characters"]) == ["Ilse Varga", "Tomas", "Brandt"]
    assert names(first["world_building"]["places"]) == ["Greywater", "Lighthouse of Saint Orel"]
    assert names(first["world_building"]["groups"]) == ["Harbour Guild"] and len(first["world_building"]["rules"]) == 3
    assert [hint["kind"] for hint in first["foreshadowing"]["planted"]] == ["foretold", "secret", "secret", "promise", "secret"]
    assert set(names(second["character_tracking"])) == {"Ilse Varga", "Tomas", "Brandt"} and names(second["new_characters"]) == ["Marek"]
    assert set(names(third["character_tracking"])) == {"Ilse Varga", "Tomas", "Brandt", "Marek"} and names(third["new_characters"]) == ["Oda"]
    assert names(third["world_building"]["places"]) == ["Whitecliff"]
    resolved = third["foreshadowing"]["resolved"]
    assert {row["planted_in"] for row in resolved} == {1} and len(resolved) == 3
    assert any("open that iron door" in row["text"] and row["by"].startswith("At last Tomas kept his promise") for row in resolved)
    assert rig.rows("SELECT name, first_chapter, last_chapter, mentions FROM character WHERE name = 'Ilse Varga'") == [("Ilse Varga", 1, 3, 8)]
    assert third["foreshadowing"]["open"] == 5 == rig.rows("SELECT count(*) FROM foreshadowing WHERE resolved_by IS NULL")[0][0]
    assert [rig.analysed(200 + n, n, project=9) for n in (1, 2, 3)] == [{**one, "chapter_id": 200 + n} for n, one in ((1, first), (2, second), (3, third))]


def test_chapters_may_come_in_any_order_and_again(rig):
    for n in (3, 1, 2, 1):
        rig.analysed(100 + n, n)
    assert rig.rows("SELECT analyses FROM project WHERE id = 7") == [(4,)]
    assert rig.rows("SELECT count(*) FROM foreshadowing WHERE resolved_by IS NOT NULL") == [(3,)]
    assert rig.rows("SELECT mentions FROM appearance WHERE chapter_id = 101 AND name = 'Ilse Varga'") == [(5,)]
    assert rig.rows("SELECT count(*) FROM chapter") == [(3,)]
    assert rig.counts(7)["total"] == 4 and rig.latest(101)["id"] == max(row["id"] for row in rig.status(7)["recent_tasks"])


def test_the_callers_configuration_is_used(rig):
    only = {"character_tracking": False, "new_characters": False, "world_building": False, "max_foreshadowings": 1}
    result = rig.analysed(1, 1, generation_config=only)
    assert [result[name] for name in ("character_tracking", "new_characters", "world_building")] == [None] * 3
    assert [hint["weight"] for hint in result["foreshadowing"]["planted"]] == [4]
    result = rig.analysed(1, 1, generation_config={"foreshadowing": False, "known_characters": ["Ilse Varga"], "min_mentions": 3})
    assert names(result["character_tracking"]) == ["Ilse Varga"] and names(result["new_characters"]) == ["Tomas"]
    assert result["foreshadowing"] is None and rig.rows("SELECT count(*) FROM foreshadowing") == [(0,)]


def test_a_chapter_of_any_shape_is_analysed(rig):
    seed = "Ilse saw that Marek promised the truth in Greywater and it was always so"
    rig.write(1, 1, " ".join([seed] * 4000))  # never a full stop
    people = [f"Na{chr(97 + n % 20)}{chr(97 + n // 20)}" for n in range(400)] * 3
    rig.write(2, 2, "\n".join(f'{seed}. "So it was," said {name}.' for name in people))
    rig.write(3, 3, "\u201cYou\u2019re late,\u201d Ilse said.\r\n\r\n\u6d77\u3002 Ilse\u2026 \u201cMarek?\u201d asked Ilse. M" + "a" * 5000)
    first, second, third = (rig.becomes(chapter, "completed")["result"] for chapter in (1, 2, 3))
    assert first["words"] == 14 * 4000 and "Ilse" in names(first["new_characters"]) and names(first["world_building"]["places"]) == ["Greywater"]
    assert len(second["world_building"]["rules"]) == 200 and len(second["new_characters"]) == 200
    assert "Ilse" in names(third["new_characters"] + third["character_tracking"])


# ---- failures, kills, time ----


def test_a_failure_shows_its_type_and_message_and_a_retry_takes_it_up(rig):
    rig.write(1, 1, "... ! ...")
    failed = rig.becomes(1, "failed")
    assert (failed["error_type"], failed["error_message"]) == ("EmptyChapter", "chapter 1 has no words")
    assert failed["retry_count"] == 0, "nothing would be another the next time"
    rig.trouble("raise world_building 2")
    rig.write(2, 2)
    failed = rig.becomes(2, "failed")
    assert (failed["error_type"], failed["error_message"], failed["retry_count"]) == ("RuntimeError", "trouble at world_building", 2)
    [row] = [row for row in rig.status(7)["recent_tasks"] if row["chapter_id"] == 2]
    assert (row["error_type"], row["error_message"]) == ("RuntimeError", "trouble at world_building")
    task = rig.bide.get_json("/v1/tasks/latest?subject=2")["id"]
    assert "new characters: as an earlier attempt found it" in rig.bide.log(task), "what was found was kept"
    told = rig.told(2)
    assert (told[0]["notification_type"], told[0]["title"], told[0]["message"]) == ("failed", "Chapter 2: analysis failed", "trouble at world_building")
    rig.trouble()
    assert rig.bide.post(f"{API}/tasks/{failed['id']}/retry").status == 200
    done = rig.becomes(2, "completed")
    assert (done["id"], done["error_type"], done["error_message"]) == (failed["id"], None, None)
    assert [row["notification_type"] for row in rig.told(3)] == ["completed", "failed", "failed"]
    assert rig.rows("SELECT chapter_id FROM analysis") == [(2,)]


def test_a_retry_of_what_is_done_writes_it_anew_unless_the_chapter_was_written_again(rig):
    rig.analysed(1, 1)
    [(first,)] = rig.rows("SELECT task_id FROM analysis")
    number = rig.latest(1)["id"]
    assert rig.bide.post(f"{API}/tasks/{number}/retry").status == 200
    until(lambda: rig.rows("SELECT analyses FROM project") == [(2,)], "it is written again")
    rig.becomes(1, "completed")
    assert sorted(rig.rows("SELECT task_id FROM analysis")) == [(first,), (first[:-1] + "2",)]
    people = rig.rows("SELECT name FROM appearance ORDER BY name")
    rig.write(1, 1, "Nobody but Zoe Quill was there. Zoe Quill said so. \"I am here,\" said Zoe Quill.")
    rig.becomes(1, "completed")
    newer = rig.rows("SELECT name FROM appearance ORDER BY name")
    assert newer and newer != people
    assert rig.bide.post(f"{API}/tasks/{number}/retry").status == 200
    until(lambda: rig.bide.get_json("/v1/tasks?subject=1")["items"][1]["run"] == 3, "its third run")
    until(lambda: rig.bide.get_json("/v1/tasks?subject=1")["items"][1]["status"] == "completed", "the end of that")
    assert rig.rows("SELECT name FROM appearance ORDER BY name") == newer
    assert rig.rows("SELECT analyses FROM project") == [(3,)]


def test_nothing_is_lost_and_each_is_in_the_database_once_when_the_server_is_killed(rig):
    rig.trouble("wait written 2", "wait half 3", "wait world_building 4")
    rig.write(1)
    rig.becomes(1, "completed")
    rig.write(2, 2)
    until(lambda: rig.rows("SELECT 1 FROM analysis WHERE chapter_id = 2"), "chapter 2 is written, and bide does not know")
    rig.write(4, 4)
    rig.becomes(4, "processing", message="world-building")
    rig.write(3, 3)
    until(rig.locked, "chapter 3 is half written")
    ids = [rig.write(chapter, chapter)["id"] for chapter in range(5, 10)]
    assert rig.counts() == {"total": 9, "pending": 5, "processing": 3, "completed": 1, "failed": 0}
    rig.bide.kill9()
    until(lambda: not rig.bide.processes(), "the end of the workers")
    assert rig.rows("SELECT chapter_id FROM analysis ORDER BY 1") == [(1,), (2,)] and not rig.locked()
    rig.trouble()
    rig.bide.start()
    for chapter in range(1, 10):
        rig.becomes(chapter, "completed")
    assert [rig.latest(chapter)["id"] for chapter in range(5, 10)] == ids
    assert rig.rows("SELECT chapter_id, count(*) FROM analysis GROUP BY 1") == [(chapter, 1) for chapter in range(1, 10)]
    assert rig.rows("SELECT analyses FROM project WHERE id = 7") == [(9,)]
    assert sorted(row["chapter_id"] for row in rig.told(9)) == list(range(1, 10))


def test_a_worker_that_is_killed_in_the_middle_of_writing_has_written_nothing(rig):
    rig.trouble("kill half 1")
    rig.write(1)
    seen = rig.becomes(1, "failed")
    assert (seen["error_type"], rig.rows("SELECT count(*) FROM chapter")) == ("poison", [(0,)])
    rig.trouble()
    rig.bide.post(f"{API}/tasks/{seen['id']}/retry")
    rig.becomes(1, "completed")
    assert rig.rows("SELECT analyses FROM project") == [(1,)]


def test_what_takes_too_long_fails_as_timeout_and_old_ones_go():
    quick = {"TIMEOUT": "1500ms", "MAX_ATTEMPTS": "1", "RETAIN_COMPLETED": "1s"}
    with novel(BIDE_QUEUES_ANALYSIS_CONCURRENCY="1", **{f"BIDE_TYPES_PENDING_ANALYSIS_{key}": value for key, value in quick.items()}) as rig:
        rig.trouble("wait foreshadowing 2")
        rig.write(2, 2)
        rig.write(1)
        assert rig.latest(1)["status"] == "pending", "one at a time, says the environment"
        failed = rig.becomes(2, "failed")
        assert failed["error_type"] == "timeout" and re.search(r"\w+ \w+", failed["error_message"]), failed
        until(lambda: rig.rows("SELECT 1 FROM analysis WHERE chapter_id = 1"), "the other one")
        until(lambda: rig.counts() == {"total": 1, "pending": 0, "processing": 0, "completed": 0, "failed": 1}, "the end of its record")
        assert len(rig.told(2)) == 2 and rig.rows("SELECT id FROM chapter") == [(1,)], "what became of it stays"


# ---- the demonstration ----


@pytest.mark.skipif(not (ROOT / "build/bide").exists(), reason="the demonstration uses build/bide")
def test_the_demonstration_analyses_three_chapters_and_stops_on_ctrl_c(tmp_path):
    with running(EXAMPLE / "demo.sh", tmp_path) as demo:
        text = demo.said(60)
        assert text.count("completed") >= 3 and "Oda" in text and "kept his promise" in text, text
        demo.interrupt()
