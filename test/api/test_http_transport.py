# SPDX-License-Identifier: Apache-2.0
"""Requests of http types through other people's programs: nginx with TLS, by a certificate made here, and a proxy."""
import base64
import os
import shutil
import signal
import socket
import subprocess
import threading
import zlib

import pytest
from fixtures import QUICK
from harness import PATIENCE, until
from remote import DELTAS, chat
from sanitized import SANITIZER

NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
pytestmark = pytest.mark.skipif(not NGINX, reason="no nginx")

CONF = """
daemon off; master_process off; pid nginx.pid; error_log error.log;
events {{ worker_connections 64; }}
http {{
    client_max_body_size 20m; access_log access.log; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    log_format who '$connection $request $sent_http_content_encoding';
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
        location = /zipped {{ gzip on; gzip_min_length 1; gzip_types application/json; default_type application/json; return 200 '{{"by": "{long}"}}'; }}
    }}
}}
"""


LONG = "nginx, " * 100


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
    (at / "nginx.conf").write_text(CONF.format(tls=tls, plain=plain, remote=elsewhere.url, long=LONG))
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


needs_proxy = pytest.mark.skipif(not shutil.which("tinyproxy"), reason="no tinyproxy")


@pytest.fixture
def proxy(tmp_path):
    """proxy(*lines of its configuration): a proxy, with `url` and `log`."""
    started = []

    def begin(*lines):
        port = free_port()
        log = tmp_path / "proxy.log"
        common = [f"Port {port}", "Listen 127.0.0.1", "Timeout 60", f'LogFile "{log}"', "LogLevel Connect", "Allow 127.0.0.1"]
        (tmp_path / "proxy.conf").write_text("\n".join([*common, *lines, ""]))
        program = Program(["tinyproxy", "-d", "-c", str(tmp_path / "proxy.conf")], tmp_path, port)
        started.append(program)
        program.url, program.log = f"http://127.0.0.1:{port}", log
        return program

    yield begin
    for program in started:
        program.end()


@needs_proxy
def test_calls_go_through_the_proxy_of_the_configuration_and_no_other(serve, nginx, proxy):
    program = proxy()
    ca = str(nginx["dir"] / "cert.pem")
    via = {"proxy": program.url}
    conf = types(plain={"url": nginx["plain"] + "/own", **via}, tls={"url": nginx["tls"] + "/own", "ca_file": ca, **via}, direct={"url": nginx["plain"] + "/own"})
    bide = serve.prepare(conf)
    bide.env = {"http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"}
    bide.start()
    assert bide.ended(bide.submit("plain")["id"], "completed")["result"] == {"text": "by nginx"}
    assert bide.ended(bide.submit("tls")["id"], "completed")["result"] == {"by": "nginx"}
    log = program.log
    text = until(lambda: log.read_text() if "CONNECT" in log.read_text() else None, "the proxy's log")
    assert "POST http://127.0.0.1" in text or "/own" in text
    assert bide.ended(bide.submit("direct")["id"], "completed")["result"] == {"text": "by nginx"}
    assert log.read_text().count("/own") == text.count("/own")


def kept(tmp_path, name, secret):
    (tmp_path / name).write_text(secret + "\n")
    (tmp_path / name).chmod(0o600)
    return f"file:{tmp_path / name}"


REFUSED = "the proxy wants a login, or another one (HTTP {})"


@needs_proxy
def test_a_proxy_that_wants_a_login_is_given_it_and_says_clearly_when_it_is_the_wrong_one(serve, nginx, proxy, tmp_path):
    program = proxy("BasicAuth bide hush-hush")
    login = lambda name, secret: {"proxy_login": {"bide": kept(tmp_path, name, secret)}}
    logins = {"none": {}, "wrong": login("wrong", "hush"), "right": login("right", "hush-hush")}
    calls = {"plain": {"url": nginx["plain"] + "/own"}, "tls": {"url": nginx["tls"] + "/own", "ca_file": str(nginx["dir"] / "cert.pem")}}
    bide = serve(types(**{f"{call}-{who}": {**how, **logins[who], "proxy": program.url, "method": "GET"} for call, how in calls.items() for who in logins}))

    def refused(type):
        failed = bide.ended(bide.submit(type, max_attempts=3)["id"], "failed")["error"]
        assert failed["code"] == "worker_error" and failed["attempt"] == 1, failed
        return failed["type"], failed["message"]

    for call in calls:
        kind, message = refused(call + "-none")
        assert kind == "http 407" and message.endswith("/own: " + REFUSED.format(407))
    kind, message = refused("tls-wrong") # before the right one, whose tunnel is kept
    assert kind in ("http 401", "http 407") and REFUSED[:20] in message # tinyproxy before 1.11.3 says 401
    assert refused("plain-wrong")[0] in ("http 401", "http 407")
    for call in calls:
        assert "nginx" in str(bide.ended(bide.submit(call + "-right")["id"], "completed")["result"])
    assert "hush" not in bide.text() and all("hush" not in bide.log(t["id"]) for t in bide.listed())


def test_a_login_is_sent_to_the_proxy_as_it_is_kept_and_407_is_no_matter_of_trying_again(serve, remote, tmp_path):
    secret = "p:a=s%41s@w/\u00f6rd"
    wanted = "Basic " + base64.b64encode(("bide@home:" + secret).encode()).decode()
    remote.routes["POST /own"] = lambda r: (200, {"to": r.path}) if r.headers["Proxy-Authorization"] == wanted else (407, b"no")
    call = {"url": "http://nobody.example/own", "proxy": remote.url}
    right, wrong = ({"proxy_login": {"bide@home": kept(tmp_path, name, said)}} for name, said in [("right", secret), ("wrong", "x")])
    bide = serve(types(right={**call, **right}, wrong={**call, **wrong}, direct={"url": remote.url + "/own"}))
    assert bide.ended(bide.submit("right")["id"], "completed")["result"] == {"to": "http://nobody.example/own"}
    task = bide.ended(bide.submit("wrong", max_attempts=3)["id"], "failed")
    assert task["error"]["message"] == "POST http://nobody.example/own: " + REFUSED.format(407)
    assert (task["error"]["type"], task["attempt"]) == ("http 407", 1)
    failed = bide.ended(bide.submit("direct")["id"], "failed")["error"]
    assert failed["message"] == f"POST {remote.url}/own: HTTP 407: no" # who is no proxy has no login
    assert remote.seen[-1].headers["Proxy-Authorization"] is None


# ---- compressed answers ----


def gzipped(data, level=9):
    pack = zlib.compressobj(level, wbits=31)
    return pack.compress(data) + pack.flush()


def test_nginx_is_asked_for_gzip_and_what_it_sends_is_read(serve, nginx):
    bide = serve(types(zipped={"url": nginx["plain"] + "/zipped", "method": "GET"}, unzipped={"url": nginx["plain"] + "/zipped", "method": "GET", "headers": {"Accept-Encoding": "identity"}}))
    for type, encoding in [("zipped", "gzip"), ("unzipped", "-")]:
        assert bide.ended(bide.submit(type)["id"], "completed")["result"] == {"by": LONG}
        line = until(lambda: [line for line in lines(nginx, "plain.log") if line.endswith(f"/zipped HTTP/1.1 {encoding}")], "nginx's log")
        assert len(line) == 1


@pytest.mark.parametrize("encoding, wbits", [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_an_answer_may_be_compressed_in_two_ways(serve, remote, encoding, wbits):
    pack = zlib.compressobj(wbits=wbits)
    data = pack.compress(b'{"n": [1, 2]}') + pack.flush()
    remote.routes["POST /it"] = (200, data, {"Content-Type": "application/json", "Content-Encoding": encoding})
    bide = serve(types(it={"url": remote.url + "/it"}))
    assert bide.ended(bide.submit("it")["id"], "completed")["result"] == {"n": [1, 2]}
    assert remote.seen[0].headers["Accept-Encoding"] == "gzip, deflate"


def test_what_is_no_gzip_can_be_tried_again(serve, remote):
    remote.routes["POST /it"] = (200, b"plain after all", {"Content-Encoding": "gzip"})
    bide = serve(types(it={"url": remote.url + "/it"}))
    failed = bide.ended(bide.submit("it")["id"], "failed")["error"]
    assert failed["code"] == "worker_error" and "content unencoding" in failed["message"].lower()


def peak(bide):
    """Bytes of memory that the server had at most."""
    status = dict(line.split(":", 1) for line in open(f"/proc/{bide.process.pid}/status"))
    return int(status["VmHWM"].split()[0]) * 1024


MIB = 1024 * 1024


def test_of_a_bomb_only_what_a_result_may_have_is_unpacked(serve, remote):
    bomb = gzipped(b" " * (256 * MIB), 1)
    assert len(bomb) < 2 * MIB
    remote.routes["POST /bomb"] = (200, bomb, {"Content-Type": "application/json", "Content-Encoding": "gzip"})
    bide = serve(types(bomb={"url": remote.url + "/bomb"}))
    failed = bide.ended(bide.submit("bomb")["id"], "failed")["error"]
    assert failed["code"] == "output_too_large"
    assert SANITIZER or peak(bide) < 128 * MIB


def test_a_compressed_stream_is_output_while_it_comes(serve, remote):
    go = threading.Event()

    def tell(request):
        pack = zlib.compressobj(wbits=31)
        request.head(200, {"Content-Type": "text/event-stream", "Content-Encoding": "gzip", "Transfer-Encoding": "chunked"})
        for text in [b'{"t": "to"}', b'{"t": "whit"}', b"[DONE]"]:
            request.chunk(pack.compress(b"data: " + text + b"\n\n") + pack.flush(zlib.Z_SYNC_FLUSH))
            assert text != b'{"t": "whit"}' or go.wait(PATIENCE)
        request.chunk(pack.flush())
        request.end()

    remote.routes["POST /tell"] = tell
    bide = serve(types(tell={"url": remote.url + "/tell", "stream": {"piece": "/t"}}))
    id = bide.submit("tell")["id"]
    until(lambda: b"whit" in bide.send("GET", f"/v1/tasks/{id}/output").body, "both pieces")
    assert bide.task(id)["status"] == "running"
    go.set()
    assert bide.ended(id, "completed")["result"] == {"text": "towhit"}


@pytest.mark.parametrize("events, wanted", [(1000, "output_too_large"), (1, "worker_error")])
def test_a_stream_that_is_a_bomb_ends_by_its_limits(serve, remote, events, wanted):
    event = b'data: {"t": "' + b"a" * (100 * MIB // events) + b'"}\n\n'
    headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
    remote.routes["POST /tell"] = (200, gzipped(event * events, 1), headers)
    bide = serve(types(tell={"url": remote.url + "/tell", "stream": {"piece": "/t"}}))
    failed = bide.ended(bide.submit("tell")["id"], "failed")["error"]
    assert failed["code"] == wanted, failed
    assert SANITIZER or peak(bide) < 128 * MIB
