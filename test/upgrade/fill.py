#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the bide that BIDE_BIN names and makes every kind of row that it knows; then the server is stopped, or killed.
Called by make_file.sh, for a build of any commit: whatever it does not know is left out.

    fill.py DIRECTORY NAME stop|kill      DIRECTORY/NAME.json, and the store as DIRECTORY/NAME.db (and its log)

The JSON says what a later build must show: each task as this build showed it last, its log, and what must become of it.
Nothing in it depends on when it is read: what waits is held by a paused queue, or is due soon, which old_file.py makes now.
"""
import hashlib
import json
import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))

from fixtures import with_actor  # noqa: E402
from harness import ENDINGS, Server, until  # noqa: E402

SOON_MS = 20_000
"""From now: after the end of this run."""
FAR = "2100-01-01T00:00:00Z"
LONG = 200  # characters: longer texts are kept as their hash


def config(command_of_slow, retain=True):
    """Of the old build, whose `slow` tasks hang, and of the new one, whose do not."""
    return with_actor(
        queues={"default": {"concurrency": 8}, "held": {"concurrency": 2}, "other": {}, "drained": {}},
        types={
            "cat": {"exec": ["/bin/cat"]},
            "say": {"exec": ["/bin/sh", "-c", "echo it was said >&2; cat"]},
            "sorry": {"exec": ["/bin/sh", "-c", "echo sorry >&2; exit 1"], "max_attempts": 1},
            "second": {"exec": ["/bin/sh", "-c", 'test "$0" -gt 1 && echo \\"at last\\"', "{attempt}"]},
            "hang": {"exec": ["/bin/sleep", "60"], "timeout": "300ms", "max_attempts": 1},
            "crash": {"exec": ["/bin/sh", "-c", "kill -9 $$"], "max_attempts": 2},
            "slow": {"exec": command_of_slow, "grace": "50s"},
            **({"strip": {"exec": ["/bin/cat"], "retain": {"input": "0s", "result": "0s"}}} if retain else {}),
        },
    )


def shorten(value):
    """The value with its long texts as hashes."""
    if isinstance(value, dict):
        return {key: shorten(v) for key, v in value.items()}
    if isinstance(value, list):
        return [shorten(v) for v in value]
    if isinstance(value, str) and len(value) > LONG:
        return {"sha256": hashlib.sha256(value.encode()).hexdigest(), "length": len(value)}
    return value


class Filling:
    def __init__(self, bide):
        self.bide = bide
        self.ids = {}
        self.after = {}  # name -> what must become of it; None: it is as it was
        self.removed = []
        self.keys = {}

    def put(self, name, type, input=None, after=None, headers=(), **fields):
        body = {"type": type, "input": {"name": name} if input is None else input, **fields}
        answer = self.bide.post("/v1/tasks", body, headers)
        assert answer.status == 202, (name, answer)
        self.ids[name] = answer.json["id"]
        self.after[name] = after
        return self.ids[name]

    def knows(self, name, type, **fields):
        """Is this a member of a submit?"""
        answer = self.bide.post("/v1/tasks", {"type": type, "input": {"name": name}, **fields})
        if answer.status == 202:
            self.ids[name], self.after[name] = answer.json["id"], None
        return answer.status == 202

    def act(self, name, *steps, **fields):
        return self.put(name, "act", {"steps": [list(step) for step in steps]}, **fields)

    def ask(self, method, target, body=None):
        """Does what a build may not know; was it done?"""
        answer = self.bide.send(method, target, body)
        assert answer.status in (200, 202, 204, 404, 405), answer
        return answer.status < 300

    def end(self, name, status):
        return self.bide.ended(self.ids[name], status)

    def endings(self):
        bide = self.bide
        self.put("done", "cat", subject="ann", tags={"lang": "de", "page": "1"}, priority=3)
        self.put("said", "say", subject="ann", timeout_ms=30_000, max_attempts=2)
        self.put("big", "cat", {"text": "large " * 1500})
        self.put("failed", "sorry", tags={"lang": "de"})
        self.put("timeout", "hang")
        self.act("poison", ["kill", 9], max_attempts=9)
        self.put("crashed", "crash", retry={"backoff": "fixed", "base_ms": 1})
        self.put("tried twice", "second", retry={"backoff": "fixed", "base_ms": 1})
        self.act("typed", ["print", "on stdout"], ["fail", {"code": "no_good", "message": "it is not", "detail": "line 1\nline 2",
                                                            "type": "ValueError", "retry": False}])
        self.act("files", ["say", {"op": "progress", "percent": 42.5, "message": "halfway", "data": {"n": 1}}],
                 ["file", "out.txt", "it"], ["say", {"op": "done", "result": {"ok": True}, "files": ["out.txt"]}], ["silent"])
        self.put("cancelled", "cat", queue="held", subject="bob")
        self.put("expired", "cat", queue="held", start_within_ms=200)
        for name, status in (("done", "completed"), ("said", "completed"), ("big", "completed"), ("failed", "failed"),
                             ("timeout", "failed"), ("poison", "failed"), ("crashed", "failed"), ("tried twice", "completed"), ("typed", "failed"),
                             ("files", "completed"), ("expired", "expired")):
            self.end(name, status)
        bide.post(f"/v1/tasks/{self.ids['cancelled']}/cancel")
        self.end("cancelled", "cancelled")
        self.put("run again", "sorry")
        self.end("run again", "failed")
        assert self.ask("POST", f"/v1/tasks/{self.ids['run again']}/retry")
        self.end("run again", "failed")

    def later(self):
        """What only later builds know."""
        bide = self.bide
        first = self.put("keyed", "cat", headers={"Idempotency-Key": "k-1"})
        if bide.post("/v1/tasks", {"type": "cat", "input": {"name": "keyed"}}, {"Idempotency-Key": "k-1"}).json["id"] == first:
            self.keys["k-1"] = "keyed"
        if self.knows("kept forever", "cat", retain_ms=None):
            self.end("kept forever", "completed")
        self.end("keyed", "completed")
        for n in range(2):
            if self.knows(f"told {n}", "cat", subject="ann", notify={"title": "it is {task.status}", "message": f"the {n}th"}):
                self.end(f"told {n}", "completed")
                until(lambda: len(self.notices()) == n + 1, "somebody is told")
        if self.notices():
            assert self.ask("POST", f"/v1/notifications/{self.notices()[0]['id']}/read")
        for name, verb, body, status in (("outside", "complete", {"result": [1, 2]}, "completed"),
                                         ("outside failed", "fail", {"code": "x", "message": "not here"}, "failed")):
            id = self.put(name, "cat", queue="held", after={"status": "completed"})
            if self.ask("POST", f"/v1/tasks/{id}/{verb}", body):
                self.after[name] = None
                self.end(name, status)
        id = self.put("patched", "cat", queue="held", tags={"old": "1"}, after={"status": "completed"})
        self.ask("PATCH", f"/v1/tasks/{id}", {"priority": 9, "tags": {"old": None, "new": "1"}})
        if self.ask("DELETE", f"/v1/tasks/{self.ids['tried twice']}"):
            self.removed.append(self.ids.pop("tried twice"))
            del self.after["tried twice"]
        if bide.post("/v1/tasks", {"type": "strip"}).status == 202:
            self.put("stripped", "strip", {"gone": "soon"})
            self.end("stripped", "completed")
            assert self.ask("POST", "/v1/gc")
            until(lambda: bide.task(self.ids["stripped"])["input"] is None, "the input is gone")

    def notices(self):
        answer = self.bide.send("GET", "/v1/notifications")
        return answer.json["items"] if answer.status == 200 else []

    def queues(self):
        self.ask("POST", "/v1/queues/other/pause")
        self.ask("POST", "/v1/queues/other/resume")
        self.ask("PATCH", "/v1/queues/held", {"concurrency": 3, "capacity": 70})
        self.ask("POST", "/v1/queues/drained/drain")

    def waiting(self, clean):
        completed = {"status": "completed"}
        for n, priority in enumerate((0, 5, -5)):
            self.put(f"pending {n}", "cat", queue="held", priority=priority, subject="ann", after=completed)
        self.put("scheduled", "cat", run_at=FAR, tags={"lang": "en"}, after={"status": "scheduled"})
        self.put("retrying", "second", after={**completed, "result": "at last", "attempt": 2}, max_attempts=3,
                 retry={"backoff": "fixed", "base_ms": SOON_MS, "jitter": "none"})
        until(lambda: self.bide.task(self.ids["retrying"])["status"] == "retrying", "a retry is waited for")
        self.put("due", "cat", delay_ms=SOON_MS, after=completed)
        self.put("late", "cat", queue="held", start_within_ms=SOON_MS, after={"status": "expired"})
        if clean:
            return
        for n in range(2):
            self.put(f"running {n}", "slow", after=completed)
        self.put("being cancelled", "slow", after={"status": "cancelled"})
        for name in ("running 0", "running 1", "being cancelled"):
            until((self.bide.dir / f"deaf-{self.ids[name]}").exists, "it runs and hears nothing")
        answer = self.bide.post(f"/v1/tasks/{self.ids['being cancelled']}/cancel")
        assert answer.json["status"] == "running" and answer.json["cancel_requested"], answer

    def record(self, clean):
        bide = self.bide
        tasks = {}
        for name, id in self.ids.items():
            shown = bide.task(id)
            assert self.after[name] or shown["status"] in ENDINGS, shown
            log = bide.send("GET", f"/v1/tasks/{id}/log")
            del shown["urls"]
            tasks[name] = {"shown": shorten(shown), "log": shorten(log.body.decode()) if log.status == 200 else "",
                           "after": self.after[name]}
        kept = ("name", "paused", "draining", "concurrency", "capacity")
        queues = [{k: v for k, v in q.items() if k in kept} for q in bide.get_json("/v1/queues")["items"]]
        return {"stopped": clean, "tasks": tasks, "removed": self.removed, "keys": self.keys, "queues": queues,
                "notices": self.notices()}


def fill(bide, clean):
    f = Filling(bide)
    f.queues()
    assert f.ask("POST", "/v1/queues/held/pause")
    f.endings()
    f.later()
    f.waiting(clean)
    return f.record(clean)


def started(directory):
    """The old build's server; without what its configuration does not know."""
    slow = ["/bin/sh", "-c", "trap '' TERM INT; : > deaf-$0; while :; do sleep 1; done", "{id}"]
    bide = Server(directory, config(slow))
    bide.launch()
    until(lambda: "listening on" in bide.text() or bide.process.poll() is not None, "it listens or ends")
    if bide.process.poll() is not None:
        bide.configure(config(slow, retain=False))
    else:
        bide.terminate()
    return bide.start()


def text(record):
    """JSON with a line for each task."""
    tasks = [f"  {json.dumps(name)}: {json.dumps(task, sort_keys=True)}" for name, task in record.pop("tasks").items()]
    rest = json.dumps(record, sort_keys=True)
    return rest[:-1] + ',\n "tasks": {\n' + ",\n".join(tasks) + "\n}}\n"


def main():
    out, name, how = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    directory = out / f"{name}.run"
    directory.mkdir()
    bide = started(directory)
    try:
        record = fill(bide, how == "stop")
        if how == "kill":
            bide.kill9()
        else:
            assert bide.terminate() == 0, bide.text()
    finally:
        bide.release()
    for end in ("", "-wal"):
        if (directory / f"bide.db{end}").exists():
            shutil.copy(directory / f"bide.db{end}", out / f"{name}.db{end}")
    (out / f"{name}.json").write_text(text(record))
    shutil.rmtree(directory)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    main()
