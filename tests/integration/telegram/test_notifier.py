"""What the Bot API answers, and what it means for a message; over real HTTP."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.system import ManualClock
from adapters.system.clock import SystemClock
from adapters.telegram.connection import BotConnection
from adapters.telegram.notifier import TelegramNotifier
from adapters.testing.telegram import faults
from adapters.testing.telegram.errors import bad_request
from adapters.testing.telegram.fake import FakeTelegram
from adapters.text.telegram_markdown import TelegramMarkdown
from application.ports.sending import Ambiguous, Blocked, HeldBack, Migrated, Refused, RetryAt, Sent
from domain.errors import Unavailable
from domain.telegram import (
    AnswerButton,
    Button,
    EditText,
    Entity,
    EntityKind,
    RichText,
    SendDraft,
    SendText,
    split,
)

HELLO = RichText("Hello")
BUTTONS = ((Button("Yes", data="1:yes"), Button("Site", url="https://guildhall.example/")),)


def hello(chat_id: int) -> SendText:
    return SendText(chat_id=chat_id, text=HELLO)


async def test_notifier_text_arrives_with_formatting_keyboard_and_what_it_answers(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    ada = telegram.user("Ada", started=True)
    question = ada.sends("What?")
    text = TelegramMarkdown().render("😀 **bold** and `code`, [a link](https://a.example)\n\n```python\nx = 1\n```")

    sent = await notifier.send(SendText(chat_id=ada.id, text=text, keyboard=BUTTONS, reply_to=question.id))

    (post,) = telegram.said_to(ada)
    assert sent == Sent(post.id)
    assert post.text == text.text
    assert [(one["type"], one["offset"], one["length"]) for one in post.content["entities"]] == [
        (entity.kind.value, entity.offset, entity.length) for entity in text.entities
    ]
    assert post.content["entities"][-1]["language"] == "python"
    assert [button["text"] for button in post.buttons] == ["Yes", "Site"]
    assert post.content["reply_to_message"]["message_id"] == question.id


async def test_notifier_message_that_it_answers_is_gone_sends_it_all_the_same(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    ada = telegram.user("Ada", started=True)

    sent = await notifier.send(SendText(chat_id=ada.id, text=HELLO, reply_to=4_711))

    assert sent == Sent(telegram.said_to(ada)[0].id)


async def test_notifier_pieces_of_a_long_answer_are_all_taken(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    ada = telegram.user("Ada", started=True)
    whole = TelegramMarkdown().render("Some **words** of it. 😀\n\n" * 400 + "```\n" + "x = 1\n" * 1_500 + "```")

    deliveries = [await notifier.send(SendText(chat_id=ada.id, text=piece)) for piece in split(whole)]

    assert len(deliveries) > 3
    assert all(isinstance(delivery, Sent) for delivery in deliveries)


async def test_notifier_edit_changes_the_message_and_bears_repeating(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    ada = telegram.user("Ada", started=True)
    sent = await notifier.send(SendText(chat_id=ada.id, text=HELLO, keyboard=BUTTONS))
    assert isinstance(sent, Sent)
    edit = EditText(chat_id=ada.id, message_id=sent.message_id or 0, text=RichText("Good-bye"))

    first, again = await notifier.send(edit), await notifier.send(edit)

    assert first == again == sent
    (post,) = telegram.said_to(ada)
    assert (post.text, post.buttons) == ("Good-bye", [])


async def test_notifier_edit_of_a_message_that_is_gone_is_refused_as_gone(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    ada = telegram.user("Ada", started=True)

    delivery = await notifier.send(EditText(chat_id=ada.id, message_id=99, text=HELLO))

    assert delivery == Refused("Message to edit not found", is_gone=True)


async def test_notifier_pressed_button_is_answered_once_and_not_too_late(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    ada = telegram.user("Ada", started=True)
    await notifier.send(SendText(chat_id=ada.id, text=HELLO, keyboard=BUTTONS))
    press = ada.presses(telegram.said_to(ada)[0], "Yes")

    answered = await notifier.send(AnswerButton(chat_id=ada.id, query_id=press.id, text="Well done", is_alert=True))
    late = await notifier.send(AnswerButton(chat_id=ada.id, query_id="12345"))

    assert answered == Sent(None)
    assert isinstance(late, Refused)
    assert "query" in late.reason.lower()


async def test_notifier_draft_is_shown_where_the_server_knows_drafts(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    ada = telegram.user("Ada", started=True)
    draft = SendDraft(chat_id=ada.id, draft_id=7, text=TelegramMarkdown().render("so **far"))

    shown = await notifier.send(draft)
    telegram.fail(faults.document(404, {"ok": False, "error_code": 404, "description": "Not Found"}))
    unknown = await notifier.send(draft)

    assert shown == Sent(None)
    assert telegram.calls("sendMessageDraft")[0]["text"] == "so **far"
    assert isinstance(unknown, Refused)


async def test_notifier_429_of_one_chat_holds_that_chat(telegram: FakeTelegram, notifier: TelegramNotifier) -> None:
    ada = telegram.user("Ada", started=True)
    telegram.fail(faults.flood(7), in_=ada, times=2)
    before = datetime.now(UTC)

    first, second = await notifier.send(hello(ada.id)), await notifier.send(hello(ada.id))

    for delivery in (first, second):
        assert isinstance(delivery, RetryAt)
        assert delivery.held is HeldBack.CHAT
        assert timedelta(seconds=7) <= delivery.time - before < timedelta(seconds=12)
    assert telegram.said_to(ada) == []


async def test_notifier_429_of_three_chats_in_a_row_holds_the_bot(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    people = [telegram.user(name, started=True) for name in ("Ada", "Bea", "Cleo", "Dora")]
    telegram.fail(faults.flood(3), times=4)

    deliveries = [await notifier.send(hello(user.id)) for user in people]

    held = [delivery.held for delivery in deliveries if isinstance(delivery, RetryAt)]
    assert held == [HeldBack.CHAT, HeldBack.CHAT, HeldBack.BOT, HeldBack.CHAT]


@pytest.mark.parametrize("fault", [faults.blocked(), faults.kicked(), faults.deactivated()])
async def test_notifier_403_is_blocked(telegram: FakeTelegram, notifier: TelegramNotifier, fault: faults.Fault) -> None:
    telegram.fail(fault)

    delivery = await notifier.send(hello(telegram.user("Ada", started=True).id))

    assert isinstance(delivery, Blocked)
    assert delivery.reason.startswith("Forbidden")


async def test_notifier_chat_that_is_not_known_is_blocked(telegram: FakeTelegram, notifier: TelegramNotifier) -> None:
    assert await notifier.send(hello(4_711)) == Blocked("Chat not found")


async def test_notifier_group_that_became_a_supergroup_is_migrated(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    telegram.fail(faults.migrated(-1_001_234))

    assert await notifier.send(hello(-55)) == Migrated(-1_001_234)


@pytest.mark.parametrize("fault", [faults.bad_gateway(), faults.server_error(), faults.garbage(), faults.reset()])
async def test_notifier_broken_answer_is_ambiguous(
    telegram: FakeTelegram, notifier: TelegramNotifier, fault: faults.Fault
) -> None:
    ada = telegram.user("Ada", started=True)
    telegram.fail(fault.afterwards())

    delivery = await notifier.send(hello(ada.id))

    assert isinstance(delivery, Ambiguous)
    assert len(telegram.said_to(ada)) == 1, "it had arrived"


async def test_notifier_server_that_hangs_is_ambiguous_at_the_deadline(
    telegram: FakeTelegram, connection: BotConnection
) -> None:
    telegram.fail(faults.hang())
    notifier = TelegramNotifier(connection, SystemClock(), deadline_seconds=0.2)

    delivery = await notifier.send(hello(telegram.user("Ada", started=True).id))

    assert delivery == Ambiguous("Telegram did not answer within 0.2 s.")


async def test_notifier_nobody_listens_is_due_again_and_not_ambiguous(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    ada = telegram.user("Ada", started=True)
    await telegram.stop()

    delivery = await notifier.send(hello(ada.id))

    assert isinstance(delivery, RetryAt)
    assert delivery.held is HeldBack.BOT
    await telegram.start()
    assert isinstance(await notifier.send(hello(ada.id)), Sent)


async def test_notifier_while_nobody_listens_waits_longer_each_time_and_says_each_wait_once(
    telegram: FakeTelegram, connection: BotConnection, caplog: pytest.LogCaptureFixture
) -> None:
    ada, clock = telegram.user("Ada", started=True), ManualClock()
    notifier, pauses = TelegramNotifier(connection, clock), list[float]()
    await telegram.stop()

    for _ in range(6):
        tried = [await notifier.send(hello(ada.id)) for _ in range(2)]
        (due,) = {each.time for each in tried if isinstance(each, RetryAt)}
        pauses.append((due - clock.now()).total_seconds())
        clock.advance(due - clock.now())

    assert pauses == [2, 4, 8, 16, 30, 30]
    lines = [record for record in caplog.records if record.message == "telegram_unreachable"]
    assert [vars(record)["seconds"] for record in lines] == pauses
    await telegram.start()
    assert isinstance(await notifier.send(hello(ada.id)), Sent)
    await telegram.stop()
    again = await notifier.send(hello(ada.id))
    assert isinstance(again, RetryAt)
    assert again.time - clock.now() == timedelta(seconds=2)


async def test_notifier_token_that_is_not_known_fails_no_message(telegram: FakeTelegram) -> None:
    connection = BotConnection("7000000001:another-token-of-nobody", telegram.url)

    delivery = await TelegramNotifier(connection, SystemClock()).send(hello(1))

    await connection.close()
    assert isinstance(delivery, RetryAt)
    assert delivery.held is HeldBack.BOT


async def test_notifier_without_a_token_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="GUILDHALL_TELEGRAM_BOT_TOKEN"):
        await TelegramNotifier(BotConnection(None, "http://127.0.0.1:1"), SystemClock()).send(hello(1))


async def test_notifier_entities_refused_sends_the_words_without_them(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    ada = telegram.user("Ada", started=True)
    broken = RichText("Hello 😀", (Entity(EntityKind.BOLD, 0, 7),))

    delivery = await notifier.send(SendText(chat_id=ada.id, text=broken))

    (post,) = telegram.said_to(ada)
    assert delivery == Sent(post.id)
    assert (post.text, post.content.get("entities")) == ("Hello 😀", None)


async def test_notifier_address_of_a_button_refused_sends_the_words_with_the_other_buttons(
    telegram: FakeTelegram, notifier: TelegramNotifier
) -> None:
    ada = telegram.user("Ada", started=True)
    refusal = "inline keyboard button URL 'http://127.0.0.1:8000/' is invalid: Wrong HTTP URL"
    telegram.fail(faults.refused(bad_request(refusal)))

    delivery = await notifier.send(SendText(chat_id=ada.id, text=HELLO, keyboard=BUTTONS))

    (post,) = telegram.said_to(ada)
    assert delivery == Sent(post.id)
    assert [button["text"] for button in post.buttons] == ["Yes"]


async def test_notifier_says_in_a_topic_what_belongs_there(telegram: FakeTelegram, notifier: TelegramNotifier) -> None:
    group = telegram.group("Guild")
    topic = group.opens_topic("Risk")

    delivery = await notifier.send(SendText(chat_id=group.id, text=HELLO, thread_id=topic))

    (post,) = telegram.said_to(group)
    assert (delivery, post.topic) == (Sent(post.id), topic)


@pytest.mark.parametrize("end", ["closes_topic", "removes_topic"])
async def test_notifier_topic_that_is_closed_or_gone_sends_the_words_to_the_group(
    telegram: FakeTelegram, notifier: TelegramNotifier, end: str
) -> None:
    group = telegram.group("Guild")
    topic = group.opens_topic("Risk")
    getattr(group, end)(topic)

    delivery = await notifier.send(SendText(chat_id=group.id, text=HELLO, thread_id=topic))

    (post,) = telegram.said_to(group)
    assert (delivery, post.topic) == (Sent(post.id), 0)


async def test_notifier_refusal_that_nothing_helps_ends(telegram: FakeTelegram, notifier: TelegramNotifier) -> None:
    ada = telegram.user("Ada", started=True)
    telegram.fail(faults.refused(bad_request("message text is empty")), times=None)

    delivery = await notifier.send(SendText(chat_id=ada.id, text=HELLO, keyboard=BUTTONS))

    assert delivery == Refused("Message text is empty")
    assert len(telegram.calls("sendMessage")) == 1


async def test_notifier_whatever_goes_wrong_no_log_line_holds_token_or_text(
    telegram: FakeTelegram, notifier: TelegramNotifier, caplog: pytest.LogCaptureFixture
) -> None:
    ada = telegram.user("Ada", started=True)
    secret = RichText("between us", (Entity(EntityKind.BOLD, 0, 7),))
    spilt = telegram.url + "/bot" + telegram.token + "/sendMessage"
    bodies = [faults.garbage(spilt.encode()), faults.garbage(b'{"text": "between us'), faults.bad_gateway()]
    refusals = [faults.refused(bad_request(f"can't parse entities: {spilt}"))]
    reasons = []

    with caplog.at_level(logging.INFO):
        logging.getLogger("httpx").setLevel(logging.WARNING)  # as configure_logging sets it
        for fault in [*bodies, *refusals, faults.document(400, {"ok": False, "description": spilt})]:
            telegram.fail(fault)
            reasons.append(str(await notifier.send(SendText(chat_id=ada.id, text=secret))))

    # The fake server's own lines hold the addresses that it was called at.
    ours = [str(vars(record)) for record in caplog.records if not record.name.startswith("uvicorn")]
    assert ours
    for said in (*ours, *reasons):
        assert telegram.token not in said
        assert telegram.token.partition(":")[2] not in said
        assert "between us" not in said
