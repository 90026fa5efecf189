# SPDX-License-Identifier: Apache-2.0
"""Every example of the documents works: it is run, or is at least what it says it is."""
import configparser
import json
import shutil
import subprocess

import pytest
from examples import Bench, differences, text_differences
from pages import PAGES, ROOT, sections

ALL = [(page, section) for page in PAGES for section in sections(page)]
RUN = [(page, section) for page, section in ALL if any({"run", "wrong", "serve"} & set(b.words) for b in section.blocks)]
CHECKED = {"json", "yaml", "sh", "python", "js", "c", "go", "rust", "ini"}
PLAIN = {"", "text"}


def name(value):
    return value.replace("/", "-") if isinstance(value, str) else value.title.replace(" ", "-").replace("/", "-") or "top"


def needs(block):
    program = block.options.get("needs")
    if program and not shutil.which(program):
        pytest.skip(f"there is no {program} here")


@pytest.fixture
def bench(tmp_path):
    it = Bench(tmp_path)
    yield it
    it.end()


@pytest.mark.parametrize("page,section", RUN, ids=name)
def test_the_examples_of_a_section_do_what_the_page_says(bench, page, section):
    for earlier in sections(page):
        if earlier == section:
            break
        for block in earlier.blocks:
            if "file" in block.options and "wrong" not in block.words:
                bench.write(block)
    for block in section.blocks:
        needs(block)
        if "file" in block.options:
            bench.write(block)
        if "run" in block.words:
            bench.run(block)
        elif "serve" in block.words:
            bench.serve(block)
        elif "wrong" in block.words:
            bench.check(block)
        elif "answer" in block.words:
            bench.compare(block)


def check_json(block, tmp_path):
    try:
        json.loads(block.text)
    except ValueError:
        for line in block.text.splitlines():
            json.loads(line)


def check_yaml(block, tmp_path):
    Bench(tmp_path).check(block)


def check_python(block, tmp_path):
    compile(block.text, "example", "exec")


def check_ini(block, tmp_path):
    assert configparser.ConfigParser().read_string(block.text) is None


def syntax_of(command, suffix):
    def check(block, tmp_path):
        if not shutil.which(command[0]):
            pytest.skip(f"there is no {command[0]} here")
        path = tmp_path / f"example{suffix}"
        path.write_text(block.text, encoding="utf-8")
        done = subprocess.run([*command, str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    return check


CHECKS = {
    "json": check_json,
    "yaml": check_yaml,
    "python": check_python,
    "ini": check_ini,
    "sh": syntax_of(["sh", "-n"], ".sh"),
    "js": syntax_of(["node", "--check"], ".mjs"),
    "c": syntax_of(["gcc", "-std=gnu11", "-Wall", "-Werror", "-fsyntax-only", f"-I{ROOT}/include", f"-I{ROOT}/src", "-D_GNU_SOURCE"], ".c"),
    "go": syntax_of(["gofmt", "-l", "-e"], ".go"),
    "rust": syntax_of(["rustc", "--edition=2021", "--emit=metadata", "-Dwarnings"], ".rs"),
}
assert set(CHECKS) == CHECKED
BLOCKS = [
    pytest.param(page, block, id=f"{name(page)}-{block.line}-{block.language}")
    for page, section in ALL
    for block in section.blocks
    if block.language in CHECKED and not ("answer" in block.words and block.language != "json")
]


@pytest.mark.parametrize("page,block", BLOCKS)
def test_an_example_is_of_the_language_it_says(tmp_path, page, block):
    CHECKS[block.language](block, tmp_path)


def test_every_block_says_what_is_to_be_checked():
    strange = [f"{p}:{b.line}: {b.language}" for p, s in ALL for b in s.blocks if b.language not in CHECKED | PLAIN]
    assert not strange
    asked = {b.line for _, s in RUN for b in s.blocks}
    assert not [f"{p}:{b.line}" for p, s in ALL for b in s.blocks if "answer" in b.words and b.line not in asked]
    words = {"run", "answer", "wrong", "serve"}
    strange = [f"{p}:{b.line}: {w}" for p, s in ALL for b in s.blocks for w in b.words if w not in words]
    assert not strange


def test_a_wrong_answer_is_seen():
    """The comparison can fail: with another value, a member more or less, another kind."""
    seen = {"id": "01a1", "n": 1, "list": [1, 2], "ok": True}
    assert not differences({"id": "...", "n": 1, "list": [1, "..."], "ok": True}, seen)
    assert not differences({"...": "...", "id": "01..."}, seen)
    for shown in (
        {**seen, "n": 2}, {**seen, "m": 1}, {"id": "01a1"}, {**seen, "list": [1]}, {**seen, "ok": 1}, {**seen, "id": "02..."}
    ):
        assert differences(shown, seen), shown
    assert not text_differences("a ...\n...\nz\n", "a b\nc\nd\nz\n")
    assert text_differences("a\nb\n", "a\nc\n") and text_differences("a\n", "a\nb\n")


def test_a_failing_example_is_seen(tmp_path):
    """A page that is not true fails: an example that ends badly, a configuration that is taken for right."""
    page = "```yaml file=bide.yaml\ntypes: {hello: {exec: [/bin/true]}}\n```\n```sh run\nbide submit nothing\n```\n"
    (tmp_path / "page.md").write_text(page)
    bench = Bench(tmp_path)
    try:
        [section] = sections(str(tmp_path / "page.md"))
        bench.write(section.blocks[0])
        with pytest.raises(AssertionError, match="no type"):
            bench.run(section.blocks[1])
        with pytest.raises(AssertionError):
            bench.check(section.blocks[0]._replace(words=["wrong"]))
    finally:
        bench.end()
