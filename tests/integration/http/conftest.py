"""An application in memory for each test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrypoints.container import memory_container
from tests.integration.http.house import House, running, settings


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The application without its background work."""
    async with running(memory_container(settings(tmp_path))) as made:
        yield made


@pytest.fixture
async def living_house(tmp_path: Path) -> AsyncIterator[House]:
    """The application with the hub and the reply worker."""
    async with running(memory_container(settings(tmp_path)), with_lifespan=True) as made:
        yield made
