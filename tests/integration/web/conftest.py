"""The application with its pages, in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrypoints.container import memory_container
from entrypoints.runtime import create_application
from tests.integration.http.house import House, client_of, settings


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[House]:
    """A house with pages, and nobody in it."""
    container = memory_container(settings(tmp_path))
    app = create_application(container)
    async with client_of(app) as client:
        yield House(container, app, client)
