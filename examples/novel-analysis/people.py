# SPDX-License-Identifier: Apache-2.0
"""Who is in a chapter: those that are known already, and those that are new."""
import re
from typing import Any, Callable, Dict, List

import text

_SPEAKS, _DOES = "|".join(text.SPEAKS), "|".join(text.DOES)
_BODY = r"^'s? (?:\w+ )?(?:hands?|eyes?|voice|face|father|mother|sister|brother|hair|shoulder|heart|smile)\b|^'s (?:hands?|eyes?|voice|face)\b"
INSIDE = r"\b(?:in|at|near|through|across|beyond|outside|inside|into|around|above|below|throughout) (?:the )?$"
TOWARDS = r"\b(?:to|from|of|towards?|left|reached) (?:the )?$"
PLACE = re.compile(r"\b(?:City|Forest|Wood|Sea|Bay|River|Lake|Mountains?|Hills?|Valley|Harbou?r|Tower|Castle|Bridge|Street|Gate|Island|Isle"
                   r"|Desert|Marsh|Keep|Temple|Lighthouse|Quarter|Square|Road|Coast|Cape|Abbey|Kingdom|Empire|Province)\b")
GROUP = re.compile(r"\b(?:Guild|Council|Order|House|Brotherhood|Sisterhood|Company|Academy|Church|Circle|Court|Guard|Watch|League)\b")


def is_person(name: str, sentences: List[text.Sentence]) -> int:
    """How much more there is for a person than for a place; negative: it is none."""
    if PLACE.search(name) or GROUP.search(name):
        return -9
    score = 0
    for one in sentences:
        for seen in one.names:
            if seen.name != name:
                continue
            if seen.title:
                score += 3
            if re.match(rf"\s+(?:{_DOES})\b", seen.after) or re.search(rf"""[,!?.]["']\s+(?:{_SPEAKS})\s+$""", seen.before):
                score += 2
            if re.match(_BODY, seen.after):
                score += 2
            if re.search(INSIDE, seen.before, re.I):
                score -= 2
            elif re.search(TOWARDS, seen.before, re.I):
                score -= 1
    return score


def track(content: str, known: List[str], step: Callable[[float], None]) -> List[Dict[str, Any]]:
    """Of each known character that is in the chapter: how often, who speaks, from where to where, beside whom. `step` is
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
            after, before = one.text[match.end():], one.text[:match.start()]
            if '"' in one.text and (re.match(rf"\s+(?:{_SPEAKS})\b", after) or re.search(rf"\b(?:{_SPEAKS})\s+$", before)):
                row["lines"] += 1
            if name not in inside.setdefault(one.paragraph, []):
                inside[one.paragraph].append(name)
        step((n + 1) / len(sentences))
    for name, row in seen.items():
        others = [other for names in inside.values() if name in names for other in names if other != name]
        row["beside"] = {other: others.count(other) for other in sorted(set(others))}
    return sorted(seen.values(), key=lambda row: (-row["mentions"], row["name"]))


def new(content: str, known: List[str], min_mentions: int, step: Callable[[float], None]) -> List[Dict[str, Any]]:
    """Persons who are not among the known ones and are named `min_mentions` times or more, as `track` tells of them."""
    sentences = text.read(content)
    owner = text.together(known)
    counts = {name: n for name, n in text.attested(sentences).items() if name not in owner}
    persons = []
    for n, name in enumerate(sorted(counts)):
        if is_person(name, sentences) > 0:
            persons.append(name)
        step((n + 1) / len(counts))
    rows = track(content, persons, lambda share: None)
    return [row for row in rows if row["mentions"] >= min_mentions]
