"""Updates and rows to send go from state to state by their rules, and by no other way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Conflict
from domain.telegram import (
    MAX_ATTEMPTS,
    MAX_BEGUN,
    MAX_SENDING_ATTEMPTS,
    RETRY_PAUSES,
    AnswerButton,
    Button,
    EditText,
    Envelope,
    InboxUpdate,
    OutgoingId,
    OutgoingMessage,
    OutgoingState,
    Priority,
    RichText,
    SendText,
    UpdateKey,
    UpdateState,
    private_lanes,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CLAIM, KEY = UUID(int=1), UUID(int=2)


def received(update_id: int | None = 7, lifetime: timedelta | None = None, raw: bytes = b"{}") -> InboxUpdate:
    return InboxUpdate.received(UpdateKey(KEY), 1, Envelope(update_id, "message", "chat:5", False, lifetime), raw, NOW)


def begun(**fields: Any) -> InboxUpdate:
    update = received(**fields)
    update.begin(CLAIM, NOW + SECOND)
    return update


def to_send(content: Any = None) -> OutgoingMessage:
    said = content or SendText(chat_id=5, text=RichText("Hello"))
    return OutgoingMessage(OutgoingId(KEY), 1, said, Priority.REPLY, NOW, NOW)


def sending() -> OutgoingMessage:
    message = to_send()
    message.begin(CLAIM, NOW + SECOND)
    return message


def test_update_received_is_new_and_due_at_once() -> None:
    update = received(lifetime=SECOND)
    assert (update.state, update.due_at, update.expires_at) == (UpdateState.NEW, NOW, NOW + SECOND)
    assert (update.is_expired(NOW), update.is_expired(NOW + SECOND)) == (False, True)
    assert not received().is_expired(NOW + timedelta(days=9))


@pytest.mark.parametrize("update_id", [None, 2**63, -(2**63), 10**400])
def test_update_without_a_usable_id_is_kept_as_an_error(update_id: int | None) -> None:
    update = received(update_id)
    assert (update.state, update.update_id, update.handled_at) == (UpdateState.ERROR, None, NOW)
    with pytest.raises(Conflict):
        update.replay(NOW)


def test_update_that_succeeds_is_over() -> None:
    update = begun()
    update.succeed(NOW + SECOND, timedelta(milliseconds=12.6))
    assert (update.state, update.handled_at, update.handler_response_time_ms) == (UpdateState.SUCCESS, NOW + SECOND, 13)
    assert (update.claim, update.lease_until) == (None, None)
    with pytest.raises(Conflict):
        update.replay(NOW)


def test_update_that_fails_pauses_longer_each_time_and_is_given_up_at_last() -> None:
    update, pauses = received(), []
    for _ in range(MAX_ATTEMPTS - 1):
        update.begin(CLAIM, NOW)
        assert update.fail("x" * 2_000, NOW, SECOND)
        pauses.append(update.due_at - NOW)
        assert (update.state, update.claim, len(update.error_message or "")) == (UpdateState.NEW, None, 1_000)
    assert tuple(pauses) == RETRY_PAUSES
    update.begin(CLAIM, NOW)
    assert not update.fail("It broke.", NOW, SECOND)
    assert (update.state, update.error_message, update.handled_at) == (UpdateState.ERROR, "It broke.", NOW)


def test_update_that_would_be_tried_again_too_late_is_given_up() -> None:
    update = begun(lifetime=SECOND)
    assert not update.fail("It broke.", NOW + SECOND / 2, SECOND)
    assert update.state is UpdateState.ERROR


def test_update_whose_lease_ended_is_taken_over_and_counts() -> None:
    update, other = begun(), UUID(int=9)
    update.begin(other, NOW + 2 * SECOND)
    assert (update.claim, update.lease_until, update.attempts) == (other, NOW + 2 * SECOND, 2)


def test_update_given_back_counts_no_attempt() -> None:
    update, behind = begun(), received()
    behind.follow(CLAIM, NOW + SECOND)
    assert (behind.state, behind.claim, behind.attempts) == (UpdateState.PROCESSING, CLAIM, 0)
    update.release()
    behind.release(was_its_turn=False)
    for each in (update, behind):
        assert (each.state, each.attempts, each.due_at, each.claim) == (UpdateState.NEW, 0, NOW, None)
    with pytest.raises(Conflict):
        behind.start()


def test_update_that_no_process_outlives_is_fatal_and_may_still_fail_as_often_as_any() -> None:
    update = received()
    for _ in range(MAX_BEGUN):
        update.begin(CLAIM, NOW)
    assert not update.is_fatal
    assert update.fail("It broke.", NOW, SECOND)
    assert (update.attempts, update.due_at) == (1, NOW + RETRY_PAUSES[0])
    for _ in range(MAX_BEGUN):
        update.begin(CLAIM, NOW)
    assert update.is_fatal
    assert not update.fail("It broke.", NOW, SECOND)
    update.replay(NOW)
    assert (update.attempts, update.error_message, update.is_fatal) == (0, None, False)


def test_update_replayed_begins_anew_without_its_lifetime() -> None:
    update = begun(lifetime=SECOND)
    update.give_up("No.", NOW)
    update.replay(NOW + timedelta(days=1))
    assert (update.state, update.attempts, update.expires_at, update.handled_at) == (UpdateState.NEW, 0, None, None)
    assert update.due_at == NOW + timedelta(days=1)


def test_update_forgotten_is_given_up_if_it_waits_and_never_replayed() -> None:
    waiting, running = received(), begun()
    for update in (waiting, running):
        update.forget(NOW)
        assert update.raw == b""
    assert (waiting.state, running.state) == (UpdateState.ERROR, UpdateState.PROCESSING)
    with pytest.raises(Conflict):
        waiting.replay(NOW)


def test_update_lanes_of_a_person_are_those_only_they_speak_in() -> None:
    assert private_lanes(5) == ("chat:5", "user:5", "urgent:5")


def test_row_to_send_ends_as_it_is_told() -> None:
    message = sending()
    message.sent(42, NOW)
    assert (message.state, message.telegram_message_id, message.sent_at) == (OutgoingState.SENT, 42, NOW)
    for end, state in (("blocked", OutgoingState.BLOCKED), ("failed", OutgoingState.FAILED)):
        message = sending()
        getattr(message, end)("Gone.")
        assert (message.state, message.error_message, message.claim) == (state, "Gone.", None)


def test_row_to_send_retried_waits_twice_as_long_each_time_and_is_given_up_at_last() -> None:
    message, pauses = to_send(), []
    for _ in range(MAX_SENDING_ATTEMPTS - 1):
        message.begin(CLAIM, NOW)
        assert message.retry("502", NOW)
        pauses.append((message.due_at - NOW).total_seconds())
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    message.begin(CLAIM, NOW)
    assert not message.retry("502", NOW)
    assert message.state is OutgoingState.FAILED


def test_row_to_send_postponed_counts_no_attempt() -> None:
    message = sending()
    message.postponed(NOW + SECOND)
    assert (message.state, message.attempts, message.due_at) == (OutgoingState.WAITING, 0, NOW + SECOND)


def test_row_to_send_moves_with_its_chat() -> None:
    said, moved = RichText("x"), SendText(chat_id=-500, text=RichText("x"))
    for content in (
        EditText(chat_id=-5, message_id=3, text=said, reply_to=2, thread_id=9),
        SendText(chat_id=-5, text=said, reply_to=2, thread_id=9),
    ):
        message = to_send(content)
        message.moved(-500)
        assert (message.content, message.lane) == (moved, "chat:-500"), "numbers of messages are others there"
    button = to_send(AnswerButton(chat_id=-5, query_id="1"))
    button.moved(-500)
    assert (button.content.chat_id, button.lane) == (-500, f"button:{KEY}")


def test_row_to_send_of_bulk_stands_in_no_replys_way() -> None:
    lanes = {priority: replace(to_send(), priority=priority).lane for priority in Priority}
    assert lanes == {Priority.REPLY: "chat:5", Priority.STREAM: "chat:5", Priority.BULK: "bulk:5"}


def test_edit_as_a_message_stands_where_the_edited_one_did() -> None:
    keyboard = ((Button("Yes", data="1:yes"),),)
    edit = EditText(chat_id=5, message_id=3, text=RichText("x"), keyboard=keyboard, reply_to=2, thread_id=9)
    assert edit.as_new() == SendText(chat_id=5, text=RichText("x"), keyboard=keyboard, reply_to=2, thread_id=9)


STEPS = {
    UpdateState: ["begin", "succeed", "fail", "release", "give_up", "replay"],
    OutgoingState: ["begin", "sent", "blocked", "failed", "postponed", "retry"],
}


def step(row: Any, name: str) -> None:
    match name:
        case "begin":
            row.begin(CLAIM, NOW + SECOND)
        case "succeed":
            row.succeed(NOW, SECOND)
        case "fail":
            row.fail("It broke.", NOW, SECOND)
        case "give_up" | "retry":
            getattr(row, name)("It broke.", NOW)
        case "release":
            row.release()
        case "replay" | "postponed":
            getattr(row, name)(NOW)
        case "sent":
            row.sent(1, NOW)
        case _:
            getattr(row, name)("No.")


@given(st.sampled_from([UpdateState, OutgoingState]), st.lists(st.integers(0, 5), max_size=30))
def test_states_after_any_steps_say_who_holds_it_and_whether_it_is_over(kind: Any, picks: list[int]) -> None:
    row: Any = received() if kind is UpdateState else to_send()
    held = UpdateState.PROCESSING if kind is UpdateState else OutgoingState.SENDING
    for pick in picks:
        before = (row.state, row.claim, row.attempts)
        try:
            step(row, STEPS[kind][pick])
        except Conflict:
            assert (row.state, row.claim, row.attempts) == before
        assert (row.claim is None) == (row.lease_until is None) == (row.state is not held)
        assert row.attempts >= 0
        if kind is UpdateState:
            assert (row.handled_at is None) == (row.state in (UpdateState.NEW, UpdateState.PROCESSING))
        else:
            assert (row.sent_at is None) == (row.state is not OutgoingState.SENT)
