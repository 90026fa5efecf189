# SPDX-License-Identifier: Apache-2.0
"""Routes of the configuration, verb by verb: what a request becomes, what is refused and how, what a reload changes."""
import json
import signal
import threading
import urllib.parse

import openapi
import pytest
from fixtures import Fleet
from harness import QUICK, problem, until
from test_routes import DETAIL, GATE, PENDING, served

openapi.CONFIGURED += [r"/app(/.*)?"]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ROUTES = [
    {"path": "POST /app/plain", "submit": "cat"},
    {
        "path": "POST /app/{kind}/made",
        "submit": "path.kind",
        "fields": {"a": "body.a", "deep": {"b": "body.b.0"}, "q": "query.q", "form": "form.f", "h": "header.x-h", "n": 5, "c": "const.c"},
        "subject": "body.subject",
        "priority": "query.priority",
        "tags": {"project": "body.project", "flag": "body.flag", "gone": "body.gone"},
        "limit_key": "body.user",
        "status": 201,
        "reply": {"id": "task.id", "asked": "body.a", "q": "query.q"},
        **DETAIL,
    },
    {
        "path": "POST /app/points",
        "submit": "cat",
        "subject": "body.about.what",
        "priority": {"number": "query.p"},
        "tags": {"a": "body.tags.t"},
        "limit_key": {"text": "body.user"},
    },
    {"path": "POST /app/once", "submit": "later", "key": "body.key", "on_conflict": "existing", "reply": "task.id"},
    {"path": "POST /app/refused-twice", "submit": "later", "key": "body.key", "reply": "task.id", **DETAIL},
    {"path": "POST /app/run", "run": "work", "reply": {"result": "task.result", "status": "task.status"}, **DETAIL},
    {"path": "POST /app/hurry", "run": "work", "wait": "20ms", "reply": {"id": "task.id", "status": "task.status"}},
    {"path": "POST /app/sorry", "run": "work", "failed_status": 422, "reply": "task.status"},
    {"path": "GET /app/tasks/{id}", "get": "path.id", "reply": {"id": "task.id", "result": "task.result", "x": "query.x"}},
    {"path": "GET /app/tasks/latest", "latest": {"subject": "query.subject", "type": "const.cat"}, "reply": "task.subject", **DETAIL},
    {
        "path": "GET /app/tasks",
        "list": {"type": "query.type", "status": "query.status", "subject": "query.subject"},
        "limit": "query.limit",
        "cursor": "query.cursor",
        "reply": {"rows": {"each": "tasks", "as": ["item.subject", "item.status"]}, "next": "list.next_cursor"},
        "words": PENDING,
    },
    {"path": "GET /app/count", "count": {"type": "query.type", "status": "query.status"}, "words": PENDING},
    {"path": "POST /app/tasks/{id}/cancel", "cancel": "path.id", "reply": {"now": "task.status"}, **DETAIL},
    {"path": "POST /app/numbered", "submit": "cat", "serial": True, "reply": ["task.id", "task.status"]},
    {"path": "GET /app/numbered/{n}", "get": "path.n", "serial": True, "reply": ["task.id", "task.input", "task.urls.self"], **DETAIL},
    {"path": "POST /app/numbered/{n}/cancel", "cancel": "path.n", "serial": True, "reply": ["task.id", "task.status"]},
    {"path": "GET /app/stats", "stats": {}},
]
TYPES = {"later": {"exec": ["/bin/cat"], "queue": "stopped"}}
QUEUES = {"default": {"concurrency": 4}, "stopped": {"paused": True}}


@pytest.fixture(scope="module")
def app():
    fleet = Fleet()
    yield served(fleet, ROUTES, TYPES, queues=QUEUES)
    fleet.release()


def form(bide, target, **members):
    return bide.send("POST", target, urllib.parse.urlencode(members).encode(), FORM)


# ---- submit ----


def test_without_a_reply_the_answer_is_the_task_and_the_body_its_input(app):
    text = b'{"z":1.50, "a":"\\u00e9"}'
    answer = app.post("/app/plain", text)
    assert answer.status == 202 and answer.json["type"] == "cat", answer
    assert "location" not in answer.headers and answer.headers["retry-after"] == "1"
    app.ended(answer.json["id"], "completed")
    result = app.send("GET", f"/v1/tasks/{answer.json['id']}").body
    assert b'"input":' + text in result, "byte for byte"


def test_what_a_task_gets_is_made_of_what_the_request_has(app):
    body = {"a": [1], "b": [{"x": 1}], "subject": 17, "project": 7, "flag": True, "gone": None, "user": "u1"}
    answer = app.post("/app/cat/made?q=%C3%A9+x&priority=-3&other=1&q=2", body, {"X-H": "h"})
    assert (answer.status, answer.json) == (201, {"id": answer.json["id"], "asked": [1], "q": "\u00e9 x"})
    task = app.ended(answer.json["id"], "completed")
    assert task["input"] == {"a": [1], "deep": {"b": {"x": 1}}, "q": "\u00e9 x", "form": None, "h": "h", "n": 5, "c": "c"}
    assert (task["subject"], task["priority"], task["limit_key"]) == ("17", -3, "u1")
    assert task["tags"] == {"project": "7", "flag": "true"}


def test_a_form_is_an_input_of_texts(app):
    task = app.ended(form(app, "/app/plain", a="1 2", b="\u00e9&").json["id"], "completed")
    assert task["input"] == {"a": "1 2", "b": "\u00e9&"}
    answer = form(app, "/app/cat/made", f="x", a="not in the body")
    assert app.ended(answer.json["id"], "completed")["input"]["form"] == "x"
    assert app.ended(app.send("POST", "/app/plain").json["id"], "completed")["input"] == {}


def test_a_type_that_the_request_names_has_to_be_there(app):
    assert app.post("/app/nope/made", {}).status == 422
    assert app.post("/app/b%2Fc/made", {}).json == {"detail": app.post("/app/b%2Fc/made", {}).json["detail"]}
    assert app.post("/app/command/made", {}).status == 403, "nor may it be one that runs command lines"


def test_a_key_is_held_by_one_task(app):
    first = app.post("/app/once", {"key": "k"}).json
    again = app.post("/app/once", {"key": "k"})
    assert (again.status, again.json, again.headers["bide-existing"]) == (200, first, "true")
    refused = app.post("/app/refused-twice", {"key": "k"})
    assert (refused.status, list(refused.json)) == (409, ["detail"])


def test_an_idempotency_key_is_of_a_path_and_query_too(app):
    headers = {"Idempotency-Key": "routes-1"}
    first = app.post("/app/cat/made?q=1", {}, headers)
    again = app.post("/app/cat/made?q=1", {}, headers)
    assert (again.json["id"], again.headers["idempotency-replayed"]) == (first.json["id"], "true")
    assert app.post("/app/cat/made?q=2", {}, headers).status == 422
    assert app.post("/app/plain", {}, headers).status == 422


@pytest.mark.parametrize(
    "body, headers, status",
    [
        (b"{", {}, 400),
        (b'{"a":1,"a":2}', {}, 400),
        (b'{"a":"\xff"}', {}, 400),
        (b"[" * 65 + b"]" * 65, {}, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Type": "multipart/form-data; boundary=x"}, 400),
        (b"a=%ZZ", FORM, 400),
        (b"a=%00", FORM, 400),
        (b"&".join(b"a%d=1" % i for i in range(65)), FORM, 400),
        (json.dumps({"subject": "x" * 501}).encode(), {}, 400),
        (json.dumps({"subject": {}}).encode(), {}, 400),
        (json.dumps({"subject": "a\0b"}).encode(), {}, 400),
        (json.dumps({"user": ""}).encode(), {}, 400),
        (json.dumps({"project": ["a"]}).encode(), {}, 400),
    ],
)
def test_a_body_that_is_not_right_is_refused_in_the_applications_words(app, body, headers, status):
    answer = app.post("/app/cat/made", body, headers)
    assert (answer.status, list(answer.json)) == (status, ["detail"]), answer
    assert answer.headers["content-type"] == "application/json"


def test_a_refusal_points_at_the_clients_own_member(app):
    for body, pointer in (
        ({"about": {"what": "x" * 501}}, "/about/what"),
        ({"tags": {"t": "x" * 501}}, "/tags/t"),
        ({"user": "x" * 201}, "/user"),
    ):
        assert problem(app.post("/app/points", body), 400)["errors"][0]["pointer"] == pointer
    assert problem(app.post("/app/points?p=1.5", {}), 400)["errors"][0]["pointer"] == "/p"


def test_the_deepest_input_passes_and_a_deeper_one_that_a_mapping_makes_does_not(app):
    deep = json.loads("[" * 62 + "]" * 62)
    assert app.post("/app/cat/made", {"b": [deep]}).status == 201
    deep = json.loads("[" * 63 + "]" * 63)
    assert app.post("/app/plain", {"b": deep}).status == 202
    assert app.post("/app/plain", {"b": [deep]}).status == 400


def test_paths_are_decoded_and_bad_escapes_refused(app):
    for path in ("/app/%ZZ/made", "/app/%00/made", "/app/%ff/made", "/app/a%2/made"):
        answer = app.post(path, {})
        assert (answer.status, list(answer.json)) == (400, ["detail"]), path
    assert app.post("/app/cat/made?q=%zz", {}).status == 400
    assert app.post("/app/c%61t/made", {}).status == 201
    assert app.post("/app//made", {}).status == 404 and app.post("/app/cat/made/", {}).status == 404


# ---- run ----


def test_run_answers_with_the_ending(app):
    answer = app.post("/app/run", {"answer": {"x": [1]}})
    assert (answer.status, answer.json) == (200, {"result": {"x": [1]}, "status": "completed"})
    failed = app.post("/app/run", {"bad": True})
    assert (failed.status, failed.json) == (500, {"detail": "Traceback: it is bad"})
    assert (app.post("/app/sorry", {"bad": True}).status, app.post("/app/sorry", {"bad": True}).json) == (422, "failed")


def test_run_answers_202_when_its_wait_is_over(app):
    gate = app.gate("hurry")
    answer = app.post("/app/hurry", {"gate": gate})
    assert answer.status == 202 and answer.json["status"] in ("pending", "running"), answer
    app.open_gate("hurry")
    app.ended(answer.json["id"], "completed")


# ---- get, latest, cancel ----


def test_a_result_is_shown_whatever_its_size(app):
    large = {"text": "x" * 300_000}
    id = app.post("/app/plain", large).json["id"]
    app.ended(id, "completed")
    assert app.task(id)["result"] is None, "the API's own answer leaves it out"
    answer = app.send("GET", f"/app/tasks/{id}?x=1")
    assert answer.json == {"id": id, "result": large, "x": "1"}
    assert "etag" not in answer.headers
    head = app.send("HEAD", f"/app/tasks/{id}?x=1")
    assert head.headers["content-length"] == answer.headers["content-length"] and not head.body


def test_a_text_goes_before_a_name_and_what_is_not_there_is_404(app):
    id = app.post("/app/cat/made", {"subject": "about x"}).json["id"]
    assert app.get_json("/app/tasks/latest?subject=about+x") == "about x"
    assert app.send("GET", "/app/tasks/latest?subject=nobody").status == 404
    problem(app.send("GET", "/app/tasks/nope"), 404, "not_found")
    problem(app.send("GET", "/app/tasks/01a1ffe8-96cd-754e-be93-691a58a8ee38"), 404, "not_found")
    assert app.get_json(f"/app/tasks/{id}")["id"] == id


def test_cancel_takes_a_task_and_does_not_look_at_the_body(app):
    id = app.submit("later")["id"]
    answer = app.post(f"/app/tasks/{id}/cancel", b"whatever", {"Content-Type": "text/plain"})
    assert (answer.status, answer.json) == (200, {"now": "cancelled"}), answer
    assert app.post("/app/tasks/nope/cancel").json["detail"]


def test_ids_may_be_numbers(app):
    numbers = [app.post("/app/numbered", {"i": i}).json[0] for i in range(50)]
    assert numbers == sorted(set(numbers)) and all(isinstance(n, int) and n < 2**53 for n in numbers)
    for i, n in enumerate(numbers):
        assert app.get_json(f"/app/numbered/{n}")[:2] == [n, {"i": i}]
    path = app.get_json(f"/app/numbered/{numbers[7]}")[2]
    assert app.get_json(path)["input"] == {"i": 7}
    assert app.get_json(path.replace("/v1/tasks", "/app/numbered"))[0] == numbers[7], "its UUID will do"
    app.ended(path.rpartition("/")[2], "completed")
    assert app.post(f"/app/numbered/{numbers[7]}/cancel").json == [numbers[7], "completed"]
    for nobody in (1, -1, numbers[-1] + 1, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63), "1.0", "x", "0x10", " "):
        answer = app.send("GET", f"/app/numbered/{urllib.parse.quote(str(nobody))}")
        assert (answer.status, list(answer.json)) == (404, ["detail"]), nobody


# ---- list, count, stats ----


def test_lists_are_filtered_by_the_applications_words_and_go_on_by_cursor(serve):
    bide = served(serve, ROUTES, TYPES, queues=QUEUES)
    for n in range(5):
        bide.submit("later", subject=f"p{n}")
        bide.submit("later", subject=f"s{n}", delay_ms=3_600_000)
        bide.ended(bide.submit("cat", {}, subject=f"c{n}")["id"], "completed")
    rows = bide.get_json("/app/tasks?status=pending&limit=4")
    assert rows["rows"] == [["s4", "pending"], ["p4", "pending"], ["s3", "pending"], ["p3", "pending"]]
    rest = bide.get_json(f"/app/tasks?status=pending&limit=100&cursor={rows['next']}")
    assert [r[0] for r in rest["rows"]] == ["s2", "p2", "s1", "p1", "s0", "p0"] and rest["next"] is None
    assert bide.get_json("/app/tasks?status=processing") == {"rows": [], "next": None}
    assert len(bide.get_json("/app/tasks?limit=9999")["rows"]) == 15
    assert [r[0] for r in bide.get_json("/app/tasks?type=cat&limit=2")["rows"]] == ["c4", "c3"]
    assert bide.get_json("/app/tasks?subject=p1")["rows"] == [["p1", "pending"]]
    for wrong in ("status=running", "limit=0", "limit=x", "cursor=x"):
        problem(bide.send("GET", f"/app/tasks?{wrong}"), 400, "invalid")
    counts = {"total": 15, "pending": 10, "processing": 0, "completed": 5, "failed": 0, "cancelled": 0, "expired": 0}
    assert bide.get_json("/app/count") == counts
    assert bide.get_json("/app/count?type=later") == {**counts, "total": 10, "completed": 0}
    assert bide.get_json("/app/count?status=pending") == {**counts, "total": 10, "completed": 0}
    assert bide.get_json("/app/stats")["tasks"]["completed"] == 5


def test_a_count_goes_over_as_many_pages_as_it_takes(serve):
    bide = served(serve, ROUTES, TYPES, queues=QUEUES)
    lines = b"".join(b'{"type":"later","subject":"%d"}\n' % n for n in range(450))
    assert bide.send("POST", "/v1/tasks:batch", lines, {"Content-Type": "application/x-ndjson"}).status == 200
    assert bide.get_json("/app/count?type=later")["pending"] == 450


# ---- the server around it ----


def test_methods_are_as_with_other_paths(app):
    for path, allow in (
        ("/app/tasks/x", "GET, HEAD, OPTIONS"),
        ("/app/plain", "POST, OPTIONS"),
        ("/app/x/made", "POST, OPTIONS"),
    ):
        assert app.send("OPTIONS", path).headers["allow"] == allow
        answer = app.send("DELETE", path)
        assert (answer.status, answer.headers["allow"]) == (405, allow)
    assert app.send("HEAD", "/app/plain").status == 405, "nothing may happen by a HEAD"
    assert app.send("GET", "/app/nothing/here/at/all").status == 404


def test_a_queue_that_takes_nothing_is_503_in_the_applications_words(serve):
    bide = served(serve, ROUTES, TYPES, queues=QUEUES)
    assert bide.post("/v1/queues/default/drain").status == 200
    answer = bide.post("/app/cat/made", {})
    assert (answer.status, list(answer.json), answer.headers["retry-after"]) == (503, ["detail"], "1")


def test_the_routes_are_in_the_document(app):
    paths = app.get_json("/openapi.json")["paths"]
    made = paths["/app/{kind}/made"]["post"]
    assert [(p["name"], p["in"]) for p in made["parameters"]] == [("kind", "path"), ("q", "query"), ("priority", "query")]
    assert set(made["requestBody"]["content"]["application/json"]["schema"]["properties"]) >= {"a", "b", "subject", "user"}
    reply = made["responses"]["201"]["content"]["application/json"]["schema"]
    assert list(reply["properties"]) == ["id", "asked", "q"]
    assert "detail" in made["responses"]["default"]["content"]["application/json"]["schema"]["properties"]
    assert paths["/app/tasks"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["rows"]["type"] == "array"
    assert set(paths) > set(openapi.DOCUMENT["paths"])


def test_a_reload_takes_routes_over_all_or_nothing(serve):
    bide = served(serve, ROUTES[:1])
    gate = bide.gate("a")

    def reload(routes, said):
        before = bide.text().count(said)
        bide.configure({"defaults": QUICK, "types": {"work": GATE, "cat": {"exec": ["/bin/cat"]}}, "routes": routes})
        bide.process.send_signal(signal.SIGHUP)
        until(lambda: bide.text().count(said) > before, said)

    assert bide.post("/app/plain", {}).status == 202
    new = {"path": "POST /app/new", "run": "work", "reply": {"r": "task.result", "b": "body.answer"}}
    reload([new], "reload: done")
    assert bide.post("/app/plain", {}).status == 404
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(bide.post("/app/new", {"gate": gate, "answer": 5})))
    waiting.start()
    until(lambda: bide.get_json("/v1/tasks?status=running&type=work")["items"])
    reload([{"path": "GET /v1/tasks", "health": {}}, new], "nothing changed")
    assert bide.post("/app/new", {"answer": 1}).json == {"r": 1, "b": 1}
    reload([], "reload: done")
    assert bide.post("/app/new", {}).status == 404
    bide.open_gate("a")
    waiting.join()
    assert answers[0].json == {"r": 5, "b": 5}, "a call goes on by the route that it came by"
