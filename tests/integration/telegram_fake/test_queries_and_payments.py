"""Pressed buttons, and Telegram Stars, with python-telegram-bot's client."""

from datetime import timedelta

import pytest
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LabeledPrice
from telegram.error import BadRequest

from adapters.memory.system import ManualClock
from adapters.testing.telegram import FakeTelegram
from tests.integration.telegram_fake.client import client_of

BUTTONS = InlineKeyboardMarkup([[InlineKeyboardButton("Read", callback_data="1:read")]])
TOO_OLD = "Query is too old and response timeout expired or query id is invalid"
MONTH = 30 * 24 * 60 * 60


async def invoice(bot: telegram.Bot, **changes: object) -> str:
    given = {"title": "Month", "description": "All guides", "payload": "plan:1", "currency": "XTR"}
    return await bot.create_invoice_link(
        **(given | {"provider_token": "", "prices": [LabeledPrice("Month", 100)]} | changes)  # type: ignore[arg-type]
    )


async def test_press_answered_once_and_seen(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    await bot.send_message(ada.id, "guide", reply_markup=BUTTONS)
    press = ada.presses(fake_telegram.said_to(ada)[0], "Read")

    (update,) = await bot.get_updates()
    query = update.callback_query
    assert query is not None
    await query.answer("Saved", show_alert=True)

    assert (query.data, query.from_user.id) == ("1:read", ada.id)
    assert isinstance(query.message, telegram.Message)
    assert await press.answered() == {"text": "Saved", "show_alert": True, "url": "", "cache_time": 0}
    with pytest.raises(BadRequest, match=TOO_OLD):
        await query.answer()


async def test_press_answered_too_late_refused() -> None:
    clock = ManualClock()
    async with FakeTelegram(clock=clock) as fake, client_of(fake) as bot:
        ada = fake.user("Ada", started=True)
        await bot.send_message(ada.id, "guide", reply_markup=BUTTONS)
        press = ada.sends_callback(fake.said_to(ada)[0], "forged")
        clock.advance(timedelta(seconds=16))

        with pytest.raises(BadRequest, match=TOO_OLD):
            await bot.answer_callback_query(press.id)

        assert press.answer is None


async def test_press_answer_of_201_characters_refused(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    await bot.send_message(ada.id, "guide", reply_markup=BUTTONS)
    press = ada.presses(fake_telegram.said_to(ada)[0], "1:read")

    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query(press.id, "x" * 201)

    assert await bot.answer_callback_query(press.id, "x" * 200)


async def test_press_of_absent_button_is_the_tests_own_error(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    await bot.send_message(ada.id, "guide", reply_markup=BUTTONS)

    with pytest.raises(ValueError, match="no callback button 'Save'"):
        ada.presses(fake_telegram.said_to(ada)[0], "Save")


async def test_stars_subscription_paid_renewed_cancelled(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    link = await invoice(bot, subscription_period=MONTH)
    checkout = ada.opens(link)
    (asked,) = await bot.get_updates()
    assert asked.pre_checkout_query is not None
    await asked.pre_checkout_query.answer(ok=True)

    charge = ada.pays(checkout)
    renewal = ada.renews(charge)
    await bot.edit_user_star_subscription(ada.id, charge.id, is_canceled=True)

    updates = await bot.get_updates(offset=asked.update_id + 1)
    payments = [one.message.successful_payment for one in updates if one.message]
    assert [one.telegram_payment_charge_id for one in payments if one] == [charge.id, renewal.id]
    assert [(one.is_recurring, one.is_first_recurring) for one in payments if one] == [(True, True), (True, None)]
    assert [one.total_amount for one in payments if one] == [100, 100]
    with pytest.raises(ValueError, match="not renewed"):
        ada.renews(renewal)


async def test_stars_refund_once_and_in_the_books(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada, eve = fake_telegram.user("Ada", started=True), fake_telegram.user("Eve", started=True)
    checkout = ada.opens(await invoice(bot))
    await bot.answer_pre_checkout_query(checkout.id, ok=True)
    charge = ada.pays(checkout)

    with pytest.raises(BadRequest, match="Charge_not_found"):
        await bot.refund_star_payment(eve.id, charge.id)
    await bot.refund_star_payment(ada.id, charge.id)
    with pytest.raises(BadRequest, match="Charge_already_refunded"):
        await bot.refund_star_payment(ada.id, charge.id)

    books = (await bot.get_star_transactions()).transactions
    assert [(one.id, one.amount, one.source is None) for one in books] == [
        (charge.id, 100, False),
        (charge.id, 100, True),
    ]
    assert isinstance(books[0].source, telegram.TransactionPartnerUser)
    assert books[0].source.user.id == ada.id
    assert (await bot.get_my_star_balance()).amount == 0
    refunds = [one.message.refunded_payment for one in await bot.get_updates() if one.message]
    assert [one.telegram_payment_charge_id for one in refunds if one] == [charge.id]


async def test_stars_checkout_refused_by_the_bot_cannot_be_paid(fake_telegram: FakeTelegram, bot: telegram.Bot) -> None:
    ada = fake_telegram.user("Ada", started=True)
    checkout = ada.opens(await invoice(bot))

    with pytest.raises(BadRequest, match='Parameter "error_message" is required'):
        await bot.answer_pre_checkout_query(checkout.id, ok=False)
    await bot.answer_pre_checkout_query(checkout.id, ok=False, error_message="Sold out")

    assert await checkout.answered() == {"ok": False, "error_message": "Sold out"}
    with pytest.raises(ValueError, match="did not approve"):
        ada.pays(checkout)


async def test_stars_checkout_answered_after_ten_seconds_refused() -> None:
    clock = ManualClock()
    async with FakeTelegram(clock=clock) as fake, client_of(fake) as bot:
        checkout = fake.user("Ada", started=True).opens(await invoice(bot))
        clock.advance(timedelta(seconds=11))

        with pytest.raises(BadRequest, match=TOO_OLD):
            await bot.answer_pre_checkout_query(checkout.id, ok=True)

        assert not checkout.is_approved


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ({"prices": [LabeledPrice("a", 1), LabeledPrice("b", 2)]}, "Stars_invoice_invalid"),
        ({"prices": [LabeledPrice("a", 0)]}, "Stars_invoice_invalid"),
        ({"provider_token": "x"}, "Stars_invoice_invalid"),
        ({"subscription_period": 60}, "Subscription_period_invalid"),
        ({"payload": "x" * 129}, "Invoice_payload_invalid"),
        ({"currency": "EUR"}, "Payment_provider_invalid"),
        ({"prices": []}, "There must be at least one price"),
    ],
)
async def test_stars_wrong_invoice_refused(bot: telegram.Bot, changes: dict[str, object], description: str) -> None:
    with pytest.raises(BadRequest, match=description):
        await invoice(bot, **changes)
