# SPDX-License-Identifier: Apache-2.0
"""Schemas of inputs: what does not fit is refused with all that is wrong, what fits is completed, and a reload takes new ones."""
import json
import subprocess
import time

import pytest
from harness import BIDE, pointers, problem
from test_reload import reload

CAT = ["/bin/cat"]
TRANSCRIBE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["video_url"],
    "additionalProperties": False,
    "properties": {
        "video_url": {"type": "string", "format": "uri"},
        "language": {"enum": ["en", "de"], "default": "en"},
        "options": {"type": "object", "properties": {"beam": {"type": "integer", "minimum": 1, "default": 5}}},
        "parts": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/part"}},
    },
    "$defs": {"part": {"type": "object", "required": ["at"], "properties": {"at": {"type": "number"}, "word": {"default": "x"}}}},
}


def with_schema(schema=None, **types):
    return {"types": {"transcribe": {"exec": CAT, "input": schema or TRANSCRIBE}, "free": {"exec": CAT}, **types}}


def input_of(bide, id):
    return bide.send("GET", f"/v1/tasks/{id}").body.split(b'"input":')[1].split(b',"input_bytes"')[0].decode()


def send(bide, text, type="transcribe", headers=()):
    return bide.post("/v1/tasks", b'{"type":"%s","input":%s}' % (type.encode(), text.encode()), headers)


def test_all_that_is_wrong_with_an_input_is_told_and_nothing_is_stored(serve):
    bide = serve(with_schema())
    answer = send(bide, '{"video_ur":1,"language":"fr","options":{"beam":0.5},"parts":[{"word":1},7]}')
    body = problem(answer, 422, "invalid_input")
    assert pointers(answer) == ["/input/video_ur", "/input/language", "/input/options/beam", "/input/parts/0/at",
                                "/input/parts/1", "/input/video_url"]
    assert body["detail"] == body["errors"][0]["detail"] == '"video_ur" is not known here; did you mean "video_url"?'
    assert body["errors"][2]["detail"] == '"beam" must be a whole number, not 0.5'
    assert bide.listed() == []


def test_an_input_that_fits_is_stored_with_its_defaults_and_otherwise_byte_for_byte(serve):
    bide = serve(with_schema())
    sent = '{ "video_url" : "https:\\/\\/a/b", "options":{ }, "parts": [ {"at":1e0} , {"at":2,"word":null}] }'
    stored = ('{ "video_url" : "https:\\/\\/a/b", "options":{"beam":5 }, "parts": [ {"at":1e0,"word":"x"} , {"at":2,"word":null}],'
              '"language":"en" }')
    id = send(bide, sent).json["id"]
    assert bide.ended(id, "completed")["result"] == json.loads(stored)
    assert input_of(bide, id) == stored
    whole = '{"video_url":"u:", "language": "de", "options": {"beam": 1.0}}'
    id = send(bide, whole).json["id"]
    assert input_of(bide, id) == whole
    id = send(bide, "[ 1 ]", "free").json["id"]
    assert input_of(bide, id) == "[ 1 ]"


def test_an_input_that_is_missing_is_an_empty_object(serve):
    bide = serve(with_schema({"properties": {"n": {"type": "integer", "default": 3}}}))
    id = bide.submit("transcribe")["id"]
    assert bide.task(id)["input"] == {"n": 3}
    bide = serve(with_schema())
    assert pointers(bide.post("/v1/tasks", {"type": "transcribe"})) == ["/input/video_url"]


def test_each_item_of_a_batch_is_checked_for_itself(serve):
    bide = serve(with_schema())
    good, bad = {"type": "transcribe", "input": {"video_url": "a:b"}}, {"type": "transcribe", "input": {"video_url": "a b", "language": 1}}
    items = bide.post("/v1/tasks:batch", [good, bad, good]).json["items"]
    assert [item["status"] for item in items] == [202, 422, 202]
    assert items[1]["error"]["code"] == "invalid_input"
    assert [error["pointer"] for error in items[1]["error"]["errors"]] == ["/input/video_url", "/input/language"]
    assert bide.task(items[2]["id"])["input"] == {"video_url": "a:b", "language": "en"}
    lines = bide.post("/v1/tasks:batch", "\n".join(json.dumps(item) for item in [bad, good]).encode(),
                      {"Content-Type": "application/x-ndjson"})
    assert [json.loads(line)["status"] for line in lines.body.splitlines()] == [422, 202]


def test_the_command_line_says_where_it_is_wrong(serve):
    bide = serve(with_schema())
    done = subprocess.run([BIDE, "submit", "transcribe", "--input", '{"video_url":7}', "--server", bide.url], capture_output=True, text=True)
    assert done.returncode == 64
    assert done.stderr == 'bide: /input/video_url: "video_url" must be a string, not 7\n'


def test_errors_beyond_twenty_or_four_kibibytes_are_left_out(serve):
    bide = serve(with_schema({"items": {"type": "string"}}))
    answer = send(bide, json.dumps(list(range(100))))
    assert pointers(answer) == [f"/input/{n}" for n in range(20)]
    names = {("n%03d" % n) + "x" * 90: "y" for n in range(100)}
    bide = serve(with_schema({"additionalProperties": {"pattern": "z" * 120}}))
    answer = send(bide, json.dumps(names))
    problem(answer, 422, "invalid_input")
    assert 10 < len(pointers(answer)) < 20 and len(answer.body) < 6000


def test_a_refused_submit_has_not_used_its_idempotency_key_and_the_print_is_of_what_was_sent(serve):
    bide = serve(with_schema())
    key = {"Idempotency-Key": "one"}
    assert send(bide, '{"video_url":1}', headers=key).status == 422
    first = send(bide, '{"video_url":"a:b"}', headers=key)
    assert first.status == 202
    again = send(bide, '{"video_url":"a:b"}', headers=key)
    assert again.headers["idempotency-replayed"] == "true" and again.json["id"] == first.json["id"]
    problem(send(bide, '{"video_url":"a:b","language":"en"}', headers=key), 422, "idempotency_key_reused")


def test_a_kept_result_answers_an_input_that_says_the_defaults(serve):
    bide = serve(with_schema({"properties": {"n": {"default": 3}}}))
    first = bide.submit("transcribe", {}, cache={"ttl_ms": 60000})["id"]
    assert bide.ended(first, "completed")["result"] == {"n": 3}
    answer = bide.post("/v1/tasks", b'{"type":"transcribe","input":{"n":3},"cache":{"ttl_ms":60000}}')
    assert answer.json["cached_from"] == first


def test_a_hostile_text_does_not_hold_up_the_server(serve):
    bide = serve(with_schema({"pattern": "^(a+)+[^a]"}))
    began = time.monotonic()
    answer = send(bide, json.dumps("a" * 5000))
    body = problem(answer, 422, "invalid_input")
    assert "takes too long to check" in body["detail"]
    assert time.monotonic() - began < 5
    assert send(bide, json.dumps("aab")).status == 202


def test_defaults_may_not_make_an_input_too_deep(serve):
    deep = json.loads("[" * 40 + "]" * 40)
    bide = serve(with_schema({"items": {"$ref": "#"}, "properties": {"a": {"default": deep}}}))
    assert send(bide, "[" * 10 + "{}" + "]" * 10).status == 202
    body = problem(send(bide, "[" * 40 + "{}" + "]" * 40), 422, "invalid_input")
    assert "nested deeper than 64 levels" in body["detail"]


def test_a_file_of_a_schema_is_read_with_the_configuration_and_again_by_a_reload(serve):
    config = with_schema("schemas/t.json", other={"exec": CAT, "input": "schemas/t.json"})
    server = serve.prepare(config)
    (server.dir / "schemas").mkdir()
    file = server.dir / "schemas" / "t.json"
    file.write_text('{"required": ["a"]}')
    server.start()
    assert pointers(send(server, "{}")) == ["/input/a"]
    assert pointers(send(server, "{}", "other")) == ["/input/a"]
    id = send(server, '{"a":1}').json["id"]
    file.write_text('{"required": ["b"]}')
    reload(server, config)
    assert pointers(send(server, '{"a":1}')) == ["/input/b"]
    file.write_text('{"required": "b"}')
    said = reload(server, config, expect="nothing")
    assert f'"input": {file}: /required: required must be an array, not "b"' in said
    assert send(server, '{"b":1}').status == 202
    assert server.ended(id)["input"] == {"a": 1}


@pytest.mark.parametrize("schema, said", [
    ('{"type": "objekt"}', '/type: type must be of null'),
    ('{"type": ', "the text ends too early at byte 9"),
    ('{"$ref": "other.json"}', '"other.json" is in another document'),
    ('{"properties": {"a": {"format": "uid"}}}', 'the format "uid" is not known here; did you mean "uuid"?'),
    (None, "cannot open it: No such file or directory"),
])
def test_what_is_wrong_with_a_schema_is_told_with_its_file_and_place(tmp_path, schema, said):
    if schema is not None:
        (tmp_path / "s.json").write_text(schema)
    (tmp_path / "bide.yaml").write_text("types:\n  t:\n    exec: [cat]\n    input: s.json\n")
    done = subprocess.run([BIDE, "check", "bide.yaml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 78
    assert done.stderr.startswith(f'bide.yaml:4:5: "input": {tmp_path}/s.json: ') and said in done.stderr


def test_the_input_of_a_warm_up_fits_and_has_its_defaults(tmp_path):
    config = {"workers": {"w": {"command": ["true"], "warmup": {"type": "t", "input": {"n": "x"}}}},
              "types": {"t": {"worker": "w", "input": {"properties": {"n": {"type": "integer"}, "d": {"default": 1}}}}}}
    (tmp_path / "bide.yaml").write_text(json.dumps(config))
    done = subprocess.run([BIDE, "check"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 78 and '"input": "n" must be a whole number, not "x"' in done.stderr
    config["workers"]["w"]["warmup"]["input"] = {"n": 2}
    (tmp_path / "bide.yaml").write_text(json.dumps(config))
    shown = subprocess.run([BIDE, "config"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    line = next(line for line in shown.splitlines() if line.startswith("workers.w.warmup.input"))
    assert json.loads(line[line.index("{"):]) == {"n": 2, "d": 1}


def test_a_schema_may_stand_in_the_configuration(tmp_path):
    (tmp_path / "bide.yaml").write_text("types:\n  t:\n    exec: [cat]\n    input:\n      type: object\n      properties:\n        a: {pattern: '^\\d+$', const: \"1\"}\n")
    shown = subprocess.run([BIDE, "config"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    line = next(line for line in shown.splitlines() if line.startswith("types.t.input"))
    assert json.loads(line[line.index("{"):]) == {"type": "object", "properties": {"a": {"pattern": "^\\d+$", "const": "1"}}}
    (tmp_path / "bide.yaml").write_text("types:\n  t:\n    exec: [cat]\n    input: [1]\n")
    done = subprocess.run([BIDE, "check"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 78 and "expected the path of a JSON Schema, or one as a map; found a list" in done.stderr
