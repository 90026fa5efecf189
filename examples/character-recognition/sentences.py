# SPDX-License-Identifier: Apache-2.0
"""Where the sentences of a text begin and end. A text of any length becomes a list of (start, end), nothing is copied."""
import re

# A full stop and its like with the quotation marks behind it, or an empty line.
BOUNDARY = re.compile(r"""([.!?…]+)["”’')\]]*\s+|\n[ \t\r]*\n\s*""")
ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|Capt|Col|Lt|Sgt|Rev|Jr|Sr|No|[A-Z])$")
LONGEST = 20  # letters looked at before a full stop


def sentences(text):
    """[(start, end), ...]; a text without any is an empty list."""
    found, start = [], len(text) - len(text.lstrip())
    for mark in BOUNDARY.finditer(text, start):
        if mark[1] is not None and _goes_on(text, mark):
            continue
        if mark.start() > start:
            found.append((start, mark.end()))
            start = mark.end()
    if text[start:].strip():
        found.append((start, len(text)))
    return found


def _goes_on(text, mark):
    """No end: Mr. Brook; "Stop!" she said."""
    if mark[1] == "." and ABBREVIATED.search(text[max(0, mark.start() - LONGEST) : mark.start()]):
        return True
    return mark.end() < len(text) and text[mark.end()].islower()
