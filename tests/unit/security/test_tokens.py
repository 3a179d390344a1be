"""Access tokens and opaque secrets."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.security.keys import SigningKey, SigningKeys
from adapters.security.tokens import MAX_TOKEN, JwtTokenIssuer
from application.ports.identity import KnownBrowser
from domain.errors import InvalidToken
from domain.identity import MemberId, SignInId

NOW = datetime(2030, 1, 2, 3, 4, 5, 678_000, UTC)
MEMBER = MemberId(UUID(int=1))
SIGN_IN = SignInId(UUID(int=2))
KEY = SigningKey("k1", b"a" * 32)
OLD = SigningKey("k0", b"b" * 32)
ISSUER = JwtTokenIssuer(SigningKeys([KEY, OLD]))


def forged(
    header: dict[str, Any] | None = None, key: bytes = KEY.material, algorithm: str = "HS256", **claims: Any
) -> str:
    issued = int(NOW.timestamp())
    body = {
        "sub": str(MEMBER),
        "sid": str(SIGN_IN),
        "type": "access",
        "jti": "x",
        "iat": issued,
        "exp": issued + 60,
    } | claims
    body = {name: value for name, value in body.items() if value is not ...}
    return jwt.encode(body, key, algorithm=algorithm, headers={"kid": "k1"} | (header or {}))


def lacking(name: str) -> str:
    absent: dict[str, Any] = {name: ...}
    return forged(**absent)


def unsigned(header: dict[str, Any]) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = jwt.decode(forged(), options={"verify_signature": False})
    return f"{part(header)}.{part(claims)}."


def test_access_token_issued_now_reads_back_its_claims() -> None:
    token, ends = ISSUER.access_token(MEMBER, SIGN_IN, NOW)
    claims = ISSUER.read_access_token(token, NOW)
    assert (claims.member_id, claims.sign_in_id, claims.expires_at) == (MEMBER, SIGN_IN, ends)
    assert ends == NOW.replace(microsecond=0) + timedelta(minutes=30)


def test_access_token_header_and_claims_name_key_type_and_jti() -> None:
    token, _ = ISSUER.access_token(MEMBER, SIGN_IN, NOW)
    other, _ = ISSUER.access_token(MEMBER, SIGN_IN, NOW)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "k1", "typ": "JWT"}
    assert set(claims) == {"sub", "sid", "type", "jti", "iat", "exp"}
    assert claims["type"] == "access"
    assert claims["jti"] != jwt.decode(other, options={"verify_signature": False})["jti"]


def test_access_token_lifetime_follows_given_clock_to_the_second() -> None:
    token, ends = ISSUER.access_token(MEMBER, SIGN_IN, NOW)
    assert ISSUER.read_access_token(token, ends - timedelta(microseconds=1)).member_id == MEMBER
    with pytest.raises(InvalidToken, match="ended"):
        ISSUER.read_access_token(token, ends)


def test_access_token_signed_with_kept_key_still_reads() -> None:
    token, _ = JwtTokenIssuer(SigningKeys([OLD])).access_token(MEMBER, SIGN_IN, NOW)
    assert ISSUER.read_access_token(token, NOW).member_id == MEMBER


def test_access_token_signed_with_dropped_key_is_refused() -> None:
    token, _ = ISSUER.access_token(MEMBER, SIGN_IN, NOW)
    with pytest.raises(InvalidToken):
        JwtTokenIssuer(SigningKeys([OLD])).read_access_token(token, NOW)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(forged(key=OLD.material), id="another key under this name"),
        pytest.param(forged({"kid": "k0"}), id="this key under another name"),
        pytest.param(forged({"kid": "k9"}), id="unknown kid"),
        pytest.param(forged(algorithm="HS512", key=b"a" * 64), id="another algorithm and key"),
        pytest.param(forged(algorithm="HS384", key=b"a" * 48), id="another algorithm"),
        pytest.param(unsigned({"alg": "none", "kid": "k1"}), id="alg none"),
        pytest.param(unsigned({"alg": "NONE", "kid": "k1"}), id="alg NONE"),
        pytest.param(unsigned({"alg": "HS256", "kid": "k1"}), id="empty signature"),
        pytest.param(unsigned({"alg": ["HS256"], "kid": "k1"}), id="alg as list"),
        pytest.param(unsigned({"alg": "HS256", "kid": 7}), id="kid as number"),
        pytest.param(unsigned({"alg": "HS256"}), id="no kid"),
        pytest.param(unsigned({"kid": "k1"}), id="no alg"),
        pytest.param(unsigned({"alg": "HS256", "kid": "k1", "b64": False, "crit": ["b64"]}), id="detached payload"),
        pytest.param(forged(type="refresh"), id="another type"),
        *(pytest.param(lacking(name), id=f"no {name}") for name in ("sub", "sid", "type", "jti", "iat", "exp")),
        pytest.param(forged(sub="nobody"), id="sub no id"),
        pytest.param(forged(sid=str(MEMBER) + "0"), id="sid no id"),
        pytest.param(forged(jti=""), id="empty jti"),
        pytest.param(forged(exp="soon"), id="exp as text"),
        pytest.param(forged(exp=10**12), id="exp past all dates"),
        pytest.param(forged(exp=-1), id="exp before all dates"),
        pytest.param(forged(exp=True), id="exp as boolean"),
        pytest.param(forged(padding="x" * MAX_TOKEN), id="oversized"),
        pytest.param("", id="empty"),
        pytest.param("..", id="dots"),
        pytest.param("a.b.c", id="letters"),
        pytest.param("жетон.\U0001f511.\ud800", id="unicode"),
        pytest.param(forged() + "=", id="padding"),
        pytest.param(forged() + ".x", id="four parts"),
    ],
)
def test_access_token_not_ours_is_refused_with_one_answer(token: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        ISSUER.read_access_token(token, NOW)
    assert refused.value.message == "The access token is not valid. Sign in again."
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True)))
def test_access_token_of_any_text_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        ISSUER.read_access_token(token, NOW)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["alg", "kid", "b64", "crit", "typ", "x5u"]), _json))
def test_access_token_with_any_header_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        ISSUER.read_access_token(unsigned({"alg": "HS256", "kid": "k1"} | header), NOW)


@given(st.data())
def test_access_token_with_one_character_changed_is_refused(data: st.DataObject) -> None:
    token = forged()
    # The last character of a 256-bit signature holds two bits that no reader looks at.
    place = data.draw(st.integers(0, len(token) - 2))
    letter = data.draw(st.sampled_from("ABCxyz019-_.").filter(lambda drawn: drawn != token[place]))
    with pytest.raises(InvalidToken):
        ISSUER.read_access_token(token[:place] + letter + token[place + 1 :], NOW)


def test_opaque_secret_each_time_is_new_and_256_bits() -> None:
    made = {ISSUER.opaque() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in made)


def test_successor_of_same_secret_is_the_same_for_this_key_only() -> None:
    secret = ISSUER.opaque()
    assert ISSUER.successor(secret) == ISSUER.successor(secret)
    assert ISSUER.successor(secret) != ISSUER.successor(ISSUER.opaque())
    assert ISSUER.successor(secret) != JwtTokenIssuer(SigningKeys([OLD])).successor(secret)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", ISSUER.successor(secret))


def test_refresh_secret_made_under_a_kept_key_is_known_until_the_key_is_gone() -> None:
    before = JwtTokenIssuer(SigningKeys([OLD]))
    secret = before.refresh_secret(SIGN_IN)
    (following,) = before.next_refresh_secrets(SIGN_IN, secret)

    assert re.fullmatch(r"[A-Za-z0-9_-]{86}", secret)
    assert ISSUER.is_refresh_secret(SIGN_IN, secret)
    assert ISSUER.is_refresh_secret(SIGN_IN, following)
    assert ISSUER.next_refresh_secrets(SIGN_IN, secret)[1] == following
    assert not JwtTokenIssuer(SigningKeys([KEY])).is_refresh_secret(SIGN_IN, secret)


@given(st.data())
def test_refresh_secret_with_any_character_changed_is_not_known(data: st.DataObject) -> None:
    secret = ISSUER.next_refresh_secrets(SIGN_IN, "always the same")[0]
    place = data.draw(st.integers(0, len(secret) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_.é").filter(lambda drawn: drawn != secret[place]))
    assert not ISSUER.is_refresh_secret(SIGN_IN, secret[:place] + letter + secret[place + 1 :])


def test_hashed_secret_of_any_text_is_sha256_hex() -> None:
    assert ISSUER.hashed("secret") == hashlib.sha256(b"secret").hexdigest()
    assert len(ISSUER.hashed("\ud800")) == 64


BROWSER = KnownBrowser(MEMBER, "nonce", "stamp")


def test_browser_token_outlives_a_rotation_while_its_key_is_kept_and_no_longer() -> None:
    token, ends = JwtTokenIssuer(SigningKeys([OLD])).browser_token(BROWSER, NOW)

    assert ISSUER.read_browser_token(token, ends - timedelta(seconds=1)) == BROWSER
    assert JwtTokenIssuer(SigningKeys([KEY])).read_browser_token(token, NOW) is None


def test_browser_token_signed_anew_is_the_same_browsers_under_the_present_key() -> None:
    token, _ = JwtTokenIssuer(SigningKeys([OLD])).browser_token(BROWSER, NOW)
    read = ISSUER.read_browser_token(token, NOW)
    assert read is not None

    anew, _ = ISSUER.browser_token(read, NOW)

    assert JwtTokenIssuer(SigningKeys([KEY])).read_browser_token(anew, NOW) == BROWSER


@pytest.mark.parametrize(
    "token",
    [
        forged(),
        forged(type="browser", stamp="s", key=b"c" * 32),
        forged(type="browser", stamp="s", header={"kid": "k9"}),
        forged(type="browser"),
        forged(type="browser", stamp=""),
        forged(type="browser", stamp=1),
        forged(type="browser", stamp="s", jti=""),
        forged(type="browser", stamp="s", jti=...),
        forged(type="browser", stamp="s", sub="somebody"),
        forged(type="browser", stamp="s", exp=int(NOW.timestamp())),
        forged(type="browser", stamp="s", exp=...),
        unsigned({"alg": "none", "kid": "k1"}),
    ],
)
def test_browser_token_that_is_forged_or_lacks_anything_is_none(token: str) -> None:
    assert ISSUER.read_browser_token(token, NOW) is None
    assert ISSUER.read_browser_token(forged(type="browser", stamp="s"), NOW) == KnownBrowser(MEMBER, "x", "s")
