# SPDX-License-Identifier: Apache-2.0
"""The dashboard as it is sent: the bytes of web/, how long they may be kept, what they may do. What it does is test/web's."""
import gzip
import re
import signal

import openapi
import pytest
from harness import ROOT, problem, until

WEB = ROOT / "web"
POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'", "img-src": "'self' data:",
    "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
}  # fmt: skip
PARTS = sorted(p.relative_to(WEB).as_posix() for p in WEB.rglob("*") if p.is_file() and p.name != "index.html")
TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "html": "text/html; charset=utf-8"}


def folder(bide):
    """Where the parts of the page are."""
    return "/" + re.search(r'src="(ui/[0-9a-f]{16}/)theme\.js"', bide.send("GET", "/").body.decode())[1]


def test_the_page_is_there_asked_for_again_each_time_and_may_do_nothing_by_itself(bide):
    for path in ("/", "/ui"):
        answer = bide.send("GET", path)
        assert (answer.status, answer.headers["content-type"]) == (200, TYPES["html"])
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        policy = dict(one.strip().split(" ", 1) for one in answer.headers["content-security-policy"].split(";"))
        assert policy == POLICY
        assert "@BUILD@" not in answer.body.decode()
        assert not re.search(rb"<script(?![^>]* src=)|<style| on\w+=| style=", answer.body)
    assert bide.send("GET", "/ui/").headers["location"] == "../ui"


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_its_file_packed_or_not_and_may_be_kept_for_good(bide, part):
    plain = bide.send("GET", folder(bide) + part)
    assert (plain.status, plain.headers["content-type"]) == (200, TYPES[part.rpartition(".")[2]])
    assert plain.body == (WEB / part).read_bytes()
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    packed = bide.send("GET", folder(bide) + part, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body)
    assert packed.headers["etag"] != plain.headers["etag"]
    for headers, answer in (({}, plain), ({"Accept-Encoding": "gzip"}, packed)):
        etag = answer.headers["etag"]
        again = bide.send("GET", folder(bide) + part, headers={**headers, "If-None-Match": f'"x", {etag}'})
        assert (again.status, again.headers["etag"], again.body) == (304, etag, b"")


@pytest.mark.parametrize("said,packed", [
    ("gzip", True), ("GZIP", True), ("deflate, gzip;q=1.0", True), ("x-gzip", True), ("gzip;q=0.001", True),
    ("gzip;q=0", False), ("gzip;q=0.000", False), ("br", False), ("identity", False), ("*", False), ("", False),
])  # fmt: skip
def test_it_is_packed_for_those_who_take_it(bide, said, packed):
    answer = bide.send("GET", "/", headers={"Accept-Encoding": said})
    assert ("content-encoding" in answer.headers) == packed
    assert (gzip.decompress(answer.body) if packed else answer.body).startswith(b"<!doctype html>")


def test_head_has_the_same_headers_and_other_methods_are_refused(bide):
    got, head = bide.send("GET", "/"), bide.send("HEAD", "/")
    same = {k: v for k, v in got.headers.items() if k not in ("date", "x-request-id")}
    assert {k: v for k, v in head.headers.items() if k not in ("date", "x-request-id")} == same
    refused = bide.send("POST", "/", {})
    problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS"


def test_what_is_not_of_this_version_is_not_there(bide):
    here = folder(bide)
    for path in (f"{here}nothing.js", f"{here}pages/nothing.js", f"{here}index.htm", "/ui/0123456789abcdef/app.js", f"{here}overview.js",
                 f"{here}..%2f..%2fetc%2fpasswd", f"{here}web.inc"):  # fmt: skip
        problem(bide.send("GET", path), 404, "not_found")
    assert bide.send("GET", f"{here}app.js").status == 200


def test_a_browser_that_was_sent_here_by_another_name_sees_nothing(bide):
    answer = bide.send("GET", "/", headers={"Host": "evil.example", "Accept-Language": "en"})
    problem(answer, 421)


def test_the_routes_of_the_application_come_first(serve, monkeypatch):
    monkeypatch.setattr(openapi, "CONFIGURED", ["/", "/ui/things/7"])
    routes = [{"path": "GET /", "health": {}}, {"path": "GET /ui/things/{id}", "health": {}}]
    bide = serve(types={"cat": {"exec": ["/bin/cat"]}}, routes=routes)
    assert bide.send("GET", "/").json["status"] == "ok"
    assert bide.send("GET", "/ui/things/7").json["status"] == "ok"
    page = bide.send("GET", "/ui")
    assert page.headers["content-type"] == TYPES["html"]
    paths = bide.send("GET", "/openapi.json").body.decode()
    assert [paths.count(f'"{path}":{{') for path in ("/", "/ui", "/ui/things/{id}")] == [1, 1, 1]
    [script] = re.findall(r'<script src="(ui/[^"]+)"', page.body.decode())
    assert bide.send("GET", f"/{script}").status == 200


def test_it_can_be_switched_off_and_on_while_the_server_runs(serve, monkeypatch):
    monkeypatch.setattr(openapi, "CONFIGURED", ["/", "/ui"])
    bide = serve({"dashboard": False})
    for path in ("/", "/ui"):
        problem(bide.send("GET", path), 404, "not_found")
        problem(bide.send("OPTIONS", path), 404, "not_found")
    assert not [path for path in bide.get_json("/openapi.json")["paths"] if path == "/" or path.startswith("/ui")]
    bide.configure({"dashboard": True})
    bide.process.send_signal(signal.SIGHUP)
    until(lambda: bide.send("GET", "/").status == 200, "the page")
    assert "/ui" in bide.get_json("/openapi.json")["paths"]
