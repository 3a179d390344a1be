"""What linking and Telegram sign-in need from outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.identity import LinkRequest, LinkRequestId, MemberId, TelegramProfile


class LinkRequestRepository(Protocol):
    """Requests to link. A loaded one is locked until the unit of work ends."""

    async def add(self, request: LinkRequest) -> None:
        """Insert; declines other open requests of the same member. Raises `Conflict` when the code is taken; the
        transaction can go on.
        """
        ...

    async def get(self, request_id: LinkRequestId) -> LinkRequest:
        """Raises `NotFound`."""
        ...

    async def by_code_hash(self, code_hash: str) -> LinkRequest | None:
        """None when there is none."""
        ...

    async def save(self, request: LinkRequest) -> None:
        """Update."""
        ...


class MemberMerging(Protocol):
    """Moves what one member owns to another, in the transaction."""

    async def move_belongings(self, absorbed: MemberId, survivor: MemberId) -> None:
        """Saved guides (of both: read if either, views added up, the earlier saving, the later viewing), chat sessions
        and participations, authorship of messages, sign-ins, one-time tokens, requests to link, idempotency keys, the
        giver named in grants, and the audit trail. Each session that changed gets a version more and an event in its
        log and its participants' channels. Raises `Conflict` when either member is gone.
        """
        ...


@dataclass(frozen=True, slots=True)
class TelegramProof:
    """What Telegram vouched for. `digest` is the proof's own hash, which may be used once until it is too old."""

    profile: TelegramProfile
    signed_at: datetime
    digest: str


class TelegramProofs(Protocol):
    """Checks sign-in data against the bot's token, by HMAC as Telegram documents it, in constant time.

    Each method raises `InvalidToken` for a missing or false hash, duplicate or malformed fields; age and single use
    are the use case's. Without a bot token they raise `Unavailable`.
    """

    def login_widget(self, fields: Mapping[str, object]) -> TelegramProof:
        """The fields of the Login Widget, `hash` among them. Values are strings or integers."""
        ...

    def mini_app(self, init_data: str) -> TelegramProof:
        """A Mini App's `initData`: a query string; raises `InvalidToken` also when it carries no user."""
        ...


class UsedProofs(Protocol):
    """Remembers what may be used once."""

    async def use(self, digest: str, until: datetime) -> None:
        """Raises `Conflict` when the digest was used before; the transaction can go on. Kept until `until`."""
        ...
