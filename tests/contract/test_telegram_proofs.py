"""What Telegram vouched for holds, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import parse_qsl

import pytest

from adapters.memory.telegram import InMemoryTelegramProofs
from adapters.telegram.proofs import HmacTelegramProofs
from application.ports.linking import TelegramProof, TelegramProofs
from domain.errors import InvalidToken, Unavailable
from domain.identity import TelegramProfile
from tests.support.telegram import BOT_TOKEN, Signer, query

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
ANN = TelegramProfile(42, "ann", "Ann & Co=", "Ö", "pt-BR")


class Vouching(Protocol):
    """Telegram's side."""

    def vouch_for_widget(self, profile: TelegramProfile, signed_at: datetime) -> dict[str, object]: ...

    def vouch_for_mini_app(self, profile: TelegramProfile, signed_at: datetime) -> str: ...


@dataclass(frozen=True)
class Pair:
    """The port, and who signs for it."""

    proofs: TelegramProofs
    telegram: Vouching
    without_bot: TelegramProofs


@pytest.fixture(params=["memory", "hmac"])
def pair(request: pytest.FixtureRequest) -> Pair:
    """Each adapter with its signer."""
    if request.param == "hmac":
        return Pair(HmacTelegramProofs(BOT_TOKEN), Signer(), HmacTelegramProofs(None))
    memory, without_bot = InMemoryTelegramProofs(), InMemoryTelegramProofs()
    without_bot.has_bot = False
    return Pair(memory, memory, without_bot)


def _pairs(init_data: str) -> list[tuple[str, str]]:
    return parse_qsl(init_data, keep_blank_values=True)


def test_widget_as_signed_tells_the_account_but_no_language(pair: Pair) -> None:
    fields = pair.telegram.vouch_for_widget(ANN, AT)

    proof = pair.proofs.login_widget(fields)

    assert proof == TelegramProof(TelegramProfile(42, "ann", ANN.first_name, "Ö"), AT, str(fields["hash"]))


def test_mini_app_as_signed_tells_the_account(pair: Pair) -> None:
    init_data = pair.telegram.vouch_for_mini_app(ANN, AT)

    proof = pair.proofs.mini_app(init_data)

    assert proof == TelegramProof(ANN, AT, dict(_pairs(init_data))["hash"])


def test_account_without_names_is_vouched_for_by_both(pair: Pair) -> None:
    nobody = TelegramProfile(7)

    widget = pair.proofs.login_widget(pair.telegram.vouch_for_widget(nobody, AT))
    mini_app = pair.proofs.mini_app(pair.telegram.vouch_for_mini_app(nobody, AT))

    assert (widget.profile, mini_app.profile) == (nobody, nobody)
    assert widget.digest != mini_app.digest


def test_widget_numbers_as_text_and_in_another_order_are_the_same_proof(pair: Pair) -> None:
    fields = pair.telegram.vouch_for_widget(ANN, AT)
    redirected: Mapping[str, object] = {name: str(value) for name, value in reversed(fields.items())}

    assert pair.proofs.login_widget(redirected) == pair.proofs.login_widget(fields)


def test_mini_app_in_another_order_and_encoding_is_the_same_proof(pair: Pair) -> None:
    init_data = pair.telegram.vouch_for_mini_app(ANN, AT)
    every_octet = "&".join(
        f"{name}={''.join(f'%{octet:02X}' for octet in value.encode())}" for name, value in reversed(_pairs(init_data))
    )

    assert pair.proofs.mini_app(every_octet) == pair.proofs.mini_app(init_data)


@pytest.mark.parametrize("name", ["id", "auth_date", "first_name", "username", "hash"])
def test_widget_with_a_changed_or_missing_field_is_refused(pair: Pair, name: str) -> None:
    fields = pair.telegram.vouch_for_widget(ANN, AT)
    changed = {**fields, name: f"{fields[name]}0"}
    missing = {key: value for key, value in fields.items() if key != name}

    for forged in (changed, missing, {**fields, name: ""}, {**fields, name: None}):
        with pytest.raises(InvalidToken):
            pair.proofs.login_widget(forged)


@pytest.mark.parametrize("name", ["user", "auth_date", "hash"])
def test_mini_app_with_a_changed_missing_or_doubled_field_is_refused(pair: Pair, name: str) -> None:
    fields = dict(_pairs(pair.telegram.vouch_for_mini_app(ANN, AT)))
    missing = [(key, value) for key, value in fields.items() if key != name]
    doubled = [*fields.items(), (name, fields[name])]

    for forged in ([*missing, (name, f"{fields[name]} ")], missing, [*missing, (name, "")], doubled):
        with pytest.raises(InvalidToken):
            pair.proofs.mini_app(query(forged))


def test_extra_field_that_nobody_signed_is_refused(pair: Pair) -> None:
    with pytest.raises(InvalidToken):
        pair.proofs.login_widget({**pair.telegram.vouch_for_widget(ANN, AT), "is_admin": "true"})
    with pytest.raises(InvalidToken):
        pair.proofs.mini_app(f"{pair.telegram.vouch_for_mini_app(ANN, AT)}&is_admin=true")


def test_proof_of_one_kind_presented_as_the_other_is_refused(pair: Pair) -> None:
    widget = pair.telegram.vouch_for_widget(ANN, AT)
    mini_app = pair.telegram.vouch_for_mini_app(ANN, AT)

    with pytest.raises(InvalidToken):
        pair.proofs.mini_app(query((name, str(value)) for name, value in widget.items()))
    with pytest.raises(InvalidToken):
        pair.proofs.login_widget(dict(_pairs(mini_app)))


@pytest.mark.parametrize("garbage", ["", "&", "=", "hash", "hash=", "user=%7B%7D&hash=0", "%", "é=é&hash=é"])
def test_garbage_as_mini_app_data_is_refused(pair: Pair, garbage: str) -> None:
    with pytest.raises(InvalidToken):
        pair.proofs.mini_app(garbage)


def test_instance_without_bot_says_that_it_cannot_check(pair: Pair) -> None:
    with pytest.raises(Unavailable, match="no Telegram bot"):
        pair.without_bot.login_widget({})
    with pytest.raises(Unavailable, match="no Telegram bot"):
        pair.without_bot.mini_app("")
