# SPDX-License-Identifier: Apache-2.0
"""The documents as they are written: their sections, and the code blocks with what the info string says of them.

    ```yaml file=bide.yaml      is written to that file; a bide.yaml is what the section's server runs with
    ```sh serve                 stands for starting that server; an answer after it is what that says
    ```sh run                   is run by `sh -eu` beside those files, against that server
    ```json answer              is what the run before it printed, member by member; "..." stands for anything
    ```text answer              the same, line by line
    ```yaml wrong               is refused by `bide check`; an answer after it is what that says

A block without such a word is only checked for its syntax. `needs=PROGRAM` skips the section where that is missing.
"""
import re
from pathlib import Path
from typing import Dict, List, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "doc/*.md", "examples/*/*.md", "sdk/*/*.md")
    for path in ROOT.glob(pattern)
)


class Block(NamedTuple):
    line: int
    language: str
    words: List[str]
    options: Dict[str, str]
    text: str


class Section(NamedTuple):
    title: str
    blocks: List[Block]


def _block(line: int, info: str, lines: List[str]) -> Block:
    words = info.split()
    return Block(
        line,
        words[0] if words else "",
        [word for word in words[1:] if "=" not in word],
        dict(word.split("=", 1) for word in words[1:] if "=" in word),
        "".join(text + "\n" for text in lines),
    )


def sections(page: str) -> List[Section]:
    """The parts of a page between its headings of level two, code blocks in order."""
    found = [Section("", [])]
    fence, inside, begun = "", [], 0
    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").split("\n"), 1):
        mark = re.match(r"(`{3,})(.*)", line)
        if fence:
            if mark and mark[1] == fence and not mark[2].strip():
                found[-1].blocks.append(_block(begun, info, inside))
                fence = ""
            else:
                inside.append(line)
        elif mark:
            fence, info, inside, begun = mark[1], mark[2].strip(), [], number
        elif line.startswith("## "):
            found.append(Section(line[3:].strip(), []))
    assert not fence, f"{page}:{begun}: a code block without an end"
    return found


def tables(page: str, title: str) -> List[List[str]]:
    """The rows of all tables under a heading of any level, cells without their backticks."""
    rows, inside = [], False
    for line in (ROOT / page).read_text(encoding="utf-8").split("\n"):
        if line.startswith("#"):
            inside = line.lstrip("#").strip() == title
        elif inside and line.startswith("|") and not re.match(r"\|[-| ]+\|$", line):
            cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
            rows.append([cell.strip().replace("`", "").replace("\\|", "|") for cell in cells])
    assert rows, f"{page} has no table under the heading {title!r}"
    return rows[1:]
