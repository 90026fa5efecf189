# SPDX-License-Identifier: Apache-2.0
"""The asyncio client's iterators, spoken to as the blocking client's."""
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "sdk/python"))

from bide.aio import AsyncClient  # noqa: E402


class Asynchronous:
    """Each iterator has a client and a loop of its own."""

    def __init__(self, url, **options):
        self.url, self.options = url, options

    def __getattr__(self, name):
        def call(*args, **named):
            loop = asyncio.new_event_loop()
            client = AsyncClient(self.url, **self.options)
            items = getattr(client, name)(*args, **named)
            try:
                while True:
                    try:
                        yield loop.run_until_complete(items.__anext__())
                    except StopAsyncIteration:
                        return
            finally:
                loop.run_until_complete(items.aclose())
                loop.run_until_complete(client.close())
                loop.close()

        return call
