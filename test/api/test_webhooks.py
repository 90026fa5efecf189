# SPDX-License-Identifier: Apache-2.0
"""Webhooks: told once and signed, again until they are taken, kept apart by host, sent nowhere that was not allowed."""
import base64
import hashlib
import hmac
import json
import sqlite3
import subprocess
import threading
import time

import openapi
import pytest
from fixtures import with_actor
from harness import BIDE, problem, until
from remote import Remote

KEY = b"k" * 32
OTHER = b"o" * 24
SECRET, NEXT = ("whsec_" + base64.b64encode(k).decode() for k in (KEY, OTHER))


def webhooks(**more):
    return {"secrets": [SECRET], "allow_private": ["127.0.0.0/8"], **more}


class Receiver(Remote):
    """Somebody's server: 200, unless a path has other answers, in turn, the last one for ever; or is held."""

    def __init__(self):
        super().__init__()
        self.plans, self.gates = {}, {}
        self.routes["POST *"] = self.take

    def answers(self, path, answers):
        self.plans[path] = list(answers)

    def hold(self, path):
        self.gates[path] = threading.Event()

    def let_go(self, path):
        self.gates[path].set()

    def take(self, request):
        path = request.path
        if path in self.gates:
            self.gates[path].wait(60)
        plan = self.plans.get(path, [(200, "")])
        status, text, *headers = plan.pop(0) if len(plan) > 1 else plan[0]
        return (status, text.encode(), *headers)

    def requests(self, path):
        return [r for r in list(self.seen) if r.path == path]


@pytest.fixture
def remote():
    receiver = Receiver()
    yield receiver
    for gate in receiver.gates.values():
        gate.set()
    receiver.close()


@pytest.fixture
def another(remote):
    receiver = Receiver()
    yield receiver
    for gate in receiver.gates.values():
        gate.set()
    receiver.close()


@pytest.fixture
def told(serve):
    return serve(webhooks=webhooks())


def deliveries(bide, query=""):
    return bide.get_json(f"/v1/deliveries{query}")["items"]


def the_delivery(bide, id, status):
    """Waits until the one delivery of the task has this status; returns it whole."""

    def look():
        found = deliveries(bide, f"?task={id}")
        return found and found[0]["status"] == status and found

    [one] = until(look, f"the delivery of {id} {status}; now {deliveries(bide)}")
    return bide.get_json(f"/v1/deliveries/{one['id']}")


def signatures(request, key):
    said = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def hook(remote, path="/hook", **more):
    return {"webhook": {"url": remote.url + path, **more}}


def test_an_ending_is_told_once_signed_with_the_task_as_it_ended(told, remote):
    id = told.act(["done", {"text": "hällo"}], subject="s", **hook(remote))
    [request] = until(lambda: remote.requests("/hook"), "the webhook")
    body = json.loads(request.body)
    assert (request.command, request.headers["content-type"]) == ("POST", "application/json")
    assert (body["type"], body["data"]["id"], body["data"]["status"], body["data"]["result"]) == ("task.completed", id, "completed", {"text": "hällo"})
    assert body["timestamp"] == body["data"]["finished_at"] and "input" not in body["data"]
    assert request.headers["webhook-id"] == f"msg_{id}_1"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
    assert request.headers["webhook-signature"] == signatures(request, KEY)
    delivery = the_delivery(told, id, "delivered")
    assert (delivery["task_id"], delivery["url"], delivery["event"]) == (id, remote.url + "/hook", "task.completed")
    assert (delivery["attempts"], delivery["last_status"], delivery["last_error"], delivery["message_id"]) == (1, 200, None, f"msg_{id}_1")
    assert told.task(id)["delivery"] == {"id": delivery["id"], "status": "delivered", "attempts": 1, "last_error": None}
    assert len(remote.requests("/hook")) == 1


def test_it_is_in_the_trace_of_its_task(told, remote):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    body = {"type": "act", "input": {"steps": [["done", 1]]}, **hook(remote)}
    assert told.post("/v1/tasks", body, {"traceparent": trace, "tracestate": "a=b"}).status == 202
    [request] = until(lambda: remote.requests("/hook"), "the webhook")
    assert request.headers["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-") and request.headers["traceparent"] != trace
    assert request.headers["tracestate"] == "a=b"


@pytest.mark.parametrize("ending,events,is_told", [("failed", ["failed"], True), ("failed", ["task.completed", "cancelled"], False), ("cancelled", None, True)])
def test_of_the_endings_that_were_asked_for(told, remote, ending, events, is_told):
    more = {"events": events} if events else {}
    if ending == "failed":
        id = told.act(["fail", {"message": "no", "retry": False}], **hook(remote, **more))
    else:
        id = told.act(["done", 1], delay_ms=60000, **hook(remote, **more))
        told.post(f"/v1/tasks/{id}/cancel")
    told.ended(id, ending)
    other = told.act(["done", 1], **hook(remote, "/other"))
    the_delivery(told, other, "delivered")  # whatever was owed before was made before
    assert [json.loads(r.body)["type"] for r in remote.requests("/hook")] == ([f"task.{ending}"] if is_told else [])
    assert told.task(id)["delivery"] is None or is_told


def test_it_is_tried_again_with_the_same_message_until_it_is_taken(told, remote):
    remote.answers("/hook", [(500, "out of order"), (200, "")])
    id = told.act(["done", 1], **hook(remote))
    first = until(lambda: deliveries(told, f"?task={id}") and deliveries(told)[0]["last_error"] and deliveries(told)[0], "a try that failed")
    assert (first["status"], first["attempts"], first["last_status"], first["last_error"]) == ("pending", 1, 500, "HTTP 500: out of order")
    assert first["next_at"] and told.task(id)["delivery"]["status"] == "pending"
    one, two = until(lambda: len(remote.requests("/hook")) == 2 and remote.requests("/hook"), "the second try", 20)
    assert (one.body, one.headers["webhook-id"]) == (two.body, two.headers["webhook-id"])
    assert two.headers["webhook-signature"] == signatures(two, KEY)
    delivery = the_delivery(told, id, "delivered")
    assert [t["error"] for t in delivery["tries"]] == [None, "HTTP 500: out of order"]


def test_gone_is_the_end_and_redirects_are_not_followed(told, remote):
    remote.answers("/gone", [(410, "")])
    remote.answers("/moved", [(302, "", {"Location": remote.url + "/elsewhere"})])
    gone, moved = told.act(["done", 1], **hook(remote, "/gone")), told.act(["done", 1], **hook(remote, "/moved"))
    assert the_delivery(told, gone, "disabled")["attempts"] == 1
    until(lambda: deliveries(told, f"?task={moved}")[0]["last_status"] == 302, "a try that was not followed")
    assert (deliveries(told, f"?task={moved}")[0]["status"], remote.requests("/elsewhere")) == ("pending", [])
    assert [d["task_id"] for d in deliveries(told, "?status=disabled")] == [gone]
    assert [d["task_id"] for d in deliveries(told, "?status=pending")] == [moved]
    assert deliveries(told, "?status=failed") == []


def test_it_can_be_delivered_again(told, remote):
    id = told.act(["done", 1], **hook(remote))
    delivery = the_delivery(told, id, "delivered")
    again = told.post(f"/v1/deliveries/{delivery['id']}/redeliver")
    assert (again.status, again.json["run"]) == (202, 2)
    one, two = until(lambda: len(remote.requests("/hook")) == 2 and remote.requests("/hook"), "the second")
    assert (one.body, one.headers["webhook-id"]) == (two.body, two.headers["webhook-id"])
    problem(told.post("/v1/deliveries/01a1ffe8-96cd-854e-be93-691a58a8ee38/redeliver"), 404)


def test_a_retried_task_tells_each_of_its_runs(told, remote):
    id = told.act(["done", 1], **hook(remote))
    the_delivery(told, id, "delivered")
    told.post(f"/v1/tasks/{id}/retry")
    until(lambda: len(remote.requests("/hook")) == 2, "the second run's")
    assert [r.headers["webhook-id"] for r in remote.requests("/hook")] == [f"msg_{id}_1", f"msg_{id}_2"]


def test_two_secrets_of_one_name_sign_both_and_another_only_where_it_is_asked_for(serve, remote):
    bide = serve(webhooks=webhooks(secrets=[SECRET, NEXT, "mine=" + NEXT]))
    bide.act(["done", 1], **hook(remote, "/both"))
    bide.act(["done", 1], **hook(remote, "/mine", secret_id="mine"))
    [both] = until(lambda: remote.requests("/both"), "the first")
    [mine] = until(lambda: remote.requests("/mine"), "the second")
    assert both.headers["webhook-signature"] == f"{signatures(both, KEY)} {signatures(both, OTHER)}"
    assert mine.headers["webhook-signature"] == signatures(mine, OTHER)
    problem(bide.post("/v1/tasks", {"type": "act", **hook(remote, secret_id="none")}), 400)


def test_a_type_has_its_own_and_a_submit_may_say_none(serve, remote):
    types = {"told": {"worker": "actor", "webhook": {"url": remote.url + "/type", "events": ["completed"]}}}
    bide = serve(types=types, webhooks={})  # the configuration's own URL may lead anywhere
    done = {"type": "told", "input": {"steps": [["done", 1]]}}
    first = bide.post("/v1/tasks", done).json["id"]
    silent = bide.post("/v1/tasks", {**done, "webhook": None}).json["id"]
    bide.ended(silent, "completed")
    [request] = until(lambda: remote.requests("/type"), "the type's")
    assert json.loads(request.body)["data"]["id"] == first and "webhook-signature" not in request.headers
    assert bide.task(silent)["delivery"] is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest", "http://localhost/",
                                 "http://[::ffff:192.168.0.1]/", "http://0.0.0.0/", "http://[fd00::1]/", "http://[64:ff9b::7f00:1]/"])
def test_an_address_that_is_not_allowed_is_refused_at_once(serve, url):
    bide = serve(webhooks={})
    answer = problem(bide.post("/v1/tasks", {"type": "act", "webhook": {"url": url}}), 400)
    assert answer["errors"][0]["pointer"] == "/webhook/url" and "allow_private" in answer["detail"]


def test_a_name_that_leads_to_such_an_address_is_refused_when_it_is_connected_to(serve, remote):
    bide = serve(webhooks={})
    port = remote.url.rpartition(":")[2]
    for host in ("127.1", "0x7f000001", "2130706433", "localhost.localdomain"):
        id = bide.act(["done", 1], webhook={"url": f"http://{host}:{port}/sly"})
        bide.ended(id, "completed")
        delivery = until(lambda: (deliveries(bide, f"?task={id}") or [{"attempts": 0}])[0], "a delivery")
        delivery = until(lambda: (d := deliveries(bide, f"?task={id}")) and d[0]["last_error"] and d[0], "its verdict")
        assert "allow_private" in delivery["last_error"] or "resolve" in delivery["last_error"], delivery
    assert remote.requests("/sly") == []


@pytest.mark.parametrize("webhook,pointer", [
    ({}, "/webhook/url"), ({"url": "ftp://example.org"}, "/webhook/url"), ({"url": "http://u:p@example.org/"}, "/webhook/url"),
    ({"url": "http:///x"}, "/webhook/url"), ({"url": "http://example.org/ x"}, "/webhook/url"), ({"url": 7}, "/webhook/url"),
    ({"url": "http://example.org/", "events": []}, "/webhook/events"), ({"url": "http://example.org/", "events": ["started"]}, "/webhook/events"),
    ({"url": "http://example.org/", "secret": "x"}, "/webhook/secret"), ("http://example.org", "/webhook"),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_its_pointer(told, webhook, pointer):
    assert problem(told.post("/v1/tasks", {"type": "act", "webhook": webhook}), 400)["errors"][0]["pointer"] == pointer


def test_deliveries_are_in_no_other_list(told, remote):
    id = told.act(["done", 1], **hook(remote))
    delivery = the_delivery(told, id, "delivered")
    assert [t["id"] for t in told.get_json("/v1/tasks")["items"]] == [id]
    assert [q["name"] for q in told.get_json("/v1/queues")["items"]] == ["default"]
    assert told.get_json("/v1/stats")["tasks"]["completed"] == 1
    assert '"$' not in told.send("GET", "/metrics").body.decode()
    for method, path in (("GET", ""), ("GET", "/result"), ("GET", "/events"), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", ""), ("GET", "/attempts")):
        problem(told.send(method, f"/v1/tasks/{delivery['id']}{path}"), 404)
    problem(told.send("GET", f"/v1/deliveries/{id}"), 404)
    for what in ({"type": "$webhook"}, {"type": "act", "queue": "$webhooks"}):
        assert told.post("/v1/tasks", what).status == 422
    problem(told.send("GET", "/v1/queues/$webhooks"), 404)
    problem(told.send("GET", "/v1/deliveries?status=lost"), 400)


def test_a_delivery_survives_kill_9_wherever_it_is(serve, remote):
    bide = serve(webhooks=webhooks())
    remote.hold("/hook")
    id = bide.act(["done", 1], **hook(remote))
    until(lambda: remote.requests("/hook"), "a try under way")
    bide.restart9()
    remote.let_go("/hook")
    the_delivery(bide, id, "delivered")
    assert {r.headers["webhook-id"] for r in remote.requests("/hook")} == {f"msg_{id}_1"}


def test_a_stop_gives_a_delivery_under_way_back_instead_of_waiting_for_it(serve, remote):
    bide = serve(webhooks=webhooks(timeout="15s"))
    remote.hold("/hook")
    id = bide.act(["done", 1], **hook(remote))
    until(lambda: remote.requests("/hook"), "a try under way")
    assert [w["pool"] for w in bide.get_json("/v1/workers")["items"]] == ["actor"]
    assert bide.terminate() == 0
    remote.let_go("/hook")
    bide.start()
    delivery = the_delivery(bide, id, "delivered")
    assert [t["verdict"] for t in delivery["tries"]] == ["done", "released"]
    assert {r.headers["webhook-id"] for r in remote.requests("/hook")} == {f"msg_{id}_1"}


def test_one_dead_receiver_delays_no_other(serve, remote, another):
    bide = serve(webhooks=webhooks(concurrency=8, host_concurrency=2, timeout="10s"))
    another.hold("/dead")
    slow = [bide.act(["done", 1], **hook(another, "/dead")) for _ in range(20)]
    for id in slow:
        bide.ended(id, "completed")
    until(lambda: len(another.requests("/dead")) == 2, "as many as one host may have")
    quick = [bide.act(["done", 1], **hook(remote)) for _ in range(20)]
    until(lambda: len(remote.requests("/hook")) == 20, "the others")
    assert len(another.requests("/dead")) == 2
    another.let_go("/dead")
    for id in quick + slow:
        the_delivery(bide, id, "delivered")


@pytest.mark.parametrize("urls,host", [
    (["http://h.example/x", "http://H.Example:80/y", "http://h.example./"], "h.example"),
    (["https://h.example:443/x", "https://h.example"], "h.example"),
    (["http://h.example:443/x"], "h.example:443"),
    (["http://[2606:4700::A]:80/x", "http://[2606:4700::a]/"], "[2606:4700::a]"),
])
def test_one_host_is_one_host_however_it_is_written(serve, urls, host):
    """What so many deliveries of at a time are counted by is nowhere shown but in the store."""
    bide = serve(webhooks=webhooks())
    for url in urls:
        id = bide.act(["done", 1], webhook={"url": url})
        until(lambda: deliveries(bide, f"?task={id}"), "its delivery")
    assert bide.terminate() == 0
    with sqlite3.connect(bide.dir / "bide.db") as db:
        assert db.execute("SELECT DISTINCT limit_key FROM body WHERE limit_key IS NOT NULL").fetchall() == [(host,)]


def test_the_configuration_says_what_is_wrong_with_it(serve):
    for section, words in (
        ({"webhooks": {"secrets": ["whsec_short"]}}, "a secret is whsec_"),
        ({"webhooks": {"secrets": ["file:none"]}}, "none"),
        ({"webhooks": {"allow_private": ["10.0.0.0/33"]}}, "is no address or network"),
        ({"types": {"act": {"worker": "actor", "webhook": {"url": "gopher://x"}}}}, "webhook.url"),
        ({"types": {"act": {"worker": "actor", "webhook": {"url": "http://x", "events": ["done"]}}}}, "is no ending"),
    ):
        server = serve.prepare({**with_actor(), **section})
        server.launch()
        assert server.exited() == 78 and words in server.text(), server.text()


def test_secrets_are_shown_to_nobody(serve):
    server = serve.prepare({**with_actor(), "webhooks": webhooks(secrets=["mine=" + SECRET])})
    shown = subprocess.run([BIDE, "config", "--config", str(server.config_file)], capture_output=True, text=True, check=True).stdout
    assert SECRET[10:] not in shown and "mine=***" in shown



CALLED = [
    {
        "path": "POST /api/recognize/async",
        "submit": "act",
        "callback": {
            "url": "query.callback_url",
            "timeout": "30s",
            "reply": {"task_id": "task.id", "status": "task.status", "result": "task.result", "error": "task.error.message"},
        },
        "words": {"completed": "done", "failed": "broken"},
        "reply": {"task_id": "task.id", "message": "const.taken"},
    },
    {"path": "POST /api/plain", "submit": "act", "serial": True, "callback": {"url": "query.to"}, "reply": "task.id"},
]


def test_a_route_calls_back_in_the_words_of_its_application(serve, remote):
    openapi.CONFIGURED += ["/api/.*"]
    bide = serve(webhooks=webhooks(), routes=CALLED)
    remote.answers("/cb?x=1", [(500, ""), (200, "")])
    taken = bide.post(f"/api/recognize/async?callback_url={remote.url}/cb%3Fx=1", {"steps": [["done", {"n": 3}]]})
    assert (taken.status, taken.json["message"]) == (202, "taken")
    id = taken.json["task_id"]
    first, second = until(lambda: len(remote.requests("/cb?x=1")) == 2 and remote.requests("/cb?x=1"), "the second try", 20)
    assert first.body == second.body
    assert until(lambda: bide.task(id)["delivery"]["status"] == "delivered", "as the task shows it")
    assert {r.headers["webhook-id"] for r in (first, second)} == {f"msg_{id}_1_callback"}, "it is not the message of a webhook of that task"
    assert json.loads(first.body) == {"task_id": id, "status": "done", "result": {"n": 3}, "error": None}
    failed = bide.post(f"/api/recognize/async?callback_url={remote.url}/failed", {"steps": [["fail", {"message": "no", "retry": False}]]})
    [told] = until(lambda: remote.requests("/failed"), "of a failure")
    assert json.loads(told.body) == {"task_id": failed.json["task_id"], "status": "broken", "result": None, "error": "no"}
    assert told.headers["webhook-signature"] == signatures(told, KEY)
    silent = bide.post("/api/recognize/async", {"steps": [["done", 1]]}).json["task_id"]
    bide.ended(silent, "completed")
    number = bide.post(f"/api/plain?to={remote.url}/plain", {"steps": [["done", 1]]}).json
    [told] = until(lambda: remote.requests("/plain"), "the whole task")
    assert isinstance(number, int) and json.loads(told.body)["id"] == number
    assert deliveries(bide, f"?task={silent}") == []


def test_a_callback_may_not_lead_anywhere(serve):
    bide = serve(webhooks={}, routes=CALLED)
    for url in ("http://10.0.0.1/", "ftp://x", "nonsense"):
        answer = bide.post(f"/api/recognize/async?callback_url={url}", {"steps": [["done", 1]]})
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/callback"), answer
    assert bide.get_json("/v1/tasks")["items"] == []
