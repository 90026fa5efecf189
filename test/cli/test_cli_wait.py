# SPDX-License-Identifier: Apache-2.0
"""`bide wait` and its bars: endings as exit codes, results, a server that goes away, what a terminal sees."""
import json
from datetime import datetime, timedelta, timezone

from canned import ID, OTHER, bide, done, on_terminal, problem, task


def test_a_wait_that_runs_out_is_124(server):
    server.on("POST", "/v1/tasks", (202, task())).task(task("running"))
    code, out, err = bide(server, "wait", ID, "--timeout", "300ms")
    assert (code, out) == (124, "") and f"task {ID} has not ended in time" in err
    assert bide(server, "submit", "t", "--wait-timeout", "0")[0] == 124


def test_wait_for_several_prints_a_line_each_and_the_first_that_did_not_complete_decides(server):
    server.task(done()).task(task("running", OTHER), task("cancelled", OTHER), id=OTHER)
    code, out, _ = bide(server, "wait", ID, OTHER)
    assert code == 2
    assert out == f'{ID}  completed  {{"text": "hello world"}}\n{OTHER}  cancelled\n'
    code, out, _ = bide(server, "wait", OTHER, ID, "--json")
    assert code == 2 and [json.loads(line)["id"] for line in out.splitlines()] == [OTHER, ID]


def test_a_result_too_large_for_the_task_is_fetched(server):
    server.task(task("completed", result=None, result_bytes=100000)).on("GET", f"/v1/tasks/{ID}/result", (200, b'"' + b"x" * 99998 + b'"'))
    code, out, _ = bide(server, "wait", ID)
    assert code == 0 and len(out) == 100001


def test_a_result_of_null_is_printed(server):
    server.task(task("completed", result=None, result_bytes=4))
    assert bide(server, "wait", ID) == (0, "null\n", "")


def test_an_unknown_task_is_64(server):
    code, out, err = bide(server, "wait", ID)
    assert (code, out, err) == (64, "", "bide: there is nothing here\n")


def test_a_server_that_restarts_in_the_middle_is_waited_for(server):
    away = (503, problem(503, "draining", "the server is stopping"))
    server.task(task("running"), away, away, done())
    assert bide(server, "wait", ID)[0] == 0
    server.task(task("running"), away, done())
    code, _, seen = on_terminal(server, "wait", ID)
    assert code == 0 and "the server is away, trying again" in seen


# ---- bars ----

def bar_states():
    return [task("pending", position=3, waiting_on={"reason": "queue_limit", "detail": "1 of 1 running"}),
            task("running", progress={"percent": 40, "message": "segment \x1b[31m4/10"}), done()]


def test_a_terminal_gets_a_bar_redrawn_in_place(server):
    server.task(*bar_states())
    code, out, seen = on_terminal(server, "wait", ID)
    assert (code, out) == (0, '{"text": "hello world"}\n')
    assert "transcribe a58a8ee38  pending, waiting for queue_limit (1 of 1 running), position 3" in seen
    assert "[########------------]  40%  segment ?[31m4/10" in seen
    assert seen.count("\x1b[1A") == 2 and "\x1b[32m" in seen  # two redraws, green at the end
    drawn = [line for line in seen.split("\n") if "transcribe" in line]
    assert len(drawn) == 3


def test_a_bar_says_how_long_it_will_probably_take(server):
    soon = (datetime.now(timezone.utc) + timedelta(hours=2, seconds=30)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    past = "2020-01-01T00:00:00.000Z"
    server.task(task("pending", position=3, eta_at=soon), task("running", progress={"percent": 40}, eta_at=soon),
                task("running", progress={"percent": 90}, eta_at=past), done())
    _, _, seen = on_terminal(server, "wait", ID)
    assert "pending, position 3, about 2h00m left" in seen and "]  40%, about 2h00m left" in seen
    assert seen.count("left") == 2


def test_no_color_and_dumb_terminals_are_respected(server):
    server.task(*bar_states())
    _, _, seen = on_terminal(server, "wait", ID, NO_COLOR="1")
    assert "[########------------]" in seen and "\x1b[32m" not in seen
    server.task(*bar_states())
    assert on_terminal(server, "wait", ID, TERM="dumb") == (0, '{"text": "hello world"}\n', "")


def test_several_bars_are_drawn_together(server):
    server.task(*bar_states()).task(task("running", OTHER), done(OTHER), id=OTHER)
    code, _, seen = on_terminal(server, "wait", ID, OTHER)
    assert code == 0 and "\x1b[2A" in seen
    assert "transcribe 0000000ff  running" in seen and "transcribe a58a8ee38  pending" in seen


def test_no_line_is_wider_than_the_terminal(server):
    server.task(task("running", progress={"percent": 1, "message": "\u4e2d" * 200}), done())
    _, _, seen = on_terminal(server, "wait", ID)
    line = next(line for line in seen.split("\n") if "\u4e2d" in line).replace("\x1b[K", "").strip("\r")
    assert len(line) + line.count("\u4e2d") <= 99 and "..." in line


def test_more_tasks_than_rows_are_counted(server):
    ids = [f"01a1ffe8-96cd-754e-be93-{n:012d}" for n in range(40)]
    for id in ids:
        server.task(done(id), id=id)
    server.task(task("running", ids[39]), done(ids[39]), id=ids[39])
    code, _, seen = on_terminal(server, "wait", *ids)
    first = seen.split("\x1b[J")[0]
    assert code == 0 and "and 19 more" in first and first.count("\n") == 22
    assert f"transcribe {ids[39][-9:]}" in first.split("\n")[0]  # what still runs comes first
