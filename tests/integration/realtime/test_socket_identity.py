"""Who gets onto a socket, and how a refusal is told."""

from datetime import timedelta

import pytest

from adapters.websocket import HubSettings
from application.ports.realtime import RightsChanged
from domain.identity import Device, Grant, GrantId, GrantSource, MemberId, Role
from entrypoints.http.cookies import ACCESS_COOKIE
from entrypoints.http.socket_limits import SocketLimits
from tests.integration.realtime.site import Site


async def test_socket_bearer_token_is_welcomed(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as client:
        welcome = await client.next()

    assert welcome["type"] == "welcome"
    assert welcome["user_id"] == str(ada.member_id)
    assert welcome["epoch"] == site.store.epoch
    assert welcome["heartbeat_seconds"] == 30


async def test_socket_authenticate_frame_is_welcomed(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open() as client:
        await client.say("ping")
        refused = await client.next()
        await client.connection.send("{nonsense")
        malformed = await client.next()
        await client.say("authenticate", token=ada.access_token)
        welcome = await client.hear("welcome")

    assert refused["error_code"] == "not_signed_in"
    assert malformed["error_code"] == "malformed"
    assert welcome["user_id"] == str(ada.member_id)


@pytest.mark.parametrize("authorization", ["Bearer forged", "Bearer ", "Basic YTpi", "Bearer a|b|c|d"])
async def test_socket_wrong_authorization_is_told_and_closed(site: Site, authorization: str) -> None:
    async with site.open(headers={"Authorization": authorization}) as client:
        code, frames = await client.closed()

    assert code == 4001
    assert [frame["type"] for frame in frames] == ["error"]


async def test_socket_wrong_token_frame_is_told_and_closed(site: Site) -> None:
    async with site.open() as client:
        await client.say("authenticate", token="forged")
        code, frames = await client.closed()

    assert (code, frames[0]["error_code"]) == (4001, "invalid_token")


async def test_socket_nothing_but_noise_is_closed(site: Site) -> None:
    async with site.open() as client:
        for _ in range(5):
            await client.say("ping")
        code, frames = await client.closed()

    assert code == 4001
    assert len(frames) == 6


async def test_socket_silent_stranger_is_told_and_closed() -> None:
    async with Site(limits=SocketLimits(authenticate_seconds=0.1)) as site, site.open() as client:
        code, frames = await client.closed()

    assert code == 4001
    assert "authenticate" in frames[0]["error_message"]


async def test_socket_cookie_on_own_site_is_welcomed(site: Site) -> None:
    ada = await site.signed_in()
    cookie = {"Cookie": f"{ACCESS_COOKIE}={ada.access_token}"}

    async with (
        site.open(headers=cookie | {"Origin": f"http://127.0.0.1:{site.port}"}) as same,
        site.open(headers=cookie | {"Origin": "https://guild.example"}) as configured,
    ):
        assert "token_expires_at" not in await same.hear("welcome")
        assert (await configured.hear("welcome"))["user_id"] == str(ada.member_id)


async def test_socket_cookie_from_another_site_is_refused(site: Site) -> None:
    ada = await site.signed_in()
    headers = {"Cookie": f"{ACCESS_COOKIE}={ada.access_token}", "Origin": "https://evil.example"}

    async with site.open(headers=headers) as client:
        code, frames = await client.closed()

    assert (code, frames[0]["error_code"]) == (4001, "cross_site")


async def test_socket_token_end_closes_it() -> None:
    async with Site() as site:
        ada = await site.signed_in()
        kind, member, sign_in, _ = ada.access_token.split("|")
        ends = site.clock.now() + timedelta(seconds=0.3)
        async with site.open(f"{kind}|{member}|{sign_in}|{ends.isoformat()}") as client:
            code, frames = await client.closed()

    assert code == 4001
    assert [frame["type"] for frame in frames] == ["welcome", "error"]


async def test_socket_new_token_keeps_it_open(site: Site) -> None:
    ada = await site.signed_in()
    kind, member, sign_in, _ = ada.access_token.split("|")
    ends = site.clock.now() + timedelta(seconds=0.3)
    async with site.open(f"{kind}|{member}|{sign_in}|{ends.isoformat()}") as client:
        first = await client.hear("welcome")
        await client.say("authenticate", token=ada.access_token)
        second = await client.hear("welcome")

    assert second["connection_id"] == first["connection_id"]
    assert second["token_expires_at"] > first["token_expires_at"]


async def test_socket_token_of_another_member_is_forbidden(site: Site) -> None:
    ada, ben = await site.signed_in(), await site.signed_in("ben")

    async with site.open(ada.access_token) as client:
        await client.say("authenticate", token=ben.access_token)
        code, frames = await client.closed()

    assert (code, frames[-1]["error_code"]) == (4003, "not_allowed")


async def test_socket_sign_out_closes_it_at_once(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as client:
        await client.hear("welcome")
        await site.auth.sign_out((await site.auth.actor(ada.access_token))[0])
        code, frames = await client.closed()

    assert (code, frames[-1]["error_code"]) == (4001, "not_signed_in")


async def test_socket_silent_ban_is_found_by_the_regular_look() -> None:
    async with Site(HubSettings(rights_seconds=0.05)) as site:
        ada = await site.signed_in()
        async with site.open(ada.access_token) as client:
            await client.hear("welcome")
            async with site.unit_of_work() as work:
                member = await work.members.get(ada.member_id)
                assert member.user is not None
                member.user.is_active = False
                await work.members.save(member, site.clock.now())
                await work.commit()
            code, _ = await client.closed()

    assert code == 4001


async def test_socket_lost_role_ends_its_subscription(site: Site) -> None:
    ada = await site.signed_in()
    await _grant(site, ada.member_id, Role.ADMIN)
    async with site.open(ada.access_token) as client:
        await client.say("subscribe", channel="alerts")
        await client.hear("subscribed")
        await _grant(site, ada.member_id, Role.PUBLIC)
        ended = await client.hear("unsubscribed")

    assert (ended["channel"], ended["reason"]) == ("alerts", "not_allowed")


async def _grant(site: Site, member_id: MemberId, role: Role) -> None:
    async with site.unit_of_work() as work:
        member = await work.members.get(member_id)
        now = site.clock.now()
        member.grants = [Grant(GrantId(site.ids.new()), role, GrantSource.MANUAL, None, "test", None, now)]
        member.version += 1
        await work.members.save(member, now)
        work.announce(RightsChanged(member_id=member.id))
        await work.commit()


async def test_socket_actor_keeps_where_they_ask_from() -> None:
    async with Site(HubSettings(rights_seconds=0.05)) as site:
        ada = await site.signed_in()
        async with site.open(headers={"User-Agent": "x" * 5_000}) as client:
            await client.say("authenticate", token=ada.access_token)
            await client.hear("welcome")
            (first,) = site.hub.manager.of_user(ada.member_id)
            assert first.actor.device == Device("127.0.0.1", "x" * 400)
            await _grant(site, ada.member_id, Role.ADMIN)
            await client.say("subscribe", channel="alerts")
            await client.hear("subscribed")
            assert first.actor.role is Role.ADMIN
            assert first.actor.device == Device("127.0.0.1", "x" * 400)
            await client.say("authenticate", token=ada.access_token)
            await client.hear("welcome")
            assert first.actor.device == Device("127.0.0.1", "x" * 400)
