"""A whole conversation as one document."""

import json
from collections.abc import AsyncIterator
from enum import StrEnum

from application.chat.sessions import ChatSessionService
from application.exports import Exports
from application.realtime.events import plain
from domain.chat import ChatSessionId, MessageRole, MessageSnapshot, SessionSnapshot
from domain.identity import Actor

_BATCH = 200


class ExportFormat(StrEnum):
    """Forms a conversation is exported in."""

    MARKDOWN = "markdown"
    JSON = "json"


class ConversationExport:
    """Writes a session from its first message to its last, in pieces, whatever its length."""

    def __init__(self, sessions: ChatSessionService, exports: Exports) -> None:
        self._sessions = sessions
        self._exports = exports

    async def export(
        self, actor: Actor, session_id: ChatSessionId, form: ExportFormat
    ) -> tuple[SessionSnapshot, AsyncIterator[str]]:
        """The session and the pieces of its document.

        Raises `NotFound` and `TooManyRequests` before the first piece, `Unavailable` for a reader who takes too long.
        """
        session = await self._sessions.get(actor, session_id)
        messages = self._messages(actor, session_id)
        export = await self._exports.begin(actor)
        written = _as_json(session, messages) if form is ExportFormat.JSON else _as_markdown(session, messages)
        return session, export.pieces(written)

    async def _messages(self, actor: Actor, session_id: ChatSessionId) -> AsyncIterator[MessageSnapshot]:
        last = 0
        while True:
            page = await self._sessions.messages(actor, session_id, after=last, limit=_BATCH)
            for message in page.messages:
                yield message
                last = message.seq
            if not page.has_more:
                return


async def _as_json(session: SessionSnapshot, messages: AsyncIterator[MessageSnapshot]) -> AsyncIterator[str]:
    yield '{"session": ' + json.dumps(plain(session), ensure_ascii=False) + ', "messages": ['
    separator = "\n"
    async for message in messages:
        yield separator + json.dumps(plain(message), ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"


async def _as_markdown(session: SessionSnapshot, messages: AsyncIterator[MessageSnapshot]) -> AsyncIterator[str]:
    yield f"# {session.title}\n"
    async for message in messages:
        speaker = "Assistant" if message.role is MessageRole.ASSISTANT else "Member"
        yield f"\n## {speaker}, {message.created_at:%Y-%m-%d %H:%M} UTC\n\n{message.content or f'({message.status})'}\n"
        if message.citations:
            yield "\n" + "".join(
                f"[{citation.number}] {citation.guide_title}, {citation.heading}\n" for citation in message.citations
            )
