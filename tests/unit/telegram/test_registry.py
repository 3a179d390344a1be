"""The commands the bot knows."""

from collections.abc import Mapping

import pytest

from application.ports.inbox import Handled
from domain.errors import Conflict, GuildhallError, Invalid
from domain.identity import Role
from entrypoints.telegram_bot.registry import Command, CommandRegistry, Handler, Place
from entrypoints.telegram_bot.request import Request


async def nothing(_request: Request) -> Handled:
    """Do nothing."""
    return Handled()


def later(_request: Request) -> Handled:
    """Not async."""
    return Handled()


class Callable:
    """A handler that is an object."""

    async def __call__(self, _request: Request) -> Handled:
        return Handled()


def command(
    name: str,
    *aliases: str,
    role: Role = Role.PUBLIC,
    place: Place = Place.PRIVATE,
    hidden: bool = False,
    description: str = "Does it.",
    handler: Handler = nothing,
    category: str = "basics",
    descriptions: Mapping[str, str] | None = None,
) -> Command:
    """A command that does nothing."""
    return Command(
        name=name,
        description=description,
        category=category,
        handler=handler,
        required_role=role,
        aliases=aliases,
        place=place,
        is_hidden=hidden,
        descriptions=descriptions or {},
    )


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (command("guides"), Conflict),
        (command("learn"), Conflict),
        (command("other", "learn"), Conflict),
        (command("twice", "twice"), Conflict),
        (command("", "x"), Invalid),
        (command("Shout"), Invalid),
        (command("x" * 33), Invalid),
        (command("ok", "not ok"), Invalid),
        (command("ok", description=" "), Invalid),
        (command("ok", descriptions={"de": ""}), Invalid),
        (command("ok", category="games"), Invalid),
        (command("ok", handler=later), Invalid),  # type: ignore[arg-type]
    ],
)
def test_registry_refuses_a_broken_or_second_command_and_keeps_the_first(
    refused: Command, error: type[GuildhallError]
) -> None:
    first = command("guides", "tutorials", "learn")
    registry = CommandRegistry([first])

    with pytest.raises(error):
        registry.register(refused)

    assert registry.find("guides") is registry.find("LEARN") is first
    assert [row.command for row in registry.rows()] == ["guides"]


def test_registry_takes_an_object_whose_call_is_async() -> None:
    registry = CommandRegistry([command("ok", handler=Callable())])
    assert registry.find("ok") is not None


def test_registry_shows_what_a_role_may_use_there_sorted_and_nothing_hidden() -> None:
    registry = CommandRegistry(
        [
            command("stats", role=Role.SUBSCRIBER),
            command("help", place=Place.ALL),
            command("ask", place=Place.ALL),
            command("admin", role=Role.ADMIN, hidden=True),
        ]
    )

    def shown(role: Role, *, is_private: bool = True) -> list[str]:
        return [each.name for each in registry.visible_to(role, is_private=is_private)]

    assert shown(Role.PUBLIC) == ["ask", "help"]
    assert shown(Role.SUBSCRIBER) == shown(Role.OWNER) == ["ask", "help", "stats"]
    assert shown(Role.OWNER, is_private=False) == ["ask", "help"]


def test_registry_suggests_the_nearest_names_that_somebody_may_use() -> None:
    registry = CommandRegistry(
        [
            command("guides", "tutorials"),
            command("start"),
            command("stats", role=Role.SUBSCRIBER),
            command("admin", role=Role.ADMIN, hidden=True),
        ]
    )

    assert registry.nearest("Guidse", Role.PUBLIC, is_private=True) == ["guides"]
    assert registry.nearest("tutorial", Role.PUBLIC, is_private=True) == ["guides"]
    assert registry.nearest("stat", Role.PUBLIC, is_private=True) == ["start"]
    assert set(registry.nearest("stat", Role.SUBSCRIBER, is_private=True)) == {"start", "stats"}
    assert registry.nearest("admin", Role.OWNER, is_private=True) == []
    assert registry.nearest("xyzzy", Role.OWNER, is_private=True) == []
