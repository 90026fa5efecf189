# SPDX-License-Identifier: Apache-2.0
"""Reading: one task, lists, results, logs."""
import time
import urllib.parse

import pytest
from harness import problem, until


def test_a_long_poll_answers_when_the_task_ends(bide):
    id = bide.act(["until", bide.gate("poll")])
    bide.seen(id, "running")
    connection = bide.connect()
    connection.request("GET", f"/v1/tasks/{id}?wait=30")
    bide.open_gate("poll")
    began = time.monotonic()
    answer = connection.getresponse()
    assert (answer.status, b'"status":"completed"' in answer.read()) == (200, True)
    assert time.monotonic() - began < 5
    connection.close()


def test_a_long_poll_answers_at_its_time_when_nothing_ends(bide):
    id = bide.submit("later", delay_ms=60_000)["id"]
    began = time.monotonic()
    assert bide.get_json(f"/v1/tasks/{id}?wait=1")["status"] == "scheduled"
    assert 0.9 <= time.monotonic() - began < 5


@pytest.mark.parametrize("wait", ["x", "-1", "", "5s", "1e3"])
def test_a_wait_that_makes_no_sense_is_refused(bide, wait):
    id = bide.submit("cat")["id"]
    problem(bide.send("GET", f"/v1/tasks/{id}?wait={wait}"), 400)


def test_an_etag_saves_the_body_and_changes_with_the_task(bide):
    id = bide.submit("later", delay_ms=60_000)["id"]
    first = bide.send("GET", f"/v1/tasks/{id}")
    etag = first.headers["etag"]
    assert etag.startswith('"')
    answer = bide.send("GET", f"/v1/tasks/{id}", headers={"If-None-Match": etag})
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
    bide.post(f"/v1/tasks/{id}/cancel")
    answer = bide.send("GET", f"/v1/tasks/{id}", headers={"If-None-Match": etag})
    assert answer.status == 200 and answer.headers["etag"] != etag


def test_a_list_is_newest_first_and_filtered(bide):
    tag = {"suite": "filtered"}
    ids = [bide.submit("cat", subject=f"s-{n % 2}", tags={**tag, "n": str(n)})["id"] for n in range(6)]
    later = bide.submit("later", delay_ms=60_000, tags=tag)["id"]
    for id in ids:
        bide.ended(id, "completed")

    def found(**query):
        return [task["id"] for task in bide.listed(tag="suite:filtered", **query)]

    assert found() == [later, *reversed(ids)]
    assert found(subject="s-1") == ids[5::-2]
    assert found(status="completed") == ids[::-1]
    assert found(status="scheduled") == found(queue="other") == found(type="later") == [later]
    assert found(status="failed") == found(subject="nothing") == []
    assert found(status="completed", subject="s-0", type="cat", queue="default") == ids[4::-2]
    assert [task["id"] for task in bide.listed(tag="n:3")] == [ids[3]]
    assert all("input" not in task and "result" not in task for task in bide.listed(tag="suite:filtered"))


def test_pages_follow_each_other_and_miss_nothing(bide):
    ids = [bide.submit("cat", subject="pages")["id"] for _ in range(13)]
    page = bide.get_json("/v1/tasks?subject=pages&limit=5")
    assert len(page["items"]) == 5 and page["next_cursor"]
    answer = bide.send("GET", "/v1/tasks?subject=pages&limit=5")
    assert 'rel="next"' in answer.headers["link"] or "rel=next" in answer.headers["link"]
    newer = bide.submit("cat", subject="pages")["id"]
    seen = [task["id"] for task in page["items"]]
    while page["next_cursor"]:
        cursor = urllib.parse.quote(page["next_cursor"])
        page = bide.get_json(f"/v1/tasks?subject=pages&limit=5&cursor={cursor}")
        seen += [task["id"] for task in page["items"]]
    assert seen == ids[::-1]
    assert [task["id"] for task in bide.listed(subject="pages", limit=3)] == [newer, *ids[::-1]]


def test_a_result_before_the_end_is_202_and_of_a_failed_task_409(bide):
    id = bide.submit("later", delay_ms=60_000)["id"]
    answer = bide.send("GET", f"/v1/tasks/{id}/result")
    assert answer.status == 202 and int(answer.headers["retry-after"]) >= 1
    id = bide.submit("fail")["id"]
    bide.ended(id, "failed")
    answer = bide.send("GET", f"/v1/tasks/{id}/result")
    problem(answer, 409)
    assert answer.json["error"]["code"] == "worker_error", answer


def test_a_result_is_json_and_comes_with_its_length(bide):
    id = bide.submit("cat", {"a": 1})["id"]
    bide.ended(id)
    answer = bide.send("GET", f"/v1/tasks/{id}/result")
    assert (answer.status, answer.body) == (200, b'{"a": 1}')
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["content-length"] == "8"


def test_a_result_over_64_kib_is_not_inline(bide):
    for size, inline in ((64 * 1024, True), (64 * 1024 + 1, False)):
        text = b'"' + b"x" * (size - 2) + b'"'
        id = bide.post("/v1/tasks", b'{"type":"cat","input":' + text + b"}").json["id"]
        task = bide.ended(id, "completed")
        assert (task["result"] is not None, task["input"] is not None) == (inline, inline)
        assert task["result_bytes"] == size


def test_the_log_holds_what_was_printed_and_logged_in_order(bide):
    id = bide.act(
        ["print", "on stdout"],
        ["error", "on stderr"],
        ["say", {"op": "log", "level": "info", "text": "lang=en"}],
        ["print", "ünïcode"],
    )
    bide.ended(id, "completed")
    log = bide.log(id)
    for part in ("on stdout", "on stderr", "lang=en", "ünïcode"):
        assert part in log
    answer = bide.send("GET", f"/v1/tasks/{id}/log")
    assert answer.headers["content-type"].startswith("text/plain")


def test_the_log_of_a_running_task_can_be_read(bide):
    id = bide.act(["print", "so far"], ["until", bide.gate("log")])
    until(lambda: "so far" in bide.log(id), "the log of a running task")
    bide.open_gate("log")
    bide.ended(id, "completed")


def test_a_large_log_keeps_its_beginning_and_its_end(bide):
    id = bide.act(["print", "the beginning"], ["print", "x" * 99, 20_000], ["print", "the end"])
    bide.ended(id, "completed")
    log = bide.log(id)
    assert log.startswith("the beginning\n") and log.rstrip().endswith("the end")
    assert 128 * 1024 < len(log) < 300 * 1024


def test_a_log_that_is_not_utf_8_does_no_harm(bide):
    id = bide.submit("cat", {})["id"]
    bide.ended(id)
    assert bide.log(id) == ""


def test_progress_is_shown_while_it_runs_and_kept_at_the_end(bide):
    frame = {"op": "progress", "percent": 40, "message": "segment 4/10", "data": {"n": 4}}
    id = bide.act(["say", frame], ["until", bide.gate("progress")])
    shown = bide.seen(id, "running", progress={"percent": 40, "message": "segment 4/10", "data": {"n": 4}})
    assert shown["attempt"] == 1 and shown["started_at"]
    bide.open_gate("progress")
    assert bide.ended(id, "completed")["progress"]["message"] == "segment 4/10"


def test_output_files_are_listed(bide):
    id = bide.act(["file", "out.srt", "1"], ["say", {"op": "done", "result": 1, "files": ["out.srt"]}], ["silent"])
    task = bide.ended(id, "completed")
    assert task["result"] == 1
    assert [f if isinstance(f, str) else f["name"] for f in task["files"]] == ["out.srt"]


def test_a_filter_given_twice_is_refused_rather_than_half_obeyed(bide):
    problem(bide.send("GET", "/v1/tasks?type=cat&type=later"), 400, "invalid")


def test_several_tags_must_all_fit(bide):
    one = bide.submit("cat", tags={"both": "1", "of": "2"})["id"]
    bide.submit("cat", tags={"both": "1", "of": "3"})
    found = bide.get_json("/v1/tasks?tag=both:1&tag=of:2")["items"]
    assert [task["id"] for task in found] == [one]
    assert bide.get_json("/v1/tasks?tag=both:1&tag=both:2")["items"] == []
    assert len(bide.listed(tag="both:1")) == 2


def test_the_next_page_has_all_the_tags_too(bide):
    ids = [bide.submit("cat", tags={"paged": "1", "n": str(n % 2)})["id"] for n in range(8)]
    answer = bide.send("GET", "/v1/tasks?tag=paged:1&tag=n:1&limit=2")
    link = answer.headers["link"].split(">")[0][1:]
    first, second = answer.json["items"], bide.get_json(link)["items"]
    assert [task["id"] for task in first + second] == ids[7::-2]


def test_eight_tags_are_enough_for_a_filter_and_nine_are_refused(bide):
    query = "&".join(f"tag=t{n}:1" for n in range(9))
    id = bide.submit("cat", tags={f"t{n}": "1" for n in range(9)})["id"]
    [found] = bide.get_json("/v1/tasks?" + query.rpartition("&")[0])["items"]
    assert found["id"] == id
    problem(bide.send("GET", f"/v1/tasks?{query}"), 400, "invalid")


def test_a_range_of_time_is_from_the_first_moment_up_to_the_second(bide):
    times = []
    for _ in range(3):
        task = bide.submit("cat", subject="range")
        times.append(task["created_at"])
        until(lambda: bide.submit("cat")["created_at"] > task["created_at"], "the next millisecond")
    first, second, third = times

    def found(**query):
        return [task["created_at"] for task in bide.listed(subject="range", **query)]

    assert found(created_after=second) == [third, second]
    assert found(created_before=second) == [first]
    assert found(created_after=first, created_before=third) == [second, first]
    assert found(created_after=first, created_before=first) == found(created_after=third, created_before=first) == []
    assert found(created_after=first, created_before=third, limit=1) == [second, first]
    assert found(created_before=second.replace("Z", "+00:00")) == [first]
    assert found(created_after="2099-01-01T00:00:00+14:00") == found(created_before="1999-12-31T23:00:00-05:00") == []


@pytest.mark.parametrize("time", ["", "yesterday", "1700000000", "2026-11-21", "2026-11-21T20:00:00", "2026-02-30T00:00:00Z"])
def test_a_time_that_is_none_is_refused(bide, time):
    for name in ("created_after", "created_before"):
        assert name in problem(bide.send("GET", f"/v1/tasks?{name}={time}"), 400, "invalid")["detail"]


def test_a_tag_may_be_asked_for_with_an_equals_sign(bide):
    id = bide.submit("cat", {}, tags={"equals": "sign"})["id"]
    assert [task["id"] for task in bide.listed(tag="equals=sign")] == [id]
