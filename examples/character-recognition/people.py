# SPDX-License-Identifier: Apache-2.0
"""Who is in a novel (English): names, how often they are there, where first, under what other names, and who speaks.

Sentence after sentence is `seen`; what was seen is a small map that JSON can hold, so that reading goes on elsewhere from
any sentence on. `characters` says whom it makes, the same for the same sentences whatever the parts they came in.

A name is one or more capitalised words, with a title before it or not. It is a person's when it has a title, speaks, or does
what people do, more often than one is in it or comes from it; a word that is capitalised only where a sentence begins is none."""
import re
from collections import namedtuple

HE, SHE = {"Mr", "Sir", "Lord", "Uncle", "Father", "Master"}, {"Mrs", "Miss", "Ms", "Lady", "Madam", "Aunt", "Sister"}
TITLES = HE | SHE | {"Dr", "Doctor", "Captain", "Professor", "Colonel", "Judge", "Inspector", "Sergeant"}
# First names that say so without a title.
MEN = set(
    """Adam Albert Alexander Alfred Andrew Anthony Arthur Benjamin Charles Daniel David Edmund Edward Fitzwilliam Francis Frank Fred
    Frederick George Harry Henry Hugh Jack James Joe John Joseph Mark Martin Michael Nicholas Oliver Oscar Paul Peter Philip
    Richard Robert Roger Samuel Simon Stephen Thomas Tom Walter William""".split()
)
WOMEN = set(
    """Agnes Alice Amelia Anna Anne Barbara Catherine Charlotte Clara Dorothy Eleanor Elizabeth Ellen Emily Emma Esther Eva
    Florence Frances Grace Hannah Harriet Helen Isabel Jane Julia Kate Laura Lucy Lydia Margaret Maria Marianne Martha Mary
    Nora Rachel Rebecca Rose Ruth Sarah Sophia Susan""".split()
)
# Capitalised for other reasons: they begin sentences, or are days, months, languages.
COMMON = set(
    """A About Above After Again All Also Although Always An And Any Are As At Away Be Because Before Behind Below Beside Both But By
    Can Come Could Did Do Does Down Each Even Every Everyone Far For From Go Good Had Has Have He Hello Her Here His How However I If
    In Indeed Into Is It Its Just Last Let Like Look Many May Maybe Me More Most Much My Near Never Next No Nobody None Nor Not
    Nothing Now Of Off Often Oh On Once One Only Or Other Our Out Over Perhaps Please Quite Rather Several She Since So Some
    Somebody Someone Soon Still Such Suddenly Tell Than Thank That The Their Them Then There These They This Those Though Three
    Through Thus Till To Together Too Towards Two Under Until Up Upon Very Was We Well Were What When Where Whether Which While Who
    Whom Whose Why Will With Within Without Would Yes Yesterday Yet You Your Chapter Part Book Monday Tuesday Wednesday Thursday
    Friday Saturday Sunday January February March April May June July August September October November December Christmas Easter
    God English French German Latin Today Tomorrow Tonight""".split()
)
SPEAK = "said|says|asked|replied|answered|cried|called|shouted|whispered|murmured|muttered|exclaimed|added|told|repeated|began"
ACT = (
    "smiled|laughed|nodded|sighed|looked|thought|knew|felt|walked|ran|sat|stood|turned|took|went|came|held|had|wanted|wept|saw|"
    "heard|waited|shrugged|frowned|rose|was|gave|put|opened|closed|stared|wrote|read|left|found|kept|remembered|who"
)
BODY = "hand|hands|eyes|face|voice|head|mother|father|sister|brother|wife|husband|son|daughter|friend|letter|smile"
WORD = r"(?:[OD]['’])?[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+(?:[A-Z][a-z]+)?(?:-[A-Z][a-z]+)*"
NAME = re.compile(rf"\b{WORD}(?:\.?\s+{WORD})*\b")
AFTER = re.compile(rf"(?:\s+({SPEAK})\b)|(?:,?\s+({ACT})\b)|(?:['’]s\s+({BODY})\b)")
BEFORE = re.compile(rf"(?:\b({SPEAK})\s+)$|(?:\b(in|at|from|near|into|through|towards|across|leave|reached)\s+)$", re.I)
BEGIN = re.compile(r"""^[\s"“‘'(\[—-]*$|["“‘—]\s*$""")
REACH = 24  # letters looked at before and behind a name

MOST = 4000  # names kept while reading; what is left out of more was seen once
SHOWN = 200  # characters told
QUOTED = 240  # letters of a first sentence

COUNT, INSIDE, FIRST, SPEAKS, ACTS, PLACE = range(6)  # of what is kept of a name
Form = namedtuple("Form", "key title words seen")


def see(seen, number, sentence):
    """Adds the names of a sentence, the number-th of its text (from 0), to `seen`: {name: [count, ...]}."""
    for match in NAME.finditer(sentence):
        at = match.start()
        for words, begin, finish in _split(match[0]):
            key = " ".join(words)
            start, end = at + begin, at + finish
            before, after = BEFORE.search(sentence[max(0, start - REACH) : start]), AFTER.match(sentence, end, end + REACH)
            one = seen.setdefault(key, [0, 0, number, 0, 0, 0])
            one[COUNT] += 1
            one[INSIDE] += not BEGIN.search(sentence[max(0, start - REACH) : start])
            one[SPEAKS] += bool((before and before[1]) or (after and after[1]))
            one[ACTS] += bool(after and (after[2] or after[3]))
            one[PLACE] += bool(before and before[2])


def prune(seen):
    """Leaves out names seen once that nothing speaks for, when there are very many."""
    if len(seen) > MOST:
        for key in [key for key, one in seen.items() if one[COUNT] == 1 and not one[SPEAKS]]:
            del seen[key]


def _split(run):
    """The names in a run of capitalised words, with their places: common words part them, a title alone is none."""
    name = []
    for match in [*re.finditer(WORD, run), None]:
        if match is not None and match[0] not in COMMON and not (name and match[0] in TITLES):
            name.append(match)
            continue
        if name and any(one[0] not in TITLES for one in name):
            yield [one[0] for one in name], name[0].start(), name[-1].end()
        name = [match] if match is not None and match[0] in TITLES else []


def characters(seen, sentence):
    """Whom the names make, those that are there most first. `sentence(n)`: the text of the n-th."""
    groups = []
    for form in sorted(map(_form, _folded(seen).items()), key=_rank):
        home = _home(groups, form)
        home.append(form) if home is not None else groups.append([form])
    found = [_told(group, sentence) for group in groups if _is_person(group)]
    return sorted(found, key=lambda one: (-one["count"], one["name"]))[:SHOWN]


def _folded(seen):
    """"Poor Anna", only ever where a sentence begins, is Anna when she is known."""
    folded = {key: list(one) for key, one in seen.items()}
    for key in sorted(folded):
        first, _, rest = key.partition(" ")
        if rest in folded and not folded[key][INSIDE] and first not in TITLES and first not in folded:
            one, other = folded.pop(key), folded[rest]
            other[FIRST] = min(other[FIRST], one[FIRST])
            for n in (COUNT, SPEAKS, ACTS, PLACE):
                other[n] += one[n]
    return folded


def _form(item):
    words = item[0].split(" ")
    title = words.pop(0) if words[0] in TITLES else None
    return Form(item[0], title, words, item[1])


def _rank(form):
    """Whole names, then titles with a surname, then single names: so each finds the ones it may belong to."""
    return (0 if len(form.words) > 1 else 1 if form.title else 2, -len(form.words), -form.seen[COUNT], form.key)


def _home(groups, form):
    """The one group that this may be another name of; None when there is none, or more than one."""
    fitting = [group for group in groups if _same_sex(group, form) and any(_may_be(other.words, form) for other in group)]
    same = [group for group in fitting if any(other.words == form.words and not (other.title and form.title) for other in group)]
    return fitting[0] if len(fitting) == 1 else same[0] if len(same) == 1 else None


def _may_be(words, form):
    if len(form.words) > 1:
        return words == form.words
    return form.words[0] == words[-1] or (form.title is None and form.words[0] == words[0])


def _same_sex(group, form):
    said = {word for one in [*group, form] for word in (one.title, one.words[0] if len(one.words) > 1 or not one.title else None)}
    return not (said & (HE | MEN) and said & (SHE | WOMEN))


def _is_person(group):
    total = lambda n: sum(form.seen[n] for form in group)
    titled = sum(form.seen[COUNT] for form in group if form.title)
    return bool(total(INSIDE) or titled) and 2 * total(SPEAKS) + total(ACTS) + 2 * titled > total(PLACE)


def _told(group, sentence):
    head, *others = group
    first = min(form.seen[FIRST] for form in group)
    return {
        "name": head.key,
        "aliases": [form.key for form in sorted(others, key=lambda form: (-form.seen[COUNT], form.key))],
        "count": sum(form.seen[COUNT] for form in group),
        "speaks": sum(form.seen[SPEAKS] for form in group),
        "first": {"sentence": first + 1, "text": " ".join(sentence(first).split())[:QUOTED]},
    }
