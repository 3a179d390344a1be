"""The pace of a bot: no limit is ever broken, nobody waits without need, and what matters goes first."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.pacer import InMemoryPacer, Pace
from adapters.memory.system import START, ManualClock
from domain.telegram import Priority

REPLY, STREAM, BULK = Priority.REPLY, Priority.STREAM, Priority.BULK
PACE = Pace(bulk_per_second=3, chat_burst=3, group_per_minute=8, group_for_replies=2)
STEP = timedelta(milliseconds=250)
GROUP = -100


@dataclass
class Slot:
    number: int
    chat_id: int
    priority: Priority
    asked_at: datetime
    given_at: datetime | None = None


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


class Queue:
    """Slots asked for and given, on a clock that moves in steps."""

    def __init__(self, pace: Pace = PACE) -> None:
        self.clock = ManualClock()
        self.pacer = InMemoryPacer(self.clock, pace)
        self.slots: list[Slot] = []
        self.given: list[Slot] = []
        self.tasks: list[asyncio.Task[None]] = []

    def ask(self, chat_id: int, priority: Priority) -> asyncio.Task[None]:
        slot = Slot(len(self.slots), chat_id, priority, self.clock.now())
        self.slots.append(slot)
        self.tasks.append(asyncio.create_task(self._take(slot)))
        return self.tasks[-1]

    async def pass_time(self, seconds: float) -> None:
        await settle()
        for _ in range(round(seconds / STEP.total_seconds())):
            self.clock.advance(STEP)
            await settle()

    async def pass_time_until_all_are_given(self, seconds: float) -> None:
        """So many seconds at most."""
        for _ in range(round(seconds)):
            if all(task.done() for task in self.tasks):
                return
            await self.pass_time(1)

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await settle()

    def times(self, chat_id: int | None = None, priority: Priority | None = None) -> list[float]:
        """When such slots were given, in seconds from the start."""
        return [
            (slot.given_at - START).total_seconds()
            for slot in self.given
            if slot.given_at is not None and chat_id in {None, slot.chat_id} and priority in {None, slot.priority}
        ]

    async def _take(self, slot: Slot) -> None:
        await self.pacer.slot(slot.chat_id, slot.priority)
        slot.given_at = self.clock.now()
        self.given.append(slot)


ASKED = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from([1, 2, 3, GROUP, -200]), st.sampled_from(Priority)), max_size=50
)


def played(asked: list[tuple[int, int, Priority]], seconds: float = 500) -> Queue:
    """All of it, each asked for at its quarter of a second, until all are given or it is long after."""

    async def play() -> Queue:
        queue = Queue()
        for at in range(13):
            for when, chat_id, priority in asked:
                if when == at:
                    queue.ask(chat_id, priority)
            await queue.pass_time(STEP.total_seconds())
        await queue.pass_time_until_all_are_given(seconds)
        await queue.end()
        return queue

    return asyncio.run(play())


def assert_at_most(times: list[float], count: int, seconds: float) -> None:
    """In no stretch of that length more than that many."""
    for first, one_too_many in zip(times, times[count:], strict=False):
        assert one_too_many - first >= seconds


@given(ASKED)
def test_pacer_in_any_stretch_of_time_breaks_no_limit(asked: list[tuple[int, int, Priority]]) -> None:
    queue = played(asked, seconds=60)

    assert_at_most(queue.times(priority=BULK), PACE.bulk_per_second, 1)
    for chat_id in {slot.chat_id for slot in queue.slots}:
        times = queue.times(chat_id)
        for start in range(len(times)):
            for end in range(start, len(times)):
                assert end - start + 1 <= PACE.chat_burst + times[end] - times[start]
        if chat_id < 0:
            assert_at_most(times, PACE.group_per_minute, 60)


@given(ASKED)
def test_pacer_everything_asked_for_is_given_in_order(asked: list[tuple[int, int, Priority]]) -> None:
    queue = played(asked)

    assert len(queue.given) == len(queue.slots)
    lines = defaultdict(list)
    for slot in queue.given:
        lines[slot.chat_id, slot.priority].append(slot.number)
    assert all(line == sorted(line) for line in lines.values())


@given(ASKED)
def test_pacer_in_one_chat_no_slot_overtakes_a_more_urgent_one(asked: list[tuple[int, int, Priority]]) -> None:
    queue = played(asked)

    for slot in queue.given:
        for other in queue.slots:
            if other.chat_id == slot.chat_id and other.priority < slot.priority and slot.given_at > other.asked_at:
                assert other.given_at is not None
                assert other.given_at <= slot.given_at


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 4), st.sampled_from([REPLY, STREAM])), max_size=30))
def test_pacer_reply_and_edit_of_one_chat_wait_for_no_other_chat(asked: list[tuple[int, int, Priority]]) -> None:
    together = played(asked, seconds=60)

    for chat_id in {chat_id for _, chat_id, _ in asked}:
        alone = played([each for each in asked if each[1] == chat_id], seconds=60)
        assert together.times(chat_id) == alone.times(chat_id)


async def test_pacer_private_chat_has_a_burst_and_then_one_a_second() -> None:
    queue = Queue()
    for _ in range(6):
        queue.ask(1, REPLY)

    await queue.pass_time(4)

    assert queue.times() == [0, 0, 0, 1, 2, 3]


async def test_pacer_edits_leave_the_last_of_a_burst_to_a_reply() -> None:
    queue = Queue()
    for _ in range(4):
        queue.ask(1, STREAM)
    await queue.pass_time(0)
    queue.ask(1, REPLY)

    await queue.pass_time(4)

    assert queue.times(priority=STREAM) == [0, 0, 2, 3]
    assert queue.times(priority=REPLY) == [0]


async def test_pacer_group_keeps_some_of_its_minute_for_replies() -> None:
    queue = Queue()
    for _ in range(8):
        queue.ask(GROUP, STREAM)
    await queue.pass_time(30)
    for _ in range(3):
        queue.ask(GROUP, REPLY)

    await queue.pass_time(31)

    assert queue.times(GROUP, STREAM) == [0, 0, 1, 2, 3, 4]
    assert queue.times(GROUP, REPLY) == [30, 30, 60]
    await queue.end()


async def test_pacer_bulk_takes_turns_between_chats() -> None:
    queue = Queue(Pace(bulk_per_second=1))
    for chat_id in (1, 1, 1, 2, 3):
        queue.ask(chat_id, BULK)

    await queue.pass_time(5)

    assert [slot.chat_id for slot in queue.given] == [1, 1, 2, 3, 1]


async def test_pacer_bulk_that_waits_holds_no_reply_of_the_same_chat() -> None:
    queue = Queue(Pace(bulk_per_second=1))
    for chat_id in range(1, 20):
        queue.ask(chat_id, BULK)
    await queue.pass_time(1)
    queue.ask(19, REPLY)
    await queue.pass_time(0)

    assert queue.times(19, REPLY) == [1]
    await queue.end()


async def test_pacer_chat_held_back_delays_no_other_chat() -> None:
    queue = Queue()
    queue.pacer.hold(START + timedelta(seconds=10), 1)
    for priority in Priority:
        queue.ask(1, priority)
        queue.ask(2, priority)

    await queue.pass_time(12)

    assert queue.times(1, REPLY) == [10]
    assert queue.times(2, REPLY) == [0]


async def test_pacer_bot_held_back_lets_replies_go_first_at_the_end() -> None:
    queue = Queue()
    queue.pacer.hold(START + timedelta(seconds=5))
    for chat_id, priority in ((1, BULK), (2, STREAM), (3, REPLY)):
        queue.ask(chat_id, priority)

    await queue.pass_time(6)

    assert [slot.priority for slot in queue.given] == [REPLY, STREAM, BULK]
    assert queue.times() == [5, 5, 5]


async def test_pacer_hold_while_slots_wait_postpones_them() -> None:
    queue = Queue()
    for _ in range(5):
        queue.ask(1, REPLY)
    await queue.pass_time(0)
    queue.pacer.hold(START + timedelta(seconds=3), 1)
    queue.pacer.hold(START + timedelta(seconds=1), 1)

    await queue.pass_time(4)

    assert queue.times() == [0, 0, 0, 3, 3]


async def test_pacer_cancelled_slot_gives_its_place_up() -> None:
    queue = Queue()
    waiting = [queue.ask(1, REPLY) for _ in range(6)]
    await queue.pass_time(0)
    waiting[3].cancel()
    waiting[4].cancel()

    await queue.pass_time(1)

    assert [slot.number for slot in queue.given] == [0, 1, 2, 5]


async def test_pacer_all_slots_cancelled_sets_no_timer_and_forgets_the_chat() -> None:
    queue = Queue()
    before = asyncio.all_tasks()
    queue.pacer.hold(START + timedelta(seconds=2), 1)
    for _ in range(100):
        task = queue.ask(1, BULK)
        await settle()
        task.cancel()
        await settle()

    assert asyncio.all_tasks() == before
    assert len(queue.pacer._planned) <= 2
    queue.clock.advance(timedelta(seconds=3))
    await queue.pacer.slot(2, REPLY)
    assert len(queue.pacer) == 1


async def test_pacer_many_chats_idle_ones_are_forgotten() -> None:
    clock = ManualClock()
    pacer = InMemoryPacer(clock)
    for chat_id in range(1, 2_001):
        await pacer.slot(chat_id, REPLY)
        clock.advance(timedelta(milliseconds=100))

    assert len(pacer) <= 50


async def test_pacer_clock_set_back_makes_nobody_wait_longer() -> None:
    queue = Queue()
    for _ in range(4):
        queue.ask(1, REPLY)
    await queue.pass_time(0)
    queue.clock._now -= timedelta(hours=1)
    await queue.pass_time(0)
    queue.ask(2, REPLY)
    await queue.pass_time(0)

    assert len(queue.times(2)) == 1
    queue.clock._now += timedelta(hours=1)
    await queue.pass_time(1)
    assert len(queue.times(1)) == 4


@pytest.mark.parametrize(("asked", "expected"), [(0, 0), (2, 0), (3, 1), (5, 1)])
async def test_pacer_wait_tells_about_how_long_a_slot_takes(asked: int, expected: float) -> None:
    queue = Queue()
    for _ in range(asked):
        queue.ask(1, REPLY)
    await queue.pass_time(0)

    assert queue.pacer.wait(1, REPLY) >= expected
    assert queue.pacer.wait(2, REPLY) == 0
    assert (queue.pacer.wait(1, REPLY) == 0) == (expected == 0)
    await queue.end()


async def test_pacer_wait_of_bulk_counts_who_waits_before() -> None:
    queue = Queue(Pace(bulk_per_second=2))
    for chat_id in range(1, 8):
        queue.ask(chat_id, BULK)
    await queue.pass_time(0)

    assert queue.pacer.wait(99, BULK) == pytest.approx(3.5)
    assert queue.pacer.wait(99, REPLY) == 0
    await queue.end()
