"""Who may hear which channel, and what they missed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from application.ports.chat import ChatQueries
from application.ports.identity import MemberQueries
from application.ports.realtime import EventLog, LoggedEvent, Recovery, ReplySnapshot, RunningReplies, Subscriptions
from application.ports.system import Clock
from domain.chat import ChatSessionId
from domain.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from domain.events import Channel, session_channel, user_channel
from domain.identity import Actor, Role

MAX_RECOVERED_EVENTS = 10_000
MAX_RECOVERED_BYTES = 8 * 1024 * 1024
PAGE = 500

REQUIRED_ROLES = {"guides": Role.PUBLIC, "system": Role.PUBLIC, "system_metrics": Role.ADMIN, "alerts": Role.ADMIN}

_PERSONAL = re.compile(r"(session|user):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)


class SubscriptionService(Subscriptions):
    """Rights and recovery of subscriptions.

    A session's channel is for its participants, a user's for that member alone, `system_metrics` and `alerts` for
    ADMIN, `guides` and `system` for every member. Guests have no sockets.
    """

    def __init__(
        self,
        chat_queries: ChatQueries,
        member_queries: MemberQueries,
        event_log: EventLog,
        running: RunningReplies,
        clock: Clock,
        max_events: int = MAX_RECOVERED_EVENTS,
        max_bytes: int = MAX_RECOVERED_BYTES,
    ) -> None:
        self._chat_queries = chat_queries
        self._member_queries = member_queries
        self._event_log = event_log
        self._running = running
        self._clock = clock
        self._max_events = max_events
        self._max_bytes = max_bytes

    async def authorise(self, actor: Actor, channel: str) -> Channel:
        """The channel of that name, in its one spelling.

        Raises `Invalid` for a name of no kind, `NotFound` for a session that is absent or not theirs, `NotAllowed`
        for somebody else's channel or too low a role, `NotSignedIn` for guests.
        """
        if actor.member_id is None:
            raise NotSignedIn("Channels are for members; sign in first.")
        if (required := REQUIRED_ROLES.get(channel)) is not None:
            actor.require(required)
            return Channel(channel)
        kind, identifier = _parse(channel)
        if kind == "user":
            if identifier != actor.member_id:
                raise NotAllowed("This channel is its member's own.")
            return user_channel(identifier)
        if await self._chat_queries.session(actor.member_id, ChatSessionId(identifier)) is None:
            raise NotFound("There is no such chat session.")
        return session_channel(identifier)

    async def current(self, actor: Actor) -> Actor | None:
        """The member with the role the database gives now, where they were; None when banned, signed out or gone.

        Also None for one who has become another member by linking: their tokens go on as the other's, their sockets
        come back as the other's.
        """
        if actor.member_id is None:
            return None
        found = await self._member_queries.actor(actor.member_id, actor.sign_in_id, self._clock.now())
        if found is None or found.member_id != actor.member_id:
            return None
        return replace(found, device=actor.device)

    async def still_allowed(self, actor: Actor, channels: Sequence[Channel]) -> frozenset[Channel]:
        """Those of the channels that the actor may hear now."""
        return frozenset([channel for channel in channels if await self._may_hear(actor, channel)])

    async def recover(self, channel: Channel, epoch: str | None, offset: int | None, role: Role) -> Recovery:
        """Exactly what a reader of this role missed after (epoch, offset), or `resync_required`.

        Raises `Invalid` when only one of the two is given. More than 10,000 events or 8 MiB are a resync too: reading
        the state again is cheaper than replaying its history.
        """
        if (epoch is None) is not (offset is None):
            raise Invalid.of("offset", "expected together with the epoch it belongs to")
        current = await self._event_log.epoch()
        if offset is None:
            return Recovery(current, await self._position(channel))
        if epoch == current:
            missed = await self._missed(channel, offset)
            if missed is not None:
                end = missed[-1].offset if missed else offset
                heard = tuple(event for event in missed if event.minimum_role <= role)
                return Recovery(current, end, heard, recovered=True)
        return Recovery(current, await self._position(channel), resync_required=True)

    def snapshots(self, channel: Channel) -> Sequence[ReplySnapshot]:
        """The replies that stream in a session now; none on other channels."""
        kind, _, identifier = channel.partition(":")
        return self._running.of_session(ChatSessionId(UUID(identifier))) if kind == "session" else ()

    async def _may_hear(self, actor: Actor, channel: Channel) -> bool:
        try:
            await self.authorise(actor, channel)
        except (NotFound, NotAllowed, NotSignedIn):
            return False
        return True

    async def _position(self, channel: Channel) -> int:
        return (await self._event_log.positions([channel])).get(channel, 0)

    async def _missed(self, channel: Channel, offset: int) -> list[LoggedEvent] | None:
        missed: list[LoggedEvent] = []
        size = 0
        while True:
            part = await self._event_log.read(channel, offset, PAGE)
            size += sum(len(event.payload) for event in part.events)
            if not part.complete or len(missed) + len(part.events) > self._max_events or size > self._max_bytes:
                return None
            missed.extend(part.events)
            if len(part.events) < PAGE:
                return missed
            offset = missed[-1].offset


def _parse(channel: str) -> tuple[str, UUID]:
    match = _PERSONAL.fullmatch(channel)
    if match is None:
        names = ", ".join(REQUIRED_ROLES)
        raise Invalid.of("channel", f"expected session:<id>, user:<id> or one of {names}")
    return match[1].lower(), UUID(match[2])
