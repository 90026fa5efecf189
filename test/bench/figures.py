# SPDX-License-Identifier: Apache-2.0
"""What was asked (the file `questions`), what was measured (a file of figures), and the arithmetic between them.

A file of figures is what bench.sh writes:

    about WORD VALUE...
    TURN ROW RATE P50 P99 LONGEST ERRORS [NAME=NUMBER ...]
    TURN ROW missing WHY...

Absolute figures move from minute to minute, so what is compared is compared within one turn: a ratio is the median over the
turns of each turn's quotient. A turn may have a row twice (before and after another): it then counts as their median.
"""
import operator
import re
from pathlib import Path
from statistics import median
from typing import Dict, List, NamedTuple, Optional

COLUMNS = ["rate", "p50", "p99", "longest", "errors"]
OPERATORS = {">=": operator.ge, "<=": operator.le, "<": operator.lt, ">": operator.gt}
TERM = r"(\w+)\.(\w+)"
GOAL = re.compile(rf"({TERM})(?: / ({TERM}(?: \+ {TERM})*))? (>=|<=|<|>) ([\d.]+)")


class Row(NamedTuple):
    name: str
    who: str
    durability: str


class Goal(NamedTuple):
    text: str
    over: List[List[str]]   # [[row, column]]
    under: List[List[str]]  # their sum; empty: 1
    sign: str
    number: float


class Question:
    def __init__(self, name: str, title: str, drawn: str) -> None:
        self.name, self.title = name, title
        self.column, self.unit = drawn.split(" ", 1)
        self.about = ""
        self.base, self.to = "", ""
        self.apart = False
        self.rows: List[Row] = []
        self.goals: List[Goal] = []


def read_goal(text: str, formula: str) -> Goal:
    m = GOAL.fullmatch(formula)
    if not m:
        raise ValueError(f"a goal that cannot be read: {formula}")
    pairs = [[list(pair) for pair in re.findall(TERM, side or "")] for side in (m[1], m[4])]
    return Goal(text, pairs[0], pairs[1], m[9], float(m[10]))


def read_questions(text: str) -> List[Question]:
    found: List[Question] = []
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        parts = [part.strip() for part in rest.split("|")]
        if word in ("", "#"):
            continue
        if word == "question":
            found.append(Question(*parts))
        elif word == "row":
            found[-1].rows.append(Row(*parts))
        elif word == "goal":
            found[-1].goals.append(read_goal(*parts))
        elif word == "base":
            found[-1].base, found[-1].to = parts
        elif word == "about":
            found[-1].about = rest
        elif word == "apart":
            found[-1].apart = True
        else:
            raise ValueError(f"questions: {line}")
    known = {row.name for question in found for row in question.rows}
    for question in found:
        meant = {question.base or question.rows[0].name} | {r for goal in question.goals for r, _ in goal.over + goal.under}
        if not meant <= known:
            raise ValueError(f"question {question.name}: no row {', '.join(sorted(meant - known))}")
    return found


QUESTIONS = read_questions(Path(__file__).with_name("questions").read_text(encoding="utf-8"))


class Figures:
    """What was measured: {row: {turn: {column: [number]}}}."""

    def __init__(self, text: str) -> None:
        self.about: Dict[str, str] = {}
        self.missing: Dict[str, str] = {}
        self.rows: Dict[str, Dict[str, Dict[str, List[float]]]] = {}
        for line in text.splitlines():
            words = line.split()
            if words[0] == "about":
                self.about[words[1]] = " ".join(words[2:])
            elif words[2] == "missing":
                self.missing[words[1]] = " ".join(words[3:])
            else:
                self._add(words[0], words[1], words[2:])

    def _add(self, turn: str, row: str, words: List[str]) -> None:
        said = dict(zip(COLUMNS, words)) | dict(word.split("=") for word in words[len(COLUMNS):])
        columns = self.rows.setdefault(row, {}).setdefault(turn, {})
        for column, word in said.items():
            if word != "-":
                columns.setdefault(column, []).append(float(word))

    def within(self, turn: str, row: str, column: str) -> Optional[float]:
        numbers = self.rows.get(row, {}).get(turn, {}).get(column)
        return median(numbers) if numbers else None

    def of(self, row: str, column: str) -> Optional[float]:
        """The median over the turns; None when it was not measured."""
        numbers = [self.within(turn, row, column) for turn in self.rows.get(row, {})]
        told = [number for number in numbers if number is not None]
        return median(told) if told else None

    def most(self, row: str, column: str) -> float:
        """In any turn; 0 when it was not measured."""
        return max((number for turn in self.rows.get(row, {}).values() for number in turn.get(column, [])), default=0)

    def quotient(self, over: List[List[str]], under: List[List[str]]) -> Optional[float]:
        """The median of each turn's sum of `over` by its sum of `under` (1 when that is empty); None: no turn has all."""
        found = []
        for turn in self.rows.get(over[0][0], {}):
            sides = [[self.within(turn, row, column) for row, column in side] for side in (over, under)]
            if None not in sides[0] + sides[1]:
                found.append(sum(sides[0]) / (sum(sides[1]) if under else 1))
        return median(found) if found else None

    def ratio(self, question: Question, row: str) -> Optional[float]:
        """How this row compares to the question's base in the column that is drawn."""
        if not question.base:
            return None
        return self.quotient([[row, question.column]], [[question.base, question.column]])


def is_met(goal: Goal, value: float) -> bool:
    return OPERATORS[goal.sign](value, goal.number)
