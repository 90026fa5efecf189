# SPDX-License-Identifier: Apache-2.0
#
# What the house checks (scripts/check-*) share: which files there are, how C is read without its comments and
# strings, and how a check proves that it can fail.
#
# A check is a function check(root, build) that returns its findings, "path:line: what". Its PLANTS are faults: each
# is a name, files to write into an empty tree, and words that the finding must hold; words of None mean the tree is
# good and nothing may be found. `check-x` looks at this tree, `check-x --self-test` at the plants.
import argparse
import os
import re
import sys
import tempfile

SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".pytest_cache", "node_modules"}
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def files(root, *folders, ends=()):
    """Paths relative to root of the files in the folders ("" is everything) whose names end so, in order."""
    found = []
    for folder in folders:
        for at, dirs, names in os.walk(os.path.join(root, folder)):
            dirs[:] = sorted(d for d in dirs if d not in SKIPPED_FOLDERS)
            for name in sorted(names):
                if not ends or name.endswith(tuple(ends)):
                    found.append(os.path.relpath(os.path.join(at, name), root))
    return found


def read(root, path):
    """The text of a file, or None when it is not text."""
    with open(os.path.join(root, path), "rb") as f:
        data = f.read()
    if b"\0" in data:
        return None
    return data.decode("utf-8", "replace")


_C_NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def c_code(text):
    """C without what comments and literals say; lines stay where they are."""
    def blank(m):
        kept = m.group(0)
        edge = kept[0] if kept[0] in "\"'" else " "
        return edge + re.sub(r"[^\n]", " ", kept[1:-1]) + edge
    return _C_NOISE.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def _self_test(check, plants):
    failed = 0
    for name, tree, words in plants:
        with tempfile.TemporaryDirectory() as root:
            for path, content in tree.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                    f.write(content)
                if content.startswith("#!"):
                    os.chmod(os.path.join(root, path), 0o755)
            findings = check(root, os.path.join(root, "build"))
        text = "\n".join(findings)
        good = not findings if words is None else words in text
        if not good:
            failed += 1
            wanted = "nothing" if words is None else repr(words)
            print(f"FAILED {name}: wanted {wanted}, found:\n{text or '(nothing)'}")
    print(f"{len(plants) - failed} passed, {failed} failed")
    return 1 if failed or not plants else 0


def main(check, plants):
    args = argparse.ArgumentParser()
    args.add_argument("--self-test", action="store_true", help="plant faults and see them found")
    args.add_argument("--build", default=os.path.join(ROOT, "build"), help="build folder")
    args = args.parse_args()
    if args.self_test:
        sys.exit(_self_test(check, plants))
    findings = check(ROOT, os.path.abspath(args.build))
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
