# SPDX-License-Identifier: Apache-2.0
"""Where an evil meets bide: a server with a pool and a command that misbehave, and beside them a pool and a command that
do not, whose tasks are submitted one after another all the while. Ring.over() looks at what is left when an evil is over.

As root the server is run as a user that owns no other process, so that RLIMIT_NPROC counts and whatever is left of an
evil is found, whatever it made of its environment.
"""
import contextlib
import http.client
import json
import os
import py_compile
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from fixtures import Fleet
from harness import BIDE, HERE, PATIENCE, QUICK, is_alive, remove, until

SUITE = Path(__file__).resolve().parent
GRACE = 0.6  # harness.QUICK
LATE = float(os.environ.get("BIDE_TEST_LATE", "5"))
"""Seconds that a busy machine may be late by; a promise of time that is broken is broken by more."""
PEAK_MIB = 48
"""Memory that an evil may cost beyond what a server takes that has nothing to do."""
PYTHON = [sys.executable, "-S"]


def owner(pid):
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def unused_user():
    """A user id that owns no process."""
    taken = {owner(pid) for pid in os.listdir("/proc") if pid.isdigit()}
    free = set(range(61184, 65500)) - taken
    return random.SystemRandom().choice(sorted(free))


def tasks_of(user):
    """What RLIMIT_NPROC counts: processes and their threads."""
    count = 0
    for pid in os.listdir("/proc"):
        if pid.isdigit() and owner(pid) == user:
            with contextlib.suppress(OSError):
                count += len(os.listdir(f"/proc/{pid}/task"))
    return count


class Others(threading.Thread):
    """Submits tasks that behave, waits for each, and remembers what was not as it should be."""

    def __init__(self, bide, types):
        super().__init__(daemon=True)
        self.bide, self.types = bide, types
        self.count, self.longest, self.wrong, self.stopped = 0, 0, [], threading.Event()

    def run(self):
        connection = self.bide.connect(timeout=60)
        try:
            while not self.stopped.is_set():
                self.one(connection, self.types[self.count % len(self.types)])
                time.sleep(0.005)  # sleep: it is not to take the machine
        except (OSError, http.client.HTTPException, AssertionError) as error:
            self.wrong.append(repr(error))
        finally:
            connection.close()

    def one(self, connection, type):
        body, asked = json.dumps({"type": type, "input": {"steps": []}}), time.monotonic()
        connection.request("POST", "/v1/tasks", body, {"Content-Type": "application/json", "Prefer": "wait=50"})
        answer = connection.getresponse()
        task = json.loads(answer.read())
        assert answer.status == 200 and (task["status"], task["attempt"]) == ("completed", 1), (answer.status, task)
        self.longest = max(self.longest, time.monotonic() - asked)
        self.count += 1

    def go_on(self, more=4):
        """Waits until some more have completed: they go on."""
        wanted = self.count + more
        until(lambda: self.count >= wanted or self.wrong, f"tasks of others go on, after {self.count}")
        assert not self.wrong, self.wrong

    def stop(self):
        self.stopped.set()
        self.join(PATIENCE)
        assert not self.is_alive() and not self.wrong, self.wrong


class Ring:
    """One server for one evil."""

    def __init__(self, fleet, user, home):
        self.fleet, self.user, self.home = fleet, user, home

    def open(self, pool=None, processes=None):
        """Starts the server and the others. `pool`: more of the rogue's pool; `processes`: as many the user may have."""
        rogue = self.rogue_command()
        good = [*PYTHON, str(self.home / "actor.py")]
        self.bide = self.fleet.prepare({
            "defaults": QUICK,
            "queues": {"default": {"concurrency": 4}, "rogue": {"concurrency": 2}},
            "workers": {
                "good": {"command": good, "instances": 2, "load": "boot", "keep_alive": "forever"},
                "rogue": {"command": rogue, **(pool or {})},
            },
            "types": {
                "good": {"worker": "good"},
                "fine": {"exec": ["/bin/cat"]},
                "rogue": {"worker": "rogue", "queue": "rogue"},
                "command": {"exec": [*rogue, "{input.evil}", "{dir}", "{attempt}"], "queue": "rogue"},
                "json": {"exec": [*rogue, "{input.evil}", "{dir}", "{attempt}"], "queue": "rogue", "stdout": "json"},
            },
        })
        self.path = self.bide.dir
        (self.path / "precious").mkdir()
        (self.path / "precious/file").write_text('"of somebody else"')
        self.bide.launcher = self.launcher(processes)
        self.bide.start()
        self.others = Others(self.bide, ["good"] if processes else ["good", "fine"])
        until(lambda: [w["state"] for w in self.workers("good")] == ["idle", "idle"], "the others are ready")
        self.others.start()
        self.others.go_on()
        self.before = self.good()
        return self.bide

    def rogue_command(self):
        return [*PYTHON, str(self.home / "rogue")]

    def launcher(self, processes):
        """Runs the server as somebody else, from a place where that user can read it."""
        if processes and self.user is None:
            processes += tasks_of(os.geteuid())
        limit = ["prlimit", f"--nproc={processes}"] if processes else []
        if self.user is None:
            return limit
        for path in (self.path, *self.path.rglob("*")):
            os.chown(path, self.user, self.user)
        who = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        return [*who, *limit, "/bin/sh", "-c", 'shift; exec "$0" "$@"', str(self.home / "bide")]

    # what there is

    def workers(self, pool):
        return [w for w in self.bide.get_json("/v1/workers")["items"] if w["pool"] == pool]

    def rogue(self):
        [one] = self.workers("rogue")
        return one

    def good(self):
        """The processes of the others, as (pid, restarts)."""
        return sorted((w["pid"], w["restarts"]) for w in self.workers("good"))

    def processes(self):
        """All of the server's, but not the server."""
        found = self.bide.processes()
        if self.user is not None:
            all = {int(pid) for pid in os.listdir("/proc") if pid.isdigit() and owner(pid) == self.user and is_alive(pid)}
            found = sorted({*found, *all} - {self.bide.process.pid})
        return found

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.bide.process.pid}/fd"))

    def memory(self, what):
        for line in Path(f"/proc/{self.bide.process.pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1]) / 1024
        raise AssertionError(what)

    def hurry(self):
        """Cuts a backoff short, as a person would. True when there was one."""
        waits = self.rogue()["state"] in ("backoff", "broken")
        return waits and self.bide.post("/v1/workers/rogue-1/recycle").status == 202

    def is_on(self):
        return (self.path / "on").exists()

    # the beginning and the end

    def begin(self):
        """Remembers how things are while nothing is evil."""
        self.usual = {"descriptors": self.descriptors(), "memory": self.memory("VmRSS")}

    def over(self):
        """The evil is over: nothing is left of it, and of the server's means it holds none."""
        self.others.go_on()
        self.others.stop()
        if self.rogue()["pid"]:
            self.bide.post("/v1/workers/rogue-1/stop")
        until(lambda: not self.rogue()["pid"], "the rogue's process has ended")
        assert self.good() == self.before, "the others kept their processes"
        expected = len(self.before) * 2  # each under its keeper
        until(lambda: len(self.processes()) <= expected, f"no process is left over, of {self.processes()}")
        until(lambda: self.descriptors() <= self.usual["descriptors"], f"descriptors as before: {self.usual}, {self.descriptors()}")
        until(lambda: self.directories() == [], f"the attempts' directory is clean: {self.directories()}")
        assert (self.path / "precious/file").exists()
        peak, now = self.memory("VmHWM") - self.usual["memory"], self.memory("VmRSS") - self.usual["memory"]
        print(f"memory: peak +{peak:.1f} MiB, now +{now:.1f} MiB; {self.others.count} tasks of others, {self.others.longest:.3f} s at most")
        assert self.others.longest < LATE, f"a task of others took {self.others.longest} s"
        assert peak < PEAK_MIB, f"{peak} MiB more at the peak"
        assert "internal" not in self.bide.text(), self.bide.text()

    def directories(self):
        """Those that an attempt has or had touched: spare ones are empty."""
        return sorted(d for d in os.listdir(self.path / "attempts") if not d.startswith(".spare-"))


@pytest.fixture(scope="module")
def home():
    """A directory that every user may read, with bide and the two programs."""
    place = Path(tempfile.mkdtemp(prefix="bide-home-"))
    place.chmod(0o755)
    shutil.copy(BIDE, place / "bide")
    shutil.copy(HERE / "workers/actor.py", place)
    shutil.copytree(SUITE / "rogue", place / "rogue")
    for program in (place / "rogue").glob("*.py"):
        py_compile.compile(str(program))
    yield place
    remove(place)


@pytest.fixture
def ring(home):
    fleet = Fleet()
    it = Ring(fleet, unused_user() if os.geteuid() == 0 else None, home)
    yield it
    fleet.release()
    assert it.bide.process.returncode == 0, it.bide.text()
    assert "runtime error" not in it.bide.text(), it.bide.text()
