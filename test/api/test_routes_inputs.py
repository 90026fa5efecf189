# SPDX-License-Identifier: Apache-2.0
"""Schemas at routes of the configuration: what texts of forms become by them, and a route's own."""
import json
import socket

import openapi
from golden import form, play
from harness import PATIENCE, QUICK, pointers, problem
from test_reload import reload
from test_routes_forms import SCHEMA, WORK, accepted, input_of, nothing_is_left, post, route, sent, served

openapi.CONFIGURED += [r"/(api|app)(/.*)?"]

# ---- what texts become ----


def urlencoded(bide, text, target="/api/do"):
    return bide.send("POST", target, text.encode(), {"Content-Type": "application/x-www-form-urlencoded"})


TEXTS = "file=a&text_only=true&temperature=0.25&title=5&tags=1&tags=2&options=%7B%22a%22%3A1%7D"
VALUES = {"file": "a", "text_only": True, "temperature": 0.25, "title": "5", "tags": [1, 2], "options": {"a": 1}, "summarize": True}


def test_texts_of_a_whole_form_become_what_the_type_takes(serve):
    bide = served(serve, route(type="form.title", path="POST /app/{x}"), route(), schema=SCHEMA)
    assert input_of(bide, accepted(urlencoded(bide, TEXTS))) == VALUES
    assert input_of(bide, accepted(urlencoded(bide, TEXTS.replace("=5", "=work"), "/app/x"))) == {**VALUES, "title": "work"}
    answer = urlencoded(bide, "file=a&text_only=maybe&tags=x")
    problem(answer, 422, "invalid_input")
    assert pointers(answer) == ["/text_only", "/tags/0"], answer


def test_texts_that_fields_map_become_what_their_member_takes(serve):
    fields = {"file": "form.f", "text_only": "form.t", "temperature": {"as_number": "form.n"}, "title": "form.n", "tags": "form.g",
              "options": {"x": "form.n"}, "summarize": {"first": ["form.none", "const.false"]}}
    bide = served(serve, route(fields=fields), schema=SCHEMA)
    id = accepted(urlencoded(bide, "f=a&t=true&n=2&g=1&g=2"))
    assert input_of(bide, id) == {"file": "a", "text_only": True, "temperature": 2, "title": "2", "tags": [1, 2],
                                  "options": {"x": "2"}, "summarize": False}


def test_without_a_schema_they_stay_texts_and_json_is_left_alone(serve):
    bide = served(serve, route(type="cat"), route("POST /api/typed"), schema=SCHEMA)
    assert input_of(bide, accepted(urlencoded(bide, "a=true&b=1&b=2"))) == {"a": "true", "b": "1"}
    answer = bide.post("/api/typed", {"file": "a", "text_only": "true"})
    problem(answer, 422, "invalid_input")


# ---- the route's own schema ----


OWN = {
    "type": "object",
    "required": ["video_url"],
    "properties": {"video_url": {"type": "string", "minLength": 1}, "max_tokens": {"type": "integer", "default": 6000}, "text_only": {"type": "boolean"},
                   "input": {"type": "integer"}},
}


def test_a_route_checks_and_completes_its_body_before_fields(serve):
    bide = served(serve, route(input=OWN, fields={"url": "body.video_url", "n": "body.max_tokens"}))
    answer = bide.post("/api/do", {"llm_api": "local", "input": "x", "text_only": 1})
    body = problem(answer, 422, "invalid_input")
    assert sorted(pointers(answer)) == ["/input", "/text_only", "/video_url"], body
    assert input_of(bide, accepted(bide.post("/api/do", {"video_url": "u"}))) == {"url": "u", "n": 6000}
    assert pointers(bide.post("/api/do")) == ["/video_url"]
    assert problem(bide.post("/api/do", b"[]"), 422)["detail"]


def test_speech_notes_names_a_missing_field(serve):
    bide = served(serve, route("POST /api/v1/process/bilibili", input=OWN))
    assert pointers(play(bide, "speech-notes", "a missing field is named", {})) == ["/video_url"]


def test_a_form_is_read_by_the_schema_of_its_route(serve):
    bide = served(serve, route(input=OWN, fields={"url": "form.video_url", "only": "form.text_only", "n": "form.max_tokens"}))
    wanted = {"url": "u", "only": True, "n": 6000}
    assert input_of(bide, accepted(urlencoded(bide, "video_url=u&text_only=true"))) == wanted
    assert input_of(bide, sent(bide, ("video_url", "u"), ("text_only", "true"))) == wanted
    answer = post(bide, ("video", "a", b"1"), ("input", "no"))
    problem(answer, 422, "invalid_input")
    assert sorted(pointers(answer)) == ["/input", "/video_url"]
    assert nothing_is_left(bide)


def test_schemas_from_files_and_what_is_wrong_with_them(serve, tmp_path):
    (tmp_path / "own.json").write_text(json.dumps(OWN))
    bide = served(serve, route(input=str(tmp_path / "own.json")))
    problem(bide.post("/api/do", {}), 422, "invalid_input")
    types = {"types": {"work": WORK}}
    text = reload(bide, {**types, "routes": [route(input={"type": "nothing"})]}, expect="refused")
    assert '"input": /type' in text, text
    text = reload(bide, {**types, "routes": [{"path": "GET /app/x", "get": "query.id", "input": OWN, "keep": "task"}]}, expect="refused")
    assert text.count("this goes with submit and run") == 2, text


def test_a_form_goes_on_by_the_schema_that_it_came_by(serve):
    bide = served(serve, route(input=OWN))
    body, _ = form(("video_url", "u"), ("input", "7"))
    with socket.create_connection(("127.0.0.1", bide.port), PATIENCE) as s:
        s.sendall(f"POST /api/do HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
                  "Content-Type: multipart/form-data; boundary=xYz\r\n\r\n".encode() + body[:-40])
        bide.get_json("/healthz")
        reload(bide, {"defaults": QUICK, "types": {"work": WORK}, "routes": []})
        s.sendall(body[-40:])
        assert int(s.makefile("rb").readline().split()[1]) == 202
    [task] = bide.listed()
    assert input_of(bide, task["id"]) == {"video_url": "u", "input": 7, "max_tokens": 6000}


def test_openapi_shows_the_schema_and_the_forms(serve):
    refers = {"type": "object", "$defs": {"a": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/a"}}}
    bide = served(serve, route(input=OWN), route("POST /app/x", input=refers), route("POST /app/y", fields={"f": "form.file"}))
    paths = bide.get_json("/openapi.json")["paths"]
    content = paths["/api/do"]["post"]["requestBody"]["content"]
    assert {kind: value["schema"] for kind, value in content.items()} == dict.fromkeys(
        ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"], OWN)
    content = paths["/app/x"]["post"]["requestBody"]["content"]
    assert {kind: value["schema"] for kind, value in content.items()} == {kind: {"$id": f"urn:bide:routes:1:{kind}", **refers} for kind in content}
    content = paths["/app/y"]["post"]["requestBody"]["content"]
    assert content["multipart/form-data"]["schema"] == {"type": "object", "properties": {"file": {}}}


def test_openapi_shows_the_schema_of_the_type_that_takes_the_body(serve):
    bide = served(serve, route(), route("POST /app/mapped", fields={"url": "body.url"}), route("POST /app/any", submit="body.kind"), schema=OWN)
    paths = bide.get_json("/openapi.json")["paths"]
    shown = {path: paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"] for path in ("/api/do", "/app/mapped", "/app/any")}
    assert shown == {"/api/do": OWN, "/app/mapped": {"type": "object", "properties": {"url": {}}}, "/app/any": {"type": "object", "properties": {"kind": {}}}}


def test_what_stands_around_a_body_is_no_part_of_the_input(serve):
    openapi.CONFIGURED += ["/around"]
    bide = serve({"store": "mem:", "types": {"cat": {"exec": ["/bin/cat"]}}, "routes": [{"path": "POST /around", "submit": "cat", "reply": "task.id"}]})
    taken = bide.post("/around", b' \n{"a": [1, 2]}\r\n\t ', {"Content-Type": "application/json"})
    assert taken.status == 202, taken
    assert bide.send("GET", f"/v1/tasks/{taken.json}").body.find(b'"input":{"a": [1, 2]},') > 0
