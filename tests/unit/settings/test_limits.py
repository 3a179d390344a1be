"""Limits a member or an address has."""

import pytest

from entrypoints.container import memory_container
from entrypoints.settings import LimitSettings, Settings, SettingsError, load_settings

OPEN = {"GUILDHALL_HTTP_HOST": "0.0.0.0", "GUILDHALL_PUBLIC_URL": "https://guild.example.org"}
LIFTED = [name for name in LimitSettings.__struct_fields__ if name != "exports_at_once"]


@pytest.mark.parametrize("name", LIFTED)
def test_limit_lifted_outside_loopback_is_refused(name: str) -> None:
    variable = f"GUILDHALL_LIMITS_{name.upper()}"
    with pytest.raises(SettingsError, match=variable):
        load_settings({**OPEN, variable: "0"})
    assert getattr(load_settings({**OPEN, variable: "1"}).limits, name) == 1


@pytest.mark.parametrize("name", LIFTED)
def test_limit_lifted_on_loopback_is_taken(name: str) -> None:
    assert getattr(load_settings({f"GUILDHALL_LIMITS_{name.upper()}": "0"}).limits, name) == 0


def test_exports_at_once_are_one_at_least() -> None:
    with pytest.raises(SettingsError, match="GUILDHALL_LIMITS_EXPORTS_AT_ONCE"):
        load_settings({"GUILDHALL_LIMITS_EXPORTS_AT_ONCE": "0"})


@pytest.mark.parametrize(("given", "most"), [(7, 7), (0, None)])
def test_limit_of_sockets_reaches_the_hub(given: int, most: int | None) -> None:
    container = memory_container(Settings(limits=LimitSettings(sockets_per_member=given)))
    assert container.hub().settings.max_sockets_per_member == most
