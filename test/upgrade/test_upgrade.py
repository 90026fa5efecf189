# SPDX-License-Identifier: Apache-2.0
"""Stores that builds of earlier commits have left (files/, made by make_file.sh): the present bide brings them forward,
shows every task as it was, ends what waits and takes new tasks.
"""
import subprocess

import pytest
from fill import config, shorten
from harness import BIDE, ENDINGS, until
from old_file import FILES, NAMES, OldFile, version_of

FREE = ("purge_at", "waiting_on", "position", "eta_at", "urls")
"""Members of a task that say how things stand with this server, not what is kept."""
FIXED = ("id", "type", "queue", "priority", "input", "input_bytes", "subject", "tags", "created_at", "max_attempts", "timeout_ms")
"""Of a task that goes on."""


def of_now(**more):
    return {**config(["/bin/cat"]), **more}


def forever():
    """Files are older than any retention: without this, everything that has ended would be gone before it is looked at."""
    made = of_now()
    made["defaults"] = {**made["defaults"], "retain": "forever"}
    made["types"]["strip"]["retain"] = "forever"
    return made


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def put(serve, name, settings=None, **how):
    """A server that has not been started, on that store."""
    bide = serve.prepare(settings or forever())
    return bide, OldFile(name, bide.dir / "bide.db", **how)


def test_there_are_stores_of_every_version():
    assert len(NAMES) >= 6
    versions = {subject.split()[5].rstrip(",") for subject in (first_line(n) for n in NAMES)}
    assert versions >= {"1", "2", "3"}, versions


def first_line(name):
    return (FILES / f"{name}.sql").read_text().splitlines()[0]


def check_same(bide, name, kept):
    """Every member is as the old build showed it. Of tasks that never started, the first builds gave a time that grew."""
    now = shorten(bide.task(kept["shown"]["id"]))
    free = FREE if now["started_at"] else (*FREE, "timing")
    differ = {k: (v, now.get(k)) for k, v in kept["shown"].items() if k not in free and now.get(k) != v}
    assert not differ, (name, differ)


def check_attempts(bide, old, name, id, waits):
    """What the rows say, and the attempt of a first success, which has none; of one that goes on, at least that."""
    items = bide.get_json(f"/v1/tasks/{id}/attempts")
    seen = {(a["run"], a["attempt"]): a for a in items["items"]}
    for run, number, code, log_bytes in old.attempts.get(id, []):
        a = seen[run, number]
        assert (a["error"] and a["error"]["code"]) == code and a["log_bytes"] == (log_bytes or 0), (name, a)
    runs = {run["run"] for run in items["runs"]}
    assert runs >= {run for run, _ in old.runs.get(id, [])}, (name, items)
    if not waits:
        assert len(items["runs"]) == len(old.runs[id]), (name, items)


def check_fixed(bide, name, kept):
    now = shorten(bide.task(kept["shown"]["id"]))
    differ = {k: (v, now[k]) for k, v in kept["shown"].items() if k in FIXED and now[k] != v}
    assert not differ, (name, differ)


def check_kept(bide, old):
    """Everything that was there, before anything goes on."""
    for name, kept in old.record["tasks"].items():
        id, after = kept["shown"]["id"], kept["after"]
        if not after or (kept["shown"]["status"] in ("pending", "scheduled") and name not in ("due", "late")):
            check_same(bide, name, kept)  # of those that wait, a paused queue has held all but these two
        else:
            check_fixed(bide, name, kept)
        check_attempts(bide, old, name, id, waits=bool(after))
        if not after:
            log = bide.send("GET", f"/v1/tasks/{id}/log")
            assert shorten(log.body.decode()) == kept["log"], (name, log)
    for id in old.record["removed"]:
        assert bide.send("GET", f"/v1/tasks/{id}").status == 404


def check_found(bide, old):
    """By subject and tag, as the old build's tasks say; and all of them without any filter."""
    shown = [kept["shown"] for kept in old.record["tasks"].values()]
    assert {t["id"] for t in bide.listed()} == old.ids
    for query, wanted in (({"subject": "ann"}, lambda t: t["subject"] == "ann"),
                          ({"tag": "lang=de"}, lambda t: t["tags"].get("lang") == "de"),
                          ({"tag": "new=1"}, lambda t: t["tags"].get("new") == "1"),
                          ({"tag": "old=1"}, lambda t: t["tags"].get("old") == "1"),
                          ({"type": "sorry"}, lambda t: t["type"] == "sorry"),
                          ({"status": "completed", "queue": "held"}, lambda t: (t["queue"], t["status"]) == ("held", "completed"))):
        assert {t["id"] for t in bide.listed(**query)} == {t["id"] for t in shown if wanted(t)}, query


def check_queues(bide, old):
    now = {q["name"]: q for q in bide.get_json("/v1/queues")["items"]}
    for queue in old.record["queues"]:
        assert {k: now[queue["name"]][k] for k in queue} == queue
    assert now["held"]["paused"] and not now["other"]["paused"]


def check_counts(bide, old):
    """The counts of endings, which are rows of their own, agree with the tasks."""
    for queue in ("default", "held"):
        depth, listed = bide.queue(queue)["depth"], bide.listed(queue=queue)
        for status in ENDINGS:
            assert depth[status] == sum(t["status"] == status for t in listed), (queue, status, depth)


def check_notices(bide, old):
    """Those that were there, each as it was, and what is unread among them."""
    before, now = old.record.get("notices", []), bide.get_json("/v1/notifications")
    assert now["items"] == before and now["unread"] == sum(n["read_at"] is None for n in before)


def check_goes_on(bide, old):
    """What waits comes to its ending, the scheduled one when it is asked to."""
    bide.post("/v1/queues/held/resume")
    bide.post("/v1/queues/drained/resume")
    for name, kept in old.record["tasks"].items():
        after = kept["after"]
        if not after:
            continue
        id = kept["shown"]["id"]
        if after["status"] == "scheduled":
            assert bide.task(id)["status"] == "scheduled"
            assert bide.send("PATCH", f"/v1/tasks/{id}", {"run_at": None}).status == 200
            after = {"status": "completed"}
        task = bide.ended(id, after["status"])
        assert all(task[k] == v for k, v in after.items()), (name, task, after)
        if after["status"] == "completed" and "result" not in after:
            assert task["result"] == task["input"], (name, task)
    check_counts(bide, old)


def check_new(bide, old):
    """It takes tasks, with everything that this build knows, and old ones can be run again and removed."""
    id = bide.submit("cat", {"new": 1}, tags={"lang": "de"}, subject="ann", queue="held")["id"]
    assert bide.ended(id, "completed")["result"] == {"new": 1}
    for key, name in old.record["keys"].items():
        again = bide.post("/v1/tasks", {"type": "cat", "input": {"name": name}}, {"Idempotency-Key": key})
        assert again.json["id"] == old.record["tasks"][name]["shown"]["id"], again
    failed = old.record["tasks"]["failed"]["shown"]["id"]
    assert bide.post(f"/v1/tasks/{failed}/retry").status in (200, 202)
    assert bide.ended(failed, "failed")["run"] == 2
    assert bide.send("DELETE", f"/v1/tasks/{failed}").status in (200, 204)
    assert bide.send("GET", f"/v1/tasks/{failed}").status == 404


def check_all(bide, old):
    check_kept(bide, old)
    check_found(bide, old)
    check_queues(bide, old)
    check_notices(bide, old)
    check_goes_on(bide, old)
    check_kept_endings(bide, old)
    check_new(bide, old)


def check_kept_endings(bide, old):
    """Nothing that went on touched what had ended; not after another start either."""
    bide.restart9()
    for name, kept in old.record["tasks"].items():
        if not kept["after"]:
            check_same(bide, name, kept)


def test_it_is_brought_forward_shows_everything_and_goes_on(serve, name):
    bide, old = put(serve, name)
    bide.start()
    check_all(bide, old)
    assert bide.terminate() == 0
    version, application = version_of(bide.dir / "bide.db")
    assert version >= old.version and application == 0x62696465


def test_what_a_killed_server_left_in_its_log_is_brought_forward_with_it(serve, name):
    bide, old = put(serve, name, log=True)
    assert (bide.dir / "bide.db-wal").stat().st_size > (bide.dir / "bide.db").stat().st_size
    bide.start()
    check_all(bide, old)


def test_a_copy_made_of_it_before_is_brought_forward_when_it_is_restored(serve, name):
    """`bide backup` changes neither the store nor its version; the copy is what a server is started on."""
    bide, old = put(serve, name)
    before = (bide.dir / "bide.db").read_bytes()
    done = subprocess.run([BIDE, "backup", "copy.db"], cwd=bide.dir, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    assert (bide.dir / "bide.db").read_bytes() == before
    assert version_of(bide.dir / "copy.db")[0] == old.version
    bide.configure({**forever(), "store": "sqlite:copy.db", "data_dir": "."})
    bide.start()
    check_all(bide, old)


def test_what_has_no_wish_of_its_own_is_kept_as_the_configuration_says(serve, name):
    """Tasks of builds that knew no retention are not kept for ever."""
    settings = of_now()
    settings["defaults"] = {**settings["defaults"], "retain": "1h"}
    bide, old = put(serve, name, settings, aged=True)
    wanted = {kept["shown"]["id"] for task, kept in old.record["tasks"].items() if task == "kept forever"}
    waits = {kept["shown"]["id"] for kept in old.record["tasks"].values() if kept["after"]}
    bide.start()

    def left():
        bide.post("/v1/gc", {})  # 409 while a pass is under way
        return {t["id"] for t in bide.listed() if t["status"] in ENDINGS} - waits == wanted

    until(left, "only what was to be kept is left")
