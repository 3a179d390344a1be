"""What all answers of a bot are shown with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.ports.sending import Notifier, Pacer
from application.ports.system import Clock
from application.telegram.answer_rows import AnswerRows
from application.telegram.wording import AnswerWording


@dataclass(frozen=True, slots=True)
class ShowingTimes:
    """What ends within `grace` is said at once, and not shown before. A draft fades after 30 seconds, so it is shown
    again after `refresh`. In a group, where 20 messages a minute are allowed, edits are `group_pause` apart. Where the
    Bot API refused drafts they are tried again after `without_drafts`.
    """

    grace: timedelta = timedelta(milliseconds=400)
    refresh: timedelta = timedelta(seconds=20)
    group_pause: timedelta = timedelta(seconds=4)
    without_drafts: timedelta = timedelta(hours=1)


class AnswerScreen:
    """What answers are shown with, and what they share: whether the Bot API takes drafts, whose draft a chat shows, and
    how many `calls` are `under_way`. There is a most of those, so that chats that hang take nobody else's connections.
    `is_closing` once the process stops.
    """

    def __init__(
        self,
        notifier: Notifier,
        pacer: Pacer,
        wording: AnswerWording,
        rows: AnswerRows,
        clock: Clock,
        calls: int,
        times: ShowingTimes | None = None,
    ) -> None:
        self.notifier = notifier
        self.pacer = pacer
        self.wording = wording
        self.rows = rows
        self.clock = clock
        self.times = times or ShowingTimes()
        self.calls = calls
        self.under_way = 0
        self.is_closing = False
        self.drafting: dict[int, object] = {}
        self._no_drafts_until: datetime | None = None

    def has_drafts(self) -> bool:
        """Whether the Bot API takes drafts, as far as is known."""
        return self._no_drafts_until is None or self.clock.now() >= self._no_drafts_until

    def drafts_refused(self) -> None:
        """It does not."""
        self._no_drafts_until = self.clock.now() + self.times.without_drafts
