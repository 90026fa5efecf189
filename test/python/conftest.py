# SPDX-License-Identifier: Apache-2.0
"""bide is importable from the tree, and `connect` makes a client of either kind."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "sdk/python"))

from both_clients import Asynchronous, Blocking  # noqa: E402


@pytest.fixture(params=[Blocking, Asynchronous])
def connect(request):
    made = []

    def make(server, **options):
        made.append(request.param(server if isinstance(server, str) else server.url, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()
