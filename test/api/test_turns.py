# SPDX-License-Identifier: Apache-2.0
"""Fair queues: one task of each limit_key after the other; set at run time, remembered, configured."""
import signal

from harness import until

MERGE = {"Content-Type": "application/merge-patch+json"}


def change(bide, fair):
    return bide.send("PATCH", "/v1/queues/default", {"fair": fair}, MERGE)


def held(bide, key):
    return bide.act(["until", bide.gate("hold")], limit_key=key)


def test_in_a_fair_queue_keys_take_turns_and_a_place_says_so(serve):
    bide = serve(queues={"default": {"concurrency": 1, "fair": True}})
    first = held(bide, "ann")
    bide.seen(first, "running")
    note = str(bide.dir / "order")
    mine = [bide.act(["note", note, f"a{n}"], limit_key="ann") for n in range(3)]
    yours = [bide.act(["note", note, f"b{n}"], limit_key="bob") for n in range(2)]
    nobodys = bide.act(["note", note, "n"])
    urgent = bide.act(["note", note, "u"], limit_key="ann", priority=1)
    assert bide.queue()["fair"] is True
    assert [bide.task(id)["position"] for id in (urgent, yours[0], nobodys, mine[0], yours[1], mine[1], mine[2])] == [1, 2, 3, 4, 5, 6, 7]
    bide.open_gate("hold")
    for id in (first, *mine, *yours, nobodys, urgent):
        bide.ended(id, "completed")
    assert bide.lines("order") == ["u", "b0", "n", "a0", "b1", "a1", "a2"]


def test_turns_are_set_at_run_time_also_for_those_that_wait_remembered_and_null_is_as_configured(serve):
    bide = serve(queues={"default": {"concurrency": 1}})
    first = held(bide, "ann")
    bide.seen(first, "running")
    mine = [held(bide, "ann") for _ in range(3)]
    yours = held(bide, "bob")

    def place():
        return bide.task(yours)["position"]

    assert (bide.queue()["fair"], place()) == (False, 4)
    assert (change(bide, True).json["fair"], place()) == (True, 1)
    bide.restart9()
    bide.seen(first, "running")
    assert (bide.queue()["fair"], place()) == (True, 1)
    assert (change(bide, False).json["fair"], place()) == (False, 4)
    assert (change(bide, True).json["fair"], place()) == (True, 1)
    assert (change(bide, None).json["fair"], place()) == (False, 4)
    bide.open_gate("hold")
    for id in (first, *mine, yours):
        bide.ended(id, "completed")


def test_turns_that_are_configured_follow_a_reload(serve):
    bide = serve(queues={"default": {"concurrency": 1, "fair": False}})
    first = held(bide, "ann")
    bide.seen(first, "running")
    mine = [held(bide, "ann") for _ in range(2)]
    yours = held(bide, "bob")
    assert bide.task(yours)["position"] == 3
    bide.config_file.write_text(bide.config_file.read_text().replace('"fair": false', '"fair": true'))
    bide.process.send_signal(signal.SIGHUP)
    until(lambda: bide.task(yours)["position"] == 1)
    bide.open_gate("hold")
    for id in (first, *mine, yours):
        bide.ended(id, "completed")
