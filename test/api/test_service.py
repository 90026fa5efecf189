# SPDX-License-Identifier: Apache-2.0
"""Under a service manager: what it is told, the watchdog, the sockets it hands over. The manager here is a datagram
socket and a launcher; what a real one makes of the unit files is tested in test_units.py."""
import ctypes
import http.client
import os
import signal
import socket
import sys
import time
import uuid
from pathlib import Path

import pytest
from fixtures import with_actor
from harness import HERE, PATIENCE, until

CAT = {"types": {"cat": {"exec": ["/bin/cat"]}, "env": {"exec": ["/usr/bin/env"]}}}


class Manager:
    """The other end of NOTIFY_SOCKET. `said` is every line it was told, in order."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address[0] == "@" else address)
        self.said = []

    def hear(self, seconds):
        """Waits for one datagram; False when none came."""
        self.socket.settimeout(max(seconds, 0.000001))
        try:
            self.said += self.socket.recv(4096).decode().splitlines()
            return True
        except (TimeoutError, socket.timeout, BlockingIOError):
            return False

    def hears(self, line, seconds=PATIENCE):
        """Waits until it has been told this line, from now on or before."""
        end = time.monotonic() + seconds
        while line not in self.said:
            assert self.hear(end - time.monotonic()), f"not in {seconds} s: {line}; told: {self.said}"
        return self.said

    def forget(self):
        while self.hear(0):
            pass
        self.said = []


@pytest.fixture(params=["path", "abstract"])
def address(request, tmp_path):
    return f"{tmp_path}/notify" if request.param == "path" else f"@bide-test-{uuid.uuid4().hex}"


@pytest.fixture
def managed(serve, tmp_path):
    """managed(config, **environment): a started server and its manager."""
    managers = []

    def start(config, address=f"{tmp_path}/notify", **environment):
        manager = Manager(address)
        managers.append(manager)
        server = serve.prepare(config)
        server.env = {"NOTIFY_SOCKET": address, **environment}
        return server.start(), manager

    yield start
    for manager in managers:
        manager.socket.close()


# ---- what it is told ----


def test_the_manager_is_told_ready_when_work_is_taken_and_stopping_when_asked_to_stop(managed, address):
    bide, manager = managed(CAT, address)
    manager.hears("READY=1")
    manager.hears(f"STATUS=serving on 127.0.0.1:{bide.port}")
    bide.ended(bide.submit("cat")["id"], "completed")
    assert "STOPPING=1" not in manager.said
    assert bide.terminate() == 0
    manager.hears("STATUS=drained")
    assert manager.said.index("STOPPING=1") < manager.said.index("STATUS=drained")


def test_it_is_not_told_ready_by_a_server_that_does_not_come_up_but_why(serve, tmp_path):
    manager = Manager(f"{tmp_path}/notify")
    bide = serve.prepare(CAT, ["--listen", "0.0.0.0:0"])
    bide.env = {"NOTIFY_SOCKET": manager.address}
    assert bide.launch().exited() == 78
    manager.hear(PATIENCE)
    assert len(manager.said) == 1 and "0.0.0.0" in manager.said[0] and manager.said[0].startswith("STATUS=")
    manager.socket.close()


@pytest.mark.parametrize("config", [CAT, {"types": {"cat": {"exce": ["/bin/cat"]}}}], ids=["right", "wrong"])
def test_the_manager_is_told_when_a_reload_begins_and_when_it_is_over(managed, config):
    bide, manager = managed(CAT)
    manager.hears("READY=1")
    manager.forget()
    bide.configure(config)
    bide.process.send_signal(signal.SIGHUP)
    manager.hears("READY=1")
    assert manager.said[0] == "RELOADING=1" and manager.said[-1] == "READY=1"


def test_the_status_counts_what_still_runs_while_it_drains(managed):
    bide, manager = managed(with_actor(pool={"instances": 2}))
    for name in "ab":
        bide.seen(bide.act(["until", bide.gate(name)]), "running")
    bide.process.send_signal(signal.SIGTERM)
    manager.hears("STATUS=draining, 2 running")
    bide.open_gate("a")
    manager.hears("STATUS=draining, 1 running")
    assert "STATUS=draining, 0 running" not in manager.said and bide.process.poll() is None
    bide.open_gate("b")
    manager.hears("STATUS=drained")
    assert bide.exited() == 0
    assert [line for line in manager.said if line == "STOPPING=1"] == ["STOPPING=1"]


def test_a_second_signal_is_told_too(managed):
    bide, manager = managed(with_actor())
    bide.seen(bide.act(["deaf"], ["ignore", bide.gate("go")], timeout_ms=60_000), "running")
    bide.process.send_signal(signal.SIGTERM)
    manager.hears("STATUS=draining, 1 running")
    bide.process.send_signal(signal.SIGTERM)
    manager.hears("STATUS=stopping now with 1 running")
    assert bide.exited() == 1


def test_a_manager_that_does_not_listen_or_has_no_address_stops_nobody(serve, tmp_path):
    for address, warned in ((f"{tmp_path}/nobody", False), ("nonsense", True)):
        bide = serve.prepare(CAT)
        bide.env = {"NOTIFY_SOCKET": address}
        bide.start()
        bide.ended(bide.submit("cat")["id"], "completed")
        assert bide.terminate() == 0
        assert (f"NOTIFY_SOCKET={address}" in bide.text()) == warned


def test_workers_and_commands_inherit_neither_the_variables_nor_the_descriptors(serve, tmp_path):
    manager = Manager(f"{tmp_path}/notify")
    with given(serve, CAT, [tcp()]) as bide:
        bide.env.update(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="60000000")
        bide.start()
        manager.hears("READY=1")
        task = bide.ended(bide.submit("env")["id"], "completed")
        output = bide.send("GET", f"/v1/tasks/{task['id']}/result").body.decode()
        assert "PATH=" in output, output
        for name in ("NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_"):
            assert name not in output, output
        flags = [int(l.split()[1], 8) for l in Path(f"/proc/{bide.process.pid}/fdinfo/3").read_text().splitlines() if l[:5] == "flags"]
        assert flags[0] & os.O_CLOEXEC and flags[0] & os.O_NONBLOCK
        assert bide.terminate() == 0
    manager.socket.close()


# ---- the watchdog ----


def test_the_watchdog_is_told_at_half_of_its_time(managed):
    bide, manager = managed(CAT, WATCHDOG_USEC="400000")
    manager.hears("READY=1")
    began = time.monotonic()
    for _ in range(5):
        manager.said = []
        manager.hears("WATCHDOG=1", 2)
    assert 0.7 < time.monotonic() - began < 5
    assert bide.terminate() == 0
    manager.hears("STATUS=drained")


def test_the_watchdog_of_another_process_is_not_told(managed):
    bide, manager = managed(CAT, WATCHDOG_USEC="2000", WATCHDOG_PID="1")
    manager.hears("READY=1")
    bide.ended(bide.submit("cat")["id"], "completed")
    assert bide.terminate() == 0
    manager.hears("STATUS=drained")
    assert "WATCHDOG=1" not in manager.said


PTRACE_CONT, PTRACE_ATTACH, PTRACE_DETACH, WALL = 7, 16, 17, 0x40000000


def test_the_watchdog_falls_silent_when_the_thread_that_decides_is_stuck_and_others_run(managed):
    bide, manager = managed(CAT, WATCHDOG_USEC="100000")
    manager.hears("WATCHDOG=1")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    thread = bide.process.pid  # the first thread has the process's number, and is the only one that is stopped
    if libc.ptrace(PTRACE_ATTACH, thread, None, None) < 0:
        pytest.skip("this machine forbids to stop one thread of a process")
    try:
        os.waitpid(thread, WALL)
        others = [t for t in os.listdir(f"/proc/{thread}/task") if int(t) != thread]
        states = [Path(f"/proc/{thread}/task/{t}/stat").read_text().rpartition(")")[2].split()[0] for t in others]
        assert others and "t" not in states, states
        manager.forget()
        assert not manager.hear(1), manager.said
    finally:
        libc.ptrace(PTRACE_DETACH, thread, None, None)
    manager.hears("WATCHDOG=1")
    bide.ended(bide.submit("cat")["id"], "completed")


# ---- sockets that were handed over ----


def tcp(host="127.0.0.1", family=socket.AF_INET):
    made = socket.socket(family, socket.SOCK_STREAM)
    made.bind((host, 0))
    made.listen()
    return made


def unix(path):
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(path)
    made.listen()
    return made


class given:
    """A prepared server that is handed these sockets."""

    def __init__(self, serve, config, sockets, names=None, pid="self"):
        self.server = serve.prepare(config)
        self.sockets = sockets
        self.server.fds = tuple(s.fileno() for s in sockets)
        self.server.launcher = [
            sys.executable, "-S", str(HERE / "launcher.py"), pid,
            ",".join(map(str, self.server.fds)), names or ":".join("web" for _ in sockets),
        ]

    def __enter__(self):
        return self.server

    def __exit__(self, *_):
        for made in self.sockets:
            made.close()


def over_unix(path, target="/livez"):
    connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(path)
    connection.request("GET", target)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_sockets_that_are_handed_over_are_used_in_place_of_listen(serve, tmp_path):
    path = f"{tmp_path}/web.sock"
    first = tcp()
    port = first.getsockname()[1]
    with given(serve, CAT, [first, unix(path)], "web:local") as bide:
        bide.start()
        assert bide.port == port
        assert f"listening on unix:{path}" in bide.text() and bide.text().count("listening on http") == 1
        assert "`listen` is not used" in bide.text()
        bide.ended(bide.submit("cat")["id"], "completed")
        assert over_unix(path) == 200
        assert bide.terminate() == 0
        assert os.path.exists(path), "the file is the manager's"


def test_callers_of_a_server_that_is_away_wait_for_the_next_one(serve):
    listening = tcp()
    port = listening.getsockname()[1]
    with given(serve, CAT, [listening]) as bide:
        bide.start()
        id = bide.submit("cat")["id"]
        bide.ended(id, "completed")
        assert bide.terminate() == 0
        early = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        early.sendall(f"GET /v1/tasks/{id} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        bide.start()
        assert early.recv(65536).startswith(b"HTTP/1.1 200 ")
        early.close()


def test_sockets_for_another_process_are_not_taken(serve):
    listening = tcp()
    with given(serve, CAT, [listening], pid="1") as bide:
        bide.start()
        assert bide.port != listening.getsockname()[1]


@pytest.mark.parametrize("host, family", [("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6)])
def test_a_socket_that_others_can_reach_is_refused_though_it_was_handed_over(serve, host, family):
    try:
        open_to_all = tcp(host, family)
    except OSError:
        pytest.skip(f"no {host} on this machine")
    with given(serve, CAT, [tcp(), open_to_all], "web:world") as bide:
        assert bide.launch().exited() == 78
        text = bide.text()
        assert "inherited socket 4 (world)" in text and host in text and "token" in text, text
        assert "listening on http" not in text


def test_a_socket_of_ipv6_loopback_is_taken(serve):
    try:
        listening = tcp("::1", socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with given(serve, CAT, [listening]) as bide:
        bide.launch()
        until(lambda: f"listening on http://[::1]:{listening.getsockname()[1]}" in bide.text(), "it listens")


def test_a_descriptor_that_does_not_listen_is_refused_in_words(serve):
    here, there = socket.socketpair()
    with given(serve, CAT, [here], "web"), given(serve, CAT, [there], "web") as bide:
        assert bide.launch().exited() != 0
        assert "inherited socket 3 (web): wanted a socket that listens (Accept=no)" in bide.text()


def test_more_sockets_than_can_be_used_are_refused(serve):
    with given(serve, CAT, [tcp() for _ in range(17)]) as bide:
        assert bide.launch().exited() != 0
        assert "LISTEN_FDS=17: at most 16" in bide.text()
