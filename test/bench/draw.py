#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""draw.py FIGURES SVG: what bench.sh measured as bars, one group a question.

A row is who, how durable its answers are (a full dot: on the disk), a bar, the median and the ratio to the question's base. The
picture brings its own background, light or dark as its reader prefers, and needs no font and no script.
"""
import sys
from html import escape
from pathlib import Path
from typing import List, Optional

from figures import Figures, Question, Row
from report import conditions, number, shown

WIDTH, EDGE = 900, 28
DOT, DURABILITY, BAR, VALUE, RATIO = 286, 297, 466, 752, WIDTH - EDGE  # where columns stand; the last two at their right
BAR_LONGEST = 216
ROW, TITLE, GAP = 25, 34, 20  # heights

STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .back { fill: #ffffff; stroke: #d1d9e0 }
  .title { font-size: 15px; font-weight: 600 }
  .faint { font-size: 11.5px; fill: #59636e }
  .own { font-weight: 600 }
  .right { text-anchor: end; font-variant-numeric: tabular-nums }
  .line { stroke: #d1d9e0 }
  .bar { fill: #b6c0ca } .bar.own { fill: #1f6feb } .bar.beside { fill: #a5c8fa }
  .dot { fill: none; stroke: #818b98 } .dot.synced { fill: #1a7f37; stroke: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .back { fill: #0d1117; stroke: #3d444d }
    .faint { fill: #9198a1 }
    .line { stroke: #3d444d }
    .bar { fill: #565e69 } .bar.own { fill: #4493f8 } .bar.beside { fill: #284c7d }
    .dot { stroke: #9198a1 } .dot.synced { fill: #3fb950; stroke: #3fb950 }
  }
"""


def text(x: float, y: float, said: str, kind: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}>{escape(said)}</text>'


def is_synced(row: Row) -> bool:
    return "synced" in row.durability


def colour(question: Question, row: Row) -> str:
    """bide itself, bide as a measure for itself, the others."""
    if not row.who.startswith("bide"):
        return ""
    return " own" if row is question.rows[0] or is_synced(row) else " beside"


def times(ratio: Optional[float]) -> str:
    if ratio is None:
        return ""
    return f"{ratio:.0f}×" if ratio >= 20 else f"{ratio:.1f}×" if ratio >= 0.95 else f"{ratio:.2f}×"


def draw_row(question: Question, row: Row, figures: Figures, y: float, most: float) -> List[str]:
    kind = colour(question, row)
    parts = [text(EDGE, y + 4, row.who, "own" if kind == " own" else ""),
             f'<circle cx="{DOT}" cy="{y:g}" r="3.5" class="dot{" synced" if is_synced(row) else ""}"/>',
             text(DURABILITY, y + 4, row.durability, "faint")]
    value = figures.of(row.name, question.column)
    if value is None:
        why = figures.missing.get(row.name, "")
        return parts + [text(BAR, y + 4, f"not measured{': ' if why else ''}{why}", "faint")]
    length = max(1.5, value / most * BAR_LONGEST)
    return parts + [f'<rect x="{BAR}" y="{y - 7:g}" width="{length:.1f}" height="14" rx="2" class="bar{kind}"/>',
                    text(VALUE, y + 4, number(value), "right own" if kind == " own" else "right"),
                    text(RATIO, y + 4, times(figures.ratio(question, row.name)), "right faint")]


def draw_question(question: Question, figures: Figures, y: float) -> List[str]:
    shorter = question.unit == "ms"
    parts = [f'<line x1="{EDGE}" y1="{y:g}" x2="{WIDTH - EDGE}" y2="{y:g}" class="line"/>',
             text(EDGE, y + 25, question.title, "title"),
             text(VALUE, y + 25, f"{question.column} {question.unit}, less is better" if shorter else question.unit, "right faint")]
    if question.base:
        parts.append(text(RATIO, y + 25, question.to, "right faint"))
    values = [figures.of(row.name, question.column) for row in question.rows]
    most = max((value for value in values if value), default=1)
    y += TITLE
    for row in question.rows:
        parts += draw_row(question, row, figures, y + ROW / 2, most)
        y += ROW
    return parts


def draw(figures: Figures) -> str:
    questions = shown(figures)
    parts, y = [], 56.0
    for question in questions:
        parts += draw_question(question, figures, y)
        y += TITLE + ROW * len(question.rows) + GAP
    notes = conditions(figures)
    notes += [f"{question.title}: {question.about}." for question in questions if question.about]
    parts += [text(EDGE, y + 6 + 18 * n, note, "faint") for n, note in enumerate(notes)]
    height = y + 6 + 18 * len(notes) + 10
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" '
            'role="img">', "<!-- SPDX-License-Identifier: Apache-2.0; drawn by test/bench/draw.py -->",
            "<title>bide beside others</title>", f"<style>{STYLE}</style>",
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}" rx="8" class="back"/>',
            text(EDGE, 36, "bide beside others", "title"),
            f'<circle cx="{DOT}" cy="32" r="3.5" class="dot synced"/>',
            text(DURABILITY, 36, "on the disk before the answer", "faint"),
            f'<circle cx="{BAR + 30}" cy="32" r="3.5" class="dot"/>', text(BAR + 40, 36, "not, or not yet", "faint")]
    return "\n".join(head + parts + ["</svg>", ""])


def main(arguments: List[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    Path(arguments[1]).write_text(draw(Figures(Path(arguments[0]).read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
