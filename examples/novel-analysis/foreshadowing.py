# SPDX-License-Identifier: Apache-2.0
"""What a chapter promises to come back to, and what it may come back to of the chapters before. Which payoff belongs to
which hint is decided where all chapters are known: novel.py."""
import re
from typing import Any, Callable, Dict, List

import text

HINTS = [  # kind, weight, how it sounds
    ("foretold", 3, r"little did|would (?:later|one day|come to)|had no idea|prophec|foretold|omen|had yet to"),
    ("promise", 3, r"\b(?:promised?|swore|vowed?|oath|give you my word)\b"),
    ("secret", 2, r"\b(?:secrets?|hidden|sealed|locked|never told|would not say|buried|disguised?)\b"),
    ("riddle", 2, r"\b(?:strange|mysterious|unknown|nobody knew|no one knew|could not explain|inexplicabl\w+|vanished|missing)\b"),
    ("threat", 1, r"\b(?:warned|warning|beware|revenge|will return|watching (?:him|her|them|us))\b"),
]
_HINTS = [(kind, weight, re.compile(sound, re.I)) for kind, weight, sound in HINTS]
PAYOFF = re.compile(r"\b(?:at last|finally|turned out|revealed|the truth|remembered|understood|as promised|kept (?:his|her|their) (?:word|promise|oath)"
                    r"|came true|unlocked|at long last|all along|so this was)\b", re.I)


def find(content: str, most: int, step: Callable[[float], None]) -> Dict[str, List[Dict[str, Any]]]:
    """`planted`: at most `most` hints, the weightiest, in their order; `payoffs`: sentences in which something comes back."""
    planted, payoffs = [], []
    sentences = text.read(content)
    for n, one in enumerate(sentences):
        kinds = [(weight, kind) for kind, weight, sound in _HINTS if sound.search(one.text)]
        row = {"paragraph": one.paragraph, "text": one.text[: text.SHOWN], "keywords": list(text.keywords(one.text))}
        if PAYOFF.search(one.text):
            payoffs.append(row)
        elif kinds and row["keywords"]:
            planted.append({**row, "kind": max(kinds, key=lambda k: k[0])[1], "weight": sum(weight for weight, _ in kinds)})
        step((n + 1) / len(sentences))
    kept = sorted(range(len(planted)), key=lambda i: (-planted[i]["weight"], i))[:most]
    return {"planted": [planted[i] for i in sorted(kept)], "payoffs": payoffs[: text.MOST]}
