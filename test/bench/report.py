#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What bench.sh is told, and what it tells.

    report.py rows [NAME...]   the rows to run: of these questions, or these rows; of all questions that are not apart
    report.py table FIGURES    the medians and ratios of what was measured, and what became of the goals
"""
import sys
from pathlib import Path
from typing import List, Optional

from figures import QUESTIONS, Figures, Goal, Question, Row, is_met


def rows_to_run(names: List[str]) -> List[str]:
    """Raises KeyError for a name that is neither a question's nor a row's."""
    known = {row.name: [row.name] for question in QUESTIONS for row in question.rows}
    known.update((question.name, [row.name for row in question.rows]) for question in QUESTIONS)
    wanted = names or [question.name for question in QUESTIONS if not question.apart]
    return list(dict.fromkeys(row for name in wanted for row in known[name]))


def number(value: Optional[float]) -> str:
    """Three digits, or all of a whole number."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3}f}"


def goal_line(goal: Goal, figures: Figures) -> str:
    value = figures.quotient(goal.over, goal.under)
    verdict = "not measured" if value is None else "met" if is_met(goal, value) else "missed"
    return f"    goal: {goal.text:<50} {number(value):>8}   wanted {goal.sign} {goal.number:g}   {verdict}"


def doubts(row: Row, figures: Figures) -> str:
    errors, missing = figures.most(row.name, "errors"), figures.missing.get(row.name)
    return (f"  {errors:g} errors in a turn" if errors else "") + (f"  not in every turn: {missing}" if missing else "")


def table(question: Question, figures: Figures) -> List[str]:
    lines = ["", question.title + (f" ({question.about})" if question.about else "")]
    lines.append(f"    {'':<44} {'durability':<26} {'median /s':>11} {'p50 ms':>9} {'p99 ms':>9} {question.to:>20}")
    for row in question.rows:
        if row.name in figures.rows:
            rate, p50, p99 = (number(figures.of(row.name, column)) for column in ("rate", "p50", "p99"))
            ratio = figures.ratio(question, row.name)
            times = f"{ratio:.2f}x" if ratio is not None else ""
            lines.append(f"    {row.who:<44} {row.durability:<26} {rate:>11} {p50:>9} {p99:>9} {times:>20}{doubts(row, figures)}")
        elif row.name in figures.missing:
            lines.append(f"    {row.who:<44} not measured: {figures.missing[row.name]}")
    return lines + [goal_line(goal, figures) for goal in question.goals]


def shown(figures: Figures) -> List[Question]:
    """The questions whose first row was measured; were there none, those of which anything is known."""
    told = figures.rows.keys() | figures.missing.keys()
    asked = [question for question in QUESTIONS if question.rows[0].name in figures.rows]
    return asked or [question for question in QUESTIONS if any(row.name in told for row in question.rows)]


def conditions(figures: Figures) -> List[str]:
    """Under which all of it was measured."""
    cores, load, turns, seconds, versions, date = (
        figures.about.get(word, "?") for word in ("cores", "load", "turns", "seconds", "versions", "date"))
    medians = f"One turn of {seconds} s" if turns == "1" else f"Medians of {turns} turns of {seconds} s"
    return [f"Server and client share {cores} cores; load {load} before. {medians}, ratios (×) within a turn.",
            f"{versions}; {date}"]


def report(figures: Figures) -> str:
    lines = conditions(figures)
    for question in shown(figures):
        lines += table(question, figures)
    return "\n".join(lines)


def main(arguments: List[str]) -> int:
    if arguments[:1] == ["rows"]:
        try:
            print("\n".join(rows_to_run(arguments[1:])))
            return 0
        except KeyError as e:
            known = " ".join(question.name for question in QUESTIONS)
            print(f"bench.sh: no {e.args[0]}; there are: {known}, and their rows", file=sys.stderr)
            return 64
    if arguments[:1] == ["table"] and len(arguments) == 2:
        print(report(Figures(Path(arguments[1]).read_text(encoding="utf-8"))))
        return 0
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
