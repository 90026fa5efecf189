# SPDX-License-Identifier: Apache-2.0
"""bide config: each value with its origin, the same as JSON, and what is wrong on standard error. No server is asked."""
import json
import os
import subprocess

from canned import BIDE

FILE = """\
store: "mem:"
workers: {w: {command: [./w], env: {API_KEY: hush, THREADS: 2}}}
types: {t: {worker: w, timeout: 5s}}
"""


def config(directory, *words, **variables):
    env = {k: v for k, v in os.environ.items() if not k.startswith("BIDE_")}
    done = subprocess.run([BIDE, "config", *words], cwd=directory, env={**env, **variables}, capture_output=True, text=True,
                          timeout=30)
    return done.returncode, done.stdout, done.stderr


def test_every_value_is_shown_with_its_origin_and_secrets_are_masked(tmp_path):
    (tmp_path / "bide.yaml").write_text(FILE)
    code, out, err = config(tmp_path, "--listen", "127.0.0.1:1", BIDE_QUEUES_DEFAULT_CONCURRENCY="7")
    rows = {line.split()[0]: line.split(None, 2)[1:] for line in out.splitlines()}
    assert (code, err) == (0, "")
    assert rows["listen"] == ["--listen", '["127.0.0.1:1"]']
    assert rows["store"] == ["bide.yaml:1", "mem:"]
    assert rows["queues.default.concurrency"] == ["BIDE_QUEUES_DEFAULT_CONCURRENCY", "7"]
    assert rows["types.t.timeout"] == ["bide.yaml:3", "5s"]
    assert rows["types.t.grace"] == ["defaults.grace", "10s"]
    assert "hush" not in out and rows["workers.w.env"][1] == '{"API_KEY":"***","THREADS":"2"}'


def test_json_has_the_same_values(tmp_path):
    (tmp_path / "other.yaml").write_text(FILE)
    code, out, _ = config(tmp_path, "--config", "other.yaml", "--json")
    seen = json.loads(out)
    values = {one["key"]: one for one in seen["values"]}
    assert (code, seen["file"]) == (0, "other.yaml")
    assert values["store"] == {"key": "store", "value": "mem:", "from": "file", "origin": "other.yaml:1"}
    assert values["defaults.max_attempts"]["value"] == 3
    assert values["workers.w.env"]["value"] == {"API_KEY": "***", "THREADS": "2"}
    assert values["types.t.exec"]["value"] is None


def test_what_is_wrong_goes_to_standard_error_and_ends_with_78(tmp_path):
    (tmp_path / "bide.yaml").write_text("stor: x\n")
    code, out, err = config(tmp_path, BIDE_DEFAULTS_TIMEOUT="90")
    assert (code, out) == (78, "")
    assert 'bide.yaml:1:1: unknown key "stor" (did you mean "store"?)' in err
    assert "\nBIDE_DEFAULTS_TIMEOUT: expected a duration" in "\n" + err


def test_a_variable_that_is_nearly_one_is_a_warning(tmp_path):
    code, out, err = config(tmp_path, BIDE_STOR="sqlite:/secret-place")
    assert code == 0 and out
    assert err == "bide: the variable BIDE_STOR sets nothing: did you mean BIDE_STORE?\n"


def test_the_keys_are_those_of_the_documentation(tmp_path):
    code, out, _ = config(tmp_path, "--keys")
    assert code == 0 and out.splitlines()[0].split() == "SECTION KEY TYPE UNIT RANGE DEFAULT MEANING".split()
    rows = {(one["section"], one["key"]): one for one in json.loads(config(tmp_path, "--keys", "--json")[1])}
    assert rows["queues.NAME", "concurrency"]["range"] == "1 to 100000"
