"""Whose rights changed, as the log tells it: also what no bus brought here, such as the operator's commands."""

import logging
from collections.abc import Callable

import msgspec

from application.ports.realtime import EventLog, LoggedEvent
from domain.events import RIGHTS
from domain.identity import MemberId

PAGE = 500

logger = logging.getLogger(__name__)


class _Changed(msgspec.Struct):
    member_id: MemberId


_changed = msgspec.json.Decoder(_Changed)


class RightsLog:
    """Reads `RIGHTS` on from where it was read last. `on_changed` gets each member; None stands for everybody.

    What happened before the first look is nothing to look at: a socket that opens later is looked at as it opens.
    """

    def __init__(self, event_log: EventLog, on_changed: Callable[[MemberId | None], None]) -> None:
        self._event_log = event_log
        self._on_changed = on_changed
        self._last: int | None = None

    def hear(self, event: LoggedEvent) -> None:
        """One was announced. The next in order is done with; before any other the log has to be read."""
        if event.offset - 1 == self._last:
            self._take(event)

    async def look(self, position: int, *, is_other_history: bool) -> None:
        """The log stands at this position now: take what is new. Raises what the log raises, and goes on there."""
        if self._last is None:
            self._last = position
        elif is_other_history:
            self._restart(position)
        while self._last < position:
            after = self._last
            part = await self._event_log.read(RIGHTS, after, PAGE)
            for event in part.events:
                self.hear(event)
            if not part.complete or self._last == after:
                self._restart(position)

    def _take(self, event: LoggedEvent) -> None:
        self._last = event.offset
        try:
            member_id: MemberId | None = _changed.decode(event.payload).member_id
        except msgspec.MsgspecError as error:
            logger.warning("rights_change_unreadable", extra={"reason": str(error)})
            member_id = None
        self._on_changed(member_id)

    def _restart(self, position: int) -> None:
        self._last = position
        self._on_changed(None)
