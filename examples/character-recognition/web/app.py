#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""app.py --db FILE --service URL: a small web application that has books, and asks the service who is in them.

Two ways bring an ending, and either is enough: the service calls back, and a thread asks after what is open, every --poll
seconds for at most --poll-for. Books.end lets the first win. What was promised to a client and not yet handed to the service
when this process was killed is handed on at its next start, or the next look, under the same key."""
import argparse
import itertools
import json
import re
import sqlite3
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from books import Books
from service import Refused, Service
from signed import is_genuine

LONGEST = 16 << 20  # bytes of a request
ENDINGS = ("completed", "failed")
NEVER = (400, 413, 422)  # of a text


class App:
    """`poll`: seconds between two looks, 0: none. `url`: where the service calls back, None: nowhere."""

    def __init__(self, books, service, poll, url=None, secret=None):
        self.books, self.service, self.poll, self.url, self.secret = books, service, poll, url, secret
        self.stop, self.handing_on = threading.Event(), threading.Lock()

    def hand_on(self, book=None):
        """What the service has not been given yet. One that it will never take ends; for the others it is to be asked again."""
        with self.handing_on:
            for one in self.books.unsubmitted(book):
                callback = self.url and f"{self.url}/api/books/{one['bookId']}/characters/recognize/callback"
                key = one["requestKey"]
                try:
                    self.books.submitted(key, self.service.submit(self.books.text(one["bookId"]), one["priority"], callback, key))
                except Refused as refused:
                    if refused.status not in NEVER:
                        raise
                    self.books.refused(key, str(refused))

    def look(self, task):
        """Asks after one task."""
        try:
            seen = self.service.state(task)
        except Refused as refused:
            if refused.status in (404, 410):  # cleaned up there, so nothing will come any more
                self.books.end(task, "failed", None, "the service does not know it any more", "poll")
                return
            raise
        if seen["status"] in ENDINGS:
            self.books.end(task, seen["status"], seen["result"], seen["error"], "poll")
        else:
            self.books.progress(task, seen["status"], seen["progress"], seen["message"])

    def follow(self):
        """The poller."""
        while not self.stop.wait(self.poll):
            self.quietly(self.hand_on)
            for task in self.books.to_poll():
                self.quietly(self.look, task)

    @staticmethod
    def quietly(call, *args):
        """The service may be away, or the database busy: the next look is for that."""
        try:
            call(*args)
        except (OSError, Refused, sqlite3.OperationalError) as error:
            print(f"{call.__name__}: {error}", file=sys.stderr, flush=True)

    def called_back(self, said):
        """200: it is written, by this or before; 409: not known yet, it is to call again."""
        done = self.books.end(said["task_id"], said["status"], said["result"], said["error"], "callback")
        return (409, {"error": "not known yet"}) if done is None else (200, {"applied": done})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.route("GET")

    def do_POST(self):
        self.route("POST")

    def route(self, method):
        app, url = self.server.app, urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST:
            self.close_connection = True
            return self.answer(413, {"error": "too long"})
        self.body = self.rfile.read(length)
        for verb, pattern, act in ROUTES:
            match = re.fullmatch(pattern, url.path)
            if match and verb == method:
                try:
                    answer = act(self, app, *map(int, match.groups()))
                except (KeyError, TypeError, ValueError) as error:
                    answer = 400, {"error": f"{type(error).__name__}: {error}"}
                except (OSError, Refused) as error:
                    answer = 502, {"error": f"the service: {error}"}
                return self.answer(*answer) if answer else None
        return self.answer(404, {"error": "there is nothing here"})

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def add_book(request, app):
    given = json.loads(request.body)
    return 201, {"id": app.books.add(given["title"], given["text"])}


def recognize(request, app, book):
    if app.books.text(book) is None:
        return 404, {"error": "no such book"}
    app.books.begin(book, int(request.query.get("priority", 0)))
    app.quietly(app.hand_on, book)
    return 202, app.books.shown(book)


def show(request, app, book):
    shown = app.books.shown(book)
    return (200, shown) if shown else (404, {"error": "nobody has asked who is in it"})


def cancel(request, app, book):
    shown = app.books.shown(book)
    if not shown or not shown["externalTaskId"]:
        return 404, {"error": "nothing to cancel"}
    app.service.cancel(shown["externalTaskId"])
    return 202, shown


def callback(request, app, book):
    if app.secret and not is_genuine(app.secret, request.headers, request.body):
        return 401, {"error": "not signed by the service"}
    return app.called_back(json.loads(request.body))


def events(request, app, book):
    """Progress as it comes, handed through."""
    shown = app.books.shown(book)
    if not shown or not shown["externalTaskId"]:
        return 404, {"error": "nothing to follow"}
    lines = app.service.events(shown["externalTaskId"])
    first = next(lines, b"")  # before this one is answered: the service may be away
    request.close_connection = True
    request.send_response(200)
    request.send_header("Content-Type", "text/event-stream")
    request.end_headers()
    try:
        for line in itertools.chain([first], lines):
            request.wfile.write(line)
            request.wfile.flush()
    except OSError:
        pass  # one of the two has gone: the stream ends, and whoever wants more comes again
    return None


ONE = r"/api/books/(\d+)/characters/recognize"
ROUTES = [
    ("POST", "/api/books", add_book), ("POST", ONE, recognize), ("GET", ONE, show), ("POST", ONE + "/callback", callback),
    ("POST", ONE + "/cancel", cancel), ("GET", ONE + "/events", events),
]


def main():
    said = argparse.ArgumentParser(description="books and who is in them")
    said.add_argument("--listen", type=int, default=0, help="port on 127.0.0.1 (0: any)")
    said.add_argument("--db", required=True)
    said.add_argument("--service", default="http://127.0.0.1:8080")
    said.add_argument("--poll", type=float, default=5, help="seconds between two looks; 0: no polling")
    said.add_argument("--poll-for", type=float, default=600, help="seconds")
    said.add_argument("--callback", help="where the service reaches this application, or none; default: where it listens")
    said.add_argument("--secret", type=Path, help="file with the secret (whsec_...) that callbacks are signed with")
    args = said.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", args.listen), Handler)
    server.daemon_threads = True
    here = f"http://127.0.0.1:{server.server_port}"
    url = None if args.callback == "none" else args.callback or here
    secret = args.secret.read_text() if args.secret else None
    server.app = App(Books(args.db, args.poll_for), Service(args.service), args.poll, url, secret)
    if args.poll:
        threading.Thread(target=server.app.follow, daemon=True).start()
    server.app.quietly(server.app.hand_on)
    print(f"web listens on {here}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
