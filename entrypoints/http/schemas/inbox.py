"""Bodies of the bot's inbox."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

import msgspec

from domain.telegram import InboxUpdate
from entrypoints.http.schemas.common import Answer

StateName = Literal["new", "processing", "success", "error"]


class UpdateResponse(Answer, frozen=True):
    """What Telegram told the bot, without what it says. `update_id` is null for what was no update."""

    key: UUID
    bot_id: int
    update_id: int | None
    kind: str
    lane: Annotated[str, msgspec.Meta(description="Updates of one lane are handled one after the other.")]
    is_urgent: bool
    state: StateName
    attempts: int
    error_message: str | None
    handler_response_time_ms: int | None
    received_at: datetime
    due_at: datetime
    handled_at: datetime | None

    @classmethod
    def of(cls, update: InboxUpdate) -> Self:
        """As it is shown."""
        shown = {name: getattr(update, name) for name in cls.__struct_fields__}
        return msgspec.convert({**shown, "state": update.state.name.lower()}, cls)


class ShownUpdateResponse(Answer, frozen=True):
    """An update with what it says, codes and charge ids masked.

    `content` is null where that was forgotten or is no JSON.
    """

    update: UpdateResponse
    content: object


class UpdateCounts(Answer, frozen=True):
    """How many updates are in each state; those with `error` are the dead letters."""

    new: int
    processing: int
    success: int
    error: int


class UpdatesListResponse(Answer, frozen=True):
    """A page of the inbox, latest first; `next_cursor` is null at the end. `counts` are of the whole inbox."""

    items: tuple[UpdateResponse, ...]
    next_cursor: str | None
    counts: UpdateCounts


class ReplayedResponse(Answer, frozen=True):
    """How many will be handled once more, and how many cannot be any more."""

    replayed: int
    left: int
