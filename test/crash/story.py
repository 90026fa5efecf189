# SPDX-License-Identifier: Apache-2.0
"""One client that does one thing after the other and remembers what it was told, until the server dies under it.

What a task may look like afterwards is a set of (status, run): what the last answer about it allows. While a request is
under way the set holds what stood before and what the request asks for; its answer leaves the latter alone. ABSENT is the
status of a task that is not there. A task is known by its subject, so one whose 202 never came is found, too.
"""
import http.client
import json

ABSENT = ("absent", 0)
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
PATCH = {"Content-Type": "application/merge-patch+json"}


def waits(run=1):
    return {("pending", run), ("running", run), ("retrying", run)}


class Died(Exception):
    """The server ended in the middle of a request."""


class Story:
    def __init__(self, bide):
        self.connection = bide.connect()
        self.may = {}  # subject -> what the task may be
        self.ids = {}  # subject -> id, of those that were acknowledged
        self.endings = {}  # (subject, run) -> (status, finished_at), as seen

    def ask(self, method, target, body=None, headers=JSON, expect=(200, 202, 204)):
        try:
            text = body if body is None or isinstance(body, bytes) else json.dumps(body)
            self.connection.request(method, target, text, headers if body is not None else {})
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Died from error
        assert answer.status in expect, (method, target, answer.status, content)
        if headers is NDJSON:
            return [json.loads(line) for line in content.splitlines()]
        return json.loads(content) if content else None

    def change(self, subjects, after, call):
        """`call` changes these tasks so that each is one of `after`."""
        for subject in subjects:
            self.may[subject] = self.may.get(subject, {ABSENT}) | after
        result = call()
        for subject in subjects:
            self.may[subject] = set(after)
        return result

    # what a client does

    def bodies(self, subjects, type, fields):
        return [{"type": type, "subject": s, "input": {"name": s}, **fields} for s in subjects]

    def expected(self, fields, ending):
        return {("scheduled", 1)} if "delay_ms" in fields else waits() | {(ending, 1)}

    def submit(self, subject, type="note", ending="completed", key=None, **fields):
        headers = {**JSON, **({"Idempotency-Key": key} if key else {})}
        [body] = self.bodies([subject], type, fields)
        after = self.expected(fields, ending) | ({ABSENT} if fields.get("retain_ms") == 0 else set())
        self.ids[subject] = self.change([subject], after, lambda: self.ask("POST", "/v1/tasks", body, headers))["id"]

    def batch(self, subjects, lines=False, **fields):
        bodies = self.bodies(subjects, "note", fields)
        sent = "\n".join(map(json.dumps, bodies)).encode() if lines else json.dumps(bodies).encode()

        def call():
            answer = self.ask("POST", "/v1/tasks:batch", sent, NDJSON if lines else JSON)
            return answer if lines else answer["items"]

        for subject, item in zip(subjects, self.change(subjects, self.expected(fields, "completed"), call)):
            assert item["status"] == 202, item
            self.ids[subject] = item["id"]

    def ends(self, subject, status, run=1):
        task = self.ask("GET", f"/v1/tasks/{self.ids[subject]}?wait=20")
        assert (task["status"], task["run"]) == (status, run), task
        self.may[subject] = {(status, run)}
        self.endings[subject, run] = (status, task["finished_at"])

    def verb(self, subject, verb, after, body=None):
        return self.change([subject], after, lambda: self.ask("POST", f"/v1/tasks/{self.ids[subject]}/{verb}", body))

    def cancel(self, subject):
        self.verb(subject, "cancel", {("cancelled", 1)})

    def retry(self, subject, ending):
        self.verb(subject, "retry", waits(2) | {(ending, 2)})

    def delete(self, subject):
        self.change([subject], {ABSENT}, lambda: self.ask("DELETE", f"/v1/tasks/{self.ids[subject]}"))

    # what is so afterwards

    def check(self, bide):
        """After the death and a new start, when all has ended that could: is what was told still so?"""
        there = {task["subject"]: task for task in bide.listed(limit=200)}
        for subject, may in self.may.items():
            task = there.pop(subject, None)
            stands = (task["status"], task["run"]) if task else ABSENT
            later = {pair for pair in may if pair[0] not in ("pending", "running", "retrying")}
            assert stands in later, f"{subject} is {stands}, and may be {later}: {task}"
            if task and subject in self.ids:
                assert task["id"] == self.ids[subject]
            if stands in ((s, run) for (name, run), (s, _) in self.endings.items() if name == subject):
                assert self.endings[subject, task["run"]][1] == task["finished_at"], f"it ended twice: {task}"
        assert not there, f"nobody submitted these: {there}"
