#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""known.py PROJECT: what novel.db says of a novel."""
import sys

from novel import Novel

with Novel() as novel:
    project = int(sys.argv[1])
    for row in novel.rows("SELECT * FROM character WHERE project_id = ? ORDER BY mentions DESC, name", project):
        print("  {name}: {mentions} times in chapters {first_chapter} to {last_chapter}".format(**row))
    for row in novel.rows("SELECT DISTINCT kind, name FROM setting WHERE project_id = ? ORDER BY kind DESC, name", project):
        print(f"  {row['name']} ({row['kind'][:-1]})")
    query = "SELECT hint.text, payoff.text AS by FROM foreshadowing AS hint LEFT JOIN payoff ON payoff.id = resolved_by WHERE hint.project_id = ?"
    for row in novel.rows(query, project):
        print(f"  {'open:' if row['by'] is None else 'done:'} {row['text']}" + (f" -> {row['by']}" if row["by"] else ""))
