# SPDX-License-Identifier: Apache-2.0
"""Notifications read with both clients of the Python SDK."""
import sys

import pytest
from harness import ROOT, until

sys.path.insert(0, str(ROOT / "sdk/python"))
sys.path.insert(0, str(ROOT / "test/python"))

from both_clients import Asynchronous, Blocking  # noqa: E402

from bide.problems import NotFound, UnknownField  # noqa: E402

NOTIFY = {"title": "{task.subject} is {task.status}", "data": {"n": "task.input"}}


@pytest.mark.parametrize("kind", [Blocking, Asynchronous])
def test_notifications_are_listed_counted_and_read(serve, kind):
    client = kind(serve(types={"work": {"exec": ["/bin/cat"], "notify": NOTIFY}}).url)
    ids = [client("submit", "work", n, subject=f"book {n % 2}")["id"] for n in range(3)]
    until(lambda: client("unread_notifications") == 3, "three of them")
    newest = client("notifications", limit=2)
    assert {(one["task_id"], one["title"], one["read"]) for one in newest} == {
        (id, f"book {n % 2} is completed", False) for n, id in enumerate(ids)}  # fmt: skip
    [one] = client("notifications", subject="book 1", unread_only=True)
    assert one["data"] == {"n": 1} and client("notifications", task=ids[1]) == [one]
    assert client("unread_notifications", "book 1") == 1
    read = client("read_notification", one["id"])
    assert read["read"] and client("read_notification", one["id"]) == read
    assert client("notifications", subject="book 1", unread_only=True) == []
    assert client("read_all_notifications", subject="book 1") == 0
    assert client("unread_notifications") == 2
    assert client("read_all_notifications") == 2
    assert len(client("notifications", unread_only=False)) == 3
    with pytest.raises(UnknownField):
        client("notifications", unread=True)
    with pytest.raises(NotFound):
        client("read_notification", ids[0])
    client.close()
