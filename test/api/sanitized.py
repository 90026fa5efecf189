# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin of the sanitizer trees: a report of any process that a test started makes that test fail.

The sanitizers write their reports to files of a folder that the environment names, so nothing depends on who reads a
server's output or looks at its exit status, and a report that comes when a server ends (leaks) is seen, too. What is
killed with SIGKILL has no end that could look for leaks. BIDE_SANITIZER (test/tests.cmake) says which sanitizer it is.
"""
import os
import shutil
import tempfile
from pathlib import Path

import pytest

SANITIZER = os.environ.get("BIDE_SANITIZER", "")
"""What -fsanitize= got: "address,undefined", "thread"; empty: none."""


def unsanitized(reason, only=""):
    """Marks a test that would measure the sanitizer, not bide. `only`: one of them, "thread" or "address"."""
    return pytest.mark.skipif(bool(SANITIZER) and only in SANITIZER, reason=reason)


def pytest_configure(config):
    config.reports = Path(tempfile.mkdtemp(prefix="bide-sanitizer-"))
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        os.environ[name] = f"{os.environ.get(name, '')}:log_path={config.reports}/report"


def taken(config):
    """The reports since the last call."""
    found = sorted(config.reports.iterdir())
    text = "\n".join(f"{path.name}:\n{path.read_text(errors='replace')}" for path in found)
    for path in found:
        path.unlink()
    return text


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):  # after the fixtures, the servers among them, have gone
    report = taken(item.config)
    assert not report, f"a sanitizer has reported:\n{report}"


def pytest_sessionfinish(session):
    report = taken(session.config)
    if report:
        print(f"a sanitizer has reported:\n{report}")
        session.exitstatus = 1
    shutil.rmtree(session.config.reports, ignore_errors=True)
