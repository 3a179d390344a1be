"""SIGTERM: sockets are told, replies end or are kept as far as they came, all within the deadline."""

import time
from dataclasses import replace

import pytest
from websockets.exceptions import ConnectionClosed

from tests.e2e.conftest import Instance
from tests.e2e.process.server import Member, Socket, member_of, serving, stored_replies

QUESTION = "What is a stop order, and when do I use one?"
SERVICE_RESTART = 1012


async def _answering(member: Member, socket: Socket) -> str:
    """Ask, and wait for the first words; the reply's id."""
    session = await member.begin_session()
    await socket.subscribe(session)
    posted = await member.post(session, QUESTION)
    await socket.hear("message_delta")
    return str(posted["reply_id"])


async def _close_code(socket: Socket) -> int | None:
    try:
        while True:
            await socket.next()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


@pytest.mark.parametrize(("seconds", "status"), [(0.2, "interrupted"), (8.0, "complete")])
async def test_shutdown_in_mid_reply_ends_within_the_deadline(instance: Instance, seconds: float, status: str) -> None:
    instance = replace(instance, settings={**instance.settings, "GUILDHALL_HTTP_SHUTDOWN_SECONDS": str(seconds)})
    async with serving(instance) as server, member_of(server) as member, member.socket() as socket:
        reply_id = await _answering(member, socket)
        begun = time.monotonic()
        assert await server.terminate() == 0, server.log.read_text()
        assert time.monotonic() - begun < seconds + 3
        assert await _close_code(socket) == SERVICE_RESTART
    ended, text = stored_replies(instance)[reply_id]
    assert (ended, bool(text)) == (status, True)


async def test_shutdown_with_nothing_to_do_is_quick(instance: Instance) -> None:
    async with serving(instance) as server, member_of(server) as member, member.socket() as socket:
        begun = time.monotonic()
        assert await server.terminate() == 0, server.log.read_text()
        assert time.monotonic() - begun < 3
        assert await _close_code(socket) == SERVICE_RESTART


async def test_shutdown_leaves_no_error_in_the_log(instance: Instance) -> None:
    async with serving(instance) as server, member_of(server) as member, member.socket() as socket:
        await _answering(member, socket)
        assert await server.terminate() == 0
        text = server.log.read_text()
    assert '"level": "error"' not in text
    assert "Traceback" not in text
