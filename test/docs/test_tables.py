# SPDX-License-Identifier: Apache-2.0
"""The tables of doc/protocol.md have the rows that the code has: none is missing, none is made up."""
import re
import subprocess
import urllib.request

import pytest
import yaml
from examples import BIDE, Bench
from pages import PAGES, ROOT, tables

PAGE = "doc/protocol.md"
STRING = r'"((?:[^"\\]|\\.)*)"'


def code(path):
    return (ROOT / path).read_text(encoding="utf-8")


def rows(path, macro):
    """The arguments of each MACRO(...) line of a .def file, strings without their quotes."""
    found = [re.findall(rf"{STRING}|([\w-]+)", line) for line in re.findall(rf"^{macro}\((.*)\)$", code(path), re.M)]
    assert found, path
    return [[text or word for text, word in row] for row in found]


def routes():
    found = {}
    [words] = re.findall(r'^#define FILTER_QUERY "(.*)"$', code("src/api/filter.h"), re.M)
    for path in (ROOT / "src/api").glob("*.c"):
        text = path.read_text(encoding="utf-8").replace('FILTER_QUERY "', f'"{words}')
        for method, pattern, query in re.findall(rf'\{{"([A-Z]+)",\s*{STRING},\s*{STRING},', text):
            found[f"{method} {pattern}"] = query.split()
    assert len(found) > 10
    shared = re.findall(r'"/v1/tasks(/\{[^"]+)"', code("src/api/shared.c"))
    assert len(shared) > 3
    found.update({f"GET /v1/shared{pattern}": found[f"GET /v1/tasks{pattern}"] for pattern in shared})
    return found


def plain(route):
    return re.sub(r"\{\w+\}(\.\{\w+\})?", "{}", route)


def test_every_route_is_documented_with_its_query_and_every_documented_route_is_there():
    assert {plain(row[0]): row[1].split() for row in tables(PAGE, "Routes") if row[0][0].isupper()} == routes()


def test_the_openapi_document_has_every_route_with_its_query_and_no_other():
    document = yaml.load(code("doc/openapi.yaml"), yaml.CSafeLoader)
    found = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                named = document["components"]["parameters"]
                given = [named[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in operation.get("parameters", [])]
                names = [p["name"] for p in given if p["in"] == "query"]
                found[f"{method.upper()} {plain(path)}"] = names
    assert found == routes()


def test_the_openapi_document_has_the_fields_of_a_submit():
    document = yaml.load(code("doc/openapi.yaml"), yaml.CSafeLoader)
    assert list(document["components"]["schemas"]["Submit"]["properties"]) == [row[0] for row in tables(PAGE, "Submit")]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_speaks_of_a_route_that_is_not_there(page):
    said = re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^\s`?]*)", code(page))
    assert [route for route in said if plain(route) not in routes()] == []


def test_the_fields_of_a_submit_are_those_that_are_read():
    fields = re.findall(r'^    \{"(\w+)", read_\w+\},$', code("src/api/submission.c"), re.M)
    assert [row[0] for row in tables(PAGE, "Submit")] == fields and fields


FIELDS = {
    "Change and remove": [("change", "patch_members", "TaskPatch")],
    "Done elsewhere": [("change", "complete_members", "Completion"), ("change", "fail_members", "Failure")],
    "Many at once": [("filter", "filter_members", "TaskFilter")],
    "Queues": [("queues", "limits", "QueuePatch")],
}


@pytest.mark.parametrize("heading", FIELDS)
def test_the_fields_of_a_body_are_those_that_are_read(heading):
    document = yaml.load(code("doc/openapi.yaml"), yaml.CSafeLoader)
    read = []
    for file, table, schema in FIELDS[heading]:
        [text] = re.findall(rf"^(?:static )?const struct member {table}\[\] = \{{(.*?)\}};$", code(f"src/api/{file}.c"), re.M | re.S)
        fields = re.findall(r'\{"(\w+)", read_\w+\}', text)
        assert list(document["components"]["schemas"][schema]["properties"]) == fields
        read += fields
    column = 1 if heading == "Done elsewhere" else 0
    assert [field for row in tables(PAGE, heading) for field in row[column].split(", ")] == read


@pytest.mark.parametrize("file,table,schema", [
    ("pull_claim", "claim_members", "Claim"),
    ("pull_attempt", "beat_members", "Beat"),
    ("pull_attempt", "progress_members", "Progress"),
    ("pull_attempt", "log_members", "LogText"),
    ("pull_attempt", "done_members", "AttemptDone"),
    ("pull_attempt", "fail_members", "AttemptFailure"),
])
def test_what_pullers_may_say_is_what_is_read(file, table, schema):
    document = yaml.load(code("doc/openapi.yaml"), yaml.CSafeLoader)
    [text] = re.findall(rf"^static const struct member {table}\[\] = \{{(.*?)\}};$", code(f"src/api/{file}.c"), re.M | re.S)
    assert list(document["components"]["schemas"][schema]["properties"]) == re.findall(r'\{"(\w+)", read_\w+\}', text)


def test_the_codes_of_the_server_are_those_of_err_def():
    shown = [[row[0], row[1], row[2], row[4]] for row in tables(PAGE, "Of the server")]
    assert shown == [[word, http, exit, text] for _, http, exit, word, text in rows("src/base/err.def", "ERR")]


def test_the_codes_of_a_task_are_those_of_failure_def():
    _none, *codes = rows("src/task/failure.def", "FAILURE")
    yes = {"true": "yes", "false": "no"}
    assert tables(PAGE, "Of a task") == [[word, yes[retryable], text] for _, word, retryable, text in codes]


def test_the_states_are_those_of_state_def():
    words = {row[1] for row in rows("src/task/state.def", "STATE")}
    [status] = [row[2] for row in tables(PAGE, "The task") if row[0] == "status"]
    assert words - {"blocked"} <= set(re.findall(r"\w+", status)), "blocked is of later versions"


def test_the_reasons_for_waiting_are_those_that_are_given():
    text = code("src/server/waiting_on.c")
    given = re.findall(r'say\(detail, "(\w+)"', text) + [w for pair in re.findall(r'"(\w+)" : "(\w+)"', text) for w in pair]
    assert {row[0] for row in tables(PAGE, "Why a task waits")} == set(given)


def test_the_frames_are_those_that_are_read():
    words = re.findall(r'\{"(\w+)", FRAME_\w+\}', code("src/handler/frame.c"))
    shown = [row[0] for row in tables(PAGE, "The worker protocol, bide/1")]
    assert shown == ["run", "cancel", "ping", "stop", "op"] + words, "what bide says, then what a worker says"


def test_the_members_of_a_worker_are_those_that_are_written():
    text = code("src/api/workers.c")
    members = re.findall(r'json_write_(?:member_\w+|key)\(b, "(\w+)"', text)
    assert sorted(m for row in tables(PAGE, "Workers") for m in row[0].split(", ")) == sorted(members)


def test_the_verbs_and_their_options_are_those_of_the_help():
    table = tables(PAGE, "Command line")
    verbs = [row for row in table if len(row) == 3]
    summary = subprocess.run([BIDE, "help"], capture_output=True, text=True, check=True, timeout=10).stdout
    names = re.findall(r"^  (\w+) +\w", summary, re.M)
    said = {word.split()[0]: row for row in verbs for word in re.split(r", ", row[0])}
    assert sorted(said) == sorted(names) and names
    for name in names:
        text = subprocess.run([BIDE, "help", name], capture_output=True, text=True, check=True, timeout=10).stdout
        options = set(re.findall(r"^  (--[\w-]+)", text, re.M)) - {"--server", "--json"}
        assert set(re.findall(r"--[\w-]+", said[name][2])) == options, name


def test_the_exit_codes_are_those_of_the_command_line_and_of_the_errors():
    codes = {int(n) for n in re.findall(r"CLI_\w+ = (\d+)", code("src/cli/cli.h"))}
    codes |= {int(row[2]) for row in rows("src/base/err.def", "ERR")}
    assert {int(row[0]) for row in tables(PAGE, "Command line") if len(row) == 2 and row[0] != "exit"} == codes


def test_the_metrics_are_those_that_a_server_gives(tmp_path):
    bench = Bench(tmp_path)
    bench.config = "types: {hello: {exec: [/bin/true]}}\n"
    try:
        bench._serve()
        text = urllib.request.urlopen(f"{bench.server.url}/metrics", timeout=10).read().decode()
    finally:
        bench.end()
    assert [row[:2] for row in tables(PAGE, "Metrics")] == [list(m) for m in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M)]


def test_every_key_of_a_pool_is_shown_in_the_list_of_workers():
    """The schema is closed and all of it required, so that what it has is what the server answers."""
    pool = yaml.load(code("doc/openapi.yaml"), yaml.CSafeLoader)["components"]["schemas"]["Pool"]
    assert set(pool["required"]) == set(pool["properties"])
    confined = {"user", "limits", "no_new_privileges", "writable", "read_only"}  # `sandbox`
    keys = {row[0] for row in tables("doc/config.md", "`workers.NAME`")} - confined
    unit = {"duration": "_ms", "size": "_bytes"}
    kinds = {row[0]: row[1] for row in tables("doc/config.md", "`workers.NAME`")}
    assert {key + unit.get(kinds[key], "") for key in keys} == set(pool["properties"]) - {"name", "waiting", "replacing", "sandbox"}


def test_the_requests_to_the_store_are_those_that_there_are():
    [row] = [row for row in tables(PAGE, "Metrics") if "bide_store_requests_total" in row[0]]
    assert re.findall(r"\w+", row[2])[1:] == re.findall(r'\[STORE_\w+\] = "(\w+)"', code("src/store/store.c"))
