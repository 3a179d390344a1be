"""The socket that the server listens on, as a connection finds it."""

import asyncio
import socket
from pathlib import Path

from entrypoints.listening import listener
from entrypoints.settings import HttpSettings
from tests.integration.http.house import settings


async def test_listener_on_the_standard_loop_holds_no_small_answer_back(tmp_path: Path) -> None:
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listening = listener(settings(tmp_path, http=HttpSettings(port=0)))
    async with await asyncio.start_server(connected, sock=listening):
        _, writer = await asyncio.open_connection(*listening.getsockname())
        assert await asyncio.wait_for(accepted, 10) != 0
        writer.close()
        await writer.wait_closed()
