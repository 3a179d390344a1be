"""Who is present where."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from domain.events import Channel
from domain.identity import MemberId


class Roster:
    """Members by channel. A member is present while anything holds them there: a socket here, or another process.

    Whoever is held by nothing any more counts as present for `grace`; nobody is told of a shorter absence.
    """

    def __init__(self, grace: timedelta) -> None:
        self._grace = grace
        self._holders: dict[Channel, dict[MemberId, set[str]]] = {}
        self._away_since: dict[tuple[Channel, MemberId], datetime] = {}

    def enter(self, channel: Channel, member_id: MemberId, holder: str) -> bool:
        """Hold a member; True when they were not present."""
        members = self._holders.setdefault(channel, {})
        is_new = member_id not in members
        members.setdefault(member_id, set()).add(holder)
        self._away_since.pop((channel, member_id), None)
        return is_new

    def leave(self, channel: Channel, member_id: MemberId, holder: str, now: datetime) -> bool:
        """Hold a member no more; True when nothing else holds them. An unknown holder is fine."""
        holders = self._holders.get(channel, {}).get(member_id, set())
        if holder not in holders:
            return False
        holders.remove(holder)
        if holders:
            return False
        self._away_since[channel, member_id] = now
        return True

    def present(self, channel: Channel) -> list[MemberId]:
        """Who is present, in the order of their ids."""
        return sorted(self._holders.get(channel, ()))

    def gone(self, now: datetime) -> Iterator[tuple[Channel, MemberId]]:
        """Those whose absence has lasted for the grace; they are forgotten."""
        while self._away_since:
            (channel, member_id), since = next(iter(self._away_since.items()))
            if now - since < self._grace:
                return
            del self._away_since[channel, member_id]
            members = self._holders[channel]
            del members[member_id]
            if not members:
                del self._holders[channel]
            yield channel, member_id
