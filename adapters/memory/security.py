"""Passwords and tokens for tests: fast, readable, and no protection at all."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from application.ports.identity import AccessClaims, KnownBrowser, PasswordHasher, TokenIssuer
from domain.errors import InvalidToken
from domain.identity import BROWSER_KNOWN_FOR, LINK_CODE_LENGTH, MemberId, SignInId

ACCESS_LIFETIME = timedelta(minutes=30)
CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class PlainPasswordHasher(PasswordHasher):
    """INSECURE: keeps the password as it is. Only for tests that should not wait for a slow hash."""

    async def hash(self, password: str) -> str:
        return f"plain:{password}"

    async def verify(self, password_hash: str | None, password: str, *, yielding: bool = False) -> bool:
        return password_hash == f"plain:{password}"


class InMemoryTokenIssuer(TokenIssuer):
    """INSECURE: unsigned access tokens that anybody can write, and secrets that are the same in every run."""

    def __init__(self) -> None:
        self._made = 0

    def access_token(self, member_id: MemberId, sign_in_id: SignInId, now: datetime) -> tuple[str, datetime]:
        expires_at = now + ACCESS_LIFETIME
        return f"access|{member_id}|{sign_in_id}|{expires_at.isoformat()}", expires_at

    def read_access_token(self, token: str, now: datetime) -> AccessClaims:
        try:
            kind, member_id, sign_in_id, expires_at = token.split("|")
            claims = AccessClaims(
                MemberId(UUID(member_id)), SignInId(UUID(sign_in_id)), datetime.fromisoformat(expires_at)
            )
        except ValueError:
            raise InvalidToken("The access token is not valid; sign in again.") from None
        if kind != "access" or claims.expires_at.tzinfo is None or claims.expires_at <= now:
            raise InvalidToken("The access token is not valid any more; sign in again.")
        return claims

    def browser_token(self, browser: KnownBrowser, now: datetime) -> tuple[str, datetime]:
        expires_at = now + BROWSER_KNOWN_FOR
        return f"browser|{browser.member_id}|{browser.nonce}|{browser.stamp}|{expires_at.isoformat()}", expires_at

    def read_browser_token(self, token: str, now: datetime) -> KnownBrowser | None:
        kind, *rest = token.split("|")
        if kind != "browser" or len(rest) != 4:
            return None
        member_id, nonce, stamp, expires_at = rest
        try:
            browser = KnownBrowser(MemberId(UUID(member_id)), nonce, stamp)
            ends = datetime.fromisoformat(expires_at)
        except ValueError:
            return None
        return browser if ends.tzinfo is not None and ends > now else None

    def opaque(self) -> str:
        self._made += 1
        return _digest(f"secret {self._made}")

    def refresh_secret(self, sign_in_id: SignInId) -> str:
        return _tagged(sign_in_id, self.opaque())

    def next_refresh_secrets(self, sign_in_id: SignInId, secret: str) -> Sequence[str]:
        return [_tagged(sign_in_id, each) for each in self.successors(secret)]

    def is_refresh_secret(self, sign_in_id: SignInId, secret: str) -> bool:
        return secret == _tagged(sign_in_id, secret.partition("-")[0])

    def successor(self, secret: str) -> str:
        return _digest(f"after {secret}")

    def successors(self, secret: str) -> Sequence[str]:
        return (self.successor(secret),)

    def hashed(self, secret: str) -> str:
        return _digest(f"hash of {secret}")

    def code(self) -> str:
        self._made += 1
        number = int(_digest(f"code {self._made}"), 16)
        return "".join(CODE_LETTERS[number >> 5 * place & 31] for place in range(LINK_CODE_LENGTH))

    def hashed_code(self, code: str) -> str:
        return _digest(f"hash of code {code.casefold()}")


def _tagged(sign_in_id: SignInId, nonce: str) -> str:
    return f"{nonce}-{_digest(f'{nonce} of {sign_in_id}')}"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
