"""The fake Bot API with somebody at a terminal: lines are what they write, and what the bot says is shown."""

import argparse
import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import count

from adapters.testing.telegram.chats import Post
from adapters.testing.telegram.errors import Json
from adapters.testing.telegram.fake import BOT_TOKEN, FakeTelegram
from adapters.testing.telegram.people import User
from adapters.testing.telegram.queries import Press

LOOK_SECONDS = 600.0
_HINT = """\
A Bot API server for one bot, whose chats are in memory, at {url}. Let the bot speak to it:
  GUILDHALL_TELEGRAM_API_BASE_URL={url} GUILDHALL_TELEGRAM_BOT_TOKEN={token} guildhall bot
Lines become messages of user {user}; a button's number presses it. Ctrl-C ends.
"""


class Person:
    """One who writes to the bot and sees what it says."""

    def __init__(self, telegram: FakeTelegram, user: User, write: Callable[[str], None]) -> None:
        self._telegram = telegram
        self._user = user
        self._write = write
        self._numbers = count(1)
        self._buttons: dict[int, tuple[Post, Json]] = {}
        self._seen: dict[int, Mapping[str, object]] = {}
        self._pressed: list[Press] = []

    def types(self, line: str) -> None:
        """Send it, or press the button with this number; an empty line is nothing."""
        text = line.strip()
        if not text:
            return
        if not (text.isascii() and text.isdigit()):
            self._user.sends(text)
            return
        post, button = self._buttons.get(int(text), (None, {}))
        if post is None:
            self._write(f"There is no button {text}.\n")
        elif "callback_data" in button:
            self._pressed.append(self._user.sends_callback(post, button["callback_data"]))
        else:
            self._write(f"Button {text} opens {button.get('url', 'something else')}.\n")

    async def watch(self) -> None:
        """Show whatever is new, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await self._telegram.until(self._show, LOOK_SECONDS)

    def _show(self) -> bool:
        """Whether something was new."""
        lines = [line for post in self._telegram.said_to(self._user) for line in self._lines(post)]
        for press in [press for press in self._pressed if press.answer is not None]:
            self._pressed.remove(press)
            if (press.answer or {}).get("text"):
                lines.append(f"(note) {(press.answer or {})['text']}")
        if lines:
            self._write("\n".join([*lines, ""]))
        return bool(lines)

    def _lines(self, post: Post) -> Sequence[str]:
        if self._seen.get(post.id) is post.content:
            return []
        who = f"bot, message {post.id} is now:" if post.id in self._seen else f"bot, message {post.id}:"
        self._seen[post.id] = post.content
        buttons = []
        for button in post.buttons:
            number = next(self._numbers)
            self._buttons[number] = (post, button)
            buttons.append(f"  [{number}: {button['text']}]")
        return [who, *(f"  {line}" for line in post.text.split("\n")), *buttons]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM, or until the end of the input where that is a terminal; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m adapters.testing.telegram", description="A fake Telegram Bot API server for one bot."
    )
    parser.add_argument("--port", type=int, default=8081, help="on 127.0.0.1; 0 takes any that is free (default: 8081)")
    parser.add_argument("--token", default=BOT_TOKEN, help="the bot's token (default: %(default)s)")
    parser.add_argument("--user", type=int, default=1, help="Telegram's id of who writes here (default: 1)")
    parser.add_argument("--webhook-stands-for", metavar="URL", help="who gets what is for the bot's public webhook")
    given = parser.parse_args(arguments)
    try:
        asyncio.run(_serve(given.port, given.token, given.user, given.webhook_stands_for))
    except OSError as error:
        sys.stderr.write(f"Cannot listen on 127.0.0.1:{given.port}: {error.strerror}\n")
        return 1
    return 0


async def _serve(port: int, token: str, user_id: int, webhook_stands_for: str | None) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, ended.set)
    async with FakeTelegram(token=token, port=port, webhook_stands_for=webhook_stands_for) as telegram:
        person = Person(telegram, telegram.user("Console", id=user_id), _print)
        _print(_HINT.format(url=telegram.url, token=token, user=user_id))
        watching = asyncio.create_task(person.watch())
        at_end = ended.set if sys.stdin.isatty() else _nothing
        threading.Thread(target=_read, args=(loop, person.types, at_end), name="standard-input", daemon=True).start()
        await ended.wait()
        watching.cancel()
        await asyncio.wait({watching})


def _read(loop: asyncio.AbstractEventLoop, take: Callable[[str], None], at_end: Callable[[], object]) -> None:
    try:
        # Unbuffered: a thread that waits in a buffer's lock at the end would be a fatal error of the interpreter.
        with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as lines:
            for line in lines:
                loop.call_soon_threadsafe(take, line.decode(errors="replace"))
        loop.call_soon_threadsafe(at_end)
    except RuntimeError:
        return  # the loop has ended, and nobody listens any more


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _nothing() -> None:
    """What does not end at the end of its input."""
