# SPDX-License-Identifier: Apache-2.0
"""Who is in a chapter: those that are known already, and those that are new."""
import re
from collections import Counter
from typing import Any, Callable, Dict, List

import text

_SPEAKS, _DOES = "|".join(text.SPEAKS), "|".join(text.DOES)
_ACTS = re.compile(rf"\s+(?:{_DOES})\b")
_SPOKEN = re.compile(rf"""[,!?.]["']\s+(?:{_SPEAKS})\s+$""")
_BODY = re.compile(r"'s (?:\w+ )?(?:hands?|eyes?|voice|face|father|mother|sister|brother|hair|shoulder|heart|smile)\b")
_INSIDE = re.compile(r"\b(?:in|at|near|through|across|beyond|outside|inside|into|around|above|below|throughout) (?:the )?$", re.I)
_TOWARDS = re.compile(r"\b(?:to|from|of|towards?|left|reached) (?:the )?$", re.I)
PLACE = re.compile(r"\b(?:City|Forest|Wood|Sea|Bay|River|Lake|Mountains?|Hills?|Valley|Harbou?r|Tower|Castle|Bridge|Street|Gate|Island|Isle"
                   r"|Desert|Marsh|Keep|Temple|Lighthouse|Quarter|Square|Road|Coast|Cape|Abbey|Kingdom|Empire|Province)\b")
GROUP = re.compile(r"\b(?:Guild|Council|Order|House|Brotherhood|Sisterhood|Company|Academy|Church|Circle|Court|Guard|Watch|League)\b")


def score(sentences: List[text.Sentence]) -> Dict[str, int]:
    """Of each name how much more there is for a person than for a place; negative: it is none."""
    scores: Dict[str, int] = {}
    for one in sentences:
        for seen in one.names:
            scores[seen.name] = scores.get(seen.name, 0) + _evidence(seen)
    return {name: -9 if PLACE.search(name) or GROUP.search(name) else n for name, n in scores.items()}


def _evidence(seen: text.Sighting) -> int:
    n = 3 if seen.title else 0
    if _ACTS.match(seen.after) or _SPOKEN.search(seen.before):
        n += 2
    if _BODY.match(seen.after):
        n += 2
    return n - 2 if _INSIDE.search(seen.before) else n - 1 if _TOWARDS.search(seen.before) else n


def track(content: str, known: List[str], step: Callable[[float], None]) -> List[Dict[str, Any]]:
    """Of each known character that is in the chapter: how often, who speaks, from where to where, beside whom most. `step` is
    told how much has been read, from 0 to 1."""
    owner = text.together(known)
    finder = text.pattern(owner)
    seen: Dict[str, Dict[str, Any]] = {}
    inside: Dict[int, List[str]] = {}
    sentences = text.read(content)
    for n, one in enumerate(sentences):
        for match in finder.finditer(one.text):
            name = owner[match[1]]
            row = seen.setdefault(name, {"name": name, "mentions": 0, "lines": 0, "first_paragraph": one.paragraph, "last_paragraph": 0})
            row["mentions"] += 1
            row["last_paragraph"] = one.paragraph
            before, after = text.around(one.text, match.start(), match.end())
            if '"' in one.text and (re.match(rf"\s+(?:{_SPEAKS})\b", after) or re.search(rf"\b(?:{_SPEAKS})\s+$", before)):
                row["lines"] += 1
            if name not in inside.setdefault(one.paragraph, []):
                inside[one.paragraph].append(name)
        step((n + 1) / len(sentences))
    rows = sorted(seen.values(), key=lambda row: (-row["mentions"], row["name"]))[: text.MOST]
    for row in rows:
        others = Counter(other for names in inside.values() if row["name"] in names for other in names if other != row["name"])
        row["beside"] = dict(sorted(others.items(), key=lambda pair: (-pair[1], pair[0]))[:5])
    return rows


def new(content: str, known: List[str], min_mentions: int, step: Callable[[float], None]) -> List[Dict[str, Any]]:
    """Persons who are not among the known ones and are named `min_mentions` times or more, as `track` tells of them."""
    sentences = text.read(content)
    owner = text.together(known)
    counts = {name: n for name, n in text.attested(sentences).items() if name not in owner}
    scores = score(sentences)
    step(0.5)
    persons = [name for name in sorted(counts) if scores[name] > 0]
    rows = track(content, persons, lambda share: None)
    step(1)
    return [row for row in rows if row["mentions"] >= min_mentions]
