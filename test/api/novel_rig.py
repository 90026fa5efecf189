# SPDX-License-Identifier: Apache-2.0
"""examples/novel-analysis as it is, with its own bide.yaml, on a port and files of its own."""
import contextlib
import os
import sqlite3

from fixtures import Fleet
from harness import ROOT, until

EXAMPLE = ROOT / "examples/novel-analysis"
API = "/api/async-analysis"
CHAPTERS = {n: (EXAMPLE / f"chapters/{n}.txt").read_text(encoding="utf-8") for n in (1, 2, 3)}
STEPS = ["character tracking", "new characters", "world-building", "foreshadowing", "updating the novel"]


class Rig:
    """The example's server. A chapter can be stopped, broken or killed at a place: see examples/novel-analysis/trouble.py."""

    def __init__(self, fleet, launcher=(), **env):
        self.bide = fleet.prepare({})
        self.bide.launcher = list(launcher)
        self.dir = self.bide.dir
        self.bide.config_file = EXAMPLE / "bide.yaml"
        self.bide.env = {
            "BIDE_STORE": f"sqlite:{self.dir}/bide.db", "BIDE_DATA_DIR": str(self.dir), "NOVEL_TROUBLE": str(self.dir / "trouble"),
            "BIDE_DEFAULTS_RETRY_BASE": "20ms", "BIDE_DEFAULTS_RETRY_JITTER": "none", "PYTHONDONTWRITEBYTECODE": "1", **env,
        }
        self.lines = []
        self.bide.start()

    def trouble(self, *lines):
        """These lines from now on, whole at each moment."""
        self.lines = list(lines)
        (self.dir / "trouble.new").write_text("".join(line + "\n" for line in lines))
        os.replace(self.dir / "trouble.new", self.dir / "trouble")

    def over(self, line):
        self.trouble(*[one for one in self.lines if one != line])

    def write(self, chapter, number=1, content=CHAPTERS[1], project=7, **more):
        """A chapter is written: the answer to it."""
        body = {"project_id": project, "chapter_id": chapter, "chapter_number": number, "content": content, **more}
        answer = self.bide.post(f"{API}/tasks", body)
        assert answer.status == 202, answer
        return answer.json

    def latest(self, chapter):
        return self.bide.get_json(f"{API}/tasks/{chapter}/latest")

    def becomes(self, chapter, status, **members):
        """Waits until the latest task of the chapter is so; returns it."""

        def look():
            seen = self.latest(chapter)
            wanted = seen["status"] == status and all(seen[name] == value for name, value in members.items())
            assert wanted or status in ("pending", "processing") or seen["status"] != {"completed": "failed", "failed": "completed"}[status], seen
            return seen if wanted else None

        return until(look, f"chapter {chapter} {status} {members}; now {self.latest(chapter)}")

    def analysed(self, chapter, number, project=7, **more):
        """Writes a chapter and waits for the result."""
        self.write(chapter, number, CHAPTERS.get(number), project, **more)
        return self.becomes(chapter, "completed")["result"]

    def status(self, project=None):
        return self.bide.get_json(f"{API}/status" + (f"?project_id={project}" if project else ""))

    def counts(self, project=None):
        return {name: n for name, n in self.status(project).items() if name != "recent_tasks"}

    def notifications(self, query=""):
        return self.bide.get_json(f"{API}/notifications{query}")

    def told(self, n, query=""):
        """So many notifications, the newest first, once they are there."""
        found = until(lambda: len(rows := self.notifications(query)) >= n and rows, f"{n} notifications")
        assert len(found) == n, found
        return found

    def rows(self, query, *values):
        with contextlib.closing(sqlite3.connect(self.dir / "novel.db", timeout=30)) as db:
            return db.execute(query, values).fetchall()

    def locked(self):
        """Whether somebody is in the middle of a transaction."""
        with contextlib.closing(sqlite3.connect(self.dir / "novel.db", timeout=0, isolation_level=None)) as db:
            try:
                db.execute("BEGIN IMMEDIATE")
                db.execute("ROLLBACK")
                return False
            except sqlite3.OperationalError as error:
                return "locked" in str(error)


@contextlib.contextmanager
def novel(launcher=(), **env):
    fleet = Fleet()
    try:
        rig = Rig(fleet, launcher, **env)
        yield rig
        rig.trouble()  # what is held would be waited for
    finally:
        fleet.release()
