"""Conversations with the assistant: sessions, export, search and figures."""

from typing import Annotated
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from application.chat.exporting import ExportFormat
from application.chat.sessions import SessionChanges
from application.ports.chat import SessionFilter
from domain.chat import ChatSessionId, LLMProvider, SessionSettings, SessionSnapshot
from entrypoints.http.access import signed_in
from entrypoints.http.dependencies import (
    ActorDependency,
    ChatSessionServiceDependency,
    ConversationExportDependency,
)
from entrypoints.http.exported import encoded, in_chunks
from entrypoints.http.openapi import SECURITY, ConversationDocument, refusals
from entrypoints.http.parameters import Cursor, IfMatch, Limit
from entrypoints.http.schemas.chat import (
    ChatSearchHitResponse,
    ChatSearchResponse,
    ChatSessionCreateRequest,
    ChatSessionResponse,
    ChatSessionsListResponse,
    ChatSessionUpdateRequest,
    ChatStatsResponse,
    ProviderName,
    SessionSettingsBody,
)
from entrypoints.http.schemas.common import present
from entrypoints.http.versions import etag, expected_version

MAX_PAGE_NUMBER = 1_000_000


@get("/sessions", guards=[signed_in], security=SECURITY, responses=refusals(401, 422))
async def list_sessions(
    actor: ActorDependency,
    chat_session_service: ChatSessionServiceDependency,
    page: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE_NUMBER, description="Counted from 1.")] = 1,
    page_size: Limit = 50,
    is_active: FromQuery[bool | None] = None,
    llm_provider: FromQuery[ProviderName | None] = None,
    cursor: Cursor = None,
) -> ChatSessionsListResponse:
    """One's sessions, newest first: by page number, or by cursor, which then decides."""
    where = SessionFilter(is_active, None if llm_provider is None else LLMProvider(llm_provider))
    number = 1 if cursor is not None else page
    found = await chat_session_service.page(actor, where, page=number, page_size=page_size, cursor=cursor)
    return ChatSessionsListResponse(
        sessions=tuple(present(ChatSessionResponse, session) for session in found.items),
        total_count=found.total_count,
        page=number,
        page_size=page_size,
        has_more=found.next_cursor is not None,
        next_cursor=found.next_cursor,
    )


@post("/sessions", guards=[signed_in], security=SECURITY, responses=refusals(401, 403, 429, body=True))
async def create_session(
    actor: ActorDependency,
    chat_session_service: ChatSessionServiceDependency,
    data: JSONBody[ChatSessionCreateRequest],
) -> Response[ChatSessionResponse]:
    """Begin a session."""
    session = await chat_session_service.create(
        actor,
        title=data.title,
        llm_provider=LLMProvider(data.llm_provider),
        llm_model=data.llm_model,
        settings=_settings(data.settings),
    )
    response = _session(session)
    response.headers["Location"] = f"/api/v1/chat/sessions/{session.id}"
    return response


@get("/sessions/{session_id:uuid}", guards=[signed_in], security=SECURITY, responses=refusals(401, 404))
async def get_session(
    actor: ActorDependency, chat_session_service: ChatSessionServiceDependency, session_id: FromPath[UUID]
) -> Response[ChatSessionResponse]:
    """One session. The ETag is its version."""
    return _session(await chat_session_service.get(actor, ChatSessionId(session_id)))


@put(
    "/sessions/{session_id:uuid}",
    guards=[signed_in],
    security=SECURITY,
    responses=refusals(401, 403, 404, 412, body=True),
)
async def update_session(
    actor: ActorDependency,
    chat_session_service: ChatSessionServiceDependency,
    session_id: FromPath[UUID],
    data: JSONBody[ChatSessionUpdateRequest],
    if_match: IfMatch = None,
) -> Response[ChatSessionResponse]:
    """Change what is given, by the session's owner."""
    changes = SessionChanges(
        title=data.title,
        llm_provider=None if data.llm_provider is None else LLMProvider(data.llm_provider),
        llm_model=data.llm_model,
        settings=_settings(data.settings),
        is_active=data.is_active,
    )
    identifier = ChatSessionId(session_id)
    return _session(await chat_session_service.update(actor, identifier, changes, expected_version(if_match)))


@delete("/sessions/{session_id:uuid}", guards=[signed_in], security=SECURITY, responses=refusals(401, 403, 404))
async def delete_session(
    actor: ActorDependency, chat_session_service: ChatSessionServiceDependency, session_id: FromPath[UUID]
) -> None:
    """Remove a session with its messages, by its owner. Running replies stop and its sockets end."""
    await chat_session_service.delete(actor, ChatSessionId(session_id))


@get(
    "/sessions/{session_id:uuid}/export",
    guards=[signed_in],
    security=SECURITY,
    responses=refusals(401, 404, 422, 429),
    operation_class=ConversationDocument,
)
async def export_session(
    actor: ActorDependency,
    conversation_export: ConversationExportDependency,
    session_id: FromPath[UUID],
    form: Annotated[ExportFormat, QueryParameter(name="format", description="The form of the document.")] = (
        ExportFormat.MARKDOWN
    ),
) -> Stream:
    """The whole conversation as a document to keep. One export at a time."""
    session, pieces = await conversation_export.export(actor, ChatSessionId(session_id), form)
    is_json = form is ExportFormat.JSON
    name = f"chat-{session.created_at:%Y-%m-%d}-{session.id}.{'json' if is_json else 'md'}"
    return Stream(
        in_chunks(encoded(pieces)),
        media_type="application/json" if is_json else "text/markdown",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@get("/search", guards=[signed_in], security=SECURITY, responses=refusals(401, 422, 429))
async def search_messages(
    actor: ActorDependency,
    chat_session_service: ChatSessionServiceDependency,
    q: Annotated[str, QueryParameter(max_length=1_000, description="Words that a message must all hold.")],
    limit: Limit = 20,
) -> ChatSearchResponse:
    """Full text over one's own conversations, newest first."""
    hits = await chat_session_service.search(actor, q, limit)
    return ChatSearchResponse(items=tuple(present(ChatSearchHitResponse, hit) for hit in hits))


@get("/stats", guards=[signed_in], security=SECURITY, responses=refusals(401))
async def chat_stats(actor: ActorDependency, chat_session_service: ChatSessionServiceDependency) -> ChatStatsResponse:
    """One's own figures."""
    return present(ChatStatsResponse, await chat_session_service.stats(actor))


def _session(session: SessionSnapshot) -> Response[ChatSessionResponse]:
    return Response(present(ChatSessionResponse, session), headers=etag(session.version))


def _settings(body: SessionSettingsBody | None) -> SessionSettings | None:
    if body is None:
        return None
    return SessionSettings(body.system_prompt, body.temperature, body.max_tokens, body.grounding)


HANDLERS = [
    list_sessions,
    create_session,
    get_session,
    update_session,
    delete_session,
    export_session,
    search_messages,
    chat_stats,
]
