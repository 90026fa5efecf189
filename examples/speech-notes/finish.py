#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""finish.py DIRECTORY: the result of a note from what its steps found out, as JSON on stdin (bide.yaml, step `finish`).

With text_only it is the texts; otherwise they become files of the task, which the server hands out as a zip archive."""
import json
import os
import sys

from frames import say

TEXTS = ("title", "raw_text", "polished_text", "summary")


def seconds(each):
    """Those of the steps that were not left out."""
    return round(sum(took for took in each if took), 3)


def write(directory, name, text):
    with open(os.path.join(directory, name + ".txt"), "w", encoding="utf-8") as file:
        file.write(text + "\n")


def result(given, directory):
    times = {"extract_time": seconds(given["extract"]), "polish_time": seconds(given["polish"])}
    texts = {name: given[name] for name in TEXTS if given[name] is not None}
    if given["text_only"]:
        return {**texts, **times}
    for name, text in texts.items():
        write(directory, name, text)
    return {"output_dir": directory, **times, "zip_file": f"/v1/tasks/{given['id']}/files.zip"}


if __name__ == "__main__":
    made = json.load(sys.stdin)
    if made["title"] is None:  # of an upload: its name, behind the id that the server puts before it
        made["title"] = os.path.splitext(os.path.basename(made["file"])[37:])[0]
    print(json.dumps(result(made, sys.argv[1])))
    say("progress", percent=100, message="done")
