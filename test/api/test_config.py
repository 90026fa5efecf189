# SPDX-License-Identifier: Apache-2.0
"""The configuration of a server: what it says of it at the start, and secrets on their way to the programs."""
import os
import subprocess

from harness import BIDE, until

SAY = ["/bin/sh", "-c", "cat >/dev/null; echo $WORD-$PLAIN"]


def test_a_secret_reaches_the_program_and_nobody_else(serve):
    server = serve.prepare({"types": {"say": {"exec": SAY, "env": {"PLAIN": "file:token"}, "secret_env": {"WORD": "file:token"}}}})
    (server.dir / "token").write_text("hush\n")
    os.chmod(server.dir / "token", 0o600)
    server.start()
    assert server.ended(server.submit("say")["id"])["result"] == {"stdout": "hush-file:token\n"}
    assert "hush" not in server.text()


def test_a_secret_reaches_a_worker(serve):
    server = serve.prepare({
        "workers": {"w": {"command": ["/bin/sh", "-c", """echo '{"op":"ready","proto":1}' >&4
            while read -r line <&3; do
                case $line in *'"stop"'*) exit 0;; esac
                id=${line#*'"id":"'}; id=${id%%'"'*}; echo "{\\"op\\":\\"done\\",\\"id\\":\\"$id\\",\\"result\\":\\"$WORD\\"}" >&4
            done"""], "secret_env": {"WORD": "file:token"}}},
        "types": {"say": {"worker": "w"}}})
    (server.dir / "token").write_text("hush\n")
    os.chmod(server.dir / "token", 0o600)
    server.start()
    assert server.ended(server.submit("say")["id"])["result"] == "hush"


def test_a_server_does_not_start_with_a_secret_that_everybody_can_read(serve):
    server = serve.prepare({"types": {"say": {"exec": SAY, "secret_env": {"WORD": "file:token"}}}})
    (server.dir / "token").write_text("hush\n")
    os.chmod(server.dir / "token", 0o644)
    server.launch()
    assert server.exited() == 78
    assert "token: everybody can read it (mode 0644)" in server.text() and "hush" not in server.text()


def test_without_a_file_the_server_says_where_everything_is_and_what_to_type_next(tmp_path):
    env = {k: v for k, v in os.environ.items() if not k.startswith("BIDE_")}
    out = tmp_path / "said"
    with open(out, "wb") as f:
        server = subprocess.Popen([BIDE, "serve", "--listen", "127.0.0.1:0"], cwd=tmp_path, stdout=f, stderr=f,
                                  env={**env, "XDG_STATE_HOME": str(tmp_path / "state"), "BIDE_LISTN": "x"})
    try:
        until(lambda: "curl " in out.read_text(), "what to type next")
        said = out.read_text()
        url = said.split("listening on ")[1].split()[0]
        assert f"sqlite:{tmp_path}/state/bide/bide.db" in said and "config  none" in said
        assert f"\n      bide submit hello --input '{{\"name\":\"you\"}}' --wait --server {url}\n" in said
        assert f"\n      bide run --server {url} -- echo hello\n" in said
        run = subprocess.run([BIDE, "run", "--server", url, "--", "echo", "hello"], cwd=tmp_path, capture_output=True,
                             text=True, env={**env, "XDG_STATE_HOME": str(tmp_path / "state")}, timeout=60)  # fmt: skip
        assert (run.returncode, run.stdout) == (0, "hello\n"), run.stderr
        assert f"\n      bide list --server {url}\n" in said and f"\n      curl {url}/v1/stats\n" in said
        assert "BIDE_LISTN sets nothing: did you mean BIDE_LISTEN?" in said
    finally:
        server.terminate()
        assert server.wait(30) == 0
