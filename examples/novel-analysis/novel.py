# SPDX-License-Identifier: Apache-2.0
"""novel.db, what is known of each novel: characters, places and groups, rules of its world, foreshadowings that are open.

Every row belongs to a chapter; what is known of a novel is a view of them. So a chapter that is analysed again replaces its
own rows, and it does not matter in which order chapters come. `record` is one transaction, and the task its key: whoever
records it a second time finds it done and gets the same result.
"""
import contextlib
import json
import os
import sqlite3
from typing import Any, Dict, List, Optional

import trouble

SCHEMA = """
CREATE TABLE IF NOT EXISTS analysis(
    task_id TEXT PRIMARY KEY, -- and its run: ID.RUN
    project_id INTEGER NOT NULL, chapter_id INTEGER NOT NULL, result TEXT NOT NULL,
    at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS project(id INTEGER PRIMARY KEY, analyses INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS chapter(
    project_id INTEGER NOT NULL, id INTEGER NOT NULL, number INTEGER NOT NULL, title TEXT NOT NULL, words INTEGER NOT NULL,
    PRIMARY KEY(project_id, id));
CREATE TABLE IF NOT EXISTS appearance(
    project_id INTEGER NOT NULL, chapter_id INTEGER NOT NULL, name TEXT NOT NULL, mentions INTEGER NOT NULL, lines INTEGER NOT NULL,
    PRIMARY KEY(project_id, chapter_id, name));
CREATE TABLE IF NOT EXISTS setting(
    project_id INTEGER NOT NULL, chapter_id INTEGER NOT NULL, kind TEXT NOT NULL CHECK(kind IN ('places', 'groups')),
    name TEXT NOT NULL, mentions INTEGER NOT NULL, PRIMARY KEY(project_id, chapter_id, kind, name));
CREATE TABLE IF NOT EXISTS rule(project_id INTEGER NOT NULL, chapter_id INTEGER NOT NULL, paragraph INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS payoff(
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, chapter_id INTEGER NOT NULL, text TEXT NOT NULL, keywords TEXT NOT NULL,
    needs INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS foreshadowing(
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, chapter_id INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
    keywords TEXT NOT NULL, resolved_by INTEGER REFERENCES payoff(id));
CREATE VIEW IF NOT EXISTS character AS
    SELECT project_id, name, min(number) AS first_chapter, max(number) AS last_chapter, sum(mentions) AS mentions, sum(lines) AS lines
    FROM appearance JOIN chapter USING(project_id) WHERE chapter.id = chapter_id GROUP BY project_id, name
"""
ANALYSES = ("character_tracking", "new_characters", "world_building", "foreshadowing")
OWN = ("appearance", "setting", "rule", "foreshadowing", "payoff")


def path() -> str:
    """NOVEL_DB, else novel.db where the server keeps its files, else build/novel-analysis of this tree."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/novel-analysis")
    return os.environ.get("NOVEL_DB") or os.path.join(os.environ.get("BIDE_DATA_DIR") or here, "novel.db")


class Novel:
    """The database. Threads and processes each open their own."""

    def __init__(self, file: Optional[str] = None) -> None:
        self.db = sqlite3.connect(file or path(), timeout=60, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        if self.rows("SELECT 1 FROM sqlite_master WHERE name = 'character'"):
            return
        with self.transaction():
            for statement in SCHEMA.split(";\n"):
                self.db.execute(statement)

    def __enter__(self) -> "Novel":
        return self

    def __exit__(self, *_: Any) -> None:
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

    def rows(self, query: str, *values: Any) -> List[Dict[str, Any]]:
        return [dict(row) for row in self.db.execute(query, values)]

    def known(self, project: int, number: int) -> List[str]:
        """Characters of the chapters before this number."""
        query = "SELECT name FROM character WHERE project_id = ? AND first_chapter < ? ORDER BY name"
        return [row["name"] for row in self.rows(query, project, number)]

    def record(self, run: str, given: Dict[str, Any], found: Dict[str, Any], words: int) -> Dict[str, Any]:
        """Writes what the analyses of a chapter found, all of it or nothing, and says what that is. `run`: ID.RUN of the task, whose
        attempts write it once between them; what a later task has written of the chapter stays. `given`: the task's input; `found`: by
        name, None of those that were not wanted."""
        with self.transaction():
            project, chapter = given["project_id"], given["chapter_id"]
            done = self.rows(
                "SELECT result FROM analysis WHERE task_id = ?1 OR (project_id = ?2 AND chapter_id = ?3 AND substr(task_id, 1, 36) > substr(?1, 1, 36))"
                " ORDER BY task_id DESC", run, project, chapter)  # ids are in the order of their making
            if done:
                return json.loads(done[0]["result"])
            for table in OWN:
                self.db.execute(f"DELETE FROM {table} WHERE project_id = ? AND chapter_id = ?", (project, chapter))
            self.db.execute(
                "INSERT OR REPLACE INTO chapter VALUES(?, ?, ?, ?, ?)", (project, chapter, given["chapter_number"], given["title"], words)
            )
            self._insert(project, chapter, found, given["generation_config"]["min_shared_words"])
            trouble.at("half", chapter)
            self._resolve(project)
            result = {"chapter_id": chapter, "chapter_number": given["chapter_number"], "words": words}
            result.update(self._result(project, chapter, found))
            self.db.execute(
                "INSERT INTO analysis(task_id, project_id, chapter_id, result) VALUES(?, ?, ?, ?)", (run, project, chapter, json.dumps(result))
            )
            self.db.execute("INSERT INTO project VALUES(?, 1) ON CONFLICT(id) DO UPDATE SET analyses = analyses + 1", (project,))
        trouble.at("written", chapter)
        return result

    def _insert(self, project: int, chapter: int, found: Dict[str, Any], needs: int) -> None:
        people = (found["character_tracking"] or []) + (found["new_characters"] or [])
        world = found["world_building"] or {"places": [], "groups": [], "rules": []}
        hints = found["foreshadowing"] or {"planted": [], "payoffs": []}
        own = (project, chapter)
        self.db.executemany(
            "INSERT OR REPLACE INTO appearance VALUES(?, ?, ?, ?, ?)", [(*own, p["name"], p["mentions"], p["lines"]) for p in people]
        )
        self.db.executemany(
            "INSERT INTO setting VALUES(?, ?, ?, ?, ?)",
            [(*own, kind, one["name"], one["mentions"]) for kind in ("places", "groups") for one in world[kind]],
        )
        self.db.executemany("INSERT INTO rule VALUES(?, ?, ?, ?)", [(*own, r["paragraph"], r["text"]) for r in world["rules"]])
        self.db.executemany(
            "INSERT INTO foreshadowing(project_id, chapter_id, kind, text, keywords) VALUES(?, ?, ?, ?, ?)",
            [(*own, h["kind"], h["text"], " ".join(h["keywords"])) for h in hints["planted"]],
        )
        self.db.executemany(
            "INSERT INTO payoff(project_id, chapter_id, text, keywords, needs) VALUES(?, ?, ?, ?, ?)",
            [(*own, p["text"], " ".join(p["keywords"]), needs) for p in hints["payoffs"]],
        )

    def _resolve(self, project: int) -> None:
        """Each hint is resolved by the first sentence of a later chapter that has enough of its words."""
        order = " JOIN chapter ON chapter.project_id = one.project_id AND chapter.id = chapter_id WHERE one.project_id = ? ORDER BY number, one.id"
        payoffs = [(row, set(row["keywords"].split())) for row in self.rows("SELECT one.*, number FROM payoff AS one" + order, project)]
        for hint in self.rows("SELECT one.*, number FROM foreshadowing AS one" + order, project):
            about = set(hint["keywords"].split())
            by = next((p["id"] for p, words in payoffs if p["number"] > hint["number"] and len(words & about) >= p["needs"]), None)
            self.db.execute("UPDATE foreshadowing SET resolved_by = ? WHERE id = ?", (by, hint["id"]))

    def _result(self, project: int, chapter: int, found: Dict[str, Any]) -> Dict[str, Any]:
        resolved = self.rows(
            "SELECT hint.text, chapter.number AS planted_in, payoff.text AS by FROM foreshadowing AS hint"
            " JOIN payoff ON payoff.id = hint.resolved_by JOIN chapter ON chapter.project_id = hint.project_id AND chapter.id = hint.chapter_id"
            " WHERE payoff.project_id = ? AND payoff.chapter_id = ? ORDER BY chapter.number, hint.id", project, chapter,
        )
        [still] = self.rows("SELECT count(*) AS open FROM foreshadowing WHERE project_id = ? AND resolved_by IS NULL", project)
        people, new, world, hints = (found[name] for name in ANALYSES)
        said = [
            None if people is None else f"{len(people)} known characters",
            None if new is None else f"{len(new)} new",
            None if world is None else f"{len(world['places'])} places, {len(world['groups'])} groups, {len(world['rules'])} rules",
            None if hints is None else f"{len(hints['planted'])} foreshadowings planted, {len(resolved)} resolved, {still['open']} open",
        ]
        return {
            "character_tracking": people, "new_characters": new, "world_building": world,
            "foreshadowing": None if hints is None else {"planted": hints["planted"], "resolved": resolved, "open": still["open"]},
            "summary": "; ".join(part for part in said if part) or "nothing was asked for",
        }
