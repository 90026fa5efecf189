# SPDX-License-Identifier: Apache-2.0
"""Pools that share what there is only so much of: who waits, who makes room, what is shown of it."""
from fixtures import with_actor
from harness import until
from test_reload import reload

G = 1 << 30


def shared(total="24G", **pools):
    config = with_actor()
    command = config["workers"]["actor"]
    config["resources"] = {"vram": total}
    for name, needs in pools.items():
        config["workers"][name] = {**command, "needs": {"vram": needs}, "keep_alive": "forever"}
        config["types"][name] = {"worker": name}
    config["queues"] = {"default": {"concurrency": 8}}
    return config


def places(server):
    return {w["id"]: w for w in server.get_json("/v1/workers")["items"]}


def vram(server):
    [vram] = server.get_json("/v1/workers")["resources"]
    assert vram["name"] == "vram"
    return vram["used"] // G, vram["total"] // G


def test_an_idle_model_makes_room_for_the_one_that_is_asked_for(serve):
    server = serve(shared(draw="16G", chat="12G"))
    assert vram(server) == (0, 24)
    server.ended(server.act(type="draw"), "completed")
    assert vram(server) == (16, 24) and places(server)["draw-1"]["holds"] == {"vram": 16 * G}
    assert places(server)["actor-1"]["holds"] == {}
    server.ended(server.act(type="chat"), "completed")
    assert vram(server) == (12, 24) and places(server)["draw-1"]["state"] == "off"
    assert "draw-1 is ended while it is idle, to make room for chat" in server.text()


def test_one_that_works_is_waited_for_and_the_task_says_what_for(serve):
    server = serve(shared(draw="16G", chat="12G", speech="6G"))
    first = server.act(["until", server.gate("a")], type="draw")
    server.seen(first, "running")
    second = server.act(type="chat")
    assert server.waits(second, "worker_start") == "worker chat waits for vram: 8G of 24G free, needs 12G"
    third = server.act(type="speech")  # would fit, and does not go before who has waited longer
    assert server.waits(third, "worker_start").endswith("needs 6G; another comes first")
    server.ended(server.act(), "completed")  # who needs nothing of it goes on
    server.open_gate("a")
    server.ended(first, "completed")
    server.ended(second, "completed")
    server.ended(third, "completed")
    assert vram(server) == (18, 24)


def test_the_model_of_the_most_urgent_task_is_loaded_first(serve):
    server = serve(shared(draw="24G", chat="16G", speech="16G"))
    first = server.act(["until", server.gate("a")], type="draw", priority=100)
    server.seen(first, "running")
    second = server.act(type="chat")
    server.waits(second, "worker_start")
    third = server.act(type="speech", priority=100)
    server.waits(third, "worker_start")
    server.open_gate("a")
    started = [server.ended(id, "completed")["started_at"] for id in (third, second)]
    assert started == sorted(started)
    assert "speech-1 is ended while it is idle, to make room for chat" in server.text()


def test_two_models_that_always_have_tasks_take_turns(serve):
    server = serve(shared(draw="16G", chat="16G"))
    ids = [server.act(["sleep", 0.1], type=type) for _ in range(15) for type in ("draw", "chat")]
    for id in ids:
        assert server.ended(id, "completed")["attempt"] == 1
    assert places(server)["draw-1"]["restarts"] == places(server)["chat-1"]["restarts"] == 0


def test_a_smaller_whole_ends_idle_models_and_what_no_longer_fits_is_refused(serve):
    server = serve(shared(draw="10G", chat="10G"))
    server.ended(server.act(type="draw"), "completed")
    server.ended(server.act(type="chat"), "completed")
    assert vram(server) == (20, 24)
    said = reload(server, shared("8G", draw="10G", chat="10G"), expect="nothing changed")
    assert '"needs": 10G of "vram" is more than there is' in said and vram(server) == (20, 24)
    reload(server, shared("12G", draw="10G", chat="10G"))
    until(lambda: vram(server) == (10, 12), "one of them has ended")
    assert places(server)["chat-1"]["loaded"] and places(server)["draw-1"]["state"] == "off"
    server.ended(server.act(type="draw"), "completed")
