"""The client's connection: opened again after every break, signed in for as long as it can be."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from adapters.client import ClientError, MessageAck, RealtimeClient, RequestRefused, SignedOut
from adapters.client.realtime import RENEWED_EVERY_SECONDS
from adapters.client.sockets import AT_ONCE
from tests.unit.client.server import PlayedServer, settled

PATIENCE = 5
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def server() -> PlayedServer:
    return PlayedServer()


@pytest.fixture
async def client(server: PlayedServer) -> AsyncIterator[RealtimeClient]:
    async with server.client(now=lambda: NOW) as connected:
        await settled()
        server.socket.welcome()
        await settled()
        yield connected


async def test_client_ping_of_the_server_is_answered(server: PlayedServer, client: RealtimeClient) -> None:
    server.socket.tell("ping")
    await settled()

    assert client.is_live
    assert server.socket.said == [{"type": "pong"}]


async def test_client_message_is_acknowledged(server: PlayedServer, client: RealtimeClient) -> None:
    sending = asyncio.ensure_future(client.send_message("s", "How much?", "r-1"))
    await settled()
    said = list(server.socket.said)
    server.socket.tell("message_ack", request_id="r-1", message_id="m", reply_id="a")

    assert said == [{"type": "send_message", "session_id": "s", "content": "How much?", "request_id": "r-1"}]
    assert await sending == MessageAck("m", "a")


async def test_client_message_whose_answer_was_lost_is_sent_again_under_its_id(
    server: PlayedServer, client: RealtimeClient
) -> None:
    sending = asyncio.ensure_future(client.send_message("s", "How much?"))
    await settled()
    (first,) = server.socket.said
    server.socket.cut()
    socket = await server.reconnect()
    again = list(socket.said)
    socket.tell("message_ack", request_id=first["request_id"], message_id="m")

    assert again == [first]
    assert await sending == MessageAck("m")
    socket.cut()
    assert (await server.reconnect()).said == []


async def test_client_message_written_while_away_leaves_with_the_next_connection(server: PlayedServer) -> None:
    async with server.client() as client:
        sending = asyncio.ensure_future(client.send_message("s", "Hello", "r-1"))
        await settled()
        server.socket.welcome()
        await settled()
        server.socket.tell("message_ack", request_id="r-1", message_id="m")

        assert (await sending).message_id == "m"
        assert len(server.socket.said) == 1


async def test_client_refused_request_raises_what_the_server_said(server: PlayedServer, client: RealtimeClient) -> None:
    cancelling = asyncio.ensure_future(client.cancel("m"))
    await settled()
    request_id = server.socket.said[0]["request_id"]
    server.socket.tell("error", request_id=request_id, error_code="not_found", error_message="No such message.")

    with pytest.raises(RequestRefused, match="No such message") as refusal:
        await cancelling
    assert refusal.value.code == "not_found"


async def test_client_cancelled_reply_gives_its_status(server: PlayedServer, client: RealtimeClient) -> None:
    cancelling = asyncio.ensure_future(client.cancel("m"))
    await settled()
    request_id = server.socket.said[0]["request_id"]
    server.socket.tell("message_ack", request_id=request_id, message_id="m", status="cancelled")

    assert (await cancelling).status == "cancelled"


async def test_client_typing_is_told_while_there_is_a_connection(server: PlayedServer, client: RealtimeClient) -> None:
    client.typing("s", is_typing=True)
    client.typing("s", is_typing=False)
    await settled()
    server.socket.cut()
    await settled()
    client.typing("s", is_typing=True)
    said = [frame["type"] for frame in server.socket.said]
    socket = await server.reconnect()

    assert said == ["typing_start", "typing_stop"]
    assert socket.said == []


async def test_client_that_finds_nobody_tries_again_ever_later(server: PlayedServer) -> None:
    server.unreachable = 4
    async with server.client() as client:
        await settled()
        await server.reconnect()

        assert client.is_live
        assert server.waits[:4] == [0.5, 1.0, 2.0, 4.0]


async def test_client_connection_that_held_begins_again_with_the_shortest_wait(server: PlayedServer) -> None:
    server.unreachable = 3
    async with server.client():
        await settled()
        await server.reconnect()
        server.wake()
        await settled()
        server.waits.clear()
        server.socket.cut()
        await settled()

    assert server.waits == [0.5]


async def test_client_of_a_server_that_goes_away_comes_back_when_it_was_told_to(
    server: PlayedServer, client: RealtimeClient
) -> None:
    server.socket.tell("system_update", change="going_away", retry_after_ms=2_000)
    server.socket.cut(1012)
    await settled()

    assert server.waits[-1] == 2.5
    assert not client.is_live


async def test_client_with_a_silent_server_connects_anew(server: PlayedServer) -> None:
    async with server.client(silence=0.01) as client:
        await server.has_waited.wait()
        await server.reconnect()

        assert client.is_live
        assert len(server.sockets) == 2
        assert server.sockets[0].is_closed


async def test_client_that_hears_nonsense_connects_anew(server: PlayedServer, client: RealtimeClient) -> None:
    server.socket.tell_text("{")
    await settled()
    await server.reconnect()

    assert client.is_live
    assert len(server.sockets) == 2


async def test_client_token_is_renewed_before_it_ends(server: PlayedServer) -> None:
    async with server.client(now=lambda: NOW) as client:
        await settled()
        server.socket.welcome(token_expires_at="2026-01-05T12:30:00Z")
        await settled()
        waits = list(server.waits)
        server.wake()
        await settled()

        assert 30 * 60 - 60 in waits
        assert server.socket.of_type("authenticate") == [{"type": "authenticate", "token": "token 2"}]
        assert server.renewed == [False, True]
        assert client.is_live


async def test_client_whose_token_ended_gets_a_new_one_at_once(server: PlayedServer, client: RealtimeClient) -> None:
    server.socket.cut(4001)
    await settled()
    socket = await server.reconnect()

    assert server.renewed == [False, True]
    assert socket.token == "token 2"
    assert 0.0 in server.waits
    assert client.is_live


async def test_client_refused_with_every_new_token_tells_all_who_wait(server: PlayedServer) -> None:
    async with server.client() as client:
        subscription = client.subscribe("guides")
        sending = asyncio.ensure_future(client.send_message("s", "Hello"))
        for _ in range(3):
            await settled()
            server.socket.cut(4001, "The member is gone.")
            await settled()
            server.wake()
        await settled()

        with pytest.raises(SignedOut, match="The member is gone"):
            await anext(subscription)
        with pytest.raises(SignedOut):
            await sending
        with pytest.raises(SignedOut):
            await client.send_message("s", "Hello")
        with pytest.raises(SignedOut):
            await anext(client.subscribe("system"))
        assert len(server.sockets) == 3


async def test_client_whose_sign_in_has_ended_tells_all_who_wait(server: PlayedServer) -> None:
    async def tokens(renew: bool) -> str:
        raise SignedOut("invalid_token", "Sign in again.")

    async with server.client(tokens=tokens) as client:
        with pytest.raises(SignedOut, match="Sign in again"):
            await anext(client.subscribe("guides"))
        assert server.sockets == []


async def test_client_defect_in_the_source_of_tokens_is_not_hidden(server: PlayedServer) -> None:
    async def tokens(renew: bool) -> str:
        raise KeyError("access_token")

    async with server.client(tokens=tokens) as client:
        with pytest.raises(KeyError, match="access_token"):
            await anext(client.subscribe("guides"))


async def test_client_closed_while_a_request_waits_refuses_it(server: PlayedServer) -> None:
    async with server.client() as client:
        sending = asyncio.ensure_future(client.send_message("s", "Hello"))
        await settled()

    with pytest.raises(ClientError) as closed:
        await sending
    assert closed.value.code == "closed"


async def test_client_closed_refuses_what_is_asked_of_it_afterwards(server: PlayedServer) -> None:
    async with server.client() as client:
        await settled()

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ClientError, match="closed"):
            await client.send_message("s", "Hello")
        with pytest.raises(ClientError, match="closed"):
            await anext(client.subscribe("guides"))


async def test_client_request_under_an_id_that_waits_already_is_refused(
    server: PlayedServer, client: RealtimeClient
) -> None:
    sending = asyncio.ensure_future(client.send_message("s", "Hello", "r-1"))
    await settled()

    with pytest.raises(ValueError, match="r-1"):
        await client.send_message("s", "Hello", "r-1")
    server.socket.tell("message_ack", request_id="r-1", message_id="m")
    assert await sending == MessageAck("m")


async def test_client_says_no_more_at_once_than_the_server_takes(server: PlayedServer, client: RealtimeClient) -> None:
    for number in range(2 * AT_ONCE):
        client.typing(str(number), is_typing=True)
    await settled()

    assert [frame["session_id"] for frame in server.socket.said] == [str(number) for number in range(AT_ONCE)]


async def test_client_with_a_fast_clock_renews_its_token_seldom(server: PlayedServer) -> None:
    async with server.client(now=lambda: NOW):
        await settled()
        server.socket.welcome(token_expires_at="2026-01-05T11:00:00Z")
        await settled()

        assert RENEWED_EVERY_SECONDS in server.waits
        assert server.renewed == [False]


async def test_client_error_nobody_asked_for_is_logged(
    server: PlayedServer, client: RealtimeClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.socket.tell("error", error_code="too_many_requests", error_message="Slow down.")
    server.socket.tell("resync_required", reason="too_slow")
    await settled()

    assert [record.message for record in caplog.records] == ["socket_error"]
    assert client.is_live
