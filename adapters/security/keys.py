"""The keys that sign tokens."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key; `kid` names it in the tokens that it signed."""

    kid: str
    material: bytes = field(repr=False)


class KeyRing(Protocol):
    """The keys that sign and check tokens, as they are now."""

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        ...

    def find(self, kid: object) -> SigningKey | None:
        """The key of that name."""
        ...

    def kept(self) -> Sequence[SigningKey]:
        """All of them, the current one first."""
        ...


class SigningKeys(KeyRing):
    """The current key first, then those kept until the tokens they signed have ended. Never shows key material."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        if not keys:
            raise ValueError("at least one signing key is needed")
        self._keys = {key.kid: key for key in reversed(keys)}
        self._current = keys[0]

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._current

    def find(self, kid: object) -> SigningKey | None:
        """The key of that name."""
        return self._keys.get(kid) if isinstance(kid, str) else None

    def kept(self) -> Sequence[SigningKey]:
        """All of them, the current one first."""
        return (self._current, *(key for key in self._keys.values() if key.kid != self._current.kid))

    def __repr__(self) -> str:
        """The names, current first."""
        others = sorted(kid for kid in self._keys if kid != self._current.kid)
        return f"SigningKeys({', '.join([self._current.kid, *others])})"

    @classmethod
    def from_secrets(cls, current: str, previous: Sequence[str] = ()) -> Self:
        """Keys derived from the settings' secrets; every process with the same settings derives the same ones."""
        return cls([_derived(secret) for secret in (current, *previous)])


def _derived(secret: str) -> SigningKey:
    octets = secret.encode("utf-8", "surrogateescape")
    name = hmac.digest(octets, b"guildhall key name", "sha256").hex()[:16]
    return SigningKey(name, hashlib.sha256(b"guildhall signing key\x00" + octets).digest())
