"""What the bot says on the terminal."""

import pytest

from adapters.console.notifier import REMEMBERED_BUTTONS, ConsoleNotifier
from adapters.text.telegram_markdown import TelegramMarkdown
from application.ports.sending import Sent
from domain.telegram import AnswerButton, Button, EditText, RichText, SendDraft, SendText

YES, SITE = Button("Yes", data="1:yes"), Button("Site", url="https://guildhall.example/")


@pytest.fixture
def written() -> list[str]:
    return []


@pytest.fixture
def console(written: list[str]) -> ConsoleNotifier:
    return ConsoleNotifier(written.append)


async def test_console_message_shows_text_links_and_numbered_buttons(
    console: ConsoleNotifier, written: list[str]
) -> None:
    text = TelegramMarkdown().render("See [the **guide**](https://a.example).\n\n- one")

    sent = await console.send(SendText(chat_id=1, text=text, keyboard=((YES, SITE), (YES,))))

    assert sent == Sent(1)
    assert "".join(written) == (
        "bot:\n"
        "  See the guide (https://a.example).\n"
        "\n"
        "  • one\n"
        "  [1: Yes (1:yes)]  [Site: https://guildhall.example/]\n"
        "  [2: Yes (1:yes)]\n"
        "\n"
    )
    assert console.buttons == {1: (1, YES), 2: (1, YES)}


async def test_console_edit_note_and_draft_are_told_apart(console: ConsoleNotifier, written: list[str]) -> None:
    await console.send(EditText(chat_id=1, message_id=7, text=RichText("new"), keyboard=((YES,),)))
    await console.send(AnswerButton(chat_id=1, query_id="1", text="done", is_alert=True))
    silent = [
        await console.send(AnswerButton(chat_id=1, query_id="1")),
        await console.send(SendDraft(chat_id=1, draft_id=1, text=RichText("so far"))),
    ]

    assert "".join(written) == ("bot, message 7 is now:\n  new\n  [1: Yes (1:yes)]\n\nbot, alert:\n  done\n\n")
    assert console.buttons == {1: (7, YES)}
    assert silent == [Sent(None), Sent(None)]


async def test_console_styled_formatting_ends_with_its_line(written: list[str]) -> None:
    styled = ConsoleNotifier(written.append, styled=True)

    await styled.send(SendText(chat_id=1, text=TelegramMarkdown().render("a **b**\n\n```\nx\ny\n```")))

    assert written == ["bot:\n  a \x1b[1mb\x1b[0m\n\n  \x1b[36mx\x1b[0m\n  \x1b[36my\x1b[0m\n\n"]


async def test_console_text_with_escapes_obeys_nothing(console: ConsoleNotifier, written: list[str]) -> None:
    bad = Button("\x1b[2J", data="\x1b]0;")

    await console.send(SendText(chat_id=1, text=RichText("a\x1b[31m\rb\u202e"), keyboard=((bad,),)))

    assert "".join(written).replace("\n", "").isprintable()


async def test_console_many_buttons_remembers_the_latest(console: ConsoleNotifier) -> None:
    for _ in range(REMEMBERED_BUTTONS + 5):
        await console.send(SendText(chat_id=1, text=RichText("x"), keyboard=((YES,),)))

    assert len(console.buttons) == REMEMBERED_BUTTONS
    assert 5 not in console.buttons
    assert 6 in console.buttons
