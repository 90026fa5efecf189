# SPDX-License-Identifier: Apache-2.0
"""A worker process driven over pipes, as bide itself would drive it: no server. The frames are those of bide/1."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(__file__).with_name("sdk_worker.py")


class Process:
    """A worker process, its descriptors 3 and 4, and a directory for its attempts."""

    def __init__(self, **env):
        self.dir = tempfile.TemporaryDirectory()
        child_in, self._in = os.pipe()
        out, child_out = os.pipe()
        self.popen = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            pass_fds=(child_in, child_out),
            env={**os.environ, "BIDE_IN": str(child_in), "BIDE_OUT": str(child_out), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(child_in)
        os.close(child_out)
        self._out = os.fdopen(out, "rb")

    def say(self, **frame):
        os.write(self._in, json.dumps(frame).encode() + b"\n")

    def give(self, *tasks):
        defaults = {"fence": "9f86d081884c7d65", "attempt": 1, "timeout_ms": 1000, "dir": self.dir.name, "resume": None}
        self.say(op="run", tasks=[{**defaults, **task} for task in tasks])

    def hear(self):
        line = self._out.readline()
        return json.loads(line) if line else None

    def hear_verdicts(self, count):
        verdicts = {}
        while len(verdicts) < count:
            frame = self.hear()
            assert frame is not None, "the worker left"
            if frame["op"] in ("done", "fail", "cancelled"):
                assert frame["id"] not in verdicts, "two verdicts"
                verdicts[frame["id"]] = frame
        return verdicts

    def do(self, type, input=None, **task):
        self.give({"id": "t1", "type": type, "input": input, **task})
        return self.hear_verdicts(1)["t1"]

    def close_in(self):
        if self._in >= 0:
            os.close(self._in)
            self._in = -1

    def end(self):
        """Closes its input; returns its exit status, stdout and stderr."""
        self.close_in()
        out, err = self.popen.communicate(timeout=20)
        return self.popen.returncode, out, err

    def release(self):
        self.close_in()
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.communicate()
        self._out.close()
        self.dir.cleanup()


class WorkerCase(unittest.TestCase):
    def start(self, **env):
        process = Process(**env)
        self.addCleanup(process.release)
        return process

    def ready(self, **env):
        process = self.start(**env)
        self.assertEqual(process.hear()["op"], "ready")
        return process
