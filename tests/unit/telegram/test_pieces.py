"""What is too long for one message, as several."""

import pytest

from domain.telegram import (
    MAX_TEXT,
    AnswerButton,
    Button,
    EditText,
    Entity,
    EntityKind,
    Outgoing,
    RichText,
    SendText,
    in_pieces,
)

BUTTONS = ((Button("Yes", data="1:yes"),),)
LONG = RichText("\n\n".join(["a" * 3_000, "b" * 3_000, "c" * 3_000]))


@pytest.mark.parametrize(
    "content",
    [
        SendText(chat_id=1, text=RichText("Hello "), keyboard=BUTTONS, reply_to=5),
        EditText(chat_id=1, message_id=2, text=RichText("a" * MAX_TEXT), keyboard=BUTTONS),
        AnswerButton(chat_id=1, query_id="7", text="note"),
        AnswerButton(chat_id=1, query_id="7"),
    ],
)
def test_pieces_of_what_fits_are_the_thing_itself(content: Outgoing) -> None:
    assert in_pieces(content) == [content]


def test_pieces_of_a_long_message_answer_first_and_ask_last() -> None:
    pieces = in_pieces(SendText(chat_id=1, text=LONG, keyboard=BUTTONS, reply_to=5, thread_id=9))

    assert pieces == [
        SendText(chat_id=1, text=RichText("a" * 3_000), reply_to=5, thread_id=9),
        SendText(chat_id=1, text=RichText("b" * 3_000), thread_id=9),
        SendText(chat_id=1, text=RichText("c" * 3_000), thread_id=9, keyboard=BUTTONS),
    ]


def test_pieces_of_a_long_edit_stay_in_place_and_go_on_below() -> None:
    first, second, third = in_pieces(EditText(chat_id=1, message_id=2, text=LONG, keyboard=BUTTONS))

    assert first == EditText(chat_id=1, message_id=2, text=RichText("a" * 3_000))
    assert second == SendText(chat_id=1, text=RichText("b" * 3_000))
    assert third == SendText(chat_id=1, text=RichText("c" * 3_000), keyboard=BUTTONS)


def test_pieces_of_a_short_text_with_many_entities_keep_all_of_them() -> None:
    bold = tuple(Entity(EntityKind.BOLD, 2 * each, 1) for each in range(150))

    pieces = in_pieces(SendText(chat_id=1, text=RichText("b " * 150, bold)))

    assert [len(piece.text.entities) for piece in pieces if isinstance(piece, SendText)] == [100, 50]


def test_pieces_of_a_long_note_are_its_beginning() -> None:
    (note,) = in_pieces(AnswerButton(chat_id=1, query_id="7", text="n" * 300))

    assert note == AnswerButton(chat_id=1, query_id="7", text="n" * 199 + "…")
    (note,) = in_pieces(AnswerButton(chat_id=1, query_id="7", text="🦉" * 101))
    assert note == AnswerButton(chat_id=1, query_id="7", text="🦉" * 99 + "…")


def test_pieces_of_a_long_blank_text_are_left_for_telegram_to_refuse() -> None:
    blank = SendText(chat_id=1, text=RichText(" " * 5_000))

    assert in_pieces(blank) == [blank]
