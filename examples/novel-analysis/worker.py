#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The analyst: a process that does tasks of `pending_analysis` (bide.yaml), one at a time.

Four analyses, each a quarter of the way; they read novel.db and write nothing, and what they found is a checkpoint, so that an
attempt goes on where the one before it broke off. Then all of it is written at once.
"""
import os
import re

import foreshadowing
import people
import trouble
import world
from bide.worker import Worker
from novel import Novel


class EmptyChapter(ValueError):
    """There is nothing to be analysed."""


def track(content, known, config, far):
    return people.track(content, known, far)


def new(content, known, config, far):
    return people.new(content, known, config["min_mentions"], far)


def build(content, known, config, far):
    once = [row["name"] for row in people.new(content, known, 1, lambda share: None)]
    return world.build(content, known + once, far)


def hint(content, known, config, far):
    return foreshadowing.find(content, config["max_foreshadowings"], far)


ANALYSES = (  # as generation_config and the result call it, as people do, and what does it
    ("character_tracking", "character tracking", track),
    ("new_characters", "new characters", new),
    ("world_building", "world-building", build),
    ("foreshadowing", "foreshadowing", hint),
)
worker = Worker()


@worker.task("pending_analysis", no_retry=EmptyChapter)
def analyse(task):
    given, config = task.input, task.input["generation_config"]
    content, chapter = given["content"], given["chapter_id"]
    words = len(re.findall(r"\w+", content))
    if not words:
        raise EmptyChapter(f"chapter {given['chapter_number']} has no words")
    with Novel() as novel:
        known = sorted({*novel.known(given["project_id"], given["chapter_number"]), *config["known_characters"]})
        found = task.resume or {}
        for n, (name, title, analysis) in enumerate(ANALYSES):
            if name in found:
                task.log(f"{title}: as an earlier attempt found it")
                continue
            task.progress(25 * n, title)
            trouble.at(name, chapter, task.check)
            found[name] = analysis(content, known, config, teller(task, n, title)) if config[name] else None
            task.save(found)
        task.progress(100, "updating the novel")
        return novel.record(run_of(task), given, found, words)


def run_of(task):
    """ID.RUN: the same for all attempts of a run, and another after a manual retry. The directory is called ID.RUN.ATTEMPT."""
    return os.path.basename(task.dir).rpartition(".")[0]


def teller(task, n, title):
    """Is told how much of the text an analysis has read; tells it on at each tenth."""
    told = 0.0

    def far(share):
        nonlocal told
        task.check()
        if share - told >= 0.1:
            told = share
            task.progress(25 * (n + share), title)

    return far


if __name__ == "__main__":
    worker.run()
