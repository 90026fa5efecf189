# SPDX-License-Identifier: Apache-2.0
"""The server of canned answers as a fixture."""
import pytest

from canned import Server


@pytest.fixture
def server():
    s = Server()
    yield s
    s.shutdown()
    s.server_close()
