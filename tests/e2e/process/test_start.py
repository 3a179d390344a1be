"""What a server tells in its log when it starts."""

import pytest

from tests.e2e.conftest import Instance
from tests.e2e.process.server import serving


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (
            {"GUILDHALL_REDIS_URL": "redis://127.0.0.1:1", "GUILDHALL_LOCAL_MODEL": "small"},
            [["redis.url", "local.model"]],
        ),
        ({}, []),
    ],
)
async def test_server_start_names_settings_that_nothing_uses_once(
    instance: Instance, given: dict[str, str], named: list[list[str]]
) -> None:
    async with serving(Instance(instance.folder, {**instance.settings, **given})) as server:
        told = server.logged("settings_without_use")
    assert [line["settings"] for line in told] == named
