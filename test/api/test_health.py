# SPDX-License-Identifier: Apache-2.0
"""Stats, health and metrics."""
import re

from harness import problem, until


def test_livez_readyz_and_healthz_answer_200(bide):
    for path in ("/livez", "/readyz", "/healthz"):
        answer = bide.send("GET", path)
        assert answer.status == 200, answer
        assert bide.send("HEAD", path).status == 200


def test_stats_count_what_happened(serve):
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}, "fail": {"exec": ["/bin/false"], "max_attempts": 1}})
    for _ in range(3):
        bide.ended(bide.submit("cat")["id"], "completed")
    bide.ended(bide.submit("fail")["id"], "failed")
    bide.submit("cat", delay_ms=60_000)
    stats = bide.get_json("/v1/stats")
    assert isinstance(stats, dict) and stats, stats
    text = str(stats)
    assert "completed" in text and "scheduled" in text, stats


SAMPLE = re.compile(r'^[a-z_:][a-z0-9_:]*(\{[a-z_]+="(\\.|[^"\\])*"(,[a-z_]+="(\\.|[^"\\])*")*\})? [-+0-9.eEInfNa]+$')


def test_metrics_are_prometheus_text_and_count_tasks(serve):
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}})
    for _ in range(3):
        bide.ended(bide.submit("cat")["id"], "completed")
    answer = bide.send("GET", "/metrics")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/plain")
    lines = answer.body.decode().splitlines()
    samples = [line for line in lines if line and not line.startswith("#")]
    assert samples and all(SAMPLE.match(line) for line in samples), [s for s in samples if not SAMPLE.match(s)]
    names = {re.split(r"[{ ]", line)[0] for line in samples}
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    helped = {line.split()[2] for line in lines if line.startswith("# HELP")}
    assert typed == helped
    assert all(re.sub("_(bucket|sum|count)$", "", name) in typed or name in typed for name in names)
    assert all(name.startswith(("bide_", "process_")) for name in names)
    assert any('"cat"' in line and line.endswith(" 3") for line in samples), "the three tasks are counted"


def test_readyz_says_503_while_draining(serve):
    bide = serve()
    id = bide.act(["until", bide.gate("go")])
    bide.seen(id, "running")
    bide.process.terminate()

    answer = until(lambda: next((a for a in [bide.send("GET", "/readyz")] if a.status != 200), None), "not ready any more")
    assert answer.status == 503
    assert bide.send("GET", "/livez").status == 200
    health = bide.send("GET", "/healthz")
    assert (health.status, health.json["status"]) == (503, "draining")
    for target, body in (("/v1/tasks", {"type": "act"}), (f"/v1/tasks/{id}/retry", None), ("/v1/tasks:retry", {"type": "act"})):
        problem(bide.post(target, body), 503, "draining")
    bide.open_gate("go")
    assert bide.exited() == 0
