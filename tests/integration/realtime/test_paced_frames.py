"""What is sent at once is taken in pieces: nothing is lost, nobody waits, who sends without an end is closed."""

import asyncio
import logging
import os
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from entrypoints.http.direct_frames import EXTENSION, DirectProtocol
from entrypoints.http.paced_frames import CONTROL_BURST, LINGER_SECONDS, PIECE
from tests.integration.realtime.test_direct_frames import Served, serving

PATIENCE = 10.0
LENGTHS = (0, 1, 7, 125, 126, PIECE - 7, PIECE, PIECE + 1, 3 * PIECE, 70_000, 200_000)


class Counting(Served):
    """Counts what its first socket sends, and answers the others."""

    taken = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.sockets:
            await super().__call__(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        self.sockets.append(scope["extensions"][EXTENSION])
        while (await receive())["type"] == "websocket.receive":
            self.taken += 1
        self.ended.set()


def frames(*payloads: bytes, opcode: Opcode = Opcode.TEXT, fin: bool = True) -> bytes:
    """Frames as a client sends them, in one piece."""
    return b"".join(Frame(opcode, payload, fin).serialize(mask=True) for payload in payloads)


def write(client: ClientConnection, data: bytes) -> None:
    """Send bytes past the client's own protocol."""
    client.transport.write(data)


async def close_code(client: ClientConnection) -> int:
    async with asyncio.timeout(PATIENCE):
        try:
            while True:
                await client.recv()
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else 1006


async def test_paced_messages_of_any_size_sent_at_once_come_whole_and_in_order() -> None:
    texts = [os.urandom(length // 2).hex() + "x" * (length % 2) for length in LENGTHS * 3]
    async with serving() as app, connect(f"ws://127.0.0.1:{app.port}/", max_size=None) as client:
        write(client, frames(*[text.encode() for text in texts]))
        async with asyncio.timeout(PATIENCE):
            heard = [await client.recv() for _ in texts]
        await client.close()

    assert heard == texts
    assert client.close_code == 1000


async def test_paced_message_in_pieces_comes_whole() -> None:
    parts = [b"a" * length for length in LENGTHS]
    async with serving() as app, connect(f"ws://127.0.0.1:{app.port}/", max_size=None) as client:
        begun = frames(parts[0], fin=False) + frames(*parts[1:], opcode=Opcode.CONT, fin=False)
        write(client, begun + frames(b"end", opcode=Opcode.CONT))
        heard = await client.recv()

    assert heard == (b"".join(parts) + b"end").decode()


async def test_paced_close_behind_many_messages_is_answered() -> None:
    async with serving(app := Counting()), connect(f"ws://127.0.0.1:{app.port}/") as client:
        write(client, frames(*[b"hello"] * 2_000))
        await client.close(4123)
        async with asyncio.timeout(PATIENCE):
            await app.ended.wait()

    assert (client.close_code, app.taken) == (4123, 2_000)


async def test_paced_flood_lets_another_client_through_between_its_pieces() -> None:
    app = Counting()
    async with (
        serving(app),
        connect(f"ws://127.0.0.1:{app.port}/") as flooder,
        connect(f"ws://127.0.0.1:{app.port}/") as other,
    ):
        write(flooder, frames(*[b""] * 40_000))
        await other.send("hello")
        assert await other.recv() == "hello"
        taken_when_answered = app.taken
        await flooder.close()
        async with asyncio.timeout(PATIENCE):
            await app.ended.wait()

    assert taken_when_answered < 10_000
    assert app.taken == 40_000


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG, Opcode.CONT])
async def test_paced_frames_that_nobody_receives_are_limited(opcode: Opcode) -> None:
    async with serving() as app, connect(f"ws://127.0.0.1:{app.port}/") as client:
        begun = frames(b"", fin=False) if opcode is Opcode.CONT else b""
        write(client, begun + frames(*[b""] * CONTROL_BURST, opcode=opcode, fin=opcode is not Opcode.CONT))
        write(client, frames(b"end", opcode=Opcode.CONT) if opcode is Opcode.CONT else frames(b"end"))
        assert await client.recv() == "end"
        write(client, frames(b"", fin=False) if opcode is Opcode.CONT else b"")
        write(client, frames(*[b""] * 2 * CONTROL_BURST, opcode=opcode, fin=opcode is not Opcode.CONT))
        code = await close_code(client)
        async with asyncio.timeout(PATIENCE):
            await app.ended.wait()

    assert code == 4029


async def test_paced_close_of_the_client_behind_messages_is_found_after_our_own() -> None:
    class Closing(Served):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            await receive()
            await send({"type": "websocket.close", "code": 4029})

    async with serving(app := Closing()):
        reader, writer = await _opened(app.port)
        writer.write(frames(*[b"hello"] * 1_000) + frames(b"\x03\xe8", opcode=Opcode.CLOSE))
        async with asyncio.timeout(PATIENCE / 2):
            rest = await reader.read()
        writer.close()

    assert rest == Frame(Opcode.CLOSE, (4029).to_bytes(2, "big")).serialize(mask=False)


async def test_paced_client_that_leaves_the_last_bytes_unread_is_torn_off() -> None:
    class Telling(Served):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            direct = scope["extensions"][EXTENSION]
            await send({"type": "websocket.accept"})
            while direct.write_text("x" * 1_000_000):
                pass
            self.ended.set()

    class Hasty(DirectProtocol):
        abort_seconds = 0.2

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    lost = asyncio.Event()
    async with serving(app := Telling(), Hasty):
        _, writer = await _opened(app.port)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await app.ended.wait()
        was_lost = lost.is_set()
        async with asyncio.timeout(PATIENCE):
            await lost.wait()
        writer.close()

    assert not was_lost


async def test_paced_text_that_is_not_utf8_closes_with_1007_and_is_no_failure_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as app, connect(f"ws://127.0.0.1:{app.port}/") as client:
        write(client, frames(b"\xff\xfe"))
        code = await close_code(client)
        async with asyncio.timeout(PATIENCE):
            await app.ended.wait()

    assert code == 1007
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("lasting", [0.0, 0.5])
async def test_paced_client_that_sends_on_after_our_close_is_hung_up_on(lasting: float) -> None:
    class Closing(Served):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4029})
            await asyncio.sleep(lasting)

    app = Closing()
    async with serving(app):
        _, writer = await _opened(app.port)
        async with asyncio.timeout(LINGER_SECONDS + 4):
            sent = await _send_until_hung_up_on(writer, frames(b"junk") * 10_000)

    assert sent < 20_000_000


async def _opened(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A socket without a client's protocol."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def _send_until_hung_up_on(writer: asyncio.StreamWriter, data: bytes) -> int:
    sent = 0
    try:
        while True:
            writer.write(data)
            await writer.drain()
            sent += len(data)
    except ConnectionError:
        return sent
    finally:
        writer.close()
