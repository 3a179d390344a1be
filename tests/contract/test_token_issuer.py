"""Tokens: made, read back, and refused when they are not ours or have ended."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from adapters.memory import InMemoryTokenIssuer
from adapters.security.keys import SigningKey, SigningKeys
from adapters.security.tokens import JwtTokenIssuer
from application.ports.identity import KnownBrowser, TokenIssuer
from domain.errors import InvalidToken
from domain.identity import MemberId, SignInId

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
MEMBER, SIGN_IN, OTHER = MemberId(UUID(int=1)), SignInId(UUID(int=2)), SignInId(UUID(int=3))
ISSUERS: dict[str, Callable[[], TokenIssuer]] = {
    "memory": InMemoryTokenIssuer,
    "jwt": lambda: JwtTokenIssuer(SigningKeys([SigningKey("key", b"k" * 32)])),
}


@pytest.fixture(params=ISSUERS)
def issuer(request: pytest.FixtureRequest) -> TokenIssuer:
    return ISSUERS[request.param]()


async def test_token_issuer_access_token_is_read_back_for_thirty_minutes(issuer: TokenIssuer) -> None:
    token, ends = issuer.access_token(MEMBER, SIGN_IN, NOW)
    claims = issuer.read_access_token(token, ends - timedelta(seconds=1))
    assert (claims.member_id, claims.sign_in_id, claims.expires_at) == (MEMBER, SIGN_IN, ends)
    assert ends == NOW + timedelta(minutes=30)


async def test_token_issuer_ended_access_token_is_refused(issuer: TokenIssuer) -> None:
    token, ends = issuer.access_token(MEMBER, SIGN_IN, NOW)
    for moment in (ends, ends + timedelta(days=1)):
        with pytest.raises(InvalidToken):
            issuer.read_access_token(token, moment)


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "|||", "é", "x" * 10_000, "\0", "\ud800"])
async def test_token_issuer_garbage_is_refused(issuer: TokenIssuer, token: str) -> None:
    with pytest.raises(InvalidToken):
        issuer.read_access_token(token, NOW)


async def test_token_issuer_opaque_secret_is_no_access_token(issuer: TokenIssuer) -> None:
    with pytest.raises(InvalidToken):
        issuer.read_access_token(issuer.opaque(), NOW)


async def test_token_issuer_opaque_secrets_are_long_and_never_repeat(issuer: TokenIssuer) -> None:
    made = {issuer.opaque() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 43


async def test_token_issuer_successor_is_the_same_each_time_and_another_secret(issuer: TokenIssuer) -> None:
    secret = issuer.opaque()
    first, second = issuer.successor(secret), issuer.successor(secret)
    assert first == second
    assert len({secret, first, issuer.successor(first)}) == 3


async def test_token_issuer_refresh_secrets_are_long_new_each_time_and_known_again(issuer: TokenIssuer) -> None:
    made = {issuer.refresh_secret(SIGN_IN) for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 86
    assert all(issuer.is_refresh_secret(SIGN_IN, secret) for secret in made)
    assert not any(issuer.is_refresh_secret(OTHER, secret) for secret in made)


async def test_token_issuer_next_refresh_secret_is_the_same_each_time_and_this_sign_ins(issuer: TokenIssuer) -> None:
    secret = issuer.refresh_secret(SIGN_IN)
    (first,), (again,) = issuer.next_refresh_secrets(SIGN_IN, secret), issuer.next_refresh_secrets(SIGN_IN, secret)
    (second,) = issuer.next_refresh_secrets(SIGN_IN, first)

    assert first == again
    assert len({secret, first, second}) == 3
    assert issuer.is_refresh_secret(SIGN_IN, first)
    assert issuer.is_refresh_secret(SIGN_IN, second)
    assert not issuer.is_refresh_secret(OTHER, first)


@pytest.mark.parametrize("text", ["", "-", "é", "x" * 5_000, "A" * 43, "A" * 86, "\0", "\ud800"])
async def test_token_issuer_any_other_text_is_no_refresh_secret_and_has_a_next_one(
    issuer: TokenIssuer, text: str
) -> None:
    secret = issuer.refresh_secret(SIGN_IN)
    for forged in (
        text,
        *([text + secret] if text else []),
        secret + text if text else secret[:-1],
        secret[: len(secret) // 2] + text,
    ):
        assert not issuer.is_refresh_secret(SIGN_IN, forged)
    assert issuer.next_refresh_secrets(SIGN_IN, text) != []


async def test_token_issuer_opaque_secret_or_successor_is_no_refresh_secret(issuer: TokenIssuer) -> None:
    secret = issuer.opaque()
    assert not issuer.is_refresh_secret(SIGN_IN, secret)
    assert not issuer.is_refresh_secret(SIGN_IN, secret + issuer.successor(secret))


async def test_token_issuer_hash_is_stable_and_hides_the_secret(issuer: TokenIssuer) -> None:
    secret, other = issuer.opaque(), issuer.opaque()
    assert issuer.hashed(secret) == issuer.hashed(secret)
    assert issuer.hashed(secret) != issuer.hashed(other)
    assert secret not in issuer.hashed(secret)
    assert issuer.hashed(secret) != issuer.successor(secret)


async def test_token_issuer_any_text_has_a_hash_and_a_successor(issuer: TokenIssuer) -> None:
    for text in ("", "é", "x" * 5_000, "\0", "\ud800"):
        assert issuer.hashed(text) != ""
        assert issuer.successor(text) != ""


async def test_token_issuer_browser_token_is_read_back_for_half_a_year(issuer: TokenIssuer) -> None:
    browser = KnownBrowser(MEMBER, issuer.opaque(), "stamp")
    token, ends = issuer.browser_token(browser, NOW)

    assert ends == NOW + timedelta(days=180)
    assert issuer.read_browser_token(token, ends - timedelta(seconds=1)) == browser
    assert issuer.read_browser_token(token, ends) is None


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "|||", "browser|1|2|3", "é", "x" * 10_000, "\0", "\ud800"])
async def test_token_issuer_garbage_is_no_browser_token(issuer: TokenIssuer, token: str) -> None:
    assert issuer.read_browser_token(token, NOW) is None


async def test_token_issuer_browser_token_is_no_access_token_and_the_other_way_round(issuer: TokenIssuer) -> None:
    access, _ = issuer.access_token(MEMBER, SIGN_IN, NOW)
    token, _ = issuer.browser_token(KnownBrowser(MEMBER, str(SIGN_IN), "stamp"), NOW)

    assert issuer.read_browser_token(access, NOW) is None
    with pytest.raises(InvalidToken):
        issuer.read_access_token(token, NOW)
