"""The bot's inbox: what Telegram tells us is kept before it is handled."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.telegram import ChatAnswer, Envelope, InboxUpdate, Incoming, Outgoing, UpdateKey, UpdateState

# What stands in a list for all that an update says: lists do not read it.
LISTED = b"\0"


class UpdateInbox(Protocol):
    """Takes updates in. Callers that come together share one commit and wait for it."""

    async def commit(self, updates: Sequence[InboxUpdate]) -> int:
        """Keep them for good; how many were new. A redelivered one, by (bot_id, update_id), changes nothing.

        Raises `Unavailable` when nothing was kept. Announces `UpdatesArrived` after the commit.
        """
        ...


@dataclass(frozen=True, slots=True)
class UpdateFilter:
    """What a list of updates is narrowed to; None is everything."""

    state: UpdateState | None = None
    bot_id: int | None = None


@dataclass(frozen=True, slots=True)
class UpdatePage:
    """Updates, latest first, with `LISTED` or nothing for what they say, and the cursor of the next page."""

    items: tuple[InboxUpdate, ...]
    next_cursor: str | None


class UpdateQueries(Protocol):
    """Reads of the inbox, for admins."""

    async def page(self, where: UpdateFilter, *, limit: int, cursor: str | None = None) -> UpdatePage:
        """Latest first. Raises `Malformed` on a broken cursor."""
        ...

    async def counts(self, bot_id: int | None = None) -> Mapping[UpdateState, int]:
        """How many there are in each state; every state is there."""
        ...


class UpdateRepository(Protocol):
    """The inbox, in a unit of work."""

    async def claim(
        self, bot_id: int, claim: UUID, now: datetime, lease_until: datetime, *, lanes: int, per_lane: int
    ) -> Sequence[InboxUpdate]:
        """Take the first updates of up to `lanes` lanes in which none is held, urgent lanes first, then by how long
        they are due: of each lane up to `per_lane` that follow each other, ascending by `update_id`. The first one
        begins, the others follow it. A lane whose first update is not due yet is left alone. An update whose lease has
        ended counts as waiting. Concurrent claimers get different lanes.
        """
        ...

    async def get(self, key: UpdateKey) -> InboxUpdate:
        """Raises `NotFound`."""
        ...

    async def save(self, update: InboxUpdate, claim: UUID | None) -> bool:
        """Update, if it is still held under this claim (None: by nobody); False when it is not, and then nothing may
        be written.
        """
        ...

    async def save_each(self, updates: Sequence[tuple[InboxUpdate, UUID | None]]) -> Set[UpdateKey]:
        """Update those that are still held under the claim beside them (None: by nobody); which they were."""
        ...

    async def dead_letters(self, bot_id: int, after: UpdateKey | None, limit: int) -> Sequence[InboxUpdate]:
        """Up to `limit` that ended in an error, the oldest first, those that came after that one. Of what they say only
        whether there is anything: see `LISTED`.
        """
        ...

    async def remove(self, keys: Sequence[UpdateKey]) -> None:
        """Remove dead letters; what was said because of them stays, and others of these do too."""
        ...

    async def renew(self, claim: UUID, lease_until: datetime) -> Set[UpdateKey]:
        """Extend every lease under this claim; which they are."""
        ...

    async def next_due(self, bot_id: int, now: datetime) -> datetime | None:
        """When there may be something to claim again, None when nothing waits."""
        ...

    async def forget_bodies(self, before: datetime, limit: int) -> int:
        """Forget what up to `limit` updates said that were handled before that time, and who; how many there were."""
        ...

    async def forget_person(self, telegram_id: int, now: datetime) -> int:
        """Forget all that only this person told the bot, see `private_lanes`, and that they did; what of it waits is
        given up, what is being handled goes on. How many there were.
        """
        ...


@dataclass(frozen=True, slots=True)
class Handled:
    """What handling an update comes to, committed with its success.

    `outgoing` is sent in this order; `answers` are the replies of the assistant that the chat waits for; `command` is
    the name of the command that ran, to be counted.
    """

    outgoing: Sequence[Outgoing] = ()
    answers: Sequence[ChatAnswer] = ()
    command: str | None = None


class UpdateHandler(Protocol):
    """What the bot does with an update. May be called again for one whose success could not be committed, so what it
    changes has to bear repeating.
    """

    async def handle(self, bot_id: int, incoming: Incoming) -> Handled:
        """Whatever a member should hear comes back as `outgoing`, refusals too. Raises when handling failed."""
        ...

    async def apologise(self, incoming: Incoming) -> Sequence[Outgoing]:
        """What to say when handling was given up; nothing where nobody waits for an answer."""
        ...


class UpdateDecoder(Protocol):
    """Reads updates as Telegram sends them."""

    def envelope(self, raw: bytes) -> Envelope:
        """The outside of it. Never raises: what is no update has no `update_id`."""
        ...

    def incoming(self, raw: bytes) -> Incoming:
        """What it says. `Ignored` for a kind we do nothing with. Raises `Malformed` for what is no update."""
        ...
