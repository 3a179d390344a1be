"""How many sockets may be open, and how much may be said: whoever is refused is told so."""

from contextlib import AsyncExitStack
from datetime import timedelta

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.system.clock import SystemClock
from adapters.websocket import HubSettings
from application.allowances import Allowance
from application.ports.limits import Limit
from domain.identity import Actor, Role
from tests.integration.realtime.site import STRANGERS, Site


async def test_socket_over_the_members_limit_is_told_and_closed() -> None:
    async with Site(HubSettings(max_sockets_per_member=2)) as site:
        ada, ben = await site.signed_in(), await site.signed_in("ben")
        async with site.open(ada.access_token) as first, site.open(ada.access_token) as second:
            await first.hear("welcome")
            await second.hear("welcome")
            async with site.open(ada.access_token) as third:
                code, frames = await third.closed()
            async with site.open(ben.access_token) as other:
                assert (await other.hear("welcome"))["user_id"] == str(ben.member_id)
            await first.say("ping")
            await first.hear("pong")
        async with site.open() as again:
            await again.say("authenticate", token=ada.access_token)
            assert (await again.hear("welcome"))["user_id"] == str(ada.member_id)

    assert code == 4029
    assert [(frame["type"], frame["error_code"], frame["retry_after_ms"]) for frame in frames] == [
        ("error", "too_many_requests", 30_000)
    ]


async def test_socket_of_one_stranger_too_many_is_told_and_closed(site: Site) -> None:
    ada = await site.signed_in()
    async with AsyncExitStack() as stack:
        strangers = [await stack.enter_async_context(site.open()) for _ in range(STRANGERS)]
        for stranger in strangers:
            await stranger.say("ping")
            await stranger.next()
        async with site.open() as next_one:
            code, frames = await next_one.closed()
        async with site.open(ada.access_token) as known:
            assert (await known.hear("welcome"))["user_id"] == str(ada.member_id)
        await strangers[0].say("authenticate", token=ada.access_token)
        await strangers[0].hear("welcome")
        async with site.open() as now_there_is_room:
            await now_there_is_room.say("ping")
            refused = await now_there_is_room.next()

    assert (code, [frame["error_code"] for frame in frames]) == (4029, ["too_many_requests"])
    assert refused["error_code"] == "not_signed_in"


async def test_socket_messages_over_the_limit_are_refused_with_their_request_id() -> None:
    minute = Limit(2, timedelta(minutes=1))
    async with Site(allowance=Allowance(InMemoryRateLimiter(SystemClock()), "messages", minute)) as site:
        ada = await site.signed_in()
        session = await site.session(Actor(member_id=ada.member_id, role=Role.PUBLIC))
        async with site.open(ada.access_token) as client:
            await client.hear("welcome")
            for number in range(3):
                await client.say("send_message", session_id=str(session.id), content="Hello", request_id=f"r-{number}")
            answers = [await client.next() for _ in range(3)]
            await client.say("ping")
            await client.hear("pong")

    assert [answer["type"] for answer in answers] == ["message_ack", "message_ack", "error"]
    assert (answers[2]["error_code"], answers[2]["request_id"]) == ("too_many_requests", "r-2")
    assert 0 < answers[2]["retry_after_ms"] <= 60_000
