"""One-time tokens redeemed while their members are deleted or become one with others, by two processes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from dependency_injector import providers

from adapters.memory.security import PlainPasswordHasher
from application.identity._linked import one_at_a_time
from application.identity.passwords import reset_subject
from application.ports.unit_of_work import UnitOfWork
from domain.errors import InvalidToken, NotFound
from domain.identity import (
    LIFETIMES,
    OPERATOR,
    UNKNOWN_DEVICE,
    Member,
    OneTimeToken,
    OneTimeTokenId,
    TokenPurpose,
    merge,
)
from entrypoints.container import Container, sql_container
from entrypoints.settings import DatabaseSettings, Settings
from tests.support.backend import Backend
from tests.support.given import stored_member, stored_telegram_member
from tests.support.racing import race

PURPOSES = list(TokenPurpose)
PASSWORD = "another long password"


@asynccontextmanager
async def process(url: str, folder: Path, backend: Backend) -> AsyncIterator[Container]:
    """Everything over the database, with engines of its own."""
    container = sql_container(Settings(data_dir=folder, database=DatabaseSettings(url=url)))
    container.clock.override(providers.Object(backend.clock))
    container.ids.override(providers.Object(backend.ids))
    container.hasher.override(providers.Singleton(PlainPasswordHasher))
    try:
        yield container
    finally:
        await container.database().dispose()


@dataclass(frozen=True)
class Places:
    """Two processes of one instance."""

    one: Container
    two: Container

    async def token(self, member: Member, purpose: TokenPurpose) -> str:
        """A token of the member's that works."""
        tokens, now = self.one.tokens(), self.one.clock().now()
        assert member.user is not None
        subjects = {
            TokenPurpose.SIGN_IN: None,
            TokenPurpose.RESET_PASSWORD: reset_subject(tokens, member.user),
            TokenPurpose.VERIFY_EMAIL: member.user.email,
        }
        secret, token_id = tokens.opaque(), OneTimeTokenId(self.one.ids().new())
        ends = now + LIFETIMES[purpose]
        token = OneTimeToken(token_id, purpose, member.id, tokens.hashed(secret), now, ends, subject=subjects[purpose])
        async with self.one.unit_of_work() as work:
            await work.one_time_tokens.add(token)
            await work.commit()
        return secret

    def redeem(self, purpose: TokenPurpose, secret: str) -> Awaitable[object]:
        """Use the token, by the second process."""
        match purpose:
            case TokenPurpose.SIGN_IN:
                return self.two.auth_service().sign_in_with_link(secret, UNKNOWN_DEVICE)
            case TokenPurpose.RESET_PASSWORD:
                return self.two.password_service().redeem_reset(secret, PASSWORD, UNKNOWN_DEVICE)
            case TokenPurpose.VERIFY_EMAIL:
                return self.two.account_service().verify_email(secret, UNKNOWN_DEVICE)


@pytest.fixture
async def places(url: str, backend: Backend, tmp_path: Path) -> AsyncIterator[Places]:
    """Two processes over one database and one signing key."""
    async with process(url, tmp_path, backend) as one, process(url, tmp_path, backend) as two:
        yield Places(one, two)


async def absorb(work: UnitOfWork, web: Member, telegram: Member, places: Places) -> None:
    """Make the two one; the Telegram member is the older one."""
    survivor, absorbed = merge(web, telegram, places.one.clock().now())
    assert absorbed is web
    await work.members.save(absorbed, absorbed.updated_at)
    await work.members.save(survivor, survivor.updated_at)
    await work.merging.move_belongings(absorbed.id, survivor.id)
    await work.members.delete(absorbed)


@pytest.mark.parametrize("purpose", PURPOSES)
async def test_token_used_while_its_member_is_deleted_waits_and_is_refused(
    places: Places, backend: Backend, purpose: TokenPurpose
) -> None:
    member = await stored_member(backend)
    secret = await places.token(member, purpose)

    async with one_at_a_time(places.one.unit_of_work) as work:
        held = await work.members.get(member.id)
        redeeming = asyncio.ensure_future(places.redeem(purpose, secret))
        await asyncio.sleep(0.3)
        await work.members.delete(held)
        await work.commit()

    with pytest.raises(InvalidToken):
        await redeeming


@pytest.mark.parametrize("purpose", PURPOSES)
async def test_token_used_while_its_member_becomes_one_with_another_waits_for_the_one(
    places: Places, backend: Backend, purpose: TokenPurpose
) -> None:
    telegram, web = await stored_telegram_member(backend), await stored_member(backend)
    secret = await places.token(web, purpose)

    async with one_at_a_time(places.one.unit_of_work) as work:
        sides = await work.members.get(web.id), await work.members.get(telegram.id)
        redeeming = asyncio.ensure_future(places.redeem(purpose, secret))
        await asyncio.sleep(0.3)
        await absorb(work, *sides, places)
        await work.commit()
    await redeeming

    with pytest.raises(InvalidToken):
        await places.redeem(purpose, secret)
    view = await backend.members.view(telegram.id, backend.clock.now())
    assert view is not None
    assert view.email_verified is (purpose is not TokenPurpose.SIGN_IN)


async def test_races_of_tokens_with_deletions_end_in_one_or_the_other(places: Places, backend: Backend) -> None:
    members = [await stored_member(backend, f"member{number}") for number in range(6)]
    secrets = [await places.token(member, PURPOSES[number % 3]) for number, member in enumerate(members)]

    async def run(number: int) -> str:
        whom = number // 2
        if number % 2:
            await places.one.data_rights().delete(OPERATOR, members[whom].id)
            return "deleted"
        await places.redeem(PURPOSES[whom % 3], secrets[whom])
        return "redeemed"

    outcomes = await race(2 * len(members), run)

    assert outcomes[1::2] == ["deleted"] * len(members)
    assert {each if isinstance(each, str) else type(each) for each in outcomes[::2]} <= {
        "redeemed",
        InvalidToken,
        NotFound,
    }
