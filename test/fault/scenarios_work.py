# SPDX-License-Identifier: Apache-2.0
"""Reads, which say all there is to say or refuse; tasks from their submit to their ending; and a reload."""
import signal

from fixtures import with_actor
from harness import ENDINGS, until
from scenario import Scenario
from world import FAR

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
                w.ask("POST", f"/v1/workers/{worker['id']}/stop")
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
        w.bide.configure(with_actor(**{**w.parts, "queues": {**w.parts["queues"], "other": {"concurrency": concurrency}}}))
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
