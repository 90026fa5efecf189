# SPDX-License-Identifier: Apache-2.0
"""`bide backup`: a copy of the store that a server can be started on, made while another server runs or while none does;
and whatever goes wrong leaves nothing behind."""
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import pytest
from harness import BIDE, ENDINGS, PATIENCE, until


def backup(bide, *words, **more):
    """Runs `bide backup` beside the server; returns (exit code, stdout, stderr)."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("BIDE_")}
    done = subprocess.run([BIDE, "backup", *words], cwd=bide.dir, env=env, capture_output=True, text=True, timeout=60, **more)
    return done.returncode, done.stdout, done.stderr


def left(bide):
    """What lies about besides what belongs to a server."""
    own = ("bide.yaml", "bide.db", "bide.db-wal", "bide.db-shm", "bide.db.lock", "attempts", "run.key")
    return sorted(n for n in os.listdir(bide.dir) if n not in own and not n.startswith("keepers-"))


def move_to_copy(bide):
    """The old store is gone, the copy in its place."""
    for name in ("bide.db", "bide.db-wal", "bide.db-shm"):
        (bide.dir / name).unlink(missing_ok=True)
    shutil.move(bide.dir / "copy.db", bide.dir / "bide.db")


class Submits:
    """Clients that submit without pause; `accepted` is what was acknowledged, in order."""

    def __init__(self, bide, clients=4):
        self.accepted, self.wrong, self.done = [], [], threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(bide, n)) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def work(self, bide, n):
        connection = bide.connect()
        kinds = [{"type": "cat", "input": "x" * 3000}, {"type": "fail"}, {"type": "cat", "delay_ms": 3_600_000}]
        while not self.done.is_set():
            n += 1
            try:
                connection.request("POST", "/v1/tasks", json.dumps(kinds[n % 3]), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                task = json.loads(answer.read())
                assert answer.status == 202, task
                self.accepted.append(task["id"])
            except OSError as error:
                self.wrong.append(repr(error))
                return

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        assert not self.wrong, self.wrong[:3]


TYPES = {"cat": {"exec": ["/bin/cat"]}, "fail": {"exec": ["/bin/false"], "max_attempts": 1}}


def test_a_copy_made_under_load_has_all_that_was_acknowledged_before_it_began(serve):
    bide = serve(types=TYPES)
    load = Submits(bide)
    until(lambda: len(load.accepted) > 200 or load.wrong, "some tasks were accepted")
    running = bide.act(["until", bide.gate("never")])
    bide.seen(running, "running")
    ended = {t["id"]: t for t in bide.listed(status="completed", limit=50)[:50]}
    before = [*load.accepted, running]
    assert backup(bide, "copy.db")[0] == 0
    load.stop()
    assert len(load.accepted) > len(before), "the load went on meanwhile"
    bide.kill9()
    until(lambda: not bide.processes(), "no orphan")
    move_to_copy(bide)
    bide.start()
    there = {task["id"]: task for task in bide.listed(limit=200)}
    assert not set(before) - set(there), "what was acknowledged before the backup is in it"
    for id, task in ended.items():
        assert (there[id]["status"], there[id]["finished_at"]) == (task["status"], task["finished_at"])
    bide.open_gate("never")
    until(lambda: not bide.listed(status="pending") + bide.listed(status="running"), "all that could run has ended", 60)
    after = {task["id"]: task["status"] for task in bide.listed(limit=200)}
    assert all(after[id] in ENDINGS for id in there if there[id]["status"] != "scheduled")
    assert after[running] == "completed", "what ran when the copy was made runs again"
    stats = bide.get_json("/v1/stats")["tasks"]
    for status in ("scheduled", "completed", "failed"):
        assert stats[status] == list(after.values()).count(status), status


def test_a_backup_never_checkpoints_and_leaves_the_store_as_it_was(serve):
    bide = serve(types=TYPES)
    for _ in range(5):
        bide.ended(bide.submit("cat", "x")["id"], "completed")
    bide.kill9()
    until(lambda: not bide.processes(), "no orphan")
    names = ("bide.db", "bide.db-wal")
    before = {name: (bide.dir / name).read_bytes() for name in names}
    assert len(before["bide.db-wal"]) > 0
    assert backup(bide, "copy.db")[0] == 0
    assert {name: (bide.dir / name).read_bytes() for name in names} == before
    with sqlite3.connect(bide.dir / "copy.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("SELECT count(*) FROM done").fetchone() == (5,), "what was in the log only is in the copy"
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",), "one file, readable by whoever may read it"
    assert left(bide) == ["copy.db"]


def test_no_server_starts_on_a_store_while_it_is_copied_without_one(serve):
    bide = serve(types=TYPES)
    bide.ended(bide.submit("cat", "x")["id"], "completed")
    assert bide.terminate() == 0
    lock = open(bide.dir / "bide.db.lock", "r+")
    holder = subprocess.Popen(["flock", str(bide.dir / "bide.db.lock"), "cat"], stdin=subprocess.PIPE)
    try:
        until(lambda: subprocess.run(["flock", "-n", str(bide.dir / "bide.db.lock"), "true"]).returncode, "it is held")
        lock.write("123 backup\n")
        lock.flush()
        bide.launch()
        assert bide.exited() == 75
        assert "is being copied by `bide backup`, pid 123" in bide.text()
        assert backup(bide, "copy.db")[0] == 0, "two backups are in nobody's way"
    finally:
        holder.communicate()
        lock.close()


def test_the_output_is_for_scripts_and_the_rest_for_people(serve):
    bide = serve(types=TYPES)
    bide.ended(bide.submit("cat", "x")["id"], "completed")
    code, out, err = backup(bide, "copy.db")
    size = (bide.dir / "copy.db").stat().st_size
    assert (code, out) == (0, f"copy.db  {size} bytes\n")
    assert f"{bide.dir}/attempts" in err and "\r" not in err
    code, out, err = backup(bide, "copy.db", "--force", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"path": "copy.db", "bytes": size, "store": f"sqlite:{bide.dir}/bide.db", "data_dir": str(bide.dir)}
    assert (bide.dir / "copy.db").stat().st_mode & 0o777 == 0o600, "inputs are nobody else's business"


def test_what_is_there_is_replaced_only_when_asked_and_only_at_the_end(serve):
    bide = serve(types=TYPES)
    (bide.dir / "copy.db").write_text("precious")
    code, out, err = backup(bide, "copy.db")
    assert (code, out) == (64, "") and "is there already; --force" in err
    assert (bide.dir / "copy.db").read_text() == "precious"
    code, _, err = backup(bide, "copy.db", "--force", preexec_fn=small_files, restore_signals=False)
    assert code == 69, err
    assert (bide.dir / "copy.db").read_text() == "precious"
    assert backup(bide, "copy.db", "--force")[0] == 0
    assert (bide.dir / "copy.db").read_bytes()[:6] == b"SQLite"


def small_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_a_disk_that_is_full_leaves_nothing_behind(serve):
    bide = serve(types=TYPES)
    code, out, err = backup(bide, "copy.db", preexec_fn=small_files, restore_signals=False)
    assert (code, out) == (69, "") and "there is no space left" in err, (code, err)
    assert left(bide) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_disk_without_room_is_seen_before_it_is_filled(serve, tmp_path):
    bide = serve(types=TYPES)
    for _ in range(3):
        bide.submit("cat", "x" * 500_000, delay_ms=3_600_000)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        code, _, err = backup(bide, str(tmp_path / "copy.db"))
        assert code == 69 and "has room for 1048576 bytes, the copy needs" in err
        assert os.listdir(tmp_path) == []
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_backup_that_is_stopped_leaves_nothing_behind(serve):
    bide = serve(types=TYPES)
    for _ in range(12):
        bide.submit("cat", "x" * 8_000_000, delay_ms=3_600_000)
    process = subprocess.Popen([BIDE, "backup", "copy.db"], cwd=bide.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: [n for n in left(bide) if n.startswith("copy.db.part-")] or process.poll() is not None, "it has begun")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGINT
    assert left(bide) == []


def test_names_that_would_harm_a_database_are_refused(serve):
    bide = serve(types=TYPES)
    size = (bide.dir / "bide.db").stat().st_ino
    for name in ("bide.db", "./bide.db-wal", "bide.db-shm", "bide.db-journal", f"{bide.dir}/bide.db.lock"):
        for words in ([name], [name, "--force"]):
            code, _, err = backup(bide, *words)
            assert code == 64 and "belongs to the store itself" in err and "--force" not in err, name
    (bide.dir / "other.db-wal").touch()
    code, _, err = backup(bide, "other.db", "--force")
    assert code == 64 and "other.db-wal is there" in err
    code, _, err = backup(bide, f"{bide.dir}/", "--force")
    assert code == 64 and "is a folder" in err
    (bide.dir / "link.db").symlink_to("bide.db")
    code, _, err = backup(bide, "link.db", "--force")
    assert code == 64 and "no plain file" in err
    code, _, err = backup(bide, "no/such/folder/copy.db")
    assert code == 74 and "No such file" in err
    assert (bide.dir / "bide.db").stat().st_ino == size


def test_what_is_no_store_is_refused(serve):
    bide = serve(types=TYPES)
    code, _, err = backup(bide, "copy.db", "--store", "mem:")
    assert code == 64 and "in the memory of its server" in err
    code, _, err = backup(bide, "copy.db", "--store", "sqlite:nothing.db")
    assert code == 64 and f"there is no store at {bide.dir}/nothing.db" in err
    with sqlite3.connect(bide.dir / "other.db") as db:
        db.execute("CREATE TABLE t(a)")
    (bide.dir / "text.db").write_text("this is text and not a database at all" * 100)
    for name in ("other.db", "text.db"):
        code, _, err = backup(bide, "copy.db", "--store", f"sqlite:{name}")
        assert code == 78 and "not a bide store" in err, err
    code, _, err = backup(bide, "copy.db", "--config", "nothing.yaml")
    assert code == 78
    assert not [n for n in left(bide) if n.startswith("copy.db") or n.startswith("nothing")]


def test_a_damaged_store_is_said_to_be_one(serve):
    bide = serve(types=TYPES)
    for n in range(40):
        bide.submit("cat", "x" * 3000, delay_ms=3_600_000)
    assert bide.terminate() == 0
    path = bide.dir / "bide.db"
    data = bytearray(path.read_bytes())
    with sqlite3.connect(path) as db:
        root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'body'").fetchone()[0]
    for name in ("bide.db-wal", "bide.db-shm"):
        (bide.dir / name).unlink(missing_ok=True)
    at = (root - 1) * 4096
    data[at + 3 : at + 8] = b"\xff" * 5
    path.write_bytes(data)
    code, _, err = backup(bide, "copy.db")
    assert code == 69 and "damaged" in err, err
    assert [n for n in left(bide) if n.startswith("copy")] == []


def test_a_terminal_sees_how_far_it_is(serve):
    bide = serve(types=TYPES)
    bide.submit("cat", "x" * 8_000_000, delay_ms=3_600_000)
    main, end = os.openpty()
    process = subprocess.Popen([BIDE, "backup", "copy.db"], cwd=bide.dir, env={**os.environ, "TERM": "xterm"},
                               stdout=subprocess.PIPE, stderr=end)  # fmt: skip
    os.close(end)
    seen = b""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            seen += os.read(main, 4096)
        except OSError:
            break
    os.close(main)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert b"% " in seen and b" of 7 MiB, checking the copy" in seen
