"""The bot's inbox, for admins."""

from typing import Annotated
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from domain.telegram import UpdateKey, UpdateState
from entrypoints.http.access import admin
from entrypoints.http.dependencies import ActorDependency, BotIdDependency, DeadLettersDependency
from entrypoints.http.openapi import SECURITY, refusals
from entrypoints.http.parameters import Cursor, Limit
from entrypoints.http.schemas.common import present
from entrypoints.http.schemas.inbox import (
    ReplayedResponse,
    ShownUpdateResponse,
    StateName,
    UpdateCounts,
    UpdateResponse,
    UpdatesListResponse,
)


@get("/updates", guards=[admin], security=SECURITY, responses=refusals(401, 403, 422))
async def list_updates(
    actor: ActorDependency,
    dead_letters: DeadLettersDependency,
    bot_id: BotIdDependency,
    in_state: Annotated[StateName | None, QueryParameter(name="state", description="Only those in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> UpdatesListResponse:
    """What Telegram told the bot, latest first, without what it says. `state=error` are the dead letters."""
    state = None if in_state is None else UpdateState[in_state.upper()]
    page = await dead_letters.page(actor, bot_id, state, cursor, limit)
    counts = await dead_letters.counts(actor, bot_id)
    return UpdatesListResponse(
        items=tuple(UpdateResponse.of(update) for update in page.items),
        next_cursor=page.next_cursor,
        counts=UpdateCounts(**{each.name.lower(): counts[each] for each in UpdateState}),
    )


@get("/updates/{key:uuid}", guards=[admin], security=SECURITY, responses=refusals(401, 403, 404))
async def get_update(
    actor: ActorDependency, dead_letters: DeadLettersDependency, bot_id: BotIdDependency, key: FromPath[UUID]
) -> ShownUpdateResponse:
    """One update with what it says, codes and charge ids masked. Reading it is a line of the audit trail."""
    shown = await dead_letters.show(actor, bot_id, UpdateKey(key))
    return ShownUpdateResponse(update=UpdateResponse.of(shown.update), content=shown.content)


@post(
    "/updates/{key:uuid}/replay",
    guards=[admin],
    security=SECURITY,
    status_code=HTTP_200_OK,
    responses=refusals(401, 403, 404, 409),
)
async def replay_update(
    actor: ActorDependency, dead_letters: DeadLettersDependency, bot_id: BotIdDependency, key: FromPath[UUID]
) -> UpdateResponse:
    """Have a dead letter handled once more, in its lane's turn."""
    return UpdateResponse.of(await dead_letters.replay(actor, bot_id, UpdateKey(key)))


@post("/updates/replay", guards=[admin], security=SECURITY, status_code=HTTP_200_OK, responses=refusals(401, 403))
async def replay_updates(
    actor: ActorDependency, dead_letters: DeadLettersDependency, bot_id: BotIdDependency
) -> ReplayedResponse:
    """Have every dead letter handled once more that can be, the oldest first. Pressed buttons are not pressed again."""
    return present(ReplayedResponse, await dead_letters.replay_all(actor, bot_id))


@delete(
    "/updates/{key:uuid}",
    guards=[admin],
    security=SECURITY,
    status_code=HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 404, 409),
)
async def dismiss_update(
    actor: ActorDependency, dead_letters: DeadLettersDependency, bot_id: BotIdDependency, key: FromPath[UUID]
) -> None:
    """Remove a dead letter, for good."""
    await dead_letters.dismiss(actor, bot_id, UpdateKey(key))


HANDLERS = [list_updates, get_update, replay_update, replay_updates, dismiss_update]
