"""What Telegram tells us, kept until it is handled: the inbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NewType
from uuid import UUID

from domain.errors import Conflict

UpdateKey = NewType("UpdateKey", UUID)

MAX_ATTEMPTS, MAX_BEGUN = 4, 10
RETRY_PAUSES = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=20))
MAX_ERROR_MESSAGE = 1_000
MAX_KIND, MAX_LANE, MAX_UPDATE_ID = 64, 64, 2**63 - 1
PRE_CHECKOUT_LIFETIME, CALLBACK_LIFETIME = timedelta(seconds=10), timedelta(seconds=60)
MALFORMED = "malformed"
FORGOTTEN = "What it said was forgotten."


class UpdateState(IntEnum):
    """Where an update stands."""

    NEW = 0
    PROCESSING = 1
    SUCCESS = 2
    ERROR = 3


TRANSITIONS: Mapping[UpdateState, frozenset[UpdateState]] = {
    UpdateState.NEW: frozenset({UpdateState.PROCESSING, UpdateState.ERROR}),
    # To itself when the lease ended and another worker takes it over.
    UpdateState.PROCESSING: frozenset(UpdateState),
    UpdateState.SUCCESS: frozenset(),
    UpdateState.ERROR: frozenset({UpdateState.NEW}),
}


def private_lanes(telegram_id: int) -> tuple[str, ...]:
    """The lanes of what only this person tells the bot."""
    return (f"chat:{telegram_id}", f"user:{telegram_id}", f"urgent:{telegram_id}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The outside of an update: enough to keep it in order, nothing of what it says.

    `lane` is `chat:<id>`, else `user:<id>`, else `update:<id>`; an urgent update has a lane of its own ahead,
    `urgent:<user id>`, and a `lifetime` after which nobody waits for its answer.
    """

    update_id: int | None
    kind: str
    lane: str
    is_urgent: bool = False
    lifetime: timedelta | None = None


@dataclass(slots=True, eq=False)
class InboxUpdate:
    """One update of one bot. It is handled once; within its lane in the order of `update_id`.

    An update in backoff holds its lane. After the last attempt it is `ERROR` and the lane goes on; an admin may replay
    it. `attempts` counts how often its turn came: before it failed for the first time those that no process outlived,
    of which `MAX_BEGUN` are borne, then `MAX_ATTEMPTS` in all. `claim` is the fence: whoever holds another one may no
    longer write.
    """

    key: UpdateKey
    bot_id: int
    update_id: int | None
    kind: str
    lane: str
    is_urgent: bool
    raw: bytes
    received_at: datetime
    due_at: datetime
    expires_at: datetime | None = None
    state: UpdateState = UpdateState.NEW
    attempts: int = 0
    error_message: str | None = None
    handler_response_time_ms: int | None = None
    handled_at: datetime | None = None
    claim: UUID | None = None
    lease_until: datetime | None = None

    @classmethod
    def received(cls, key: UpdateKey, bot_id: int, envelope: Envelope, raw: bytes, now: datetime) -> "InboxUpdate":
        """As it arrived; one that is no update is kept as an error, since nobody could handle it."""
        is_update = envelope.update_id is not None and abs(envelope.update_id) <= MAX_UPDATE_ID
        update = cls(
            key,
            bot_id,
            envelope.update_id if is_update else None,
            envelope.kind[:MAX_KIND],
            envelope.lane[:MAX_LANE],
            envelope.is_urgent,
            raw,
            received_at=now,
            due_at=now,
            expires_at=None if envelope.lifetime is None else now + envelope.lifetime,
        )
        if not is_update:
            update.give_up("This is no update: expected a JSON object with an update_id from 0 to 2**63-1.", now)
        return update

    def begin(self, claim: UUID, lease_until: datetime) -> None:
        """A worker takes it, under a lease, and it is its turn; also from one whose lease ended."""
        self.follow(claim, lease_until)
        self.start()

    def follow(self, claim: UUID, lease_until: datetime) -> None:
        """A worker takes it, under a lease, behind others of its lane. Their troubles do not count as its own."""
        self._move(UpdateState.PROCESSING)
        self.claim, self.lease_until = claim, lease_until

    def start(self) -> None:
        """Those before it are handled: it is its turn."""
        self._require(UpdateState.PROCESSING, UpdateState.PROCESSING)
        self.attempts += 1

    def succeed(self, now: datetime, took: timedelta) -> None:
        """It was handled."""
        self._move(UpdateState.SUCCESS)
        self._ended(now, None)
        self.handler_response_time_ms = round(took / timedelta(milliseconds=1))

    def fail(self, error: str, now: datetime, took: timedelta) -> bool:
        """Handling it failed. True when it will be tried again, after a pause in which it holds its lane."""
        self._require(UpdateState.PROCESSING, UpdateState.NEW)
        self.handler_response_time_ms = round(took / timedelta(milliseconds=1))
        if self.error_message is None:  # it failed for the first time: processes that died before are no failures
            self.attempts = 1
        if self.attempts >= MAX_ATTEMPTS or self.is_expired(now + self._pause):
            self.give_up(error, now)
            return False
        self._move(UpdateState.NEW)
        self.claim = self.lease_until = None
        self.error_message = error[:MAX_ERROR_MESSAGE]
        self.due_at = now + self._pause
        return True

    def release(self, *, was_its_turn: bool = True) -> None:
        """The worker gives it back unhandled: it keeps its place, and its turn does not count."""
        self._require(UpdateState.PROCESSING, UpdateState.NEW)
        self._move(UpdateState.NEW)
        self.claim = self.lease_until = None
        self.attempts -= was_its_turn

    def give_up(self, error: str, now: datetime) -> None:
        """Nobody tries it again but an admin."""
        self._move(UpdateState.ERROR)
        self._ended(now, error[:MAX_ERROR_MESSAGE])

    def replay(self, now: datetime, *, is_late: bool = False) -> None:
        """An admin wants it handled once more; raises `Conflict` unless it ended in an error that can be handled.
        `is_late` unless they want this very one: what is urgent expires then, and is not done late.
        """
        self.require_dead()
        if (refusal := self._refusal(is_late=is_late)) is not None:
            raise Conflict(refusal)
        self._move(UpdateState.NEW)
        self.due_at, self.handled_at, self.expires_at, self.attempts = now, None, None, 0
        self.error_message = None

    @property
    def is_left(self) -> bool:
        """Whether it is a dead letter that is left when all are replayed: it will never be handled by that."""
        return self.state is UpdateState.ERROR and self._refusal(is_late=True) is not None

    def require_dead(self) -> None:
        """Raise `Conflict` unless it is a dead letter, which alone is replayed and dismissed."""
        if self.state is not UpdateState.ERROR:
            is_over = self.state is UpdateState.SUCCESS
            how = "it was handled" if is_over else "it waits or is being handled"
            raise Conflict(f"The update is no dead letter: {how}.", state=self.state.name.lower())

    def forget(self, now: datetime) -> None:
        """Who said what is kept no longer, nor told by its lane or error; one that waits is not handled any more."""
        self.raw = b""
        if self.update_id is not None:
            self.lane = f"update:{self.update_id}"
        if self.error_message is not None:
            self.error_message = FORGOTTEN
        if self.state is UpdateState.NEW:
            self.give_up(FORGOTTEN, now)

    def is_expired(self, now: datetime) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def is_fatal(self) -> bool:
        """Whether its turn came so often that no process can be thought to outlive it."""
        return self.attempts > MAX_BEGUN

    @property
    def _pause(self) -> timedelta:
        return RETRY_PAUSES[min(max(self.attempts, 1), len(RETRY_PAUSES)) - 1]

    def _ended(self, now: datetime, error: str | None) -> None:
        self.handled_at, self.error_message = now, error
        self.claim = self.lease_until = None

    def _refusal(self, *, is_late: bool) -> str | None:
        if self.update_id is None:
            return "This is no update and cannot be handled."
        if self.is_urgent and is_late:
            return "Nobody waits for the answer any more."
        return None if self.raw else "What it said was forgotten, so it cannot be handled any more."

    def _require(self, state: UpdateState, to: UpdateState) -> None:
        if self.state is not state:
            raise self._cannot_become(to)

    def _move(self, to: UpdateState) -> None:
        if to not in TRANSITIONS[self.state]:
            raise self._cannot_become(to)
        self.state = to

    def _cannot_become(self, to: UpdateState) -> Conflict:
        return Conflict(
            f"An update in state {self.state.name.lower()} cannot become {to.name.lower()}.", state=int(self.state)
        )
