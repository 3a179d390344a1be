"""The queue of updates, the limits on sending and the choice of faults, by a clock of the test's own."""

from datetime import timedelta

import pytest

from adapters.memory.system import ManualClock
from adapters.testing.telegram import faults
from adapters.testing.telegram.errors import ApiError
from adapters.testing.telegram.faults import Faults
from adapters.testing.telegram.limits import RateLimits, Rates
from adapters.testing.telegram.updates import UpdateQueue


def waiting(queue: UpdateQueue) -> list[int]:
    return [one.update_id for one in queue.pending()]


def test_updates_ids_of_pushed_ones_count_up() -> None:
    queue = UpdateQueue(ManualClock())

    ids = [queue.push("message", {}, "a") or 0 for _ in range(3)]

    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    assert waiting(queue) == ids


def test_updates_injected_id_moves_the_next_one() -> None:
    queue = UpdateQueue(ManualClock(), first_id=1)

    first = queue.push_raw({"update_id": 900_000_000, "message": {}}, "a")

    assert (first, queue.push("message", {}, "a")) == (900_000_000, 900_000_001)


def test_updates_older_than_their_kind_lives_dropped() -> None:
    clock = ManualClock()
    queue = UpdateQueue(clock)
    queue.push("callback_query", {}, "a")
    message = queue.push("message", {}, "a")

    clock.advance(timedelta(seconds=151))
    after_minutes = waiting(queue)
    clock.advance(timedelta(days=1))

    assert after_minutes == [message]
    assert waiting(queue) == []


def test_updates_kinds_not_asked_for_left_out() -> None:
    queue = UpdateQueue(ManualClock())
    by_default = [queue.push(kind, {}, "a") is not None for kind in ("message", "chat_member")]

    queue.allow(["chat_member", "nonsense"])

    assert by_default == [True, False]
    assert [queue.push(kind, {}, "a") is not None for kind in ("message", "chat_member")] == [False, True]


@pytest.mark.parametrize("given", [None, "message", [1], {"a": 1}])
def test_updates_malformed_choice_changes_nothing(given: object) -> None:
    queue = UpdateQueue(ManualClock())
    queue.allow(["chat_member"])

    queue.allow(given)

    assert queue.push("message", {}, "a") is None


def test_limits_private_burst_refused_with_the_seconds_to_wait() -> None:
    clock = ManualClock()
    limits = RateLimits(clock, Rates(private=(3, 3)))
    for _ in range(3):
        limits.check("sendMessage", 5)

    with pytest.raises(ApiError) as refused:
        limits.check("sendMessage", 5)
    limits.check("sendMessage", 6)
    limits.check("sendChatAction", 5)
    clock.advance(timedelta(seconds=3))
    limits.check("sendMessage", 5)

    assert refused.value.body() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 3",
        "parameters": {"retry_after": 3},
    }


def test_limits_group_and_overall_counted_apart() -> None:
    clock = ManualClock()
    limits = RateLimits(clock, Rates(overall=(30, 1), group=(20, 60)))
    for _ in range(20):
        limits.check("sendMessage", -5)

    with pytest.raises(ApiError, match="retry after 60"):
        limits.check("editMessageText", -5)
    for chat in range(1, 11):
        limits.check("sendMessage", chat)
    with pytest.raises(ApiError, match="retry after 1"):
        limits.check("sendMessage", 99)


def test_faults_of_method_and_chat_strike_so_often_as_asked() -> None:
    kept = Faults()
    script = kept.add(faults.flood(), "sendMessage", 5, times=2)

    struck = [
        kept.take(method, chat) for method, chat in [("sendMessage", 6), ("sendPhoto", 5), *[("sendmessage", 5)] * 3]
    ]

    assert struck == [None, None, script, script, None]
    assert script.hits == 2


def test_faults_without_end_strike_until_removed() -> None:
    kept = Faults()
    script = kept.add(faults.bad_gateway(), times=None)
    before = [kept.take("getMe", None) for _ in range(5)]

    kept.remove(script)

    assert before == [script] * 5
    assert kept.take("getMe", None) is None


def test_updates_of_a_later_server_have_ids_above_the_former_ones() -> None:
    clock = ManualClock()
    former = UpdateQueue(clock)
    last = [former.push("message", {}, "a") or 0 for _ in range(500)][-1]
    clock.advance(timedelta(seconds=1))

    assert (UpdateQueue(clock).push("message", {}, "a") or 0) > last
    assert UpdateQueue(clock, first_id=7).push("message", {}, "a") == 7
