#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""taker.py --db FILE --service URL: a queue instead of polling. Each ending is followed by a task of type `recognized`, which waits
until this program takes it and writes the ending into the application's database. Killed in the middle it is given it again;
SIGTERM ends it after what it has."""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "sdk/python"))
from bide import Retry  # noqa: E402
from bide.worker import Worker  # noqa: E402

from books import Books  # noqa: E402
from service import Service  # noqa: E402

worker = Worker()


def ended(books, service, task):
    """`task.input`: the task that ended, as the API shows it."""
    id, status, result, error = (task.input[name] for name in ("id", "status", "result", "error"))
    if status == "completed" and result is None:  # too long to be in it
        result = service.state(id)["result"]
    word = "completed" if status == "completed" else "failed"
    done = books.end(id, word, result, error and error["message"], "queue")
    if done is None:
        raise Retry("not known yet", after=1)  # seconds
    return {"applied": done}


def main():
    said = argparse.ArgumentParser(description="takes endings from the service's queue")
    said.add_argument("--db", required=True)
    said.add_argument("--service", default="http://127.0.0.1:8080")
    args = said.parse_args()
    books, service = Books(args.db), Service(args.service)
    worker.task("recognized")(lambda task: ended(books, service, task))
    worker.run(pull=args.service)


if __name__ == "__main__":
    main()
