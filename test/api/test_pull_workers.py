# SPDX-License-Identifier: Apache-2.0
"""Workers written with libbide and with the packages for Python and Node, as pullers: the same program that bide would
start."""
import os
import shutil
import signal
import subprocess
import sys

import pytest
from harness import HERE, ROOT, until
from puller import pulled

BUILD = os.environ.get("BIDE_BUILD") or str(ROOT / "build")
PROGRAMS = {
    "c": [f"{BUILD}/test/pulled"],
    "node": ["node", str(HERE / "workers/pulled.mjs")],
    "python": [sys.executable, str(HERE / "workers/pulled.py")],
}


class Puller:
    def __init__(self, command, server, **env):
        self.output = []
        clean = {k: v for k, v in os.environ.items() if not k.startswith("BIDE_") or k == "BIDE_TEST_PATIENCE"}
        self.process = subprocess.Popen(
            command,
            env={**clean, "BIDE_PULL": server, "BIDE_PULL_TYPES": "remote.*", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ended(self):
        """Waits for its end; returns its exit status and what it printed."""
        said, _ = self.process.communicate(timeout=30)
        return self.process.returncode, said

    def release(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture(params=sorted(PROGRAMS))
def pull(request):
    """pull(server, NAME=value): a puller that works for it."""
    made = []
    if not shutil.which(PROGRAMS[request.param][0]):
        pytest.skip(f"{PROGRAMS[request.param][0]} is not there")

    def start(server, **env):
        made.append(Puller(PROGRAMS[request.param], server if isinstance(server, str) else server.url, **env))
        return made[-1]

    start.language = request.param
    yield start
    for one in made:
        one.release()


def waits(bide):
    until(lambda: bide.metric("bide_pull_claims") > 0, "a puller waits")


def test_tasks_are_done_one_after_the_other_by_one_process(serve, pull):
    bide = serve(pulled())
    puller = pull(bide, BIDE_PULL_NAME="box-7")
    ids = [bide.submit("remote.x", {"text": "ä" * n, "log": f"task {n}"}, max_attempts=1)["id"] for n in range(5)]
    results = [bide.ended(id, "completed")["result"] for id in ids]
    assert {r["pid"] for r in results} == {puller.process.pid}
    assert bide.log(ids[3]) == "info: task 3\n"
    assert bide.task(ids[3])["progress"]["percent"] == 50
    [worker] = bide.get_json("/v1/workers")["items"]
    assert (worker["id"], worker["pool"], worker["tasks"]) == ("remote.*/box-7", "remote.*", 5)


def test_a_worker_that_computes_beats_meanwhile(serve, pull):
    types = {"remote.*": {"pull": {"lease": "2s"}, "queue": "remote"}}
    bide = serve(pulled(types=types))
    pull(bide)
    id = bide.submit("remote.x", {"sleep_ms": 5000})["id"]
    until(lambda: (bide.task(id)["progress"] or {}).get("percent") == 50, "its progress comes while it sleeps")
    assert bide.ended(id, "completed")["result"]["attempt"] == 1
    assert bide.metric("bide_pull_leases_lost_total") == 0


def test_a_cancel_reaches_it_and_the_process_lives_on(serve, pull):
    bide = serve(pulled())
    puller = pull(bide)
    id = bide.submit("remote.x", {"spin": True}, grace_ms=10_000)["id"]
    until(lambda: bide.task(id)["progress"], "it runs")
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    assert bide.ended(bide.submit("remote.x", {})["id"], "completed")["result"]["pid"] == puller.process.pid


def test_a_failure_is_told(serve, pull):
    bide = serve(pulled())
    pull(bide)
    error = bide.ended(bide.submit("remote.x", {"fail": "no_voice"})["id"], "failed")["error"]
    assert (error["code"], error["message"]) == ("no_voice", "as asked")


def test_a_checkpoint_is_told_before_the_verdict_and_comes_back(serve, pull):
    bide = serve(pulled())
    pull(bide)
    id = bide.submit("remote.x", {"save": "page 7"}, max_attempts=2)["id"]
    assert bide.ended(id, "completed")["result"] == {"resume": "page 7"}


def test_what_it_says_is_next_follows_its_task(serve, pull):
    bide = serve(pulled(types={"remote.*": {"pull": {}, "queue": "remote"}, "cat": {"exec": ["/bin/cat"]}}))
    pull(bide)
    next = [{"type": "cat", "input": {"n": 1}, "priority": 3}, {"type": "cat", "subject": "own"}]
    id = bide.submit("remote.x", {"next": next, "file": "f", "result_bytes": 2_000_000}, subject="s")["id"]
    given, with_task = [bide.ended(task["id"], "completed") for task in until(lambda: bide.listed(type="cat")[::-1], "what follows")]
    assert (given["result"], given["priority"], given["subject"]) == ({"n": 1}, 3, "s")
    ended = bide.send("GET", f"/v1/tasks/{with_task['id']}/result").json
    assert (with_task["subject"], ended["id"], ended["files"], len(ended["result"]["pad"])) == ("own", id, ["f"], 2_000_000)
    error = bide.ended(bide.submit("remote.x", {"next": [{"type": "cap"}]}, max_attempts=1)["id"], "failed")["error"]
    assert error["code"] == "bad_result" and '"cap"' in error["message"], error


def test_what_it_streams_is_there_while_it_runs_and_whole_when_it_is_done(serve, pull):
    bide = serve(pulled())
    pull(bide)
    id = bide.submit("remote.x", {"output": "ä word ", "sleep_ms": 1500})["id"]
    until(lambda: bide.send("GET", f"/v1/tasks/{id}/output").body.decode() == "ä word ", "the first half")
    assert bide.task(id)["status"] == "running"
    bide.ended(id, "completed")
    assert bide.send("GET", f"/v1/tasks/{id}/output").body.decode() == "ä word ä word "
    assert bide.log(id) == ""


def test_large_inputs_and_results_and_files_travel(serve, pull):
    bide = serve(pulled())
    pull(bide)
    id = bide.submit("remote.x", {"text": "t" * 3_000_000, "result_bytes": 2_000_000, "file": "a b.txt"})["id"]
    task = bide.ended(id, "completed")
    result = bide.send("GET", f"/v1/tasks/{id}/result").json
    assert (result["text"], len(result["pad"]), task["files"]) == (3_000_000, 2_000_000, ["a b.txt"])
    assert bide.send("GET", f"/v1/tasks/{id}/files/a%20b.txt").body == b"content of a b.txt"


def test_a_batch_is_what_was_there(serve, pull):
    bide = serve(pulled())
    ids = [bide.submit("remote.x", {"sleep_ms": 10})["id"] for _ in range(9)]
    pull(bide, BATCH="1")
    batches = [bide.ended(id, "completed")["result"]["batch"] for id in ids]
    assert max(batches) > 1 and all(1 <= b <= 4 for b in batches)


@pytest.mark.parametrize("pull", ["c"], indirect=True)
def test_one_with_threads_asks_for_as_many_tasks_and_each_goes_its_own_way(serve, pull):
    bide = serve(pulled())
    puller = pull(bide, THREADS="3", BIDE_PULL_NAME="box-7")
    until(lambda: bide.metric("bide_pull_claims") == 3, "it asks three times")
    ids = [bide.submit("remote.x", {"spin": True, "log": name, "output": name}, grace_ms=20_000)["id"] for name in ("a", "b", "c")]
    for id in ids:
        until(lambda: bide.task(id)["progress"], "it runs")
    fourth = bide.submit("remote.x", {})["id"]
    bide.post(f"/v1/tasks/{ids[1]}/cancel")
    bide.ended(ids[1], "cancelled")
    assert bide.ended(fourth, "completed")["result"]["pid"] == puller.process.pid
    assert [bide.task(id)["status"] for id in ids] == ["running", "cancelled", "running"]
    for id, name in zip(ids, "abc"):
        assert bide.log(id) == f"info: {name}\n"
        until(lambda: bide.send("GET", f"/v1/tasks/{id}/output").body.decode() == name * 2, "its output")
    puller.process.send_signal(signal.SIGTERM)
    until(lambda: bide.metric("bide_pull_claims") == 0, "it asks for nothing more")
    for id in (ids[0], ids[2]):
        assert bide.task(id)["status"] == "running"
        bide.post(f"/v1/tasks/{id}/cancel")
        bide.ended(id, "cancelled")
    status, said = puller.ended()
    assert status == 0, said


@pytest.mark.parametrize("pull", ["c"], indirect=True)
def test_one_with_threads_says_why_a_server_gives_it_nothing(serve, pull):
    bide = serve(pulled())
    for server, types, why in ((bide, "nowhere", "nowhere"), ("not a server", "remote.*", "not a server")):
        status, said = pull(server, THREADS="3", BIDE_PULL_TYPES=types).ended()
        assert status == 1 and why in said
    for threads in ("-1", "257"):
        status, said = pull(bide, THREADS=threads).ended()
        assert status == 1 and "1 to 256" in said


def test_it_ends_after_its_task_when_told_to(serve, pull):
    bide = serve(pulled())
    puller = pull(bide)
    id = bide.submit("remote.x", {"sleep_ms": 700})["id"]
    until(lambda: bide.task(id)["progress"], "it runs")
    puller.process.send_signal(signal.SIGTERM)
    status, said = puller.ended()
    assert (status, bide.task(id)["status"]) == (0, "completed"), said


def test_it_ends_at_once_when_it_waits(serve, pull):
    bide = serve(pulled())
    puller = pull(bide)
    waits(bide)
    puller.process.send_signal(signal.SIGTERM)
    assert puller.ended()[0] == 0
    until(lambda: bide.metric("bide_pull_claims") == 0, "nobody waits")


def test_it_says_why_a_server_gives_it_nothing(serve, pull):
    bide = serve(pulled())
    status, said = pull(bide, BIDE_PULL_TYPES="nowhere").ended()
    assert status == 1 and "nowhere" in said and "pull" in said
    status, said = pull("not a server").ended()
    assert status == 1 and "not a server" in said


@pytest.mark.parametrize("end", ["kill9", "terminate"])
def test_it_goes_on_over_a_restart_of_the_server_and_its_verdict_is_taken(serve, pull, end):
    bide = serve(pulled())
    bide.args = ["--listen", f"unix:{bide.dir}/s"]
    bide.terminate()
    bide.start()
    puller = pull(f"unix:{bide.dir}/s")
    id = bide.submit("remote.x", {"sleep_ms": 1500, "file": "f"}, max_attempts=1)["id"]
    until(lambda: bide.task(id)["progress"], "it runs")
    getattr(bide, end)()
    bide.start()
    task = bide.ended(id, "completed")
    assert (task["attempt"], task["result"]["pid"], task["files"]) == (1, puller.process.pid, ["f"])
    assert bide.ended(bide.submit("remote.x", {})["id"], "completed")["result"]["pid"] == puller.process.pid


def test_one_that_is_killed_is_noticed_and_another_takes_its_task(serve, pull):
    bide = serve(pulled(types={"remote.*": {"pull": {"lease": "2s"}, "queue": "remote"}}))
    first = pull(bide)
    id = bide.submit("remote.x", {"sleep_ms": 3000}, max_attempts=1)["id"]
    until(lambda: bide.task(id)["progress"], "it runs")
    first.process.kill()
    second = pull(bide)
    result = bide.ended(id, "completed")["result"]
    assert (result["attempt"], result["pid"]) == (2, second.process.pid)


def test_one_that_slept_through_its_lease_does_not_disturb_its_successor(serve, pull):
    bide = serve(pulled(types={"remote.*": {"pull": {"lease": "2s"}, "queue": "remote"}}))
    first = pull(bide)
    id = bide.submit("remote.x", {"sleep_ms": 1000}, max_attempts=1)["id"]
    until(lambda: bide.task(id)["progress"], "it runs")
    first.process.send_signal(signal.SIGSTOP)
    bide.seen(id, "pending")
    second = pull(bide)
    result = bide.ended(id, "completed")["result"]
    first.process.send_signal(signal.SIGCONT)
    until(lambda: bide.metric("bide_pull_stale_total") > 0, "its late word was refused")
    assert (result["attempt"], result["pid"]) == (2, second.process.pid)
    assert bide.task(id)["result"] == result
    second.process.send_signal(signal.SIGTERM)
    assert second.ended()[0] == 0
    assert bide.ended(bide.submit("remote.x", {})["id"], "completed")["result"]["pid"] == first.process.pid
