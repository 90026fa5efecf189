# SPDX-License-Identifier: Apache-2.0
"""A client of server-sent events (the HTML standard, section 9.2), one event at a time, over a connection of its own."""
import json
import socket

import openapi
from harness import PATIENCE


class Event:
    def __init__(self, word, id, text):
        self.word, self.id, self.text = word, id, text

    @property
    def data(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"<{self.word} {self.id} {self.text[:200]}>"


def checked(event):
    """What is told of a task is as the document says a task is."""
    if event.word == "notification.created":
        assert not openapi.errors(openapi.component("schemas", "Notification"), event.data), event.text
    elif event.word not in ("end", "task.output", "task.log") and event.text != "{}":
        task = {"result": None, **event.data, "input": None}
        assert not openapi.errors(openapi.component("schemas", "Task"), task), event.text
    return event


class Stream:
    """An open answer. `status`, `headers`, events by next(); `last`, the id to come back with."""

    def __init__(self, bide, target, headers=(), method="GET", body=None, small=False):
        self.connection = bide.connect(timeout=PATIENCE + 5)
        if small:  # so that what is not read fills up soon
            self.connection.sock = socket.socket()
            self.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.connection.sock.connect(("127.0.0.1", bide.port))
        headers = {"Accept": "text/event-stream", **dict(headers)}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        self.connection.request(method, target, body=body, headers=headers)
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.headers = {k.lower(): v for k, v in self.answer.getheaders()}
        self.last = None
        self.comments = 0

    def close(self):
        self.answer.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        word, data = None, []
        while True:
            line = self.answer.readline()
            if not line:
                raise StopIteration
            line = line.decode().rstrip("\n")
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if line == "":
                if data:
                    return checked(Event(word, self.last, "\n".join(data)))
                word, data = None, []
            elif name == "":
                self.comments += 1
            elif name == "event":
                word = value
            elif name == "data":
                data.append(value)
            elif name == "id":
                self.last = value
            else:
                assert name == "retry", line

    def until(self, word):
        """The events up to the first of this name, that one included."""
        seen = []
        for event in self:
            seen.append(event)
            if event.word == word:
                return seen
        raise AssertionError(f"no {word} among {seen}")


def task_stream(bide, id, last=None, **more):
    return Stream(bide, f"/v1/tasks/{id}/events", {"Last-Event-ID": last} if last else {}, **more)


def words(events):
    return [e.word for e in events]
