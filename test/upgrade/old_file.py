# SPDX-License-Identifier: Apache-2.0
"""The stores in files/: as databases, with what is in their rows and what must be shown of them.

They are read at any time after their making, on machines whose clocks say anything. So three moments in them are moved:
what was to be due soon is due now, keys were used now, and with `aged` all endings were long ago. The rest is as it was.
"""
import json
import shutil
import sqlite3
import time
from pathlib import Path

FILES = Path(__file__).resolve().parent / "files"
NAMES = sorted(path.stem for path in FILES.glob("*.sql"))
APPLICATION = 0x62696465
FAR_MS = 4_102_444_800_000  # fill.py's FAR: what is to stay scheduled


class OldFile:
    """One of them. `log`: as kill -9 leaves it, with all of it in the log and nothing in the file but its first page."""

    def __init__(self, name, path, log=False, aged=False):
        self.name, self.path = name, Path(path)
        self.record = json.loads((FILES / f"{name}.json").read_text())
        made = self.path.with_name("made.db")
        db = sqlite3.connect(made)
        if log:
            db.executescript("PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0")
        db.executescript((FILES / f"{name}.sql").read_text())
        self.version = db.execute("PRAGMA user_version").fetchone()[0]
        self.move_times(db, int(time.time() * 1000))
        if aged:
            db.execute("UPDATE done SET finished_at=1000")
        db.commit()
        for end in ("", "-wal") if log else ():
            shutil.copy(f"{made}{end}", f"{self.path}{end}")
        self.attempts = self.rows(db, "SELECT hex(id), run, number, code, length(log) FROM attempt ORDER BY run, number")
        self.runs = self.rows(db, "SELECT hex(id), run, state FROM done UNION ALL SELECT hex(id), run, state FROM past")
        self.ids = set(self.rows(db, "SELECT hex(id) FROM body"))
        db.close()
        if not log:
            shutil.copy(made, self.path)
        for end in ("", "-wal", "-shm"):
            Path(f"{made}{end}").unlink(missing_ok=True)

    @staticmethod
    def move_times(db, now):
        db.execute("UPDATE live SET due_at=?1 WHERE due_at BETWEEN ?1 AND ?2 - 1", (now, FAR_MS))
        db.execute("UPDATE live SET start_by=?1 WHERE start_by > ?1", (now,))
        db.execute("UPDATE body SET start_by=?1 WHERE start_by > ?1", (now,))
        if db.execute("SELECT count(*) FROM sqlite_schema WHERE name='idempotency'").fetchone()[0]:
            db.execute("UPDATE idempotency SET at=?", (now,))

    @staticmethod
    def rows(db, sql):
        found = {}
        for id, *rest in db.execute(sql):
            id = id.lower()
            dashed = "-".join((id[:8], id[8:12], id[12:16], id[16:20], id[20:]))
            found.setdefault(dashed, []).append(tuple(rest))
        return found


def version_of(path):
    """From the file's header: nothing is opened, and so nothing is changed."""
    head = Path(path).read_bytes()[:100]
    return int.from_bytes(head[60:64], "big"), int.from_bytes(head[68:72], "big")
