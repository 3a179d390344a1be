"""What checking a password needs to read."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from domain.identity import MemberId


@dataclass(frozen=True, slots=True)
class Login:
    """The name by which somebody says who they are; one of the three."""

    email: str | None = None
    username: str | None = None
    telegram_id: int | None = None


@dataclass(frozen=True, slots=True)
class StoredCredentials:
    """What is stored of the account that a login names.

    `password_hash` is None without a web account or without a password. `addresses` are those of its latest sign-ins.
    """

    member_id: MemberId
    password_hash: str | None = field(repr=False)
    is_active: bool
    addresses: frozenset[str]


class CredentialQueries(Protocol):
    """Looks accounts up for a sign-in, without holding a transaction."""

    async def find(self, login: Login, since: datetime) -> StoredCredentials | None:
        """The member with this login, ignoring case, and the addresses of at most 100 sign-ins begun since then.

        None when there is none: with the same statements as when there is one, so that both take the same time.
        """
        ...
