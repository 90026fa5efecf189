# SPDX-License-Identifier: Apache-2.0
"""doc/misbehaving-workers.md says what test/misbehave holds bide to: the same rows, word for word."""
import sys

import pytest
from pages import ROOT

sys.path.insert(0, str(ROOT / "test/misbehave"))
sys.path.insert(0, str(ROOT / "test/misbehave/rogue"))

import evils  # noqa: E402

PAGE = ROOT / "doc/misbehaving-workers.md"


@pytest.mark.parametrize("table", evils.TABLES)
def test_the_page_has_the_rows_that_are_tested_and_no_other(table):
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {table}\n")[1].split("\n## ")[0]
    shown = [line for line in section.split("\n") if line.startswith("|")]
    assert shown == evils.page(table).splitlines(), "python3 test/misbehave/evils.py prints the tables"


def test_each_row_says_what_it_is_about():
    rows = [(table, evils.row(evil, table)) for table, all in evils.TABLES.items() for evil in all]
    assert len(rows) == len({(table, row[0]) for table, row in rows}), "two rows of a table begin with the same words"
    assert not [row for _, row in rows for cell in row if not cell or "|" in cell]


def test_each_evil_that_can_be_done_is_in_a_table():
    import deeds  # noqa: F401
    import files  # noqa: F401
    import talk  # noqa: F401
    from kit import EVILS

    assert set(EVILS) == {evil.name for table in evils.TABLES.values() for evil in table}
