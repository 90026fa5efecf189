# SPDX-License-Identifier: Apache-2.0
"""examples/content-studio as it is, with its own bide.yaml, on a port and files of its own."""
import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from harness import ROOT, until

EXAMPLE = ROOT / "examples/content-studio"
BUILD = Path(os.environ.get("BIDE_BUILD") or ROOT / "build")
TYPES = ("content", "content.polled")
NOTHING = {"outcome": 0, "content": 0, "picture": 0, "pool": 0}
ALL = {"outcome": 1, "content": 1, "picture": 3, "pool": 1}


class Rig:
    """The example: bide with its bide.yaml, the service of content-creator, and the database of the studio."""

    def __init__(self, fleet):
        self.bide = fleet.prepare({})
        self.dir = self.bide.dir
        self.bide.config_file = EXAMPLE / "bide.yaml"
        self.trouble = self.dir / "trouble"
        own = {"STUDIO_HOME": str(self.dir), "STUDIO_TROUBLE": str(self.trouble)}
        quick = {"RETRY_BASE": "40ms", "RETRY_JITTER": "none", "RETRY_CAP": "1s"}
        self.bide.env = {
            **own, **{f"BIDE_DEFAULTS_{name}": value for name, value in quick.items()},
            "BIDE_STORE": f"sqlite:{self.dir}/bide.db", "BIDE_DATA_DIR": str(self.dir), "BIDE_TYPES_CONTENT_POLLED_POLL_EVERY": "30ms",
        }
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith("BIDE_")}, **own}
        self.service = None

    def start(self):
        self.service = subprocess.Popen([EXAMPLE / "content-creator", "serve"], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert b"listens" in self.service.stdout.readline()
        self.bide.start()
        self.env["BIDE_SERVER"] = self.bide.url
        self.studio("intake")  # makes the tables
        return self

    def restart9(self):
        self.env["BIDE_SERVER"] = self.bide.restart9().url

    def stop(self):
        if self.service:
            self.service.terminate()
            assert self.service.wait(20) == 0
            self.service.stdout.close()

    def process(self, *words, **options):
        return subprocess.Popen([str(word) for word in words], env=self.env, stdin=subprocess.DEVNULL, **options)

    def run(self, *words):
        return subprocess.run([str(word) for word in words], env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def studio(self, *words):
        """The lines that `studio` prints, as values."""
        done = self.run(EXAMPLE / "studio", *words)
        assert done.returncode == 0, done
        return [json.loads(line) if line[0] in "{[" else line for line in done.stdout.splitlines()]

    def rows(self, query, *values):
        with sqlite3.connect(self.dir / "studio.db", timeout=30) as db:
            return db.execute(query, values).fetchall()

    def written(self, id):
        """How many rows there are of a task in each table."""
        of = "(SELECT id FROM content WHERE task_id = ?)"
        tables = {"outcome": "task_id = ?", "content": "task_id = ?", "picture": f"content_id IN {of}", "pool": f"content_id IN {of}"}
        return {name: self.rows(f"SELECT count(*) FROM {name} WHERE {where}", id)[0][0] for name, where in tables.items()}

    def outcome(self, id):
        """Waits for what is written of its ending: (outcome, code, message)."""
        return until(lambda: self.rows("SELECT outcome, code, message FROM outcome WHERE task_id = ?", id), f"the outcome of {id}")[0]

    def follower(self, id, type):
        """The task that follows the ending of another."""
        def look():
            return next((t for t in self.bide.listed(type=type) if self.bide.task(t["id"])["input"]["id"] == id), None)
        return until(look, f"what follows {id}")["id"]

    def submit(self, topic, type="content", options={}, **brief):
        return self.bide.submit(type, {"account": "ann", "topic": topic, **brief}, tags={"account": "ann"}, **options)["id"]


@pytest.fixture(scope="module")
def rig():
    from fixtures import Fleet

    fleet = Fleet()
    rig = Rig(fleet)
    try:
        yield rig.start()
    finally:
        rig.stop()
        fleet.release()
