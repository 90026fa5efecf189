# SPDX-License-Identifier: Apache-2.0
"""examples/character-recognition as it is: bide with its own bide.yaml and the web application, each on a port that it keeps."""
import base64
import http.client
import json
import signal
import socket
import sqlite3
import subprocess
import sys

import pytest
from harness import ROOT, Answer, until

EXAMPLE = ROOT / "examples/character-recognition"
SECRET = "whsec_" + base64.b64encode(b"c" * 32).decode()
sys.path[:0] = [str(EXAMPLE), str(EXAMPLE / "web")]

from people import characters, see  # noqa: E402
from sentences import sentences  # noqa: E402

NOVEL = (EXAMPLE / "harbour.txt").read_text()


def long_text(bytes):
    """The novel again and again, with people of their own in each chapter."""
    names = ["Brook", "Holloway", "Pell", "Marlow"]
    chapters = []
    while sum(map(len, chapters)) < bytes:
        other = NOVEL
        for name in names:
            other = other.replace(name, f"{name}{'abcdefghij'[len(chapters) % 10]}{'klmnopqrst'[len(chapters) // 10 % 10]}")
        chapters.append(other)
    return "\n\n".join(chapters)


def by_hand(text):
    """Who is in it, without bide."""
    places, seen = sentences(text), {}
    for n, (start, end) in enumerate(places):
        see(seen, n, text[start:end])
    return characters(seen, lambda n: text[slice(*places[n])])


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Rig:
    def __init__(self, fleet):
        self.bide = fleet.prepare({})
        self.dir = self.bide.dir
        self.bide.config_file = EXAMPLE / "bide.yaml"
        self.service = f"http://127.0.0.1:{(port := free_port())}"
        self.bide.args = ["--listen", f"127.0.0.1:{port}"]
        self.bide.env = {"BIDE_STORE": f"sqlite:{self.dir}/bide.db", "BIDE_DATA_DIR": str(self.dir), "BIDE_WEBHOOKS_SECRETS": SECRET}
        (self.dir / "secret").write_text(SECRET + "\n")
        self.db = self.dir / "books.db"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.web = self.taker = None

    def open(self, poll=0.02, **options):
        """Starts the web application; `poll`: seconds, 0: it does not."""
        said = {"listen": self.port, "db": self.db, "service": self.service, "poll": poll, "secret": self.dir / "secret", **options}
        words = [str(word) for name, value in said.items() for word in (f"--{name.replace('_', '-')}", value)]
        name, value = self.bide.mark.split("=")
        with open(self.dir / "web.log", "ab") as log:
            self.web = subprocess.Popen(
                [sys.executable, str(EXAMPLE / "web/app.py"), *words], env={name: value}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        assert b"web listens" in self.web.stdout.readline(), (self.dir / "web.log").read_text()
        return self

    def take(self):
        """Starts what takes endings from the queue."""
        name, value = self.bide.mark.split("=")
        command = [sys.executable, str(EXAMPLE / "web/taker.py"), "--db", str(self.db), "--service", self.service]
        self.taker = subprocess.Popen(command, env={name: value}, stdin=subprocess.DEVNULL)

    def close(self, how=signal.SIGKILL):
        if self.web:
            self.web.send_signal(how)
            self.web.wait(20)
            self.web.stdout.close()
            self.web = None

    def ask(self, method, path, body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode(), dict(headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def book(self, text, title="a book"):
        answer = self.ask("POST", "/api/books", {"title": title, "text": text})
        assert answer.status == 201, answer
        return answer.json["id"]

    def recognize(self, book, query=""):
        answer = self.ask("POST", f"/api/books/{book}/characters/recognize{query}")
        assert answer.status == 202, answer
        return answer.json

    def begun(self, text, query=""):
        """A book that the service is reading: (book, task)."""
        book = self.book(text)
        return book, self.recognize(book, query)["externalTaskId"]

    def shown(self, book):
        answer = self.ask("GET", f"/api/books/{book}/characters/recognize")
        assert answer.status == 200, answer
        return answer.json

    def ended(self, book):
        return until(lambda: (seen := self.shown(book))["endedBy"] and seen, f"the ending of book {book}", 60)

    def dump(self):
        with sqlite3.connect(self.db, timeout=30) as db:
            return list(db.iterdump())

    def recognized(self, book):
        """How often the characters of the book were written."""
        with sqlite3.connect(self.db, timeout=30) as db:
            return db.execute("SELECT recognized FROM book WHERE id = ?", (book,)).fetchone()[0]

    def reading(self, task, percent=0):
        """Waits until the service says that it is under way, beyond this percentage."""

        def look():
            seen = self.bide.get_json(f"/api/recognize/async/{task}")
            assert seen["status"] in ("pending", "processing"), seen
            return seen if seen["progress"] > percent else None

        return until(look, f"{task} beyond {percent} %", 60)

    def told(self, task):
        """Waits until the callback of the task was taken."""
        until(lambda: [d for d in self.deliveries(task) if d["status"] == "delivered"], f"the callback of {task}", 60)

    def deliveries(self, task):
        return self.bide.get_json(f"/v1/deliveries?task={task}")["items"]


@pytest.fixture
def rig(serve):
    one = Rig(serve)
    one.bide.start()
    yield one
    one.close()
    if one.taker:
        one.taker.kill()
        one.taker.wait(20)
