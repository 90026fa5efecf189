# SPDX-License-Identifier: Apache-2.0
"""doc/guarantees.md: every promise names tests that guard it (test_links.py sees that they are there) and says what is not
promised; every planted bug is told of."""
import re

import pytest
from pages import ROOT

TEXT = (ROOT / "doc/guarantees.md").read_text(encoding="utf-8")
PROMISES = re.findall(r"^## (\d+\. .+?)$(.*?)(?=^## )", TEXT, re.M | re.S)


def test_the_promises_are_counted_through():
    assert [int(title.split(".")[0]) for title, _ in PROMISES] == list(range(1, len(PROMISES) + 1))
    assert len(PROMISES) >= 7


@pytest.mark.parametrize("title, text", PROMISES)
def test_a_promise_names_its_tests_and_its_bounds(title, text):
    assert re.search(r"^\| `\w+` \| `test/", text, re.M)
    assert "Not promised" in text


def test_each_planted_bug_is_told_of():
    tables = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "test/planted").glob("*.py")))
    bugs = re.findall(r'^    "([a-z_]+)": \($', tables, re.M)
    assert len(bugs) >= 10
    assert [bug for bug in bugs if f"`{bug}`" not in TEXT] == []
