# SPDX-License-Identifier: Apache-2.0
"""Events, logs and outputs followed with the Python SDK, with both of its clients, over lines that break."""
import sys
import threading

import pytest
from asynchronous import Asynchronous
from cutter import Cutter
from harness import ROOT, until

sys.path.insert(0, str(ROOT / "sdk/python"))

from bide.client import Client  # noqa: E402
from bide.problems import Away, Invalid, NotFound  # noqa: E402
from test_cli_follow import SIZES, listening, piece, progress, restart_there  # noqa: E402


@pytest.fixture(params=[Client, Asynchronous], ids=["blocking", "asyncio"])
def connect(request):
    return request.param


def words(events):
    return [event.name for event in events]


def test_a_task_is_followed_to_its_end_and_after_it_nothing_comes(bide, connect):
    gate = bide.gate(f"a{connect.__name__}")
    id = bide.act(["until", gate], progress(40), ["done", {"x": 1}])
    events = connect(bide.url).follow(id)
    seen = [next(events)]
    bide.open_gate(f"a{connect.__name__}")
    seen += list(events)
    assert words(seen)[-3:] == ["task.progress", "task.completed", "end"]
    assert (seen[-3].data["progress"]["percent"], seen[-2].data["result"], seen[-1].data) == (40, {"x": 1}, {"reason": "completed"})
    client = connect(bide.url)
    assert list(client.follow(id, last_id=seen[-1].id)) == []
    assert words(client.follow(id, last_id=seen[-3].id)) == ["task.completed", "end"]
    assert words(client.follow(id)) == ["task.completed", "end"]


def test_output_and_log_are_texts_over_a_line_that_breaks(bide, connect):
    gate = bide.gate(f"b{connect.__name__}")
    steps = [step for n in range(200) for step in (piece(f"{n:05d} ä"), *([["until", gate]] if n == 100 else []))]
    id = bide.act(*steps, ["done", 1])
    with Cutter(bide, SIZES) as cutter:
        texts, said = connect(cutter.url).follow_output(id), ""
        while not said.endswith("00100 ä"):
            said += next(texts)
        bide.open_gate(f"b{connect.__name__}")
        said += "".join(texts)
        assert cutter.n > 2
    assert said == "".join(f"{n:05d} ä" for n in range(200))
    client = connect(bide.url)
    assert "".join(client.follow_output(id, start=199)) == "00199 ä"
    assert "".join(client.follow_log(id)) == bide.log(id)


def test_a_server_that_was_killed_is_waited_for_and_what_was_missed_is_a_reset(serve, connect):
    bide = serve()
    id = bide.act(progress(10), piece("a"), ["until", bide.gate("go")], ["done", 1])
    events, texts = connect(bide.url).follow(id), connect(bide.url).follow_output(id)
    seen = [next(events)]
    while seen[-1].name != "task.progress":
        seen.append(next(events))
    assert next(texts) == "a"
    until(lambda: listening(bide) == 2, "both listen")
    restart_there(bide)
    after = []
    while "reset" not in words(after):
        after.append(next(events))
    bide.open_gate("go")
    after += list(events)
    assert after[words(after).index("reset")].data["id"] == id
    assert words(after)[-2:] == ["task.completed", "end"]
    assert list(texts) == ["a"], "of the second attempt"
    ids = [event.id for event in seen + after]
    assert len(set(ids)) == len(ids)


def test_events_of_all_that_fit_until_they_are_left(serve, connect):
    bide = serve()
    events = connect(bide.url).events(type="act", kind="completed")
    seen = []
    reader = threading.Thread(target=lambda: seen.extend(next(events) for _ in range(2)))
    reader.start()
    until(lambda: listening(bide) == 1, "it listens")
    ids = [bide.act(["done", 1])]
    until(lambda: len(seen) == 1, "the first")
    restart_there(bide)
    until(lambda: listening(bide) == 1, "it listens again")
    reader.join()
    assert (words(seen), seen[0].data["id"], seen[1].data) == (["task.completed", "reset"], ids[0], {})
    ids.append(bide.act(["done", 1]))
    assert next(events).data["id"] == ids[1]
    events.close()


def test_what_is_refused_or_nobody_answers_is_raised(bide, connect):
    with pytest.raises(NotFound):
        next(connect(bide.url).follow("01a1ffe8-96cd-754e-be93-691a58a8ee38"))
    with pytest.raises(Invalid):
        next(connect(bide.url).events(kind="sneezed"))
    with pytest.raises(Away):
        next(connect("http://127.0.0.1:1").events())
