"""Every provider of the composition root can be made: a wrong keyword shows here, not in production."""

from pathlib import Path

import pytest
from dependency_injector import providers

from entrypoints.container import Container, memory_container, sql_container
from entrypoints.settings import Secret, Settings, TelegramSettings

# They do something when called: their own tests call them.
_ACTIONS = frozenset({"backup", "configure_logging", "restore", "rotate_keys"})
_NAMES = sorted(name for name in Container.providers if name not in _ACTIONS)


@pytest.mark.parametrize("make", [sql_container, memory_container], ids=["sql", "memory"])
@pytest.mark.parametrize("name", _NAMES)
async def test_container_provider_resolves_without_opening_anything(tmp_path: Path, name: str, make: object) -> None:
    bot = TelegramSettings(bot_token=Secret("123456:made-up-for-the-tests"))
    container = make(Settings(data_dir=tmp_path, telegram=bot))  # type: ignore[operator]

    made = container.providers[name]()

    assert made is not None
    assert not isinstance(made, providers.Provider)
    assert not (tmp_path / "guildhall.db").exists()


async def test_container_override_reaches_every_dependant(tmp_path: Path) -> None:
    container = memory_container(Settings(data_dir=tmp_path))
    clock = object()
    container.clock.override(providers.Object(clock))

    service = container.message_service()

    assert service._clock is clock
