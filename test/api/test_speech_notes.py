# SPDX-License-Identifier: Apache-2.0
"""examples/speech-notes: videos fetched over HTTP, real speech recognition by one loaded model, subtitles that can be seen;
the application's clients are answered as golden.json has it."""
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import zipfile
from difflib import SequenceMatcher
from io import BytesIO
from pathlib import Path

import openapi
import pytest
from demo import running
from golden import play
from harness import ROOT, pointers, problem, until
from recogniser import RECORDINGS, SPEECH, by_hand, ffmpeg
from streams import task_stream

BUILD = Path(os.environ.get("BIDE_BUILD", ROOT / "build"))
EXAMPLE = ROOT / "examples/speech-notes"
SIDES = ["Front_Left", "Front_Right", "Rear_Center", "Rear_Left", "Rear_Right", "Side_Left", "Side_Right", "Front_Center"]
SYSTEM = "speech-notes"
STATUS = "/api/v1/task/"

openapi.CONFIGURED += [r"/(api|health)(/.*)?"]


def missing():
    """What of the group `notes` of scripts/install-packages is not there; "" when all is."""
    absent = [name for name in ("ffmpeg", "yt-dlp", "ots", "tesseract") if not shutil.which(name)]
    absent += [str(path) for path in (SPEECH, RECORDINGS) if not path.exists()]
    return ", ".join(absent)


pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not there: {missing()}")


def video(path, *names):
    """Somebody says these recordings of alsa-utils, one after the other, in front of a plain wall."""
    inputs = [part for name in names for part in ("-i", RECORDINGS / f"{name}.wav")]
    sound = "".join(f"[{n}:a]apad=pad_dur=0.7[{n}a];" for n in range(len(names)))  # with a pause behind each
    sound += "".join(f"[{n}a]" for n in range(len(names))) + f"concat=n={len(names)}:v=0:a=1[a]"
    wall = ["-f", "lavfi", "-i", "color=c=gray:s=640x480:r=10"]
    ffmpeg(*inputs, *wall, "-filter_complex", sound, "-map", "[a]", "-map", f"{len(names)}:v", "-shortest", "-ar", "44100", path)
    return path


class Site(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; what is below /held/ when `gate` is open; a model that can say one thing."""

    gate = threading.Event()
    asked = []

    def do_GET(self):
        if self.path.startswith("/held/"):
            self.gate.wait(60)
            self.path = self.path[5:]
        super().do_GET()

    do_HEAD = do_GET

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(asked)
        answer = {"choices": [{"message": {"content": f"{asked['model']} says {len(self.asked)}"}}]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Ten videos on loopback."""
    folder = tmp_path_factory.mktemp("site")
    for n, name in enumerate(SIDES):
        video(folder / f"{n}.mp4", name)
    video(folder / "8.mp4", *SIDES[:2])
    video(folder / "9.mp4", *SIDES[:5])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Site(*a, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.folder = folder
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    Site.gate.set()
    server.shutdown()
    thread.join()
    server.server_close()


def of_the_example(site, *changes):
    """A server with the example's own bide.yaml, its paths made absolute; `changes` are pairs of what stands there and what is to."""
    from fixtures import Fleet

    fleet = Fleet()
    text = (EXAMPLE / "bide.yaml").read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    text = text.replace("../../build/speech-notes", ".").replace("../../build", str(BUILD)).replace("[./", f"[{EXAMPLE}/")
    server = fleet.prepare(text)
    server.args = ["--listen", f"unix:{server.dir}/bide.sock"]
    server.env = {"BIDE_SERVER": f"unix:{server.dir}/bide.sock", "BIDE_TYPES_LLM_HTTP_URL": site.url + "/v1/chat/completions"}
    yield server.start()
    fleet.release()


@pytest.fixture(scope="module")
def bide(site):
    """As it stands; one server for all tests, and so one model."""
    yield from of_the_example(site)


@pytest.fixture
def two(site):
    """With two threads for the model."""
    yield from of_the_example(site, ('--threads, "1"', '--threads, "2"'), ("notes: {concurrency: 1,", "notes: {concurrency: 2,"))


def becomes(bide, id, *statuses, **members):
    """What the application's client sees, once that is one of these; statuses may only go towards it."""

    def look():
        seen = bide.get_json(STATUS + id)
        wanted = seen["status"] in statuses and all(seen[name] == value for name, value in members.items())
        assert wanted or seen["status"] not in ("completed", "failed"), json.dumps([seen, bide.task(id)["steps"]], indent=1)
        return seen if wanted else None

    return until(look, f"{id} {statuses} {members}, now {bide.get_json(STATUS + id)}", 60)


def loads(bide):
    return [worker["loads"] for worker in bide.get_json("/v1/workers")["items"]]


def test_ten_videos_come_out_in_order_with_the_words_that_were_said_and_the_eleventh_is_refused(bide, site, tmp_path):
    bide.post("/v1/queues/notes/pause")
    play(bide, SYSTEM, "health", {})
    urls = [f"{site.url}/{n}.mp4" for n in range(10)]
    ids = [
        play(bide, SYSTEM, "submit a video" if n else "defaults are filled in", {"video_url": url}).json["task_id"]
        for n, url in enumerate(urls)
    ]
    refused = play(bide, SYSTEM, "a full queue", {"video_url": urls[0]})
    assert int(refused.headers["retry-after"]) >= 1
    problem(refused, 429, "queue_full")
    assert bide.queue("notes")["depth"]["pending"] == 10
    bide.post("/v1/queues/notes/resume")
    ended = [becomes(bide, id, "completed") for id in ids]
    times = [task["completed_at"] for task in ended]
    assert times == sorted(times) and len(set(times)) == 10
    heard = [one["text"] for one in by_hand(tmp_path, *[site.folder / f"{n}.mp4" for n in range(10)])]
    assert len(set(heard)) == 10 and len(heard[9].split()) >= 8
    assert [task["result"]["raw_text"] for task in ended[1:]] == heard[1:]
    assert [task["result"]["title"] for task in ended[1:]] == [str(n) for n in range(1, 10)]
    assert loads(bide) == [1]
    play(bide, SYSTEM, "status at the end", {"task_id": ids[9], "video_url": urls[9]})
    files = play(bide, SYSTEM, "the same with files", {"task_id": ids[0], "video_url": urls[0]}).json["result"]
    zipped = zipfile.ZipFile(BytesIO(bide.send("GET", files["zip_file"]).body))
    assert sorted(zipped.namelist()) == ["polished_text.txt", "raw_text.txt", "title.txt"]
    assert zipped.read("raw_text.txt").decode() == heard[0] + "\n"
    assert Path(files["output_dir"], "raw_text.txt").read_text() == heard[0] + "\n"
    polished = ended[9]["result"]["polished_text"]
    assert polished.count(".") > 2 and polished.replace(".", "").lower() == heard[9].lower()
    assert ended[9]["result"]["summary"] and ended[9]["result"]["summary"] in polished
    assert 0 < ended[9]["result"]["polish_time"] < ended[9]["result"]["extract_time"]


def test_the_message_follows_the_phases_and_nothing_waits_for_the_model(bide, site):
    Site.gate.clear()
    url = f"{site.url}/held/9.mp4"
    id = bide.post("/api/v1/process/bilibili", {"video_url": url, "text_only": True, "summarize": True}).json["task_id"]
    becomes(bide, id, "processing", message="fetching the video")
    play(bide, SYSTEM, "status while it runs", {"task_id": id, "video_url": url})
    seen = []
    follower = task_stream(bide, id)
    Site.gate.set()
    while not seen or seen[-1]["status"] != "completed":
        assert not seen or seen[-1]["status"] == "processing", seen[-1]
        seen.append(bide.get_json(STATUS + id))
        bide.get_json("/health")
    steps = bide.task(id)["steps"]
    order = ["fetch", "extract", "transcribe", "polish", "polish_llm", "summary", "summary_llm", "finish"]
    assert [step["name"] for step in steps] == order
    assert [step["name"] for step in steps if step["status"] == "skipped"] == ["polish_llm", "summary_llm"]
    with follower as stream:
        events = [e.data["progress"]["message"] for e in stream if e.data.get("progress")]
    phases = ["fetching the video", "extracting the sound", "polishing the text", "generating summary", "done"]
    assert [message for message in dict.fromkeys(events) if message in phases] == phases, events
    told = [message for message in dict.fromkeys(task["message"] for task in seen) if message in phases]
    assert told == [phase for phase in phases if phase in told] and told[-1] == "done", told  # a look now and then may miss a short one


def test_a_field_that_is_missing_is_named(bide):
    refused = play(bide, SYSTEM, "a missing field is named", {})
    problem(refused, 422, "invalid_input")
    assert pointers(refused) == ["/video_url"]
    play(bide, SYSTEM, "an unknown task", {})


def test_what_the_other_side_refuses_fails_with_the_traceback(bide, site):
    url = f"{site.url}/none.mp4"
    id = bide.post("/api/v1/process/bilibili", {"video_url": url}).json["task_id"]
    becomes(bide, id, "failed")
    seen = play(bide, SYSTEM, "a failure says why", {"task_id": id, "video_url": url}).json
    assert "Traceback (most recent call last)" in seen["error"] and "fetch.py" in seen["error"]
    assert "404" in seen["message"]
    assert bide.task(id)["attempt"] == 1


def test_a_model_polishes_and_sums_up_where_one_is_named(bide, site):
    Site.asked.clear()
    given = {"video_url": f"{site.url}/1.mp4", "llm_api": "tiny", "temperature": 0.7, "max_tokens": 99, "text_only": True, "summarize": True}
    id = bide.post("/api/v1/process/bilibili", given).json["task_id"]
    result = becomes(bide, id, "completed")["result"]
    assert (result["polished_text"], result["summary"]) == ("tiny says 1", "tiny says 2")
    first, second = Site.asked
    assert (first["model"], first["temperature"], first["max_tokens"]) == ("tiny", 0.7, 99)
    assert first["messages"][1] == {"role": "user", "content": result["raw_text"]}
    assert second["messages"][1] == {"role": "user", "content": "tiny says 1"}


def test_an_upload_is_transcribed_and_gone_afterwards(bide, tmp_path):
    recording = RECORDINGS / "Rear_Left.wav"
    id = play(bide, SYSTEM, "submit an upload", {"@audio.wav": recording.read_bytes()}).json["task_id"]
    file = bide.task(id)["input"]["file"].removeprefix("file:")
    seen = becomes(bide, id, "completed")
    assert (seen["url"], seen["filename"], seen["result"]["title"]) == (None, "audio.wav", "audio")
    assert bide.task(id)["input"]["text_only"] is True and "summary" not in seen["result"]
    assert seen["result"]["raw_text"] == by_hand(tmp_path, recording)[0]["text"] != ""
    until(lambda: bide.send("GET", f"/v1/files/{file}").status == 404, "the end of the upload")


def test_a_list_is_done_one_after_the_other_and_what_fails_in_it_fails_alone(bide, site):
    known = {"video_url": f"{site.url}/2.mp4", "video_url2": f"{site.url}/none.mp4"}
    id = play(bide, SYSTEM, "submit a list", known).json["task_id"]
    good, bad = becomes(bide, id, "completed")["result"]
    assert (good["url"], good["status"], bad["url"], bad["status"]) == (known["video_url"], "completed", known["video_url2"], "failed")
    assert good["result"] == bide.get_json(STATUS + good["task_id"])["result"] and good["result"]["raw_text"]
    assert "404" in bad["error"] and bad["result"] is None
    assert loads(bide) == [1]


def test_a_cancel_of_a_list_reaches_the_video_under_way(bide, site):
    Site.gate.clear()
    id = bide.post("/api/v1/process/batch", {"urls": [f"{site.url}/held/2.mp4"]}).json["task_id"]
    [child] = until(lambda: bide.get_json("/v1/tasks?type=bilibili&status=running")["items"], "its video")
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    bide.ended(child["id"], "cancelled")
    Site.gate.set()


def test_subtitles_say_what_was_said_when_it_was_and_can_be_seen(bide, site, tmp_path):
    original = site.folder / "9.mp4"
    id = play(bide, SYSTEM, "submit for subtitles", {"@video.mp4": original.read_bytes()}).json["task_id"]
    burnt = tmp_path / "burnt.mp4"
    seen = becomes(bide, id, "completed")
    assert seen["filename"] == "video.mp4"
    burnt.write_bytes(bide.send("GET", seen["result"]["output_video"]).body)
    (tmp_path / "said.srt").write_bytes(bide.send("GET", f"/v1/tasks/{id}/files/subtitles.srt").body)
    cues = read_again(tmp_path / "said.srt")
    words = by_hand(tmp_path, original)[0]["words"]
    assert " ".join(text for _, _, text in cues) == " ".join(word["word"] for word in words)
    starts = [word["start"] for word in words]
    assert len(cues) > 1 and all(min(abs(start - s) for s in starts) < 0.002 for start, _, _ in cues)
    pauses = [(b[0] - a[1], (a[1] + b[0]) / 2) for a, b in zip(cues, cues[1:])]
    assert max(pauses)[0] > 0.5
    assert likeness(original, burnt, max(pauses)[1]) > 40
    for start, end, text in cues:
        read = seen_at(burnt, (start + end) / 2)
        assert SequenceMatcher(None, read, text).ratio() >= 0.8, (read, text)  # of 1; a letter may be misread
    assert loads(bide) == [1]


def test_with_two_threads_two_recordings_are_on_the_one_model_at_a_time_and_the_words_stay(two, site, tmp_path):
    ffmpeg("-stream_loop", 499, "-i", RECORDINGS / "Front_Center.wav", "-ar", "16000", tmp_path / "long.flac")
    sound = (tmp_path / "long.flac").read_bytes()
    held = [play(two, SYSTEM, "submit an upload", {"@audio.wav": sound}).json["task_id"] for _ in range(2)]
    for id in held:
        until(lambda: re.fullmatch(r"\d+ of \d+\.\d s", two.get_json(STATUS + id)["message"]), f"{id} is being heard", 60)
    [worker] = two.get_json("/v1/workers")["items"]
    assert sorted(worker["current"]) == sorted(held) and (worker["pool"], worker["loads"]) == ("speech", 1)
    two.post("/v1/queues/notes/pause")
    urls = [f"{site.url}/{n}.mp4" for n in range(10)]
    ids = [two.post("/api/v1/process/bilibili", {"video_url": url, "text_only": True}).json["task_id"] for url in urls]
    for id in held:
        two.post(f"/v1/tasks/{id}/cancel")
        two.ended(id, "cancelled")
    two.post("/v1/queues/notes/resume")
    texts = [becomes(two, id, "completed")["result"]["raw_text"] for id in ids]
    assert texts == [one["text"] for one in by_hand(tmp_path, *[site.folder / f"{n}.mp4" for n in range(10)])]
    assert [one["pid"] for one in two.get_json("/v1/workers")["items"]] == [worker["pid"]] and loads(two) == [1]


def read_again(path):
    """The subtitles as ffmpeg reads them: (start, end, text)."""
    text = ffmpeg("-i", path, "-f", "srt", "-").stdout.decode()

    def seconds(clock):
        hours, minutes, rest = clock.replace(",", ".").split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(rest)

    cues = re.findall(r"(\S+) --> (\S+)\n(.+?)\n\n", text + "\n\n", re.S)
    return [(seconds(start), seconds(end), said) for start, end, said in cues]


def seen_at(path, at):
    """What can be read in the lower third of the frame: the letters are brighter than the wall."""
    letters = "crop=iw:ih/3:0:2*ih/3,scale=1920:-1:flags=lanczos,format=gray,lutyuv=y='if(gt(val,150),0,255)'"
    frame = ffmpeg("-ss", f"{at:.3f}", "-i", path, "-vf", letters, "-frames:v", "1", "-c:v", "png", "-f", "image2pipe", "-").stdout
    return subprocess.run(["tesseract", "-", "-", "--psm", "6"], input=frame, check=True, capture_output=True).stdout.decode().strip()


def likeness(one, other, at):
    """Of a frame of each, in dB (PSNR)."""
    frame = [part for path in (one, other) for part in ("-ss", f"{at:.3f}", "-i", str(path))]
    command = ["ffmpeg", "-nostdin", *frame, "-filter_complex", "[0:v][1:v]psnr", "-frames:v", "1", "-f", "null", "-"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(re.search(r"average:(\S+)", done.stderr)[1])


@pytest.fixture
def demo(tmp_path):
    with running(EXAMPLE / "demo.sh", tmp_path) as one:
        yield one


@pytest.mark.skipif(not (ROOT / "build/bide").exists(), reason="the demonstration uses build/bide")
def test_the_demonstration_shows_the_phases_and_the_texts_and_stops_on_ctrl_c(demo):
    text = demo.said(120)
    assert re.search(r"processing +\w.*\n(.*\n)* +completed +done\nraw_text +\w+ \w+", text), text
    assert re.search(r"summary +\w+", text), text
    assert re.search(rf"output_video +http://{demo.listen}/v1/tasks/\S+/files/subtitled.mp4\n", text), text
    demo.interrupt()
