# SPDX-License-Identifier: Apache-2.0
"""Requests of http types through other people's programs: nginx with TLS, by a certificate made here, and a proxy."""
import os
import shutil
import signal
import socket
import subprocess

import pytest
from fixtures import QUICK
from harness import PATIENCE, until
from remote import DELTAS, chat

NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
pytestmark = pytest.mark.skipif(not NGINX, reason="no nginx")

CONF = """
daemon off; master_process off; pid nginx.pid; error_log error.log;
events {{ worker_connections 64; }}
http {{
    client_max_body_size 20m; access_log access.log; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    log_format who '$connection $request';
    server {{
        listen 127.0.0.1:{tls} ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem;
        access_log tls.log who;
        location / {{ proxy_pass {remote}; proxy_http_version 1.1; proxy_buffering off; }}
        location = /own {{ return 200 '{{"by": "nginx"}}'; }}
    }}
    server {{
        listen 127.0.0.1:{plain}; access_log plain.log who;
        location = /limited {{ return 429; add_header Retry-After 3600 always; }}
        location = /moved {{ return 301 http://127.0.0.1:{plain}/own; }}
        location = /own {{ return 200 'by nginx'; }}
    }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Program:
    """A program that listens, from its start to its end by its own pid."""

    def __init__(self, argv, directory, port):
        self.process = subprocess.Popen(argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until(lambda: listens(port) or self.process.poll() is not None, f"{argv[0]} to listen")
        assert self.process.poll() is None, self.process.stderr.read().decode()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stderr.close()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, elsewhere):
    """A directory with its certificate and logs, and where it listens."""
    at = tmp_path_factory.mktemp("nginx")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*make, *names], cwd=at, check=True, capture_output=True, timeout=60)
    at.chmod(0o755)
    tls, plain = free_port(), free_port()
    (at / "nginx.conf").write_text(CONF.format(tls=tls, plain=plain, remote=elsewhere.url))
    program = Program([NGINX, "-p", str(at), "-c", "nginx.conf", "-e", "error.log"], at, tls)
    yield {"dir": at, "tls": f"https://127.0.0.1:{tls}", "plain": f"http://127.0.0.1:{plain}"}
    program.end()


def types(**conf):
    return {"defaults": QUICK, "types": {name: {"max_attempts": 1, "http": http} for name, http in conf.items()}}


def lines(nginx, log):
    return (nginx["dir"] / log).read_text().splitlines()


def test_tls_is_spoken_with_whom_the_ca_file_vouches_for_and_its_connection_kept(serve, nginx):
    ca = str(nginx["dir"] / "cert.pem")
    url = nginx["tls"] + "/own"
    bide = serve(types(trusted={"url": url, "ca_file": ca}, untrusted={"url": url}))
    for _ in range(3):
        assert bide.ended(bide.submit("trusted")["id"], "completed")["result"] == {"by": "nginx"}
    seen = [line.split()[0] for line in until(lambda: lines(nginx, "tls.log")[2:] and lines(nginx, "tls.log"), "the log")]
    assert len(seen) == 3 and len(set(seen)) == 1
    failed = bide.ended(bide.submit("untrusted")["id"], "failed")["error"]
    assert failed["code"] == "worker_error" and "certificate" in failed["message"].lower()
    assert len(lines(nginx, "tls.log")) == 3 # nothing was sent to it


def test_a_name_that_is_not_in_the_certificate_is_refused(serve, nginx):
    url = nginx["tls"].replace("127.0.0.1", "localhost") + "/own"
    bide = serve(types(other={"url": url, "ca_file": str(nginx["dir"] / "cert.pem")}))
    failed = bide.ended(bide.submit("other")["id"], "failed")["error"]
    assert failed["code"] == "worker_error" and "localhost" in failed["message"]


def test_a_stream_comes_through_tls_and_a_reverse_proxy(serve, nginx, remote):
    remote.routes["POST /v1/chat/completions"] = chat
    http = {
        "url": nginx["tls"] + "/v1/chat/completions",
        "ca_file": str(nginx["dir"] / "cert.pem"),
        "headers": {"Authorization": "Bearer sk-test"},
        "body": {"model": "m", "stream": True, "messages": []},
        "stream": {"piece": "/choices/0/delta/content"},
    }
    bide = serve(types(chat=http))
    assert bide.ended(bide.submit("chat")["id"], "completed")["result"] == {"text": "".join(DELTAS)}


def test_a_large_input_and_a_large_result_come_through(serve, nginx, remote):
    remote.routes["POST /echo"] = lambda r: (200, r.body, {"Content-Type": "application/json"})
    http = {"url": nginx["tls"] + "/echo", "ca_file": str(nginx["dir"] / "cert.pem")}
    bide = serve(types(echo=http))
    text = "owl \u2014 " * 1000000
    task = bide.ended(bide.submit("echo", {"text": text})["id"], "completed")
    assert bide.send("GET", task["urls"]["result"]).json == {"text": text}


def test_nginx_says_later_and_elsewhere(serve, nginx):
    bide = serve(types(limited={"url": nginx["plain"] + "/limited"}, moved={"url": nginx["plain"] + "/moved"}))
    waits = bide.seen(bide.submit("limited", max_attempts=2)["id"], "retrying")
    assert waits["run_at"] > waits["created_at"]
    failed = bide.ended(bide.submit("moved")["id"], "failed")["error"]
    assert "HTTP 301: redirects are not followed" in failed["message"]
    assert all("/own" not in line for line in lines(nginx, "plain.log"))


@pytest.mark.skipif(not shutil.which("tinyproxy"), reason="no tinyproxy")
def test_calls_go_through_the_proxy_of_the_configuration_and_no_other(serve, nginx, tmp_path):
    port = free_port()
    log = tmp_path / "proxy.log"
    (tmp_path / "proxy.conf").write_text(f'Port {port}\nListen 127.0.0.1\nTimeout 60\nLogFile "{log}"\nLogLevel Connect\nAllow 127.0.0.1\n')
    proxy = Program(["tinyproxy", "-d", "-c", str(tmp_path / "proxy.conf")], tmp_path, port)
    try:
        ca = str(nginx["dir"] / "cert.pem")
        via = {"proxy": f"http://127.0.0.1:{port}"}
        conf = types(plain={"url": nginx["plain"] + "/own", **via}, tls={"url": nginx["tls"] + "/own", "ca_file": ca, **via}, direct={"url": nginx["plain"] + "/own"})
        bide = serve.prepare(conf)
        bide.env = {"http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"}
        bide.start()
        assert bide.ended(bide.submit("plain")["id"], "completed")["result"] == {"text": "by nginx"}
        assert bide.ended(bide.submit("tls")["id"], "completed")["result"] == {"by": "nginx"}
        text = until(lambda: log.read_text() if "CONNECT" in log.read_text() else None, "the proxy's log")
        assert "POST http://127.0.0.1" in text or "/own" in text
        assert bide.ended(bide.submit("direct")["id"], "completed")["result"] == {"text": "by nginx"}
        assert log.read_text().count("/own") == text.count("/own")
    finally:
        proxy.end()
