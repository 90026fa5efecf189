# SPDX-License-Identifier: Apache-2.0
"""examples/novel-analysis in operation: its unit, what its image would hold, its settings, its rules for Prometheus."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import openapi
import pytest
import yaml
from harness import BIDE, HERE, ROOT, Server, until
from novel_rig import API, CHAPTERS, EXAMPLE, novel
from sanitized import unsanitized
from test_prometheus import needs_promtool, promtool, samples
from test_units import needs_systemd, verify

openapi.CONFIGURED += [r"/api/async-analysis(/.*)?"]
UNIT = EXAMPLE / "novel-analysis.service"
RULES = EXAMPLE / "rules.yml"
BUILD = os.environ.get("BIDE_BUILD") or str(ROOT / "build")
CASES = EXAMPLE / "rules.test.yml"


def settings(name):
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.M)


# ---- systemd ----


@needs_systemd
def test_systemd_has_nothing_to_say_against_the_unit_and_would_against_a_slip(tmp_path):
    text = UNIT.read_text().replace("/usr/local/bin/bide", BIDE)
    assert BIDE in text
    right, slip = tmp_path / UNIT.name, tmp_path / "slip.service"
    right.write_text(text)
    slip.write_text(text.replace("[Install]", "ProtectSistem=strict\n[Install]"))
    assert verify(right) == "" and "ProtectSistem" in verify(slip)


@unsanitized("to look for leaks takes ptrace, which the filter forbids")
@pytest.mark.skipif(not os.path.exists("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), reason="needs the numbers of system calls: x86-64, libc6-dev")
def test_analyses_run_under_the_units_filter_of_system_calls():
    [allowed] = settings("SystemCallFilter")
    with novel(launcher=[sys.executable, "-S", str(HERE / "filtered.py"), allowed]) as rig:
        assert "Seccomp:\t2" in open(f"/proc/{rig.bide.process.pid}/status").read()
        assert rig.analysed(1, 1)["new_characters"]


def test_the_unit_is_a_process_of_its_own_whose_files_are_where_it_may_write():
    environment = dict(pair.split("=", 1) for line in settings("Environment") for pair in line.split())
    assert environment["BIDE_STORE"] == "sqlite:%S/novel-analysis/bide.db" and environment["BIDE_DATA_DIR"] == "%S/novel-analysis"
    assert settings("StateDirectory") == ["novel-analysis"] and settings("ProtectSystem") == ["strict"]
    assert settings("KillMode") == ["mixed"] and settings("Restart") == ["on-failure"]


# ---- the image ----


def instructions():
    """(instruction, rest) of each line of the Containerfile, continued lines joined."""
    text = (EXAMPLE / "Containerfile").read_text().replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.fixture
def image(tmp_path):
    """What the second stage copies out of the tree, and what the first installs, below a folder of the test's own."""
    last = max(n for n, (word, _) in enumerate(instructions()) if word == "FROM")
    for word, rest in instructions()[last:]:
        if word != "COPY":
            continue
        *sources, target = rest.split()
        if sources[0] == "--from=build":
            assert sources[1:] == ["/made/usr/local"] and target == "/usr/local"
            install = ["cmake", "--install", BUILD, "--prefix", "/usr/local"]
            subprocess.run(install, env={**os.environ, "DESTDIR": str(tmp_path)}, check=True, stdout=subprocess.DEVNULL)
            continue
        [source] = sources
        assert (ROOT / source).is_dir(), source
        shutil.copytree(ROOT / source, tmp_path / target.lstrip("/"), ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_every_source_that_the_image_copies_is_in_the_tree():
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            assert all((ROOT / source).exists() for source in rest.split()[:-1]), rest
    build = next(rest for word, rest in instructions() if word == "RUN")
    assert build.startswith("rm -rf build &&") and build.endswith("&& make install PREFIX=/usr/local DESTDIR=/made")
    dry = subprocess.run(["make", "-n", "install", "PREFIX=/usr/local", "DESTDIR=/made"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert dry.returncode == 0 and "--prefix '/usr/local'" in dry.stdout, dry


def test_the_image_brings_what_bide_is_linked_with():
    if not shutil.which("dpkg-query"):
        pytest.skip("this is not Debian")
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", subprocess.run(["readelf", "-d", BIDE], capture_output=True, text=True, check=True).stdout)
    found = subprocess.run(["dpkg-query", "-S", *[f"*/{name}" for name in needed]], capture_output=True, text=True).stdout
    packages = {line.split(":")[0] for line in found.splitlines() if not re.match(r"libc6|lib32|libx32|lib[at]san|libubsan|libgcc|\S+-dev:", line)}
    brought = next(rest for word, rest in instructions()[::-1] if word == "RUN").split()
    assert len(packages) >= 5 and packages <= set(brought), packages


def test_the_command_line_of_the_image_runs_what_the_image_holds(image, tmp_path):
    said = dict(instructions())  # of each the last, that of the second stage
    state = image / "var/lib/novel-analysis"
    state.mkdir(parents=True)
    assert said["VOLUME"] == said["WORKDIR"] == "/var/lib/novel-analysis"
    command = [str(image / word.lstrip("/")) if word.startswith("/") else word for word in json.loads(said["ENTRYPOINT"])]
    server = Server(state, {})
    server.env = dict(pair.replace("/var/lib", f"{image}/var/lib").split("=", 1) for pair in shlex.split(said["ENV"]))
    server.config_file = command[command.index("--config") + 1]
    assert command[:2] == [str(image / "usr/local/bin/bide"), "serve"] and command[2:] == ["--config", server.config_file]
    try:
        server.start()
        answer = server.post(f"{API}/tasks", {"project_id": 7, "chapter_id": 1, "chapter_number": 1, "content": CHAPTERS[1]})
        assert answer.status == 202, answer
        until(lambda: server.get_json(f"{API}/tasks/1/latest")["status"] == "completed", "the analysis")
        check = json.loads(said["HEALTHCHECK"].split("CMD", 1)[1])
        ask = [word.replace(":8080", f":{server.port}") for word in check]
        assert b'"status":"ok"' in subprocess.run(ask, capture_output=True, timeout=30, check=True).stdout
        assert {path.name for path in state.iterdir()} >= {"bide.db", "novel.db"}
    finally:
        assert not server.release()


# ---- settings ----


def configured(**env):
    """Each key of the configuration, and what says it, as a server would have it; and what `bide config` complains of."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("BIDE_")}
    done = subprocess.run([BIDE, "config", "--config", EXAMPLE / "bide.yaml"], env={**clean, **env}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    lines = [line.split(None, 2) for line in done.stdout.splitlines()]
    return {line[0]: (line[2], line[1]) for line in lines if len(line) == 3}, done.stderr


def test_the_numbers_of_the_application_are_what_it_says_and_may_be_set_by_the_environment():
    values, _ = configured()
    wanted = {"queues.analysis.concurrency": "3", "types.pending_analysis.timeout": "10m", "types.pending_analysis.priority": "5"}
    assert {key: values[key][0] for key in wanted} == wanted
    compose = yaml.safe_load((EXAMPLE / "compose.yaml").read_text())["services"]["novel-analysis"]
    env = {key: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for key, value in compose["environment"].items()}
    values, said = configured(**env)
    by = {source: value.replace("1w", "7d") for value, source in values.values()}
    assert said == "" and len(env) == 3 and {key: by[key] for key in env} == env
    assert "BIDE_QUEUES_ANALYSIS_CONCURENCY sets nothing" in configured(BIDE_QUEUES_ANALYSIS_CONCURENCY="3")[1]


def test_the_compose_file_builds_the_image_and_keeps_its_state():
    whole = yaml.safe_load((EXAMPLE / "compose.yaml").read_text())
    service = whole["services"]["novel-analysis"]
    context = (EXAMPLE / service["build"]["context"]).resolve()
    assert context == ROOT and (context / service["build"]["dockerfile"]) == EXAMPLE / "Containerfile"
    volume, at = service["volumes"][0].split(":")
    assert volume in whole["volumes"] and at == dict(instructions())["VOLUME"]


# ---- Prometheus ----


@needs_promtool
def test_promtool_takes_the_rules_and_they_say_what_their_cases_expect(tmp_path):
    code, said = promtool("check", "rules", RULES)
    assert code == 0 and "8 rules found" in said, said
    assert promtool("test", "rules", CASES)[0] == 0
    wrong = RULES.read_text().replace('status="running"', 'status="pending"')
    (tmp_path / RULES.name).write_text(wrong)
    shutil.copy(CASES, tmp_path)
    assert wrong != RULES.read_text() and promtool("test", "rules", tmp_path / CASES.name)[0] != 0, "a rule that says something else is found"


def test_every_series_that_the_rules_name_is_given():
    with novel() as rig:
        rig.analysed(1, 1)
        given = {(name, *labels.items()) for name, each, _ in samples(rig.bide.send("GET", "/metrics").body.decode()) for labels in [each]}
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    named = [found for rule in rules for found in re.findall(r"\b(bide_\w+)\{([^}]*)\}", rule["expr"])]
    assert len(named) == 9
    for name, matchers in named:
        for label, values in re.findall(r'(\w+)=~?"([^"]*)"', matchers):
            for value in values.split("|"):
                assert any(one[0] == name and (label, value) in one[1:] for one in given), (name, label, value)
    assert {rule["labels"]["status"] for rule in rules if "labels" in rule} == {"pending", "processing", "completed", "failed"}
