"""A running server for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.realtime.site import Site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as running:
        yield running
