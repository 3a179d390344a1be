"""The whole bot on each database against the fake Bot API over HTTP: polling and webhook, private chats and groups."""

import asyncio

import pytest
from structlog.testing import capture_logs

from adapters.testing.telegram import faults
from adapters.testing.telegram.fake import FakeTelegram
from application.guides.library import GuideDraft
from domain.errors import InvalidToken
from domain.identity import OPERATOR
from domain.telegram import UpdateState
from entrypoints.container import Container
from entrypoints.settings import Secret
from entrypoints.telegram_bot.bot import create_bot
from entrypoints.telegram_bot.texts import ENGLISH
from tests.integration.http.served import served
from tests.integration.telegram.at_work import Made, at_work

SECRET = "a_secret_of_the_webhook"
# Seconds; nothing waits longer than it has to.
LONG = 60


async def guide(container: Container, title: str = "Position sizing") -> None:
    """Something to answer from."""
    draft = GuideDraft(title=title, category="risk", body="# Risk\n\nRisk one percent of the account on one trade.\n")
    await container.guide_library().create(OPERATOR, draft)


async def settled(container: Container, count: int) -> None:
    """So many updates are handled, and nothing waits."""
    async with asyncio.timeout(LONG):
        while True:
            counts = await container.update_queries().counts()
            if counts[UpdateState.SUCCESS] >= count and not counts[UpdateState.NEW] + counts[UpdateState.PROCESSING]:
                assert counts[UpdateState.ERROR] == 0
                return
            await asyncio.sleep(0.02)


async def members(container: Container) -> int:
    return len((await container.member_service().page(OPERATOR, limit=200)).items)


async def test_bot_polling_answers_in_private_with_buttons_that_edit(telegram: FakeTelegram, made: Made) -> None:
    container, ada = made(), telegram.user("Ada")
    await guide(container)
    async with at_work(container):
        ada.sends("/start")
        welcome = await telegram.next_message(ada, within=LONG)
        assert welcome.text == ENGLISH.basics.welcome.format(name=", Ada")
        press = ada.presses(welcome, ENGLISH.basics.guides_button)
        await telegram.until(lambda: welcome.text == ENGLISH.guides.categories, within=LONG)
        assert [button["text"] for button in welcome.buttons] == ["Risk (1)"]
        assert (await press.answered())["text"] == ""
        await settled(container, 2)
    commands = telegram.calls("setMyCommands")
    assert len(commands) == 1


async def test_bot_answers_a_question_with_citations_that_open_the_guide(telegram: FakeTelegram, made: Made) -> None:
    container, ada = made(), telegram.user("Ada", started=True)
    await guide(container)
    async with at_work(container):
        asked = ada.sends("How much should I risk on one trade?")
        answer = await telegram.next_message(ada, after=asked.id, within=LONG)
        await telegram.until(lambda: "one percent" in answer.text and answer.buttons, within=LONG)
        ada.presses(answer, answer.buttons[0]["text"])
        opened = await telegram.next_message(ada, after=answer.id, within=LONG)
        assert opened.text.startswith("Position sizing")
        assert "one percent" in answer.text


async def test_bot_in_a_busy_group_answers_what_it_was_asked_and_registers_nobody(
    telegram: FakeTelegram, made: Made
) -> None:
    container = made()
    await guide(container)
    people = [telegram.user(f"Person {number}") for number in range(500)]
    group = telegram.group("Traders", people)
    telegram.reads_all_group_messages()
    async with at_work(container):
        for number, person in enumerate(people):
            person.sends(f"I say {number}, guide or not, and the price is high", in_=group)
        asked = people[3].sends("/ask How much should I risk on one trade?", in_=group)
        answer = await telegram.next_message(group, within=LONG)
        await telegram.until(lambda: "one percent" in answer.text and answer.buttons, within=LONG)
        assert answer.content["reply_to_message"]["message_id"] == asked.id
        assert answer.buttons[0]["url"].startswith(f"https://t.me/{telegram.bot.username}?start=guide_")
        await settled(container, 501)
    assert len(telegram.said_to(group)) == 1
    assert await members(container) == 0


async def test_bot_takes_the_webhook_and_answers_through_it(telegram: FakeTelegram, made: Made) -> None:
    container = made(updates="webhook", webhook_secret=Secret(SECRET), public_url="https://guild.example.org")
    url = container.settings().webhook_url
    assert url is not None
    ada = telegram.user("Ada")
    async with served(container, with_lifespan=True) as house:
        telegram.state.webhook._stands_for = f"http://127.0.0.1:{house.port}"
        await container.bot_api().set_webhook(url, SECRET, 40)
        ada.sends("/help")
        said = await telegram.next_message(ada, within=LONG)
        assert said.text.startswith(ENGLISH.basics.help_title)
        group = telegram.group("Traders", [ada])
        ada.sends(f"/start@{telegram.bot.username}", in_=group)
        private = await telegram.next_message(group, within=LONG)
        assert private.text == ENGLISH.private_only.format(name="start")
        info = await container.bot_api().webhook_info()
        assert (info.url, info.last_error_message) == (url, None)
    assert telegram.calls("getUpdates") == []


async def test_bot_waits_for_telegram_and_begins_when_it_is_there(telegram: FakeTelegram, made: Made) -> None:
    container, ada = made(), telegram.user("Ada")
    telegram.fail(faults.server_error(), "getMe", times=1)
    async with at_work(container):
        ada.sends("/start")
        assert (await telegram.next_message(ada, within=LONG)).text.startswith("Welcome")


async def test_bot_with_a_wrong_token_ends_with_a_clear_error(telegram: FakeTelegram, made: Made) -> None:
    bot = create_bot(made(bot_token=Secret("7000000001:wrong")))
    with pytest.raises(InvalidToken, match=r"telegram\.bot_token"):
        await bot.run()


async def test_server_with_a_wrong_token_serves_the_web_and_says_so(telegram: FakeTelegram, made: Made) -> None:
    with capture_logs() as lines:
        async with served(made(bot_token=Secret("7000000001:wrong")), with_lifespan=True) as house:
            assert (await house.client.get("/api/v1/health")).status_code == 200
            await telegram.until(lambda: [line for line in lines if line["event"] == "bot_refused"], within=LONG)
            assert (await house.client.get("/api/v1/health")).status_code == 200


async def test_bot_stopped_leaves_nothing_undone_for_the_next_one(telegram: FakeTelegram, made: Made) -> None:
    people = [telegram.user(f"Person {number}") for number in range(30)]
    first = made()
    async with at_work(first):
        for person in people:
            person.sends("/start")
        await telegram.next_message(people[0], within=LONG)
    async with at_work(made()):
        await telegram.until(lambda: all(telegram.said_to(person) for person in people), within=LONG)
    assert [len(telegram.said_to(person)) for person in people] == [1] * 30
