# SPDX-License-Identifier: Apache-2.0
"""Twenty things that a server does, each of which can be played again and again while calls fail underneath.

A scenario has four steps: `ready` makes what it needs, while nothing fails; `act` does it, while something may, and
returns the answers; `judge` says, while nothing fails any more, whether they were true; and played without a fault it has to
succeed (`fine`).
"""
import json
import signal

from fixtures import with_actor
from harness import ENDINGS, until
from world import FAR

NDJSON = {"Content-Type": "application/x-ndjson"}
PATCH = {"Content-Type": "application/merge-patch+json"}


class Scenario:
    shows = False
    """Its answer is read after the commit: when that read fails, it is a refusal of what was done."""

    def ready(self, w):
        return None

    def act(self, w, it):
        raise NotImplementedError

    def judge(self, w, it, answer):
        """A success is true, a refusal is of the right kind and changed nothing."""
        if answer.ok:
            assert self.done(w, it, answer), f"{type(self).__name__}: {answer}, but it was not done"
        elif not answer.broken:
            w.refused(answer)
            either = self.shows and w.reads_fail and self.done(w, it, answer)
            assert either or self.undone(w, it), f"{type(self).__name__}: {answer}, but something was done"
        else:
            until(lambda: self.undone(w, it) or self.done(w, it, answer), f"{type(self).__name__}: it is done, or not")

    def done(self, w, it, answer):
        return True

    def undone(self, w, it):
        return True

    def fine(self, answer):
        return answer.ok


# ---- submits ----


class Submit(Scenario):
    headers = ()

    def ready(self, w):
        return {"type": "cat", "input": {"a": [1, 2]}, "subject": w.name(), "delay_ms": FAR, "tags": {"k": "v"}}

    def act(self, w, body):
        return w.ask("POST", "/v1/tasks", body, self.headers)

    def done(self, w, body, answer):
        there = w.about(body["subject"])
        for task in there:
            w.accepted[task["id"]] = body["subject"]
        return len(there) == 1 and (not answer.ok or there[0]["id"] == answer.json["id"]) and w.task(there[0]["id"])["input"] == {"a": [1, 2]}

    def undone(self, w, body):
        return not w.about(body["subject"])


class SubmitWithKey(Submit):
    """Sent until it is answered: one task."""

    def act(self, w, body):
        return w.ask("POST", "/v1/tasks", body, {"Idempotency-Key": body["subject"]})

    def judge(self, w, body, answer):
        super().judge(w, body, answer)
        again = w.sure("POST", "/v1/tasks", body, {"Idempotency-Key": body["subject"]})
        assert not answer.ok or again.json["id"] == answer.json["id"]
        assert self.done(w, body, again), "one task for one key"


class Batch(Scenario):
    def ready(self, w):
        return [{"type": "cat", "subject": w.name(), "delay_ms": FAR} for _ in range(5)]

    def act(self, w, bodies):
        return w.ask("POST", "/v1/tasks:batch", bodies)

    def items(self, answer):
        return answer.json["items"]

    def judge(self, w, bodies, answer):
        if not answer.ok:
            return super().judge(w, bodies, answer)
        items = self.items(answer)
        assert [item["index"] for item in items] == list(range(5)), answer
        for body, item in zip(bodies, items):
            there = [task["id"] for task in w.about(body["subject"])]
            assert there == ([item["id"]] if item["status"] == 202 else []), (item, there)
            assert item["status"] in (202, 503, 507), item
            if item["status"] == 202:
                w.accepted[item["id"]] = body["subject"]

    def undone(self, w, bodies):
        return not any(w.about(body["subject"]) for body in bodies)

    def done(self, w, bodies, answer):
        return any(w.about(body["subject"]) for body in bodies)

    def fine(self, answer):
        return answer.ok and all(item["status"] == 202 for item in self.items(answer))


class BatchLines(Batch):
    def act(self, w, bodies):
        return w.ask("POST", "/v1/tasks:batch", "\n".join(map(json.dumps, bodies)).encode(), NDJSON)

    def items(self, answer):
        return [json.loads(line) for line in answer.body.splitlines()]


# ---- changes ----


class Patch(Scenario):
    shows = True

    def ready(self, w):
        return w.submit(delay_ms=FAR, tags={"a": "1"})

    def act(self, w, id):
        return w.ask("PATCH", f"/v1/tasks/{id}", {"priority": 9, "tags": {"a": None, "b": "2"}}, PATCH)

    def shown(self, w, id):
        task = w.task(id)
        return task["priority"], task["tags"]

    def done(self, w, id, answer):
        return self.shown(w, id) == (9, {"b": "2"}) and [t["id"] for t in w.bide.listed(tag="b:2", subject=w.task(id)["subject"])] == [id]

    def undone(self, w, id):
        return self.shown(w, id) == (0, {"a": "1"})


class CancelPending(Scenario):
    verb, before, after, shows = "cancel", "scheduled", "cancelled", True

    def ready(self, w):
        return w.submit(delay_ms=FAR)

    def act(self, w, id):
        return w.ask("POST", f"/v1/tasks/{id}/{self.verb}")

    def done(self, w, id, answer):
        return w.task(id)["status"] == self.after

    def undone(self, w, id):
        return w.task(id)["status"] == self.before


class Complete(CancelPending):
    verb, after = "complete", "completed"


class CancelRunning(CancelPending):
    """An attempt that was told to stop; a refused cancel leaves it running."""

    def ready(self, w):
        id = w.submit("act", input={"steps": [["until", w.bide.gate("never")]]})
        w.bide.seen(id, "running")
        return id

    def judge(self, w, id, answer):
        if answer.ok:
            w.bide.ended(id, "cancelled")
        elif not answer.broken:
            w.refused(answer)
            assert w.reads_fail or not w.task(id)["cancel_requested"], "a cancel that was refused"
        w.sure("POST", f"/v1/tasks/{id}/cancel")
        w.bide.ended(id, "cancelled")


class Retry(Scenario):
    shows = True

    def ready(self, w):
        return w.ended("bad", "failed")

    def act(self, w, id):
        return w.ask("POST", f"/v1/tasks/{id}/retry")

    def done(self, w, id, answer):
        if w.task(id)["run"] != 2:
            return False
        w.bide.ended(id, "failed")
        runs = w.sure("GET", f"/v1/tasks/{id}/attempts").json["runs"]
        return [(r["run"], r["status"]) for r in runs] == [(2, "failed"), (1, "failed")]

    def undone(self, w, id):
        task = w.task(id)
        return (task["run"], task["status"]) == (1, "failed")


class Delete(Scenario):
    def ready(self, w):
        return w.ended()

    def act(self, w, id):
        return w.ask("DELETE", f"/v1/tasks/{id}")

    def done(self, w, id, answer):
        gone = w.task(id) is None
        if gone:
            w.accepted.pop(id, None)
        return gone

    def undone(self, w, id):
        return w.task(id) is not None


class Bulk(Scenario):
    """What was changed before the store failed stays changed, and the refusal says how much that was."""

    def ready(self, w):
        word = w.name()
        return word, [w.submit(delay_ms=FAR, tags={"bulk": word}) for _ in range(4)]

    def act(self, w, it):
        return w.ask("POST", "/v1/tasks:cancel", {"tags": {"bulk": it[0]}})

    def judge(self, w, it, answer):
        changed = sum(w.task(id)["status"] == "cancelled" for id in it[1])
        if answer.ok:
            assert answer.json["changed"] == changed == 4, (answer, changed)
        elif not answer.broken:
            detail = w.refused(answer)["detail"]
            assert changed == 0 or f" {changed} tasks were changed" in detail, (changed, detail)


class QueueSet(Scenario):
    shows = True

    def ready(self, w):
        w.sure("PATCH", "/v1/queues/other", {"capacity": 7, "paused": False}, PATCH)

    def act(self, w, it):
        return w.ask("PATCH", "/v1/queues/other", {"capacity": 50, "paused": True}, PATCH)

    def shown(self, w):
        queue = w.bide.queue("other")
        return queue["capacity"], queue["paused"]

    def done(self, w, it, answer):
        return self.shown(w) == (50, True)

    def undone(self, w, it):
        return self.shown(w) == (7, False)


class Collect(Scenario):
    """Retention, asked for: what it says it removed is gone, the rest is whole."""

    def ready(self, w):
        ids = [w.ended(retain_ms=None) for _ in range(2)]
        brief = [w.ended(retain_ms=0) for _ in range(2)]
        for id in brief:
            w.accepted.pop(id)
        return ids, brief

    def act(self, w, it):
        return w.ask("POST", "/v1/gc", {})

    def judge(self, w, it, answer):
        kept, brief = it
        if answer.status == 409:  # the server was at it by itself
            return
        if answer.ok:
            assert [w.task(id) for id in brief] == [None, None], answer
        elif not answer.broken:
            w.refused(answer)
        until(lambda: w.ask("POST", "/v1/gc", {}).ok, "it collects")
        assert [w.task(id) for id in brief] == [None, None]
        assert [w.task(id)["result"] for id in kept] == [{"name": w.accepted[id]} for id in kept]

    def fine(self, answer):
        return answer.ok or answer.status == 409


# ---- reads ----


class Read(Scenario):
    """A read that succeeds says all there is to say."""

    def expected(self, w, it, answer):
        raise NotImplementedError

    def done(self, w, it, answer):
        return answer.broken or self.expected(w, it, answer)


class Listing(Read):
    def ready(self, w):
        word = w.name()
        return word, [w.submit(delay_ms=FAR, tags={"list": word}, input={"x": "y" * 9000}) for _ in range(3)]

    def act(self, w, it):
        return w.ask("GET", f"/v1/tasks?tag=list:{it[0]}")

    def expected(self, w, it, answer):
        page = answer.json
        found = [task["id"] for task in page["items"]]
        assert found == it[1][::-1][: len(found)], answer
        return len(found) == 3 or page["next_cursor"]


class GetWithWait(Read):
    def ready(self, w):
        return w.submit(delay_ms=30)

    def act(self, w, id):
        return w.ask("GET", f"/v1/tasks/{id}?wait=10")

    def expected(self, w, id, answer):
        return answer.json["status"] == "completed" and answer.json["result"] == {"name": w.accepted[id]}

    def judge(self, w, id, answer):
        super().judge(w, id, answer)
        w.bide.ended(id, "completed")


class Ended(Read):
    what = "attempts"

    def ready(self, w):
        return w.ended("file")

    def act(self, w, id):
        return w.ask("GET", f"/v1/tasks/{id}/{self.what}")

    def expected(self, w, id, answer):
        shown = answer.json
        return [a["verdict"] for a in shown["items"]] == ["done"] and [r["status"] for r in shown["runs"]] == ["completed"]


class Log(Ended):
    what = "log"

    def expected(self, w, id, answer):
        return answer.body == b"said\n"


class OutputFile(Ended):
    what = "files/out.txt"

    def expected(self, w, id, answer):
        return answer.body == b"hello\n"

    def judge(self, w, id, answer):
        assert answer.status != 404, answer
        super().judge(w, id, answer)


class Numbers(Read):
    def ready(self, w):
        return w.submit(delay_ms=FAR)

    def act(self, w, id):
        return w.ask("GET", "/v1/queues/default")

    def expected(self, w, id, answer):
        return answer.json["depth"]["scheduled"] == len(w.bide.listed(status="scheduled", queue="default", limit=200))


# ---- work ----


class Work(Scenario):
    """A task from its submit to its ending. The fault may strike anywhere on the way; what was accepted completes."""

    type, input = "cat", {"a": 1}

    def result(self, task):
        return task["result"] == {"a": 1}

    def ready(self, w):
        return {"type": self.type, "input": self.input, "subject": w.name()}

    def act(self, w, body):
        answer = w.ask("POST", "/v1/tasks", body)
        id = answer.ok and answer.json["id"]

        def over():
            if not id or not w.alive() or w.faults.hits():
                return True
            task = w.ask("GET", f"/v1/tasks/{id}?wait=1")
            return task.ok and task.json["status"] in ENDINGS

        until(over, "it ended, or something was struck")
        return answer

    def judge(self, w, body, answer):
        if not answer.ok and not answer.broken:
            w.refused(answer)
        for task in w.about(body["subject"]):
            w.accepted[task["id"]] = body["subject"]
            assert not answer.ok or task["id"] == answer.json["id"]
            assert answer.ok or answer.broken, ("refused, and there", answer, task)
            assert self.result(w.bide.ended(task["id"], "completed"))
        assert not answer.ok or w.about(body["subject"]), "accepted, and lost"


class WorkerTask(Work):
    type, input = "act", {"steps": [["print", "x"], ["say", {"op": "progress", "percent": 5}], ["done", [1]]]}

    def result(self, task):
        return task["result"] == [1]


class WorkerStart(WorkerTask):
    """The same with processes that have yet to be started."""

    def ready(self, w):
        for worker in w.sure("GET", "/v1/workers").json["items"]:
            if worker["pid"]:
                w.ask("POST", f"/v1/workers/{worker['id']}/recycle")
        until(lambda: not any(worker["pid"] for worker in w.sure("GET", "/v1/workers").json["items"]), "no process")
        return super().ready(w)


class FileTask(Work):
    type = "file"

    def result(self, task):
        return task["result"] == 1 and task["files"] == ["out.txt"]


class Reload(Scenario):
    """SIGHUP: all of the new configuration, or nothing of it."""

    def ready(self, w):
        self.tell(w, 3)
        assert w.bide.queue("other")["concurrency"] == 3
        return None

    def tell(self, w, concurrency):
        w.bide.configure(with_actor(**{**w.parts, "queues": {"default": {"concurrency": 8}, "other": {"concurrency": concurrency}}}))
        said = w.bide.text()
        w.bide.process.send_signal(signal.SIGHUP)
        until(lambda: self.word(w, said) or not w.alive(), "it says what came of it")
        return self.word(w, said)

    def word(self, w, before):
        said = w.bide.text()[len(before) :]
        return "done" if "reload: done" in said else "nothing" if "nothing changed" in said else None

    def act(self, w, it):
        return self.tell(w, 4)

    def judge(self, w, it, word):
        shown = w.bide.queue("other")["concurrency"]
        if word:
            assert shown == (4 if word == "done" else 3), (word, shown)

    def fine(self, word):
        return word == "done"


ALL = [Submit, SubmitWithKey, Batch, BatchLines, Patch, CancelPending, Complete, CancelRunning, Retry, Delete, Bulk, QueueSet,
       Collect, Listing, GetWithWait, Ended, Log, OutputFile, Numbers, Work, WorkerTask, FileTask, Reload]  # fmt: skip
