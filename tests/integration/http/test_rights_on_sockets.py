"""What changes rights over HTTP is seen by sockets that are open, at once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from domain.chat import ChatSessionId
from domain.identity import Role
from entrypoints.container import memory_container
from tests.integration.http.house import PASSWORD, Person, settings
from tests.integration.http.served import Served, served

AUTH, MEMBERS = "/api/v1/auth", "/api/v1/members"
PATIENCE = 5.0


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(memory_container(settings(tmp_path)), with_lifespan=True) as running:
        yield running


class Socket:
    """A client's open socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def say(self, kind: str, **fields: object) -> None:
        await self._connection.send(msgspec.json.encode({"type": kind, **fields}).decode())

    async def hear(self, kind: str) -> Mapping[str, Any]:
        """The next frame of this type; raises `ConnectionClosed` when none comes any more."""
        async with asyncio.timeout(PATIENCE):
            while True:
                decoded = msgspec.json.decode(await self._connection.recv())
                for frame in decoded if isinstance(decoded, list) else [decoded]:
                    if frame["type"] == kind:
                        return dict(frame)

    async def close_code(self) -> int | None:
        """With what the server closes it."""
        with pytest.raises(ConnectionClosed):
            await self.hear("nothing that is ever sent")
        return self._connection.close_code


@asynccontextmanager
async def socket_of(house: Served, token: str) -> AsyncIterator[Socket]:
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(f"ws://127.0.0.1:{house.port}/api/v1/ws", additional_headers=headers, proxy=None) as connection:
        socket = Socket(connection)
        await socket.hear("welcome")
        yield socket


async def another_token(house: Served, name: str = "ada") -> str:
    answer = await house.client.post(f"{AUTH}/login", json={"username": name, "password": PASSWORD})
    return str(answer.raise_for_status().json()["access_token"])


async def acted(house: Served, person: Person, method: str, path: str, **body: object) -> httpx.Response:
    answer = await house.client.request(method, path, headers=person.headers, json=body or None)
    assert answer.status_code < 300, answer.text
    return answer


async def test_role_granted_and_revoked_opens_and_ends_a_channel(house: Served) -> None:
    owner, ada = await house.person("root", Role.OWNER), await house.person("ada")
    async with socket_of(house, ada.access_token) as socket:
        await socket.say("subscribe", channel="alerts")
        assert (await socket.hear("error"))["error_code"] == "not_allowed"
        await acted(house, owner, "POST", f"{MEMBERS}/{ada.id}/grants", role="ADMIN")
        await socket.say("subscribe", channel="alerts")
        await socket.hear("subscribed")
        await acted(house, owner, "DELETE", f"{MEMBERS}/{ada.id}/grants/ADMIN")
        ended = await socket.hear("unsubscribed")
    assert (ended["channel"], ended["reason"]) == ("alerts", "not_allowed")


async def test_role_that_ends_by_itself_ends_a_channel_of_a_silent_socket(house: Served) -> None:
    owner, ada = await house.person("root", Role.OWNER), await house.person("ada")
    async with socket_of(house, ada.access_token) as socket:
        until = house.container.clock().now() + timedelta(seconds=1.5)
        await acted(house, owner, "POST", f"{MEMBERS}/{ada.id}/grants", role="ADMIN", until=until.isoformat())
        await socket.say("subscribe", channel="alerts")
        await socket.hear("subscribed")
        # The regular look at everybody comes too late for this one.
        assert house.container.hub().settings.rights_seconds > PATIENCE
        ended = await socket.hear("unsubscribed")
    assert (ended["channel"], ended["reason"]) == ("alerts", "not_allowed")


@pytest.mark.parametrize("how", ["ban", "deletion by an admin", "own deletion"])
async def test_member_shut_out_loses_every_socket(house: Served, how: str) -> None:
    admin, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    async with socket_of(house, ada.access_token) as first, socket_of(house, await another_token(house)) as second:
        match how:
            case "ban":
                await acted(house, admin, "PUT", f"{MEMBERS}/{ada.id}/ban", reason="spam")
            case "deletion by an admin":
                await acted(house, admin, "DELETE", f"{MEMBERS}/{ada.id}")
            case _:
                await acted(house, ada, "DELETE", f"{AUTH}/me", password=PASSWORD)
        assert [await first.close_code(), await second.close_code()] == [4001, 4001]


@pytest.mark.parametrize("how", ["one session", "other sessions", "new password"])
async def test_sign_in_ended_elsewhere_closes_its_socket_and_no_other(house: Served, how: str) -> None:
    ada = await house.person("ada")
    other = await another_token(house)
    async with socket_of(house, ada.access_token) as kept, socket_of(house, other) as lost:
        match how:
            case "one session":
                listed = (await acted(house, ada, "GET", f"{AUTH}/sessions")).json()["items"]
                wanted = next(each["id"] for each in listed if not each["is_current"])
                await acted(house, ada, "DELETE", f"{AUTH}/sessions/{wanted}")
            case "other sessions":
                await acted(house, ada, "DELETE", f"{AUTH}/sessions")
            case _:
                body = {"current_password": PASSWORD, "new_password": "a whole new password"}
                await acted(house, ada, "PUT", f"{AUTH}/password", **body)
        assert await lost.close_code() == 4001
        await kept.say("ping")
        await kept.hear("pong")


async def test_member_deleted_with_a_reply_on_its_way_leaves_nothing_running(house: Served) -> None:
    owner, ada = await house.person("root", Role.OWNER), await house.person("ada")
    session = await house.session(ada)
    async with socket_of(house, ada.access_token) as socket:
        await socket.say("subscribe", channel=f"session:{session['id']}")
        await socket.hear("subscribed")
        await house.message(ada, session["id"], "How much should I risk on a trade?")
        await acted(house, owner, "DELETE", f"{MEMBERS}/{ada.id}")
        assert await socket.close_code() == 4001
    assert await nothing_runs(house, session["id"])
    assert (await house.client.get("/api/v1/ready")).json()["status"] == "ready"


async def nothing_runs(house: Served, session_id: str) -> bool:
    """Whether no reply of the session is written any more, soon."""
    running = house.container.running_replies()
    for _ in range(100):
        if not running.of_session(ChatSessionId(UUID(session_id))):
            return True
        await asyncio.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("origin", "code"),
    [("https://evil.example", 4001), ("null", 4001), ("http://127.0.0.1:1", 4001), (None, None), ("own", None)],
)
async def test_socket_with_a_cookie_opens_for_own_pages_only(
    house: Served, origin: str | None, code: int | None
) -> None:
    ada = await house.person("ada")
    headers = {"Cookie": f"guildhall_access={ada.access_token}"}
    if origin is not None:
        headers["Origin"] = f"http://127.0.0.1:{house.port}" if origin == "own" else origin
    async with connect(f"ws://127.0.0.1:{house.port}/api/v1/ws", additional_headers=headers, proxy=None) as connection:
        socket = Socket(connection)
        if code is None:
            assert (await socket.hear("welcome"))["user_id"] == str(ada.id)
        else:
            assert (await socket.hear("error"))["error_code"] == "cross_site"
            assert await socket.close_code() == code
