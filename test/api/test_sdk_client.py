# SPDX-License-Identifier: Apache-2.0
"""bide.client and bide.worker, the Python package, against the real server."""
import datetime
import sys
import threading
from pathlib import Path

import pytest
from harness import HERE, ROOT, until

sys.path.insert(0, str(ROOT / "sdk/python"))

from bide.client import Client  # noqa: E402
from bide.problems import (  # noqa: E402
    Away,
    Conflict,
    Draining,
    IdempotencyKeyReused,
    Invalid,
    NotEnded,
    NotFound,
    Problem,
    UnknownField,
    UnknownQueue,
    UnknownType,
    WaitTimeout,
)

SDK_WORKER = [sys.executable, str(HERE.parent / "python/sdk_worker.py")]


@pytest.fixture
def client(bide):
    with Client(bide.url) as client:
        yield client


def test_submit_wait_and_get(client):
    task = client.submit("cat", {"text": "héllo"}, priority=5, tags={"a": "b"}, subject="sdk")
    assert (task["priority"], task["tags"]) == (5, {"a": "b"})
    ended = client.wait(task["id"], timeout=20)
    assert (ended["status"], ended["result"]) == ("completed", {"text": "héllo"})
    assert client.get(task["id"])["result"] == client.result(task["id"]) == {"text": "héllo"}
    assert client.log(task["id"]) == ""
    assert client.submit("cat", 7, wait=10)["result"] == 7


def test_a_task_is_shared_and_somebody_is_told_of_it(client, bide):
    task = client.submit("cat", {"n": 1}, share=True, wait=10, subject="sdk", notify={"title": "{task.subject} is over"})
    assert bide.get_json(task["share_url"])["result"] == {"n": 1}
    assert "share_url" not in client.submit("cat")
    told = until(lambda: bide.get_json("/v1/notifications?task=" + task["id"])["items"], "a notification")
    assert [one["title"] for one in told] == ["sdk is over"]


def test_what_is_to_follow_is_submitted_at_the_ending_and_gets_the_task(client):
    lists = {"on_success": [{"type": "cat"}], "on_failure": [{"type": "cat", "input": "sorry", "subject": "told"}], "subject": "first"}
    id = client.submit("cat", {"n": 1}, **lists)["id"]
    client.submit("fail", max_attempts=1, **lists)

    def completed(subject):
        return [client.get(task["id"]) for task in client.list(subject=subject, type="cat", status="completed")]

    assert until(lambda: completed("told"), "what follows a failure")[0]["result"] == "sorry"
    ended = until(lambda: [task["result"] for task in completed("first") if "id" in task["result"]], "what follows a success")[0]
    assert (ended["id"], ended["status"], ended["result"]) == (id, "completed", {"n": 1})
    assert client.latest("first", type="fail")["status"] == "failed"
    with pytest.raises(NotFound):
        client.latest("first", type="later")
    at = datetime.datetime(2099, 1, 1, tzinfo=datetime.timezone.utc)
    client.cancel(client.submit("later", run_at=at, on_failure=[{"type": "later", "run_at": at, "subject": "dated"}])["id"])
    assert until(lambda: list(client.list(subject="dated")), "its moment")[0]["run_at"] == "2099-01-01T00:00:00.000Z"
    with pytest.raises(UnknownType) as caught:
        client.submit("cat", on_success=[{"type": "cat", "on_failure": [{"type": "catt"}]}])
    assert caught.value.errors[0]["pointer"] == "/on_success/0/on_failure/0/type"


def test_wait_gives_up_at_its_time_and_the_task_goes_on(client):
    task = client.submit("later", run_at=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1))
    with pytest.raises(WaitTimeout) as caught:
        client.wait(task["id"], timeout=0.2)
    assert caught.value.task["status"] == "scheduled"
    with pytest.raises(NotEnded) as caught:
        client.result(task["id"])
    assert caught.value.retry_after >= 1
    assert client.cancel(task["id"])["status"] == "cancelled"
    assert client.retry(task["id"])["run"] == 2


def test_list_goes_through_all_pages(client):
    ids = [client.submit("cat", subject="sdk pages")["id"] for _ in range(7)]
    assert [task["id"] for task in client.list(subject="sdk pages", limit=3)] == ids[::-1]


def test_problems_are_exceptions_by_code(client):
    for kind, act in [
        (UnknownType, lambda: client.submit("catt")),
        (UnknownQueue, lambda: client.submit("cat", queue="nowhere")),
        (UnknownField, lambda: client.submit("cat", prioritee=1)),
        (Invalid, lambda: client.submit("cat", priority="high")),
        (NotFound, lambda: client.get("01a1ffe8-96cd-754e-be93-691a58a8ee38")),
        (NotFound, lambda: client.queue("nowhere")),
        (Conflict, lambda: client.retry(client.submit("later", delay_ms=60_000)["id"])),
    ]:
        with pytest.raises(kind) as caught:
            act()
        assert caught.value.status >= 400 and caught.value.request_id
    with pytest.raises(UnknownField) as caught:
        client.submit("cat", prioritee=1)
    assert caught.value.errors[0]["pointer"] == "/prioritee"


def test_queues_stats_and_workers(client):
    assert "default" in [queue["name"] for queue in client.queues()]
    assert client.pause("other")["paused"] and not client.resume("other")["paused"]
    assert client.stats()
    assert "actor" in [worker["pool"] for worker in client.workers()]


def test_a_server_that_is_not_there_is_away():
    with pytest.raises(Away) as caught:
        Client("http://127.0.0.1:9").stats()
    assert isinstance(caught.value, Problem) and caught.value.status == 0
    with pytest.raises(ValueError):
        Client("ftp://x")


def test_one_connection_is_kept_and_one_that_was_closed_is_replaced(serve):
    bide = serve()
    with Client(bide.url) as client:
        client.stats()
        first = client._connection()._http.sock
        client.stats()
        assert client._connection()._http.sock is first
        port = bide.port
        bide.args = ["--listen", f"127.0.0.1:{port}"]
        bide.terminate()
        with pytest.raises(Away):
            client.stats()


def test_a_unix_socket_is_an_address_too(serve):
    bide = serve.prepare({"types": {"cat": {"exec": ["/bin/cat"]}}})
    bide.args = ["--listen", f"unix:{bide.dir}/bide.sock"]
    bide.start()
    with Client(f"unix:{bide.dir}/bide.sock") as client:
        assert client.submit("cat", [1], wait=10)["result"] == [1]
    bide.restart9()
    with Client(f"unix:{bide.dir}/bide.sock") as client:
        assert [task["status"] for task in client.list()] == ["completed"]


def test_threads_share_a_client(client):
    results = {}

    def work(n):
        results[n] = client.wait(client.submit("cat", n)["id"], timeout=20)["result"]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: n for n in range(8)}


def test_a_worker_of_the_sdk_runs_tasks_of_a_real_server(serve):
    types = ("echo", "talk", "obey", "fail", "raise", "return.*", "sum")
    bide = serve(
        {
            "defaults": {"grace": "5s"},
            "workers": {"sdk": {"command": SDK_WORKER}},
            "types": {type: {"worker": "sdk", "max_attempts": 1} for type in types},
        }
    )
    with Client(bide.url) as client:
        task = client.submit("echo", {"a": 1}, wait=20)
        assert task["result"] == {"input": {"a": 1}, "attempt": 1, "loads": 1, "resume": None}
        task = client.submit("talk", wait=20)
        assert (task["status"], task["progress"]["percent"]) == ("completed", 40)
        assert [f if isinstance(f, str) else f["name"] for f in task["files"]] == ["out.srt"]
        log = client.log(task["id"])
        assert "on stdout" in log and "lang=en" in log
        task = client.submit("fail", wait=20)
        assert (task["status"], task["error"]["code"], task["error"]["detail"]) == ("failed", "invalid_input", "moov atom")
        task = client.submit("raise", {"name": "x"}, wait=20)
        assert (task["error"]["type"], task["error"]["message"]) == ("ValueError", "the value of x")
        assert "Traceback" in task["error"]["detail"]
        task = client.submit("obey")
        bide.seen(task["id"], "running", progress={"percent": 0, "message": "", "data": {}})
        client.cancel(task["id"])
        assert client.wait(task["id"], timeout=20)["status"] == "cancelled"
        large = client.submit("return.large", "large", wait=20)
        assert large["result_bytes"] == 2_000_002
        assert client.result(large["id"]) == "x" * 2_000_000
        large = client.submit("echo", {"text": "y" * 3_000_000}, wait=20)
        assert client.result(large["id"])["input"] == {"text": "y" * 3_000_000}
        assert client.submit("sum", 1, wait=20)["result"] == 1


def test_the_package_needs_nothing_but_the_standard_library():
    names = set(sys.stdlib_module_names) | {"bide"}
    for file in Path(ROOT / "sdk/python/bide").rglob("*.py"):
        for line in file.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]) and len(words) > 1:
                assert words[1].split(".")[0] in names, f"{file.name}: {line}"


def test_one_task_is_changed_settled_and_removed(client):
    task = client.submit("later", delay_ms=3_600_000, subject="sdk change", tags={"a": "1", "b": "2"})
    changed = client.update(task["id"], priority=7, tags={"a": None, "c": "3"})
    assert (changed["priority"], changed["tags"]) == (7, {"b": "2", "c": "3"})
    assert client.latest("sdk change")["id"] == task["id"]
    with pytest.raises(Conflict):
        client.delete(task["id"])
    failed = client.fail(task["id"], "quota", "no more", detail="d", type="QuotaError")
    error = {"code": "quota", "message": "no more", "detail": "d", "type": "QuotaError"}
    assert failed["status"] == "failed" and error.items() <= failed["error"].items()
    with pytest.raises(Conflict):
        client.complete(task["id"], 1)
    assert client.attempts(task["id"]) == []
    client.delete(task["id"])
    with pytest.raises(NotFound):
        client.get(task["id"])
    again = client.submit("later", delay_ms=3_600_000)
    assert client.complete(again["id"], {"a": 1})["result"] == {"a": 1}


def test_many_tasks_are_cancelled_and_run_again(serve):
    bide = serve(types={"fail": {"exec": ["/bin/false"], "max_attempts": 1}})
    with Client(bide.url) as client:
        ids = [client.submit("act", delay_ms=3_600_000, tags={"n": str(n)})["id"] for n in range(3)]
        assert client.cancel_all(tags={"n": "1"}) == {"matched": 1, "changed": 1, "skipped": 0, "more": False}
        assert client.cancel_all(everything=True)["changed"] == 2
        assert client.wait(client.submit("fail")["id"])["status"] == "failed"
        assert client.retry_all(everything=True)["changed"] == 1
        assert client.retry_all(status="cancelled", created_after=client.get(ids[2])["created_at"])["changed"] == 1
        with pytest.raises(Invalid):
            client.retry_all(status="pending")
        with pytest.raises(UnknownField):
            client.cancel_all(tag="n:1")


def test_queues_are_drained_purged_and_set(serve):
    bide = serve()
    with Client(bide.url) as client:
        client.pause("default")
        client.submit("act")
        assert client.drain("default")["draining"] is True
        with pytest.raises(Draining):
            client.submit("act")
        assert client.purge("default")["changed"] == 1
        queue = client.resume("default")
        assert (queue["paused"], queue["draining"]) == (False, False)
        assert client.update_queue("default", concurrency=9, capacity=5)["concurrency"] == 9
        assert client.update_queue("default", concurrency=None)["concurrency"] == 4


def test_a_key_makes_one_task(client):
    first = client.submit("later", delay_ms=3_600_000, idempotency_key="sdk")
    assert client.submit("later", delay_ms=3_600_000, idempotency_key="sdk")["id"] == first["id"]
    with pytest.raises(IdempotencyKeyReused):
        client.submit("later", idempotency_key="sdk")
