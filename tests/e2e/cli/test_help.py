"""Every command explains itself, with examples."""

import click
import pytest

from entrypoints.cli.main import guildhall as root
from tests.e2e.cli.conftest import Command


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    below = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [path, *(found for name, one in below if one is not None for found in _commands(one, (*path, name)))]


@pytest.mark.parametrize("path", _commands(root), ids=" ".join)
def test_help_of_every_command_explains_it(guildhall: Command, path: tuple[str, ...]) -> None:
    outcome = guildhall(*path, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: {' '.join(('guildhall', *path))} ")
    assert "\n\n  " in outcome.out


@pytest.mark.parametrize("path", [path for path in _commands(root) if len(path) < 2], ids=" ".join)
def test_help_of_every_group_shows_examples(guildhall: Command, path: tuple[str, ...]) -> None:
    shown = [guildhall(*one, "--help").out for one in _commands(root) if one[: len(path)] == path]
    assert any("Example" in text for text in shown)


def test_help_of_every_option_is_given() -> None:
    silent = []
    for path in _commands(root):
        command: click.Command = root
        for name in path:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), name) or command
        silent += [
            (path, option.name) for option in command.params if isinstance(option, click.Option) and not option.help
        ]
    assert silent == []


def test_help_without_command_is_refused_with_usage(guildhall: Command) -> None:
    outcome = guildhall()
    assert outcome.code == 2
    assert "Commands:" in outcome.err


def test_version_is_one_line(guildhall: Command) -> None:
    assert guildhall("--version").out.startswith("guildhall, version ")
