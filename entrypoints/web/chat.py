"""The chat page and the pieces of conversation that it loads."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import get
from litestar.params import FromPath, Parameter
from litestar.response import Template

from application.chat.sessions import ChatSessionService, MessagePage
from application.ports.chat import SessionFilter
from application.realtime.events import plain
from domain.chat import ChatMessageId, ChatSessionId, MessageRole, MessageSnapshot, MessageStatus, SessionSnapshot
from domain.errors import NotFound
from entrypoints.web.access import members_only
from entrypoints.web.dependencies import (
    ChatSessionServiceDependency,
    GuideReadingDependency,
    Markdown,
    MarkdownDependency,
    PageRequest,
)

FIRST_MESSAGES = 50
OLDER_MESSAGES = 100
SESSIONS = 50
EXAMPLES = 3

NO_STORE = {"Cache-Control": "no-store"}
Before = Annotated[int | None, Parameter(ge=1)]


@dataclass(frozen=True, slots=True)
class RenderedBody:
    """An ended reply's text as sanitised HTML, of one version of the message."""

    message_id: ChatMessageId
    version: int
    html: str


@get("/chat", guards=[members_only])
async def new_chat(
    request: PageRequest, chat_session_service: ChatSessionServiceDependency, guide_reading: GuideReadingDependency
) -> Template:
    """A new conversation; the first message makes its session. Some guides say what one may ask about."""
    context = await _page(request, chat_session_service, None)
    examples = await guide_reading.suggestions(request.user, EXAMPLES)
    has_guides = bool(examples or await guide_reading.categories(request.user))
    return Template("chat.html", context={**context, "examples": examples, "has_guides": has_guides})


@get("/chat/{session_id:str}", guards=[members_only])
async def chat(
    request: PageRequest,
    session_id: FromPath[str],
    chat_session_service: ChatSessionServiceDependency,
    markdown: MarkdownDependency,
) -> Template:
    """A conversation with its last messages. Live events go on from the place the page was read at."""
    key = _session_id(session_id)
    session = await chat_session_service.get(request.user, key)
    context = await _page(request, chat_session_service, session)
    page = await chat_session_service.messages(request.user, key, limit=FIRST_MESSAGES)
    return Template("chat.html", context={**context, **await _transcript(page, markdown)})


@get("/chat/{session_id:str}/transcript", guards=[members_only])
async def transcript(
    request: PageRequest,
    session_id: FromPath[str],
    chat_session_service: ChatSessionServiceDependency,
    markdown: MarkdownDependency,
    before: Before = None,
) -> Template:
    """The last messages again, or those before a seq, as the page itself carries them."""
    limit = FIRST_MESSAGES if before is None else OLDER_MESSAGES
    page = await chat_session_service.messages(request.user, _session_id(session_id), before=before, limit=limit)
    return Template("transcript.html", context=await _transcript(page, markdown), headers=NO_STORE)


@get("/chat/messages/{message_id:str}/html", guards=[members_only])
async def message_html(
    request: PageRequest,
    message_id: FromPath[str],
    chat_session_service: ChatSessionServiceDependency,
    markdown: MarkdownDependency,
) -> Template:
    """One ended reply, rendered."""
    try:
        key = ChatMessageId(UUID(message_id))
    except ValueError:
        raise NotFound("There is no such message.") from None
    message = await chat_session_service.message(request.user, key)
    bodies = await asyncio.to_thread(_rendered, [message], markdown)
    return Template("bodies.html", context={"bodies": bodies}, headers=NO_STORE)


async def _page(request: PageRequest, service: ChatSessionService, session: SessionSnapshot | None) -> dict[str, Any]:
    found = await service.page(request.user, SessionFilter(), page_size=SESSIONS)
    sessions = {"sessions": plain(found.items), "next_cursor": found.next_cursor}
    data = {"member_id": str(request.user.member_id), "session": plain(session), "sessions": sessions}
    return {"actor": request.user, "session": session, "data": data}


async def _transcript(page: MessagePage, markdown: Markdown) -> dict[str, Any]:
    """The messages as data, and the replies among them rendered, off the loop."""
    data = {
        "messages": plain(list(page.messages)),
        "epoch": page.epoch,
        "offset": page.offset,
        "has_more": page.has_more,
    }
    return {"transcript": data, "bodies": await asyncio.to_thread(_rendered, page.messages, markdown)}


def _rendered(messages: Sequence[MessageSnapshot], markdown: Markdown) -> list[RenderedBody]:
    return [
        RenderedBody(message.id, message.version, markdown.render(message.content))
        for message in messages
        if message.role is MessageRole.ASSISTANT and message.status is not MessageStatus.STREAMING and message.content
    ]


def _session_id(text: str) -> ChatSessionId:
    try:
        return ChatSessionId(UUID(text))
    except ValueError:
        raise NotFound("There is no such chat session.") from None
