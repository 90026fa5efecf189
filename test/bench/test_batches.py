# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of batches.sh: what counts as busy and what as a gap, what a full worker could do, what formation adds."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import batches  # noqa: E402
from batches import Batch  # noqa: E402


def steady(count, n, took_us, gap_us, begin_us=1_000_000):
    """Batches of n tasks that take as long and follow each other after the same gap."""
    starts = [begin_us + i * (took_us + gap_us) for i in range(count)]
    return [Batch(n, start, start + took_us) for start in starts]


def test_the_ideal_is_full_batches_with_nothing_between_them():
    assert batches.ideal(1, 20000, 2000) == pytest.approx(1000 / 22)
    assert batches.ideal(32, 20000, 2000) == pytest.approx(32000 / 84)


def test_a_steady_worker_is_busy_for_its_part_of_the_time():
    seen = batches.measure(steady(101, 8, 36000, 400), 8, 20000, 2000)
    assert seen["busy"] == pytest.approx(36000 / 36400)
    assert seen["rate"] == pytest.approx(8e6 / 36400)
    assert seen["ratio"] == pytest.approx(36000 / 36400)
    assert seen["size"] == 8
    assert seen["gap_p50"] == seen["gap_p99"] == pytest.approx(0.4)


def test_batches_that_are_not_full_cost_rate_but_nobody_is_less_busy_for_it():
    seen = batches.measure(steady(11, 4, 28000, 0), 8, 20000, 2000)
    assert seen["busy"] == 1 and seen["size"] == 4
    assert seen["ratio"] == pytest.approx(4 / 28 / (8 / 36))


def test_the_last_batch_ends_what_is_measured_and_is_not_part_of_it():
    two = [Batch(1, 0, 20000), Batch(64, 25000, 10_000_000)]
    seen = batches.measure(two, 64, 20000, 2000)
    assert seen["size"] == 1 and seen["busy"] == pytest.approx(0.8) and seen["gap_p99"] == pytest.approx(5)


@pytest.mark.parametrize("too_few", [[], [Batch(1, 0, 20000)]])
def test_less_than_two_batches_are_no_measurement(too_few):
    with pytest.raises(ValueError, match="too few"):
        batches.measure(too_few, 1, 20000, 2000)


def test_the_begin_and_the_end_of_a_run_do_not_count():
    seen = batches.saturated(steady(500, 1, 20000, 0, begin_us=7), 2)
    assert seen[0].received_us == 7 + 1_000_000
    assert seen[-1].received_us == 7 + 3_000_000
    assert batches.saturated([], 2) == []


def test_a_quantile_is_one_of_the_numbers():
    assert batches.quantile([3, 1, 2], 0.5) == 2
    assert batches.quantile(list(range(100)), 0.99) == 99
    assert batches.quantile([5], 0.99) == 5


def test_what_the_worker_wrote_is_read():
    assert batches.read_batches("2 10 30\n1 40 60\n") == [Batch(2, 10, 30), Batch(1, 40, 60)]


def test_a_row_has_all_columns_and_the_table_their_medians():
    lines = [batches.row(8, 20000, 2000, steady(50, 8, 36000, gap), "200.0 150.000 180.500 190.000 0") for gap in (100, 4000, 400)]
    assert len(lines[0].split()) == 1 + len(batches.COLUMNS)
    text = "\n".join(lines)
    assert batches.medians(text)[8]["gap_p50"] == pytest.approx(0.4)
    assert batches.least(text, "busy") == pytest.approx(36000 / 36400, abs=1e-4)
    assert re.search(r"^ +8 +219\.8 +222\.2 +98\.9 % +8\.00 +98\.9 % +0\.40 +0\.40 +150\.0 +180\.5$", batches.table(text), re.M)


def test_the_least_of_several_sizes_is_that_of_the_worst():
    text = batches.row(1, 20000, 2000, steady(9, 1, 22000, 22000), "1 1 1") + "\n" + batches.row(2, 20000, 2000, steady(9, 2, 24000, 0), "1 1 1")
    assert batches.least(text, "busy") == pytest.approx(0.5)


def test_what_formation_adds_is_the_median_within_pairs():
    slow_hour = [{"alone": 1.0, "together": 1.1}, {"alone": 9.0, "together": 9.2}, {"alone": 5.0, "together": 5.1}]
    assert batches.formed(slow_hour) == "0.100 5.000 9.000 5.100 9.200"


def test_the_script_reads_files(tmp_path):
    written = tmp_path / "model"
    written.write_text("".join(f"{b.n} {b.received_us} {b.computed_us}\n" for b in steady(300, 2, 24000, 1000)), encoding="utf-8")
    said = subprocess.run([sys.executable, HERE / "batches.py", "row", "2", "20000", "2000", "3", written, "80 75.5 76.25 80 0"],
                          capture_output=True, text=True, check=True)
    assert said.stdout.split()[:2] == ["2", "80"] and said.stdout.split()[-2:] == ["75.5", "76.25"]
    rows = tmp_path / "rows"
    rows.write_text(said.stdout, encoding="utf-8")
    told = subprocess.run([sys.executable, HERE / "batches.py", "least", rows, "busy"], capture_output=True, text=True, check=True)
    assert told.stdout == "0.96000\n"
