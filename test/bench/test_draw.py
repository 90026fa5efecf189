# SPDX-License-Identifier: Apache-2.0
"""draw.py: a picture that is XML, has all that was measured, and bars as long as what they stand for."""
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import draw  # noqa: E402
from figures import Figures  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
MEASURED = """about cores 2
about versions nginx <1.22> & others
1 livez 60000 0.5 1 2 0
1 nginx 40000 0.7 1 2 0
1 submit 25000 2 4 9 0
1 put_f0 5000 10 20 30 0
1 bullmq_add missing npm could not install them
"""


def picture(text=MEASURED):
    return ElementTree.fromstring(draw.draw(Figures(text)))


def texts(svg):
    return [text.text for text in svg.iter(SVG + "text")]


def bars(svg):
    return [float(bar.get("width")) for bar in svg.iter(SVG + "rect") if "bar" in bar.get("class")]


def test_who_how_durable_how_much_and_the_ratio_stand_in_the_picture():
    told = texts(picture())
    at = told.index("bide, GET /livez")
    assert told[at:at + 4] == ["bide, GET /livez", "nothing is stored", "60,000", "1.5×"]
    assert "to nginx" in told and "Submit over HTTP, 64 connections, 200-byte input" in told
    assert any("share 2 cores" in text for text in told)
    assert "nginx <1.22> & others; ?" in told  # escaped in the file


def test_a_bar_is_as_long_as_what_it_stands_for():
    lengths = bars(picture())
    assert lengths[:2] == [draw.BAR_LONGEST, draw.BAR_LONGEST / 5]
    assert lengths[2:] == [draw.BAR_LONGEST, draw.BAR_LONGEST * 2 / 3]


def test_a_row_that_was_not_measured_says_why_and_has_no_bar():
    told = texts(picture())
    at = told.index("BullMQ, add, AOF always")
    assert told[at + 2] == "not measured: npm could not install them"
    assert len(bars(picture())) == 4


def test_only_what_is_on_the_disk_before_the_answer_has_a_full_dot():
    legend, *dots = [dot.get("class") for dot in picture("1 submit 1 1 1 1 0\n").iter(SVG + "circle")]
    assert legend == "dot synced"
    assert dots == ["dot"] + ["dot synced"] * 3 + ["dot"] * 4


def test_all_of_it_lies_inside():
    svg = picture()
    for text in svg.iter(SVG + "text"):
        assert 0 < float(text.get("x")) < float(svg.get("width")) and 0 < float(text.get("y")) < float(svg.get("height"))


def test_a_latency_says_that_less_is_better():
    assert "p50 ms, less is better" in texts(picture("1 gap 1000 0.5 1 1 0\n"))


def test_the_program_writes_the_file_it_is_told(tmp_path):
    (tmp_path / "figures").write_text(MEASURED, encoding="utf-8")
    subprocess.run([HERE / "draw.py", tmp_path / "figures", tmp_path / "bench.svg"], check=True)
    assert (tmp_path / "bench.svg").read_text(encoding="utf-8") == draw.draw(Figures(MEASURED))
