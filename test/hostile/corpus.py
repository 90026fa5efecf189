# SPDX-License-Identifier: Apache-2.0
"""Reads the corpus; its format is told in corpus/README.md. What is not of that format ends the run: a case that is
not understood would be a case that cannot fail."""
import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "corpus"
ENDS = ("closed", "open", "waits")
ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
RFC = re.compile(r"(\d{4} \d+(\.\d+)*|limits \w+)$")


@dataclass
class Case:
    family: str
    name: str
    rfc: str = ""
    sent: bytes = b""
    answers: list = None  # of (status, has a body)
    then: str = ""
    stores: int = 0
    lines: list = field(default_factory=list)


def unescape(text):
    def byte(match):
        return ESCAPES[match[1]] if match[1] in ESCAPES else bytes([int(match[1][1:], 16)])

    parts = re.split(r"(\\(?:x[0-9a-f]{2}|[rnt0\\]))", text)
    for part in parts[::2]:
        assert part.isascii() and "\\" not in part, f"an escape that is not known: {text}"
    return b"".join(byte(re.match(r"\\(.*)", p)) if n % 2 else p.encode() for n, p in enumerate(parts))


def statuses(text):
    found = []
    for word in text.split() if text != "none" else ():
        status, head, count = re.match(r"(\d{3})(/HEAD)?(?:\*(\d+))?$", word).groups()
        found += [(int(status), not head)] * int(count or 1)
    return found


def sent(pieces, kind, text):
    """The bytes of a line that sends; None when it is another."""
    if kind == ">":
        return unescape(text)
    if kind == "*":
        count, _, what = text.partition(" ")
        return int(count) * unescape(what)
    return pieces[text] if kind == "+" else None


def words(path):
    """(number, kind, rest) of each line that says something."""
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if line and not line.startswith("#"):
            kind, _, rest = line.partition(" ")
            yield number, kind, rest


def read_pieces():
    pieces, name = {}, None
    for _, kind, text in words(FOLDER / "pieces.txt"):
        if kind == "@":
            pieces[name := text] = b""
        else:
            pieces[name] += sent(pieces, kind, text)
    return pieces


def read_line(case, pieces, kind, text):
    more = sent(pieces, kind, text)
    if more is not None:
        case.sent += more
    elif kind == "rfc" and RFC.match(text):
        case.rfc = text
    elif kind == "<" and case.answers is None:
        case.answers = statuses(text)
    elif kind == "then" and text in ENDS:
        case.then = text
    elif kind == "stores":
        case.stores = int(text)
    else:
        raise ValueError("not a line of a case")


def read_file(path, pieces):
    cases = []
    for number, kind, text in words(path):
        try:
            if kind == "=":
                cases.append(Case(path.stem, text))
            else:
                read_line(cases[-1], pieces, kind, text)
        except (ValueError, IndexError, KeyError, TypeError) as error:
            raise ValueError(f"{path.name}:{number}: {error!r}") from error
    for case in cases:
        assert case.rfc and case.sent and case.answers is not None and case.then, f"{path.name}: {case.name}: not whole"
    return cases


def read_all():
    pieces = read_pieces()
    files = sorted(path for path in FOLDER.glob("*.txt") if path.stem != "pieces")
    cases = [case for path in files for case in read_file(path, pieces)]
    names = [(case.family, case.name) for case in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    return cases
