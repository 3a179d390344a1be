"""What every command shares: its settings, its container, and the database behind them."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from application.ports.system import CannotStart
from entrypoints.cli.ending import Refused
from entrypoints.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from entrypoints.container import Container

T = TypeVar("T")


@dataclass(slots=True)
class Invocation:
    """One call of the command line. Settings are read when a command first needs them."""

    config_path: Path | None = None
    data_dir: Path | None = None
    traceback: bool = False

    def settings(self, overrides: Mapping[str, object] | None = None) -> Settings:
        """The settings; raises `Refused` with every problem."""
        given = {"data_dir": str(self.data_dir) if self.data_dir else None, **(overrides or {})}
        try:
            return load_settings(os.environ, self.config_path, given)
        except SettingsError as error:
            raise Refused("\n".join(error.problems)) from None

    def run(self, action: "Callable[[Container], Awaitable[T]]", *, check_schema: bool = True) -> T:
        """Run a command's use case on the configured database, once its schema is known to be this version's."""
        from entrypoints.container import sql_container

        settings = self.settings()
        if check_schema:
            require_data_dir(settings)
        else:
            prepare_data_dir(settings)
        return asyncio.run(_run(sql_container(settings), action, check_schema=check_schema))


async def _run(container: "Container", action: "Callable[[Container], Awaitable[T]]", *, check_schema: bool) -> T:
    try:
        if check_schema:
            await container.migrator().check()
        return await action(container)
    finally:
        await container.database().dispose()


def prepare_data_dir(settings: Settings) -> None:
    """Make the data folder, for this user only; raises `CannotStart` when it cannot be made."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            f"{settings.data_dir}: the data folder cannot be made: {error.strerror}. "
            "Choose another one with --data-dir or GUILDHALL_DATA_DIR."
        ) from error


def require_data_dir(settings: Settings) -> None:
    """Raise `CannotStart` when the data folder should hold the database and is not there: its name may be mistyped."""
    if not settings.data_dir.exists() and settings.database.url == Settings(data_dir=settings.data_dir).database.url:
        raise CannotStart(
            f"{settings.data_dir}: there is no such data folder. Correct --data-dir or GUILDHALL_DATA_DIR, "
            "or make an instance there with `guildhall init`."
        )
    prepare_data_dir(settings)


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
