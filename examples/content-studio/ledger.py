# SPDX-License-Identifier: Apache-2.0
"""studio.db, the database of the application itself: what it wants written, what came of it, and what is to be published.

`Ledger.transaction` is all or nothing. What is written for an ending of a task has the task's id and run as its key, so that
whoever does it a second time finds it done.
"""
import contextlib
import os
import signal
import sqlite3

import home

SCHEMA = """
CREATE TABLE IF NOT EXISTS studio(id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS intake(
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, topic TEXT NOT NULL, brief TEXT NOT NULL DEFAULT '{}',
    type TEXT NOT NULL DEFAULT 'content', priority INTEGER NOT NULL DEFAULT 5 CHECK(priority BETWEEN 1 AND 10),
    created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    begun_at TEXT, task_id TEXT UNIQUE, refused TEXT);
CREATE TABLE IF NOT EXISTS outcome(
    task_id TEXT NOT NULL, run INTEGER NOT NULL, outcome TEXT NOT NULL, account TEXT, topic TEXT, code TEXT, message TEXT,
    at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY(task_id, run));
CREATE TABLE IF NOT EXISTS content(
    id INTEGER PRIMARY KEY, task_id TEXT NOT NULL, run INTEGER NOT NULL, account TEXT NOT NULL, title TEXT NOT NULL,
    body TEXT NOT NULL, score INTEGER NOT NULL, review TEXT NOT NULL CHECK(review IN ('waiting', 'approved', 'rejected')),
    reviewer TEXT, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE(task_id, run), FOREIGN KEY(task_id, run) REFERENCES outcome(task_id, run));
CREATE TABLE IF NOT EXISTS picture(
    content_id INTEGER NOT NULL REFERENCES content(id), name TEXT NOT NULL, cover INTEGER NOT NULL, width INTEGER NOT NULL,
    height INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(content_id, name));
CREATE TABLE IF NOT EXISTS pool(
    content_id INTEGER PRIMARY KEY REFERENCES content(id), account TEXT NOT NULL, score INTEGER NOT NULL,
    added_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO studio SELECT lower(hex(randomblob(16))) WHERE NOT EXISTS (SELECT 1 FROM studio);
"""


def trouble(place):
    """For tests: STUDIO_TROUBLE names a file. While it says `raise PLACE` or `kill PLACE`, that is what happens there."""
    path = os.environ.get("STUDIO_TROUBLE")
    if not path or not os.path.exists(path):
        return
    with open(path, encoding="ascii") as file:
        how, _, where = file.read().strip().partition(" ")
    if where == place and how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if where == place:
        raise RuntimeError(f"trouble at {place}")


class Ledger:
    """The database, by its path; default STUDIO_DB, else studio.db of the example's folder."""

    def __init__(self, path=None):
        self.db = sqlite3.connect(path or os.environ.get("STUDIO_DB") or home.path("studio.db"), timeout=60, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA foreign_keys = ON")
        if not self.db.execute("SELECT 1 FROM sqlite_master WHERE name = 'pool'").fetchone():
            with self.transaction():
                for statement in SCHEMA.split(";\n"):
                    self.db.execute(statement)
        (self.id,) = self.db.execute("SELECT id FROM studio").fetchone()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.db.close()

    @contextlib.contextmanager
    def transaction(self):
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def rows(self, query, *values):
        return [dict(row) for row in self.db.execute(query, values)]

    # what came of a task

    def outcome(self, task, outcome):
        """Writes the ending of a run, in the caller's transaction. False: it was written before."""
        error, given = task.get("error") or {}, task.get("input") or {}
        return self.db.execute(
            "INSERT INTO outcome(task_id, run, outcome, account, topic, code, message) VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (task["id"], task["run"], outcome, given.get("account"), given.get("topic"), error.get("code"), error.get("message")),
        ).rowcount == 1

    def content(self, task, made, pictures, review):
        """Writes the content, its pictures ({name: bytes}) and, when it is approved, its place in the pool. In the caller's
        transaction; returns its id."""
        id = self.db.execute(
            "INSERT INTO content(task_id, run, account, title, body, score, review, reviewer) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
            (task["id"], task["run"], task["input"]["account"], made["title"], made["body"], made["score"], review,
             None if review == "waiting" else "auto"),
        ).lastrowid
        trouble("half")
        for picture in made["pictures"]:
            self.db.execute(
                "INSERT INTO picture(content_id, name, cover, width, height, bytes) VALUES(?, ?, ?, ?, ?, ?)",
                (id, picture["name"], picture["name"] == made["cover"], picture["width"], picture["height"], pictures[picture["name"]]),
            )
        if review == "approved":
            self._publish(id)
        return id

    def review(self, id, verdict, reviewer):
        """A person says `approved` or `rejected` of what waits for it. Returns False when it does not wait."""
        with self.transaction():
            changed = self.db.execute(
                "UPDATE content SET review = ?, reviewer = ? WHERE id = ? AND review = 'waiting'", (verdict, reviewer, id)
            ).rowcount
            if changed and verdict == "approved":
                self._publish(id)
        return changed == 1

    def _publish(self, id):
        self.db.execute("INSERT INTO pool(content_id, account, score) SELECT id, account, score FROM content WHERE id = ?", (id,))

    def pool(self):
        """What is to be published, the best first."""
        return self.rows(
            "SELECT pool.content_id AS content, pool.account, title, pool.score, cover.name AS cover,"
            " (SELECT count(*) FROM picture WHERE picture.content_id = content.id) AS pictures, task_id AS task"
            " FROM pool JOIN content ON content.id = pool.content_id"
            " LEFT JOIN picture AS cover ON cover.content_id = content.id AND cover.cover"
            " ORDER BY pool.score DESC, pool.content_id"
        )
