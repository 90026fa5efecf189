# SPDX-License-Identifier: Apache-2.0
"""How a planted bug is built into its net, and the net run (planted.py)."""
import ctypes
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BIDE_BUILD", SOURCE / "build"))
SEEDS = 200


def fail(text):
    sys.exit(f"planted.py: {text}")


def plant(name, where, old, new):
    """The changed copy of the file. It stands where the build keeps it; its includes are found from the tree's root."""
    text = (SOURCE / where).read_text()
    if text.count(old) != 1:
        fail(f"{name}: the words to replace are {text.count(old)} times in {where}, wanted once; bring the bug up to date")
    folder = BUILD / "planted" / name
    folder.mkdir(parents=True, exist_ok=True)
    changed = folder / Path(where).name
    changed.write_text(text.replace(old, new))
    return changed


def run(command, what):
    done = subprocess.run(command, cwd=BUILD, text=True, capture_output=True)
    if done.returncode:
        fail(f"{what} failed:\n{done.stdout}{done.stderr}")


def compiled(source, as_of):
    """The object of `source`, compiled as the tree compiles `as_of`."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if Path(entry["file"]) == SOURCE / as_of:
            words = shlex.split(entry["command"])
            break
    else:
        fail(f"the tree does not compile {as_of}")
    at = words.index("-o")
    target = source.with_suffix(".o")
    words = words[:at] + ["-o", str(target), "-c", str(source)]
    run(words + ["-Wno-error"], f"compiling {source.name}")
    return target


def linked(program, planted, folder):
    listed = subprocess.run(["ninja", "-t", "commands", f"test/{program}"], cwd=BUILD, text=True, capture_output=True, check=True)
    link = listed.stdout.strip().splitlines()[-1]
    words = shlex.split(re.sub(r"^: && | && :$", "", link))
    at = words.index("-o")
    target = folder / program
    words[at + 1] = str(target)
    run(words[:at] + [str(planted)] + words[at:], f"linking {program}")
    return target


def descendants():
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children]


def clear():
    """What a net left behind when it failed: with a bug in the killing of trees nobody else does it."""
    while pids := descendants():
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)


def cast(net, arguments):
    """The net's exit status and what it said. Through a file: what it leaves behind may hold a pipe open for ever."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become ours
    env = {**os.environ, "SIM_SEEDS": str(SEEDS), "SIM_FIRST": "1"}
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        status = subprocess.run([str(net), *arguments], cwd=SOURCE, env=env, stdout=said, stderr=said).returncode
        clear()
        said.seek(0)
        return status, said.read()
