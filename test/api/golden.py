# SPDX-License-Identifier: Apache-2.0
"""Plays golden.json: what clients of existing applications ask, and what they have to be answered.

"@uuid", "@int", "@time", "@str", "@num", "@any" match by kind; "{name}" is a value that is known by then. Objects have
exactly the members that are there, unless a pair is played with more=True."""
import json
import re
import string
from pathlib import Path

PAIRS = json.loads((Path(__file__).resolve().parent / "golden.json").read_text(encoding="utf-8"))
KINDS = {
    "@uuid": lambda v: isinstance(v, str) and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", v),
    "@int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "@time": lambda v: isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", v),
    "@str": lambda v: isinstance(v, str),
    "@num": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "@any": lambda v: True,
}


def filled(wanted, known):
    """The value with what is known put in; "{name}" alone keeps the kind of its value."""
    if isinstance(wanted, dict):
        return {key: filled(value, known) for key, value in wanted.items()}
    if isinstance(wanted, list):
        return [filled(value, known) for value in wanted]
    if isinstance(wanted, str) and re.fullmatch(r"\{\w+\}", wanted):
        return known[wanted[1:-1]]
    return string.Formatter().vformat(wanted, (), known) if isinstance(wanted, str) else wanted


def differs(wanted, seen, more=False, at=""):
    """Where and how the value is not what is wanted; None when it is."""
    if isinstance(wanted, str) and wanted in KINDS:
        return None if KINDS[wanted](seen) else f"{at}: {seen!r} is no {wanted}"
    if isinstance(wanted, dict) and isinstance(seen, dict):
        if set(wanted) - set(seen) or (set(seen) - set(wanted) and not more):
            return f"{at}: has {sorted(seen)}, not {sorted(wanted)}"
        return next((d for k in wanted if (d := differs(wanted[k], seen[k], more, f"{at}/{k}"))), None)
    if isinstance(wanted, list) and isinstance(seen, list) and len(wanted) == len(seen):
        return next((d for i, pair in enumerate(zip(wanted, seen)) if (d := differs(*pair, more, f"{at}/{i}"))), None)
    return None if wanted == seen and type(wanted) is type(seen) else f"{at}: {seen!r} is not {wanted!r}"


def form(*parts, end=b"--xYz--\r\n"):
    """A multipart/form-data body and its header; a part is a name with a text, or with the name and the bytes of a file."""
    body = b""
    for name, *value in parts:
        head, data = (f'; filename="{value[0]}"', value[1]) if len(value) == 2 else ("", value[0])
        body += f'--xYz\r\nContent-Disposition: form-data; name="{name}"{head}\r\n\r\n'.encode()
        body += (data if isinstance(data, bytes) else data.encode()) + b"\r\n"
    return body + end, {"Content-Type": "multipart/form-data; boundary=xYz"}


def play(bide, system, name, known, more=False):
    """Asks what the pair asks and checks what is answered; returns the answer."""
    [pair] = [p for p in PAIRS if (p["system"], p["name"]) == (system, name)]
    request, wanted = pair["request"], pair["response"]
    body, headers = filled(request["json"], known) if "json" in request else None, {}
    if "multipart" in request:  # "@audio.wav": a file of this name, whose bytes are known
        parts = [(name, value[1:], known[value]) if value[0] == "@" else (name, value) for name, value in request["multipart"].items()]
        body, headers = form(*parts)
    answer = bide.send(request["method"], filled(request["path"], known), body, headers)
    assert answer.status == wanted["status"], answer
    if "json" in wanted:
        found = differs(filled(wanted["json"], known), answer.json, more)
        assert not found, f"{system}, {name}: {found}; {answer}"
    return answer
