# SPDX-License-Identifier: Apache-2.0
"""Holds what is asked and answered against doc/openapi.yaml.

`watch` makes every http.client connection of this process do so with each of its answers; `check_bytes` does it for
what a test said on a socket of its own. An answer is right when its status is documented for the route and method, its
content type is one of that status, its body is of the schema, the required headers are there and no header is that is
not documented. Of the request: what the server took is of the request's schema, what it pointed at as wrong is not.
"""
import http.client
import io
import json
import re
import threading
import urllib.parse
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = yaml.load((ROOT / "doc/openapi.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
METHODS = ("get", "put", "post", "delete", "patch")
USUAL = {"date", "server", "content-type", "content-length", "connection", "transfer-encoding"}
"""Headers of HTTP itself, which the document does not speak of."""
OF_SHARED = {"access-control-allow-origin", "access-control-expose-headers"}
"""Those that all answers below /v1/shared have, and no others."""
BEFORE_SHARED = {"access-control-allow-methods", "access-control-allow-headers", "access-control-max-age"}
"""What else a browser is told that asks before it asks (Fetch standard, section 4.8)."""
BEFORE_ANY_ROUTE = {400: "BadRequest", 403: "Forbidden", 421: "Misdirected"}
NDJSON = "application/x-ndjson"
POINTED = ("invalid", "unknown_field")
"""Codes of what a schema can say is wrong."""
CONFIGURED = []
"""Patterns of paths that a test's configuration makes (`routes:`): what they answer is the configuration's."""
NOT_IN_A_SCHEMA = re.compile(
    r"/(run_at|created_after|created_before|delay_ms|start_within_ms|webhook/url|webhook/secret_id|subject|tags/.*|input|input/.*|notify/data)$"
)
"""Members that may be wrong in ways a schema cannot say: no such day, two members together, bytes instead of characters,
an input that its type does not take, a mapping of what is not there."""

_resolver = jsonschema.RefResolver.from_schema(DOCUMENT)
_lock = threading.Lock()  # the resolver has a state of its own


def resolved(thing):
    """The thing itself, or what its $ref leads to."""
    while isinstance(thing, dict) and "$ref" in thing:
        ref, thing = thing["$ref"], DOCUMENT
        assert ref.startswith("#/"), ref
        for part in ref[2:].split("/"):
            thing = thing[part.replace("~1", "/").replace("~0", "~")]
    return thing


def component(kind, name):
    return DOCUMENT["components"][kind][name]


def errors(schema, value):
    """What of the value is not as the schema says, the best explanation first; empty when it fits."""
    with _lock:
        found = list(jsonschema.Draft202012Validator(schema, resolver=_resolver).iter_errors(value))
        best = jsonschema.exceptions.best_match(found)
    return [f"{best.json_path}: {best.message}"[:1000]] if found else []


def operations():
    for template, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield template, method, item[method]


def parameters(template, operation, place):
    every = DOCUMENT["paths"][template].get("parameters", []) + operation.get("parameters", [])
    return {p["name"]: p for p in map(resolved, every) if p["in"] == place}


def find(path):
    """The template that a path is of and its parameters; one without parameters comes first."""
    for template in sorted(DOCUMENT["paths"], key=lambda t: t.count("{")):
        pattern = "".join(f"(?P<{p[1:-1]}>[^/]+)" if p[0] == "{" else re.escape(p) for p in re.findall(r"\{\w+\}|[^{]+", template))
        match = re.fullmatch(pattern, path)
        if match:
            return template, {k: urllib.parse.unquote(v, errors="replace") for k, v in match.groupdict().items()}
    return None, {}


def expected(template, method, status):
    """The response object that such an answer must be of, None when it is not documented."""
    responses = DOCUMENT["components"]["responses"]
    operation = DOCUMENT["paths"].get(template, {}).get("get" if method == "HEAD" else (method or "").lower())
    if operation:
        return resolved(operation["responses"].get(str(status)) or operation["responses"].get("default"))
    if method == "OPTIONS" and template and status == 204:
        return responses["Options"]
    if method and template and status == 405:
        return responses["MethodNotAllowed"]
    if method and not template and status == 404:
        return responses["NotFound"]
    return responses[BEFORE_ANY_ROUTE.get(status, "Refused")]


def value_of(text, schema):
    """A parameter or header as the value its schema speaks of."""
    numeric = {"integer", "number"} & set([resolved(schema).get("type")])
    try:
        return json.loads(text) if numeric else text
    except ValueError:
        return text


def check_headers(response, headers, shared):
    known = {name.lower(): resolved(header) for name, header in response.get("headers", {}).items()}
    for name, header in known.items():
        if name not in headers:
            assert not header.get("required"), f"without the header {name}"
            continue
        wrong = errors(header["schema"], value_of(headers[name], header["schema"]))
        assert not wrong, f"header {name}: {wrong}"
    strange = set(headers) - set(known) - USUAL - (OF_SHARED | (BEFORE_SHARED if "allow" in headers else set()) if shared else set())
    assert not shared or OF_SHARED <= set(headers), "pages of other origins could not read it"
    assert not strange, f"headers that are not documented: {strange}"


def check_body(response, method, headers, body):
    """Returns the parsed body of a problem, else None."""
    content = response.get("content")
    kind = headers.get("content-type")
    if content is None:
        assert kind is None and not body, f"a body, {kind}, where none is documented"
        return None
    if "*/*" in content and kind not in content:
        return None
    assert kind in content, f"{kind} is not one of {list(content)}"
    if method == "HEAD":
        assert not body, "HEAD has a body"
        return None
    if kind == NDJSON:
        wrong = [w for line in body.splitlines() for w in errors(content[kind]["schema"], json.loads(line))]
        assert not wrong, wrong[0]
        return None
    value = json.loads(body) if kind.endswith("json") else body.decode()
    wrong = errors(content[kind]["schema"], value)
    assert not wrong, wrong
    return value if kind == "application/problem+json" else None


def check_problem(problem, status, headers):
    assert problem["status"] == status, "the status of the body is another"
    assert problem["type"] == f"urn:bide:error:{problem['code']}", "type and code differ"
    assert problem["request_id"] == headers["x-request-id"], "the header names another request"


def contents_of(operation):
    """What a request may have as its body, by media type; and whether it must have one."""
    body = resolved(operation.get("requestBody", {}))
    return body.get("content", {}), body.get("required", False)


def given(query, parameter):
    """A query parameter's value, None when it is not there; all its values when it may be given several times."""
    texts = [text for name, text in query if name == parameter["name"]]
    if resolved(parameter["schema"]).get("type") == "array":
        return texts or None
    return value_of(texts[0], parameter["schema"]) if texts else None


def check_taken(template, operation, inside, query, asked, body):
    """The server took the request: the document must, too."""
    said = [(parameter, inside[name]) for name, parameter in parameters(template, operation, "path").items()]
    known = parameters(template, operation, "query")
    for name, _ in query:
        assert name in known, f"taken by the server, though {name} is not documented"
    said += [(parameter, given(query, parameter)) for parameter in known.values()]
    said += [(parameter, asked.get(name.lower())) for name, parameter in parameters(template, operation, "header").items()]
    for parameter, value in said:
        wrong = errors(parameter["schema"], value) if value is not None else []
        assert not wrong, f"taken by the server, though {parameter['name']} is not of the schema: {wrong}"
        assert value is not None or not parameter.get("required"), f"taken by the server without {parameter['name']}"
    content, required = contents_of(operation)
    assert body or not required, "taken by the server without a body"
    if content and body and "*/*" not in content:
        kind = asked.get("content-type", "")
        media = kind.partition(";")[0].strip().lower()
        assert media in content, f"taken by the server, though {kind} is not documented"
        wrong = errors(content[media]["schema"], json.loads(body))
        assert not wrong, f"taken by the server, though the body is not of the schema: {wrong}"


def check_batch(operation, asked, sent, body):
    """Of each item that was taken the document must say so, too; and of none that was pointed at."""
    schema = contents_of(operation)[0][NDJSON]["schema"]
    if asked.get("content-type", "").startswith(NDJSON):
        items, verdicts = [text for text in sent.split(b"\n") if text.strip()], [json.loads(v) for v in body.splitlines()]
    else:
        items, verdicts = [json.dumps(item) for item in json.loads(sent)], json.loads(body)["items"]
    assert [v["index"] for v in verdicts] == list(range(len(items))), "not one verdict for each item, in order"
    for item, verdict in zip(items, verdicts):
        taken = verdict["status"] == (200 if "existing" in verdict else 202)
        assert ("id" in verdict) == taken != ("error" in verdict), verdict
        if taken and len(item) < 10_000:
            wrong = errors(schema, json.loads(item))
            assert not wrong, f"taken by the server, though item {verdict['index']} is not of the schema: {wrong}"
        elif "error" in verdict and verdict["error"]["code"] in POINTED:
            check_pointers(schema, item, verdict["error"])


def check_pointers(schema, body, problem):
    """What was pointed at must be wrong by the schema, too. Returns the pointers."""
    pointers = [error["pointer"] for error in problem.get("errors", [])]
    if pointers and not NOT_IN_A_SCHEMA.match(pointers[0]):
        assert errors(schema, json.loads(body)), f"{pointers[0]} was refused, though the body is of the schema"
    return pointers


def check_refused(template, operation, query, body, problem):
    """The server pointed at something: it must be wrong by the document, too."""
    if problem["code"] not in POINTED:
        return
    content = contents_of(operation)[0]
    pointers = check_pointers(content["application/json"]["schema"], body, problem) if "application/json" in content else []
    if not pointers and problem["code"] == "unknown_field":
        known = parameters(template, operation, "query")
        assert [name for name, _ in query if name not in known], "refused, though the whole query is documented"


def check(method, target, asked, sent, status, headers, body):
    """One request (method, target, headers, body; method None: it was not HTTP) and its answer."""
    __tracebackhide__ = True
    headers = {name.lower(): value for name, value in dict(headers).items()}
    path, _, query = re.sub(r"^http://[^/]+", "", target or "").partition("#")[0].partition("?")
    template, inside = find(path)
    if any(re.fullmatch(pattern, path) for pattern in CONFIGURED):
        return
    try:
        response = expected(template, method, status)
        assert response is not None, "this status is not documented"
        check_headers(response, headers, path.startswith("/v1/shared/"))
        problem = check_body(response, method, headers, body)
        if problem:
            check_problem(problem, status, headers)
        operation = DOCUMENT["paths"].get(template, {}).get("get" if method == "HEAD" else (method or "").lower())
        query = urllib.parse.parse_qsl(query, keep_blank_values=True)
        if operation and template == "/v1/tasks:batch" and status < 400:
            check_batch(operation, asked, sent, body)
        elif operation and status < 400:
            check_taken(template, operation, inside, query, asked, sent)
        elif operation and problem and status == 400:
            check_refused(template, operation, query, sent, problem)
    except (AssertionError, KeyError, ValueError) as error:
        shown = f"{method} {(target or '')[:200]} {(sent or b'')[:500]!r}\n{status} {headers} {body[:1000]!r}"
        raise AssertionError(f"not as doc/openapi.yaml says: {error!r}\n{shown}") from None


class _Stream(io.BytesIO):
    """Bytes as the socket that an HTTPResponse reads from."""

    def makefile(self, mode):
        return self

    def close(self):
        pass  # the next answer lies behind this one


def check_bytes(said, heard):
    """What was said on a connection, and all that came back: the answers to its first requests. Returns their number."""
    requests = re.findall(rb"(?:^|\r\n\r\n)([A-Z]+) (\S+) HTTP/1\.[01]\r\n", said)
    stream = _Stream(heard)
    answers = 0
    while stream.tell() < len(heard):
        method, target = (part.decode("latin-1") for part in requests[answers]) if answers < len(requests) else (None, None)
        answer = http.client.HTTPResponse(stream, method=method)
        try:
            answer.begin()
            body = answer.read()
        except (http.client.IncompleteRead, http.client.BadStatusLine):
            return answers  # the connection was reset before the end
        answers += 1
        if answer.status >= 400:
            check(method, target, {}, b"null", answer.status, answer.getheaders(), body)
        else:
            head, _, sent = said.partition(b"\r\n\r\n")
            asked = {k.lower(): v for k, v in re.findall(r"^([\w-]+): (.*)$", head.decode("latin-1").replace("\r", ""), re.M)}
            sent = _dechunked(sent) if "transfer-encoding" in asked else sent
            check(method, target, asked, sent, answer.status, answer.getheaders(), body)
    return answers


def _dechunked(text):
    whole = b""
    while text:
        size, _, text = text.partition(b"\r\n")
        whole, text = whole + text[: int(size, 16)], text[int(size, 16) + 2 :]
    return whole


def watch():
    """From here on every answer that http.client gets in this process is checked."""
    kind = http.client.HTTPConnection
    request, getresponse = kind.request, kind.getresponse

    def watched_request(self, method, url, body=None, headers={}, **more):
        self.said = method, url, {k.lower(): v for k, v in dict(headers).items()}, body
        return request(self, method, url, body, headers, **more)

    def watched_getresponse(self):
        __tracebackhide__ = True
        answer = getresponse(self)
        method, url, headers, sent = self.said
        if answer.getheader("content-type") == "text/event-stream" or "follow=1" in url and answer.status == 200:  # it has no end yet
            check(method, url, headers, sent, answer.status, answer.getheaders(), b"")
            return answer
        body = answer.read()
        check(method, url, headers, sent, answer.status, answer.getheaders(), body)
        answer.fp, answer.length, answer.chunked = io.BytesIO(body), len(body), False  # to be read again
        return answer

    kind.request, kind.getresponse = watched_request, watched_getresponse
