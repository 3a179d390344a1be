"""The pace of one bot, kept in this process."""

import asyncio
import heapq
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from adapters.memory._pacing import MINUTE, SECOND, Bucket, Limits, Window
from application.ports.sending import Pacer
from application.ports.system import Clock
from domain.telegram import Priority

_MICROSECOND = timedelta(microseconds=1)
_LOOKED_AT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What Telegram bears: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this.

    In every chat 1 a second after a burst of `chat_burst`, the last of which is kept for replies; in a group besides
    `group_per_minute`, of which `group_for_replies` are kept for replies.
    """

    bulk_per_second: int = 30
    chat_burst: int = 3
    group_per_minute: int = 20
    group_for_replies: int = 5

    def of_chat(self, chat_id: int) -> Limits:
        """The limits of one chat."""
        each = Bucket(SECOND, self.chat_burst)
        return (each, Window(self.group_per_minute, MINUTE, self.group_for_replies)) if chat_id < 0 else (each,)


class InMemoryPacer(Pacer):
    """Gives slots of this process; another process with the same token does not know of them.

    In one chat, slots of one priority are given in the order they were asked for. Chats take turns at bulk. Idle chats
    are forgotten. A clock that is set back makes nobody wait longer.
    """

    def __init__(self, clock: Clock, pace: Pace | None = None) -> None:
        self._clock = clock
        self._pace = pace or Pace()
        self._bulk = Window(self._pace.bulk_per_second, SECOND)
        self._start = self._latest = clock.now()
        self._set_back = timedelta()
        self._held_until = 0
        self._chats: OrderedDict[int, _Chat] = OrderedDict()
        self._planned: list[tuple[int, Priority, int, _Chat]] = []
        self._in_turn: deque[_Chat] = deque()
        self._order = count()
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = 0

    def __len__(self) -> int:
        """How many chats are remembered."""
        return len(self._chats)

    async def slot(self, chat_id: int, priority: Priority) -> None:
        chat = self._chat(chat_id)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        chat.waiting[priority][place] = None
        self._advance(chat)
        self._go_on()
        try:
            await place
        finally:
            if place in chat.waiting[priority]:  # given up
                del chat.waiting[priority][place]
                self._advance(chat)
                self._go_on()

    def hold(self, until: datetime, chat_id: int | None = None) -> None:
        time = self._now() + (until - self._clock.now()) // _MICROSECOND
        if chat_id is None:
            self._held_until = max(self._held_until, time)
        else:
            chat = self._chat(chat_id)
            chat.held_until = max(chat.held_until, time)

    def wait(self, chat_id: int, priority: Priority) -> float:
        now, chat = self._now(), self._chats.get(chat_id)
        if chat is None:
            ready, ahead = self._held_until, 0
        else:
            ready = max(self._held_until, chat.ready_at(priority))
            ahead = sum(len(chat.waiting[each]) for each in Priority if each <= priority)
        seconds = max(0, ready - now) / SECOND + ahead
        if priority is Priority.BULK:
            turns = len(self._in_turn) / self._pace.bulk_per_second
            seconds = max(seconds, (self._bulk.ready_at(priority) - now) / SECOND) + turns
        return max(0.0, seconds)

    def _chat(self, chat_id: int) -> "_Chat":
        self._forget_idle()
        chat = self._chats.get(chat_id)
        if chat is None:
            chat = self._chats[chat_id] = _Chat(self._pace.of_chat(chat_id))
        self._chats.move_to_end(chat_id)
        return chat

    def _forget_idle(self) -> None:
        """Look at the chats that were not used for longest; each use looks at more of them than it adds."""
        now = self._now()
        for _ in range(min(_LOOKED_AT, len(self._chats))):
            chat_id, chat = next(iter(self._chats.items()))
            if chat.is_idle(now):
                del self._chats[chat_id]
            else:
                self._chats.move_to_end(chat_id)

    def _advance(self, chat: "_Chat") -> None:
        """Give the slots of one chat that are free now; plan to come back for the others."""
        now = self._now()
        while (priority := chat.first()) is not None:
            ready = max(self._held_until, chat.ready_at(priority))
            if ready > now:
                self._plan(chat, ready, priority)
                return
            if priority is Priority.BULK:
                if not chat.is_in_turn:
                    chat.is_in_turn = True
                    self._in_turn.append(chat)
                return
            chat.give(priority, now)
        chat.planned = None

    def _plan(self, chat: "_Chat", time: int, priority: Priority) -> None:
        if chat.planned != (time, priority):
            chat.planned = (time, priority)
            heapq.heappush(self._planned, (time, priority, next(self._order), chat))

    def _go_on(self) -> None:
        """Do what is due, and set the timer for what comes next."""
        now = self._now()
        while self._planned and self._planned[0][0] <= now:
            time, priority, _, chat = heapq.heappop(self._planned)
            if chat.planned == (time, priority):
                chat.planned = None
                self._advance(chat)
        while self._in_turn and self._bulk_ready_at() <= now:
            chat = self._in_turn.popleft()
            chat.is_in_turn = False
            if chat.first() is Priority.BULK and chat.ready_at(Priority.BULK) <= now:
                chat.give(Priority.BULK, now)
                self._bulk.take(now)
            self._advance(chat)
        self._set_timer(now)

    def _bulk_ready_at(self) -> int:
        return max(self._held_until, self._bulk.ready_at(Priority.BULK))

    def _set_timer(self, now: int) -> None:
        if len(self._planned) > 2 * len(self._chats):
            # Plans that were overtaken; a chat has one that holds.
            self._planned = [plan for plan in self._planned if plan[3].planned == plan[:2]]
            heapq.heapify(self._planned)
        while self._planned and self._planned[0][3].planned != self._planned[0][:2]:
            heapq.heappop(self._planned)
        times = [self._planned[0][0]] if self._planned else []
        times += [self._bulk_ready_at()] if self._in_turn else []
        if self._timer is not None and (not times or min(times) != self._timer_at):
            self._timer.cancel()
            self._timer = None
        if times and self._timer is None:
            self._timer_at = min(times)
            self._timer = asyncio.create_task(self._wake((self._timer_at - now) / SECOND))

    async def _wake(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._timer = None
        self._go_on()

    def _now(self) -> int:
        """Microseconds since this pacer began, never less than before."""
        now = self._clock.now()
        if now + self._set_back < self._latest:
            self._set_back = self._latest - now
        self._latest = now + self._set_back
        return (self._latest - self._start) // _MICROSECOND


class _Chat:
    """Who waits in one chat, first come first served within a priority, and what its limits allow."""

    __slots__ = ("_limits", "held_until", "is_in_turn", "planned", "waiting")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.held_until = 0
        self.is_in_turn = False
        self.planned: tuple[int, Priority] | None = None
        self.waiting: dict[Priority, dict[asyncio.Future[None], None]] = {each: {} for each in Priority}

    def first(self) -> Priority | None:
        """Whose turn it is, None when nobody waits."""
        for priority in Priority:
            places = self.waiting[priority]
            while places:
                place = next(iter(places))
                if not place.done():
                    return priority
                del places[place]  # cancelled
        return None

    def ready_at(self, priority: Priority) -> int:
        return max(self.held_until, *(limit.ready_at(priority) for limit in self._limits))

    def give(self, priority: Priority, now: int) -> None:
        """A slot for the first one of this priority."""
        place = next(iter(self.waiting[priority]))
        del self.waiting[priority][place]
        for limit in self._limits:
            limit.take(now)
        place.set_result(None)

    def is_idle(self, now: int) -> bool:
        is_free = self.first() is None and self.planned is None and not self.is_in_turn
        return is_free and self.held_until <= now and all(limit.is_idle(now) for limit in self._limits)
