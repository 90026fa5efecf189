# SPDX-License-Identifier: Apache-2.0
"""`bide watch`: a line or an object for each change, exit codes, filters, and what a screen shows."""
import json
import os
import signal
import subprocess
import termios

import pytest

from canned import BIDE, ID, OTHER, bide, done, environment, on_terminal, problem, resize, task
from screen import Screen

THIRD = "01a1ffe9-0000-754e-be93-000000000003"


def failed(id=ID):
    return task("failed", id, error={"code": "worker_error", "message": "no\x1b[2J audio"})


def page(*tasks):
    return {"items": list(tasks), "next_cursor": None}


def pages(server, *newest, **by_status):
    """GET /v1/tasks answers by its status; without one with each of `newest` in turn, the last again and again."""
    newest = list(newest)

    def answer(path):
        status = path.partition("status=")[2].partition("&")[0]
        return page(*by_status.get(status, [])) if status else newest.pop(0) if len(newest) > 1 else newest[0]

    return server.on("GET", "/v1/tasks", answer)


# ---- named tasks ----

def test_named_tasks_give_a_line_for_each_change_until_all_have_ended(server):
    half = task("running", progress={"percent": 40, "message": "segment\n4/10"})
    server.task(task("pending", waiting_on={"reason": "queue_limit", "detail": "1 of 1 running"}), half, half, half, done())
    assert bide(server, "watch", ID) == (
        0, f"{ID}  transcribe  pending, waiting for queue_limit (1 of 1 running)\n{ID}  transcribe  running  40%  segment 4/10\n"
           f"{ID}  transcribe  completed\n", "")
    assert any("wait=1" in path for _, path, _ in server.requests)


@pytest.mark.parametrize("endings, code", [
    ((done, failed), 1), ((failed, done), 1), ((done, lambda id: task("cancelled", id)), 2),
    ((lambda id: task("cancelled", id), lambda id: task("expired", id)), 3), ((lambda id: task("expired", id), failed), 1),
    ((done, done), 0)])
def test_the_worst_ending_is_the_exit_code(server, endings, code):
    server.task(task("running"), endings[0](ID)).task(endings[1](OTHER), id=OTHER)
    got, out, err = bide(server, "watch", ID, OTHER)
    assert (got, err) == (code, "")
    assert "\x1b" not in out and (code != 1 or "failed  worker_error: no?[2J audio" in out)


def test_json_is_one_object_on_one_line_for_each_change(server):
    raw = json.dumps(done()).replace('"input": {}', '"input": {\n "a":\r\n1}').encode()
    server.task(task("running"), (200, raw))
    code, out, err = bide(server, "watch", ID, "--json")
    assert (code, err) == (0, "")
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["running", "completed"]


def test_once_looks_once(server):
    server.task(task("running"))
    assert bide(server, "watch", ID, "--once") == (0, f"{ID}  transcribe  running\n", "")
    assert len(server.requests) == 1


def test_an_id_is_compared_as_it_was_given(server):
    server.task(done(), id=ID.upper())
    assert bide(server, "watch", ID.upper())[0] == 0


def test_mistakes(server):
    assert bide(server, "watch", ID, "--queue", "gpu")[0] == 64
    assert bide(server, "watch", "--tag", "x")[0] == 64
    assert server.requests == []
    code, out, err = bide(server, "watch", ID)
    assert (code, out, err) == (64, "", "bide: there is nothing here\n")


def test_a_server_that_restarts_in_the_middle_is_waited_for(server):
    away = (503, problem(503, "draining", "the server is stopping"))
    server.task(task("running"), away, away, done())
    assert bide(server, "watch", ID) == (
        0, f"{ID}  transcribe  running\n{ID}  transcribe  completed\n", "bide: the server is away, trying again\n")


# ---- filters ----

def test_a_filter_shows_what_goes_on_then_what_changes_and_what_comes(server):
    old, new = task("failed", OTHER), task("running", ID)
    pages(server, page(new, old), page(task("pending", THIRD), old), page(done(THIRD), old), running=[new])
    server.task(task("running"), done())
    p = subprocess.Popen([BIDE, "watch", "--queue", "gpu", "--tag", "k=v"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True, env=environment(server))
    seen = [p.stdout.readline().split()[0::2] for _ in range(3)]
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=60)
    assert err == "" and p.returncode == -signal.SIGINT
    seen += [line.split()[0::2] for line in out.splitlines()]
    assert seen[0] == [ID, "running"] and [THIRD, "pending"] in seen
    assert OTHER not in str(seen), "what had ended before is not news"
    asked = {path for _, path, _ in server.requests}
    assert "/v1/tasks?status=running&queue=gpu&tag=k:v&limit=200" in asked and "/v1/tasks?queue=gpu&tag=k:v&limit=200" in asked


def test_a_filter_notices_the_ending_of_a_task_that_left_its_pages(server):
    pages(server, page(task("running")), page())
    server.task(task("running"), failed())
    p = subprocess.Popen([BIDE, "watch"], stdout=subprocess.PIPE, text=True, env=environment(server))
    seen = [p.stdout.readline() for _ in range(2)]
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=60)
    assert [line.split()[2] for line in seen] == ["running", "failed"]


def test_a_filter_that_finds_nothing_says_so(server):
    pages(server, page(done()))
    assert bide(server, "watch", "--once") == (0, "", "bide: no task waits or runs\n")


# ---- a screen ----

def states():
    return [task("pending", position=3), task("running", progress={"percent": 40, "message": "segment \x1b[31m4/10"}), failed()]


def without_times(lines):
    return [" ".join(word for word in line.split() if not word[0].isdigit() or "%" in word) for line in lines]


def test_a_screen_shows_bars_in_place_and_leaves_the_last_state_standing(server):
    server.task(*states()).task(task("running", OTHER), done(OTHER), id=OTHER)
    code, _, seen = on_terminal(server, "watch", ID, OTHER, stdout="terminal")
    assert code == 1
    assert without_times(Screen(24, 100).feed(seen).shown()) == [
        "transcribe a58a8ee38 failed: worker_error", "transcribe completed"]
    assert "\x1b[31m" in seen and "[########------------]  40%  segment ?[31m4/10" in seen


def test_no_color_json_and_a_redirected_output_are_respected(server):
    server.task(*states())
    _, _, seen = on_terminal(server, "watch", ID, stdout="terminal", NO_COLOR="1")
    assert "[########------------]" in seen and "\x1b[31m" not in seen
    server.task(*states())
    code, out, seen = on_terminal(server, "watch", ID)
    assert (code, seen) == (1, "") and out.count("\n") == 3
    server.task(*states())
    _, _, seen = on_terminal(server, "watch", ID, "--json", stdout="terminal")
    assert "\x1b" not in seen and seen.count("\n") == 3


def test_more_tasks_than_rows_never_scroll_the_screen(server):
    ids = [f"01a1ffe8-96cd-754e-be93-{n:012d}" for n in range(30)]
    for id in ids:
        server.task(task("running", id), done(id), id=id)
    code, _, seen = on_terminal(server, "watch", *ids, stdout="terminal", rows=12)
    shown = Screen(12, 100).feed(seen).shown()
    assert code == 0 and len(shown) == 10 and shown[-1] == "and 21 more"


def test_a_window_that_changes_its_size_is_drawn_anew(server):
    server.task(task("running", progress={"percent": 1, "message": "word " * 40}))
    at = []

    def narrower(process, terminal, seen):
        if not at and "word" in seen:
            at.append(len(seen))
            resize(terminal, 8, 60)
        elif at and seen[at[0]:].count("\x1b[J") > 1:
            process.send_signal(signal.SIGINT)

    _, _, seen = on_terminal(server, "watch", ID, stdout="terminal", on_output=narrower)
    after = seen[seen.index("\x1b[H\x1b[2J"):]
    assert seen.count("\x1b[2J") == 1
    assert len(Screen(8, 60).feed(after).shown()) == 1


def test_what_was_written_while_it_was_stopped_is_not_overwritten(server):
    server.task(task("running"))
    stopped = []

    def stop(process, terminal, seen):
        if not stopped and "running" in seen:
            process.send_signal(signal.SIGSTOP)
            stopped.append(len(seen))
            process.send_signal(signal.SIGCONT)
        elif stopped and "\x1b[J" in seen[stopped[0]:]:
            process.send_signal(signal.SIGINT)

    _, _, seen = on_terminal(server, "watch", ID, stdout="terminal", on_output=stop)
    assert "\x1b[1A" not in seen[stopped[0]:].split("\x1b[J")[0]


@pytest.mark.parametrize("end", ["ended", "SIGINT", "SIGTERM"])
def test_what_is_typed_does_not_move_the_lines_and_the_terminal_is_given_back_as_it_was(server, end):
    server.task(*[task("running", progress={"percent": n}) for n in range(1, 5)], failed() if end == "ended" else task("running"))
    echoes = []

    def look(terminal):
        echoes.append(bool(termios.tcgetattr(terminal)[3] & termios.ECHO))

    def typing(process, terminal, seen):
        look(terminal)
        if len(echoes) == 1:
            os.write(terminal, b"one\ntwo\n\n")
        elif end != "ended" and seen.count("\x1b[J") > 4:
            process.send_signal(getattr(signal, end))

    code, _, seen = on_terminal(server, "watch", ID, stdin="terminal", stdout="terminal", on_output=typing, at_end=look)
    assert code == (1 if end == "ended" else -getattr(signal, end))
    assert (echoes[0], echoes[-1]) == (False, True)
    assert len(Screen(24, 100).feed(seen).shown()) == 1 and "one" not in seen
