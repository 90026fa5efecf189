# SPDX-License-Identifier: Apache-2.0
"""Fixtures: servers that are gone, with everything they started, when their test is. Shared by test/api and test/crash."""
import os
import tempfile

import pytest
from harness import ACTOR, BIDE, QUICK, Server, remove
from remote import Remote


def pytest_sessionstart(session):
    if not os.access(BIDE, os.X_OK):
        pytest.exit(f"{BIDE} is missing: make build, or BIDE_BIN", returncode=1)


class Fleet:
    """Makes servers and ends them."""

    def __init__(self):
        self.servers = []

    def prepare(self, config, args=()):
        """A server that has not been started."""
        server = Server(tempfile.mkdtemp(prefix="bide-test-"), config, args)
        self.servers.append(server)
        return server

    def __call__(self, config=None, **parts):
        """A started server. `config`: all of bide.yaml; or its parts as keywords, over `act` types on one pool."""
        return self.prepare(config if config is not None else with_actor(**parts)).start()

    def release(self):
        left = [pid for server in self.servers for pid in server.release()]
        for server in self.servers:
            remove(server.dir)
        assert not left, f"processes left behind: {left}"


def with_actor(pool=None, types=None, queues=None, **rest):
    """A configuration whose type `act` runs actor.py."""
    return {
        "defaults": QUICK,
        "queues": queues or {"default": {"concurrency": 4}},
        "workers": {"actor": {"command": ACTOR, **(pool or {})}},
        "types": {"act": {"worker": "actor"}, **(types or {})},
        **rest,
    }


@pytest.fixture
def serve():
    """serve(config) or serve(pool=..., types=..., queues=...): a server for this test alone."""
    fleet = Fleet()
    yield fleet
    fleet.release()


@pytest.fixture(scope="module")
def bide():
    """A server for all tests of a file: type `act` on four processes, `cat` and `fail` as commands."""
    fleet = Fleet()
    yield fleet(
        pool={"instances": 4},
        queues={"default": {"concurrency": 8}, "other": {"concurrency": 1}},
        types={
            "cat": {"exec": ["/bin/cat"]},
            "fail": {"exec": ["/bin/sh", "-c", "echo sorry >&2; exit 1"], "max_attempts": 1},
            "later": {"exec": ["/bin/cat"], "queue": "other"},
        },
    )
    fleet.release()


@pytest.fixture(scope="module")
def elsewhere():
    """Somebody else's server, for all tests of a file."""
    other = Remote()
    yield other
    other.close()


@pytest.fixture
def remote(elsewhere):
    """That server, with nothing in it of the test before."""
    elsewhere.forget()
    return elsewhere
