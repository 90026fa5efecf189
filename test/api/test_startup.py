# SPDX-License-Identifier: Apache-2.0
"""Starting: what stops a server from it, and that it says so where it can be mended."""
import fcntl
import os
import re
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest
from harness import BIDE, until

CAT = {"types": {"cat": {"exec": ["/bin/cat"]}}}


def refuses(server, status=None, seconds=10):
    """Launches a server that must not come up; returns what it said."""
    server.launch()
    code = server.exited(seconds)
    assert code != 0 and (status is None or code == status), (code, server.text())
    assert "listening on" not in server.text()
    return server.text()


def test_a_second_server_on_the_same_store_is_refused_and_the_first_goes_on(serve):
    first = serve(CAT)
    second = serve.prepare({**CAT, "store": f"sqlite:{first.dir}/bide.db", "data_dir": str(first.dir)})
    text = refuses(second)
    assert "bide.db" in text and re.search("lock|another|already", text), text
    first.ended(first.submit("cat")["id"], "completed")


def test_a_store_is_free_again_after_kill_9(serve):
    first = serve(CAT)
    id = first.submit("cat", delay_ms=60_000)["id"]
    first.kill9()
    second = serve.prepare({**CAT, "store": f"sqlite:{first.dir}/bide.db", "data_dir": str(first.dir)}).start()
    assert second.task(id)["status"] == "scheduled"


def test_a_port_in_use_is_refused_with_the_address(serve):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        address = f"127.0.0.1:{busy.getsockname()[1]}"
        text = refuses(serve.prepare(CAT, ["--listen", address]))
    assert address in text and "in use" in text.lower(), text


def test_an_address_that_is_not_loopback_is_refused_without_tokens(serve):
    text = refuses(serve.prepare(CAT, ["--listen", "0.0.0.0:0"]))
    assert "0.0.0.0" in text and "token" in text, text


MISTAKES = {
    "broken yaml": ("types:\n  cat: {exec: [/bin/cat\n", None, ""),
    "unknown key": ("types:\n  cat: {exec: [/bin/cat], timout: 5s}\n", "2:27", "timeout"),
    "unknown top key": ("lisen: 127.0.0.1:0\n", "1:1", "listen"),
    "wrong kind": ("queues:\n  default: {concurrency: many}\n", "2:26", "many"),
    "bare number": ("defaults: {timeout: 30}\n", "1:21", "30"),
    "unknown worker": ("types:\n  act: {worker: nobody}\n", "2:17", "nobody"),
    "unknown queue": ("types:\n  cat: {exec: [/bin/cat], queue: nowhere}\n", "2:34", "nowhere"),
    "no handler": ("types:\n  cat: {queue: default}\n", "2:", "cat"),
    "two handlers": ("workers: {w: {command: [x]}}\ntypes:\n  cat: {exec: [/bin/cat], worker: w}\n", "3:", "cat"),
    "duplicate key": ("types: {}\ntypes: {}\n", "2:1", "duplicate"),
    "empty command": ("types:\n  cat: {exec: []}\n", "2:", "exec"),
    "bad store": ("store: oracle:x\n", "1:8", "oracle"),
    "bad listen": ("listen: nowhere\n", "1:9", "nowhere"),
    "not a mapping": ("- 1\n- 2\n", "1:", "map"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_configuration_is_shown_where_it_is(serve, name):
    text, place, word = MISTAKES[name]
    server = serve.prepare(text)
    said = refuses(server, 78)
    assert word in said, said
    assert f"bide.yaml:{place}" in said if place else re.search(r"bide\.yaml:\d+:\d+", said), said
    check = subprocess.run([BIDE, "check", str(server.config_file)], capture_output=True, text=True, timeout=10)
    assert check.returncode == 78 and f"bide.yaml:{place or ''}" in check.stdout + check.stderr
    assert not (server.dir / "bide.db").exists(), "nothing was touched"


def test_a_configuration_that_is_not_there_is_named(serve):
    server = serve.prepare(CAT)
    server.config_file.unlink()
    assert "bide.yaml" in refuses(server, 78)


def test_yaml_with_comments_blocks_and_anchors_is_read(serve):
    server = serve.prepare(
        """# a comment
store: sqlite:bide.db
data_dir: .
types:
  cat: &common
    exec: [/bin/cat]       # the end of a line
    max_attempts: 2
    timeout: 1m30s
  "quoted.name":
    <<: *common
    exec: ["/bin/sh", "-c", "cat"]
"""
    ).start()
    for type in ("cat", "quoted.name"):
        task = server.submit(type, {"a": 1})
        assert task["max_attempts"] == 2
        server.ended(task["id"], "completed")


def test_a_file_that_is_no_bide_store_is_left_alone(serve):
    text = serve.prepare(CAT)
    (text.dir / "bide.db").write_text("this is my diary\n" * 100)
    said = refuses(text)
    assert "bide.db" in said
    assert (text.dir / "bide.db").read_text() == "this is my diary\n" * 100
    foreign = serve.prepare(CAT)
    with sqlite3.connect(foreign.dir / "bide.db") as db:
        db.execute("create table task (id text)")
        db.execute("insert into task values ('mine')")
    said = refuses(foreign, 78)
    assert "bide.db" in said
    with sqlite3.connect(foreign.dir / "bide.db") as db:
        assert db.execute("select * from task").fetchall() == [("mine",)]


def test_a_store_of_a_newer_version_is_refused(serve):
    server = serve(CAT)
    assert server.terminate() == 0
    with sqlite3.connect(server.dir / "bide.db") as db:
        version = db.execute("pragma user_version").fetchone()[0]
        assert version > 0
        db.execute(f"pragma user_version = {version + 1}")
    assert "newer" in refuses(server, 78)


def test_a_directory_that_cannot_be_written_is_named(serve):
    server = serve.prepare({**CAT, "store": "sqlite:/proc/nowhere/bide.db"})
    assert "/proc/nowhere" in refuses(server)


def test_the_memory_store_needs_no_file(serve):
    server = serve({**CAT, "store": "mem:"})
    server.ended(server.submit("cat")["id"], "completed")
    assert not (server.dir / "bide.db").exists()


def test_it_says_where_everything_is(serve):
    server = serve(CAT)
    text = server.text()
    assert server.url in text and "bide.db" in text and "bide.yaml" in text, text


def test_an_unknown_flag_is_a_usage_error(serve):
    assert "--colour" in refuses(serve.prepare(CAT, ["--colour", "red"]), 64)


def test_a_lock_that_outlived_its_server_is_waited_for(serve):
    """A server that was killed while it started a process leaves a child that has its descriptors until it has become the
    program."""
    bide = serve()
    pid = bide.process.pid
    bide.kill9()
    with open(bide.dir / "bide.db.lock", "r+b") as held:
        assert held.read() == b"%d\n" % pid
        fcntl.flock(held, fcntl.LOCK_EX)
        bide.launch()
        until(lambda: has_open(bide, "bide.db.lock") or bide.process.poll() is not None, "it is at the lock")
        assert bide.process.poll() is None and "listening" not in bide.text(), bide.text()
    bide.listening()
    bide.ended(bide.act(), "completed")


def has_open(bide, name):
    try:
        return any(os.path.basename(os.readlink(fd)) == name for fd in Path(f"/proc/{bide.process.pid}/fd").iterdir())
    except OSError:  # one was closed meanwhile
        return False
