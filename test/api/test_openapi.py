# SPDX-License-Identifier: Apache-2.0
"""doc/openapi.yaml itself: served as it is written, well-formed, true; and that the checks of openapi.py can fail."""
import copy
import json
import re

import jsonschema
import openapi
import pytest
from harness import ROOT
from openapi import DOCUMENT, METHODS, operations, resolved

# What OpenAPI 3.1.0 (section 4.8) lets stand in its objects, as far as it is used here.
OPERATION = {"operationId", "tags", "summary", "description", "parameters", "requestBody", "responses"}
PARAMETER = {"name", "in", "required", "description", "schema", "example"}
HEADER = {"description", "required", "schema"}
RESPONSE = {"description", "headers", "content"}
MEDIA = {"schema", "example", "examples"}
PLACES = {
    "id": "01a1ffe8-96cd-754e-be93-691a58a8ee38",
    "task": "01a1ffe8-96cd-754e-be93-691a58a8ee38",
    "fence": "9f86d081884c7d65",
    "name": "default",
    "token": "0123456789abcdef0123456789abcdef",
    "build": "0123456789abcdef",
    "file": "app.js",
    "capability": "01a1ffe8-96cd-754e-be93-691a58a8ee38." + 32 * "0",
}
"""What stands in for the parameters of paths."""
SCHEMA = set(
    """$ref type enum const description default examples format pattern minLength maxLength minimum maximum required
    properties additionalProperties unevaluatedProperties propertyNames maxProperties items minItems maxItems allOf anyOf
    exclusiveMinimum minProperties not uniqueItems""".split()
)


def err_def():
    """HTTP status by code word."""
    text = (ROOT / "src/base/err.def").read_text(encoding="utf-8")
    return {word: int(status) for status, word in re.findall(r'^ERR\(\w+, (\d+), \d+, "(\w+)"', text, re.M)}


def schemas(schema):
    """The schema and all that lie in it, without following references."""
    yield schema
    if not isinstance(schema, dict):
        return
    inner = [schema[word] for word in ("items", "propertyNames", "additionalProperties", "not") if word in schema]
    inner += list(schema.get("properties", {}).values()) + schema.get("allOf", []) + schema.get("anyOf", [])
    for one in inner:
        yield from schemas(one)


def contents():
    """(where, media type object) of every body in the document."""
    for template, method, operation in operations():
        for media in openapi.contents_of(operation)[0].values():
            yield f"{method} {template}", media
        for status, response in operation["responses"].items():
            for media in resolved(response).get("content", {}).values():
                yield f"{method} {template} {status}", media
    for name, response in DOCUMENT["components"]["responses"].items():
        for media in response.get("content", {}).values():
            yield name, media


def examples(media):
    return [e["value"] for e in media.get("examples", {}).values()] + ([media["example"]] if "example" in media else [])


def test_the_server_gives_the_document_with_its_version(bide):
    answer = bide.send("GET", "/openapi.json")
    served = answer.json
    assert answer.headers["server"] == f"bide/{served['info']['version']}"
    assert {**served, "info": {**served["info"], "version": "@BIDE_VERSION@"}} == DOCUMENT
    etag = answer.headers["etag"]
    assert bide.send("HEAD", "/openapi.json").headers["etag"] == etag
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        assert bide.send("GET", "/openapi.json", headers={"If-None-Match": known}).status == 304, known
    assert bide.send("GET", "/openapi.json", headers={"If-None-Match": '"x"'}).status == 200


@pytest.mark.parametrize("template", DOCUMENT["paths"])
def test_a_path_allows_the_methods_that_are_documented(bide, template):
    documented = {m.upper() for m in METHODS if m in DOCUMENT["paths"][template]}
    documented |= {"OPTIONS"} | ({"HEAD"} if "GET" in documented else set())
    answer = bide.send("OPTIONS", template.format(**PLACES))
    assert answer.status == 204
    assert set(answer.headers["allow"].split(", ")) == documented


@pytest.mark.parametrize("template,method", [(t, m) for t, m, _ in operations()])
def test_each_route_refuses_what_all_do(bide, template, method):
    path = template.format(**PLACES)
    if template.startswith("/v1/shared/"):  # which is open to every origin: test_shared.py
        return
    answer = bide.send(method.upper(), f"{path}?nope=1")
    assert (answer.status, answer.json["code"]) == (400, "unknown_field")
    assert bide.send(method.upper(), path, headers={"Host": "evil.example", "Accept-Language": "en"}).status == 421
    if method != "get":
        assert bide.send(method.upper(), path, headers={"Origin": "null"}).status == 403


def test_no_object_has_a_word_that_openapi_does_not_know():
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    assert set(DOCUMENT) == {"openapi", "info", "servers", "tags", "paths", "components"}
    ids = []
    for template, method, operation in operations():
        assert set(operation) <= OPERATION and {"operationId", "summary", "responses", "tags"} <= set(operation), template
        assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
        assert set(DOCUMENT["paths"][template]) <= {*METHODS, "parameters"}
        assert set(resolved(operation.get("requestBody", {}))) <= {"required", "description", "content"}
        inside = openapi.parameters(template, operation, "path")
        assert set(inside) == set(re.findall(r"\{(\w+)\}", template)) and all(p["required"] for p in inside.values())
        for place in ("path", "query", "header"):
            assert all(set(p) <= PARAMETER for p in openapi.parameters(template, operation, place).values())
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"101|[2-5]\d\d|default", status) and set(resolved(response)) <= RESPONSE, (template, status)
            assert "X-Request-Id" in resolved(response)["headers"], (template, status)
            assert all(set(resolved(h)) <= HEADER for h in resolved(response)["headers"].values())
        ids.append(operation["operationId"])
    assert len(ids) == len(set(ids))
    assert all(set(media) <= MEDIA for _, media in contents())


def test_every_schema_is_one_and_has_no_word_that_means_nothing():
    every = {f"#/{kind}/{name}": s for kind in ("schemas",) for name, s in DOCUMENT["components"][kind].items()}
    every.update({where: media["schema"] for where, media in contents()})
    for where, schema in every.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        for one in schemas(schema):
            assert isinstance(one, bool) or set(one) <= SCHEMA, (where, set(one) - SCHEMA)
            closed = isinstance(one, bool) or one.get("type") != "object" or "properties" not in one
            closed = closed or one.get("additionalProperties") is False or where in ("#/schemas/TaskMembers", "get /openapi.json 200")
            assert closed, f"{where}: an object that is open lets everything pass"


def test_every_reference_leads_somewhere_and_every_component_is_used():
    used = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT)))
    for ref in used:
        assert resolved({"$ref": ref}) is not None
    there = {f"#/components/{kind}/{name}" for kind, named in DOCUMENT["components"].items() for name in named}
    messages = {"#/components/schemas/WebSocketSaid", "#/components/schemas/WebSocketTold"}  # there is no place for them in a path
    assert there - used == {"#/components/responses/Options", *messages}


def test_every_example_is_of_its_schema():
    shown = 0
    for where, media in contents():
        for example in examples(media):
            assert not openapi.errors(media["schema"], example), where
            shown += 1
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for example in schema.get("examples", []):
            assert not openapi.errors(schema, example), name
            shown += 1
    assert shown > 5


def test_the_examples_of_a_submit_are_accepted_and_the_refusal_is_the_one_shown(serve):
    bide = serve(types={"hello": {"exec": ["/bin/echo", "hello {input.name}"]}})
    media = DOCUMENT["paths"]["/v1/tasks"]["post"]["requestBody"]["content"]["application/json"]
    for example in examples(media):
        assert bide.post("/v1/tasks", example).status == 202
    [shown] = examples(DOCUMENT["components"]["responses"]["BadBody"]["content"]["application/problem+json"])
    seen = bide.post("/v1/tasks", {"type": "hello", "inpt": {}}).json
    assert {**seen, "request_id": shown["request_id"]} == shown
    [task] = DOCUMENT["components"]["schemas"]["Task"]["examples"]
    body = json.dumps({k: task[k] for k in ("type", "input", "subject", "tags")}, separators=(",", ":")).encode()
    seen = bide.post("/v1/tasks", body, {"Prefer": "wait=10"}).json
    differ = {name for name in task if seen[name] != task[name]}
    assert differ <= {"id", "created_at", "started_at", "finished_at", "purge_at", "timing", "urls"}, seen


def test_a_code_stands_where_its_status_is_documented():
    known, said = err_def(), set()
    for template, method, operation in operations():
        for status, response in operation["responses"].items():
            schema = resolved(response).get("content", {}).get("application/problem+json", {}).get("schema")
            if not schema:
                continue
            code = resolved(schema)["properties"]["code"]
            codes = code.get("enum") or [code["const"]]
            allowed = [int(status)] if status != "default" else schema["properties"]["status"]["enum"]
            assert {known[c] for c in codes} <= set(allowed), (template, method, status)
            said |= set(codes)
    assert said | {"method_not_allowed"} == set(DOCUMENT["components"]["schemas"]["Code"]["enum"])


# ---- the checks can fail ----


@pytest.fixture
def exchange(bide):
    """A good request and its answer, as check() takes them; changed() with something of it planted."""
    body = json.dumps({"type": "cat", "input": {"a": 1}}).encode()
    asked = {"content-type": "application/json"}
    answer = bide.post("/v1/tasks", body)

    def changed(**planted):
        call = {"method": "POST", "target": "/v1/tasks", "asked": asked, "sent": body, "status": 202,
                "headers": answer.headers, "body": answer.body, **planted}  # fmt: skip
        openapi.check(**call)

    changed.answer = answer
    return changed


def test_a_good_answer_passes(exchange):
    exchange()


def without(mapping, *names):
    return {k: v for k, v in mapping.items() if k not in names}


PLANTS = {
    "another status": lambda a: {"status": 201},
    "another type": lambda a: {"headers": {**a.headers, "content-type": "text/json"}},
    "no header": lambda a: {"headers": without(a.headers, "retry-after")},
    "a header's value": lambda a: {"headers": {**a.headers, "location": "/v1/task/1"}},
    "a header more": lambda a: {"headers": {**a.headers, "x-more": "1"}},
    "a member more": lambda a: {"body": json.dumps({**a.json, "more": 1}).encode()},
    "a member less": lambda a: {"body": json.dumps(without(a.json, "timing")).encode()},
    "a member inside": lambda a: {"body": json.dumps({**a.json, "timing": {**a.json["timing"], "x": 1}}).encode()},
    "a kind": lambda a: {"body": json.dumps({**a.json, "attempt": "1"}).encode()},
    "a time": lambda a: {"body": json.dumps({**a.json, "created_at": "2026-11-21T20:00:00Z"}).encode()},
    "half a task": lambda a: {"body": json.dumps({**a.json, "input": {}}).encode()},
    "no json": lambda a: {"body": b"{"},
    "an unknown field that was taken": lambda a: {"sent": b'{"type":"cat","more":1}'},
    "a type that was taken": lambda a: {"asked": {"content-type": "text/plain"}},
    "a query that was taken": lambda a: {"target": "/v1/tasks?more=1"},
    "a header that was taken": lambda a: {"asked": {"content-type": "application/json", "idempotency-key": "k" * 256}},
    "no body that was taken": lambda a: {"sent": None},
    "an unknown path": lambda a: {"target": "/v1/task"},
    "another method": lambda a: {"method": "PUT"},
    "a body for HEAD": lambda a: {"method": "HEAD", "status": 200},
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_wrong_answer_is_seen(exchange, name):
    with pytest.raises(AssertionError, match="not as doc/openapi.yaml says"):
        exchange(**PLANTS[name](exchange.answer))


PROBLEMS = {
    "a code of another status": lambda p: {"code": "not_found", "type": "urn:bide:error:not_found"},
    "another status in the body": lambda p: {"status": 404},
    "a type of another code": lambda p: {"type": "urn:bide:error:invalid"},
    "another request": lambda p: {"request_id": "x"},
    "a member more": lambda p: {"more": 1},
    "pointed at what is right": lambda p: {"errors": [{"pointer": "/type", "detail": "x"}]},
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_wrong_problem_is_seen(bide, name):
    answer = bide.post("/v1/tasks", {"type": "cat", "prioritee": 5})
    call = ["POST", "/v1/tasks", {}, b'{"type":"cat","prioritee":5}', 400, answer.headers]
    openapi.check(*call, answer.body)
    if name.startswith("pointed"):
        call[3] = b'{"type":"cat"}'
    with pytest.raises(AssertionError, match="not as doc/openapi.yaml says"):
        openapi.check(*call, json.dumps({**answer.json, **PROBLEMS[name](answer.json)}).encode())


def test_every_answer_of_http_client_is_checked(bide, monkeypatch):
    changed = copy.deepcopy(DOCUMENT["paths"])
    changed["/livez"]["get"]["responses"] = {"204": {"$ref": "#/components/responses/Options"}}
    monkeypatch.setitem(DOCUMENT, "paths", changed)
    with pytest.raises(AssertionError, match="not as doc/openapi.yaml says"):
        bide.send("GET", "/livez")
    said = b"GET /livez HTTP/1.1\r\n\r\n"
    with pytest.raises(AssertionError, match="not as doc/openapi.yaml says"):
        openapi.check_bytes(said, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
