# SPDX-License-Identifier: Apache-2.0
"""The speech worker of examples/transcribe, run without a server."""
import json
import os
import subprocess
from pathlib import Path

from harness import ROOT

SPEECH = Path(os.environ.get("BIDE_BUILD") or ROOT / "build") / "examples/transcribe/speech"
RECORDINGS = Path("/usr/share/sounds/alsa")


def ffmpeg(*arguments):
    return subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True, capture_output=True)


def by_hand(folder, *paths, **more):
    """What the recogniser hears in them, one after the other: [{"text", "words"}]. `more` is in the input of each."""
    frames = []
    for n, path in enumerate(paths):
        ffmpeg("-i", path, "-map", "0:a:0", "-ac", "1", "-ar", "16000", folder / f"{n}.wav")
        task = {"id": str(n), "fence": "f", "type": "t", "attempt": 1, "timeout_ms": 60000, "dir": str(folder), "resume": None}
        frames.append({"op": "run", "tasks": [{**task, "input": {"audio": str(folder / f"{n}.wav"), **more}}]})
    (folder / "in").write_text("".join(json.dumps(frame) + "\n" for frame in [*frames, {"op": "stop"}]))
    command = ["/bin/sh", "-c", 'exec "$0" 3<"$1" 4>"$2"', str(SPEECH), str(folder / "in"), str(folder / "out")]
    subprocess.run(command, check=True, timeout=60, env={**os.environ, "BIDE_IN": "3", "BIDE_OUT": "4"})
    said = [json.loads(line) for line in (folder / "out").read_text().splitlines()]
    heard = [frame["result"] for frame in said if frame["op"] == "done"]
    assert len(heard) == len(paths), said
    return heard
