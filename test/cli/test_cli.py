# SPDX-License-Identifier: Apache-2.0
"""The command line against a server of canned answers: what is printed where, exit codes, usage errors, --json."""
import json
import socket
import subprocess
import threading
from datetime import datetime, timedelta, timezone

import pytest

from canned import BIDE, ID, OTHER, bide, done, environment, problem, task


# ---- usage ----

def test_no_verb_is_a_usage_error_with_the_list():
    code, out, err = bide(None)
    assert (code, out) == (64, "")
    assert "submit" in err and "usage: bide VERB" in err


def test_help_is_on_standard_output():
    for words in (["help"], ["--help"], ["-h"]):
        code, out, err = bide(None, *words)
        assert (code, err) == (0, "") and "  queue " in out
    for words in (["help", "submit"], ["submit", "--help"], ["submit", "-h"]):
        code, out, err = bide(None, *words)
        assert (code, err) == (0, "")
        assert "--start-within DURATION" in out and "--server URL" in out and "--json" in out
    assert bide(None, "help", "nothing")[0] == 64


def test_every_verb_has_help():
    verbs = [line.split()[0] for line in bide(None, "help")[1].splitlines() if line.startswith("  ")]
    assert set(verbs) >= set("serve submit get list wait cancel retry log queue stats check help version".split())
    for verb in verbs:
        code, out, _ = bide(None, "help", verb)
        assert code == 0 and out.startswith(f"bide {verb}: "), verb


def test_version():
    code, out, _ = bide(None, "version")
    assert code == 0 and out.startswith("bide ")
    assert bide(None, "--version")[1] == out
    assert json.loads(bide(None, "version", "--json")[1])["version"] == out.split()[1]


@pytest.mark.parametrize("words, said", [
    (["sumbit"], "no verb `sumbit`; did you mean `submit`?"),
    (["xyzzyx"], "no verb `xyzzyx`; `bide help` lists them"),
    (["submit", "t", "--prioritty", "3"], "no option --prioritty; did you mean --priority?"),
    (["submit", "t", "--nonsense"], "no option --nonsense"),
    (["submit"], "TYPE is missing: one of the names under `types`"),
    (["submit", "a", "b"], "one word too many: `b`"),
    (["submit", "t", "--queue"], "--queue needs a value"),
    (["submit", "t", "--wait=1"], "--wait takes no value"),
    (["submit", "t", "--priority", "high"], "a number from -100 to 100 is expected"),
    (["submit", "t", "--priority", "101"], "a number from -100 to 100 is expected"),
    (["submit", "t", "--delay", "5"], "a duration like"),
    (["submit", "t", "--tag", "novalue"], "KEY=VALUE is expected"),
    (["submit", "t", "--cost", "0"], "--cost is `0`: a number above 0, at most 1e+12, is expected"),
    (["submit", "t", "--cache", "3600"], "--cache is `3600`: a duration like 250ms, 90s, 1h30m or 7d is expected"),
    (["submit", "t", "--cache-version", "2"], "--cache-version goes with --cache"),
    (["submit", "t", "--cache-bypass"], "--cache-bypass goes with --cache"),
    (["submit", "t", "--on-success", ""], "--on-success is ``: a type is expected, or a submit as JSON"),
    (["submit", "t", "--on-success", "{type: a}"], 'like {"type":"publish","priority":5}, or a list of them'),
    (["submit", "t", "--on-failure", "[1]"], "--on-failure is `[1]`: a type is expected"),
    (["submit", "t", "--on-failure", "a", "--on-failure", '["b"'], """--on-failure is `["b"`: a type is expected"""),
    (["run", "--on-success", "[null]", "--", "true"], "--on-success is `[null]`: a type is expected"),
    (["submit", "t", "--cost", "much"], "--cost is `much`: a number above 0"),
    (["submit", "t", "--input", "@/no/such/file"], "cannot open /no/such/file"),
    (["submit", "t", "--input", "{name: you}"], 'JSON looks like {"name":"you"}'),
    (["submit", "t", "--input", "{"], "the input is not JSON"),
    (["submit", "t", "--input", ""], "the input is not JSON"),
    (["get"], "ID... is missing: `bide list` shows the ids"),
    (["help", "sumbit"], "did you mean `submit`?"),
    (["list", "--limit", "0"], "a number from 1 to 200 is expected"),
    (["wait", ID, "--timeout", "soon"], "a duration like"),
    (["queue", "puase", "gpu"], "did you mean `pause`?"),
    (["queue", "pause"], "bide queue pause NAME"),
    (["queue"], "what is to be done with a queue?"),
    (["queue", "list", "gpu"], "one word too many: `gpu`"),
    (["queue", "purge", "gpu"], "this cannot be undone"),
    (["queue", "set", "gpu"], "KEY=VALUE... is missing"),
    (["queue", "set", "gpu", "concurrency"], "KEY=VALUE is expected, as in concurrency=2"),
    (["worker", "restart", "speech-1"], "`restart` is not something to do with a worker"),
    (["worker", "stop"], "`bide worker list` has the names"),
    (["get", ID, "--server", "ftp://x"], "http://HOST:PORT or unix:PATH is expected"),
])
def test_a_mistake_is_explained_with_exit_code_64(server, words, said):
    code, out, err = bide(server, *words)
    assert (code, out) == (64, ""), err
    assert said in err
    assert server.requests == []


def test_a_server_that_is_not_there_is_69_and_says_what_to_do():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{s.getsockname()[1]}"  # bound, nobody listens
        for words in (["get", ID], ["list"], ["wait", ID], ["submit", "t"], ["queue", "list"], ["stats"], ["log", ID], ["output", ID]):
            code, out, err = bide(None, *words, "--server", url)
            assert (code, out) == (69, "")
            assert f"cannot reach {url}: connection refused; start a server with `bide serve`, or name another: --server URL" in err


def test_what_is_no_bide_server_is_69(server):
    server.task((200, b"<html>hello</html>")).on("GET", "/v1/tasks", (200, b"[]"))
    code, out, err = bide(server, "get", ID)
    assert (code, out) == (69, "") and "not JSON" in err
    code, out, err = bide(server, "list")
    assert (code, out) == (69, "") and "not a list" in err


def test_standard_output_that_is_full_is_an_error(server):
    server.task(task())
    with open("/dev/full", "w") as full:
        r = subprocess.run([BIDE, "get", ID], stdout=full, stderr=subprocess.PIPE, text=True, env=environment(server))
    assert r.returncode == 74 and "cannot write" in r.stderr


# ---- get, list, log, cancel, retry, queue, stats ----

def test_get_shows_what_there_is_in_lines_that_line_up(server):
    server.task(task("retrying", waiting_on={"reason": "retry", "detail": "in 5 s"}, attempt=2, subject="chapter 1", tags={"k": "v"},
                     progress={"percent": 40, "message": "half"}, timing={"queued_ms": 12, "run_ms": 65000},
                     error={"code": "worker_error", "message": "no audio", "type": "ValueError", "detail": "Traceback:\n  x"}))
    code, out, err = bide(server, "get", ID)
    assert (code, err) == (0, "")
    lines = dict(line.split(":", 1) for line in out.splitlines() if not line.startswith(" "))
    assert {k: v.strip() for k, v in lines.items() if k not in ("created",)} == {
        "id": ID, "type": "transcribe", "queue": "gpu", "status": "retrying (attempt 2 of 3)", "waiting_on": "retry: in 5 s",
        "progress": "40% half", "subject": "chapter 1", "tags": '{"k": "v"}', "timing": "queued 12ms, ran 1m05s", "input": "{}",
        "error": "worker_error: no audio (ValueError)"}
    starts = {len(line) - len(line.split(":", 1)[1].lstrip()) for line in out.splitlines() if not line.startswith(" ")}
    assert starts == {13}
    assert out.endswith("  Traceback:\n    x\n")
    code, out, _ = bide(server, "get", ID, "--json")
    assert json.loads(out)["waiting_on"]["reason"] == "retry"


def test_get_shows_the_steps_of_a_chain_a_line_each(server):
    def step(name, status, type=None, started_at=None, finished_at=None):
        return {"name": name, "type": type, "status": status, "run": None, "attempt": None, "started_at": started_at, "finished_at": finished_at, "files": []}

    server.task(task("running", step="count", steps=[
        step("fetch", "completed", "fetch", "2026-11-22T10:00:00.000Z", "2026-11-22T10:01:02.500Z"),
        step("count", "running", "count.fast", "2026-11-22T10:01:02.500Z"), step("te\u001bll", "blocked")]))
    code, out, err = bide(server, "get", ID)
    assert (code, err) == (0, "")
    assert "\nsteps:       fetch: completed in 1m02s\n             count (count.fast): running\n             te?ll: blocked\ninput:" in out
    server.task(task("running", steps=None))
    assert "steps" not in bide(server, "get", ID)[1]


def test_list_is_a_table_and_asks_by_filter(server):
    old = {"created_at": f"{datetime.now(timezone.utc) - timedelta(days=9, hours=12):%Y-%m-%dT%H:%M:%S.000Z}"}
    items = [task("running", progress={"percent": 40.4}, **old), task("pending", OTHER, position=2, type="a", **old)]
    server.on("GET", "/v1/tasks", {"items": items, "next_cursor": "c 1"})
    code, out, err = bide(server, "list", "--status", "running", "--type", "t", "--queue", "q", "--subject", "a&b", "--tag", "k=v",
                          "--limit", "2", "--cursor", "c0")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["ID", "TYPE", "QUEUE", "STATUS", "PROGRESS", "AGE"],
        [ID, "transcribe", "gpu", "running", "40%", "9d"],
        [OTHER, "a", "gpu", "pending", "#2", "9d"]]
    assert len({line.index(word) for line, word in zip(out.splitlines(), ("STATUS", "running", "pending"))}) == 1
    assert err == "there are more: --all, or --cursor c 1\n"
    assert server.requests[0][1] == "/v1/tasks?status=running&type=t&queue=q&subject=a%26b&tag=k:v&limit=2&cursor=c0"


def test_list_all_follows_the_pages(server):
    server.on("GET", "/v1/tasks", {"items": [task()], "next_cursor": "c1"}, {"items": [task(id=OTHER)], "next_cursor": None})
    code, out, err = bide(server, "list", "--all")
    assert (code, err) == (0, "") and ID in out and OTHER in out
    assert [path for _, path, _ in server.requests] == ["/v1/tasks", "/v1/tasks?cursor=c1"]


def test_an_empty_list_prints_nothing(server):
    server.on("GET", "/v1/tasks", {"items": [], "next_cursor": None})
    assert bide(server, "list") == (0, "", "")
    assert bide(server, "list", "--json") == (0, '{"items": [], "next_cursor": null}\n', "")


def test_cancel_and_retry_go_on_after_a_failure(server):
    server.on("POST", f"/v1/tasks/{ID}/cancel", (202, task("running", cancel_requested=True)))
    code, out, err = bide(server, "cancel", OTHER, ID)
    assert (code, out, err) == (64, f"{ID}  running, cancel requested\n", "bide: there is nothing here\n")
    server.on("POST", f"/v1/tasks/{ID}/retry", (409, problem(409, "conflict", "the task has not ended")))
    assert bide(server, "retry", ID) == (64, "", "bide: the task has not ended\n")
    server.on("POST", f"/v1/tasks/{ID}/retry", task("pending", run=2))
    assert bide(server, "retry", ID) == (0, f"{ID}  pending\n", "")


@pytest.mark.parametrize("verb", ["log", "output"])
def test_log_and_output_are_bytes(server, verb):
    server.on("GET", f"/v1/tasks/{ID}/{verb}", (200, b"line 1\nno line feed"))
    assert bide(server, verb, ID) == (0, "line 1\nno line feed", "")
    assert json.loads(bide(server, verb, ID, "--json")[1]) == {"id": ID, verb: "line 1\nno line feed"}


def test_queues(server):
    gpu = {"name": "gpu", "paused": False, "concurrency": 1, "capacity": None, "depth": {"pending": 3, "running": 1}}
    cpu = {"name": "cpu", "paused": True, "concurrency": 16, "capacity": 50, "depth": {"pending": 0, "running": 0}}
    server.on("GET", "/v1/queues", {"items": [gpu, cpu], "next_cursor": None}).on("GET", "/v1/queues/gpu", gpu)
    server.on("POST", "/v1/queues/gpu/pause", {**gpu, "paused": True}).on("POST", "/v1/queues/gpu/resume", gpu)
    assert [line.split() for line in bide(server, "queue", "list")[1].splitlines()] == [
        ["NAME", "PAUSED", "CONCURRENCY", "CAPACITY", "PENDING", "RUNNING"],
        ["gpu", "false", "1", "-", "3", "1"], ["cpu", "true", "16", "50", "0", "0"]]
    assert "depth.pending: 3\n" in bide(server, "queue", "show", "gpu")[1]
    assert bide(server, "queue", "pause", "gpu") == (0, "gpu  paused\n", "")
    assert bide(server, "queue", "resume", "gpu") == (0, "gpu  resumed\n", "")
    assert json.loads(bide(server, "queue", "pause", "gpu", "--json")[1])["paused"] is True
    assert bide(server, "queue", "show", "none")[0] == 64


def test_a_queue_is_drained_purged_and_set(server):
    server.on("POST", "/v1/queues/a%2Fb/drain", {"name": "a/b"})
    server.on("POST", "/v1/queues/a%2Fb/purge", {"matched": 2, "changed": 2, "skipped": 0, "more": True},
              {"matched": 1, "changed": 1, "skipped": 0, "more": False})
    server.on("PATCH", "/v1/queues/gpu", {"name": "gpu"})
    assert bide(server, "queue", "drain", "a/b") == (0, "a/b  draining\n", "")
    assert bide(server, "queue", "purge", "a/b", "--yes") == (0, "a/b  purged, 3 tasks\n", "")
    assert bide(server, "queue", "set", "gpu", "concurrency=2", "capacity=null", "rate=10/s", "key_rate=10/m burst 3", "paused=true") == (0, "gpu  set\n", "")
    assert json.loads(server.requests[-1][2]) == {"concurrency": 2, "capacity": None, "rate": "10/s", "key_rate": "10/m burst 3", "paused": True}


def test_workers(server):
    speech = {"id": "speech-1", "pool": "speech", "state": "busy", "pid": 42, "loaded": True, "started_at": None, "ready_ms": 7,
              "loads": 1, "restarts": 0, "tasks": 3, "max_tasks": 1000, "rss_bytes": 3 << 29, "current": [ID],
              "holds": {"vram": 6 << 30, "seats": 2}, "retry_at": None, "problem": None}
    pair = {**speech, "id": "pair-1", "rss_bytes": 0, "pid": None, "max_tasks": None, "current": [ID, ID], "holds": {},
            "problem": "it ended\x1b with exit status 1\nTraceback"}
    server.on("GET", "/v1/workers", {"resources": [{"name": "vram", "total": 8, "used": 6}], "items": [speech, pair], "next_cursor": None})
    server.on("POST", "/v1/workers/speech-1/recycle", (202, speech)).on("POST", "/v1/workers/speech-1/stop", (202, speech))
    lines = bide(server, "worker", "list")[1].splitlines()
    assert [line.split() for line in lines] == [
        ["ID", "STATE", "PID", "RSS", "TASKS", "RESTARTS", "HOLDS", "CURRENT"],
        ["speech-1", "busy", "42", "1.5G", "3/1000", "0", "vram=6.0G", "seats=2", ID],
        ["pair-1", "busy", "-", "-", "3", "0", "-", "2", "tasks"],
        ["pair-1:", "it", "ended?", "with", "exit", "status", "1"]]
    assert max(map(len, lines)) <= 110  # 100 with one resource
    server.on("GET", "/v1/workers", {"items": []})
    assert bide(server, "worker", "list") == (0, "", "")
    server.on("GET", "/v1/workers", {"workers": []})
    assert "it has no items" in bide(server, "worker", "list")[2]
    assert bide(server, "worker", "recycle", "speech-1") == (0, "speech-1  recycling\n", "")
    assert bide(server, "worker", "stop", "speech-1") == (0, "speech-1  stopping\n", "")
    assert json.loads(bide(server, "worker", "stop", "speech-1", "--json")[1]) == speech
    assert bide(server, "worker", "stop", "none") == (64, "", "bide: there is nothing here\n")


def test_stats_are_shown_whatever_they_are(server):
    server.on("GET", "/v1/stats", {"tasks": {"completed": 12}, "uptime": None, "list": [1, 2], "per": [{"type": "a\x1b"}]})
    code, out, err = bide(server, "stats")
    assert (code, err) == (0, "")
    assert [line.split(":", 1) for line in out.splitlines()] == [
        ["tasks.completed", " 12"], ["uptime", "          -"], ["list", "            [1, 2]"], ["per.0.type", "      a?"]]
    assert json.loads(bide(server, "stats", "--json")[1])["tasks"] == {"completed": 12}


def test_stats_of_queues_and_types_are_tables(server):
    none = {"p50": None, "p90": None, "p99": None}
    hour = {"submitted": 80, "completed": 74, "failed": 2, "retried": 3, "submitted_per_minute": 1.3441, "completed_per_minute": 1.2433,
            "failed_per_minute": 0.0336, "failed_share": 0.0263, "wait_ms": {"p50": 812, "p90": 5300, "p99": 79000}, "run_ms": none}
    day = dict(hour, submitted=900, failed_share=None)
    queue = {"queue": "gpu\x1b", "paused": True, "depth": {"pending": 3, "running": 1, "blocked": 1, "scheduled": 2, "retrying": 4},
             "oldest_pending_ms": 4100, "last_1h": hour, "last_24h": day}
    server.on("GET", "/v1/stats", {"status": "serving", "queues": [queue], "types": [{"type": "transcribe", "last_1h": hour, "last_24h": day}],
                                   "store": {"bytes": 5}})
    code, out, err = bide(server, "stats")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["status:", "serving"], ["store.bytes:", "5"], [],
        "QUEUE PENDING RUNNING LATER OLDEST STATE IN/MIN DONE/MIN FAILED/MIN WAITED 50/90/99%".split(),
        "gpu? 3 1 7 4s paused 1.3441 1.2433 0.0336 812ms/5s/1m19s".split(), [],
        "TYPE LAST SUBMITTED COMPLETED FAILED RETRIED DONE/MIN FAILED WAITED 50/90/99% RAN 50/90/99%".split(),
        "transcribe 1h 80 74 2 3 1.2433 2.63% 812ms/5s/1m19s -".split(),
        "transcribe 24h 900 74 2 3 1.2433 - 812ms/5s/1m19s -".split()]
    assert max(map(len, out.splitlines())) <= 110
    server.on("GET", "/v1/stats", {"queues": [], "types": "none", "status": "serving"})
    assert bide(server, "stats") == (0, "types:  none\nstatus: serving\n", "")
    server.on("GET", "/v1/stats", [1])
    assert bide(server, "stats")[2] == "bide: the answer is no object\n"


def test_a_unix_socket_is_a_server_too(tmp_path):
    path = str(tmp_path / "s")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def answer():
        connection, _ = listener.accept()
        connection.recv(65536)
        body = json.dumps(task()).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    code, out, _ = bide(None, "get", ID, "--server", f"unix:{path}")
    thread.join()
    listener.close()
    assert code == 0 and ID in out
