# SPDX-License-Identifier: Apache-2.0
"""examples/transcribe: real recordings, real speech recognition, by processes of bide's and by pullers, the demonstration
that `make run` shows, and the benchmark."""
import json
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest
from demo import running
from harness import ROOT, until
from recogniser import RECORDINGS, SPEECH, by_hand

BUILD = Path(os.environ.get("BIDE_BUILD", ROOT / "build"))
EXAMPLE = ROOT / "examples/transcribe"

pytestmark = pytest.mark.skipif(
    not SPEECH.exists() or not RECORDINGS.exists(), reason="the speech worker or the recordings are not there"
)


@pytest.fixture(scope="module")
def bide():
    from fixtures import Fleet, QUICK

    fleet = Fleet()
    yield fleet(
        {
            "defaults": QUICK,
            "queues": {"speech": {"concurrency": 1}, "elsewhere": {"concurrency": 16}},
            "workers": {"speech": {"command": [str(SPEECH), "--model", "en-us"]}},
            "types": {
                "transcribe": {"queue": "speech", "worker": "speech"},
                "transcribe.elsewhere": {"queue": "elsewhere", "pull": {"lease": "10s"}},
            },
        }
    )
    fleet.release()


@pytest.fixture
def long(tmp_path):
    """long(n): "front center" n times over."""

    def make(times):
        command = ["ffmpeg", "-v", "error", "-stream_loop", str(times - 1), "-i", str(RECORDINGS / "Front_Center.wav"), "-c", "copy"]
        subprocess.run([*command, str(tmp_path / "long.wav")], check=True, stdin=subprocess.DEVNULL)
        return tmp_path / "long.wav"

    return make


def job(name, **more):
    return {"audio": str(RECORDINGS / name), "grammar": str(EXAMPLE / "channels.gram"), **more}


def puller(url, **env):
    """The command of the example's README."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BIDE_")}
    env = {**clean, "BIDE_PULL": url, "BIDE_PULL_TYPES": "transcribe.elsewhere", **env}
    return subprocess.Popen([str(SPEECH)], env=env, stdin=subprocess.DEVNULL)


@pytest.fixture
def pull(bide):
    """pull(name): the same program, as a puller."""
    made = []

    def start(name):
        made.append(puller(bide.url, BIDE_PULL_NAME=name))
        return made[-1]

    yield start
    for one in made:
        one.kill()
        one.wait(20)


def words_of(name):
    return Path(name).stem.replace("_", " ").lower()


def the_eight():
    names = sorted(path.name for path in RECORDINGS.glob("*_*.wav"))
    assert len(names) == 8
    return names


def test_the_same_program_pulls_and_hears_the_words(bide, pull):
    pullers = {name: pull(name) for name in ("box-1", "box-2")}
    names = the_eight()
    ids = {name: bide.submit("transcribe.elsewhere", job(name))["id"] for name in names}
    for name, id in ids.items():
        result = bide.ended(id, "completed")["result"]
        assert result["text"] == words_of(name)
        assert [word["word"] for word in result["words"]] == result["text"].split()
    seen = {worker["id"]: worker["tasks"] for worker in bide.get_json("/v1/workers")["items"]}
    assert sum(seen.get(f"transcribe.elsewhere/{name}", 0) for name in pullers) == len(names)
    for process in pullers.values():
        process.terminate()
        assert process.wait(20) == 0


def test_a_puller_that_is_told_to_stop_finishes_its_recording_and_one_that_is_killed_is_replaced(bide, pull, long):
    given = {"audio": str(long(20)), "grammar": str(EXAMPLE / "channels.gram")}
    id = bide.submit("transcribe.elsewhere", given)["id"]
    first = pull("first")
    until(lambda: bide.task(id)["progress"], "it has the recording")
    first.kill()
    second = pull("second")
    until(lambda: bide.task(id)["attempt"] == 2 and bide.task(id)["progress"], "another has it, once the lease is over")
    second.terminate()
    assert second.wait(60) == 0
    assert bide.ended(id, "completed")["result"]["text"] == " ".join(["front center"] * 20)


def test_a_cancel_reaches_a_puller_and_it_takes_the_next(bide, pull, long):
    pull("box-3")
    id = bide.submit("transcribe.elsewhere", {"audio": str(long(1500))}, timeout_ms=120_000, grace_ms=10_000)["id"]
    until(lambda: bide.task(id)["progress"], "progress")
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    bide.ended(bide.submit("transcribe.elsewhere", job("Rear_Left.wav"))["id"], "completed")
    seen = {worker["id"]: worker["tasks"] for worker in bide.get_json("/v1/workers")["items"]}
    assert seen["transcribe.elsewhere/box-3"] == 2


def test_every_recording_gives_exactly_its_words_from_one_loaded_model(bide):
    names = the_eight()
    ids = {name: bide.submit("transcribe", job(name))["id"] for name in names}
    for name, id in ids.items():
        result = bide.ended(id, "completed")["result"]
        assert result["text"] == words_of(name)
        assert [word["word"] for word in result["words"]] == result["text"].split()
        times = [time for word in result["words"] for time in (word["start"], word["end"])]
        assert times == sorted(times) and times[-1] <= result["seconds"] + 0.1
        assert 1 < result["seconds"] < 2 and result["real_time_factor"] > 0
    assert bide.get_json("/v1/workers")["items"][0]["loads"] == 1


def test_what_was_heard_before_does_not_change_the_words(bide):
    def words(grammar):
        given = job("Front_Center.wav")
        if not grammar:
            del given["grammar"]
        return bide.ended(bide.submit("transcribe", given)["id"], "completed")["result"]["words"]

    free, bound = words(False), words(True)
    assert free and bound != free
    bide.ended(bide.submit("transcribe", job("Noise.wav"))["id"], "completed")
    assert (words(False), words(True)) == (free, bound)


def test_white_noise_has_no_words(bide):
    assert bide.ended(bide.submit("transcribe", job("Noise.wav"))["id"], "completed")["result"]["text"] == ""


@pytest.mark.parametrize(
    "input,says",
    [
        ({}, "audio"),
        ({"audio": 5}, "audio"),
        ({"audio": "/there/is/none.wav"}, "/there/is/none.wav"),
        ({"audio": "/etc/passwd"}, "audio"),
        ({"audio": "http://127.0.0.1:1/x.wav"}, "http://"),
        ({"audio": "/usr/share/sounds/alsa"}, "/usr/share/sounds/alsa"),
        (job("Front_Left.wav", grammar="/there/is/none.gram"), "none.gram"),
        (job("Front_Left.wav", grammar="/etc/passwd"), "grammar"),
        (job("Front_Left.wav", grammar=[]), "grammar"),
    ],
)
def test_an_input_that_cannot_be_used_fails_once_and_says_why(bide, input, says):
    task = bide.ended(bide.submit("transcribe", input)["id"], "failed")
    assert (task["error"]["code"], task["attempt"]) == ("invalid_input", 1)
    assert says in task["error"]["message"]


def test_progress_is_told_each_second_and_a_cancel_keeps_the_model(bide, long):
    id = bide.submit("transcribe", {"audio": str(long(1500))}, timeout_ms=120_000)["id"]
    task = until(lambda: next((t for t in [bide.task(id)] if t["progress"] and t["progress"]["message"]), None), "progress")
    assert re.fullmatch(r"\d+ of \d+\.\d s", task["progress"]["message"])
    assert 0 < task["progress"]["percent"] < 100
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    bide.ended(bide.submit("transcribe", job("Rear_Left.wav"))["id"], "completed")
    assert bide.get_json("/v1/workers")["items"][0]["loads"] == 1


@pytest.fixture
def threads(serve):
    """One process with two decoders."""
    return serve(
        {
            "queues": {"speech": {"concurrency": 2}},
            "workers": {"speech": {"command": [str(SPEECH), "--threads", "2"]}},
            "types": {"transcribe": {"queue": "speech", "worker": "speech"}},
        }
    )


def test_two_threads_have_a_recording_each_and_a_cancel_stops_only_its_own(threads, long):
    given = {"audio": str(long(1500))}
    ids = [threads.submit("transcribe", given, timeout_ms=120_000, grace_ms=30_000)["id"] for _ in range(2)]
    for id in ids:
        until(lambda: threads.task(id)["progress"], "it is being decoded")
    [worker] = threads.get_json("/v1/workers")["items"]
    assert (sorted(worker["current"]), worker["concurrency"], worker["loads"]) == (sorted(ids), 2, 1)
    threads.post(f"/v1/tasks/{ids[0]}/cancel")
    threads.ended(ids[0], "cancelled")
    at = threads.task(ids[1])["progress"]["percent"]
    until(lambda: threads.task(ids[1])["progress"]["percent"] > at, "the other goes on")
    threads.post(f"/v1/tasks/{ids[1]}/cancel")
    threads.ended(ids[1], "cancelled")
    [after] = threads.get_json("/v1/workers")["items"]
    assert (after["pid"], after["loads"], after["current"]) == (worker["pid"], 1, [])


def test_two_threads_hear_the_words_that_one_hears(threads, tmp_path):
    paths = [RECORDINGS / name for name in the_eight()] * 3
    grammar = str(EXAMPLE / "channels.gram")
    alone = {}
    for grammars in ({}, {"grammar": grammar}):
        (tmp_path / "hand").mkdir(exist_ok=True)
        for path, heard in zip(paths, by_hand(tmp_path / "hand", *paths[:8], **grammars)):
            alone[path, bool(grammars)] = heard["text"]
    threads.post("/v1/queues/speech/pause")
    asked = [(path, bound) for path in paths for bound in (False, True)]
    ids = [threads.submit("transcribe", {"audio": str(path), **({"grammar": grammar} if bound else {})})["id"] for path, bound in asked]
    bad = threads.submit("transcribe", {"audio": str(paths[0]), "grammar": "/etc/passwd"})["id"]
    threads.post("/v1/queues/speech/resume")
    for id, which in zip(ids, asked):
        assert threads.ended(id, "completed")["result"]["text"] == alone[which], which
    assert len(set(alone.values())) > 8
    assert "grammar: " in threads.ended(bad, "failed")["error"]["message"]
    [worker] = threads.get_json("/v1/workers")["items"]
    assert (worker["loads"], worker["tasks"]) == (1, len(ids) + 1)


@pytest.mark.parametrize("words", [("--threads", "0"), ("--threads", "65"), ("--threads", "two"), ("--threads",), ("--model",), ("2", "3")])
def test_a_command_line_that_is_not_right_is_told(words):
    done = subprocess.run([str(SPEECH), *words], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (64, "") and "usage: speech" in done.stderr and "1..64" in done.stderr


def test_a_model_that_is_not_there_is_told_by_the_process(serve):
    bide = serve({"workers": {"speech": {"command": [str(SPEECH), "--model", "klingon", "--threads", "2"]}}, "types": {"t": {"worker": "speech"}}})
    bide.submit("t", {"audio": "a.wav"})
    until(lambda: "klingon cannot be loaded" in (bide.get_json("/v1/workers")["items"][0]["problem"] or ""), "the reason")


@pytest.fixture
def demo(tmp_path):
    with running(EXAMPLE / "demo.sh", tmp_path) as one:
        yield one


@pytest.mark.skipif(not (ROOT / "build/bide").exists(), reason="the demonstration uses build/bide")
def test_the_demonstration_prints_every_transcript_and_stops_on_ctrl_c(demo):
    text = demo.said(60)
    for recording in RECORDINGS.glob("*_*.wav"):
        assert re.search(rf"{recording.name} +{words_of(recording.name)} +1\.\d\d s +\d+ ms +\d\.\d\d\n", text), text
    assert re.search(r"ten_times\.wav +160 words +113\.\d\d s", text), text
    assert f"http://{demo.listen}" in text
    command = [str(ROOT / "build/bide"), "submit", "transcribe.elsewhere", "--wait", "--server", f"http://{demo.listen}"]
    elsewhere = puller(f"http://{demo.listen}")
    try:
        done = subprocess.run([*command, "--input", json.dumps(job("Rear_Left.wav"))], capture_output=True, text=True, timeout=60)
    finally:
        elsewhere.terminate()
    assert elsewhere.wait(20) == 0
    assert '"text":"rear left"' in done.stdout, done
    demo.interrupt()
    host, port = demo.listen.split(":")
    with pytest.raises(OSError):
        socket.create_connection((host, int(port)), timeout=1)


def test_the_benchmark_compares_four_ways_and_leaves_nothing_behind(tmp_path):
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    (recordings / "Rear_Left.wav").symlink_to(RECORDINGS / "Rear_Left.wav")
    command = [str(EXAMPLE / "bench.py"), "--rounds", "1", "--copies", "1", "--recordings", str(recordings)]
    env = {**os.environ, "BIDE_BUILD": str(BUILD), "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
    first, _, *rows = done.stdout.splitlines()
    assert re.fullmatch(r"1 recordings a turn, 1 rounds, \d+ CPUs, load [\d.]+ before and [\d.]+ after", first)
    assert [re.match(r"(\w+ \w+) +[\d.]+ +\d+ ms +\d+ ms +\d+ ms +[\d.]+ +[\d.]+$", row)[1] for row in rows] == [
        "one process", "one puller", "two processes", "two pullers",
    ]
    assert rows[0].split()[-2:] == ["1.00", "1.00"]
    assert [path.name for path in tmp_path.iterdir()] == ["recordings"]


def test_the_benchmark_gives_no_figure_for_what_is_not_right(tmp_path):
    (tmp_path / "Rear_Right.wav").symlink_to(RECORDINGS / "Rear_Left.wav")
    command = [str(EXAMPLE / "bench.py"), "--rounds", "1", "--copies", "1", "--recordings", str(tmp_path)]
    env = {**os.environ, "BIDE_BUILD": str(BUILD)}
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=250)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(r"Rear_Right.wav by one process: completed, \{.*rear left", done.stderr)
    empty = subprocess.run([*command[:-1], str(tmp_path / "none")], capture_output=True, text=True, timeout=60)
    assert empty.returncode == 2 and "there is nothing to do" in empty.stderr
