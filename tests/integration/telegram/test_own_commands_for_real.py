"""A bot with commands of a library's user, run as the documentation's example runs it."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from adapters.testing.telegram.fake import FakeTelegram

PAGE = Path(__file__).resolve().parents[3] / "docs/library.md"


async def test_own_commands_example_of_the_documentation_runs_with_its_command_in_the_menu(
    telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (example,) = (block for block in blocks if "async def run_bot" in block)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/library.md", "exec"), names)
    monkeypatch.setenv("GUILDHALL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GUILDHALL_TELEGRAM_BOT_TOKEN", telegram.token)
    monkeypatch.setenv("GUILDHALL_TELEGRAM_API_BASE_URL", telegram.url)
    ada = telegram.user("Ada")

    running = asyncio.create_task(names["run_bot"]())
    try:
        ada.sends("/topics")
        said = await telegram.next_message(ada, within=20)
        await telegram.until(lambda: telegram.calls("setMyCommands"))
    finally:
        running.cancel()
        await asyncio.wait({running})

    assert said.text == "None yet."
    menu = next(iter(telegram.state.commands.values()))
    assert {"command": "topics", "description": "How many guides there are on what"} in menu
