# SPDX-License-Identifier: Apache-2.0
"""/v1/files: what clients upload: raw and as forms, fetched, listed, removed; in the input of a task a path; gone in time."""
import hashlib
import os
import socket
import threading
import urllib.parse
from pathlib import Path

import pytest
from harness import PATIENCE, pointers, problem, until
from sanitized import unsanitized

MIB = 1 << 20
CAT = {"exec": ["/bin/sh", "-c", 'cat "$1"', "sh", "{input.file}"], "stdout": "text", "max_attempts": 1}
NO_ID = "01890000-0000-7000-8000-000000000000"


def put(bide, data, headers=(), **query):
    answer = bide.send("POST", "/v1/files?" + urllib.parse.urlencode(query), data, {"Content-Type": "audio/wav", **dict(headers)})
    assert answer.status == 201, answer
    return answer.json


def part(head, data):
    return b"--xYz\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n"


def form(bide, *parts, end=b"--xYz--\r\n", **query):
    body = b"".join(part(*p) for p in parts) + end
    return bide.send("POST", "/v1/files?" + urllib.parse.urlencode(query), body, {"Content-Type": "multipart/form-data; boundary=xYz"})


def stored(bide):
    folder = bide.dir / "files"
    return sorted(os.listdir(folder)) if folder.exists() else []


def is_gone(bide, id):
    return bide.send("GET", f"/v1/files/{id}/info").status == 404 and id not in stored(bide)


def test_what_is_uploaded_is_there_as_it_was(bide):
    data = os.urandom(3 * MIB + 1)
    answer = bide.send("POST", "/v1/files?name=a%20b.wav", data, {"Content-Type": "audio/wav"})
    assert answer.status == 201, answer
    file = answer.json
    assert answer.headers["location"] == file["url"] == f"/v1/files/{file['id']}"
    assert (file["name"], file["content_type"], file["bytes"]) == ("a b.wav", "audio/wav", len(data))
    assert (file["sha256"], file["keep"]) == (hashlib.sha256(data).hexdigest(), "record")
    assert bide.get_json(file["url"] + "/info") == file
    answer = bide.send("GET", file["url"])
    assert (answer.status, answer.body) == (200, data)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b.wav"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["etag"] == f'"{file["sha256"]}"'
    assert (bide.dir / "files" / file["id"]).read_bytes() == data


def test_parts_of_it_and_head_and_not_modified(bide):
    file = put(bide, b"0123456789")
    answer = bide.send("GET", file["url"], headers={"Range": "bytes=2-4"})
    assert (answer.status, answer.body, answer.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    problem(bide.send("GET", file["url"], headers={"Range": "bytes=10-"}), 416, "range_not_satisfiable")
    assert bide.send("GET", file["url"], headers={"If-None-Match": f'"{file["sha256"]}"'}).status == 304
    answer = bide.send("HEAD", file["url"])
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "10")


def test_without_a_name_or_type_there_is_a_file_all_the_same(bide):
    file = put(bide, b"", {"Content-Type": "application/x-www-form-urlencoded"})
    assert (file["name"], file["content_type"], file["bytes"]) == (None, "application/octet-stream", 0)
    assert bide.send("GET", file["url"]).headers["content-disposition"].endswith(file["id"])
    assert put(bide, b"{}", {"Content-Type": "application/x-www-form-urlencoded"}, name="x.json")["content_type"] == "application/json"


def test_a_form_is_as_many_files_as_it_has_parts(bide):
    answer = form(bide, ('name="f"; filename="one.txt"\r\nContent-Type: text/plain', b"1\r\n--xY"))
    assert answer.status == 201 and answer.headers["location"] == answer.json["url"], answer
    assert (answer.json["name"], answer.json["content_type"]) == ("one.txt", "text/plain")
    assert bide.send("GET", answer.json["url"]).body == b"1\r\n--xY"
    answer = form(bide, *((f'name="f"; filename="{n}.mp3"', bytes([n]) * n) for n in range(20)), keep="forever")
    assert answer.status == 201 and "location" not in answer.headers
    for n, file in enumerate(answer.json["items"]):
        assert (file["name"], file["content_type"], file["bytes"], file["keep"]) == (f"{n}.mp3", "audio/mpeg", n, "forever")
        assert bide.send("GET", file["url"]).body == bytes([n]) * n


@pytest.mark.parametrize("parts, end, status, code", [
    ((("name=a", b"x"),), b"--xYz--", 400, "invalid"),
    ((), b"--xYz--", 400, "invalid"),
    ((("name=a; filename=b", b"x"),), b"", 400, "invalid"),
    ((("name=a; filename=b", b"x"), ("name=a; filename=..", b"x")), b"--xYz--", 400, "invalid"),
    ((("name=a; filename=b", b"x"), ("name=a; filename*=UTF-8''b", b"x")), b"--xYz--", 400, "invalid"),
    ((("name=a; filename=b\r\nX: " + "y" * 9000, b"x"),), b"--xYz--", 431, "headers_too_large"),
    ((("name=a; filename=b", b"x"),) * 257, b"--xYz--", 413, "too_large"),
])
def test_a_form_that_is_not_good_leaves_nothing(bide, parts, end, status, code):
    before = stored(bide)
    problem(form(bide, *parts, end=end), status, code)
    assert stored(bide) == before


HOSTILE = ["../x", "/etc/passwd", "a/b", ".", "..", "", "x\0y", "a\nb", "\x7f", "x" * 201, "\ud800"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_is_a_path_is_refused(bide, name):
    before = stored(bide)
    quoted = urllib.parse.quote(name, safe="", errors="surrogatepass")
    problem(bide.send("POST", f"/v1/files?name={quoted}", b"x", {"Content-Type": "a/b"}), 400, "invalid")
    assert stored(bide) == before


@pytest.mark.parametrize("name, kept", [
    ("../../x.txt", "x.txt"), ("/etc/passwd", "passwd"), (r"C:\\some\\path\\f.txt", "f.txt"), ("日本 é.txt", "日本 é.txt"), (".hidden", ".hidden"),
    ("q%22t", 'q"t'), ("x" * 200, "x" * 200),
])
def test_of_a_path_in_a_form_the_last_part_is_the_name(bide, name, kept):
    answer = form(bide, (f'name=a; filename="{name}"', b"x"))
    assert answer.status == 201 and answer.json["name"] == kept, answer


def test_queries_that_are_not_understood_are_refused(bide):
    for query in ("keep=long", "sha256=xyz", "nam=x"):
        assert bide.send("POST", f"/v1/files?{query}", b"x", {"Content-Type": "a/b"}).status == 400
    problem(form(bide, ("name=a; filename=b", b"x"), name="c"), 400, "invalid")
    problem(bide.send("POST", "/v1/files", b"x", {"Content-Type": "plain"}), 400, "invalid")
    problem(bide.send("GET", "/v1/files?cursor=x"), 400, "invalid")
    problem(bide.send("GET", f"/v1/files/{NO_ID}"), 404, "not_found")
    problem(bide.send("GET", "/v1/files/..%2F..%2Fbide.db"), 404, "not_found")
    problem(bide.send("DELETE", "/v1/files/x"), 404, "not_found")


def test_a_hash_that_was_said_is_checked(bide):
    right, wrong = hashlib.sha256(b"right").hexdigest(), hashlib.sha256(b"wrong").hexdigest()
    assert put(bide, b"right", sha256=right.upper())["sha256"] == right
    before = stored(bide)
    problem(bide.send("POST", f"/v1/files?sha256={wrong}", b"right", {"Content-Type": "a/b"}), 400, "invalid")
    assert stored(bide) == before


def test_files_are_listed_newest_first_and_removed(serve):
    bide = serve()
    ids = [put(bide, bytes([n]))["id"] for n in range(5)]
    seen, target = [], "/v1/files?limit=2"
    while target:
        answer = bide.send("GET", target)
        seen += [f["id"] for f in answer.json["items"]]
        target = answer.headers["link"].split(">")[0][1:] if answer.json["next_cursor"] else None
    assert seen == ids[::-1]
    assert bide.send("DELETE", f"/v1/files/{ids[2]}").status == 204
    problem(bide.send("GET", f"/v1/files/{ids[2]}"), 404, "not_found")
    problem(bide.send("DELETE", f"/v1/files/{ids[2]}"), 404, "not_found")
    until(lambda: stored(bide) == sorted(set(ids) - {ids[2]}), "its bytes are gone")
    assert bide.terminate() == 0
    bide.start()
    assert [f["id"] for f in bide.get_json("/v1/files")["items"]] == [id for id in ids[::-1] if id != ids[2]]


def refused(bide, size, disposition=None, chunked=False):
    """The status that so many bytes are answered with before they have all been sent."""
    head, body = "Content-Type: a/b\r\n", bytes(size)
    if disposition:
        head = "Content-Type: multipart/form-data; boundary=xYz\r\n"
        body = f"--xYz\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + body + b"\r\n--xYz--"
    head += "Transfer-Encoding: chunked\r\n" if chunked else f"Content-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", bide.port), PATIENCE) as s:
        s.sendall(f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
        try:
            s.sendall(f"{len(body):x}\r\n".encode() + body if chunked else body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered
        return int(s.makefile("rb").readline().split()[1])


def test_limits_of_one_and_of_all(serve):
    bide = serve(files={"max": "1M", "quota": "2500K"})
    assert refused(bide, MIB + 1) == 413
    assert refused(bide, MIB + 1, chunked=True) == 413
    assert refused(bide, MIB + 1, 'form-data; name=a; filename=b') == 413
    assert stored(bide) == []
    first = put(bide, bytes(MIB))["id"]
    put(bide, bytes(MIB))
    assert [bide.metric(name) for name in ("bide_files", "bide_file_bytes")] == [2, 2 * MIB]
    assert refused(bide, MIB) == 507
    assert refused(bide, MIB, chunked=True) == 507
    assert len(stored(bide)) == 2
    assert bide.send("DELETE", f"/v1/files/{first}").status == 204
    until(lambda: bide.send("POST", "/v1/files", bytes(MIB), {"Content-Type": "a/b"}).status == 201, "there is room again")


def test_an_upload_that_breaks_off_leaves_nothing(serve):
    bide = serve()
    with socket.create_connection(("127.0.0.1", bide.port), PATIENCE) as s:
        s.sendall(b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + bytes(200000))
        until(lambda: stored(bide), "it has begun")
        until(lambda: bide.metric("bide_files_arriving_bytes") == 200000, "what has come is counted")
    until(lambda: not stored(bide), "it is gone")
    until(lambda: bide.metric("bide_files_arriving_bytes") == 0, "and counted no more")
    assert bide.get_json("/v1/files")["items"] == []


def test_a_server_that_dies_in_an_upload_leaves_nothing(serve):
    bide = serve()
    kept = put(bide, b"kept")["id"]
    with socket.create_connection(("127.0.0.1", bide.port), PATIENCE) as s:
        s.sendall(b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + bytes(200000))
        until(lambda: len(stored(bide)) == 2, "it has begun")
        bide.restart9()
    until(lambda: stored(bide) == [kept], "what was not finished is gone")
    assert bide.send("GET", f"/v1/files/{kept}").body == b"kept"


def test_a_file_whose_row_is_there_is_finished_at_the_next_start(serve):
    bide = serve()
    id = put(bide, b"whole")["id"]
    bide.kill9()
    folder = bide.dir / "files"
    (folder / id).rename(folder / f".new-{id}")  # as between the commit of its row and its name
    (folder / f".new-{NO_ID}").write_bytes(b"never committed")
    bide.start()
    until(lambda: stored(bide) == [id], "it has its name, the other is gone")
    assert bide.send("GET", f"/v1/files/{id}").body == b"whole"


@unsanitized("its memory is measured")
def test_memory_stays_the_same_however_large_the_file(serve):
    bide = serve()
    status = Path("/proc", str(bide.process.pid), "status")

    def most():
        return int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))

    put(bide, bytes(MIB))
    before, size = most(), 300
    with socket.create_connection(("127.0.0.1", bide.port), PATIENCE) as s:
        s.sendall(f"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: {size * MIB}\r\nConnection: close\r\n\r\n".encode())
        for _ in range(size):
            s.sendall(bytes(MIB))
        answer = b"".join(iter(lambda: s.recv(65536), b""))
    assert b" 201 " in answer.split(b"\r\n")[0], answer
    assert most() - before < 64 * 1024  # KiB


# in a task's input


def test_the_handler_sees_a_path(serve):
    bide = serve(types={"show": CAT})
    file = put(bide, b"what is in it", name="my file.txt")
    id = bide.submit("show", {"file": f"file:{file['id']}", "file:x": ["file:///etc", f"see file:{file['id']}"]})["id"]
    task = bide.ended(id, "completed")
    assert task["result"] == {"stdout": "what is in it"}
    assert task["input"]["file"] == f"file:{file['id']}"  # as it was sent
    assert bide.send("GET", file["url"]).body == b"what is in it"


def test_a_worker_sees_paths_with_the_names(bide):
    first, second = put(bide, b"1", name='o"d\u00e9.txt'), put(bide, b"2")
    said = {"list": [f"file:{first['id']}", {"x": f"file:{second['id']}"}], "again": f"file:{first['id']}"}
    result = bide.ended(bide.act(["done", said]), "completed")["result"]
    paths = [result["list"][0], result["list"][1]["x"], result["again"]]
    assert paths[0] == paths[2] and all(p.startswith(f"{bide.dir}/attempts/") for p in paths)
    assert paths[0].endswith(f"/.files/{first['id']}-{first['name']}") and paths[1].endswith(f"/.files/{second['id']}")


def test_a_confined_command_reads_it(serve):
    bide = serve(types={"show": {**CAT, "read_only": ["/usr", "/bin", "/lib", "/lib64", "/etc", "/dev"]}})
    file = put(bide, b"confined")
    task = bide.ended(bide.submit("show", {"file": f"file:{file['id']}"})["id"])
    if task["status"] == "failed" and "landlock" in str(task["error"]).lower():
        pytest.skip("this kernel has no Landlock")
    assert task["result"] == {"stdout": "confined"}, task


def test_with_output_files_the_links_do_not_stay(bide):
    file = put(bide, b"in", name="in.txt")
    steps = [["file", "out.txt", "out"], ["say", {"op": "done", "files": ["out.txt"]}], ["silent"]]
    id = bide.submit("act", {"steps": steps, "given": f"file:{file['id']}"})["id"]
    assert bide.ended(id, "completed")["files"] == ["out.txt"]
    assert os.listdir(bide.dir / "attempts" / f"{id}.1.1") == ["out.txt"]
    assert os.stat(bide.dir / "files" / file["id"]).st_nlink == 1


def test_a_puller_is_given_what_was_sent(serve):
    bide = serve(types={"remote": {"pull": {}}})
    given = {"f": f"file:{put(bide, b'x')['id']}"}
    bide.submit("remote", given)
    answer = bide.post("/v1/attempts:claim", {"types": ["remote"], "wait_ms": 5000})
    assert [task["input"] for task in answer.json["tasks"]] == [given], answer


def test_a_file_that_is_not_there_is_refused_with_its_place(bide):
    answer = bide.post("/v1/tasks", {"type": "cat", "input": {"a/b": [1, {"c": f"file:{NO_ID}"}]}})
    problem(answer, 422, "unknown_file")
    assert pointers(answer) == ["/input/a~1b/1/c"]
    answer = bide.post("/v1/tasks:batch", [{"type": "cat", "input": f"file:{NO_ID}"}, {"type": "cat"}])
    assert [item["status"] for item in answer.json["items"]] == [422, 202]
    assert answer.json["items"][0]["error"]["code"] == "unknown_file"
    file = put(bide, b"x")
    problem(bide.post("/v1/tasks", {"type": "cat", "input": [f"file:{file['id']}"] * 257}), 413, "too_large")


def test_a_file_stays_while_a_task_that_has_not_ended_needs_it(serve):
    bide = serve(types={"show": CAT})
    file = put(bide, b"x")
    id = bide.submit("show", {"file": f"file:{file['id']}"}, delay_ms=3600000)["id"]
    problem(bide.send("DELETE", file["url"]), 409, "conflict")
    assert bide.post(f"/v1/tasks/{id}/cancel").status == 200
    assert bide.send("DELETE", file["url"]).status == 204
    assert bide.post(f"/v1/tasks/{id}/retry").status == 202
    task = bide.ended(id, "failed")
    assert task["error"]["code"] == "invalid_input" and f"the file {file['id']} that its input names is gone" in task["error"]["message"]


def test_nobody_needs_it_and_its_time_is_over(serve):
    bide = serve(files={"retain": "1s"}, types={"show": CAT})
    file, kept, needed = put(bide, b"x"), put(bide, b"y", keep="forever"), put(bide, b"z")
    id = bide.submit("show", {"file": f"file:{needed['id']}"})["id"]
    assert bide.ended(id, "completed")["result"] == {"stdout": "z"}
    until(lambda: is_gone(bide, file["id"]), "it is gone")
    assert bide.get_json(kept["url"] + "/info") == kept and bide.get_json(needed["url"] + "/info") == needed
    assert bide.send("DELETE", f"/v1/tasks/{id}").status == 204
    until(lambda: is_gone(bide, needed["id"]), "nobody needs it any more")
    assert stored(bide) == [kept["id"]]


def test_one_kept_for_tasks_goes_with_the_end_of_the_last(serve):
    bide = serve(pool={"instances": 2})
    file = put(bide, b"x", keep="task")
    gate = {"steps": [["until", bide.gate("go")]], "f": f"file:{file['id']}"}
    ids = [bide.submit("act", gate)["id"], bide.submit("act", {"steps": [], "f": f"file:{file['id']}"})["id"]]
    bide.ended(ids[1], "completed")
    bide.seen(ids[0], "running")
    assert bide.get_json(file["url"] + "/info") == file
    bide.open_gate("go")
    bide.ended(ids[0], "completed")
    until(lambda: is_gone(bide, file["id"]), "it is gone")


def test_what_was_being_removed_when_the_server_died_goes_at_the_next_start(serve):
    bide = serve()
    ids = [put(bide, b"x")["id"] for _ in range(30)]
    threads = [threading.Thread(target=lambda id=id: bide.send("DELETE", f"/v1/files/{id}")) for id in ids[:20]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bide.restart9()
    until(lambda: stored(bide) == sorted(ids[20:]), "the others are there, and they alone")
    assert sorted(f["id"] for f in bide.get_json("/v1/files")["items"]) == sorted(ids[20:])
