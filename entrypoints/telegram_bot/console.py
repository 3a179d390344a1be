"""The terminal in place of Telegram: lines become updates of the inbox, and all the rest is the same."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from io import UnsupportedOperation
from itertools import count
from typing import Protocol

from domain.identity import TelegramProfile
from domain.telegram import Button, UpdateState
from entrypoints.container import CONSOLE_BOT, Container

SETTLE_SECONDS = 0.02


class Shown(Protocol):
    """What stands on the terminal."""

    @property
    def buttons(self) -> Mapping[int, tuple[int, Button]]:
        """By its number: the message a button is under, and the button."""
        ...

    def tell(self, text: str) -> None:
        """Show what the bot did not say."""
        ...


class Lines:
    """A file such as standard input, line by line. It is read by a thread of its own, which nobody waits for at the
    end. What is no UTF-8 is replaced.
    """

    def __init__(self, file: Iterable[bytes]) -> None:
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._read: asyncio.Queue[str | None] = asyncio.Queue()
        threading.Thread(target=self._read_all, name="standard-input", daemon=True).start()

    async def each(self) -> AsyncIterator[str]:
        """The lines, without their ends, up to the end of the input."""
        while (line := await self._read.get()) is not None:
            yield line

    def _read_all(self) -> None:
        try:
            for line in self._file:
                text = line.decode(errors="replace").rstrip("\r\n")
                self._loop.call_soon_threadsafe(self._read.put_nowait, text)
            self._loop.call_soon_threadsafe(self._read.put_nowait, None)
        except RuntimeError:
            return  # the loop has ended, and nobody listens any more


def standard_input() -> Iterable[bytes]:
    """Its lines, unbuffered where it is a file: a thread that held a buffer's lock at the end would end the interpreter
    with a fatal error.
    """
    try:
        return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    except UnsupportedOperation:
        return sys.stdin.buffer


class Console:
    """One person in a private chat with the bot. A line with the number of a button presses it."""

    def __init__(self, container: Container, shown: Shown, profile: TelegramProfile) -> None:
        self._intake = container.update_intake()
        self._updates = container.update_queries()
        self._unit_of_work = container.unit_of_work
        self._clock = container.clock()
        self._shown = shown
        self._profile = profile
        self._messages = count(1)
        # Later than those of every console before it on this database.
        self._update_ids = count(int(self._clock.now().timestamp() * 1_000_000))

    async def speak(self, lines: Lines, *, is_scripted: bool) -> None:
        """Pass on every line. Scripted ones wait until all was said about the one before; so does the end."""
        if not is_scripted:
            name = f"{self._profile.first_name} ({self._profile.telegram_id})"
            self._shown.tell(f"You are {name}. Lines are messages, a button's number presses it, Ctrl-D ends.")
        async for line in lines.each():
            if line.strip():
                await self._take(line.strip())
            if is_scripted:
                await self._settle()
        await self._settle()

    async def _settle(self) -> None:
        """Return when nothing is waited for any more: no update, no answer, no message."""
        while await self._is_busy():
            await self._clock.sleep(SETTLE_SECONDS)

    async def _is_busy(self) -> bool:
        # In this order: what has gone from one to the next is seen there.
        counts = await self._updates.counts(CONSOLE_BOT)
        if counts[UpdateState.NEW] or counts[UpdateState.PROCESSING]:
            return True
        async with self._unit_of_work() as work:
            if await work.telegram_answers.count(CONSOLE_BOT):
                return True
        async with self._unit_of_work() as work:
            return await work.outgoing_messages.next_due(CONSOLE_BOT, self._clock.now()) is not None

    async def _take(self, line: str) -> None:
        pressed = None
        if line.isascii() and line.isdigit():
            pressed = self._shown.buttons.get(int(line)) if len(line) < 10 else None
            if pressed is None:
                self._shown.tell(f"There is no button {line}.")
                return
        await self._intake.receive(CONSOLE_BOT, [self._update(line, pressed)])

    def _update(self, line: str, pressed: tuple[int, Button] | None) -> bytes:
        """As Telegram would bring it."""
        update_id = next(self._update_ids)
        if pressed is None or pressed[1].data is None:
            body = {"message": self._message(next(self._messages), text=line)}
        else:
            message_id, button = pressed
            press = {"id": str(update_id), "from": self._sender(), "chat_instance": "console"}
            body = {"callback_query": {**press, "message": self._message(message_id), "data": button.data}}
        return json.dumps({"update_id": update_id, **body}).encode()

    def _message(self, message_id: int, **content: object) -> dict[str, object]:
        chat = {"id": self._profile.telegram_id, "type": "private"}
        date = int(self._clock.now().timestamp())
        return {"message_id": message_id, "date": date, "chat": chat, "from": self._sender(), **content}

    def _sender(self) -> dict[str, object]:
        profile = self._profile
        told = {
            "id": profile.telegram_id,
            "is_bot": False,
            "first_name": profile.first_name,
            "username": profile.username,
            "language_code": profile.language,
        }
        return {name: value for name, value in told.items() if value is not None}
