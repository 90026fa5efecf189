# SPDX-License-Identifier: Apache-2.0
"""Forms at routes of the configuration: multipart/form-data with files and texts."""
import hashlib
import os
import signal
import socket
import sys
from pathlib import Path

import openapi
import pytest
from golden import form, play
from harness import PATIENCE, QUICK, problem, until
from sanitized import unsanitized

openapi.CONFIGURED += [r"/(api|app)(/.*)?"]

MIB = 1 << 20
GATED = r"""import json, os, sys, time
task = json.load(sys.stdin)
gate = task.get("gate")
while gate and not os.path.exists(gate):
    time.sleep(0.01)  # sleep: until the next look
if "path" in task:
    task["head"] = open(task["path"], "rb").read(20).decode("latin-1")
print(json.dumps(task))
"""
WORK = {"exec": [sys.executable, "-S", "-c", GATED], "max_attempts": 1}
"""Waits for the file `gate` of its input, if there is one; gives its input, with the beginning of the file `path`."""
SCHEMA = {
    "type": "object",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string"},
        "text_only": {"type": "boolean", "default": False},
        "summarize": {"type": "boolean", "default": True},
        "temperature": {"type": "number", "default": 0.1},
        "title": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "integer"}},
        "options": {"type": "object"},
        "more": {"type": "array", "items": {"type": "string"}},
        "gate": {"type": "string"},
    },
}
ERRORS = {"errors": {"detail": "error.detail", "code": "error.code", "at": "error.pointer"}}


def served(serve, *routes, schema=None, **more):
    types = {"work": {**WORK, **({"input": schema} if schema else {})}, "cat": {"exec": ["/bin/cat"]}}
    return serve({"defaults": QUICK, "types": {**types, **more.pop("types", {})}, "routes": list(routes), **more})


def route(path="POST /api/do", type="work", **more):
    return {"path": path, "submit": type, "reply": {"id": "task.id"}, **more}


def post(bide, *parts, target="/api/do", headers=(), end=b"--xYz--\r\n"):
    body, own = form(*parts, end=end)
    return bide.send("POST", target, body, {**own, **dict(headers)})


def accepted(answer):
    assert answer.status == 202, answer
    return answer.json["id"]


def sent(bide, *parts, **more):
    return accepted(post(bide, *parts, **more))


def input_of(bide, id):
    return bide.get_json(f"/v1/tasks/{id}")["input"]


def stored(bide):
    folder = bide.dir / "files"
    return sorted(os.listdir(folder)) if folder.exists() else []


def nothing_is_left(bide):
    until(lambda: not stored(bide), "its files are gone")
    assert bide.get_json("/v1/files")["items"] == []
    return True


# ---- speech-notes ----


def test_speech_notes_takes_its_uploads(serve):
    reply = {"task_id": "task.id", "status": "task.status", "message": "const.queued", "created_at": "task.created_at"}
    bide = served(
        serve,
        route("POST /api/v1/process/audio", reply=reply),
        route("POST /api/v1/process/subtitle", reply=reply, fields={"path": "form.file"}),
        schema={"type": "object", "properties": {k: v for k, v in SCHEMA["properties"].items() if k != "file"}},
    )
    known = {"@audio.wav": b"RIFF" + bytes(range(256)) * 500, "@video.mp4": b"ftyp" + bytes(1000)}
    first = play(bide, "speech-notes", "submit an upload", known).json["task_id"]
    result = bide.ended(first, "completed")["result"]
    assert (result["text_only"], result["summarize"], result["temperature"]) == (True, False, 0.1)
    assert Path(result["file"]).name.endswith("-audio.wav"), result
    second = play(bide, "speech-notes", "submit for subtitles", known).json["task_id"]
    assert bide.ended(second, "completed")["result"]["head"].startswith("ftyp")
    assert nothing_is_left(bide)


# ---- files ----


def test_a_file_is_there_while_its_task_runs_and_gone_after_it(serve):
    bide = served(serve, route(fields={"path": "form.file", "gate": "form.gate", "note": "form.note"}))
    id = sent(bide, ("note", "hällo\r\n--xY"), ("file", "C:\\a b\\x.wav", b"RIFF-1"), ("gate", bide.gate("a")))
    task = input_of(bide, id)
    assert task["note"] == "hällo\r\n--xY"
    file = bide.get_json("/v1/files/" + task["path"].removeprefix("file:") + "/info")
    assert (file["name"], file["content_type"], file["bytes"], file["keep"]) == ("x.wav", "audio/wav", 6, "task")
    assert bide.send("GET", file["url"]).body == b"RIFF-1"
    bide.open_gate("a")
    assert bide.ended(id, "completed")["result"]["head"] == "RIFF-1"
    assert nothing_is_left(bide)


@pytest.mark.parametrize("keep", ["record", "forever"])
def test_a_route_says_how_long_files_are_kept(serve, keep):
    bide = served(serve, route(keep=keep))
    id = sent(bide, ("file", "x.wav", b"1"))
    bide.ended(id, "completed")
    [file] = bide.get_json("/v1/files")["items"]
    assert (file["keep"], input_of(bide, id)) == (keep, {"file": "file:" + file["id"]})


def test_what_a_file_is_can_be_told(serve):
    told = {"name": "file.file.name", "bytes": "file.file.bytes", "hash": "file.file.sha256", "none": "file.other.name"}
    bide = served(serve, route(fields={"path": "form.file", "is": told}, tags={"file": "file.file.name"}, subject="file.more.name"))
    id = sent(bide, ("file", "C:\\a b\\x.wav", b"RIFF-1"), ("more", "y", b"2"), ("file", "z", b"3"))
    hashed = hashlib.sha256(b"RIFF-1").hexdigest()
    assert input_of(bide, id)["is"] == {"name": "x.wav", "bytes": 6, "hash": hashed, "none": None}
    task = bide.ended(id, "completed")
    assert (task["subject"], task["tags"]) == ("y", {"file": "x.wav"})
    without = accepted(bide.post("/api/do", {"file": "text"}))
    assert input_of(bide, without) == {"path": None, "is": dict.fromkeys(told)}


def test_several_files_by_names_and_by_one_name(serve):
    bide = served(serve, route(), schema=SCHEMA)
    id = sent(bide, ("file", "a", b"1"), ("more", "b", b"22"), ("more", "c", b"333"), ("gate", bide.gate("a")))
    task = input_of(bide, id)
    ids = [text.removeprefix("file:") for text in (task["file"], *task["more"])]
    assert [bide.get_json(f"/v1/files/{i}/info")["name"] for i in ids] == ["a", "b", "c"]
    assert [bide.send("GET", f"/v1/files/{i}").body for i in ids] == [b"1", b"22", b"333"]
    bide.open_gate("a")
    bide.ended(id, "completed")
    assert nothing_is_left(bide)


def test_bytes_that_look_like_the_end_are_the_files(serve):
    bide = served(serve, route(keep="record"))
    data = b"\r\n--xY\r\n" * 30000 + b"\r\n--x"
    task = input_of(bide, sent(bide, ("file", "a", data), ("note", data[:9000].decode())))
    assert bide.send("GET", "/v1/files/" + task["file"].removeprefix("file:")).body == data
    assert task["note"] == data[:9000].decode()


def test_a_file_that_the_input_does_not_have_goes_at_once(serve):
    bide = served(serve, route(fields={"gate": "form.gate", "path": "form.file"}))
    id = sent(bide, ("file", "a", b"1"), ("file", "b", b"2"), ("other", "c", b"3"), ("gate", bide.gate("a")))
    until(lambda: len(stored(bide)) == 1, "the others are gone")
    bide.open_gate("a")
    assert bide.ended(id, "completed")["result"]["head"] == "1"


def test_a_field_for_a_file_that_was_left_empty_is_not_there(serve):
    bide = served(serve, route())
    assert input_of(bide, sent(bide, ("file", "", b""), ("a", "1"))) == {"a": "1"}
    problem(post(bide, ("file", "", b"bytes")), 400, "invalid")


def test_it_runs_and_the_answer_has_the_result(serve):
    bide = served(serve, {"path": "POST /app/run", "run": "work", "fields": {"path": "form.file"}, "reply": {"is": "task.result.head"}})
    answer = post(bide, ("file", "a", b"as it was"), target="/app/run")
    assert (answer.status, answer.json) == (200, {"is": "as it was"})
    assert nothing_is_left(bide)


def test_a_client_that_goes_while_it_waits_is_not_waited_for(serve):
    bide = served(serve, {"path": "POST /app/run", "run": "work"})
    body, headers = form(("file", "a", b"1"), ("gate", bide.gate("a")))
    head = f"POST /app/run HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nContent-Type: {headers['Content-Type']}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", bide.port), PATIENCE) as s:
        s.sendall(head.encode() + body)
        id = until(lambda: next((t["id"] for t in bide.listed() if t["status"] == "running"), None), "it runs")
    bide.open_gate("a")
    bide.ended(id, "completed")
    assert nothing_is_left(bide)
    assert bide.terminate() == 0


@unsanitized("its memory is measured")
def test_memory_does_not_grow_with_the_file(serve):
    bide = served(serve, route(fields={"path": "form.file"}))

    def most():
        rows = Path("/proc", str(bide.process.pid), "status").read_text().splitlines()
        return int(next(row.split()[1] for row in rows if row.startswith("VmHWM")))

    bide.ended(sent(bide, ("file", "a", bytes(4 * MIB))), "completed")
    before = most()
    bide.ended(sent(bide, ("file", "a", bytes(300 * MIB)), ("b", "1")), "completed")
    assert most() - before < 20 * 1024, (before, most())
    assert nothing_is_left(bide)


# ---- refusals ----


def test_what_the_type_does_not_take_is_refused_and_leaves_nothing(serve):
    bide = served(serve, route(**ERRORS), schema=SCHEMA)
    answer = post(bide, ("file", "a", b"1"), ("temperature", "warm"))
    assert (answer.status, answer.json["code"], answer.json["at"]) == (422, "invalid_input", "/temperature"), answer
    assert nothing_is_left(bide) and bide.listed() == []


def test_a_full_queue_a_held_key_and_a_draining_queue_leave_nothing(serve):
    bide = served(
        serve,
        route(),
        route("POST /api/keyed", key="form.key"),
        route("POST /api/existing", key="form.key", on_conflict="existing"),
        queues={"default": {"concurrency": 1, "capacity": 1}},
    )
    first = sent(bide, ("gate", bide.gate("a")), ("key", "k"), target="/api/keyed")
    until(lambda: bide.get_json(f"/v1/tasks/{first}")["status"] == "running", "it runs")
    problem(post(bide, ("file", "a", b"1"), ("key", "k"), target="/api/keyed"), 409)
    nothing_is_left(bide)
    answer = post(bide, ("file", "a", b"1"), ("key", "k"), target="/api/existing")
    assert (answer.status, answer.json["id"], answer.headers["bide-existing"]) == (200, first, "true")
    nothing_is_left(bide)
    sent(bide, ("a", "1"))
    answer = post(bide, ("file", "a", b"1"))
    problem(answer, 429, "queue_full")
    assert int(answer.headers["retry-after"]) >= 1
    nothing_is_left(bide)
    assert bide.post("/v1/queues/default/drain").status == 200
    problem(post(bide, ("file", "a", b"1")), 503, "draining")
    nothing_is_left(bide)
    bide.open_gate("a")


def test_an_idempotency_key_goes_by_what_was_sent(serve):
    bide = served(serve, route(fields={"path": "form.file", "gate": "form.gate"}))
    key = {"Idempotency-Key": "one"}
    parts = [("file", "a", b"1"), ("gate", bide.gate("a"))]
    first = post(bide, *parts, headers=key)
    again = post(bide, *parts, headers=key)
    assert accepted(first) == accepted(again) and again.headers["idempotency-replayed"] == "true"
    until(lambda: len(stored(bide)) == 1, "what came again is gone")
    problem(post(bide, ("file", "a", b"2"), parts[1], headers=key), 422, "idempotency_key_reused")
    until(lambda: len(stored(bide)) == 1, "so is this")
    bide.open_gate("a")
    assert bide.ended(accepted(first), "completed")["result"]["head"] == "1"


def test_texts_are_bounded_each_and_together(serve):
    bide = served(serve, route(**ERRORS))
    assert bide.get_json(f"/v1/tasks/{sent(bide, ('a', 'x' * 65536))}")["input_bytes"] == 65536 + len('{"a":""}')
    for parts in ([("file", "a", b"1"), ("a", "x" * 65537)], [("file", "a", b"1")] + [(f"n{i}", "x" * 65000) for i in range(17)]):
        answer = post(bide, *parts)
        assert (answer.status, answer.json["code"]) == (413, "too_large"), answer
    assert nothing_is_left(bide)


def test_files_are_bounded_as_others_are(serve):
    bide = served(serve, route(), files={"max": "1M", "quota": "1500K"})
    problem(post(bide, ("file", "a", bytes(MIB + 1))), 413)
    problem(post(bide, ("file", "a", bytes(MIB)), ("more", "b", bytes(MIB))), 507)
    assert nothing_is_left(bide)
    bide.ended(sent(bide, ("file", "a", bytes(MIB))), "completed")


BROKEN = [
    ({"end": b""}, [("a", "1"), ("file", "f", b"1")]),
    ({"end": b"--xYz"}, [("file", "f", b"1")]),
    ({}, [("a", b"\xff\xfe")]),
    ({}, [("a", b"a\0b")]),
    ({}, [("file", "..", b"1")]),
    ({}, [("file", "f" * 201, b"1")]),
    ({}, [(f"n{i}", "1") for i in range(257)]),
    ({"headers": {"Content-Type": "multipart/form-data"}}, [("a", "1")]),
    ({"headers": {"Content-Type": "multipart/form-data; boundary=other"}}, [("a", "1")]),
]


@pytest.mark.parametrize("more,parts", BROKEN)
def test_broken_forms_are_refused_and_leave_nothing(serve, more, parts):
    bide = served(serve, route())
    answer = post(bide, ("file", "first", b"1"), *parts, **more)
    assert answer.status in (400, 413), answer
    assert problem(answer, answer.status)["detail"]
    assert nothing_is_left(bide) and bide.listed() == []


def test_a_form_that_breaks_off_leaves_nothing(serve):
    bide = served(serve, route())
    body, _ = form(("file", "f", bytes(300000)))
    with socket.create_connection(("127.0.0.1", bide.port), PATIENCE) as s:
        s.sendall(b"POST /api/do HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nContent-Type: multipart/form-data; boundary=xYz\r\n\r\n" + body[:200000])
        until(lambda: stored(bide), "it has begun")
    assert nothing_is_left(bide)


def test_other_verbs_and_types_of_body_are_as_before(serve):
    bide = served(serve, route(), {"path": "POST /api/get", "get": "form.id", "reply": {"id": "task.id"}})
    body, headers = form(("id", "x"))
    problem(bide.send("POST", "/api/get", body, headers), 415, "unsupported_media_type")
    answer = bide.send("POST", "/api/do", b"<a/>", {"Content-Type": "text/xml"})
    assert "multipart/form-data" in problem(answer, 415)["detail"]


def test_names_are_json_safe(serve):
    bide = served(serve, route())
    id = sent(bide, ('a\\"b', "1"), ("", "2"), ("a.b/c~", "3"), ("file:x", "file:"))
    assert input_of(bide, id) == {'a"b': "1", "": "2", "a.b/c~": "3", "file:x": "file:"}


def test_a_server_that_stops_refuses_what_is_under_way(serve):
    bide = served(serve, route())
    body, _ = form(("file", "f", bytes(300000)))
    with socket.create_connection(("127.0.0.1", bide.port), PATIENCE) as s:
        s.sendall(b"POST /api/do HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nContent-Type: multipart/form-data; boundary=xYz\r\n\r\n" + body[:200000])
        until(lambda: stored(bide), "it has begun")
        bide.process.send_signal(signal.SIGTERM)
        assert int(s.makefile("rb").readline().split()[1]) == 503
    assert bide.process.wait(PATIENCE) == 0
    assert stored(bide) == []
