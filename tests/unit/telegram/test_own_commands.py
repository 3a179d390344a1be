"""Commands that a library's user adds, as the documentation's example does."""

import re
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Conflict
from domain.identity import TelegramProfile
from entrypoints.container import Container
from entrypoints.telegram_bot.registry import Command
from tests.unit.telegram.bot_world import BotWorld, texts
from tests.unit.telegram.test_registry import command

PAGE = Path(__file__).resolve().parents[3] / "docs/library.md"
EVA = TelegramProfile(503, "eva", "Eva", language="de")


@pytest.fixture
def world(tmp_path: Path) -> BotWorld:
    """A bot with the example's command."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (example,) = (block for block in blocks if "def own_commands" in block)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/library.md", "exec"), names)
    return BotWorld(tmp_path, names["own_commands"])


async def test_own_command_of_the_documentation_is_answered(world: BotWorld) -> None:
    await world.guide()
    assert texts(await world.says("/topics")) == ["risk: 1"]


async def test_own_command_stands_in_the_help_in_the_members_language_and_in_the_table(world: BotWorld) -> None:
    (english,) = texts(await world.says("/help"))
    (german,) = texts(await world.says("/help", sender=EVA))
    assert re.search("^/topics \\S How many guides there are on what$", english, re.MULTILINE)
    assert re.search("^/topics \\S Wie viele Anleitungen es wozu gibt$", german, re.MULTILINE)
    assert [row.description for row in world.registry.rows() if row.command == "topics"] == [
        "How many guides there are on what"
    ]


async def test_own_command_without_a_description_in_the_language_has_its_own_one(tmp_path: Path) -> None:
    world = BotWorld(tmp_path, lambda _: [command("dice", description="Throws dice")])
    (german,) = texts(await world.says("/help", sender=EVA))
    assert re.search("^/dice \\S Throws dice$", german, re.MULTILINE)


def test_own_command_with_a_name_of_the_bots_is_refused(tmp_path: Path) -> None:
    def again(_: Container) -> list[Command]:
        return [command("help")]

    with pytest.raises(Conflict):
        BotWorld(tmp_path, again)
