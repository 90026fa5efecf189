# SPDX-License-Identifier: Apache-2.0
"""examples/transcribe: real recordings, real speech recognition, and the demonstration that `make run` shows."""
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from harness import ROOT, until

SPEECH = Path(os.environ.get("BIDE_BUILD", ROOT / "build")) / "examples/transcribe/speech"
EXAMPLE = ROOT / "examples/transcribe"
RECORDINGS = Path("/usr/share/sounds/alsa")

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
            "queues": {"speech": {"concurrency": 1}},
            "workers": {"speech": {"command": [str(SPEECH), "--model", "en-us"]}},
            "types": {"transcribe": {"queue": "speech", "worker": "speech"}},
        }
    )
    fleet.release()


def job(name, **more):
    return {"audio": str(RECORDINGS / name), "grammar": str(EXAMPLE / "channels.gram"), **more}


def test_every_recording_gives_exactly_its_words_from_one_loaded_model(bide):
    names = sorted(path.name for path in RECORDINGS.glob("*_*.wav"))
    assert len(names) == 8
    ids = {name: bide.submit("transcribe", job(name))["id"] for name in names}
    for name, id in ids.items():
        result = bide.ended(id, "completed")["result"]
        assert result["text"] == Path(name).stem.replace("_", " ").lower()
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


def test_progress_is_told_each_second_and_a_cancel_keeps_the_model(bide, tmp_path):
    long = tmp_path / "long.wav"
    command = ["ffmpeg", "-v", "error", "-stream_loop", "1500", "-i", str(RECORDINGS / "Front_Center.wav"), "-c", "copy"]
    subprocess.run([*command, str(long)], check=True, stdin=subprocess.DEVNULL)
    id = bide.submit("transcribe", {"audio": str(long)}, timeout_ms=120_000)["id"]
    task = until(lambda: next((t for t in [bide.task(id)] if t["progress"] and t["progress"]["message"]), None), "progress")
    assert re.fullmatch(r"\d+ of \d+\.\d s", task["progress"]["message"])
    assert 0 < task["progress"]["percent"] < 100
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    bide.ended(bide.submit("transcribe", job("Rear_Left.wav"))["id"], "completed")
    assert bide.get_json("/v1/workers")["items"][0]["loads"] == 1


@pytest.fixture
def demo(tmp_path):
    """The demonstration on a port of its own. Its output goes to demo.log."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    store = {"BIDE_STORE": f"sqlite:{tmp_path}/bide.db", "BIDE_DATA_DIR": str(tmp_path)}
    env = {**os.environ, **store, "BIDE_LISTEN": listen}
    env.pop("BIDE_SERVER", None)
    with open(tmp_path / "demo.log", "wb") as log:
        process = subprocess.Popen(
            [str(EXAMPLE / "demo.sh")],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell cannot trap what was ignored
        )
    yield process, listen
    for _ in range(2):
        if process.poll() is None:
            process.terminate()
    process.wait(20)


@pytest.mark.skipif(not (ROOT / "build/bide").exists(), reason="the demonstration uses build/bide")
def test_the_demonstration_prints_every_transcript_and_stops_on_ctrl_c(demo, tmp_path):
    process, listen = demo

    def said():
        text = (tmp_path / "demo.log").read_text()
        assert process.poll() is None, text
        return text if "Ctrl-C stops it" in text else None

    text = until(said, "the end of the demonstration", 60)
    for recording in RECORDINGS.glob("*_*.wav"):
        words = recording.stem.replace("_", " ").lower()
        assert re.search(rf"{recording.name} +{words} +1\.\d\d s +\d+ ms +\d\.\d\d\n", text), text
    assert re.search(r"ten_times\.wav +160 words +113\.\d\d s", text), text
    assert f"http://{listen}" in text
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(20) == 0, (tmp_path / "demo.log").read_text()
    host, port = listen.split(":")
    with pytest.raises(OSError):
        socket.create_connection((host, int(port)), timeout=1)
