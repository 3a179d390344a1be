"""Delivery to a webhook: the secret, order, connections, retries, and what setWebhook refuses."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
import telegram
from telegram.error import BadRequest

from adapters.memory.system import ManualClock
from adapters.testing.telegram import FakeTelegram
from tests.integration.telegram_fake.client import client_of
from tests.integration.telegram_fake.receiver import OK, Receiver, status


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


async def test_webhook_update_delivered_once_with_the_secret(
    fake_telegram: FakeTelegram, bot: telegram.Bot, receiver: Receiver
) -> None:
    ada = fake_telegram.user("Ada")
    ada.sends("before")
    await bot.set_webhook(receiver.url, secret_token="s3cret_-")

    ada.sends("after")
    await fake_telegram.until(lambda: len(receiver.updates) == 2 and not fake_telegram.state.updates.pending())

    assert receiver.texts == ["before", "after"]
    assert {one["x-telegram-bot-api-secret-token"] for one in receiver.headers} == {"s3cret_-"}
    assert receiver.headers[0]["request"] == "POST /hook HTTP/1.1"
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.max_connections) == (receiver.url, 0, 40)


async def test_webhook_lane_in_order_and_lanes_side_by_side(
    fake_telegram: FakeTelegram, bot: telegram.Bot, receiver: Receiver
) -> None:
    ada, eve, bob = (fake_telegram.user(name) for name in ("Ada", "Eve", "Bob"))
    receiver.gate.clear()
    await bot.set_webhook(receiver.url, max_connections=2)
    for text in ("one", "two"):
        for who in (ada, eve, bob):
            who.sends(f"{who.account.first_name} {text}")
    await fake_telegram.until(lambda: receiver.busy == 2)
    first = list(receiver.texts)

    receiver.gate.set()
    await fake_telegram.until(lambda: len(receiver.updates) == 6)

    assert first == ["Ada one", "Eve one"]
    assert receiver.most_busy == 2
    assert [text for text in receiver.texts if "Ada" in text] == ["Ada one", "Ada two"]


async def test_webhook_failure_comes_again_later_and_later_holding_its_lane() -> None:
    clock = ManualClock()
    failing = True

    def respond(update: dict[str, object]) -> bytes:
        return status("500 Internal Server Error") if failing else OK

    async with (
        Receiver(respond) as receiver,
        FakeTelegram(clock=clock) as fake,
        client_of(fake) as bot,
    ):
        ada = fake.user("Ada")
        await bot.set_webhook(receiver.url)
        ada.sends("one")
        ada.sends("two")
        for attempts, pause in ((2, 2), (3, 4), (4, 8)):
            await fake.until(lambda n=attempts: len(receiver.updates) == n and clock.sleepers == 1)  # type: ignore[misc]
            clock.advance(timedelta(seconds=pause - 0.5))
            await bot.get_me()
            assert len(receiver.updates) == attempts
            failing = attempts < 4
            clock.advance(timedelta(seconds=0.5))
        await fake.until(lambda: len(receiver.updates) == 6)
        info = await bot.get_webhook_info()

    assert receiver.texts == ["one"] * 5 + ["two"]
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    assert info.last_error_date is not None


async def test_webhook_retry_after_header_obeyed() -> None:
    clock = ManualClock()
    async with (
        Receiver(lambda _: status("429 Too Many Requests", "Retry-After: 20")) as receiver,
        FakeTelegram(clock=clock) as fake,
        client_of(fake) as bot,
    ):
        await bot.set_webhook(receiver.url)
        fake.user("Ada").sends("one")
        await fake.until(lambda: clock.sleepers == 1)
        clock.advance(timedelta(seconds=19))
        await bot.get_me()
        early = len(receiver.updates)
        clock.advance(timedelta(seconds=1))
        await fake.until(lambda: len(receiver.updates) == 2)

    assert early == 1


async def test_webhook_nobody_there_told_and_update_kept(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    async with Receiver() as gone:
        url = gone.url
    await bot.set_webhook(url)
    fake_telegram.user("Ada").sends("one")

    await fake_telegram.until(lambda: fake_telegram.state.webhook.last_failure)

    info = await bot.get_webhook_info()
    assert (info.last_error_message, info.pending_update_count) == ("Connection refused", 1)
    await bot.delete_webhook()
    assert len(await bot.get_updates()) == 1


async def test_webhook_answer_may_be_a_call(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada")
    body = msgspec.json.encode({"method": "sendMessage", "chat_id": ada.id, "text": "by the way"})
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    async with Receiver(lambda _: head + body) as receiver:
        await bot.set_webhook(receiver.url)
        ada.sends("one")
        said = await fake_telegram.next_message(ada)

    assert said.text == "by the way"


async def test_webhook_public_address_stands_for_a_local_one(receiver: Receiver) -> None:
    origin = f"http://127.0.0.1:{receiver.port}"
    async with (
        FakeTelegram(webhook_stands_for=origin) as fake,
        client_of(fake) as bot,
    ):
        await bot.set_webhook("https://guild.example/api/v1/telegram/webhook?x=1")
        fake.user("Ada").sends("one")
        await fake.until(lambda: receiver.updates)

    assert receiver.headers[0]["request"] == "POST /api/v1/telegram/webhook?x=1 HTTP/1.1"


async def test_webhook_pending_updates_dropped_when_asked(
    fake_telegram: FakeTelegram, bot: telegram.Bot, receiver: Receiver
) -> None:
    ada = fake_telegram.user("Ada")
    ada.sends("old")

    await bot.set_webhook(receiver.url, drop_pending_updates=True, allowed_updates=["message"])
    ada.sends("new")
    await fake_telegram.until(lambda: receiver.updates)

    assert receiver.texts == ["new"]
    assert (await bot.get_webhook_info()).allowed_updates == ("message",)


@pytest.mark.parametrize(
    ("given", "description"),
    [
        ({"url": "https://127.0.0.1", "secret_token": "a b"}, "Secret token contains unallowed characters"),
        ({"url": "https://127.0.0.1", "secret_token": "x" * 257}, "Secret token is too long"),
        ({"url": "http://guild.example"}, "Bad webhook: an https url must be provided for webhook"),
        ({"url": "https://guild.example:8080"}, "Bad webhook: webhook can be set up only on ports 80, 88, 443 or 8443"),
        ({"url": "https://guild.example"}, "Bad webhook: failed to resolve host: name or service not known"),
        ({"url": "https:// x"}, "Invalid webhook url specified"),
    ],
)
async def test_webhook_wrong_settings_refused(bot: telegram.Bot, given: dict[str, str], description: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await bot.set_webhook(**given)  # type: ignore[arg-type]

    assert refused.value.message.lower() == description.lower()
    assert (await bot.get_webhook_info()).url == ""
