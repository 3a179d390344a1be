"""Faults on demand, seen through python-telegram-bot's client."""

import asyncio
from datetime import timedelta
from inspect import isfunction
from pathlib import Path

import httpx
import pytest
import telegram
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from adapters.memory.system import ManualClock
from adapters.testing.telegram import FakeTelegram, Fault, Rates, faults
from tests.integration.telegram_fake.client import client_of


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (faults.blocked(), Forbidden, "Forbidden: bot was blocked by the user"),
        (faults.kicked(), Forbidden, "Forbidden: bot was kicked from the supergroup chat"),
        (faults.deactivated(), Forbidden, "Forbidden: user is deactivated"),
        (faults.bad_gateway(), NetworkError, "Bad Gateway"),
        (faults.server_error(), NetworkError, "500 Internal Server Error"),
        (faults.garbage(), TelegramError, "Invalid server response"),
        (faults.reset(), NetworkError, "httpx"),
        (faults.document(400, {"ok": False, "error_code": 400, "description": "Bad Request: X"}), BadRequest, "X"),
    ],
)
async def test_fault_in_place_of_the_call_does_nothing_and_ends(
    fake_telegram: FakeTelegram, bot: telegram.Bot, fault: Fault, error: type[TelegramError], words: str
) -> None:
    ada = fake_telegram.user("Ada", started=True)
    script = fake_telegram.fail(fault, "sendMessage", in_=ada)

    with pytest.raises(error, match=words):
        await bot.send_message(ada.id, "one")
    await bot.send_message(ada.id, "two")

    assert [post.text for post in ada.messages] == ["two"]
    assert script.hits == 1
    assert [one.was_applied for one in fake_telegram.calls("sendMessage")] == [False, True]


@pytest.mark.parametrize("fault", [faults.reset(), faults.bad_gateway(), faults.garbage()])
async def test_fault_after_the_effect_leaves_an_ambiguous_send(
    fake_telegram: FakeTelegram, bot: telegram.Bot, fault: Fault
) -> None:
    ada = fake_telegram.user("Ada", started=True)
    fake_telegram.fail(fault.afterwards(), "sendMessage")

    with pytest.raises(TelegramError):
        await bot.send_message(ada.id, "once")

    assert [post.text for post in ada.messages] == ["once"]
    assert fake_telegram.calls("sendMessage")[0].was_applied


async def test_fault_flood_carries_the_seconds(
    fake_telegram: FakeTelegram, bot: telegram.Bot, raw: httpx.AsyncClient
) -> None:
    fake_telegram.fail(faults.flood(7), times=2)

    with pytest.raises(RetryAfter) as refused:
        await bot.get_me()
    answer = await raw.get("getMe")

    assert refused.value.retry_after == timedelta(seconds=7)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


async def test_fault_migration_names_the_new_chat(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    group = fake_telegram.group("Traders")
    fake_telegram.fail(faults.migrated(-100_123), in_=group)

    with pytest.raises(ChatMigrated) as refused:
        await bot.send_message(group.id, "x")

    assert refused.value.new_chat_id == -100_123


async def test_fault_hanging_call_goes_on_when_released(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    script = fake_telegram.fail(faults.hang(), "sendMessage")
    sending = asyncio.create_task(bot.send_message(ada.id, "late"))
    await fake_telegram.until(lambda: script.hits)
    before = (sending.done(), list(ada.messages))

    script.release()
    sent = await sending

    assert before == (False, [])
    assert sent.text == "late"


@pytest.mark.parametrize(("fault", "applied"), [(faults.hang(), False), (faults.hang().afterwards(), True)])
async def test_fault_hanging_call_given_up_by_the_caller_is_over(
    fake_telegram: FakeTelegram, bot: telegram.Bot, fault: Fault, applied: bool
) -> None:
    ada = fake_telegram.user("Ada", started=True)
    fake_telegram.fail(fault, "sendMessage")

    with pytest.raises(TimedOut):
        await bot.send_message(ada.id, "never heard of", read_timeout=0.2)
    await fake_telegram.until(lambda: fake_telegram.calls("sendMessage")[0].is_over)

    assert [post.text for post in ada.messages] == (["never heard of"] if applied else [])


async def test_fault_slow_answer_comes_after_its_delay() -> None:
    clock = ManualClock()
    async with FakeTelegram(clock=clock) as fake, client_of(fake) as bot:
        fake.fail(faults.slow(3), "getMe")
        asking = asyncio.create_task(bot.get_me())
        await fake.until(lambda: clock.sleepers == 1)
        clock.advance(timedelta(seconds=3))

        assert (await asking).username == fake.bot.username


async def test_server_away_refuses_and_comes_back_as_it_was(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    await bot.send_message(ada.id, "one")

    await fake_telegram.stop()
    with pytest.raises(NetworkError):
        await bot.send_message(ada.id, "two")
    await fake_telegram.start()
    await bot.send_message(ada.id, "three")

    assert [post.text for post in ada.messages] == ["one", "three"]


async def test_server_stopped_while_calls_hang_is_soon_gone(bot: telegram.Bot, fake_telegram: FakeTelegram) -> None:
    ada = fake_telegram.user("Ada", started=True)
    script = fake_telegram.fail(faults.hang(), "sendMessage")
    sending = asyncio.create_task(bot.send_message(ada.id, "x", read_timeout=30))
    await fake_telegram.until(lambda: script.hits)

    async with asyncio.timeout(3):
        await fake_telegram.stop()

    with pytest.raises(NetworkError):
        await sending
    assert ada.messages == []


async def test_rates_enforced_only_when_asked() -> None:
    clock = ManualClock()
    async with (
        FakeTelegram(clock=clock, rates=Rates()) as fake,
        client_of(fake) as bot,
    ):
        ada = fake.user("Ada", started=True)
        for text in ("one", "two", "three"):
            await bot.send_message(ada.id, text)

        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(ada.id, "four")
        clock.advance(timedelta(seconds=3))
        await bot.send_message(ada.id, "four")

    assert refused.value.retry_after == timedelta(seconds=3)
    assert [post.text for post in ada.messages] == ["one", "two", "three", "four"]


async def test_rates_not_asked_for_hold_nobody_back(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)

    for number in range(40):
        await bot.send_message(ada.id, str(number))

    assert len(ada.messages) == 40


async def test_fault_of_a_method_that_is_not_there_is_refused_with_the_nearest(fake_telegram: FakeTelegram) -> None:
    with pytest.raises(ValueError, match=r"'sendMesage' here; did you mean sendMessage\?"):
        fake_telegram.fail(faults.reset(), "sendMesage")
    with pytest.raises(ValueError, match=r"'x' here$"):
        fake_telegram.fail(faults.reset(), "x")
    assert fake_telegram.fail(faults.reset(), "GETUPDATES").hits == 0


async def test_next_message_that_does_not_come_tells_what_was_called_instead(
    fake_telegram: FakeTelegram, bot: telegram.Bot
) -> None:
    ada, bob = fake_telegram.user("Ada", started=True), fake_telegram.user("Bob", started=True)
    with pytest.raises(TimeoutError, match=rf"in chat {ada.id} within 0\.01 s; the last calls: getMe 200$"):
        await fake_telegram.next_message(ada, within=0.01)
    await bot.send_message(bob.id, "To somebody else")

    with pytest.raises(TimeoutError, match=r"the last calls: getMe 200, sendMessage 200$"):
        await fake_telegram.next_message(ada, within=0.01)


def test_faults_that_are_exported_are_all_there_and_documented() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/library.md").read_text(encoding="utf-8")
    makers = [name for name in faults.__all__ if name.islower()]
    assert makers == sorted(name for name, each in vars(faults).items() if isfunction(each) and name in faults.__all__)
    assert [name for name in makers if f"`{name}(" not in page] == []
