"""Rights changed at the terminal, another process: silent sockets of a running server follow, by the log alone.

The server's regular look at everybody is switched off, and there is no bus between the two.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.e2e.conftest import Instance
from tests.e2e.process.server import PASSWORD, SETTINGS, USERNAME, Member, RunningServer, Socket, member_of, serving

SERVER = (sys.executable, "-m", "tests.e2e.process.patient_server")
SOON = 10.0
OTHER = "ben"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Instance:
    """An instance with a member, on each engine."""
    if request.param == "sqlite":
        found: Instance = request.getfixturevalue("instance")
        return found
    settings = {"GUILDHALL_DATABASE_URL": request.getfixturevalue("postgres_database")}
    house = Instance(tmp_path / "house", {**SETTINGS, **settings, "GUILDHALL_GUIDES_SEMANTIC": "off"})
    for arguments, given in ((("init",), ""), (("members", "add", "--username", USERNAME), f"{PASSWORD}\n")):
        outcome = house.run(*arguments, given=given)
        assert outcome.code == 0, outcome.err
    return house


class House:
    """A served instance and its terminal."""

    def __init__(self, instance: Instance, server: RunningServer) -> None:
        self._instance = instance
        self._server = server
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "House":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def run(self, *arguments: str, given: str = "") -> None:
        """A command at the terminal, to its end."""
        outcome = await asyncio.to_thread(self._instance.run, *arguments, given=given)
        assert outcome.code == 0, outcome.err

    async def member(self) -> Member:
        """The member, signed in anew."""
        return await self._open.enter_async_context(member_of(self._server))

    async def silent_socket(self, channel: str = "guides") -> Socket:
        """A socket that hears a channel and says nothing any more."""
        socket = await self._open.enter_async_context((await self.member()).socket())
        await socket.connection.send(json.dumps({"type": "subscribe", "channel": channel}))
        await socket.hear("subscribed")
        return socket


@pytest.fixture
async def served(house: Instance) -> AsyncIterator[House]:
    """It runs."""
    async with serving(house, SERVER) as server, House(house, server) as served:
        yield served


async def close_code(socket: Socket) -> int | None:
    """The code it was closed with."""
    async with asyncio.timeout(SOON):
        await socket.connection.wait_closed()
    return socket.connection.close_code


async def test_rights_changed_at_the_terminal_reach_silent_sockets(served: House) -> None:
    await served.run("members", "grant", USERNAME, "ADMIN")
    watching = await served.silent_socket("alerts")
    await served.run("members", "revoke", USERNAME, "ADMIN")
    async with asyncio.timeout(SOON):
        ended = await watching.hear("unsubscribed")
    await served.run("members", "reset-password", USERNAME, given=f"{PASSWORD}\n")
    reset = await close_code(watching)
    heard = await served.silent_socket()
    await served.run("members", "ban", USERNAME)
    banned = await close_code(heard)

    assert (ended["channel"], ended["reason"]) == ("alerts", "not_allowed")
    assert (reset, banned) == (4001, 4001)


async def test_member_deleted_at_the_terminal_loses_their_sockets_and_nobody_else_does(served: House) -> None:
    await served.run("members", "add", "--username", OTHER, given=f"{PASSWORD}\n")
    sockets = [await served.silent_socket() for _ in range(3)]
    await served.run("members", "ban", OTHER)
    await served.run("members", "unban", OTHER)
    await sockets[0].connection.send(json.dumps({"type": "ping"}))
    await sockets[0].hear("pong")
    await served.run("members", "delete", USERNAME, "--yes")

    assert [await close_code(socket) for socket in sockets] == [4001] * 3
