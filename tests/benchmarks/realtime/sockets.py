"""Sockets of the product: signed in, and subscribed to a channel."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tests.benchmarks.realtime.crowd import Listener, opened, request

Heard = Callable[[Listener, bytes], None]


async def subscribed(
    port: int, tokens: Sequence[str], channels: str | Sequence[str], on_text: Heard, at_once: int = 50, **place: Any
) -> list[Listener]:
    """A socket of each token's member, once the server has said that it hears the channel, or its own of several.

    `place` is the epoch and the offset to go on from. `on_text` gets the answer to the subscription and what follows.
    """
    answered = asyncio.get_running_loop().create_future()
    left = len(tokens)
    names = [channels] * left if isinstance(channels, str) else channels
    asked = [msgspec.json.encode({"type": "subscribe", "channel": name, **place}) for name in names]

    def hear(listener: Listener, text: bytes) -> None:
        nonlocal left
        if text.startswith(b'{"type":"welcome"'):
            listener.send(asked[listener.number])
            return
        if b'"type":"error"' in text:
            answered.set_exception(RuntimeError(text.decode()))
            return
        if b'"type":"subscribed"' in text:
            left -= 1
            if not left:
                answered.set_result(None)
        on_text(listener, text)

    heads = [request("/api/v1/ws", port, f"Authorization: Bearer {token}") for token in tokens]
    sockets = await opened(port, heads, hear, at_once)
    async with asyncio.timeout(120):
        await answered
    return sockets
