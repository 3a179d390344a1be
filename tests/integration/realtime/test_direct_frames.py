"""Frames written past ASGI: the same to a client, of any size, and refused where the client does not keep up."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from websockets.asyncio.client import connect

from entrypoints.http.direct_frames import EXTENSION, DirectFrames, DirectProtocol

SIZES = (0, 1, 125, 126, 65_535, 65_536, 200_000)


class Served:
    """An application that keeps its sockets, and answers what it is sent."""

    def __init__(self) -> None:
        self.sockets: list[DirectFrames] = []
        self.ended = asyncio.Event()
        self.port = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        before = scope["extensions"][EXTENSION]
        assert not before.write_text("too early")
        await send({"type": "websocket.accept"})
        self.sockets.append(before)
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        self.ended.set()


@asynccontextmanager
async def serving(app: Served | None = None, protocol: type[DirectProtocol] = DirectProtocol) -> AsyncIterator[Served]:
    app = app or Served()
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws=protocol, ws_per_message_deflate=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app.port = listening.getsockname()[1]
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield app
        finally:
            server.should_exit = True
            await task


async def test_direct_frames_of_any_size_arrive_between_ordinary_ones() -> None:
    async with serving() as app, connect(f"ws://127.0.0.1:{app.port}/", max_size=None) as client:
        heard = []
        for size in SIZES:
            text = "é" * (size // 2) + "x" * (size % 2)
            await client.send(f"before {size}")
            heard.append(await client.recv())
            assert app.sockets[0].write_text(text)
            heard.append(await client.recv())
            assert heard[-2:] == [f"before {size}", text]
    assert len(heard) == 2 * len(SIZES)


async def test_direct_frames_for_a_client_that_does_not_read_are_refused() -> None:
    async with serving() as app, connect(f"ws://127.0.0.1:{app.port}/", max_queue=1) as client:
        await client.send("hello")
        await client.recv()
        text, taken = "x" * 100_000, 0
        while app.sockets[0].write_text(text):
            taken += 1
            await asyncio.sleep(0)
        assert 0 < taken < 1_000
        for _ in range(taken):
            assert await client.recv() == text
        while not app.sockets[0].write_text("again"):  # noqa: ASYNC110 - what is asked is the question
            await asyncio.sleep(0.01)
        assert await client.recv() == "again"


async def test_direct_frames_for_a_client_that_left_are_refused() -> None:
    async with serving() as app:
        async with connect(f"ws://127.0.0.1:{app.port}/") as client:
            await client.send("hello")
            await client.recv()
        await app.ended.wait()

        assert not app.sockets[0].write_text("too late")
