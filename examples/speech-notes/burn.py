#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""burn.py DIRECTORY: {"id", "video", "words"} on stdin; writes subtitles.srt from the times of the words and a video that
shows them, subtitled.mp4."""
import json
import os
import subprocess
import sys

from frames import say

PAUSE_S = 0.5  # between two lines
LONGEST_S = 5
LETTERS = 42  # of a line


def cues(words):
    """(start, end, text) of each line: words that fit on it, up to a pause."""
    out = []
    for word in words:
        start, end, text = out[-1] if out else (0, -PAUSE_S, "")
        near = text and word["start"] - end < PAUSE_S and word["end"] - start <= LONGEST_S
        if near and len(text) + 1 + len(word["word"]) <= LETTERS:
            out[-1] = (start, word["end"], f"{text} {word['word']}")
        else:
            out.append((word["start"], word["end"], word["word"]))
    return out


def clock(seconds):
    ms = round(1000 * seconds)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


def srt(words):
    return "".join(f"{n}\n{clock(start)} --> {clock(end)}\n{text}\n\n" for n, (start, end, text) in enumerate(cues(words), 1))


def burn(video, directory):
    """Runs in the directory: the filter's argument is then one plain name, whatever the directory's is."""
    lines = "subtitles=subtitles.srt:force_style='FontName=DejaVu Sans'"
    if not os.path.getsize(os.path.join(directory, "subtitles.srt")):
        lines = "null"  # nothing was said; an empty file is none for the filter
    command = ["ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", "file:" + video]
    command += ["-map", "0:v:0", "-map", "0:a:0", "-vf", lines, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, "-c:a", "aac", "subtitled.mp4"], cwd=directory, check=True)


if __name__ == "__main__":
    given, here = json.load(sys.stdin), sys.argv[1]
    with open(os.path.join(here, "subtitles.srt"), "w", encoding="utf-8") as file:
        file.write(srt(given["words"]))
    burn(given["video"], here)
    print(json.dumps({"output_video": f"/v1/tasks/{given['id']}/files/subtitled.mp4"}))
    say("progress", percent=100, message="done")
