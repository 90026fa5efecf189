# SPDX-License-Identifier: Apache-2.0
"""Runs the examples of one section, as somebody would who types them in: in a directory of their own, with `bide` in
the PATH, libbide where pkg-config finds it, the packages of sdk/, and a server on a port of its own wherever the page
says 127.0.0.1:8080."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "api"))

from harness import BIDE, PATIENCE, Server, until  # noqa: E402
from pages import ROOT  # noqa: E402

os.environ["PYTHONPATH"] = str(ROOT / "sdk/python")
BUILD = os.environ.get("BIDE_BUILD") or str(ROOT / "build")
WRITTEN = "127.0.0.1:8080"  # the address that pages show
HOME = "/srv/app"  # and the directory


def differences(shown, seen, at=""):
    """What of the answer is not as the page shows it. "..." is anything; as a member or last element: and more."""
    if isinstance(shown, str) and "..." in shown:
        pattern = ".*".join(re.escape(part) for part in shown.split("..."))
        fits = shown == "..." or (isinstance(seen, str) and re.fullmatch(pattern, seen, re.S))
        return [] if fits else [f"{at}: {seen!r} is not like {shown!r}"]
    if isinstance(shown, dict) and isinstance(seen, dict):
        more = "..." in shown
        found = [f"{at}/{key}: not shown" for key in seen if key not in shown and not more]
        for key in shown:
            if key == "...":
                continue
            if key not in seen:
                found.append(f"{at}/{key}: shown, but not there")
            else:
                found += differences(shown[key], seen[key], f"{at}/{key}")
        return found
    if isinstance(shown, list) and isinstance(seen, list):
        more = shown[-1:] == ["..."]
        wanted = shown[:-1] if more else shown
        if len(seen) < len(wanted) or (len(seen) > len(wanted) and not more):
            return [f"{at}: {len(seen)} elements, not {len(wanted)}"]
        return [d for i, one in enumerate(wanted) for d in differences(one, seen[i], f"{at}/{i}")]
    return [] if type(shown) is type(seen) and shown == seen else [f"{at}: {seen!r}, not {shown!r}"]


def text_differences(shown, seen):
    lines = [r"(.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n" for line in shown.splitlines()]
    pattern = "".join(lines)
    seen += "" if seen.endswith("\n") else "\n"
    return [] if re.fullmatch(pattern, seen) else [f"printed:\n{seen}\nshown:\n{shown}"]


class Bench:
    """The directory of one section and the server that belongs to it."""

    def __init__(self, directory):
        self.dir = directory
        self.server = None
        self.config = None
        self.printed = None
        self.bin = directory / ".bin"
        self.prefix = directory / ".prefix"

    def write(self, block):
        path = self.dir / block.options["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        if block.language == "sh":
            path.chmod(0o755)
        if path.name == "bide.yaml":
            self.config = block.text

    def check(self, block):
        """`bide check` on the text; its exit code is said by the block's word."""
        path = self.dir / "checked" / block.options.get("file", "bide.yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        done = subprocess.run([BIDE, "check", path.name], cwd=path.parent, capture_output=True, text=True, timeout=PATIENCE)
        self.printed = done.stderr
        assert done.returncode == (78 if "wrong" in block.words else 0), done.stdout + done.stderr

    def serve(self, block):
        """What the server says when it starts: its last line is the types."""
        self._serve()
        said = until(lambda: re.match(r"(?s).*?\n  types .*?\n", self.server.text()), "the server's word of its types")
        self.printed = said[0].replace(f"127.0.0.1:{self.server.port}", WRITTEN).replace(str(self.dir), HOME)

    def run(self, block):
        self._serve()
        address = f"127.0.0.1:{self.server.port}"
        done = subprocess.run(
            ["sh", "-eu", "-c", block.text.replace(WRITTEN, address)],
            cwd=self.dir, env=self._environment(address), capture_output=True, text=True, timeout=60,
        )
        assert done.returncode == 0, f"line {block.line}: {done.stdout}{done.stderr}\nserver: {self.server.text()}"
        self.printed = done.stdout.replace(address, WRITTEN)

    def compare(self, block):
        assert self.printed is not None, f"line {block.line}: an answer to nothing"
        if block.language == "json":
            found = differences(json.loads(block.text), json.loads(self.printed))
        else:
            found = text_differences(block.text, self.printed)
        assert not found, f"line {block.line}: " + "\n".join(found)

    def end(self):
        if self.server:
            status = self.server.terminate()
            assert not self.server.release(), "processes were left behind"
            assert status == 0, self.server.text()

    def _serve(self):
        assert self.config is not None, "a run before any bide.yaml"
        if self.server and self.server.text_of_config == self.config:
            return
        if self.server:
            self.server.terminate()
        self._tools()
        self.server = Server(self.dir, self.config)
        self.server.text_of_config = self.config
        self.server.start()

    def _tools(self):
        """What an installation has, as far as pages use it."""
        if self.bin.exists():
            return
        self.bin.mkdir()
        (self.bin / "bide").symlink_to(BIDE)
        for path, file in (("include/bide.h", ROOT / "include/bide.h"), ("include/bide_follow.h", ROOT / "include/bide_follow.h"), ("lib/pkgconfig/bide.pc", f"{BUILD}/bide.pc"),
                           ("lib/libbide.so", f"{BUILD}/libbide.so"), ("lib/libbide.so.0", f"{BUILD}/libbide.so")):
            (self.prefix / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, self.prefix / path)
        shutil.copy(ROOT / "sdk/js/bide.js", self.dir)  # "copy it beside your page"
        (self.dir / "node_modules").mkdir()
        (self.dir / "node_modules/bide").symlink_to(ROOT / "sdk/node")  # as `npm install` of a folder does it

    def _environment(self, address):
        env = {k: v for k, v in os.environ.items() if not k.startswith("BIDE_")}
        return {
            **env,
            "BIDE_SERVER": f"http://{address}",
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "PKG_CONFIG_PATH": f"{self.prefix}/lib/pkgconfig",
            "LD_RUN_PATH": f"{self.prefix}/lib",
            "NO_COLOR": "1",
        }
