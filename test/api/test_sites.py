# SPDX-License-Identifier: Apache-2.0
"""Web pages of other sites: the server asks for no token, so they must neither read nor change anything."""
import socket

import openapi
import pytest
from harness import PATIENCE, problem


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "0.0.0.0", ""])
@pytest.mark.parametrize("target", ["/v1/tasks", "/metrics", "/livez"])
def test_a_name_made_to_point_here_reads_nothing(bide, host, target):
    problem(bide.send("GET", target, headers={"Host": host, "Accept-Language": "en"}), 421, "misdirected")
    assert bide.send("GET", target, headers={"Host": host or "x"}).status == 200, "a program may call it what it likes"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.1.2.3:99", "[::1]", "[::1]:8080"])
def test_every_name_of_this_machine_will_do(bide, host):
    assert bide.send("GET", "/v1/stats", headers={"Host": host}).status == 200


def test_http_1_0_needs_no_host(bide):
    with socket.create_connection(("127.0.0.1", bide.port), timeout=PATIENCE) as sock:
        said = b"GET /livez HTTP/1.0\r\n\r\n"
        sock.sendall(said)
        got = sock.makefile("rb").read()
        assert got.split()[1] == b"200" and openapi.check_bytes(said, got) == 1


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
     {"Origin": "http://localhost:1"}],
    ids=["foreign", "null", "cross-site", "another-port"],
)  # fmt: skip
def test_a_page_of_another_site_changes_nothing(bide, headers):
    problem(bide.post("/v1/queues/other/pause", headers=headers), 403, "forbidden")
    assert bide.queue("other")["paused"] is False
    before = len(bide.listed())
    problem(bide.send("POST", "/v1/tasks", b'{"type":"cat"}', {**headers, "Content-Type": "text/plain"}), 403, "forbidden")
    assert len(bide.listed()) == before
    assert bide.send("GET", "/v1/stats", headers=headers).status == 200, "what it may read is the browser's to decide"


def test_a_page_of_this_origin_may(bide):
    origin = {"Origin": f"http://127.0.0.1:{bide.port}", "Sec-Fetch-Site": "same-origin"}
    assert bide.post("/v1/queues/other/resume", headers=origin).status == 200


def test_on_a_unix_socket_any_host_will_do(serve):
    bide = serve.prepare({"types": {"cat": {"exec": ["/bin/cat"]}}}, ["--listen", "unix:s"]).start()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(str(bide.dir / "s"))
        said = b"GET /livez HTTP/1.1\r\nHost: whatever\r\nConnection: close\r\n\r\n"
        sock.sendall(said)
        got = sock.makefile("rb").read()
        assert got.split()[1] == b"200" and openapi.check_bytes(said, got) == 1
