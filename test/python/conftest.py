# SPDX-License-Identifier: Apache-2.0
"""bide is importable from the tree; `connect` makes a client of either kind, `client` one of bide.inline
with `worker` behind it, `desk` and `start` a puller and its server."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "sdk/python"))

from both_clients import Asynchronous, Blocking  # noqa: E402
from fake_desk import FakeDesk, Puller  # noqa: E402

from bide import inline  # noqa: E402
from bide.worker import Worker  # noqa: E402


@pytest.fixture(params=[Blocking, Asynchronous])
def connect(request):
    made = []

    def make(server, **options):
        made.append(request.param(server if isinstance(server, str) else server.url, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def worker():
    return Worker()


@pytest.fixture
def client(worker):
    with inline.Client(worker) as client:
        yield client


@pytest.fixture
def desk():
    it = FakeDesk()
    yield it
    it.close()


@pytest.fixture
def start(desk):
    """start(concurrency, name=value): a puller that is ready."""
    made = []

    def ready(concurrency=1, **options):
        made.append(Puller(desk.url, **options))
        made[-1].channel.write({"op": "ready", "concurrency": concurrency})
        return made[-1]

    yield ready
    for one in made:
        one.channel.stop()
