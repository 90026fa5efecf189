# SPDX-License-Identifier: Apache-2.0
"""Files that are no store of this bide: refused with words that say what it is and what to do, exit 78, and not a byte of
them changed. `bide backup` says the same.
"""
import os
import shutil
import sqlite3
import subprocess

import pytest
from fill import config
from harness import BIDE
from old_file import APPLICATION, NAMES, OldFile

SOME = NAMES[0]


def contents(directory):
    """Every file that belongs to the store."""
    return {p.name: p.read_bytes() for p in directory.iterdir() if p.name.startswith("bide.db") and not p.name.endswith(".lock")}


def refused(bide, *words):
    """Both who would write and who would copy say so, and change nothing."""
    before = contents(bide.dir)
    bide.launch()
    assert bide.exited() == 78, bide.text()
    copied = subprocess.run([BIDE, "backup", "copy.db"], cwd=bide.dir, capture_output=True, text=True, timeout=60)
    assert copied.returncode == 78, copied
    for text in (bide.text(), copied.stderr):
        assert all(word in text for word in ("bide.db", *words)), text
        assert len(text.strip().splitlines()) == 1, text
    after = contents(bide.dir)
    assert {k: v for k, v in after.items() if not k.endswith("-shm")} == {k: v for k, v in before.items() if not k.endswith("-shm")}
    assert sorted(n for n in os.listdir(bide.dir) if n.startswith("copy")) == []


@pytest.fixture(params=[False, True], ids=["whole", "with a log"])
def old(serve, request):
    """A store with many rows, of a server that was not started yet."""
    bide = serve.prepare(config(["/bin/cat"]))
    return bide, OldFile(SOME, bide.dir / "bide.db", request.param)


def mark(path, **pragmas):
    """Through SQLite, so that a file with a log keeps it: what is written lands in the log."""
    copy = path.with_name("marked.db")
    for end in ("", "-wal"):
        if path.with_name(path.name + end).exists():
            shutil.copy(f"{path}{end}", f"{copy}{end}")
    db = sqlite3.connect(copy)
    db.execute("PRAGMA wal_autocheckpoint=0")
    for name, value in pragmas.items():
        db.execute(f"PRAGMA {name}={value}")
    db.commit()
    for end in ("", "-wal"):
        if copy.with_name(copy.name + end).exists():
            shutil.copy(f"{copy}{end}", f"{path}{end}")
    db.close()


def newest_version(bide):
    """What this bide makes."""
    fresh = bide.dir / "fresh"
    fresh.mkdir()
    process = subprocess.Popen([BIDE, "serve", "--store", f"sqlite:{fresh}/new.db", "--listen", f"unix:{fresh}/s"], cwd=fresh,
                               env={**os.environ, "XDG_STATE_HOME": str(fresh)}, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "listening on" in line:
            break
    process.terminate()
    process.communicate(timeout=30)
    with sqlite3.connect(fresh / "new.db") as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def test_a_newer_store_is_refused_with_both_versions_and_what_to_do(old):
    bide, file = old
    version = newest_version(bide)
    mark(file.path, user_version=version + 1)
    refused(bide, "made by a newer bide", f"store version {version + 1}", f"up to {version}", "start that bide", "backup")


def test_the_database_of_another_program_is_refused(old):
    bide, file = old
    mark(file.path, application_id=APPLICATION + 1)
    refused(bide, "another program", "name another file")


def test_a_database_that_says_nothing_of_whose_it_is_is_refused(serve):
    bide = serve.prepare(config(["/bin/cat"]))
    with sqlite3.connect(bide.dir / "bide.db") as db:
        db.execute("CREATE TABLE theirs(x)")
    refused(bide, "another program")


@pytest.mark.parametrize("version", [0, -1, -2147483648])
def test_a_store_of_a_version_that_never_was_is_refused(old, version):
    bide, file = old
    mark(file.path, user_version=version)
    refused(bide, "damaged", f"version {version}", "restore a backup")


@pytest.mark.parametrize("junk", [b"this is not a database, it is a letter\n" * 200, b"\0" * 4096, b"x" * 600])
def test_a_file_that_is_no_database_is_refused(serve, junk):
    bide = serve.prepare(config(["/bin/cat"]))
    (bide.dir / "bide.db").write_bytes(junk)
    refused(bide, "not a bide store", "file is not a database", "name another file")


def test_an_empty_file_is_a_new_store(serve):
    """As a crash before the first write leaves it: it holds nothing that could be lost."""
    bide = serve.prepare(config(["/bin/cat"]))
    (bide.dir / "bide.db").touch()
    bide.start()
    assert bide.ended(bide.submit("cat", {"a": 1})["id"], "completed")


def test_a_store_that_was_emptied_beside_its_log_is_refused(old):
    bide, file = old
    if not (bide.dir / "bide.db-wal").exists():
        shutil.copy(file.path, bide.dir / "bide.db-wal")
    file.path.write_bytes(b"")
    refused(bide, "empty, but its log", "restore a backup")


@pytest.mark.parametrize("left", [1, 50, 100, 511, 4096, 5000, -4096, -100, -1])
def test_a_store_whose_end_is_missing_is_refused(serve, left):
    bide = serve.prepare(config(["/bin/cat"]))
    file = OldFile(SOME, bide.dir / "bide.db")
    data = file.path.read_bytes()
    file.path.write_bytes(data[:left])
    refused(bide, "damaged", "restore a backup")
