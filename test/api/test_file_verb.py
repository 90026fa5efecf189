# SPDX-License-Identifier: Apache-2.0
"""bide file: put, get, list, show, rm."""
import json
import os
import subprocess

from harness import BIDE, PATIENCE


def run(bide, *words, **options):
    return subprocess.run([BIDE, "file", *words, "--server", bide.url], capture_output=True, timeout=PATIENCE, **options)


def test_a_file_goes_there_and_back(bide, tmp_path):
    source, copy = tmp_path / "day é.wav", tmp_path / "copy"
    source.write_bytes(os.urandom(3 << 20))
    put = run(bide, "put", source)
    assert put.returncode == 0, put
    id = put.stdout.decode().strip()
    assert run(bide, "get", id).stdout == source.read_bytes()
    assert run(bide, "get", id, "--output", copy).returncode == 0
    assert copy.read_bytes() == source.read_bytes()
    shown = json.loads(run(bide, "show", id, "--json").stdout)
    assert (shown["name"], shown["content_type"], shown["keep"]) == ("day é.wav", "audio/wav", "record")
    assert id.encode() in run(bide, "list").stdout
    removed = run(bide, "rm", id)
    assert (removed.returncode, removed.stdout) == (0, f"{id}  removed\n".encode())
    gone = run(bide, "get", id, "--output", copy)
    assert gone.returncode == 64 and b"there is no such file" in gone.stderr
    assert copy.read_bytes() == source.read_bytes() and not (tmp_path / "copy.part").exists()


def test_put_says_what_it_is_told(bide, tmp_path):
    (tmp_path / "x").write_bytes(b"{}")
    put = run(bide, "put", "x", "--name", "y.txt", "--type", "text/x", "--keep", "forever", "--json", cwd=tmp_path)
    file = json.loads(put.stdout)
    assert (file["name"], file["content_type"], file["keep"], file["bytes"]) == ("y.txt", "text/x", "forever", 2)


def test_what_cannot_be_is_said(bide, tmp_path):
    assert run(bide, "put", tmp_path).returncode == 74
    assert run(bide, "put", tmp_path / "nothing").returncode == 74
    assert run(bide, "put").returncode == 64
    assert run(bide, "get", "a", "b").returncode == 64
    assert run(bide, "get", "../tasks").returncode == 64
    (tmp_path / "x").write_bytes(b"x")
    assert run(bide, "put", tmp_path / "x", "--keep", "long").returncode == 64
    id = run(bide, "put", tmp_path / "x").stdout.decode().strip()
    full = subprocess.run([BIDE, "file", "get", id, "--server", bide.url], stdout=open("/dev/full", "wb"), stderr=subprocess.PIPE, timeout=PATIENCE)
    assert full.returncode == 74 and b"cannot write what came" in full.stderr
