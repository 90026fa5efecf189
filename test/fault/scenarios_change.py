# SPDX-License-Identifier: Apache-2.0
"""Submits, and changes of tasks and queues: after a success it is done, after a refusal nothing is."""
import json

from harness import until
from scenario import Scenario
from world import FAR

NDJSON = {"Content-Type": "application/x-ndjson"}
PATCH = {"Content-Type": "application/merge-patch+json"}

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
