"""The fence around unit tests."""

import asyncio

import pytest
from pytest_socket import SocketBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use")
async def test_network_opened_in_unit_test_raises() -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(SocketBlockedError):
        await loop.create_connection(asyncio.Protocol, "127.0.0.1", 9)
