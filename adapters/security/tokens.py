"""Access tokens as signed JWTs, and opaque secrets."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import jwt
import msgspec

from adapters.security.keys import KeyRing, SigningKey
from application.ports.identity import AccessClaims, KnownBrowser, TokenIssuer
from domain.errors import InvalidToken
from domain.identity import BROWSER_KNOWN_FOR, LINK_CODE_LENGTH, MemberId, SignInId

ACCESS_LIFETIME = timedelta(minutes=30)
MAX_TOKEN = 2048
CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ALGORITHM = "HS256"
_NONCE_LENGTH = 43  # 256 bits in base64 without padding
# Time is checked against the caller's clock, not PyJWT's.
_OPTIONS = jwt.types.Options(verify_exp=False, verify_iat=False, verify_nbf=False)
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, as far as datetime goes
_Seconds = Annotated[int, msgspec.Meta(ge=0, le=_LAST_SECOND)]


class _Claims(msgspec.Struct, frozen=True):
    """What an access token must say."""

    sub: UUID
    sid: UUID
    type: Literal["access"]
    jti: Annotated[str, msgspec.Meta(min_length=1)]
    iat: _Seconds
    exp: _Seconds


class _BrowserClaims(msgspec.Struct, frozen=True):
    """What a browser's token must say; `jti` is the browser's nonce."""

    sub: UUID
    type: Literal["browser"]
    jti: Annotated[str, msgspec.Meta(min_length=1)]
    stamp: Annotated[str, msgspec.Meta(min_length=1)]
    iat: _Seconds
    exp: _Seconds


_AnyClaims = TypeVar("_AnyClaims", _Claims, _BrowserClaims)


class JwtTokenIssuer(TokenIssuer):
    """HS256, signed with the current key, read with any key that is still kept (named by `kid`)."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def access_token(self, member_id: MemberId, sign_in_id: SignInId, now: datetime) -> tuple[str, datetime]:
        """A signed JWT of 30 minutes and the time it ends, in whole seconds."""
        issued = int(now.timestamp())
        ends = issued + int(ACCESS_LIFETIME.total_seconds())
        claims = {
            "sub": str(member_id),
            "sid": str(sign_in_id),
            "type": "access",
            "jti": secrets.token_urlsafe(16),
            "iat": issued,
            "exp": ends,
        }
        return self._signed(claims), datetime.fromtimestamp(ends, UTC)

    def read_access_token(self, token: str, now: datetime) -> AccessClaims:
        """Raises `InvalidToken` for anything forged, ended, unsigned or of another type."""
        claims = self._verified(token, _Claims)
        if claims is None:
            raise InvalidToken("The access token is not valid. Sign in again.")
        ends = datetime.fromtimestamp(claims.exp, UTC)
        if now >= ends:
            raise InvalidToken("The access token has ended. Refresh it or sign in again.")
        return AccessClaims(MemberId(claims.sub), SignInId(claims.sid), ends)

    def browser_token(self, browser: KnownBrowser, now: datetime) -> tuple[str, datetime]:
        """A signed JWT of 180 days and the time it ends, in whole seconds."""
        issued = int(now.timestamp())
        ends = issued + int(BROWSER_KNOWN_FOR.total_seconds())
        claims = {
            "sub": str(browser.member_id),
            "type": "browser",
            "jti": browser.nonce,
            "stamp": browser.stamp,
            "iat": issued,
            "exp": ends,
        }
        return self._signed(claims), datetime.fromtimestamp(ends, UTC)

    def read_browser_token(self, token: str, now: datetime) -> KnownBrowser | None:
        """None for anything forged, ended, unsigned, of another type or without one of the claims."""
        claims = self._verified(token, _BrowserClaims)
        if claims is None or now >= datetime.fromtimestamp(claims.exp, UTC):
            return None
        return KnownBrowser(MemberId(claims.sub), claims.jti, claims.stamp)

    def opaque(self) -> str:
        """A new 256-bit secret, URL-safe."""
        return secrets.token_urlsafe(32)

    def refresh_secret(self, sign_in_id: SignInId) -> str:
        """A nonce of 256 bits and its tag under the current key, URL-safe."""
        return _tagged(self._keys.current, sign_in_id, self.opaque())

    def next_refresh_secrets(self, sign_in_id: SignInId, secret: str) -> Sequence[str]:
        """Tagged as `refresh_secret` makes them, each nonce what `successors` gives."""
        return [_tagged(key, sign_in_id, _successor(key, secret)) for key in self._keys.kept()]

    def is_refresh_secret(self, sign_in_id: SignInId, secret: str) -> bool:
        """Whether the tag holds for this sign-in under any key that is kept now."""
        nonce, presented = secret[:_NONCE_LENGTH], secret.encode("utf-8", "surrogatepass")
        expected = [_tagged(key, sign_in_id, nonce).encode("utf-8", "surrogatepass") for key in self._keys.kept()]
        return any(hmac.compare_digest(each, presented) for each in expected)

    def successor(self, secret: str) -> str:
        """An HMAC of the text under the current key, known only to who holds it."""
        return self.successors(secret)[0]

    def successors(self, secret: str) -> Sequence[str]:
        """What `successor` gives with each key that is kept now, the current one's first."""
        return [_successor(key, secret) for key in self._keys.kept()]

    def hashed(self, secret: str) -> str:
        """SHA-256, 64 hexadecimal digits. The secrets are random, so a fast hash is enough."""
        return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

    def code(self) -> str:
        """A new code for people to type, 40 bits: none of its characters is mistaken for another."""
        return "".join(secrets.choice(CODE_LETTERS) for _ in range(LINK_CODE_LENGTH))

    def hashed_code(self, code: str) -> str:
        """An HMAC under the current key, ignoring case. Codes from before the key changed are not found any more."""
        message = b"guildhall code\x00" + code.casefold().encode("utf-8", "surrogatepass")
        return hmac.new(self._keys.kept()[0].material, message, "sha256").hexdigest()

    def _signed(self, claims: dict[str, object]) -> str:
        key = self._keys.current
        return jwt.encode(claims, key.material, algorithm=_ALGORITHM, headers={"kid": key.kid})

    def _verified(self, token: str, kind: type[_AnyClaims]) -> _AnyClaims | None:
        """The claims of a token of this kind; None for every reason, so that no error carries the token into a log."""
        if len(token) > MAX_TOKEN or not _COMPACT.fullmatch(token):
            return None
        try:
            key = self._keys.find(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                return None
            payload = jwt.decode(token, key.material, algorithms=[_ALGORITHM], options=_OPTIONS)
            return msgspec.convert(payload, kind)
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError):
            return None


def _successor(key: SigningKey, secret: str) -> str:
    return _mac(key, b"guildhall successor\x00", secret)


def _tagged(key: SigningKey, sign_in_id: SignInId, nonce: str) -> str:
    return nonce + _mac(key, b"guildhall refresh\x00" + sign_in_id.bytes, nonce)


def _mac(key: SigningKey, purpose: bytes, text: str) -> str:
    """An HMAC-SHA-256 in URL-safe base64, 43 characters. No purpose may begin with another one."""
    digest = hmac.digest(key.material, purpose + text.encode("utf-8", "surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
