"""Telegram Stars: links, refunds, subscriptions, transactions."""

from typing import Any

from adapters.testing.telegram.access import person_of
from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.errors import Json, bad_request
from adapters.testing.telegram.payments import PERIOD, Invoice, refunded_payment
from adapters.testing.telegram.state import BotState

STARS = "XTR"
MAX_SUBSCRIPTION_PRICE = 10_000
MAX_PAYLOAD_BYTES = 128


def create_invoice_link(state: BotState, arguments: Arguments) -> str:
    """createInvoiceLink: Stars only, one price, and as a subscription of 30 days or not at all."""
    title, description = arguments.required("title"), arguments.required("description")
    payload, currency = arguments.required("payload"), arguments.required("currency")
    arguments.required("prices")
    prices = _prices(arguments.json("prices", "prices"))
    period = arguments.integer("subscription_period")
    if len(title) > 32 or len(description) > 255:
        raise bad_request("INVOICE_INVALID")
    if len(payload.encode()) > MAX_PAYLOAD_BYTES:
        raise bad_request("INVOICE_PAYLOAD_INVALID")
    if currency != STARS:
        raise bad_request(
            "PAYMENT_PROVIDER_INVALID" if len(currency) == 3 and currency.isalpha() else "CURRENCY_INVALID"
        )
    if len(prices) != 1 or prices[0] < 1 or arguments.text("provider_token"):
        raise bad_request("STARS_INVOICE_INVALID")
    if period and period != PERIOD.total_seconds():
        raise bad_request("SUBSCRIPTION_PERIOD_INVALID")
    if period and prices[0] > MAX_SUBSCRIPTION_PRICE:
        raise bad_request("STARS_INVOICE_INVALID")
    invoice = Invoice(state.payments.next_link(), title, description, payload, currency, prices[0], period)
    state.payments.invoices[invoice.link] = invoice
    return invoice.link


def edit_user_star_subscription(state: BotState, arguments: Arguments) -> bool:
    """editUserStarSubscription: `is_canceled` ends the renewals, or allows them again."""
    account = person_of(state.world, arguments)
    charge = state.payments.find(account, arguments.required("telegram_payment_charge_id"))
    if not charge.invoice.period:
        raise bad_request("CHARGE_NOT_FOUND")
    (charge.first or charge).is_cancelled = arguments.boolean("is_canceled")
    state.world.stir()
    return True


def refund_star_payment(state: BotState, arguments: Arguments) -> bool:
    """refundStarPayment: once; the private chat gets a service message."""
    account = person_of(state.world, arguments)
    charge = state.payments.find(account, arguments.required("telegram_payment_charge_id"))
    state.payments.refund(charge, state.world.now())
    chat = state.world.chats[account.id]
    state.world.tell("message", state.world.post(chat, account, {"refunded_payment": refunded_payment(charge)}))
    return True


def get_star_transactions(state: BotState, arguments: Arguments) -> Json:
    """getStarTransactions: oldest first."""
    offset = arguments.integer("offset", 0, 0)
    limit = arguments.integer("limit", 100, 1, 100)
    return {"transactions": state.payments.transactions[offset : offset + limit]}


def get_my_star_balance(state: BotState, _: Arguments) -> Json:
    """getMyStarBalance."""
    amounts = (one["amount"] if "source" in one else -one["amount"] for one in state.payments.transactions)
    return {"amount": sum(amounts)}


def _prices(value: Any) -> list[int]:
    if not isinstance(value, list):
        raise bad_request("Expected an Array of labeled prices")
    if not value:
        raise bad_request("There must be at least one price")
    return [_amount(one) for one in value]


def _amount(price: Any) -> int:
    if not isinstance(price, dict):
        raise bad_request("Can't parse labeled price: LabeledPrice must be an Object")
    if not price.get("label"):
        raise bad_request("Can't parse labeled price: LabeledPrice label must be non-empty")
    if type(price.get("amount")) is not int:
        raise bad_request('Can\'t parse labeled price: Field "amount" must be of type Number')
    return int(price["amount"])
