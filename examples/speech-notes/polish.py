#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes sentences of what was heard, without a model: {"words": [{"word", "start", "end"}]} becomes a JSON text.

The recogniser hears words and no punctuation: where a speaker pauses, a sentence ends."""
import json
import sys

PAUSE_S = 0.5  # that ends a sentence
LONGEST = 30  # words of a sentence


def sentences(words):
    """Lists of words."""
    out, last = [], None
    for word in words:
        if last is None or word["start"] - last["end"] >= PAUSE_S or len(out[-1]) == LONGEST:
            out.append([])
        out[-1].append(word["word"])
        last = word
    return out


def polished(words):
    """The text as a person would write it down."""

    def written(sentence):
        said = ["I" + w[1:] if w == "i" or w.startswith("i'") else w for w in sentence]
        return " ".join([said[0][0].upper() + said[0][1:], *said[1:]]) + "."

    return " ".join(written(sentence) for sentence in sentences(words))


if __name__ == "__main__":
    print(json.dumps(polished(json.load(sys.stdin)["words"])))
