# SPDX-License-Identifier: Apache-2.0
"""A client of bide's WebSockets: Python's `websockets`, with what the tests say and hear as dicts."""
import asyncio
import json
import socket

import openapi
import pytest
import websockets
from harness import PATIENCE
from streams import Event, checked


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 4 * PATIENCE))


def refused(coroutine):
    """The status that it is given instead of an upgrade."""
    with pytest.raises(websockets.InvalidStatusCode) as why:
        run(coroutine)
    return why.value.status_code


class Socket:
    """`async with Socket(bide) as ws`. Frames by hear(); what is told of a subscription by event()."""

    def __init__(self, bide, path="/v1/ws", protocols=("bide.v1",), small=False, **more):
        self.bide, self.small = bide, small
        self.early = []  # events heard before an answer that was waited for
        self.url = f"ws://127.0.0.1:{bide.port}{path}"
        self.more = {"subprotocols": protocols or None, "max_size": None, "open_timeout": PATIENCE, **more}

    async def __aenter__(self):
        if self.small:  # so that what is not read fills up soon
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", self.bide.port))
            self.more.update(sock=s, max_queue=1, read_limit=4096)
        self.ws = await websockets.connect(self.url, **self.more)
        return self

    async def __aexit__(self, *_):
        await self.ws.close()

    async def say(self, **message):
        await self.ws.send(json.dumps(message))

    async def hear(self):
        frame = json.loads(await asyncio.wait_for(self.ws.recv(), PATIENCE))
        if self.url.endswith("/v1/ws"):
            assert not openapi.errors(openapi.component("schemas", "WebSocketTold"), frame), frame
        return frame

    async def ask(self, **message):
        await self.say(**message)
        return await self.hear()

    async def subscribe(self, id, **what):
        message = {"op": "subscribe", "id": id, **what}
        assert not openapi.errors(openapi.component("schemas", "WebSocketSaid"), message), message
        await self.say(**message)
        while True:
            answer = await self.hear()
            if answer["op"] != "event":
                break
            self.early.append(answer)
        assert (answer["op"], answer["id"]) == ("subscribed", id), answer
        return answer

    async def event(self):
        """The next frame, an event: of which subscription, and what."""
        frame = self.early.pop(0) if self.early else await self.hear()
        assert frame["op"] == "event" and set(frame) == {"op", "sub", "event", "id", "data"}, frame
        return frame["sub"], checked(Event(frame["event"], frame["id"], json.dumps(frame["data"])))

    async def until(self, word, sub=None):
        """The events up to the first of this name (of that subscription), that one included."""
        seen = []
        while True:
            of, event = await self.event()
            if sub in (None, of):
                seen.append(event)
                if event.word == word:
                    return seen

    async def closed(self):
        """How it was closed: what was not read yet is dropped."""
        try:
            while True:
                await asyncio.wait_for(self.ws.recv(), PATIENCE)
        except websockets.ConnectionClosed:
            return self.ws.close_code, self.ws.close_reason
