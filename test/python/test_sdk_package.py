# SPDX-License-Identifier: Apache-2.0
"""bide as a package: what is in its wheel, its types, and that it says what everything is."""
import ast
import importlib
import importlib.util
import inspect
import pkgutil
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bide

HERE = Path(__file__).parent
SDK = HERE.parents[1] / "sdk/python"
MODULES = sorted(m.name for m in pkgutil.walk_packages([str(SDK / "bide")], "bide.")) + ["bide"]


def missing(*modules):
    return [name for name in modules if importlib.util.find_spec(name) is None]


@pytest.mark.skipif(missing("setuptools", "wheel", "pip"), reason="no setuptools, wheel and pip here")
def test_the_wheel_holds_every_module_and_works_from_where_it_is_installed(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(SDK, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    build = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-q", "-w", tmp_path]
    done = subprocess.run([*build, source], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = tmp_path.glob("*.whl")
    assert wheel.name == f"bide-{bide.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = archive.read(f"bide-{bide.__version__}.dist-info/METADATA").decode()
        archive.extractall(tmp_path / "site")
    assert names == {p.relative_to(SDK).as_posix() for p in (SDK / "bide").rglob("*") if p.suffix in (".py", ".typed")}
    assert "Requires-Python: >=3.9" in metadata and "Requires-Dist" not in metadata
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import bide, bide.aio, bide.worker, bide.inline as i\n"
        "w = bide.worker.Worker(); w.task('t')(lambda task: task.input)\n"
        "assert i.Client(w).submit('t', 1, wait=1)['result'] == 1; print(bide.__file__)"
    )
    run = [sys.executable, "-I", "-c", program, tmp_path / "site"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.stdout.startswith(str(tmp_path / "site")), done.stderr


@pytest.mark.skipif(missing("mypy"), reason="no mypy here")
@pytest.mark.parametrize("version", ["3.9", "3.11"])
def test_the_types_hold_and_can_be_used(tmp_path, version):
    check = [sys.executable, "-m", "mypy", "--strict", "--python-version", version, "--cache-dir", tmp_path]
    done = subprocess.run(
        [*check, SDK / "bide", HERE / "typed_use.py"], capture_output=True, text=True, timeout=300, cwd=SDK
    )
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from bide.client import Client\nn: int = Client().log('x')\n")
    done = subprocess.run([*check, wrong], capture_output=True, text=True, timeout=300, cwd=SDK)
    assert done.returncode == 1 and "Incompatible types" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("module", MODULES)
def test_everything_public_says_what_it_is(module):
    module = importlib.import_module(module)
    things = [module]
    for name, thing in vars(module).items():
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__ and inspect.isclass(thing):
            things.append(thing)
            things += [m for n, m in vars(thing).items() if not n.startswith("_") and inspect.isfunction(m)]
    if module.__name__ in ("bide.client", "bide.aio", "bide.inline", "bide.worker", "bide.handlers", "bide.task"):
        assert [thing for thing in things if not thing.__doc__] == []
    else:
        assert module.__doc__


def test_the_source_is_python_3_9():
    for path in (SDK / "bide").rglob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 9))


def test_a_worker_loads_no_http_client():
    program = "import sys, bide.worker; print([m for m in ('http.client', 'urllib.request', 'bide.call') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=SDK)
    assert done.stdout == "[]\n", done.stdout + done.stderr
