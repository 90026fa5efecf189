# SPDX-License-Identifier: Apache-2.0
"""GET /v1/tasks/{id}/files.zip: all output files of a task as one archive, made while it is sent."""
import io
import os
import socket
import subprocess
import zipfile
from pathlib import Path

import pytest
from harness import PATIENCE, problem, until
from sanitized import unsanitized

MIB = 1 << 20
NO_ID = "01890000-0000-7000-8000-000000000000"
FILES = {"b.txt": "second", "a.txt": "first", "empty": "", "日本 é.txt": "odd", 'q"\\.txt': "quoted", "-rf": "dash"}


def written(files):
    return [*(["file", name, text] for name, text in files.items()), ["say", {"op": "done", "files": list(files)}], ["silent"]]


def completed(bide, files):
    id = bide.act(*written(files))
    assert bide.ended(id, "completed")["files"] == list(files)
    return id


def attempt_dir(bide, id):
    return bide.dir / "attempts" / f"{id}.1.1"


def fetch(bide, id, method="GET"):
    return bide.send(method, f"/v1/tasks/{id}/files.zip")


def test_all_output_files_are_in_it_in_their_order(bide, tmp_path):
    id = completed(bide, FILES)
    answer = fetch(bide, id)
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{id}.zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == list(FILES)
        assert {name: archive.read(name).decode() for name in archive.namelist()} == FILES
    assert fetch(bide, id).body == answer.body  # the same each time
    (tmp_path / "x.zip").write_bytes(answer.body)
    tested = subprocess.run(["python3", "-m", "zipfile", "-t", tmp_path / "x.zip"], capture_output=True, text=True, timeout=PATIENCE)
    assert tested.returncode == 0, tested
    answer = fetch(bide, id, "HEAD")
    assert (answer.status, answer.body) == (200, b"")


@unsanitized("its memory is measured")
def test_large_ones_are_sent_with_the_memory_of_a_piece(bide):
    id = completed(bide, {"large": "", "zeros": ""})
    noise = os.urandom(MIB)
    with open(attempt_dir(bide, id) / "large", "wb") as large:
        for _ in range(60):
            large.write(noise)
    os.truncate(attempt_dir(bide, id) / "zeros", 200 * MIB)
    status = Path("/proc", str(bide.process.pid), "status")

    def most():
        return int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))

    before = most()
    body = fetch(bide, id).body
    assert most() - before < 32 * 1024  # KiB
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert [(i.filename, i.file_size) for i in archive.infolist()] == [("large", 60 * MIB), ("zeros", 200 * MIB)]
        assert archive.testzip() is None
        with archive.open("large") as large:
            for _ in range(60):
                assert large.read(MIB) == noise


@unsanitized("it takes minutes")
def test_one_over_4_gib_is_zip64(bide):
    id = completed(bide, {"huge": ""})
    os.truncate(attempt_dir(bide, id) / "huge", 4096 * MIB + 5)
    with zipfile.ZipFile(io.BytesIO(fetch(bide, id).body)) as archive:
        assert archive.getinfo("huge").file_size == 4096 * MIB + 5
    os.truncate(attempt_dir(bide, id) / "huge", 0)


def test_a_client_that_goes_away_ends_it(bide):
    id = completed(bide, {"large": ""})
    with open(attempt_dir(bide, id) / "large", "wb") as large:
        for _ in range(20):
            large.write(os.urandom(MIB))
    name = str(attempt_dir(bide, id) / "large")

    def is_open():
        folder = Path("/proc", str(bide.process.pid), "fd")
        return any(os.path.realpath(fd) == name for fd in folder.iterdir())

    with socket.create_connection(("127.0.0.1", bide.port), PATIENCE) as s:
        s.sendall(f"GET /v1/tasks/{id}/files.zip HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert s.recv(15) == b"HTTP/1.1 200 OK"
        until(is_open, "it is being read")
    until(lambda: not is_open(), "it is not read any more")


def test_without_files_there_is_none(bide):
    problem(fetch(bide, NO_ID), 404, "not_found")
    problem(fetch(bide, bide.ended(bide.submit("cat")["id"], "completed")["id"]), 404, "not_found")
    problem(fetch(bide, bide.act(["until", bide.gate("never")], ["done", 1], delay_ms=60000)), 404, "not_found")


@pytest.mark.parametrize("what", ["gone", "link", "folder"])
def test_what_is_no_file_any_more_is_not_followed(bide, what):
    id = completed(bide, {"a.txt": "a", "b.txt": "b"})
    path = attempt_dir(bide, id) / "b.txt"
    path.unlink()
    if what == "link":
        path.symlink_to("/etc/passwd")
    if what == "folder":
        path.mkdir()
    problem(fetch(bide, id), 410, "gone")
