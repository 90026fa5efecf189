# SPDX-License-Identifier: Apache-2.0
"""The application's own database: books, what the service was asked about them, and who is in them.

A recognition is opened once, and ended once, by whoever comes first (`end`): one transaction that begins with a
compare-and-set of its status. Whoever comes later changes nothing."""
import json
import sqlite3
import time
import uuid
from contextlib import contextmanager

TABLES = """
CREATE TABLE IF NOT EXISTS book(
  id INTEGER PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL,
  recognized INTEGER NOT NULL DEFAULT 0);      -- how often its characters were written
CREATE TABLE IF NOT EXISTS recognition(
  id INTEGER PRIMARY KEY, bookId INTEGER NOT NULL REFERENCES book(id), requestKey TEXT NOT NULL UNIQUE,
  externalTaskId TEXT UNIQUE,                  -- NULL until the service has said it
  priority INTEGER NOT NULL, status TEXT NOT NULL DEFAULT 'pending', progress REAL NOT NULL DEFAULT 0,
  message TEXT, error TEXT, endedBy TEXT, pollUntil REAL NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS oneOpen ON recognition(bookId) WHERE endedBy IS NULL;
CREATE TABLE IF NOT EXISTS character(
  bookId INTEGER NOT NULL REFERENCES book(id), name TEXT NOT NULL, count INTEGER NOT NULL, speaks INTEGER NOT NULL,
  aliases TEXT NOT NULL, sentence INTEGER NOT NULL, quote TEXT NOT NULL, PRIMARY KEY(bookId, name));
"""
SHOWN = "bookId, externalTaskId, status, progress, message, error, endedBy"


class Books:
    """`poll_for`: seconds that a recognition is asked after. Any thread may call; each call has a connection of its own."""

    def __init__(self, path, poll_for=600):
        self.path, self.poll_for = str(path), poll_for
        with self._open() as db:
            db.execute("PRAGMA journal_mode=WAL")
        with self._open() as db:
            db.executescript(TABLES)

    @contextmanager
    def _open(self):
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA synchronous=FULL")
        try:
            yield db
        finally:
            db.close()

    @contextmanager
    def _change(self):
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def add(self, title, text):
        with self._change() as db:
            return db.execute("INSERT INTO book(title, text) VALUES(?, ?)", (title, text)).lastrowid

    def text(self, book):
        """None: no such book."""
        with self._open() as db:
            row = db.execute("SELECT text FROM book WHERE id = ?", (book,)).fetchone()
            return row and row["text"]

    def begin(self, book, priority=0):
        """Opens a recognition; one that is open is asked after for longer instead."""
        until = time.time() + self.poll_for
        with self._change() as db:
            if not db.execute("UPDATE recognition SET pollUntil = ? WHERE bookId = ? AND endedBy IS NULL", (until, book)).rowcount:
                values = (book, uuid.uuid4().hex, priority, until)
                db.execute("INSERT INTO recognition(bookId, requestKey, priority, pollUntil) VALUES(?, ?, ?, ?)", values)

    def submitted(self, key, task):
        with self._change() as db:
            db.execute("UPDATE recognition SET externalTaskId = ? WHERE requestKey = ? AND externalTaskId IS NULL", (task, key))

    def refused(self, key, why):
        """The service will not take it."""
        with self._change() as db:
            query = "UPDATE recognition SET status = 'failed', error = ?, endedBy = 'refusal' WHERE requestKey = ? AND endedBy IS NULL"
            db.execute(query, (why, key))

    def unsubmitted(self, book=None):
        """Of the book, or of all: those of which the service has not said an id yet."""
        query = "SELECT * FROM recognition WHERE externalTaskId IS NULL AND endedBy IS NULL AND bookId = coalesce(?, bookId)"
        with self._open() as db:
            return [dict(row) for row in db.execute(query, (book,))]

    def to_poll(self):
        """Task ids to ask after."""
        query = "SELECT externalTaskId FROM recognition WHERE externalTaskId IS NOT NULL AND endedBy IS NULL AND pollUntil > ?"
        with self._open() as db:
            return [row[0] for row in db.execute(query, (time.time(),))]

    def progress(self, task, status, progress, message):
        with self._change() as db:
            query = "UPDATE recognition SET status = ?, progress = max(progress, ?), message = ? WHERE externalTaskId = ? AND endedBy IS NULL"
            db.execute(query, (status, progress, message, task))

    def end(self, task, status, result, error, by):
        """The ending of a task, once. True: this call has written it; False: it was written; None: no such task here."""
        with self._change() as db:
            done = status == "completed"
            changed = db.execute(
                "UPDATE recognition SET status = ?, progress = iif(?, 100, progress), message = NULL, error = ?, endedBy = ? "
                "WHERE externalTaskId = ? AND endedBy IS NULL", (status, done, error, by, task)).rowcount
            row = db.execute("SELECT bookId FROM recognition WHERE externalTaskId = ?", (task,)).fetchone()
            if changed and done:
                self._write(db, row["bookId"], result["characters"])
            return bool(changed) if row else None

    @staticmethod
    def _write(db, book, characters):
        db.execute("DELETE FROM character WHERE bookId = ?", (book,))
        db.execute("UPDATE book SET recognized = recognized + 1 WHERE id = ?", (book,))
        rows = [(book, c["name"], c["count"], c["speaks"], json.dumps(c["aliases"]), c["first"]["sentence"], c["first"]["text"]) for c in characters]
        db.executemany("INSERT INTO character VALUES(?, ?, ?, ?, ?, ?, ?)", rows)

    def shown(self, book):
        """The newest recognition of a book with its characters; None: there is none."""
        with self._open() as db:
            row = db.execute(f"SELECT {SHOWN} FROM recognition WHERE bookId = ? ORDER BY id DESC LIMIT 1", (book,)).fetchone()
            if row is None:
                return None
            found = db.execute("SELECT * FROM character WHERE bookId = ? ORDER BY count DESC, name", (book,)).fetchall()
            members = ("name", "aliases", "count", "speaks", "sentence", "quote")
            characters = [{name: json.loads(c[name]) if name == "aliases" else c[name] for name in members} for c in found]
            return {**dict(row), "characters": characters}
