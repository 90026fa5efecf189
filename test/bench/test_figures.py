# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of bench.sh: what is asked for is run, ratios are taken within a turn, a goal is judged by what was measured."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import report  # noqa: E402
from figures import QUESTIONS, Figures, is_met, read_goal, read_questions  # noqa: E402

FASTER_EACH_TURN = """about cores 2
about versions beanstalkd 1.12, redis 7.0.15
1 submit 3000 1.5 4.5 9 0
1 put_f0 1000 10 20 30 0
2 submit 500 9 19 20 0
2 put_f0 50 90 150 300 0
3 submit 6000 1 2 3 0
3 put_f0 3000 9 9 9 0
"""


def question(name):
    return next(q for q in QUESTIONS if q.name == name)


def test_what_runs_when_nobody_asks_is_each_row_once_and_nothing_that_is_apart():
    rows = report.rows_to_run([])
    assert len(rows) == len(set(rows))
    assert rows[0] == "submit" and "nginx" in rows and "minute" not in rows and "wait1" not in rows


def test_a_question_s_name_means_its_rows_and_a_row_s_name_that_row():
    assert report.rows_to_run(["http"]) == ["livez", "nginx"]
    assert report.rows_to_run(["put_f0", "http", "livez"]) == ["put_f0", "livez", "nginx"]


def test_an_unknown_name_is_refused_and_the_known_ones_are_told():
    told = subprocess.run([sys.executable, HERE / "report.py", "rows", "sbumit"], capture_output=True, text=True)
    assert told.returncode == 64 and not told.stdout
    assert told.stderr.startswith("bench.sh: no sbumit; there are: submits one batches")


def test_every_row_has_a_function_that_runs_it_and_every_function_a_row():
    scripts = "".join(path.read_text(encoding="utf-8") for path in (HERE / "contest").glob("*.sh"))
    assert set(re.findall(r"^run_(\w+)\(\)", scripts, re.M)) == {row.name for q in QUESTIONS for row in q.rows}


def test_a_median_is_of_the_turns():
    assert Figures(FASTER_EACH_TURN).of("submit", "rate") == 3000
    assert Figures(FASTER_EACH_TURN).of("put_f0", "p99") == 20


def test_a_ratio_is_the_median_of_those_within_a_turn_and_not_that_of_the_medians():
    slow_third = FASTER_EACH_TURN.replace("3 put_f0 3000", "3 put_f0 600")
    assert Figures(slow_third).ratio(question("submits"), "submit") == 10  # of 3, 10 and 10; of the medians it would be 5


def test_a_row_that_stands_twice_in_a_turn_counts_as_its_median():
    figures = Figures("1 put_f0 900 1 1 1 0\n1 minute 5000 1 1 1 0 checkpoints=7\n1 put_f0 1100 1 1 1 0\n")
    assert figures.of("put_f0", "rate") == 1000
    assert figures.ratio(question("minute"), "minute") == 5
    assert figures.of("minute", "checkpoints") == 7


def test_a_turn_in_which_one_side_is_missing_does_not_count():
    figures = Figures("1 submit 100 - - - 0\n2 submit 900 - - - 0\n2 put_f0 300 - - - 0\n")
    assert figures.ratio(question("submits"), "submit") == 3
    assert figures.of("submit", "p50") is None


@pytest.mark.parametrize("formula, value, met", [
    ("submit.rate / put_f0.rate >= 3", 3, True),
    ("submit.rate / put_f0.rate >= 3.1", 3, False),
    ("submit.p99 < 4.5", 4.5, False),
    ("submit.p99 <= 4.5", 4.5, True),
    ("put_f0.p50 / submit.p50 + submit.p99 <= 2.9", 3, False),  # of 10 / 6, 90 / 28 and 9 / 3
])
def test_goals(formula, value, met):
    goal = read_goal("a goal", formula)
    told = Figures(FASTER_EACH_TURN).quotient(goal.over, goal.under)
    assert told == pytest.approx(value)
    assert is_met(goal, told) is met


def test_a_goal_whose_rows_were_not_run_is_neither_met_nor_missed():
    [line] = {report.goal_line(goal, Figures("1 bunqueue missing no npm\n")) for goal in question("gap").goals}
    assert line.split()[-2:] == ["not", "measured"]


@pytest.mark.parametrize("line", ["gaol x | a.rate >= 1", "goal x | a.rate is 1", "goal x | nobody.rate >= 1", "base nobody | to nobody"])
def test_what_cannot_be_read_is_refused(line):
    with pytest.raises(ValueError):
        read_questions(f"question q | what | rate a second\nrow a | who | not\n{line}\n")


def test_the_table_tells_medians_ratios_goals_and_why_a_row_is_missing():
    table = report.report(Figures(FASTER_EACH_TURN + "1 bullmq_add missing npm could not install them\n"))
    assert table.startswith("Server and client share 2 cores;")
    assert re.search(r"^    bide +synced before the answer +3,000 +1\.50 +4\.50 +3\.00x$", table, re.M)
    assert re.search(r"^    BullMQ, add, AOF always +not measured: npm could not install them$", table, re.M)
    assert re.search(r"goal: 4x beanstalkd -f0 +3\.00 +wanted >= 4 +missed$", table, re.M)
    assert "HTTP alone" not in table


def test_the_table_tells_errors_and_turns_that_are_missing():
    figures = Figures("1 nginx 1100 1 1 1 0\n2 nginx 1300 1 1 1 7\n3 nginx missing 99 requests went wrong\n")
    assert re.search(r"1,200 +1\.00 +1\.00 +1\.00x  7 errors in a turn  not in every turn: 99 requests", report.report(figures))
    assert "errors" not in report.report(Figures(FASTER_EACH_TURN))


def test_only_questions_whose_first_row_was_measured_are_shown():
    figures = Figures("1 minute 5000 1 1 1 0 checkpoints=7\n1 put_f0 1100 1 1 1 0\n")
    assert [q.name for q in report.shown(figures)] == ["minute"]
    assert [q.name for q in report.shown(Figures("1 nginx 1100 1 1 1 0\n"))] == ["http"]
