"""Telling the others of a session that somebody is writing."""

from application.ports.chat import ChatQueries
from application.ports.realtime import Bus, Transient
from domain.chat import ChatSessionId
from domain.errors import NotFound
from domain.events import session_channel
from domain.identity import Actor


class TypingService:
    """Typing goes to whoever is there; it is not kept, and a missed one is not told again."""

    def __init__(self, chat_queries: ChatQueries, bus: Bus) -> None:
        self._chat_queries = chat_queries
        self._bus = bus

    async def tell(self, actor: Actor, session_id: ChatSessionId, *, is_typing: bool) -> None:
        """Announce that the actor writes, or stopped. Raises `NotFound` for a session that is not theirs."""
        member_id = actor.require_member()
        if await self._chat_queries.session(member_id, session_id) is None:
            raise NotFound("There is no such chat session.")
        payload = {"session_id": str(session_id), "user_id": str(member_id), "is_typing": is_typing}
        self._bus.publish(Transient(session_channel(session_id), "typing_indicator", payload))
