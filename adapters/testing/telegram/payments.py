"""Telegram Stars: invoice links, charges, refunds and the list of transactions."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from adapters.testing.telegram.chats import Account
from adapters.testing.telegram.errors import Json, bad_request
from adapters.testing.telegram.queries import Query

PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a link asks for. `period` in seconds makes it a subscription."""

    link: str
    title: str
    description: str
    payload: str
    currency: str
    amount: int
    period: int = 0


@dataclass(slots=True, eq=False)
class Charge:
    """A payment that went through. A renewal has a charge of its own; `first` is the subscription's."""

    id: str
    account: Account
    invoice: Invoice
    date: int
    first: "Charge | None" = None
    is_refunded: bool = False
    is_cancelled: bool = False
    """The bot asked that the subscription is not renewed."""


@dataclass(slots=True, eq=False)
class Checkout(Query):
    """A person at the till: the bot has ten seconds to answer."""

    invoice: Invoice | None = None

    @property
    def is_approved(self) -> bool:
        """Whether the bot said yes."""
        return self.answer is not None and bool(self.answer["ok"])


@dataclass(slots=True)
class Payments:
    """The books of the bot."""

    invoices: dict[str, Invoice] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    transactions: list[Json] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def next_link(self) -> str:
        """An address that was not given out before."""
        return f"https://t.me/$invoice{next(self._numbers):08d}"

    def charge(self, account: Account, invoice: Invoice, now: int, first: Charge | None = None) -> Charge:
        """Take the money."""
        made = Charge(f"stx{next(self._numbers):012d}", account, invoice, now, first)
        self.charges[made.id] = made
        self.transactions.append({"id": made.id, "amount": invoice.amount, "date": now, "source": _partner(made)})
        return made

    def find(self, account: Account, identifier: str) -> Charge:
        """The charge of that person; raises `ApiError`."""
        found = self.charges.get(identifier)
        if found is None or found.account is not account:
            raise bad_request("CHARGE_NOT_FOUND")
        return found

    def refund(self, charge: Charge, now: int) -> None:
        """Give the money back, once."""
        if charge.is_refunded:
            raise bad_request("CHARGE_ALREADY_REFUNDED")
        charge.is_refunded = True
        amount = charge.invoice.amount
        self.transactions.append({"id": charge.id, "amount": amount, "date": now, "receiver": _partner(charge)})


def successful_payment(charge: Charge) -> Json:
    """A Bot API `SuccessfulPayment`."""
    invoice = charge.invoice
    given: Json = {
        "currency": invoice.currency,
        "total_amount": invoice.amount,
        "invoice_payload": invoice.payload,
        "telegram_payment_charge_id": charge.id,
        "provider_payment_charge_id": "",
    }
    if invoice.period:
        given |= {"subscription_expiration_date": charge.date + invoice.period, "is_recurring": True}
        given |= {} if charge.first else {"is_first_recurring": True}
    return given


def refunded_payment(charge: Charge) -> Json:
    """A Bot API `RefundedPayment`."""
    return {
        "currency": charge.invoice.currency,
        "total_amount": charge.invoice.amount,
        "invoice_payload": charge.invoice.payload,
        "telegram_payment_charge_id": charge.id,
    }


def _partner(charge: Charge) -> Json:
    given: Json = {
        "type": "user",
        "transaction_type": "invoice_payment",
        "user": charge.account.to_json(),
        "invoice_payload": charge.invoice.payload,
    }
    return given | ({"subscription_period": charge.invoice.period} if charge.invoice.period else {})
