"""What the socket handlers need from the hub and from the use cases."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from application.ports.chat import PostedMessage
from domain.chat import ChatMessageId, ChatSessionId, MessageSnapshot
from domain.events import Channel
from domain.identity import Actor


class SocketAuthenticator(Protocol):
    """Knows who a token speaks for."""

    async def actor(self, access_token: str) -> tuple[Actor, datetime]:
        """The member, as the database knows them now, and when the token ends. Raises `NotSignedIn`."""
        ...


class MessageCommands(Protocol):
    """What members do with messages."""

    async def post(
        self,
        actor: Actor,
        session_id: ChatSessionId,
        content: str,
        *,
        ask_assistant: bool = True,
        idempotency_key: str | None = None,
    ) -> PostedMessage:
        """Add a member's message and the reply to come."""
        ...

    async def cancel(self, actor: Actor, message_id: ChatMessageId) -> MessageSnapshot:
        """Stop a reply."""
        ...


class TypingCommands(Protocol):
    """Telling others that a member writes."""

    async def tell(self, actor: Actor, session_id: ChatSessionId, *, is_typing: bool) -> None:
        """Announce it."""
        ...


class SocketTransport(Protocol):
    """A socket's outgoing side. Sending and closing raise `OSError` when the peer is gone."""

    @property
    def at_once(self) -> Callable[[str], bool] | None:
        """Sends one frame without waiting, False where that cannot be done now; None where it never can."""
        ...

    async def send_text(self, text: str) -> None:
        """Send one frame."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame."""
        ...


class LiveSocket(Protocol):
    """A signed-in socket's part of the hub. Only `subscribe`, `refresh` and `run` wait."""

    @property
    def actor(self) -> Actor:
        """The member, with the role known last."""
        ...

    def welcome(self, token_expires_at: datetime | None, max_frame_bytes: int) -> None:
        """Queue the frame that says the socket is ready."""
        ...

    def send(self, kind: str, /, **fields: object) -> None:
        """Queue one frame; fields that are None are left out."""
        ...

    def heard(self) -> None:
        """The client itself said something."""
        ...

    def become(self, actor: Actor) -> None:
        """The client proved again who they are."""
        ...

    async def refresh(self) -> Actor | None:
        """The member as the database knows them now; None when no longer signed in."""
        ...

    async def subscribe(
        self, channel: str, epoch: str | None = None, offset: int | None = None, *, home: bool = False
    ) -> Channel:
        """Subscribe; with `home` the socket closes when this channel ends."""
        ...

    def unsubscribe(self, channel: str) -> None:
        """End a subscription."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued."""
        ...

    def abandon(self) -> None:
        """Send nothing more: the client is gone."""
        ...

    async def run(self) -> None:
        """Send until the socket closes."""
        ...

    def leave(self) -> None:
        """The socket is gone."""
        ...


class LiveHub(Protocol):
    """Where signed-in sockets go."""

    def connect(self, actor: Actor, transport: SocketTransport) -> LiveSocket:
        """A signed-in member's new socket; raises `TooManyRequests` where they hold as many as they may."""
        ...
