# SPDX-License-Identifier: Apache-2.0
"""examples/ocr: pictures drawn here from text, real character recognition in batches, and what `make ocr` shows.

English has to be read exactly. Of a Chinese line one character may be another, since the fonts and models of other Debian
releases differ in such; with those of Debian 12 all are right.
"""
import base64
import os
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
from demo import running
from harness import ROOT, QUICK, until

EXAMPLE = ROOT / "examples/ocr"
OCR = Path(os.environ.get("BIDE_BUILD", ROOT / "build")) / "examples/ocr/ocr"
MODELS = Path(os.environ.get("TESSDATA_PREFIX", "/usr/share/tesseract-ocr/5/tessdata"))
LINES = [line.split("\t") for line in (EXAMPLE / "lines.txt").read_text(encoding="utf-8").splitlines()]


def missing():
    """What of the group `ocr` of scripts/install-packages is not there; "" when all is."""
    if not OCR.exists():
        return f"{OCR} was not built: libtesseract-dev is not installed"
    for language in ("eng", "chi_sim", "chi_tra"):
        if not (MODELS / f"{language}.traineddata").exists():
            return f"there is no model {language}: tesseract-ocr-{language.replace('_', '-')} is not installed"
    if not shutil.which("pango-view"):
        return "pango-view is missing: pango1.0-tools is not installed"
    fonts = subprocess.run(["fc-list"], stdout=subprocess.PIPE, text=True, check=False).stdout
    return next((f"the font {name} is not installed" for name in ("DejaVu Sans", "WenQuanYi Micro Hei") if name not in fonts), "")


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")


def draw(text, path):
    subprocess.run([str(EXAMPLE / "draw.sh"), text, str(path)], check=True, stdin=subprocess.DEVNULL)
    return str(path)


def distance(a, b):
    """How many characters have to be put in, taken out or changed."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


def pool(threads=1, **more):
    return {"command": [str(OCR), "--threads", str(threads)], "env": {"OMP_THREAD_LIMIT": "1"}, **more}


def config(**pools):
    """A type for each pool, in a queue of the same name."""
    return {
        "defaults": {**QUICK, "timeout": "2m", "grace": "20s"},  # a cancel is obeyed between two lines
        "queues": {name: {"concurrency": 1} for name in pools},
        "workers": pools,
        "types": {name: {"queue": name, "worker": name} for name in pools},
    }


@pytest.fixture(scope="module")
def bide():
    from fixtures import Fleet

    fleet = Fleet()
    yield fleet(config(read=pool(), twice=pool(threads=2)))
    fleet.release()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """(path, language, text) of each line of lines.txt."""
    folder = tmp_path_factory.mktemp("pictures")
    return [(draw(text, folder / f"{n}.png"), language, text) for n, (language, text) in enumerate(LINES)]


def together(bide, inputs, type="read", keys=None):
    """Submits while nothing is given out, so that what can be together is. Returns the ids."""
    assert bide.post(f"/v1/queues/{type}/pause").status == 200
    ids = [bide.submit(type, input, **({"batch_key": keys[n]} if keys else {}))["id"] for n, input in enumerate(inputs)]
    assert bide.post(f"/v1/queues/{type}/resume").status == 200
    return ids


def loads(bide, type):
    """How often a process of the pool was started."""
    return [worker["loads"] for worker in bide.get_json("/v1/workers")["items"] if worker["pool"] == type]


@pytest.mark.parametrize("type,threads", [("read", 1), ("twice", 2)])
def test_every_line_is_read_as_it_was_drawn_in_batches_of_one_language(bide, pictures, type, threads):
    inputs = [{"image": path, "language": language} for path, language, _ in pictures]
    ids = together(bide, inputs, type, [language for _, language, _ in pictures])
    results = [bide.ended(id, "completed")["result"] for id in ids]
    for (_, language, text), result in zip(pictures, results):
        assert result["language"] == language
        assert result["text"] == text or (language == "chi_sim" and distance(result["text"], text) <= 1), (text, result)
        assert [line["text"] for line in result["lines"]] == [result["text"]]
        assert 50 < result["confidence"] <= 100 and result["ms"] > 0
        x, y, width, height = result["lines"][0]["box"]
        assert 0 < x < x + width < result["width"] and 0 < y < y + height < result["height"]
        assert result["together"] == 12, "the twelve of one language"
    for language in ("eng", "chi_sim"):
        loaded = [result for result in results if result["language"] == language and result["load_ms"] > 0]
        assert 1 <= len(loaded) <= threads, "one model for each thread, loaded once"
    assert loads(bide, type) == [1]


def test_traditional_chinese_has_a_model_of_its_own(bide, tmp_path):
    input = {"image": draw("繁體中文的書寫方式", tmp_path / "a.png"), "language": "chi_tra"}
    assert distance(bide.ended(bide.submit("read", input)["id"], "completed")["result"]["text"], "繁體中文的書寫方式") <= 1


def test_lines_stay_lines_and_a_batch_may_have_languages_mixed(bide, tmp_path):
    text = "Dear Sir or Madam\nyour order has arrived\nand waits for you"
    image = draw(text, tmp_path / "letter.png")
    chinese = draw("人工智能正在改变世界", tmp_path / "chinese.png")
    inline = "data:image/png;base64," + base64.b64encode(Path(image).read_bytes()).decode()
    inputs = [{"image": image}, {"image": chinese, "language": "chi_sim"}, {"image": inline}, {"image": image, "layout": "block"}]
    ids = together(bide, inputs)
    first, second, third, fourth = [bide.ended(id, "completed")["result"] for id in ids]
    assert [bide.log(id) for id in ids] == [""] * 4, "what Tesseract prints is in nobody's log"
    assert first["text"] == third["text"] == fourth["text"] == text
    assert [line["text"] for line in first["lines"]] == text.split("\n")
    tops = [line["box"][1] for line in first["lines"]]
    assert tops == sorted(tops) and len(set(tops)) == 3
    assert distance(second["text"], "人工智能正在改变世界") <= 1
    assert [r["together"] for r in (first, second, third, fourth)] == [4] * 4


def test_what_was_read_before_does_not_change_what_is_read(bide, pictures):
    def read(path, language):
        result = bide.ended(bide.submit("read", {"image": path, "language": language})["id"], "completed")["result"]
        return result["text"], result["confidence"], result["lines"]

    alone = [read(path, language) for path, language, _ in pictures[:4]]
    assert [read(path, language) for path, language, _ in reversed(pictures[:4])] == alone[::-1]


def test_an_empty_picture_has_no_text(bide, tmp_path):
    result = bide.ended(bide.submit("read", {"image": draw(" ", tmp_path / "empty.png")})["id"], "completed")["result"]
    assert (result["text"], result["lines"], result["confidence"]) == ("", [], 0)


def png(width, height):
    """A picture that only says how large it would be."""
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_picture_that_cannot_be_read_fails_alone_in_its_batch(bide, pictures, tmp_path):
    good = [{"image": path} for path, language, _ in pictures if language == "eng"][:3]
    (tmp_path / "half.png").write_bytes(Path(good[0]["image"]).read_bytes()[:400])
    (tmp_path / "vast.png").write_bytes(png(30000, 30000))
    (tmp_path / "wide.png").write_bytes(png(40000, 1))
    (tmp_path / "nothing.png").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.png")
    bad = {
        "there is no readable file /there/is/none.png": {"image": "/there/is/none.png"},
        "there is no readable file /tmp": {"image": "/tmp"},
        "there is no readable file " + str(tmp_path / "pipe.png"): {"image": str(tmp_path / "pipe.png")},
        "a PNG, JPEG, TIFF, BMP, PNM or WebP picture is needed": {"image": "/etc/passwd"},
        "the picture is damaged": {"image": str(tmp_path / "half.png")},
        "30000 x 30000 pixels": {"image": str(tmp_path / "vast.png")},
        "40000 x 1 pixels": {"image": str(tmp_path / "wide.png")},
        "picture is needed": {"image": str(tmp_path / "nothing.png")},
        "is not base64": {"image": "data:image/png;base64,%%%"},
        "data:TYPE;base64,... is needed": {"image": "data:image/png,abc"},
    }
    ids = together(bide, [good[0], *bad.values(), *good[1:]])
    assert [bide.ended(id, "completed")["result"]["together"] for id in (ids[0], *ids[-2:])] == [13] * 3
    for says, id in zip(bad, ids[1:]):
        task = bide.ended(id, "failed")
        assert (task["error"]["code"], task["attempt"]) == ("invalid_input", 1), task
        assert says in task["error"]["message"] and task["error"]["message"].startswith("image: "), (says, task)
    assert loads(bide, "read") == [1]


@pytest.mark.parametrize(
    "input,says",
    [
        ({}, "image: the path"),
        ({"image": ""}, "image: the path"),
        ({"image": 5}, "image: the path"),
        ({"image": "/a.png", "language": "xxx"}, "language: one of chi_sim chi_tra eng"),
        ({"image": "/a.png", "language": "../eng"}, "language: one of"),
        ({"image": "/a.png", "language": ["eng"]}, "language: one of"),
        ({"image": "/a.png", "language": "e" * 5000}, "language: one of"),
        ({"image": "/a.png", "layout": "table"}, "layout: one of page block line sparse"),
    ],
)
def test_an_input_that_cannot_be_used_fails_once_and_says_what_was_expected(bide, input, says):
    task = bide.ended(bide.submit("read", input)["id"], "failed")
    assert (task["error"]["code"], task["attempt"]) == ("invalid_input", 1)
    assert task["error"]["message"].startswith(says)


def test_a_cancel_is_obeyed_inside_a_picture_and_before_its_turn_and_the_rest_of_the_batch_is_read(bide, pictures, tmp_path):
    # Reading all of it would take far longer than half of grace, when a worker that does not obey is ended.
    page = draw("\n".join(text for language, text in LINES * 45 if language == "eng"), tmp_path / "page.png")
    path, _, text = pictures[0]
    long, waits, other = together(bide, [{"image": page}, {"image": path}, {"image": path}])

    def under_way():
        progress = bide.task(long)["progress"]
        return progress if progress and 0 < (progress["percent"] or 0) < 100 else None

    assert until(under_way, "progress", 60)["message"] == "reading"
    bide.post(f"/v1/tasks/{waits}/cancel")
    bide.ended(waits, "cancelled")
    assert bide.task(long)["status"] == "running", "the one before it goes on"
    bide.post(f"/v1/tasks/{long}/cancel")
    bide.ended(long, "cancelled")
    result = bide.ended(other, "completed")["result"]
    assert (result["text"], result["together"]) == (text, 3)
    assert loads(bide, "read") == [1], "the process and its models live on"


def test_a_model_that_is_none_fails_its_pictures_and_no_others(serve, pictures, tmp_path):
    (tmp_path / "eng.traineddata").symlink_to(MODELS / "eng.traineddata")
    (tmp_path / "none.traineddata").write_bytes(b"this is no model")
    bide = serve(config(read=pool(env={"OMP_THREAD_LIMIT": "1", "TESSDATA_PREFIX": str(tmp_path)})))
    bad, good = together(bide, [{"image": pictures[0][0], "language": "none"}, {"image": pictures[0][0]}])
    assert bide.ended(good, "completed")["result"]["text"] == pictures[0][2]
    error = bide.ended(bad, "failed")["error"]
    assert (error["code"], error["message"]) == ("worker_error", "the model of none cannot be loaded")
    assert loads(bide, "read") == [1]


def test_without_any_model_the_worker_says_so_and_does_not_start(serve, tmp_path):
    bide = serve(config(read=pool(env={"TESSDATA_PREFIX": str(tmp_path)})))
    bide.submit("read", {"image": "/a.png"})

    def problem():
        return next((w["problem"] for w in bide.get_json("/v1/workers")["items"] if w["problem"]), None)

    assert f"no models in {tmp_path}" in str(until(problem, "the problem"))


@pytest.fixture
def demo(tmp_path):
    with running(EXAMPLE / "demo.sh", tmp_path) as one:
        yield one


@pytest.mark.skipif(not (ROOT / "build/bide").exists(), reason="the demonstration uses build/bide")
def test_the_demonstration_prints_every_text_and_stops_on_ctrl_c(demo):
    text = demo.said(120)
    rows = re.findall(r"(\d\d)\.png +(\w+) +\d+ ms +([48])  (.*)\n", text)
    assert [(int(n), language) for n, language, _, _ in rows] == [(n, line[0]) for n, line in enumerate(LINES, 1)], text
    assert [together for _, _, together, _ in rows] == ["8"] * 16 + ["4"] * 8, text
    for (language, drawn), (_, _, _, read) in zip(LINES, rows):
        assert read == drawn or (language == "chi_sim" and distance(read, drawn) <= 1), text
    assert re.search(r"batches of up to 8: +\d+\.\d\d s .*\none at a time: +\d+\.\d\d s\n", text), text
    demo.interrupt()
