# SPDX-License-Identifier: Apache-2.0
"""libbide as it is installed: what it shows and needs, and programs that are compiled as its users do and run."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from harness import ROOT, until
from sanitized import unsanitized

pytestmark = unsanitized("what is installed has no sanitizer; the trees of the sanitizers build no libbide")

BUILD = Path(os.environ.get("BIDE_BUILD") or ROOT / "build")
EXAMPLES = ROOT / "examples/c"
ENDS_OR_PRINTS = re.compile(
    r"_*(abort|exit|_exit|_Exit|quick_exit|raise|kill|assert\w*|assert_fail|assert_perror_fail|v?f?printf(_chk)?|v?dprintf(_chk)?"
    r"|f?puts|f?putc|putchar|fwrite|fopen|perror|psignal|v?warnx?|v?errx?|error|v?syslog(_chk)?|std(out|err)|system"
    r"|stack_chk_fail|chk_fail)(_unlocked)?")


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BUILD, "--prefix", prefix)
    return prefix


@pytest.fixture(scope="module")
def compiled(prefix, tmp_path_factory):
    """compiled(name, package): the example linked with what pkg-config says of `bide` or `bide-static`."""
    programs = {}

    def compiled(name, package, where=EXAMPLES):
        if (name, package) not in programs:
            env = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig"), "LD_RUN_PATH": str(prefix / "lib")}
            flags = run("pkg-config", "--cflags", "--libs", package, env=env).split()
            program = tmp_path_factory.mktemp(package) / name
            run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", where / f"{name}.c", "-o", program, *flags, env=env)
            programs[name, package] = program
        return programs[name, package]

    return compiled


def test_rules_and_panels_are_installed_as_they_are(prefix):
    for name in ("prometheus/bide.rules.yml", "grafana/bide.json"):
        assert (prefix / "share/bide" / name).read_bytes() == (ROOT / "packaging" / name).read_bytes()


both = pytest.mark.parametrize("package", ["bide", "bide-static"])


def declared(prefix):
    code = "".join(re.sub(r"/\*.*?\*/", "", (prefix / "include" / name).read_text(), flags=re.S) for name in ("bide.h", "bide_follow.h"))
    names = set(re.findall(r"^BIDE_API [^;(]*?(\w+)\(", code, flags=re.M))
    assert len(names) > 40 and names == set(re.findall(r"\b(bide_\w+)\(", code))
    return names


def test_it_shows_what_its_header_declares_under_its_version_and_nothing_else(prefix):
    shown = [line.split()[-1] for line in run("nm", "-D", "--defined-only", prefix / "lib/libbide.so").splitlines()]
    assert sorted(shown) == sorted(["BIDE_0.1", *(f"{name}@@BIDE_0.1" for name in declared(prefix))])


def test_the_static_library_shows_the_same(prefix):
    lines = run("nm", "-g", "--defined-only", prefix / "lib/libbide.a").splitlines()
    assert {line.split()[-1] for line in lines if len(line.split()) == 3} == declared(prefix)


@pytest.mark.parametrize("words", [("-D", "--undefined-only", "libbide.so"), ("-u", "libbide.a")])
def test_nothing_in_it_can_end_the_process_or_print(prefix, words):
    lines = run("nm", *words[:-1], prefix / "lib" / words[-1]).splitlines()
    needed = {line.split()[-1].partition("@")[0] for line in lines if len(line.split()) == 2}
    assert {"realloc", "write", "curl_easy_perform"} <= needed
    assert [name for name in sorted(needed) if ENDS_OR_PRINTS.fullmatch(name)] == []


def test_that_check_can_fail():
    for name in ("abort", "exit", "_exit", "printf", "puts", "fprintf", "stderr", "__assert_fail", "__printf_chk", "vfprintf"):
        assert ENDS_OR_PRINTS.fullmatch(name), name
    for name in ("snprintf", "vsnprintf", "strerror", "strerror_r", "write", "longjmp"):
        assert not ENDS_OR_PRINTS.fullmatch(name), name


def test_it_has_its_name_and_needs_only_its_packages(prefix):
    dynamic = run("readelf", "-d", prefix / "lib/libbide.so")
    assert re.findall(r"SONAME.*\[(.*)\]", dynamic) == ["libbide.so.0"]
    needed = {re.sub(r"\.so.*|-gnutls", "", name) for name in re.findall(r"NEEDED.*\[(.*)\]", dynamic)}
    assert needed == {"libcurl", "libyajl", "libc"}
    assert (prefix / "lib/libbide.so.0").exists()


def test_pkg_config_tells_those_who_link_it_no_more_than_they_need(prefix):
    env = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    version = re.search(r'BIDE_VERSION "(.*)"', (prefix / "include/bide.h").read_text())[1]
    assert run("pkg-config", "--modversion", "bide", env=env).strip() == version
    libs = run("pkg-config", "--libs", "bide", env=env)
    assert "-lbide" in libs and "curl" not in libs and "yajl" not in libs
    assert set(run("pkg-config", "--print-requires-private", "bide", env=env).split()) == {"libcurl", "yajl"}
    assert "libbide.a" in run("pkg-config", "--libs", "bide-static", env=env)


def server_of(serve, worker, **pool):
    return serve({"workers": {"counter": {"command": [str(worker)], **pool}},
                  "types": {"count": {"worker": "counter", "grace": "2s"}}})


def ask(program, server, *args):
    env = {**os.environ, "BIDE_SERVER": server if isinstance(server, str) else server.url}
    return subprocess.run([program, *args], capture_output=True, text=True, timeout=60, env=env)


@both
def test_the_submit_example_prints_the_result_of_the_worker_example(serve, compiled, package):
    server = server_of(serve, compiled("worker", package))
    submit = compiled("submit", package)
    done = ask(submit, server, "count", '{"text":"one two three"}\n', "key-1")
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, {"words": 3}, "")
    done = ask(submit, server, "count", '{"text":3}')
    assert (done.returncode, done.stdout) == (1, "") and "invalid_input: text: a string is needed" in done.stderr
    done = ask(submit, server, "nothing", "{}")
    assert (done.returncode, done.stdout) == (1, "") and "unknown_type" in done.stderr
    linked = run("ldd", submit)
    assert ("libbide.so.0" in linked) == (package == "bide")


def test_the_worker_example_is_cancelled_between_two_words_and_lives_on(serve, compiled):
    server = server_of(serve, compiled("worker", "bide"))
    id = server.submit("count", {"text": "word " * 1000, "pause_ms": 20})["id"]
    until(lambda: (server.task(id)["progress"] or {}).get("percent"), "progress")
    server.post(f"/v1/tasks/{id}/cancel")
    assert server.ended(id)["status"] == "cancelled"
    pids = [w["pid"] for w in server.get_json("/v1/workers")["items"]]
    again = server.submit("count", {"text": "a b"})["id"]
    assert server.ended(again)["result"] == {"words": 2}
    assert [w["pid"] for w in server.get_json("/v1/workers")["items"]] == pids


def test_a_key_makes_two_submits_one_task(serve, compiled):
    server = serve({"types": {"echo": {"exec": ["/bin/cat"]}}})
    for _ in range(2):
        done = ask(compiled("submit", "bide"), server, "echo", '{"a":1}', "order-7")
        assert (done.returncode, json.loads(done.stdout)) == (0, {"a": 1})
    assert len(server.get_json("/v1/tasks")["items"]) == 1


CHANGES = """
#include <bide.h>
#include <stdio.h>
#define OK(call) if (call) { printf("%s: %s: %s\\n", #call, error.code, error.text); return 1; }
int main(void)
{
    struct bide_error error = {0};
    struct bide_text task = {0};
    struct bide_task_view view;
    struct bide_tag tags[] = {{"a", "1"}, {"b", "2"}}, changed[] = {{"a", NULL}, {"c", "3"}};
    struct bide_client *client = bide_client_new(NULL, &error);
    struct bide_submit submit = {.type = "echo", .subject = "s 1", .delay_ms = 3600000, .tags = tags, .n_tags = 2};
    OK(!client)
    OK(bide_client_submit(client, &submit, &task, &error))
    OK(bide_client_latest(client, "s 1", &task, &error))
    OK(bide_task_view_read(&view, task.p, &error))
    printf("%s %s\\n", view.status, view.subject);
    if (bide_client_delete(client, view.id, &error)) printf("%s\\n", error.code);
    struct bide_patch patch = {.priority = &(int){7}, .tags = changed, .n_tags = 2};
    OK(bide_client_patch(client, view.id, &patch, &task, &error))
    struct bide_text found = {0};
    OK(bide_json_text(task.p, "tags.c", &found))
    printf("%s %d\\n", found.p, bide_json_text(task.p, "tags.a", &found));
    OK(bide_client_patch(client, view.id, &(struct bide_patch){.run_at_ms = &(int64_t){0}}, &task, &error))
    OK(bide_client_wait(client, view.id, 60000, &task, &error))
    OK(bide_task_view_read(&view, task.p, &error))
    printf("%s %d\\n", view.status, view.priority);
    OK(bide_client_delete(client, view.id, &error))
    if (bide_client_get(client, view.id, &task, &error)) printf("%d\\n", error.http_status);
    bide_text_free(&found);
    bide_text_free(&task);
    bide_client_free(client);
    return 0;
}
"""


def test_a_task_is_found_by_its_subject_changed_and_removed(serve, compiled, tmp_path):
    (tmp_path / "changes.c").write_text(CHANGES)
    server = serve({"types": {"echo": {"exec": ["/bin/cat"]}}})
    done = ask(compiled("changes", "bide", tmp_path), server)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[:4] == ["scheduled s 1", "conflict", "3 -1", "completed 7"]
    assert done.stdout.splitlines()[4] in ("404", "410")


@both
def test_the_batch_example_says_of_each_task_what_became_of_it(serve, compiled, package):
    server = serve({"queues": {"default": {"capacity": 2}}, "types": {"echo": {"exec": ["/bin/cat"]}}})
    done = ask(compiled("batch", package), server, "echo", '{"text":"one"}', "{}", '{"text":"one two"}\n')
    assert (done.returncode, done.stderr) == (0, "")
    first, second, third = done.stdout.splitlines()
    assert (first, second) == ('0: {"text":"one"}', "1: {}")
    assert third.startswith("2: refused: queue_full: ")


def test_the_header_is_standard_c_by_itself(prefix, tmp_path):
    (tmp_path / "a.c").write_text("#include <bide.h>\nint main(void) { return bide_client_new(0, 0) == 0; }\n")
    run("cc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", f"-I{prefix}/include", "-c", tmp_path / "a.c",
        "-o", tmp_path / "a.o")
    assert 'extern "C"' in (prefix / "include/bide.h").read_text()
