# SPDX-License-Identifier: Apache-2.0
"""The two clients behind one way of calling them: what a test says once, both are held to."""
import asyncio
import inspect

from bide.aio import AsyncClient
from bide.client import Client


class Blocking:
    """The blocking client, spoken to as below."""

    def __init__(self, url, **options):
        self.client = Client(url, **options)

    def __call__(self, method, *args, **named):
        value = getattr(self.client, method)(*args, **named)
        return list(value) if inspect.isgenerator(value) else value

    def close(self):
        self.client.close()


class Asynchronous:
    """The asyncio client, on a loop of its own, so that a connection lives from call to call."""

    def __init__(self, url, **options):
        self.loop = asyncio.new_event_loop()
        self.client = AsyncClient(url, **options)

    def __call__(self, method, *args, **named):
        return self.loop.run_until_complete(self._call(method, args, named))

    async def _call(self, method, args, named):
        value = getattr(self.client, method)(*args, **named)
        return [item async for item in value] if inspect.isasyncgen(value) else await value

    def close(self):
        self.loop.run_until_complete(self.client.close())
        self.loop.close()
