#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The sentences that say most, chosen by ots (the Open Text Summarizer), without a model: {"said": ...} becomes a JSON text."""
import json
import subprocess
import sys

PERCENT = 20  # of the text


def summary(text):
    if not text:
        return ""
    done = subprocess.run(["ots", "--ratio", str(PERCENT)], input=text, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    print(json.dumps(summary(json.load(sys.stdin)["said"])))
