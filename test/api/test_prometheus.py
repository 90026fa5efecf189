# SPDX-License-Identifier: Apache-2.0
"""What Prometheus and Grafana are given: /metrics after all sorts of things, the rules and the dashboard of packaging/."""
import json
import re
import shutil
import subprocess
import sys
import time

import pytest
import yaml
from fixtures import Fleet
from harness import ACTOR, HERE, ROOT, until
from puller import claim_one

RULES = ROOT / "packaging/prometheus/bide.rules.yml"
CASES = ROOT / "packaging/prometheus/bide.rules.test.yml"
DASHBOARD = ROOT / "packaging/grafana/bide.json"

TO_COME = set()
"""Named by rules and not yet given: a series that is given must go from here."""

needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool (package prometheus)")


def promtool(*args, text=None):
    done = subprocess.run(["promtool", *map(str, args)], input=text, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')


def samples(text):
    """(name, {label: value}, value) of each."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            yield name, dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")), float(value)


@pytest.fixture(scope="module")
def text():
    """/metrics of a server that has seen successes, failures, retries, crashes, batches, pullers, kept results, followers, a full
    queue, refusals, uploads, and a pool that does not start."""
    fleet = Fleet()
    batcher = {"command": [sys.executable, "-S", str(HERE / "workers/batcher.py")], "batch": {"max": 4}, "env": {"MAX_BATCH": "4", "FRAMES": "frames"}}
    bide = fleet(
        types={
            "cat": {"exec": ["/bin/cat"]},
            "fail": {"exec": ["/bin/false"], "max_attempts": 2, "retry": {"base": "50ms", "cap": "50ms"}},
            "read": {"worker": "model"},
            "far": {"pull": {}},
            "gone": {"worker": "broken"},
        },
        queues={"default": {"concurrency": 5}, "small": {"capacity": 1, "paused": True}},
        workers={"actor": {"command": ACTOR}, "model": batcher, "broken": {"command": ["/bin/false"], "load": "boot"}},
    )
    work(bide)
    answer = bide.send("GET", "/metrics")
    assert answer.status == 200
    yield answer.body.decode()
    fleet.release()


def work(bide):
    ask = {"cache": {"ttl_ms": 60_000}}
    bide.ended(bide.submit("cat", {"n": 1}, **ask)["id"], "completed")
    bide.ended(bide.submit("cat", {"n": 1}, **ask)["id"], "completed")
    bide.ended(bide.submit("fail")["id"], "failed")
    bide.ended(bide.act(["exit", 3], max_attempts=1), "failed")
    bide.ended(bide.submit("cat", on_success=[{"type": "cat"}])["id"], "completed")
    for id in [bide.submit("read", {"name": f"n{i}"})["id"] for i in range(3)]:
        bide.ended(id, "completed")
    far = bide.submit("far")["id"]
    claim_one(bide, "far").done({"ok": True})
    bide.ended(far, "completed")
    bide.submit("cat", queue="small")
    assert bide.post("/v1/tasks", {"type": "cat", "queue": "small"}).status == 429
    later = bide.submit("cat", delay_ms=3_600_000)["id"]
    assert bide.post(f"/v1/tasks/{later}/cancel").status == 200
    assert bide.post(f"/v1/tasks/{later}/retry").status in (200, 202)
    assert bide.send("GET", "/nothing").status == 404
    assert bide.send("POST", "/v1/files", b"bytes", [("Content-Type", "text/plain")]).status == 201
    bide.submit("cat", notify={"title": "done"})
    noticed = until(lambda: bide.get_json("/v1/notifications")["items"], "a notification")[0]
    assert bide.post(f"/v1/notifications/{noticed['id']}/read").status == 200
    for name, what in (("bide_worker_restarts_total", "the broken pool has tried"), ("bide_followers_added_total", "what follows was added")):
        until(lambda: f"\n{name} 0\n".encode() not in bide.send("GET", "/metrics").body, what)


@needs_promtool
def test_promtool_has_nothing_to_say_about_the_metrics(text):
    assert promtool("check", "metrics", text=text) == (0, "")


@needs_promtool
def test_promtool_has_something_to_say_about_others():
    code, said = promtool("check", "metrics", text="# HELP x_total X.\n# TYPE x_total gauge\nx_total 1\n")
    assert code != 0 and "x_total" in said


def test_the_labels_are_few(text):
    assert {label for _, labels, _ in samples(text) for label in labels} == {"queue", "type", "status", "reason", "le"}


def test_what_happened_is_in_the_metrics(text):
    found = {(name, *sorted(labels.items())): value for name, labels, value in samples(text)}

    def value(name, **labels):
        return found[(name, *sorted(labels.items()))]

    lane = {"queue": "default", "type": "cat"}
    assert value("bide_cache_hits_total", **lane) == 1 and value("bide_cache_misses_total", **lane) == 1
    assert value("bide_tasks_retried_total", queue="default", type="fail") == 1
    assert value("bide_tasks_reopened_total", **lane) == 1
    assert value("bide_tasks_refused_total", queue="small", type="cat", reason="queue_full") == 1
    assert value("bide_worker_crashes_total", queue="default", type="act") == 3, "then it is poison"
    assert value("bide_followers_added_total") == 1
    assert value("bide_queue_capacity", queue="small") == 1 and ("bide_queue_capacity", ("queue", "default")) not in found
    assert value("bide_queue_paused", queue="small") == 1 and value("bide_queue_paused", queue="default") == 0
    assert value("bide_queue_concurrency", queue="default") == 5
    assert value("bide_queue_oldest_pending_seconds", queue="small") > 0
    assert value("bide_files") == 1 and value("bide_file_bytes") == 5
    assert sum(value("bide_workers", type="model", status=s) for s in ("idle", "busy", "stopping")) == 1
    assert value("bide_worker_memory_bytes", type="model") > 100_000
    assert sum(value("bide_workers", type="broken", status=s) for s in ("starting", "backoff", "broken")) == 1
    assert value("bide_store_commit_seconds_count") == value("bide_store_batch_changes_count") >= 10
    assert value("bide_store_batch_changes_sum") >= value("bide_store_batch_changes_count")
    assert value("bide_store_change_seconds_count") >= 20 and value("bide_store_read_seconds_count") >= 5
    assert value("bide_store_log_bytes") > 0
    assert value("bide_store_requests_waiting", type="add") == 0
    assert value("bide_http_answers_total", status="4xx") == value("bide_http_answer_seconds_count", status="4xx") >= 2
    assert value("bide_http_connections_total") >= 1
    assert value("bide_http_received_bytes_total") > 1000 and value("bide_http_sent_bytes_total") > 1000
    assert value("process_resident_memory_bytes") == value("bide_memory_bytes") > 1_000_000
    assert value("process_virtual_memory_bytes") > value("process_resident_memory_bytes")
    assert 5 < value("process_open_fds") == value("bide_open_descriptors") < value("process_max_fds")
    assert value("process_cpu_seconds_total") > 0
    assert 0 <= time.time() - value("process_start_time_seconds") < 3600


def test_every_series_is_in_the_table_of_the_documentation(text):
    page = (ROOT / "doc/protocol.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `((?:bide|process)_\w+)` \| (\w+) \|", page, re.M))
    families = {re.sub("_(bucket|sum|count)$", "", name) if re.sub("_(bucket|sum|count)$", "", name) in rows else name for name, *_ in samples(text)}
    assert families <= set(rows), families - set(rows)
    assert set(rows) - families == {"bide_eta_error_ratio"}, "these have no samples: what they count has not happened here"


# ---- rules ----


@needs_promtool
def test_promtool_takes_the_rules():
    code, said = promtool("check", "rules", RULES)
    assert code == 0, said


@needs_promtool
def test_the_rules_say_what_their_cases_expect():
    code, said = promtool("test", "rules", CASES)
    assert code == 0, said


@needs_promtool
def test_a_rule_that_says_something_else_is_found(tmp_path):
    wrong = RULES.read_text().replace("bide_queue_oldest_pending_seconds > 1800", "bide_queue_oldest_pending_seconds > 18000")
    assert wrong != RULES.read_text()
    (tmp_path / RULES.name).write_text(wrong)
    shutil.copy(CASES, tmp_path)
    assert promtool("test", "rules", tmp_path / CASES.name)[0] != 0


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_every_rule_has_a_case():
    cases = yaml.safe_load(CASES.read_text())["tests"]
    fired = {case["alertname"] for test in cases for case in test.get("alert_rule_test", []) if case["exp_alerts"]}
    asked = {re.match(r"[a-z_0-9:]+", case["expr"])[0] for test in cases for case in test.get("promql_expr_test", [])}
    assert fired == {rule["alert"] for rule in rules() if "alert" in rule}
    assert asked == {rule["record"] for rule in rules() if "record" in rule}


def test_every_alert_says_what_it_means():
    for rule in rules():
        if "alert" in rule:
            assert set(rule["annotations"]) == {"summary", "description"} and rule["labels"]["severity"] in ("critical", "warning"), rule


@needs_promtool
def test_the_rules_that_the_documentation_shows_are_rules(tmp_path):
    page = (ROOT / "doc/operations.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```text\n(groups:.*?)^```$", page, re.M | re.S)
    (tmp_path / "shown.yml").write_text(shown)
    code, said = promtool("check", "rules", "--lint-fatal", tmp_path / "shown.yml")
    assert code == 0 and "5 rules found" in said, said


def test_the_documentation_names_every_alert():
    page = (ROOT / "doc/operations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(Bide\w+)`", page)) == {rule["alert"] for rule in rules() if "alert" in rule}


# ---- what they name ----

SELECTOR = re.compile(r"\b((?:bide|process)_[a-z0-9_]+)(?:\{([^}]*)\})?")


def dashboard_expressions():
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def expressions():
    yield from dashboard_expressions()
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]


def test_every_series_that_rules_and_dashboard_name_is_given_with_the_labels_they_ask_for(text):
    given = {}
    for name, labels, _ in samples(text):
        for label, value in labels.items():
            given.setdefault(name, {}).setdefault(label, set()).add(value)
        given.setdefault(name, {})
    named = set()
    for where, expression in expressions():
        for name, matchers in SELECTOR.findall(expression):
            named.add(name)
            if name in TO_COME:
                continue
            assert name in given, f"{where}: there is no {name}"
            for label, _, value in re.findall(r'(\w+)\s*(=~|=|!=|!~)\s*"([^"]*)"', matchers):
                if label in ("instance", "job"):
                    continue
                assert label in given[name], f"{where}: {name} has no {label}"
                if not value.startswith("$"):
                    assert set(value.split("|")) <= given[name][label], f"{where}: {name} has no {label}={value}"
    assert len(named) > 40
    assert TO_COME <= named and not TO_COME & set(given), "those that are given now are checked as the others"


def test_the_dashboard_is_whole():
    dashboard = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids) > 30
    variables = {v["name"] for v in dashboard["templating"]["list"]} | {"__rate_interval"}
    for title, expression in dashboard_expressions():
        assert set(re.findall(r"\$(\w+)", expression)) <= variables, title
    taken = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells


@needs_promtool
def test_the_expressions_of_the_dashboard_are_expressions(tmp_path):
    names = [e for title, e in dashboard_expressions() if "label_values" not in e]
    group = {"groups": [{"name": "dashboard", "rules": [{"record": f"panel:n{i}", "expr": e.replace("$__rate_interval", "5m")} for i, e in enumerate(names)]}]}
    path = tmp_path / "dashboard.yml"
    path.write_text(yaml.safe_dump(group))
    code, said = promtool("check", "rules", "--lint-fatal", path)
    assert code == 0 and f"{len(names)} rules found" in said, said
