#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long clients wait while ten minutes of speech are transcribed: /health, the status of the task under way, and a submit.

A server with this folder's bide.yaml and a store of its own is given a recording of that length; as long as it is listened
to, a client asks one after the other, at a pace, over one connection. A submit is answered when the task is synced to disk;
it is cancelled again at once, so that the queue of ten is never full.
"""
import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("BIDE_BUILD", HERE.parents[1] / "build"))
RECORDINGS = Path("/usr/share/sounds/alsa")
NOBODY = {"video_url": "http://127.0.0.1:9/none.mp4"}
PACE_S = 0.01  # between two questions
READY_S = 60


def recording(path, seconds):
    """Somebody says the same short sentences over and over."""
    said = sorted(RECORDINGS.glob("*_*.wav"))
    inputs = [part for one in said for part in ("-i", str(one))]
    one_round = "".join(f"[{n}:a]apad=pad_dur=0.7[a{n}];" for n in range(len(said)))
    one_round += "".join(f"[a{n}]" for n in range(len(said))) + f"concat=n={len(said)}:v=0:a=1,aloop=-1:size=2e9"
    command = ["ffmpeg", "-nostdin", "-v", "error", *inputs, "-filter_complex", one_round, "-t", str(seconds), "-ar", "16000", str(path)]
    subprocess.run(command, check=True)


class Server:
    """A bide with the example's configuration; stopped at the end."""

    def __init__(self, folder):
        self.log = folder / "server.log"
        own = {"BIDE_STORE": f"sqlite:{folder}/bide.db", "BIDE_DATA_DIR": str(folder), "BIDE_LISTEN": "127.0.0.1:0"}
        env = {name: value for name, value in os.environ.items() if not name.startswith("BIDE_")}
        with open(self.log, "wb") as out:
            command = [BUILD / "bide", "serve", "--config", HERE / "bide.yaml"]
            self.process = subprocess.Popen(command, env={**env, **own}, stdout=out, stderr=out)

    def __enter__(self):
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"listening on http://(\S+)", self.log.read_text())
            if found:
                self.connection = http.client.HTTPConnection(found[1], timeout=60)
                return self
            time.sleep(0.05)
        sys.exit(f"bench.py: the server did not start: {self.log.read_text()}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def ask(self, method, path, body=None, type="application/json"):
        """Returns the answer and how long it took, in seconds."""
        began = time.perf_counter()
        self.connection.request(method, path, body, {"Content-Type": type} if body else {})
        answer = self.connection.getresponse()
        text = answer.read()
        took = time.perf_counter() - began
        if answer.status >= 300:
            sys.exit(f"bench.py: {method} {path} was answered {answer.status}: {text.decode()}")
        return json.loads(text), took


def form(path):
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'
    text_only = '\r\n--x\r\nContent-Disposition: form-data; name="text_only"\r\n\r\ntrue\r\n--x--\r\n'
    return head.encode() + path.read_bytes() + text_only.encode()


def measure(server, id):
    """By question, how long each answer took, as long as the recording is being listened to."""
    took = {"/health": [], "status": [], "submit": []}
    ended = {"completed", "failed"}
    while True:
        seen, status_s = server.ask("GET", f"/api/v1/task/{id}")
        if seen["status"] in ended:
            return seen, took
        if re.match(r"\d+ of ", seen["message"]):  # seconds that were heard
            took["status"].append(status_s)
            time.sleep(PACE_S)
            took["/health"].append(server.ask("GET", "/health")[1])
            time.sleep(PACE_S)
            task, submit_s = server.ask("POST", "/api/v1/process/bilibili", json.dumps(NOBODY))
            took["submit"].append(submit_s)
            server.ask("POST", f"/v1/tasks/{task['task_id']}/cancel")
        time.sleep(PACE_S)


def percentile(times, percent):
    times = sorted(times)
    return 1000 * times[min(len(times) - 1, int(len(times) * percent / 100))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600, help="of speech (600)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bide-bench-") as folder:
        path = Path(folder) / "long.wav"
        recording(path, given.seconds)
        with Server(Path(folder)) as server:
            load, body = os.getloadavg()[0], form(path)
            accepted, took_s = server.ask("POST", "/api/v1/process/audio", body, "multipart/form-data; boundary=x")
            began = time.monotonic()
            seen, took = measure(server, accepted["task_id"])
            ran_s = time.monotonic() - began
            workers, _ = server.ask("GET", "/v1/workers")
    if seen["status"] != "completed" or not took["submit"]:
        sys.exit(f"bench.py: {json.dumps(seen)}")
    words = len(seen["result"]["raw_text"].split())
    print(f"{given.seconds} s of speech, {words} words, in {ran_s:.0f} s; the {len(body) / 1e6:.0f} MB were stored in {took_s:.2f} s")
    print(f"the model was loaded {sum(worker['loads'] for worker in workers['items'])} time; {os.cpu_count()} CPUs, load {load:.1f} before")
    print(f"{'':<10}{'asked':>8}{'p50':>12}{'p99':>12}{'longest':>12}")
    for name, times in took.items():
        print(f"{name:<10}{len(times):>8}{percentile(times, 50):>9.2f} ms{percentile(times, 99):>9.2f} ms{1000 * max(times):>9.2f} ms")


main()
