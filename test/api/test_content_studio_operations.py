# SPDX-License-Identifier: Apache-2.0
"""examples/content-studio: its operations from Python, a shell and C, and what `make studio` shows."""
import json
import sys

import pytest
from demo import running
from harness import ROOT, until
from sanitized import unsanitized
from studio_rig import BUILD, EXAMPLE, NOTHING, TYPES, rig  # noqa: F401 (rig: a fixture)

sys.path.insert(0, str(EXAMPLE))
from operations import Studio, WaitTimeout  # noqa: E402


def test_the_operations_of_the_class(rig):
    with Studio(rig.bide.url) as studio:
        for polled in (False, True):
            studio.submit("cat", "before", polled=polled, words=10, pictures=0)
        studio.join(timeout=30)
        assert studio.empty() and studio.size() == 0
        assert {t["status"] for t in studio.list(account="cat")} == {"completed"}
        rig.bide.post("/v1/queues/content/pause")
        first, second, third = [studio.submit("cat", f"work {n}", priority=n, polled=n == 2, words=10)["id"] for n in (1, 2, 3)]
        assert studio.size() == 3 and not studio.empty()
        assert [t["id"] for t in studio.pending(account="cat")] == [third, second, first]
        assert [t["id"] for t in studio.list(account="cat", type="content.polled", status="pending")] == [second]
        created = studio.get(first)["created_at"]
        assert {t["id"] for t in studio.list(account="cat", after=created)} == {first, second, third}
        assert {t["subject"] for t in studio.list(account="cat", before=created)} == {"before"} and not list(studio.list(account="dog"))
        assert studio.status(third)["position"] == 1, "the highest priority is first"
        with pytest.raises(WaitTimeout):
            studio.join(timeout=0.2)
        with pytest.raises(ValueError):
            studio.submit("cat", "x", priority=11)
        assert studio.complete(first, {"title": "elsewhere"})["status"] == "completed"
        assert studio.fail(second, "given up")["error"]["message"] == "given up"
        assert studio.cancel(third)["status"] == "cancelled"
        rig.bide.post("/v1/queues/content/resume")
        studio.join(timeout=30)
        assert [rig.outcome(id)[0] for id in (first, second, third)] == ["success", "failure", "cancelled"]
        assert rig.written(first) == {**NOTHING, "outcome": 1}, "completed elsewhere, without content"
        slow = studio.submit("cat", "slow", seconds=60, options={"timeout_ms": 2000, "max_attempts": 1})["id"]
        until(lambda: [t["id"] for t in studio.running(account="cat")] == [slow], "it is among those that run")
        studio.join(timeout=30)
        assert [t["id"] for t in studio.timed_out(account="cat")] == [slow]
        numbers = studio.numbers()
        assert numbers["pool"]["places"] == 4 and numbers["pool"]["size"] == 0
        for type in TYPES:
            assert numbers["types"][type]["attempts"]["done"] > 0 and numbers["types"][type]["seconds"] > 0
        until(lambda: rig.outcome(slow), "what follows has followed")
        until(lambda: studio.clean(before=studio.get(second)["created_at"]) == 0, "all that is older goes")
        assert {t["subject"] for t in studio.list()}.isdisjoint({"before"})
        assert {t["id"] for t in studio.list(account="cat")} >= {second, third, slow}


def test_the_operations_of_the_shell(rig):
    [id] = rig.studio("submit", "dog", "walks", "--seconds", "60", "--type", "content.polled", "--priority", "9")
    until(lambda: rig.studio("running", "--account", "dog"), "it runs")
    assert (rig.studio("queue", "size"), rig.studio("queue", "empty")) == (["1"], ["no"])
    assert rig.studio("status", id)[0]["status"] == "running" and rig.studio("get", id)[0]["priority"] == 9
    assert rig.run(EXAMPLE / "studio", "queue", "join", "--timeout", "0.1").returncode == 1
    assert rig.studio("cancel", id)[0]["cancel_requested"] is True
    rig.studio("queue", "join", "--timeout", "30")
    assert [t["status"] for t in rig.studio("list", "--account", "dog", "--type", "content.polled")] == ["cancelled"]
    assert rig.outcome(id)[0] == "cancelled"
    assert id in [row["task_id"] for row in rig.studio("outcomes")]
    assert rig.studio("pending", "--account", "dog") == rig.studio("timed-out", "--account", "dog") == []
    assert rig.studio("numbers")[0]["server"]["status"] == "serving"
    refused = rig.run(EXAMPLE / "studio", "get", "0" * 36)
    assert refused.returncode == 1 and "not_found" in refused.stderr


@unsanitized("the trees of the sanitizers build no libbide")
def test_the_operations_from_c(rig, tmp_path):
    program, queue = tmp_path / "queue", "/v1/queues/content/"
    words = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", EXAMPLE / "queue.c", "-o", program, BUILD / "libbide.a"]
    built = rig.run(*words, "-lcurl", "-lyajl", "-lm")
    assert built.returncode == 0, built.stderr

    def say(*words):
        done = rig.run(program, *words)
        assert done.returncode == 0, done
        return done.stdout.strip()

    rig.bide.post(queue + "pause")
    ids = [json.loads(say("submit", "eel", f"rivers {n}", n))["id"] for n in (1, 2, 3)]
    assert (say("size"), say("empty"), say("status", ids[0])) == ("3", "no", "pending, attempt 0 of 3")
    assert {t["id"] for t in json.loads(say("list", "pending", "eel"))["items"]} == set(ids)
    assert json.loads(say("complete", ids[0]))["status"] == "completed"
    assert json.loads(say("fail", ids[1], 'a "reason"'))["error"]["message"] == 'a "reason"'
    rig.bide.post(queue + "resume")
    say("join")
    assert (say("size"), say("empty")) == ("0", "yes")
    assert json.loads(say("get", ids[2]))["status"] == "completed" and json.loads(say("cancel", ids[2]))["status"] == "completed"
    assert rig.run(program, "get", "0" * 36).returncode == 1 and rig.run(program, "status").returncode == 64


@pytest.mark.skipif(not (ROOT / "build/bide").exists(), reason="the demonstration uses build/bide")
def test_the_demonstration_publishes_and_stops_on_ctrl_c(tmp_path):
    with running(EXAMPLE / "demo.sh", tmp_path) as demo:
        text = demo.said(60)
        assert text.count("cover.png") == 5 and "timeout" in text and "no muse" in text, text
        demo.interrupt()
    assert not (tmp_path / "creator.sock").exists()
