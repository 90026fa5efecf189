# SPDX-License-Identifier: Apache-2.0
"""Writes an article from a brief, and says how good it is. The same brief gives the same words and the same score."""
import hashlib
import re

_OPENINGS = ("Ask anybody about {topic}, and", "When it comes to {topic},", "In the history of {topic},", "Without {topic},",
             "Behind {topic},", "After a year with {topic},")
_WHO = ("the careful reader", "a small team", "the old workshop", "our neighbour", "the city library", "a patient engineer",
        "the night shift", "every gardener", "the first customer", "a curious child")
_DOES = ("finds", "keeps", "repairs", "questions", "remembers", "measures", "shares", "forgets", "discovers", "sketches")
_WHAT = ("a better way of working", "the things that matter", "a quiet kind of luck", "more than the brochure promised",
         "an answer nobody expected", "the cost of haste", "two reasons to begin again", "the shape of the problem",
         "a story worth telling", "what others leave behind")
_ENDS = ("before noon", "in plain sight", "one step at a time", "against all advice", "with very little money",
         "year after year", "and says so", "because it pays", "for the sake of others", "until it works")
_TITLES = ("What nobody tells you about {topic}", "{topic}, explained slowly", "A year with {topic}", "The case for {topic}")


class _Dice:
    """Choices that follow from a text alone."""

    def __init__(self, seed):
        self.seed, self.thrown = seed, 0

    def choose(self, among):
        self.thrown += 1
        digest = hashlib.sha256(f"{self.thrown} {self.seed}".encode()).digest()
        return among[int.from_bytes(digest[:4], "big") % len(among)]


def article(topic, words):
    """(title, body): a body of at least so many words, in paragraphs."""
    dice = _Dice(f"{topic}\n{words}")
    title = dice.choose(_TITLES).format(topic=topic)
    paragraphs, sentences, written = [], [], 0
    while written < words:
        opening = dice.choose(_OPENINGS).format(topic=topic) if not sentences else ""
        middle = " ".join(dice.choose(part) for part in (_WHO, _DOES, _WHAT, _ENDS))
        sentence = f"{opening} {middle}." if opening else f"{middle[0].upper()}{middle[1:]}."
        sentences.append(sentence)
        written += len(sentence.split())
        if len(sentences) == 4 or written >= words:
            paragraphs.append(" ".join(sentences))
            sentences = []
    return title, "\n\n".join(paragraphs)


def score(body, topic, words):
    """0 to 100: 40 for different words, 30 for the length that was asked for, 20 for sentences that can be read in one
    breath, 10 for speaking of the topic at all."""
    found = re.findall(r"\w+", body.lower())
    if not found:
        return 0
    sentences = [part for part in re.split(r"[.!?]+\s", body) if part.strip()]
    variety = min(1.0, 2 * len(set(found)) / min(len(found), 600))
    length = min(1.0, len(found) / words)
    breath = max(0.0, 1 - abs(len(found) / len(sentences) - 14) / 14)
    return round(40 * variety + 30 * length + 20 * breath + 10 * (topic.lower() in body.lower()))
