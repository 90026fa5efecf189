# SPDX-License-Identifier: Apache-2.0
"""What the pages point at is there: files, headings, make's targets, other files' names."""
import re

import pytest
from pages import PAGES, ROOT


def prose(page):
    """The page without its code blocks."""
    return re.sub(r"^(```+).*?^\1$", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(page):
    headings = re.findall(r"^#+ (.*)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        there = file.exists() and (not anchor or anchor in anchors(file.resolve().relative_to(ROOT).as_posix()))
        if not there:
            missing.append(target)
    assert not missing


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_are_there(page):
    names = re.findall(r"`((?:src|test|doc|scripts|include|sdk|examples)/[\w./-]+)`", prose(page))
    assert [name for name in names if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_tests_that_are_named_are_there(page):
    missing = []
    for name, path in re.findall(r"^\| `(\w+)` \| `(test/[\w/]+\.(?:c|py))` \|$", prose(page), re.M):
        text = (ROOT / path).read_text(encoding="utf-8")
        if not re.search(rf"^(?:TEST\({name}\)|CASE\({name}\)|def {name}\()", text, re.M):
            missing.append(f"{path}: {name}")
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_make_has_the_targets_that_are_named(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    named = re.findall(r"(?:^    |`)make ([a-z]+)", prose(page), re.M)
    assert set(named) <= targets
