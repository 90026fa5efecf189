# SPDX-License-Identifier: Apache-2.0
"""Types that are requests to a model behind the OpenAI protocol: whole answers and streams."""
import threading

import pytest
from fixtures import QUICK, Fleet
from harness import error, run, until
from remote import DELTAS, chat

CHAT = {
    "url": "/v1/chat/completions",
    "secret_headers": {"Authorization": "Bearer file:key"},
    "body": {"model": "tiny", "messages": [{"role": "user", "content": "Say it better: {input.text}"}], "stop": "{input.stop}"},
    "result": "/choices/0/message/content",
}
STREAM = {**CHAT, "body": {**CHAT["body"], "stream": True}, "stream": {"piece": "/choices/0/delta/content"}}


@pytest.fixture(scope="module")
def bide(elsewhere):
    """A server that calls a model."""
    fleet = Fleet()
    http = {"chat": CHAT, "stream": STREAM, "stringy": {**STREAM, "stream": {**STREAM["stream"], "shape": "string"}}}
    types = {name: {"max_attempts": 1, "http": {**conf, "url": elsewhere.url + conf["url"]}} for name, conf in http.items()}
    server = fleet.prepare({"defaults": QUICK, "queues": {"default": {"concurrency": 50}}, "types": types})
    (server.dir / "key").write_text("sk-test\n")
    (server.dir / "key").chmod(0o600)
    yield server.start()
    fleet.release()


def test_a_chat_is_a_body_and_a_pointer(bide, remote):
    remote.routes["POST /v1/chat/completions"] = chat
    assert run(bide, "chat", {"text": 'so "so"', "stop": ["\n"]})["result"] == "".join(DELTAS)
    [seen] = remote.seen
    assert seen.json == {"model": "tiny", "messages": [{"role": "user", "content": 'Say it better: so "so"'}], "stop": ["\n"]}


def test_a_chat_that_streams_is_output_while_it_comes_and_its_text_the_result(bide, remote):
    go = threading.Event()

    def slowly(r):
        r.stream()
        r.event({"choices": [{"delta": {"content": DELTAS[0]}}]})
        go.wait(30)
        for text in DELTAS[1:]:
            r.event({"choices": [{"delta": {"content": text}}]})
        r.event(b"[DONE]")
        r.end()

    remote.routes["POST /v1/chat/completions"] = slowly
    id = bide.submit("stream", {"text": "x", "stop": None})["id"]
    until(lambda: DELTAS[0].encode() in bide.send("GET", f"/v1/tasks/{id}/output").body, "the first piece")
    go.set()
    assert bide.ended(id, "completed")["result"] == {"text": "".join(DELTAS)}


def test_a_stream_as_the_protocol_has_it(bide, remote):
    remote.routes["POST /v1/chat/completions"] = chat
    input = {"text": "x", "stop": None}
    assert run(bide, "stream", input)["result"] == {"text": "".join(DELTAS)}
    assert run(bide, "stringy", input)["result"] == "".join(DELTAS)
    assert remote.seen[0].json["stream"] is True and "text/event-stream" in remote.seen[0].headers["Accept"]
    remote.connections.clear()
    run(bide, "stream", input)
    assert remote.connections == [] # it was read to its end


def test_a_stream_that_breaks_off_is_tried_again(bide, remote):
    def broken(r):
        if len(remote.seen) > 2:
            return chat(r)
        r.stream()
        r.event({"choices": [{"delta": {"content": "half"}}]})
        if len(remote.seen) > 1:
            r.end()
        else:
            r.break_off()

    remote.routes["POST /v1/chat/completions"] = broken
    task = run(bide, "stream", {"text": "x", "stop": None}, max_attempts=3)
    assert task["attempt"] == 3 and task["result"] == {"text": "".join(DELTAS)}
    tries = bide.get_json(f"/v1/tasks/{task['id']}/attempts")
    assert "without [DONE]" in str(tries)


def test_an_error_inside_a_stream_is_told(bide, remote):
    def broken(r):
        r.stream()
        r.event({"choices": [{"delta": {"content": "half"}}]})
        r.event({"error": {"message": "out of memory"}})
        r.hang()

    remote.routes["POST /v1/chat/completions"] = broken
    assert "out of memory" in error(bide, "stream", {"text": "x", "stop": None})["message"]


def test_an_answer_that_does_not_stream_though_it_could_is_a_plain_one(bide, remote):
    remote.routes["POST /v1/chat/completions"] = (200, {"choices": [{"message": {"content": "whole"}}]})
    assert run(bide, "stream", {"text": "x", "stop": None})["result"] == "whole"


def test_a_cancel_in_the_middle_of_a_stream_closes_it(bide, remote):
    gone = []

    def endless(r):
        r.stream()
        r.event({"choices": [{"delta": {"content": "half"}}]})
        gone.append(r.hang())

    remote.routes["POST /v1/chat/completions"] = endless
    id = bide.submit("stream", {"text": "x", "stop": None})["id"]
    until(lambda: b"half" in bide.send("GET", f"/v1/tasks/{id}/output").body, "the first piece")
    bide.post(f"/v1/tasks/{id}/cancel")
    bide.ended(id, "cancelled")
    until(lambda: gone == [True], "the connection closed")


def test_a_key_that_is_refused_fails_at_once_in_the_models_words_and_is_not_in_the_error(bide, remote):
    remote.routes["POST /v1/chat/completions"] = lambda r: (401, {"error": {"message": "Incorrect API key provided"}}) if "sk-test" in r.headers["Authorization"] else (200, {})
    failed = error(bide, "chat", {"text": "x", "stop": None})
    assert failed["message"].endswith("HTTP 401: Incorrect API key provided") and failed["type"] == "http 401"
    assert "sk-test" not in str(failed)
