"""Accounts looked up for a sign-in: by any name, with the addresses they are known at."""

from datetime import timedelta

import pytest

from application.ports.credentials import CredentialQueries, Login
from domain.identity import OPERATOR, Member, SignIn, SignInId
from tests.support.backend import Backend
from tests.support.given import added, new_telegram_member, stored_member


async def signed_in(backend: Backend, member: Member, ip: str | None) -> None:
    now = backend.clock.now()
    sign_in = SignIn(SignInId(backend.ids.new()), member.id, "hash", now, now + timedelta(days=7), ip=ip)
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(sign_in)
        await work.commit()


@pytest.fixture
def credentials(backend: Backend) -> CredentialQueries:
    return backend.credentials


@pytest.mark.parametrize("login", [Login(email="ADA@Example.org"), Login(username="Ada")], ids=["email", "username"])
async def test_credentials_by_either_name_ignoring_case_are_found(
    backend: Backend, credentials: CredentialQueries, login: Login
) -> None:
    ada = await stored_member(backend, "ada")
    await stored_member(backend, "eve")

    found = await credentials.find(login, backend.clock.now())

    assert found is not None
    assert (found.member_id, found.password_hash, found.is_active, found.addresses) == (
        ada.id,
        "a hash",
        True,
        frozenset(),
    )
    assert "a hash" not in repr(found)


@pytest.mark.parametrize(
    "login",
    [
        Login(),
        Login(email=""),
        Login(email="ada"),
        Login(username="ada@example.org"),
        Login(username="ad\x00a"),
        Login(username="\ud800"),
        Login(telegram_id=0),
        Login(telegram_id=-1),
        Login(telegram_id=2**70),
        Login(telegram_id=42),
    ],
)
async def test_credentials_of_nobody_are_none(backend: Backend, credentials: CredentialQueries, login: Login) -> None:
    await stored_member(backend, "ada")

    assert await credentials.find(login, backend.clock.now()) is None


async def test_credentials_by_telegram_id_without_web_account_have_no_password(
    backend: Backend, credentials: CredentialQueries
) -> None:
    member = new_telegram_member(backend, 42)
    await added(backend, member)

    found = await credentials.find(Login(telegram_id=42), backend.clock.now())

    assert found is not None
    assert (found.member_id, found.password_hash, found.is_active) == (member.id, None, True)


async def test_credentials_of_a_banned_member_are_inactive(backend: Backend, credentials: CredentialQueries) -> None:
    ada = await stored_member(backend, "ada")
    ada.ban(OPERATOR, backend.clock.now())
    async with backend.unit_of_work() as work:
        await work.members.save(ada, backend.clock.now())
        await work.commit()

    found = await credentials.find(Login(username="ada"), backend.clock.now())

    assert found is not None
    assert found.is_active is False


async def test_credentials_addresses_since_then_are_distinct_and_own(
    backend: Backend, credentials: CredentialQueries
) -> None:
    ada, eve = await stored_member(backend, "ada"), await stored_member(backend, "eve")
    await signed_in(backend, ada, "192.0.2.1")
    backend.clock.advance(timedelta(days=1))
    since = backend.clock.now()
    for ip in ("192.0.2.2", "192.0.2.2", "2001:db8::1", None):
        await signed_in(backend, ada, ip)
    await signed_in(backend, eve, "192.0.2.3")

    found = await credentials.find(Login(username="ada"), since)

    assert found is not None
    assert found.addresses == {"192.0.2.2", "2001:db8::1"}


async def test_credentials_addresses_beyond_a_hundred_are_the_latest(
    backend: Backend, credentials: CredentialQueries
) -> None:
    ada, since = await stored_member(backend, "ada"), backend.clock.now()
    for number in range(103):
        backend.clock.advance(timedelta(seconds=1))
        await signed_in(backend, ada, f"192.0.2.{number}")

    found = await credentials.find(Login(username="ada"), since)

    assert found is not None
    assert found.addresses == {f"192.0.2.{number}" for number in range(3, 103)}
