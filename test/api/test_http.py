# SPDX-License-Identifier: Apache-2.0
"""Types that are requests to somebody else's server: what is sent, what its answer comes to."""
import datetime
import email.utils
import signal
import subprocess
import threading
import time

import pytest
from fixtures import QUICK, Fleet
from harness import error, run, until


@pytest.fixture(scope="module")
def bide(elsewhere):
    """A server that calls the other."""
    fleet = Fleet()
    once = {"max_attempts": 1}
    http = {
        "plain": {"url": "/plain"},
        "patient": {"url": "/plain"},
        "part": {"url": "/plain", "result": "/answer/0"},
        "filled": {
            "url": "/things/{input.name}/{id}?q={input.q}",
            "method": "PUT",
            "headers": {"X-Name": "<{input.name}>", "X-Empty": "", "Content-Type": "application/vnd.thing+json", "X-Try": "{attempt}"},
            "body": {"all": "{input}", "q": "{input.q}", "n": "{input.n}", "mixed": "{input.n} of {input.name}", "try": "{attempt}", "own": "{x}"},
        },
        "get": {"url": "/things?name={input.name}", "method": "GET"},
        "slow": {"url": "/slow", "call_timeout": "300ms"},
        "away": {"url": "http://127.0.0.1:1/"},
        "two": {"url": "/hang", "concurrency": 2},
    }
    types = {}
    for name, conf in http.items():
        url = conf["url"] if conf["url"].startswith("http:") else elsewhere.url + conf["url"]
        types[name] = {"http": {**conf, "url": url}, **({} if name == "patient" else once)}
    server = fleet.prepare({"defaults": QUICK, "queues": {"default": {"concurrency": 50}}, "types": types})
    yield server.start()
    fleet.release()


# ---- what is sent ----


def test_the_input_is_sent_as_it_came_and_what_is_answered_is_the_result(bide, remote):
    remote.routes["POST /plain"] = lambda r: (200, b'{"big": 12345678901234567890, "b":  1}')
    answer = bide.post("/v1/tasks", b'{"type":"plain","input":{"x":1.50,  "y":"\\u00e9"}}')
    task = bide.ended(answer.json["id"], "completed")
    [seen] = remote.seen
    assert seen.body == b'{"x":1.50,  "y":"\\u00e9"}'
    assert seen.headers["Content-Type"] == "application/json"
    assert bide.send("GET", task["urls"]["result"]).body == b'{"big": 12345678901234567890, "b":  1}'


def test_a_request_says_which_attempt_it_is_and_can_be_recognised_when_it_comes_twice(bide, remote):
    answers = iter([(503, {}), (200, {})])
    remote.routes["POST /plain"] = lambda r: next(answers)
    task = run(bide, "patient")
    first, second = [r.headers for r in remote.seen]
    assert first["Bide-Task"] == second["Bide-Task"] == task["id"]
    assert (first["Bide-Attempt"], second["Bide-Attempt"]) == ("1", "2")
    assert first["Bide-Fence"] != second["Bide-Fence"] and len(first["Bide-Fence"]) == 16
    assert first["Idempotency-Key"] == second["Idempotency-Key"] == task["id"] + ".1"
    bide.post(f"/v1/tasks/{task['id']}/retry")
    remote.routes["POST /plain"] = (200, {})
    bide.ended(task["id"], "completed")
    assert remote.seen[-1].headers["Idempotency-Key"] == task["id"] + ".2"


def test_templates_fill_url_headers_and_body_and_never_become_more_than_a_value(bide, remote):
    remote.routes["PUT *"] = (200, {})
    q = 'a&b=c#"\\\n/ü'
    task = run(bide, "filled", {"name": "../x y", "q": q, "n": [1, {"a": None}]})
    [seen] = remote.seen
    assert seen.path == f"/things/..%2Fx%20y/{task['id']}?q=a%26b%3Dc%23%22%5C%0A%2F%C3%BC"
    assert seen.query == {"q": q}
    assert seen.headers["X-Name"] == "<../x y>" and seen.headers["X-Empty"] == "" and seen.headers["X-Try"] == "1"
    assert seen.headers.get_all("Content-Type") == ["application/vnd.thing+json"]
    n = [1, {"a": None}]
    assert seen.json == {"all": task["input"], "q": q, "n": n, "mixed": '[1,{"a":null}] of ../x y', "try": 1, "own": "{x}"}


def test_a_get_has_no_body(bide, remote):
    remote.routes["GET /things"] = lambda r: (200, {"got": r.query})
    assert run(bide, "get", {"name": "ö"})["result"] == {"got": {"name": "ö"}}
    [seen] = remote.seen
    assert seen.headers["Content-Length"] is None and seen.headers["Content-Type"] is None


@pytest.mark.parametrize(
    "input, said",
    [({"name": "x", "n": 1}, "{input.q}: the input has no member"), ({"name": "x\r\nEvil: 1", "q": 1, "n": 1}, "a header cannot have a control"), ({"name": "..", "q": 1, "n": 1}, "another path")],
)
def test_what_cannot_be_filled_in_fails_the_task_and_nothing_is_sent(bide, remote, input, said):
    failed = error(bide, "filled", input)
    assert failed["code"] == "invalid_input" and said in failed["message"]
    assert remote.seen == []


def test_connections_are_used_again(bide, remote):
    remote.routes["POST /plain"] = (200, {})
    run(bide, "plain")
    remote.connections.clear()
    for _ in range(5):
        run(bide, "plain")
    assert remote.connections == []


def test_a_kept_connection_that_the_other_side_has_closed_costs_no_attempt(bide, remote):
    def last_of_its_connection(r):
        r.answer(200, {"n": len(remote.seen)})
        r.close_connection = True  # and does not say so

    remote.routes["POST /plain"] = last_of_its_connection
    for n in range(1, 6):
        task = run(bide, "plain")
        assert task["result"] == {"n": n} and task["attempt"] == 1


# ---- what an answer comes to ----


@pytest.mark.parametrize("body, result", [(b"[1, 2]", [1, 2]), (b"plain words", {"text": "plain words"}), (b"\xff!", {"text": "\ufffd!"}), (None, None)])
def test_an_answer_is_json_or_becomes_a_text(bide, remote, body, result):
    remote.routes["POST /plain"] = (204 if body is None else 200, body)
    assert run(bide, "plain")["result"] == result


def test_a_pointer_picks_the_part_that_is_the_result(bide, remote):
    remote.routes["POST /plain"] = (201, {"answer": [{"deep": 1}, 2]})
    assert run(bide, "part")["result"] == {"deep": 1}
    remote.routes["POST /plain"] = (200, {"answer": []})
    failed = error(bide, "part")
    assert failed["code"] == "bad_result" and failed["detail"] == '{"answer": []}'
    remote.routes["POST /plain"] = (200, b"what?")
    assert "not JSON" in error(bide, "part")["message"]


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
def test_a_refusal_fails_at_once_with_what_was_said(bide, remote, status):
    remote.routes["POST /plain"] = (status, {"error": {"message": "no such model"}})
    task = run(bide, "patient", status="failed")
    failed = task["error"]
    assert failed["code"] == "worker_error" and failed["type"] == f"http {status}" and task["attempt"] == 1
    assert failed["message"] == f"POST {remote.url}/plain: HTTP {status}: no such model"
    assert failed["detail"] == '{"error": {"message": "no such model"}}'
    assert len(remote.seen) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_trouble_that_may_pass_is_tried_again(bide, remote, status):
    answers = iter([(status, b"busy"), (200, {"ok": True})])
    remote.routes["POST /plain"] = lambda r: next(answers)
    task = run(bide, "patient")
    assert task["result"] == {"ok": True} and task["attempt"] == 2


def test_retry_after_is_kept_in_seconds_and_as_a_date(bide, remote):
    remote.routes["POST /plain"] = (429, {}, {"Retry-After": "3600"})
    task = bide.seen(bide.submit("patient")["id"], "retrying")
    due = lambda task: datetime.datetime.fromisoformat(task["run_at"].replace("Z", "+00:00")).timestamp()
    assert 3590 < due(task) - time.time() <= 3601
    date = email.utils.formatdate(time.time() + 7200, usegmt=True)
    remote.routes["POST /plain"] = (503, {}, {"Retry-After": date})
    task = bide.seen(bide.submit("patient")["id"], "retrying")
    assert 7190 < due(task) - time.time() <= 7201
    remote.routes["POST /plain"] = (503, {}, {"Retry-After": "99999999999"})
    task = bide.seen(bide.submit("patient")["id"], "retrying")
    assert due(task) - time.time() <= 86401


def test_nobody_there_can_be_tried_again(bide):
    failed = error(bide, "away")
    assert failed["code"] == "worker_error" and "http://127.0.0.1:1/" in failed["message"]
    retried = bide.seen(bide.submit("away", max_attempts=2, retry={"base_ms": 3600000, "jitter": "none", "backoff": "fixed"})["id"], "retrying")
    assert retried["attempt"] == 1


def test_a_connection_that_breaks_can_be_tried_again(bide, remote):
    def once(r):
        if len(remote.seen) > 1:
            return 200, {"ok": 1}
        r.head(200, {"Content-Length": "1000", "Content-Type": "application/json"})
        r.wfile.write(b'{"half":')
        r.break_off()

    remote.routes["POST /plain"] = once
    task = run(bide, "patient")
    assert task["attempt"] == 2 and task["result"] == {"ok": 1}


def test_a_redirect_is_not_followed(bide, remote):
    remote.routes["POST /plain"] = (307, None, {"Location": "/elsewhere"})
    failed = error(bide, "patient")
    assert failed["message"].endswith("HTTP 307: redirects are not followed") and failed["attempt"] == 1
    assert [r.path for r in remote.seen] == ["/plain"]


def test_too_much_of_an_answer_is_not_read_to_its_end(bide, remote):
    def flood(r):
        r.head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
        try:
            for _ in range(64):
                r.chunk(b" " * (1024 * 1024))
        except OSError:
            r.stopped = True
            r.close_connection = True

    remote.routes["POST /plain"] = flood
    failed = error(bide, "plain")
    assert failed["code"] == "output_too_large"
    until(lambda: getattr(remote.seen[0], "stopped", False), "the other side noticing")


def test_a_call_that_takes_too_long_can_be_tried_again(bide, remote):
    gone = []
    remote.routes["POST /slow"] = lambda r: gone.append(r.hang())
    failed = error(bide, "slow")
    assert failed["code"] == "worker_error" and "time" in failed["message"].lower()
    until(lambda: gone == [True], "the connection closed")


# ---- stopping ----


def test_a_cancel_closes_the_connection_at_once(bide, remote):
    gone = []
    remote.routes["POST /hang"] = lambda r: gone.append(r.hang())
    id = bide.submit("two", grace_ms=60000)["id"]
    remote.wait("POST /hang")
    assert bide.post(f"/v1/tasks/{id}/cancel").status == 202
    bide.ended(id, "cancelled")
    until(lambda: gone == [True], "the connection closed")


def test_a_timeout_of_the_task_closes_the_connection(bide, remote):
    gone = []
    remote.routes["POST /hang"] = lambda r: gone.append(r.hang())
    assert error(bide, "two", timeout_ms=300)["code"] == "timeout"
    until(lambda: gone == [True], "the connection closed")


def test_a_type_has_so_many_requests_at_a_time(bide, remote):
    go = threading.Event()
    remote.routes["POST /hang"] = lambda r: go.wait(30) and (200, {})
    ids = [bide.submit("two")["id"] for _ in range(4)]
    remote.wait("POST /hang", 2)
    until(lambda: [bide.task(i)["status"] for i in ids].count("running") == 2, "two of them running")
    shown = [w for w in bide.get_json("/v1/workers")["items"] if w["pool"] == "two"]
    assert len(shown) == 2 and all(w["pid"] is None and w["state"] == "busy" for w in shown)
    assert len(remote.asked("POST /hang")) == 2
    [waits] = {bide.waits(id, "queue_limit") for id in ids if bide.task(id)["status"] == "pending"}
    assert waits == "2 of 2 requests of two are under way"
    go.set()
    for id in ids:
        bide.ended(id, "completed")


# ---- the configuration ----


def test_a_reload_calls_the_new_address_and_what_runs_finishes_as_it_began(serve, remote):
    go = threading.Event()
    remote.routes["POST /hang"] = lambda r: go.wait(30) and (200, {"from": "old"})
    remote.routes["POST /new"] = (200, {"from": "new"})
    config = lambda path: {"defaults": QUICK, "types": {"call": {"http": {"url": remote.url + path}}}}
    bide = serve(config("/hang"))
    old = bide.submit("call")["id"]
    remote.wait("POST /hang")
    bide.configure(config("/new"))
    bide.process.send_signal(signal.SIGHUP)
    until(lambda: "reload: done" in bide.text(), "the reload")
    assert bide.ended(bide.submit("call")["id"], "completed")["result"] == {"from": "new"}
    go.set()
    assert bide.ended(old, "completed")["result"] == {"from": "old"}


def test_bide_check_says_where_a_url_is_wrong_and_bide_config_hides_secrets(serve, tmp_path):
    from harness import BIDE

    (tmp_path / "key").write_text("hush\n")
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "good.yaml").write_text("types:\n  a:\n    http:\n      url: https://h/{input.x}\n      secret_headers: {Authorization: Bearer file:key}\n")
    (tmp_path / "bad.yaml").write_text("types:\n  a:\n    http:\n      url: htps://h/\n")
    run = lambda *args: subprocess.run([BIDE, *args], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    bad = run("check", "bad.yaml")
    assert bad.returncode == 78 and 'bad.yaml:4:12: "url": "htps://h/": it must begin with http:// or https://' in bad.stderr
    good = run("check", "good.yaml")
    assert good.returncode == 0 and "type      a: queue default, http https://h/{input.x}" in good.stdout
    shown = run("config", "--config", "good.yaml")
    assert shown.returncode == 0 and "secret_headers" in shown.stdout and "hush" not in shown.stdout


def test_an_idle_server_with_kept_connections_does_not_wake_up(serve, remote):
    remote.routes["POST /plain"] = (200, {})
    bide = serve({"defaults": QUICK, "types": {"plain": {"http": {"url": remote.url + "/plain"}}}})
    bide.ended(bide.submit("plain")["id"], "completed")
    switches = lambda: sum(int(line.split()[1]) for line in open(f"/proc/{bide.process.pid}/status") if "ctxt_switches" in line)
    last = [None, 0]

    def rests():
        now = switches()
        if now != last[0]:
            last[:] = [now, time.monotonic()]
        return time.monotonic() - last[1] > 1.5

    until(rests, "a second and a half in which it did nothing")
