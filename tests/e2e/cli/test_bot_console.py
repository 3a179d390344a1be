"""The bot in the terminal: the same commands, without Telegram."""

import json
import re
import signal
import sqlite3

import pytest

from tests.e2e.cli.conftest import Command
from tests.e2e.conftest import Instance, Outcome

QUESTION = "How much should I risk on one trade?"


def console(guildhall: Command, *lines: str, as_: int = 1) -> Outcome:
    """What the terminal showed, once the input has ended."""
    return guildhall("bot", "--console", "--telegram-id", as_, given="".join(f"{line}\n" for line in lines))


def test_console_scripted_input_is_answered_line_by_line(instance: Instance) -> None:
    outcome = instance.run("bot", "--console", given=f"/start\n{QUESTION}\n/new\n/guides")

    assert outcome.code == 0, outcome.err
    assert "Traceback" not in outcome.err
    said = outcome.out.split("bot:\n")[1:]
    assert len(said) == 4, outcome.out
    assert said[0].startswith("  Welcome, Console.")
    assert "[1]" in said[1]
    assert re.search(r"\[\d+: \[1.*\] .+ \(1:open:", said[1])
    assert "new conversation begins" in said[2]
    assert "Which guides" in said[3]


def test_console_buttons_are_pressed_by_their_numbers(guildhall: Command) -> None:
    # The same input is answered with the same numbers, so each run tells what to press in the next one.
    pressed = ["/guides"]
    for data in ("cat", "guide", "save"):
        shown = console(guildhall, *pressed).out
        pressed.append(re.findall(rf"\[(\d+): [^\[]*\(1:{data}:", shown)[0])
    said = console(guildhall, *pressed, "/saved").out

    assert said.count("bot, message 1 is now:\n  Guides: ") == 1
    assert "bot, note:\n  Saved." in said
    assert "Remove from saved (1:save:" in said
    assert said.rpartition("bot:\n")[2].startswith("  Your saved guides\n  [")


def test_console_words_go_into_the_session_that_the_web_shows(instance: Instance, guildhall: Command) -> None:
    outcome = console(guildhall, QUESTION, "and on a bad day?", "/new", "something else", "/history", as_=77)

    assert outcome.code == 0, outcome.err
    with sqlite3.connect(instance.database) as database:
        asked = "SELECT session_id, content FROM chat_messages WHERE role = 'user' ORDER BY created_at"
        rows = database.execute(asked).fetchall()
        left = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("telegram_answers",)]
        states = database.execute("SELECT state, count(*) FROM telegram_webhooks GROUP BY state").fetchall()
        used = database.execute("SELECT usage_count FROM telegram_commands WHERE command = 'history'").fetchone()
    assert [content for _, content in rows] == [QUESTION, "and on a bad day?", "something else"]
    assert [session for session, _ in rows].count(rows[0][0]) == 2
    assert left == [0]
    assert states == [(2, 5)]
    assert used == (1,)


def test_console_number_that_is_no_button_says_so(guildhall: Command) -> None:
    outcome = console(guildhall, "999")
    assert (outcome.code, outcome.out) == (0, "console:\n  There is no button 999.\n\n")


def test_console_command_by_the_bots_name_is_answered(guildhall: Command) -> None:
    assert "What I can do for you" in console(guildhall, "/help@guildhall_bot").out


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_console_told_to_end_ends_well_without_a_traceback(
    instance: Instance, ending: signal.Signals, code: int
) -> None:
    process = instance.start("bot", "--console", text_input=True)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("/start\n")
    process.stdin.flush()
    assert process.stdout.readline() == "bot:\n"
    process.send_signal(ending)
    try:
        # Its input does not end: nothing but the signal ends it.
        assert process.wait(timeout=20) == code
    finally:
        process.kill()
        _, err = process.communicate()
    assert "Traceback" not in err
    assert "Fatal" not in err


def test_bot_without_a_token_says_what_to_do(guildhall: Command) -> None:
    outcome = guildhall("bot")
    assert outcome.code == 2
    assert "GUILDHALL_TELEGRAM_BOT_TOKEN" in outcome.err
    assert "--console" in outcome.err


def test_inbox_is_listed_shown_and_replayed_at_the_terminal(instance: Instance, guildhall: Command) -> None:
    console(guildhall, "/start", "/link ABCDEFGH")
    with sqlite3.connect(instance.database) as database:
        database.execute(
            "UPDATE telegram_webhooks SET state = 3, error_message = 'broken' WHERE CAST(raw AS TEXT) LIKE '%link%'"
        )
    listed = guildhall("bot", "inbox", "list", "--state", "error")
    assert listed.code == 0
    (line,) = listed.out.splitlines()
    key = line.split()[0]
    assert line.endswith("broken")
    assert "error 1" in listed.err
    shown = guildhall("bot", "inbox", "show", key).out
    assert "ABCDEFGH" not in shown
    assert "/link **********" in shown
    says = json.loads(shown[shown.index("{") :])
    assert says["message"]["chat"] == {"id": 1, "type": "private"}
    assert guildhall("bot", "inbox", "replay", key).out == "1 will be handled once more.\n"
    again = guildhall("bot", "inbox", "replay", key)
    assert again.code == 2
    assert guildhall("bot", "inbox", "replay", "--all").out == "0 will be handled once more.\n"
    assert guildhall("bot", "inbox", "replay").code == 2
    replayed = console(guildhall)
    assert "code is unknown" in replayed.out


def test_inbox_dead_letters_are_dismissed_at_the_terminal(instance: Instance, guildhall: Command) -> None:
    console(guildhall, "/start", "/help")
    with sqlite3.connect(instance.database) as database:
        database.execute("UPDATE telegram_webhooks SET state = 3 WHERE CAST(raw AS TEXT) LIKE '%help%'")
    key = guildhall("bot", "inbox", "list", "--state", "error").out.split()[0]

    assert guildhall("bot", "inbox", "dismiss", "--all-left").out == "0 dead letters dismissed.\n"
    assert guildhall("bot", "inbox", "dismiss", key).out == "1 dead letter dismissed.\n"
    assert guildhall("bot", "inbox", "dismiss", key).code == 2
    assert guildhall("bot", "inbox", "dismiss").code == 2
    assert guildhall("bot", "inbox", "list").err == "new 0, processing 0, success 1, error 0\n"
