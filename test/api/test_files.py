# SPDX-License-Identifier: Apache-2.0
"""GET /v1/tasks/{id}/files/{name}: output files, whole and in part, and nothing but output files."""
import os
import socket
import subprocess
import urllib.parse

import pytest
from harness import PATIENCE, problem, until

ODD = 'a b"é%.txt'
MIB = 1 << 20


def written(files, *then):
    """Steps of a task that writes these files and names them in its verdict."""
    verdict = {"op": "done", "files": list(files)}
    return [*(["file", name, text] for name, text in files.items()), *then, ["say", verdict], ["silent"]]


@pytest.fixture(scope="module")
def done(bide):
    """A completed task with some files; its id."""
    files = {"a.txt": "0123456789", "empty.bin": "", ODD: "odd", "page.html": "<p>"}
    id = bide.act(*written(files))
    assert sorted(bide.ended(id, "completed")["files"]) == sorted(files)
    return id


def attempt_dir(bide, id):
    return bide.dir / "attempts" / f"{id}.1.1"


def put(bide, name, content):
    """A completed task whose file `name` has this content (too much for a frame)."""
    id = bide.act(*written({name: ""}))
    bide.ended(id, "completed")
    (attempt_dir(bide, id) / name).write_bytes(content)
    return id


def fetch(bide, id, name, headers=(), method="GET"):
    return bide.send(method, f"/v1/tasks/{id}/files/{urllib.parse.quote(name, safe='')}", headers=headers)


def test_a_file_is_sent_as_it_is_and_nothing_of_it_is_run(bide, done):
    answer = fetch(bide, done, "a.txt")
    assert (answer.status, answer.body) == (200, b"0123456789")
    assert answer.headers["content-length"] == "10"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a.txt"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].startswith('"')
    assert fetch(bide, done, "page.html").headers["content-type"] == "application/octet-stream"
    answer = fetch(bide, done, ODD)
    assert answer.body == b"odd"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b%22%C3%A9%25.txt"
    answer = fetch(bide, done, "empty.bin")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")


def test_head_answers_without_the_bytes(bide, done):
    answer = fetch(bide, done, "a.txt", method="HEAD")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "10")
    answer = fetch(bide, done, "a.txt", {"Range": "bytes=2-3"}, method="HEAD")
    assert (answer.status, answer.headers["content-length"]) == (200, "10"), "Range is for GET"


@pytest.mark.parametrize(
    "asked,sent",
    [("0-0", "0"), ("2-5", "2345"), ("5-", "56789"), ("-3", "789"), ("9-9", "9"), ("9-", "9"), ("0-", "0123456789"),
     ("0-9", "0123456789"), ("8-100", "89"), ("-100", "0123456789"), ("4-99999999999999999999999", "456789"), (" 1-2 ", "12")],
)  # fmt: skip
def test_a_range_is_answered_with_that_part(bide, done, asked, sent):
    answer = fetch(bide, done, "a.txt", {"Range": f"bytes={asked}"})
    assert (answer.status, answer.body.decode()) == (206, sent)
    first = "0123456789".index(sent)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(sent) - 1}/10"
    assert answer.headers["content-length"] == str(len(sent))


@pytest.mark.parametrize("asked", ["10-", "10-11", "99999999999999999999-", "-0"])
def test_a_range_with_nothing_in_it_is_416(bide, done, asked):
    answer = fetch(bide, done, "a.txt", {"Range": f"bytes={asked}"})
    problem(answer, 416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=5-4", "bytes=-", "bytes=a-b", "bytes=+1-2", "lines=1-2", "bytes", "bytes=0 -1x", ""])
def test_a_range_that_is_not_understood_is_the_whole(bide, done, asked):
    answer = fetch(bide, done, "a.txt", {"Range": asked})
    assert (answer.status, answer.body) == (200, b"0123456789")
    assert "content-range" not in answer.headers


def test_an_empty_file_has_no_part(bide, done):
    problem(fetch(bide, done, "empty.bin", {"Range": "bytes=0-"}), 416)
    answer = fetch(bide, done, "empty.bin", {"Range": "bytes=-5"})
    assert (answer.status, answer.body) == (200, b"")


def test_if_range_gives_the_part_only_of_the_same_file(bide, done):
    etag = fetch(bide, done, "a.txt").headers["etag"]
    part = {"Range": "bytes=3-4"}
    assert fetch(bide, done, "a.txt", {**part, "If-Range": etag}).status == 206
    assert fetch(bide, done, "a.txt", {**part, "If-Range": "W/" + etag}).status == 200
    assert fetch(bide, done, "a.txt", {**part, "If-Range": '"other"'}).status == 200
    assert fetch(bide, done, "a.txt", {**part, "If-Range": "Sun, 22 Nov 2026 00:00:00 GMT"}).status == 200
    id = put(bide, "b.txt", b"before")
    before = fetch(bide, id, "b.txt").headers["etag"]
    (attempt_dir(bide, id) / "b.txt").write_bytes(b"after!")
    answer = fetch(bide, id, "b.txt", {**part, "If-Range": before})
    assert (answer.status, answer.body) == (200, b"after!")


def test_a_file_that_is_known_is_not_sent_again(bide, done):
    etag = fetch(bide, done, "a.txt").headers["etag"]
    answer = fetch(bide, done, "a.txt", {"If-None-Match": f'"x", {etag}', "Range": "bytes=99-"})
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
    assert fetch(bide, done, "a.txt", {"If-None-Match": '"x"'}).status == 200


@pytest.mark.parametrize("name", ["b.txt", ".", "..", "../a.txt", "./a.txt", "a.txt/", "A.TXT", "input.json", "../../bide.db", "a.txt\\"])
def test_a_name_that_the_task_does_not_list_is_404(bide, done, name):
    (attempt_dir(bide, done) / "b.txt").write_bytes(b"not said by the worker")
    problem(fetch(bide, done, name), 404)
    assert bide.send("GET", f"/v1/tasks/{done}/files/{name}").status in (400, 404)


def test_tasks_that_are_unknown_or_have_not_completed_have_no_files(bide):
    problem(fetch(bide, "01a1ffe8-96cd-754e-be93-691a58a8ee38", "a.txt"), 404, "not_found")
    problem(fetch(bide, "x", "a.txt"), 404, "not_found")
    id = bide.act(*written({"a.txt": "x"}, ["until", bide.gate("files")]))
    bide.seen(id, "running")
    problem(fetch(bide, id, "a.txt"), 404, "not_found")
    bide.open_gate("files")
    bide.ended(id, "completed")
    assert fetch(bide, id, "a.txt").body == b"x"
    failed = bide.submit("fail")["id"]
    bide.ended(failed, "failed")
    problem(fetch(bide, failed, "a.txt"), 404, "not_found")


def test_a_listed_file_that_is_gone_or_is_none_any_more_is_410(bide):
    for make in (os.unlink, lambda p: (os.unlink(p), os.mkdir(p)), lambda p: (os.unlink(p), os.symlink("/etc/hostname", p)),
                 lambda p: (os.unlink(p), os.mkfifo(p))):  # fmt: skip
        id = put(bide, "a.txt", b"x")
        make(attempt_dir(bide, id) / "a.txt")
        problem(fetch(bide, id, "a.txt"), 410, "gone")
    id = put(bide, "a.txt", b"x")
    os.rename(attempt_dir(bide, id), bide.dir / "elsewhere")
    problem(fetch(bide, id, "a.txt"), 410, "gone")
    os.symlink(bide.dir / "elsewhere", attempt_dir(bide, id))
    problem(fetch(bide, id, "a.txt"), 410, "gone")


def test_a_retry_has_the_files_of_its_last_run(bide):
    id = bide.act(*written({"a.txt": "first"}))
    bide.ended(id, "completed")
    assert bide.post(f"/v1/tasks/{id}/retry").status == 202
    until(lambda: bide.task(id)["run"] == 2 and bide.ended(id, "completed"))
    (bide.dir / "attempts" / f"{id}.2.1" / "a.txt").write_text("second")
    assert fetch(bide, id, "a.txt").body == b"second"


def test_a_large_file_is_sent_from_disk_with_little_memory(bide):
    content = os.urandom(MIB) * 100
    id = put(bide, "large.bin", content)
    before = bide.metric("bide_memory_bytes")
    answer = fetch(bide, id, "large.bin")
    assert answer.status == 200 and answer.body == content
    answer = fetch(bide, id, "large.bin", {"Range": "bytes=50000001-"})
    assert answer.status == 206 and answer.body == content[50_000_001:]
    assert bide.metric("bide_memory_bytes") - before < 10 * MIB


def half(bide, id, name, version="1.1"):
    """Asks for a file and reads a little of it. Returns the socket and what came."""
    sock = socket.create_connection(("127.0.0.1", bide.port), timeout=PATIENCE)
    sock.sendall(f"GET /v1/tasks/{id}/files/{name} HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
    return sock, bytearray(sock.recv(65536))


def test_readers_that_are_slow_cost_little_and_stop_nobody(bide):
    content = os.urandom(30 * MIB)
    id = put(bide, "slow.bin", content)
    before = bide.metric("bide_memory_bytes")
    readers = [half(bide, id, "slow.bin") for _ in range(20)]
    assert bide.ended(bide.act(), "completed")
    assert bide.metric("bide_memory_bytes") - before < 20 * MIB
    sock, got = readers.pop()
    for other, _ in readers:  # who goes in the middle leaves nothing
        other.close()
    with sock:
        while not got.endswith(content[-MIB:]):
            more = sock.recv(MIB)
            assert more
            got += more
    assert got.split(b"\r\n\r\n", 1)[1] == content
    files = lambda: [f for f in os.listdir(f"/proc/{bide.process.pid}/fd") if "slow.bin" in linked(bide, f)]  # noqa: E731
    until(lambda: not files(), "every descriptor of the file is closed")


def linked(bide, fd):
    try:
        return os.readlink(f"/proc/{bide.process.pid}/fd/{fd}")
    except OSError:
        return ""


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_file_that_becomes_shorter_is_an_answer_that_does_not_look_whole(bide, version):
    content = bytes(50 * MIB)
    id = put(bide, "short.bin", content)
    sock, got = half(bide, id, "short.bin", version)
    os.truncate(attempt_dir(bide, id) / "short.bin", 1000)
    with sock:
        while more := sock.recv(MIB):
            got += more
    assert f"Content-Length: {len(content)}".encode() in got
    assert len(got) < len(content)
    assert bide.send("GET", "/livez").status == 200


def test_requests_after_a_file_are_answered_on_the_same_connection(bide, done):
    request = f"GET /v1/tasks/{done}/files/a.txt HTTP/1.1\r\nHost: localhost\r\n"
    with socket.create_connection(("127.0.0.1", bide.port), timeout=PATIENCE) as sock:
        sock.sendall((request + "\r\n").encode() * 3 + (request + "Connection: close\r\n\r\n").encode())
        got = b""
        while more := sock.recv(65536):
            got += more
    assert got.count(b"HTTP/1.1 200 OK") == got.count(b"\r\n\r\n0123456789") == 4


def test_curl_goes_on_where_it_was_broken_off(bide, tmp_path):
    content = os.urandom(3 * MIB)
    id = put(bide, "part.bin", content)
    target = tmp_path / "part.bin"
    target.write_bytes(content[:MIB])
    url = f"{bide.url}/v1/tasks/{id}/files/part.bin"
    subprocess.run(["curl", "-sS", "--fail", "-C", "-", "-o", str(target), url], check=True, timeout=PATIENCE)
    assert target.read_bytes() == content
