"""Whom a 429 holds back, and what is left out of what Telegram does not take."""

from datetime import timedelta

import pytest

from adapters.memory.system import START
from adapters.telegram._floods import FloodJudge
from adapters.telegram._plainer import plainer
from application.ports.sending import HeldBack
from domain.telegram import AnswerButton, Button, EditText, EntityKind, RichText, SendText

BOLD = RichText.formatted("Hello", EntityKind.BOLD)


def test_flood_of_one_chat_however_often_holds_that_chat() -> None:
    judge = FloodJudge()

    assert {judge.held(1, START + timedelta(seconds=each)) for each in range(20)} == {HeldBack.CHAT}


def test_flood_of_three_chats_within_seconds_holds_the_bot() -> None:
    judge = FloodJudge()

    held = [judge.held(chat_id, START + timedelta(seconds=chat_id)) for chat_id in (1, 2, 3)]

    assert held == [HeldBack.CHAT, HeldBack.CHAT, HeldBack.BOT]


def test_flood_of_three_chats_far_apart_holds_each_of_them() -> None:
    judge = FloodJudge()

    held = [judge.held(chat_id, START + timedelta(seconds=6 * chat_id)) for chat_id in (1, 2, 3, 4)]

    assert held == [HeldBack.CHAT] * 4


@pytest.mark.parametrize(
    "reason",
    [
        "Can't parse entities: can't find end of the entity starting at byte offset 4",
        "Entity begins after the end of the text at UTF-16 offset 9",
        "ENTITY_BOUNDS_INVALID",
    ],
)
def test_plainer_formatting_refused_keeps_the_words(reason: str) -> None:
    assert plainer(SendText(chat_id=1, text=BOLD), reason) == SendText(chat_id=1, text=RichText("Hello"))


def test_plainer_nothing_left_to_leave_out_is_nothing() -> None:
    assert plainer(SendText(chat_id=1, text=RichText("Hello")), "ENTITY_BOUNDS_INVALID") is None
    assert plainer(AnswerButton(chat_id=1, query_id="1"), "BUTTON_DATA_INVALID") is None
    assert plainer(SendText(chat_id=1, text=BOLD, thread_id=3), "message text is empty") is None


def test_plainer_button_refused_though_none_opens_an_address_leaves_all_out() -> None:
    edit = EditText(chat_id=1, message_id=2, text=BOLD, keyboard=((Button("Yes", data="1:yes"),),))

    assert plainer(edit, "BUTTON_DATA_INVALID") == EditText(chat_id=1, message_id=2, text=BOLD)
