"""Whose address a request counts for, over a real connection: what the peer says of itself proves nothing."""

import ipaddress
from pathlib import Path

import httpx
import pytest
from dependency_injector import providers

from domain.errors import NotFound
from domain.identity import UNKNOWN_DEVICE, Actor, Device
from entrypoints.container import Container, memory_container
from entrypoints.settings.addresses import Network
from tests.integration.http.house import PASSWORD, House, settings
from tests.integration.http.served import Served, served

LOGIN = "/api/v1/auth/login"


def behind(folder: Path, *proxies: str) -> Container:
    """A house that trusts these."""
    networks: tuple[Network, ...] = tuple(ipaddress.ip_network(proxy) for proxy in proxies)
    return memory_container(settings(folder, trusted_proxies=networks))


async def address_kept(running: Served, *forwarded: str, user_agent: str = "test") -> tuple[str | None, str | None]:
    """What is kept of a sign-in that comes with these `X-Forwarded-For` headers."""
    member = await running.container.account_service().register(None, "ada", PASSWORD, UNKNOWN_DEVICE)
    raw = [("X-Forwarded-For", value) for value in forwarded]
    headers = httpx.Headers([*raw, ("User-Agent", user_agent), ("X-Real-IP", "203.0.113.99")])
    answer = await running.client.post(LOGIN, json={"username": "ada", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 200
    page = await running.container.member_queries().sign_ins(member.id, None, 2, running.container.clock().now())
    (kept,) = page.items
    return kept.ip, kept.user_agent


@pytest.mark.parametrize("forwarded", [("198.51.100.1",), ("198.51.100.1, 127.0.0.1",), ("127.0.0.1",), ()], ids=str)
async def test_forwarded_address_from_an_untrusted_peer_is_ignored(tmp_path: Path, forwarded: tuple[str, ...]) -> None:
    async with served(behind(tmp_path, "10.0.0.0/8")) as running:
        assert (await address_kept(running, *forwarded))[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "kept"),
    [
        (("198.51.100.1",), "198.51.100.1"),
        (("6.6.6.6, 198.51.100.1",), "198.51.100.1"),
        (("6.6.6.6, 198.51.100.1, 10.1.2.3, 127.0.0.9",), "198.51.100.1"),
        (("6.6.6.6", "198.51.100.1", "10.1.2.3"), "198.51.100.1"),
        (("garbage",), "127.0.0.1"),
        (("6.6.6.6, garbage, 10.1.2.3",), "10.1.2.3"),
        (("2001:db8::7",), "2001:db8::7"),
        (("fe80::1%eth0",), "fe80::1"),
        (("::ffff:198.51.100.1",), "198.51.100.1"),
        (("%%%, ;;",), "127.0.0.1"),
        ((), "127.0.0.1"),
    ],
    ids=str,
)
async def test_forwarded_address_through_trusted_proxies_is_the_last_foreign_one(
    tmp_path: Path, forwarded: tuple[str, ...], kept: str
) -> None:
    async with served(behind(tmp_path, "127.0.0.0/8", "10.0.0.0/8")) as running:
        assert (await address_kept(running, *forwarded))[0] == kept


async def test_user_agent_is_kept_cut_to_400_characters(tmp_path: Path) -> None:
    async with served(behind(tmp_path)) as running:
        assert (await address_kept(running, user_agent="x" * 5_000))[1] == "x" * 400


async def test_use_cases_hear_from_where_their_actor_asks(house: House) -> None:
    heard: list[Device] = []

    class Listening:
        async def stats(self, actor: Actor) -> None:
            heard.append(actor.device)
            raise NotFound("There are no figures.")

    person = await house.person("ada")
    house.container.chat_session_service.override(providers.Object(Listening()))
    headers = {**person.headers, "User-Agent": "browser/1"}
    await house.client.get("/api/v1/chat/stats", headers=headers)
    assert heard == [Device("203.0.113.7", "browser/1")]
