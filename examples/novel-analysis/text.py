# SPDX-License-Identifier: Apache-2.0
"""English prose as paragraphs, sentences and names. No model: rules, so the same text always says the same."""
import re
from typing import Dict, List, NamedTuple, Tuple

TITLES = frozenset("Mr Mrs Ms Miss Dr Doctor Captain Lord Lady Sir Dame Queen King Prince Princess Master Mistress Father Mother"
                   " Brother Sister Aunt Uncle Professor Sergeant General Inspector Judge".split())
# Capitalised for other reasons than that they name somebody.
COMMON = frozenset("I I'm I'd I'll I've Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June"
                   " July August September October November December God English French The A An And But Or Nor So Yet If When While"
                   " Where What Who Whom Whose Why How Which That This These Those There Here Then Now Not No Yes Oh Ah He She It They"
                   " We You His Her Hers Its Their Our My Your Him Them Us Me In On At To From Of For With Without By As Into After"
                   " Before Behind Beyond Under Over Once One Two Three Every Each All Some Any Nothing Nobody Someone Everyone"
                   " Still Even Only Just Perhaps Maybe Please Chapter Was Were Is Are Do Did Does Had Have Has Can Could Would"
                   " Will Shall Should Must Let".split())
# What persons do, and so a capital before it is a name's.
SPEAKS = ("said asked replied answered whispered shouted cried called muttered murmured growled added told warned begged"
          " snapped laughed sighed announced insisted agreed hissed").split()
DOES = SPEAKS + ("looked smiled walked ran took turned thought felt knew nodded stood sat opened came went had shook raised held"
                 " stepped grinned frowned waited watched heard saw knelt shrugged stared pulled pushed wrote drew swore"
                 " promised remembered closed followed found kept carried lifted reached").split()
WORD = r"[A-Z][a-z]+(?:['-][A-Z]?[a-z]+)*"
NAME = re.compile(rf"\b(?:[A-Z]\. )?{WORD}(?: (?:of (?:the )?)?{WORD}){{0,3}}")
_END = re.compile(r"""(?<=[.!?])(["')\]]*)\s+(?=["'(\[]*[A-Z0-9])""")
_TITLE_DOT = re.compile(r"\b(Mr|Mrs|Ms|Dr)\.")
LONGEST = 2000  # characters of a sentence; what never ends is cut
SHOWN = 500  # and of one that is told of: what is found in any chapter has to fit into a checkpoint (1 MiB)
NEAR = 40  # of what stands beside a name
MOST = 200  # of a kind of it
_PIECE = re.compile(rf"\S.{{0,{LONGEST - 1}}}(?=\s|$)|\S{{{LONGEST}}}")
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "..."})


class Sighting(NamedTuple):
    """A name in a sentence."""

    name: str
    title: bool
    """A title stands before it, or it is one with a name behind it."""
    first: bool
    """It begins the sentence, or what is said in it: the capital proves nothing."""
    before: str
    after: str


class Sentence(NamedTuple):
    paragraph: int
    text: str
    names: List[Sighting]


def read(text: str) -> List[Sentence]:
    """All sentences, in order; paragraphs count from 1."""
    text = _TITLE_DOT.sub(r"\1", text.translate(_QUOTES))
    found = []
    for n, paragraph in enumerate((p for p in re.split(r"\n\s*\n|\r?\n", text) if p.strip()), 1):
        paragraph = " ".join(paragraph.split())
        for sentence in _END.sub("\\1\n", paragraph).split("\n"):
            for piece in _PIECE.findall(sentence):
                found.append(Sentence(n, piece, list(_names(piece))))
    return found


def _names(sentence: str):
    for match in NAME.finditer(sentence):
        start, words = match.start(), match[0].split(" ")
        first = not re.search(r"\w", sentence[:start]) or bool(re.search(r"""["'(]\s*$""", around(sentence, start, start)[0]))
        while words and (words[0] in COMMON or words[0] in ("of", "the")):
            start += len(words.pop(0)) + 1
            first = False
        while words and words[-1] in COMMON | {"of", "the"}:
            words.pop()
        title = bool(words) and words[0] in TITLES
        words = words[1:] if title else words
        name = re.sub(r"'s$", "", " ".join(words))
        if name and len(name) > 1 and name not in COMMON:
            yield Sighting(name, title, first, *around(sentence, start, match.end()))


def around(sentence: str, start: int, end: int) -> Tuple[str, str]:
    """What stands directly before and behind a place in it."""
    return sentence[max(0, start - NEAR) : start], sentence[end : end + NEAR]


def attested(sentences: List[Sentence]) -> Dict[str, int]:
    """Names and how often they stand there, of those that somewhere stand where only a name has a capital, or before what
    only a person does; none that is a word as well."""
    words = {word for one in sentences for word in re.findall(r"\b[a-z]+\b", one.text)}
    acts = re.compile(rf"\s+(?:{'|'.join(DOES)})\b")
    sure = {
        s.name for one in sentences for s in one.names
        if not s.first or s.title or " " in s.name or (acts.match(s.after) and s.name.lower() not in words)
    }
    counts: Dict[str, int] = {}
    for one in sentences:
        for sighting in one.names:
            if sighting.name in sure:
                counts[sighting.name] = counts.get(sighting.name, 0) + 1
    return counts


def together(names) -> Dict[str, str]:
    """Each name, and each part of one that no other has, as the longest it belongs to: Ilse is Ilse Varga."""
    owner: Dict[str, List[str]] = {}
    for full in sorted(set(names), key=lambda n: (-len(n.split()), n)):
        if any(full in owners for owners in owner.values()) or (full in owner and len(owner[full]) == 1):
            continue
        for part in {full, *full.split()} - TITLES - {"of", "the"}:
            owner.setdefault(part, []).append(full)
    return {part: owners[0] for part, owners in owner.items() if len(owners) == 1 or part in owners}


def pattern(names) -> "re.Pattern[str]":
    """Finds any of them as whole words, the longest first; nothing when there are none."""
    longest = sorted(names, key=lambda n: (-len(n), n))
    return re.compile(r"\b(" + "|".join(map(re.escape, longest)) + r")\b" if longest else r"(?!)")


STOP = frozenset("about above after again against also although always among another around because been before behind being below"
                 " between both came come could does down each even ever every from give given going have having here hers herself"
                 " himself into itself just know like made make many might more most much must near never none nothing once only"
                 " other over own said same shall should since some soon still such than that their them then there these they"
                 " this those though through thus told took toward under until upon very want went were what when where which"
                 " while will with within without would your finally last little turned truth understood remembered".split())


def keywords(sentence: str) -> Tuple[str, ...]:
    """What a sentence is about: its longer words without their endings, in order, at most 12."""
    found = []
    for word in re.findall(r"[a-z]{4,}", sentence.lower()):
        stem = re.sub(r"(ings?|ed|es|s|ly)$", "", word) if len(word) > 5 else re.sub(r"s$", "", word)
        if word not in STOP and stem not in found:
            found.append(stem)
    return tuple(found[:12])
