"""Messages of a conversation: reading, posting, regenerating and stopping."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from domain.chat import ChatMessageId, ChatSessionId
from domain.errors import Invalid
from entrypoints.http.access import signed_in
from entrypoints.http.dependencies import (
    ActorDependency,
    ChatSessionServiceDependency,
    MessageServiceDependency,
)
from entrypoints.http.openapi import SECURITY, refusals
from entrypoints.http.parameters import MAX_SEQ, Limit
from entrypoints.http.schemas.chat import (
    ChatMessageCreateRequest,
    ChatMessageResponse,
    ChatMessagesListResponse,
    PostedMessageResponse,
)
from entrypoints.http.schemas.common import present

Seq = Annotated[int | None, QueryParameter(ge=0, le=MAX_SEQ, description="A place in the session (`seq`).")]


@get("/sessions/{session_id:uuid}/messages", guards=[signed_in], security=SECURITY, responses=refusals(401, 404, 422))
async def list_messages(
    actor: ActorDependency,
    chat_session_service: ChatSessionServiceDependency,
    session_id: FromPath[UUID],
    before: Seq = None,
    after: Seq = None,
    limit: Limit = 50,
) -> ChatMessagesListResponse:
    """A stretch of the conversation, always ascending.

    Without a bound the last `limit` messages; with `before` the last ones before that place, with `after` the first
    ones after it. `epoch` and `offset` were taken before the read: live events continue from there.
    """
    if before is not None and after is not None:
        raise Invalid.of("before", "expected alone: `before` and `after` exclude each other")
    page = await chat_session_service.messages(
        actor, ChatSessionId(session_id), before=before, after=after, limit=limit
    )
    return present(ChatMessagesListResponse, page)


@post(
    "/sessions/{session_id:uuid}/messages",
    guards=[signed_in],
    security=SECURITY,
    responses=refusals(401, 403, 404, 409, 429, body=True),
)
async def post_message(
    actor: ActorDependency,
    message_service: MessageServiceDependency,
    session_id: FromPath[UUID],
    data: JSONBody[ChatMessageCreateRequest],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(
            name="Idempotency-Key",
            description="The same key with the same message gives the same answer for 24 hours; with another, 409.",
        ),
    ] = None,
) -> PostedMessageResponse:
    """Add a message, and ask the assistant for a reply. While a reply streams, the next waits its turn."""
    posted = await message_service.post(
        actor,
        ChatSessionId(session_id),
        data.content,
        ask_assistant=data.assistant,
        idempotency_key=idempotency_key,
    )
    return present(PostedMessageResponse, posted)


@get("/messages/{message_id:uuid}", guards=[signed_in], security=SECURITY, responses=refusals(401, 404))
async def get_message(
    actor: ActorDependency, chat_session_service: ChatSessionServiceDependency, message_id: FromPath[UUID]
) -> ChatMessageResponse:
    """One message."""
    return present(ChatMessageResponse, await chat_session_service.message(actor, ChatMessageId(message_id)))


@post(
    "/messages/{message_id:uuid}/regenerate",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_200_OK,
    responses=refusals(401, 403, 404, 409, 429),
)
async def regenerate_message(
    actor: ActorDependency, message_service: MessageServiceDependency, message_id: FromPath[UUID]
) -> ChatMessageResponse:
    """Ask for a reply again: the same message, the next generation."""
    return present(ChatMessageResponse, await message_service.regenerate(actor, ChatMessageId(message_id)))


@post(
    "/messages/{message_id:uuid}/cancel",
    guards=[signed_in],
    security=SECURITY,
    status_code=HTTP_200_OK,
    responses=refusals(401, 403, 404, 409),
)
async def cancel_message(
    actor: ActorDependency, message_service: MessageServiceDependency, message_id: FromPath[UUID]
) -> ChatMessageResponse:
    """Stop a reply, keeping what arrived; one that has ended stays as it is."""
    return present(ChatMessageResponse, await message_service.cancel(actor, ChatMessageId(message_id)))


HANDLERS = [list_messages, post_message, get_message, regenerate_message, cancel_message]
