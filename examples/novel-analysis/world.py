# SPDX-License-Identifier: Apache-2.0
"""What a chapter says of its world: places, groups, and what always holds there."""
import re
from typing import Any, Callable, Dict, List

import people
import text

RULE = re.compile(r"\b(?:always|never|forbidden|no one may|nobody may|must not|may not|every (?:year|night|spring|autumn|winter|summer)"
                  r"|for (?:centuries|generations)|by law|the law|according to|it (?:is|was) (?:said|known)|since the)\b", re.I)


def build(content: str, known: List[str], step: Callable[[float], None]) -> Dict[str, Any]:
    """`known`: names of persons, who are neither places nor groups."""
    sentences = text.read(content)
    persons = text.together(known)
    counts = {name: n for name, n in text.attested(sentences).items() if name not in persons}
    found: Dict[str, List[Dict[str, Any]]] = {"places": [], "groups": []}
    scores = people.score(sentences)
    for n, name in enumerate(sorted(counts)):
        kind = "groups" if people.GROUP.search(name) else "places"
        if scores[name] < 0:
            found[kind].append({"name": name, "mentions": counts[name]})
        step((n + 1) / len(counts))
    outside = [re.sub(r'"[^"]*"?', "", one.text) for one in sentences]
    rules = [{"paragraph": one.paragraph, "text": one.text[: text.SHOWN]} for one, told in zip(sentences, outside) if RULE.search(told)]
    return {**{kind: sorted(rows, key=_rank)[: text.MOST] for kind, rows in found.items()}, "rules": rules[: text.MOST]}


def _rank(row: Dict[str, Any]):
    return -row["mentions"], row["name"]
