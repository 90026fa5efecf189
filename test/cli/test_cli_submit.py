# SPDX-License-Identifier: Apache-2.0
"""`bide submit` against a server of canned answers: what it sends, what it prints, how it ends."""
import json

import pytest

from canned import ID, bide, done, problem, task


def test_submit_prints_the_id_and_sends_what_was_said(server):
    server.on("POST", "/v1/tasks", (202, task()))
    code, out, err = bide(server, "submit", "transcribe", "--input", '{ "a" : 1.00 }', "--priority", "-5", "--queue=gpu",
                          "--delay", "1m30s", "--timeout", "2h", "--start-within", "1d", "--max-attempts", "4",
                          "--subject", "chapter 1", "--tag", "project_id=7", "--tag", "x=a=b",
                          "--key", "night", "--on-conflict", "replace", "--limit-key", "user-7", "--batch-key", "de", "--cost", "2.5",
                          "--cache", "1h", "--cache-version", "v2", "--cache-bypass")
    assert (code, out, err) == (0, ID + "\n", "")
    method, path, body = server.requests[0]
    assert (method, path) == ("POST", "/v1/tasks")
    assert b'"input":{ "a" : 1.00 }' in body  # byte for byte
    assert json.loads(body) == {
        "type": "transcribe", "input": {"a": 1.0}, "priority": -5, "queue": "gpu", "delay_ms": 90000, "timeout_ms": 7200000,
        "start_within_ms": 86400000, "max_attempts": 4, "subject": "chapter 1", "tags": {"project_id": "7", "x": "a=b"},
        "key": "night", "on_conflict": "replace", "limit_key": "user-7", "batch_key": "de", "cost": 2.5,
        "cache": {"ttl_ms": 3600000, "version": "v2", "bypass": True}}


def test_submit_without_options_leaves_everything_to_the_server(server):
    server.on("POST", "/v1/tasks", (202, task()))
    assert bide(server, "submit", "t")[0] == 0
    assert json.loads(server.requests[0][2]) == {"type": "t", "input": {}}


def test_submit_says_what_follows_by_types_and_as_json(server):
    server.on("POST", "/v1/tasks", (202, task()))
    assert bide(server, "submit", "t", "--on-success", "publish", "--on-success", '{"type": "tell",\n"input": [1.00]}',
                '--on-success=["index", {"type": "a", "on_failure": [{"type": "b"}]}]', "--on-failure", "[]")[0] == 0
    assert bide(server, "submit", "t", "--on-failure", "x.y", "--cost", "2")[0] == 0
    first, second = [request[2] for request in server.requests]
    assert json.loads(first) == {"type": "t", "input": {}, "on_failure": [], "on_success": [
        {"type": "publish"}, {"type": "tell", "input": [1.0]}, {"type": "index"}, {"type": "a", "on_failure": [{"type": "b"}]}]}
    assert b'{"type": "tell",\n"input": [1.00]}' in first  # byte for byte
    assert json.loads(second) == {"type": "t", "input": {}, "on_failure": [{"type": "x.y"}], "cost": 2}


def test_submit_and_run_say_who_is_told_by_a_text_and_as_json(server, tmp_path):
    server.on("POST", "/v1/tasks", (202, task()))
    hook, note = '{"url": "https://example.org/x", "events": ["failed"]}', '{"title": "t", "on": ["completed"]}'
    assert bide(server, "submit", "t", "--webhook", "https://example.org/done", "--notify", "{task.subject} is over")[0] == 0
    assert bide(server, "submit", "t", "--webhook", hook, "--notify", note)[0] == 0
    assert bide(server, "run", "--detach", "--webhook", hook, "--notify", "n", "--", "true")[0] == 0
    first, second, third = [json.loads(request[2]) for request in server.requests]
    assert first == {"type": "t", "input": {}, "webhook": {"url": "https://example.org/done"}, "notify": {"title": "{task.subject} is over"}}
    assert second == {"type": "t", "input": {}, "webhook": json.loads(hook), "notify": json.loads(note)}
    assert (third["type"], third["webhook"], third["notify"]) == ("command", json.loads(hook), {"title": "n"})


def test_submit_reads_a_file_and_standard_input(server, tmp_path):
    server.on("POST", "/v1/tasks", (202, task()))
    file = tmp_path / "in.json"
    file.write_bytes('{"text": "h\u00e9llo",\n "n": 1e2}\n'.encode())
    assert bide(server, "submit", "t", "--input", f"@{file}")[0] == 0
    assert bide(server, "submit", "t", "--input", "-", input=file.read_text())[0] == 0
    for _, _, body in server.requests:
        assert file.read_bytes().strip() in body


def test_submit_json_is_the_servers_json_untouched(server):
    raw = b'{ "id":"' + ID.encode() + b'",  "status":"pending", "new":[1.00] }'
    server.on("POST", "/v1/tasks", (202, raw))
    assert bide(server, "submit", "t", "--json") == (0, raw.decode() + "\n", "")


def test_a_refusal_names_the_member_and_is_64(server):
    server.on("POST", "/v1/tasks", (400, problem(400, "invalid", "at most 100", "/priority")))
    code, out, err = bide(server, "submit", "t")
    assert (code, out, err) == (64, "", "bide: /priority: at most 100\n")
    server.on("POST", "/v1/tasks", (429, problem(429, "queue_full", "the queue gpu is full")))
    assert bide(server, "submit", "t") == (69, "", "bide: the queue gpu is full; `bide queue list` shows how full the queues are\n")


@pytest.mark.parametrize("ending, code", [("failed", 1), ("cancelled", 2), ("expired", 3)])
def test_submit_wait_tells_the_ending_by_exit_code(server, ending, code):
    error = {"code": "worker_error" if ending == "failed" else ending, "message": "no\x1b[2J audio", "type": "ValueError",
             "detail": "Traceback:\n  line 1\n"}
    server.on("POST", "/v1/tasks", (202, task())).task(task("running"), task(ending, error=error))
    got, out, err = bide(server, "submit", "t", "--wait")
    assert (got, out) == (code, "")
    first, *detail = err.splitlines()
    assert first == f"bide: task {ID} {ending}" + (": worker_error" if ending == "failed" else "") + ": no?[2J audio (ValueError)"
    assert detail == ["  Traceback:", "    line 1"]


def test_submit_wait_prints_the_result_and_nothing_else(server):
    server.on("POST", "/v1/tasks", (202, task())).task(task("pending"), task("running"), done())
    assert bide(server, "submit", "t", "--wait") == (0, '{"text": "hello world"}\n', "")
    assert all("wait=" in path for method, path, _ in server.requests if method == "GET")


def test_submit_wait_json_is_the_ended_task(server):
    server.on("POST", "/v1/tasks", (202, task())).task(done())
    code, out, err = bide(server, "submit", "t", "--wait", "--json")
    assert (code, err) == (0, "") and json.loads(out)["status"] == "completed"
