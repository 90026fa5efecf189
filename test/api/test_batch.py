# SPDX-License-Identifier: Apache-2.0
"""POST /v1/tasks:batch: many submits in one request, each with its own verdict."""
import json
import uuid

import pytest
from harness import problem, until

LATER = 3_600_000


def batch(bide, tasks, **more):
    answer = bide.post("/v1/tasks:batch", tasks, **more)
    assert answer.status == 200, answer
    return answer.json["items"]


def test_an_array_is_stored_and_answered_in_order(bide):
    items = batch(bide, [{"type": "cat", "input": {"n": n}} for n in range(3)])
    assert [(item["index"], item["status"], sorted(item)) for item in items] == [
        (n, 202, ["id", "index", "status"]) for n in range(3)
    ]
    assert [bide.ended(item["id"], "completed")["result"] for item in items] == [{"n": n} for n in range(3)]
    assert sorted(item["id"] for item in items) == [item["id"] for item in items]


def test_an_empty_array_is_answered_with_no_items(bide):
    assert bide.post("/v1/tasks:batch", b" [ ] ").json == {"items": []}


def test_one_bad_item_stops_no_other_and_its_pointer_is_relative_to_it(bide):
    tasks = [
        {"type": "cat"},
        {"type": "cat", "prioritee": 5},
        7,
        {"type": "nothing"},
        {"type": "cat", "tags": {"a": 1}},
        [],
        {"type": "cat", "input": "]},{[\\\"", "tags": {"a": "],}"}},
    ]
    items = batch(bide, tasks)
    assert [item["index"] for item in items] == list(range(7))
    assert [item["status"] for item in items] == [202, 400, 400, 422, 400, 400, 202]
    errors = [item.get("error") for item in items]
    assert [e and e["code"] for e in errors] == [
        None, "unknown_field", "invalid", "unknown_type", "invalid", "invalid", None]
    assert [e and [p["pointer"] for p in e.get("errors", [])] for e in errors] == [
        None, ["/prioritee"], [], ["/type"], ["/tags/a"], [], None]
    assert all(e["status"] == item["status"] and e["detail"] for e, item in zip(errors, items) if e)
    assert bide.ended(items[6]["id"], "completed")["result"] == "]},{[\\\""


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"7", b"[", b"[{}", b"[{},]", b'[{"type":"cat"},{"type":]', b"[] []", b'[{"a":1,"a":2}]', b"[\xff]"]
)
def test_what_is_no_json_array_is_refused_whole(bide, text):
    before = len(bide.listed())
    problem(bide.post("/v1/tasks:batch", text), 400)
    assert len(bide.listed()) == before


def test_another_media_type_is_refused(bide):
    problem(bide.post("/v1/tasks:batch", b"[]", {"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    problem(bide.post("/v1/tasks:batch", b"[]", {"Content-Type": "application/json-seq"}), 415)


def test_inputs_pass_byte_for_byte_and_each_item_may_be_64_levels_deep(bide):
    deep = b"[" * 63 + b"]" * 63
    odd = b'{ "a" : 1.0e0 , "b":"\\u00e9" }'
    items = batch(bide, b'[\n {"type":"cat","input":%s} , {"type":"cat","input":%s}]' % (odd, deep))
    assert [item["status"] for item in items] == [202, 202]
    problem(bide.post("/v1/tasks:batch", b'[{"type":"cat","input":[%s]}]' % deep), 400)
    bide.ended(items[0]["id"], "completed")
    text = bide.send("GET", f"/v1/tasks/{items[0]['id']}").body
    assert b'"input":' + odd + b"," in text


def test_ten_thousand_tasks_are_taken_and_one_more_is_refused(serve):
    bide = serve()
    tasks = [{"type": "act", "delay_ms": LATER}] * 10_001
    problem(bide.post("/v1/tasks:batch", tasks), 413, "too_large")
    assert bide.queue()["depth"]["scheduled"] == 0
    items = batch(bide, tasks[1:])
    assert [(item["index"], item["status"]) for item in items] == [(n, 202) for n in range(10_000)]
    assert bide.queue()["depth"]["scheduled"] == 10_000
    assert len({item["id"] for item in items}) == 10_000


def test_a_queue_that_fills_up_in_the_middle_takes_those_before(serve):
    bide = serve(queues={"default": {"concurrency": 1, "capacity": 300}, "other": {}})
    tasks = [{"type": "act", "delay_ms": LATER, "queue": "other" if n % 2 else "default"} for n in range(700)]
    items = batch(bide, tasks)
    assert [item["status"] for item in items[:600]] == [202] * 600
    assert [item["status"] for item in items[600:]] == [429, 202] * 50
    assert items[600]["error"]["code"] == "queue_full"
    assert bide.metric("bide_tasks_submitted_total", queue="default") == 300
    assert bide.metric("bide_tasks_refused_total", queue="default") == 50
    assert bide.metric("bide_tasks_submitted_total", queue="other") == 350


def test_a_batch_that_is_sent_again_with_its_key_makes_nothing_twice(bide):
    items = [{"type": "cat", "input": {"n": n}} for n in range(3)] + [{"type": "cat", "inptu": 1}]
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = bide.post("/v1/tasks:batch", items, key).json["items"]
    again = bide.post("/v1/tasks:batch", items, key).json["items"]
    assert [item["status"] for item in first] == [item["status"] for item in again] == [202, 202, 202, 400]
    assert [item.get("id") for item in first] == [item.get("id") for item in again]
    assert [item.get("replayed") for item in first + again] == [None] * 4 + [True] * 3 + [None]
    lines = "\n".join(json.dumps(item) for item in items).encode()
    third = bide.post("/v1/tasks:batch", lines, {**key, "Content-Type": "application/x-ndjson"})
    said = [json.loads(line) for line in third.body.splitlines()]
    assert [item.get("id") for item in said] == [item.get("id") for item in first]  # the same bytes at the same places


def test_another_item_at_the_place_of_a_used_key_is_refused_alone(bide):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    bide.post("/v1/tasks:batch", [{"type": "cat", "input": 1}, {"type": "cat", "input": 2}], key)
    items = bide.post("/v1/tasks:batch", [{"type": "cat", "input": 1}, {"type": "cat", "input": 3}, {"type": "cat"}], key).json["items"]
    assert [item["status"] for item in items] == [202, 422, 202]
    assert items[1]["error"]["code"] == "idempotency_key_reused"
    assert bide.post("/v1/tasks:batch", [], {"Idempotency-Key": "x" * 256}).status == 400
