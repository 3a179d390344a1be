"""The terminal in place of Telegram: what is typed, and what of it the bot hears."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest

from domain.identity import TelegramProfile
from domain.telegram import Button, UpdateState
from entrypoints.container import CONSOLE_BOT, memory_container
from entrypoints.settings import Settings
from entrypoints.telegram_bot.console import Console, Lines, Shown


class Terminal(Shown):
    """A button that opens a link, and what was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @property
    def buttons(self) -> Mapping[int, tuple[int, Button]]:
        return {}

    def tell(self, text: str) -> None:
        self.told.append(text)


def typed(said: bytes) -> Lines:
    """A terminal's input that has ended."""
    return Lines(BytesIO(said))


async def test_console_line_that_is_no_utf_8_is_read_with_replacements() -> None:
    lines = [line async for line in typed(b"caf\xe9\r\n\xf0\x9f\x98\x80\nlast").each()]
    assert lines == ["caf\N{REPLACEMENT CHARACTER}", "\N{GRINNING FACE}", "last"]


@pytest.mark.parametrize("is_scripted", [True, False])
async def test_console_number_that_is_no_button_says_so_and_asks_nothing(tmp_path: Path, is_scripted: bool) -> None:
    container, terminal = memory_container(Settings(data_dir=tmp_path)), Terminal()
    console = Console(container, terminal, TelegramProfile(7, first_name="Ada"))

    await console.speak(typed(b"7\n99999999999999\n"), is_scripted=is_scripted)

    assert terminal.told[-2:] == ["There is no button 7.", "There is no button 99999999999999."]
    assert not any((await container.update_queries().counts(CONSOLE_BOT)).values())
    hints = [text for text in terminal.told if text.startswith("You are Ada (7).")]
    assert len(hints) == (0 if is_scripted else 1)


async def test_console_line_becomes_an_update(tmp_path: Path) -> None:
    container, terminal = memory_container(Settings(data_dir=tmp_path)), Terminal()
    console = Console(container, terminal, TelegramProfile(7, first_name="Ada"))

    await console._take("na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve")

    assert (await container.update_queries().counts(CONSOLE_BOT))[UpdateState.NEW] == 1
    assert terminal.told == []
