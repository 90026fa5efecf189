# SPDX-License-Identifier: Apache-2.0
"""The unit files as they are installed: systemd's own checks of them, and that bide and its workers can live with what
they forbid."""
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures import with_actor
from harness import BIDE, HERE, ROOT
from sanitized import unsanitized

EXPOSURE = "30"
"""`systemd-analyze security` says 0 (shut) to 100 (open). The service is at 23."""

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze (package systemd)")


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """The folder of the units, installed below a prefix of the test's own that holds bin/bide."""
    prefix = tmp_path_factory.mktemp("prefix")
    build = os.environ.get("BIDE_BUILD") or str(ROOT / "build")
    subprocess.run(
        ["cmake", "--install", build, "--component", "systemd", "--prefix", str(prefix)], check=True, stdout=subprocess.PIPE
    )
    (prefix / "bin").mkdir()
    (prefix / "bin/bide").symlink_to(BIDE)
    return prefix / "lib/systemd/system"


def setting(units, name, unit="bide.service"):
    [value] = re.findall(rf"^{name}=(.*)$", (units / unit).read_text(), re.M)
    return value


def verify(*paths):
    """What systemd has to say about them; nothing when they are good. Unknown keys do not change its exit status."""
    done = subprocess.run(["systemd-analyze", "verify", *map(str, paths)], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr + (f"exit {done.returncode}" if done.returncode else "")


@needs_systemd
def test_systemd_has_nothing_to_say_against_the_units_and_would_against_a_slip(units, tmp_path):
    assert verify(units / "bide.service", units / "bide.socket") == ""
    text = (units / "bide.service").read_text()
    for n, slip in enumerate(("ProtectSistem=strict", "SystemCallFilter=@no-such-group", "WatchdogSec=often")):
        broken = tmp_path / f"slip{n}.service"
        broken.write_text(text.replace("[Install]", f"{slip}\n[Install]"))
        assert slip.split("=")[0] in verify(broken) or slip.split("=")[1] in verify(broken)


@needs_systemd
def test_the_service_is_shut_as_far_as_systemd_can_count(units, tmp_path):
    def exposure(path):
        command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    done = exposure(units / "bide.service")
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot look at a file")
    assert done.returncode == 0, done.stdout[-200:] + done.stderr
    bare = tmp_path / "bare.service"
    bare.write_text(f"[Service]\nExecStart={BIDE} serve\n")
    assert exposure(bare).returncode != 0, "the check can fail"


def test_what_models_need_is_left_open(units):
    text = (units / "bide.service").read_text()
    for name in ("MemoryDenyWriteExecute", "PrivateDevices", "DevicePolicy", "ProtectClock", "ProcSubset", "PrivateNetwork"):
        assert not re.search(rf"^{name}=", text, re.M), name
    assert setting(units, "OOMPolicy") == "continue", "a worker that is too large must not take the server along"


def test_systemd_waits_longer_than_a_drain_and_the_killing_after_it_can_take(units):
    def constant(path, name):
        return int(re.search(rf"#define {name} \(?(?:SERVER_DRAIN_MS \+ )?(\d+)", (ROOT / path).read_text())[1])

    drain_ms = constant("src/server/server.h", "SERVER_DRAIN_MS")
    end_ms = drain_ms + constant("src/cli/service.h", "SERVICE_END_MS")
    kill_ms = constant("src/handler/child_keeper.c", "CLOSE_WAIT_MS")
    assert drain_ms == 30_000 and end_ms == 45_000, "as doc/operations.md says"
    assert int(setting(units, "TimeoutStopSec")) * 1000 > end_ms + kill_ms
    assert setting(units, "KillMode") == "mixed"


def test_the_installed_service_runs_the_installed_program(units):
    assert setting(units, "ExecStart").split()[0] == str(units.parents[2] / "bin/bide")
    assert setting(units, "Type") == "notify" and int(setting(units, "WatchdogSec")) > 0


@needs_systemd
@unsanitized("to look for leaks takes ptrace, which the filter forbids")
@pytest.mark.skipif(
    platform.machine() != "x86_64" or not os.path.exists("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    reason="the numbers of system calls are only known for x86-64 with libc6-dev",
)
def test_the_server_its_workers_and_commands_run_under_the_filter_of_system_calls(units, serve):
    types = {"cat": {"exec": ["/bin/cat"]}, "mount": {"exec": ["/usr/bin/unshare", "--mount", "true"], "max_attempts": 1}}
    if shutil.which("node"):  # a compiler to machine code
        types["jit"] = {"exec": ["node", "-e", "let n = 0; for (let i = 0; i < 1e6; i++) n += i; console.log(n)"]}
    bide = serve.prepare(with_actor(types=types))
    bide.launcher = [sys.executable, "-S", str(HERE / "filtered.py"), setting(units, "SystemCallFilter")]
    bide.start()
    status = Path(f"/proc/{bide.process.pid}/status").read_text()
    assert re.search(r"^Seccomp:\s*2$", status, re.M) and re.search(r"^NoNewPrivs:\s*1$", status, re.M)
    bide.ended(bide.act(), "completed")
    for type in types:
        bide.ended(bide.submit(type, {"a": 1})["id"], "failed" if type == "mount" else "completed")
    stopped = bide.act(["until", bide.gate("never")])
    bide.seen(stopped, "running")
    bide.post(f"/v1/tasks/{stopped}/cancel")
    bide.ended(stopped, "cancelled")
    assert bide.terminate() == 0
    assert not bide.processes()
