# SPDX-License-Identifier: Apache-2.0
"""Programs that are confined: to another user, to limits, to paths; how that is shown, and what is said when it cannot be.

Another user takes root, and paths a kernel with Landlock; without them those tests are skipped and say so.
"""
import ctypes
import json
import os
import resource
import subprocess
import sys

import pytest
from fixtures import with_actor
from harness import BIDE, HERE, until

OTHER, GROUP = 61010, 61011  # nobody has these ids
ROOT = os.geteuid() == 0
LANDLOCK = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) >= 3
as_root = pytest.mark.skipif(not ROOT, reason="changing to another user takes root")
with_landlock = pytest.mark.skipif(not LANDLOCK, reason="this kernel has no Landlock of Linux 6.2")
NOTHING = {"user": None, "limits": {}, "no_new_privileges": True, "landlock": None}
WITHOUT_LANDLOCK = [sys.executable, "-S", str(HERE / "without_landlock.py")]


def sh(script, **more):
    return {"exec": ["/bin/sh", "-c", script, "sh", "{dir}"], "max_attempts": 1, **more}


def workers(bide):
    return bide.get_json("/v1/workers")["items"]


def opened(fleet, config):
    """A server whose directory another user may go into, as he has to."""
    bide = fleet.prepare(config)
    os.chmod(bide.dir, 0o755)
    return bide


def test_workers_show_what_they_are_confined_to(serve):
    bide = serve(
        pool={"limits": {"files": 256, "memory": "8G", "core": "none"}, "load": "boot"},
        types={"plain": sh("sleep 1000")},
    )
    bide.submit("plain", {})
    shown = until(lambda: {w["pool"]: w["sandbox"] for w in workers(bide)} if len(workers(bide)) == 2 else None, "both are there")
    assert shown == {"actor": {**NOTHING, "limits": {"files": 256, "memory": 8 << 30, "core": "none"}}, "plain": NOTHING}


def test_limits_hold_for_a_worker_and_what_it_starts(serve):
    bide = serve(pool={"limits": {"files": 50, "cpu": "7s", "file_size": "1K"}},
                 types={"limits": sh("ulimit -n; ulimit -St; sh -c 'ulimit -Hf'", limits={"files": 51, "cpu": "9s", "file_size": "2K"})})
    pid = bide.ended(bide.act(), "completed")["result"]["pid"]
    limits = {name: resource.prlimit(pid, getattr(resource, f"RLIMIT_{name}")) for name in ("NOFILE", "CPU", "FSIZE")}
    assert limits == {"NOFILE": (50, 50), "CPU": (7, 12), "FSIZE": (1024, 1024)}
    task = bide.ended(bide.submit("limits", {})["id"], "completed")
    assert task["result"]["stdout"].split() == ["51", "9", "4"]


def test_a_limit_above_the_hard_one_is_warned_of_and_is_why_nothing_starts(serve):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    bide = serve(pool={"limits": {"files": hard + 1}}, types={"limited": sh("true", limits={"files": hard + 1})})
    warned = f'workers.actor: "limits.files" is above the hard limit of this process, {hard}'
    assert warned in bide.text()
    task = bide.ended(bide.submit("limited", {})["id"], "failed")
    words = "cannot run /bin/sh: limits.files is above the hard limit of the server: Operation not permitted"
    assert (task["error"]["code"], task["error"]["message"]) == ("load_failed", words)
    id = bide.act()
    [worker] = until(lambda: [w for w in workers(bide) if w["problem"]], "its problem is shown")
    assert "limits.files is above the hard limit of the server" in worker["problem"]
    waiting = until(lambda: (bide.task(id)["waiting_on"] or {}).get("detail"), "the task says it, too")
    assert "limits.files is above the hard limit" in waiting, waiting


@as_root
def test_a_worker_of_another_user_reads_large_inputs_and_leaves_large_results_and_files(serve):
    config = with_actor(pool={"user": f"{OTHER}:{GROUP}", "command": ["/usr/bin/python3", "-S", "-c", WORKER]})
    large = "x" * (2 << 20)
    bide = opened(serve, config)
    before = os.umask(0o077)  # of the server, too
    try:
        bide.start()
    finally:
        os.umask(before)
    task = bide.ended(bide.submit("act", {"large": large})["id"], "completed")
    result = bide.send("GET", f"/v1/tasks/{task['id']}/result").json
    assert result["who"] == [OTHER, GROUP, [GROUP], "/", f"{OTHER}:{GROUP}"]
    assert result["length"] == len(large) and result["again"] == large
    assert task["files"] and bide.send("GET", f"/v1/tasks/{task['id']}/files/note.txt").body == b"a note"
    [worker] = workers(bide)
    assert worker["sandbox"]["user"] == f"{OTHER}:{GROUP}"
    assert os.stat(f"/proc/{worker['pid']}").st_uid == OTHER
    assert bide.ended(bide.submit("act", {"large": ""})["id"], "completed")["id"] != task["id"]
    assert bide.send("DELETE", f"/v1/tasks/{task['id']}").status in (200, 204)
    until(lambda: task["id"] not in "".join(os.listdir(bide.dir / "attempts")), "its directory is removed")


WORKER = """
import json, os, sys
frames, out = os.fdopen(3), os.fdopen(4, "w")
def say(**frame):
    print(json.dumps(frame), file=out, flush=True)
say(op="ready")
for line in frames:
    frame = json.loads(line)
    if frame["op"] == "stop":
        break
    for task in frame.get("tasks", []):
        given = task["input"] if task.get("input") else json.load(open(os.path.join(task["dir"], "input.json")))
        who = [os.getuid(), os.getgid(), os.getgroups(), os.environ["HOME"], os.environ["USER"]]
        with open(os.path.join(task["dir"], "result.json"), "w") as file:
            json.dump({"who": who, "length": len(given["large"]), "again": given["large"]}, file)
        with open(os.path.join(task["dir"], "note.txt"), "w") as file:
            file.write("a note")
        say(op="done", id=task["id"], fence=task["fence"], result_file="result.json", files=["note.txt"])
"""


@as_root
def test_commands_of_another_user_have_their_input_and_leave_files_but_touch_no_others(serve):
    types = {"other": sh('id -u; cat "$1/input.json"; echo b >"$1/out"; ls ../.. ; echo c >stray || echo no', user=f"{OTHER}:{GROUP}", env={"HOME": "/x"})}
    bide = opened(serve, {"types": types}).start()
    task = bide.ended(bide.submit("other", {"a": 1})["id"], "completed")
    lines = task["result"]["stdout"].splitlines()
    assert lines[0] == str(OTHER) and lines[1].startswith('{"a"') and lines[-1] == "no"
    assert task["files"] == ["out"]


@as_root
def test_a_user_who_cannot_reach_the_directories_of_attempts_is_told_so(serve):
    bide = serve.prepare({"types": {"other": sh("true", user=f"{OTHER}:{GROUP}", cwd="/")}})
    os.chmod(bide.dir, 0o700)
    bide.start()
    error = bide.ended(bide.submit("other", {})["id"], "failed")["error"]
    assert error["code"] == "load_failed"
    assert "its user in the directory of attempts, " in error["message"] and "Permission denied" in error["message"]


@as_root
def test_a_server_that_may_not_change_its_user_warns_and_says_why_nothing_starts(serve):
    bide = opened(serve, {"types": {"other": sh("true", user=f"{OTHER}:{GROUP}")}})
    bide.launcher = ["setpriv", f"--reuid={OTHER + 5}", f"--regid={GROUP}", "--clear-groups", "--"]
    for path in (bide.dir, bide.config_file):
        os.chown(path, OTHER + 5, GROUP)
    if not reachable(OTHER + 5):
        pytest.skip(f"{BIDE} is not where another user can run it")
    bide.start()
    assert f"(uid {OTHER + 5}) may not change to {OTHER}:{GROUP}: that takes root, or the capabilities CHOWN" in bide.text()
    answer = until(lambda: waits(bide, bide.submit("other", {})["id"]), "the reason is told")
    assert "Operation not permitted" in answer, answer


CAPABILITIES = "+chown,+dac_override,+fowner,+kill,+setgid,+setuid"


@as_root
def test_a_server_with_the_capabilities_alone_runs_workers_of_another_user_who_gets_none_of_them(serve):
    own = OTHER + 6
    if not reachable(own):
        pytest.skip(f"{BIDE} is not where another user can run it")
    script = 'grep -E "^Cap(Prm|Eff|Amb)" /proc/self/status | cut -f2 | sort -u; mkdir "$1/shut" && touch "$1/shut/x" && chmod 0 "$1/shut"; echo a >"$1/a"'
    deaf = "trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & while :; do sleep 1; done"
    user = {"user": f"{OTHER}:{GROUP}"}
    bide = opened(serve, with_actor(pool={"command": ["/usr/bin/python3", "-S", "-c", WORKER], **user}, types={"none": sh(script, **user), "plain": sh(script), "deaf": sh(deaf, grace="600ms", **user)}))
    for path in (bide.dir, bide.config_file):
        os.chown(path, own, own)
    bide.launcher = ["setpriv", f"--reuid={own}", f"--regid={own}", "--clear-groups", f"--inh-caps={CAPABILITIES}", f"--ambient-caps={CAPABILITIES}", "--"]
    bide.start()
    assert "may not change" not in bide.text()
    for type in ("plain", "none"):
        task = bide.ended(bide.submit(type, {})["id"], "completed")
        assert task["result"]["stdout"] == "0000000000000000\n" and task["files"] == ["a"]
    assert bide.send("GET", f"/v1/tasks/{task['id']}/files/a").body == b"a\n"
    task = bide.ended(bide.submit("act", {"large": "x" * (2 << 20)})["id"], "completed")
    assert bide.send("GET", f"/v1/tasks/{task['id']}/result").json["who"][0] == OTHER
    id = bide.submit("deaf", {})["id"]
    until(lambda: len([pid for pid in bide.processes() if os.stat(f"/proc/{pid}").st_uid == OTHER]) > 3, "it has started what it starts")
    assert bide.post(f"/v1/tasks/{id}/cancel").status == 202
    bide.ended(id, "cancelled")
    bide.post("/v1/workers/actor-1/stop")
    until(lambda: not bide.processes(), f"nothing is left of them: {bide.processes()}")


def reachable(uid):
    """May this user run the server's program?"""
    return subprocess.run(["setpriv", f"--reuid={uid}", "--clear-groups", "--", BIDE, "version"], capture_output=True).returncode == 0


def waits(bide, id):
    task = bide.task(id)
    return (task["error"] or {}).get("message") or (task["waiting_on"] or {}).get("detail")


@with_landlock
def test_a_confined_worker_changes_nothing_but_what_it_may(serve):
    bide = serve.prepare(with_actor(pool={"writable": ["mine"], "read_only": ["/"]}))
    (bide.dir / "mine").mkdir()
    bide.start()
    task = bide.ended(bide.act(["note", "mine/a", "in"], ["file", "out.txt", "output"], ["child", 1000]), "completed")
    assert (bide.dir / "mine/a").read_text().startswith("in")
    [worker] = workers(bide)
    assert worker["sandbox"]["landlock"] == {"writable": [str(bide.dir / "mine")], "read_only": ["/"]}
    failed = bide.ended(bide.act(["note", "outside", "out"], max_attempts=1), "failed")
    assert not (bide.dir / "outside").exists()
    assert "Permission" in json.dumps(failed["error"]) + bide.send("GET", f"/v1/tasks/{failed['id']}/log").body.decode()


@with_landlock
def test_a_confined_command_has_its_own_directory_only(serve):
    script = 'echo a >"$1/a" && ls "$1"; for d in "$1"/../*; do [ "$d" -ef "$1" ] || { echo b >"$d/b" || echo no; }; done'
    bide = serve.prepare({"types": {"one": sh(script, writable=["mine"])}})
    (bide.dir / "mine").mkdir()
    (bide.dir / "attempts/another").mkdir(parents=True)
    bide.start()
    task = bide.ended(bide.submit("one", {})["id"], "completed")
    assert task["result"]["stdout"].split() == ["a", "input.json", "no"]
    assert os.listdir(bide.dir / "attempts/another") == []


@with_landlock
def test_a_path_that_is_not_there_is_warned_of_and_is_why_nothing_starts(serve):
    bide = serve({"types": {"one": sh("true", writable=["mine"])}})
    path = bide.dir / "mine"
    assert f'types.one: "writable": {path} is not there' in bide.text()
    error = bide.ended(bide.submit("one", {})["id"], "failed")["error"]
    assert error["message"] == f"cannot run /bin/sh: writable, {path}: No such file or directory"
    path.mkdir()
    bide.ended(bide.submit("one", {})["id"], "completed")


def test_without_landlock_the_check_and_the_server_warn_and_nothing_is_started(serve):
    if subprocess.run([*WITHOUT_LANDLOCK, "/bin/true"]).returncode:
        pytest.skip("this system takes no seccomp filters")
    config = with_actor(pool={"read_only": ["/"]})
    config["types"]["one"] = sh("true", writable=["/tmp"])
    bide = serve.prepare(config)
    bide.launcher = WITHOUT_LANDLOCK
    checked = subprocess.run([*WITHOUT_LANDLOCK, BIDE, "check", str(bide.config_file)], text=True, capture_output=True)
    warned = '"writable" and "read_only" need a kernel with Landlock, of Linux 6.2 or later, and this one has none'
    assert checked.returncode == 0
    assert checked.stderr.splitlines() == [f"{bide.config_file}: workers.actor: {warned}", f"{bide.config_file}: types.one: {warned}"]
    told = json.loads(subprocess.run([*WITHOUT_LANDLOCK, BIDE, "check", "--json", str(bide.config_file)], capture_output=True).stdout)
    assert told["ok"] and told["warnings"] == [f"workers.actor: {warned}", f"types.one: {warned}"]
    bide.start()
    assert f"types.one: {warned}" in bide.text()
    error = bide.ended(bide.submit("one", {})["id"], "failed")["error"]
    assert error["message"].startswith("cannot run /bin/sh: writable and read_only need a kernel with Landlock"), error
    bide.act()
    [worker] = until(lambda: [w for w in workers(bide) if w["pool"] == "actor" and w["problem"]], "its problem is shown")
    assert "need a kernel with Landlock" in worker["problem"] and worker["loads"] == 0


def test_what_cannot_be_is_refused_before_the_server_starts(serve):
    bide = serve.prepare(with_actor(pool={"user": "no-such-user"}))
    bide.launch()
    assert bide.process.wait(20) == 78
    until(lambda: 'there is no user "no-such-user" here' in bide.text(), "the reason")
