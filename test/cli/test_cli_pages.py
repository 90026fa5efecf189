# SPDX-License-Identifier: Apache-2.0
"""What the program writes about itself: manual pages that man and mandoc take without a warning, and completion scripts
that are run in their shells."""
import re
import shutil
import subprocess

import pytest

from canned import BIDE, bide

VERBS = re.findall(r"^  (\w+) +\w", bide(None, "help")[1], re.M)
PAGES = [[], ["bide.yaml"], *([verb] for verb in VERBS)]


def run(*words, input=None, cwd=None):
    return subprocess.run(words, input=input, capture_output=True, text=True, timeout=60, cwd=cwd)


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


@pytest.fixture
def script(tmp_path, request):
    code, out, err = bide(None, "completion", request.param)
    assert (code, err) == (0, "")
    path = tmp_path / "script"
    path.write_text(out)
    return path


# ---- manual pages ----

@pytest.mark.parametrize("topic", PAGES, ids=str)
@needs("mandoc")
def test_mandoc_has_nothing_to_say_about_a_page(topic):
    said = run("mandoc", "-Tlint", "-Wwarning", input=bide(None, "help", "--man", *topic)[1]).stdout
    assert [line for line in said.splitlines() if "missing date" not in line] == []


@pytest.mark.parametrize("topic", PAGES, ids=str)
@needs("groff")
def test_groff_has_nothing_to_say_about_a_page(topic):
    r = run("groff", "-man", "-ww", "-Tutf8", "-Z", input=bide(None, "help", "--man", *topic)[1])
    assert (r.returncode, r.stderr) == (0, "")


def plain(page):
    return re.sub(r"\\f[BIR]|\\&", "", page).replace("\\-", "-").replace("\\e", "\\")


def test_a_verbs_page_has_its_options_and_actions():
    for verb in VERBS:
        page = plain(bide(None, "help", "--man", verb)[1])
        shown = re.findall(r"^  (\S+).* {2,}", bide(None, "help", verb)[1], re.M)
        assert [word for word in shown if f".TP\n{word}" not in page] == [], verb
        assert f"bide-{verb} \\- " in page.replace(" - ", " \\- ")


def test_the_first_page_has_every_verb_and_exit_code():
    page = plain(bide(None, "help", "--man")[1])
    assert [verb for verb in VERBS if f".TP\n{verb}" not in page] == []
    assert re.findall(r"^\.TP\n(\d+)$", page, re.M) == ["0", "1", "2", "3", "64", "69", "70", "74", "75", "78", "124"]


def test_the_configurations_page_has_the_keys():
    page = plain(bide(None, "help", "--man", "bide.yaml")[1])
    for key in "listen", "keep_alive", "backoff", "capacity", "exec", "stdout":
        assert f".TP\n{key} " in page, key
    assert "bide.yaml - " in page


# ---- completion ----

def test_an_unknown_shell_is_explained():
    code, out, err = bide(None, "completion", "tcsh")
    assert (code, out) == (64, "") and "bash, zsh or fish" in err


BASH = """
set -u
. "$0"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMPREPLY=()
_bide
[ ${#COMPREPLY[@]} = 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("script", ["bash"], indirect=True)
def test_bash_completes(script):
    def complete(*words):
        r = run("bash", "-c", BASH, str(script), "bide", *words, cwd=script.parent)
        assert (r.returncode, r.stderr) == (0, "")
        return r.stdout.split()

    assert set(VERBS) <= set(complete(""))
    assert complete("wat") == ["watch"]
    assert complete("submit", "--pri") == ["--priority"]
    assert complete("check", "--js") == ["--json"] and complete("check", "--ser") == []
    assert complete("queue", "p") == ["pause", "purge"]
    assert complete("worker", "") == ["list", "recycle", "stop"]
    assert complete("completion", "") == ["bash", "zsh", "fish"]
    assert complete("help", "sub") == ["submit"]
    assert complete("submit", "t", "--priority", "") == []
    assert complete("submit", "t", "--input", "sc") == ["script"]
    assert complete("submit", "t", "--input", "@sc") == ["@script"]
    assert complete("nothing", "") == []
    for verb in VERBS:
        options = re.findall(r"^  (--[\w-]+)", bide(None, "help", verb)[1], re.M)
        assert set(complete(verb, "--")) == {*options, "--help"}, verb


@pytest.mark.parametrize("script", ["zsh"], indirect=True)
@needs("zsh")
def test_zsh_takes_the_script(script):
    r = run("zsh", "-n", str(script))
    assert (r.returncode, r.stderr) == (0, "")
    r = run("zsh", "-fc", f"autoload -Uz compinit; compinit -D -u; . {script}; print ${{_comps[bide]}}")
    assert (r.returncode, r.stdout, r.stderr) == (0, "_bide\n", "")
    assert set(re.findall(r"^    (\w+)\)$", script.read_text(), re.M)) == set(VERBS)


@pytest.mark.parametrize("script", ["fish"], indirect=True)
@needs("fish")
def test_fish_completes(script, tmp_path):
    def complete(line):
        r = subprocess.run(["fish", "-N", "-c", f'source {script}; complete -C "{line}"'], capture_output=True, text=True,
                           timeout=60, cwd=tmp_path, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
        assert (r.returncode, r.stderr) == (0, "")
        return [candidate.split("\t")[0] for candidate in r.stdout.splitlines()]

    assert complete("bide wat") == ["watch"]
    assert complete("bide submit --pri") == ["--priority"]
    assert complete("bide queue pa") == ["pause"]
    assert sorted(complete("bide completion ")) == ["bash", "fish", "zsh"]
    assert complete("bide submit t --input sc") == ["script"]
    assert complete("bide submit --ya") == []
