"""Forged, bent and broken sign-in data. What is genuine is made by `tests/support/telegram.py`."""

import ast
import hashlib
import hmac
import inspect
import json
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.telegram import proofs
from adapters.telegram.proofs import HmacTelegramProofs
from domain.errors import InvalidToken
from tests.support.telegram import (
    BOT_TOKEN,
    mini_app_hash,
    query,
    signed_mini_app,
    signed_widget,
    widget_hash,
)

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
SECONDS = int(AT.timestamp())
WIDGET = {"id": 42, "first_name": "Ann", "username": "ann", "auth_date": SECONDS}
USER = '{"id":42,"first_name":"Ann","username":"ann","language_code":"en","is_premium":true}'
MINI_APP = [("query_id", "AAHd"), ("user", USER), ("auth_date", str(SECONDS))]

checked = HmacTelegramProofs(BOT_TOKEN)


def with_user(user: str) -> str:
    """Genuine `initData` around any text in place of the account, short enough to be looked at."""
    return signed_mini_app([("user", user), ("auth_date", str(SECONDS))])


def test_widget_vector_written_out_by_hand_is_accepted() -> None:
    lines = b"auth_date=1767614400\nfirst_name=Ann\nid=42\nusername=ann"
    key = hashlib.sha256(BOT_TOKEN.encode()).digest()
    by_hand = hmac.new(key, lines, "sha256").hexdigest()

    assert widget_hash(WIDGET) == by_hand
    assert checked.login_widget({**WIDGET, "hash": by_hand}).profile.telegram_id == 42


def test_mini_app_vector_written_out_by_hand_is_accepted() -> None:
    lines = f"auth_date=1767614400\nquery_id=AAHd\nuser={USER}".encode()
    key = hmac.new(b"WebAppData", BOT_TOKEN.encode(), "sha256").digest()
    by_hand = hmac.new(key, lines, "sha256").hexdigest()

    assert mini_app_hash(MINI_APP) == by_hand
    assert checked.mini_app(query([*MINI_APP, ("hash", by_hand)])).signed_at == AT


HASHES = {
    "none": None,
    "empty": "",
    "short": widget_hash(WIDGET)[:-1],
    "long": widget_hash(WIDGET) + "0",
    "upper-case": widget_hash(WIDGET).upper(),
    "zeroes": "0" * 64,
    "not-ascii": "é" * 64,
    "half-a-surrogate": "\ud800" * 64,
    "full-width-digits": widget_hash(WIDGET).translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
    "number": 0,
    "list": [widget_hash(WIDGET)],
    "bytes": widget_hash(WIDGET).encode(),
    "true": True,
}


@pytest.mark.parametrize("wrong", HASHES.values(), ids=HASHES.keys())
def test_widget_with_a_hash_of_any_wrong_shape_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidToken):
        checked.login_widget({**WIDGET, "hash": wrong})


@pytest.mark.parametrize("wrong", ["", "0" * 63, "0" * 64, "0" * 65, "é" * 64, mini_app_hash(MINI_APP).upper()])
def test_mini_app_with_a_hash_of_any_wrong_shape_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidToken):
        checked.mini_app(query([*MINI_APP, ("hash", wrong)]))


def test_data_signed_with_another_bots_token_is_refused() -> None:
    other = "654321:another-bot"

    with pytest.raises(InvalidToken):
        checked.login_widget(signed_widget(WIDGET, other))
    with pytest.raises(InvalidToken):
        checked.mini_app(signed_mini_app(MINI_APP, other))


def test_widget_fields_signed_with_the_mini_apps_key_are_refused_and_the_other_way() -> None:
    pairs = [(name, str(value)) for name, value in WIDGET.items()]

    with pytest.raises(InvalidToken):
        checked.login_widget({**WIDGET, "hash": mini_app_hash(pairs)})
    with pytest.raises(InvalidToken):
        checked.mini_app(query([*MINI_APP, ("hash", widget_hash(dict(MINI_APP)))]))


WIDGET_VALUES = {
    "id-true": {"id": True},
    "id-zero": {"id": 0},
    "id-negative": {"id": -42},
    "id-with-plus": {"id": "+42"},
    "id-with-zero": {"id": "042"},
    "id-with-space": {"id": " 42"},
    "id-with-underscore": {"id": "4_2"},
    "id-in-other-digits": {"id": "٤٢"},
    "id-empty": {"id": ""},
    "id-a-float": {"id": 42.0},
    "id-beyond-64-bits": {"id": 2**63},
    "id-of-a-thousand-digits": {"id": 10**1000},
    "id-a-list": {"id": [42]},
    "date-empty": {"auth_date": ""},
    "date-negative": {"auth_date": -1},
    "date-beyond-time": {"auth_date": 10**15},
    "date-a-float": {"auth_date": SECONDS + 0.5},
    "date-as-text": {"auth_date": "2026-01-05T12:00:00Z"},
    "extra-true": {"is_premium": True},
    "name-none": {"first_name": None},
    "name-an-object": {"first_name": {"is": "Ann"}},
    "name-with-line-feed": {"first_name": "Ann\nid=1"},
}


@pytest.mark.parametrize("odd", WIDGET_VALUES.values(), ids=WIDGET_VALUES.keys())
def test_widget_value_of_a_wrong_kind_is_refused_even_when_signed(odd: dict[str, object]) -> None:
    fields = {**WIDGET, **odd}

    with pytest.raises(InvalidToken):
        checked.login_widget(signed_widget(fields))


def test_widget_number_that_cannot_be_written_out_is_refused() -> None:
    with pytest.raises(InvalidToken):
        checked.login_widget({**WIDGET, "id": 10**5000, "hash": "0" * 64})


@pytest.mark.parametrize("name", ["id", "auth_date"])
def test_widget_without_what_it_needs_is_refused_even_when_signed(name: str) -> None:
    with pytest.raises(InvalidToken):
        checked.login_widget(signed_widget({key: value for key, value in WIDGET.items() if key != name}))


def test_widget_blank_and_unknown_fields_are_part_of_what_was_signed() -> None:
    signed = signed_widget({**WIDGET, "last_name": "", "photo_url": "https://t.me/i/ann.jpg", "new_field": 7})

    proof = checked.login_widget(signed)

    assert (proof.profile.telegram_id, proof.profile.last_name) == (42, "")
    for name in ("last_name", "photo_url", "new_field"):
        with pytest.raises(InvalidToken):
            checked.login_widget({key: value for key, value in signed.items() if key != name})


def test_lines_that_read_as_other_fields_are_refused() -> None:
    """Telegram signed `first_name=Ann`, then `id=42`; the same lines must not pass as a field of another name."""
    genuine = signed_widget(WIDGET)

    for bent in (
        {"auth_date": SECONDS, "first_name": "Ann\nid=42", "username": "ann"},
        {"auth_date": SECONDS, "first_name": "Ann", "id": "42\nusername=ann"},
        {"auth_date": f"{SECONDS}\nfirst_name=Ann", "id": "42", "username": "ann"},
        {"auth_date": SECONDS, "first_name": "Ann", "id=42\nusername": "ann"},
    ):
        assert widget_hash(bent) == genuine["hash"]
        with pytest.raises(InvalidToken):
            checked.login_widget({**bent, "hash": genuine["hash"]})


def test_two_fields_made_into_the_name_of_one_are_refused() -> None:
    genuine = signed_widget({**WIDGET, "last_name": "Lee", "photo_url": "https://t.me/i/ann.jpg"})
    bent = {name: value for name, value in genuine.items() if name not in {"last_name", "photo_url"}}
    bent["last_name=Lee\nphoto_url"] = genuine["photo_url"]

    assert checked.login_widget(genuine).profile.last_name == "Lee"
    assert widget_hash({name: value for name, value in bent.items() if name != "hash"}) == genuine["hash"]
    with pytest.raises(InvalidToken):
        checked.login_widget(bent)


USERS = {
    "empty": "",
    "no-json": "Ann",
    "number": "42",
    "list": '[{"id":42}]',
    "null": "null",
    "no-id": '{"first_name":"Ann"}',
    "id-null": '{"id":null}',
    "id-text": '{"id":"42"}',
    "id-true": '{"id":true}',
    "id-float": '{"id":42.0}',
    "id-exponent": '{"id":42e0}',
    "id-zero": '{"id":0}',
    "id-negative": '{"id":-42}',
    "id-beyond-64-bits": '{"id":9223372036854775808}',
    "id-of-thousands-of-digits": '{"id":' + "9" * 10_000 + "}",
    "name-a-number": '{"id":42,"first_name":1}',
    "name-half-a-surrogate": '{"id":42,"first_name":"\\ud800"}',
    "not-a-number": '{"id":NaN}',
    "two-objects": '{"id":42}{"id":43}',
    "deep": '{"id":42,"x":' + "[" * 2400 + "]" * 2400 + "}",
}


@pytest.mark.parametrize("user", USERS.values(), ids=USERS.keys())
def test_mini_app_account_that_is_no_account_is_refused_even_when_signed(user: str) -> None:
    with pytest.raises(InvalidToken):
        checked.mini_app(with_user(user))


def test_mini_app_account_at_the_edge_of_64_bits_is_accepted() -> None:
    assert checked.mini_app(with_user('{"id":9223372036854775807}')).profile.telegram_id == 2**63 - 1


@pytest.mark.parametrize("missing", ["user", "auth_date"])
def test_mini_app_without_what_it_needs_is_refused_even_when_signed(missing: str) -> None:
    with pytest.raises(InvalidToken):
        checked.mini_app(signed_mini_app([pair for pair in MINI_APP if pair[0] != missing]))


def test_mini_app_contact_that_telegram_signs_alike_is_no_sign_in() -> None:
    contact = [("contact", USER), ("auth_date", str(SECONDS))]

    with pytest.raises(InvalidToken):
        checked.mini_app(signed_mini_app(contact))


def test_mini_app_signature_and_blank_fields_are_part_of_what_was_signed() -> None:
    pairs = [*MINI_APP, ("signature", "zL-ucjNyREiHDE8aihFwpfR9aggP2xiAo3NSpfe"), ("start_param", "")]

    assert checked.mini_app(signed_mini_app(pairs)).profile.telegram_id == 42
    for left_out in ("signature", "start_param"):
        bent = [pair for pair in pairs if pair[0] != left_out]
        with pytest.raises(InvalidToken):
            checked.mini_app(query([*bent, ("hash", mini_app_hash(pairs))]))


def test_mini_app_with_two_accounts_is_refused_whichever_was_signed() -> None:
    signed, other = signed_mini_app(MINI_APP), query([("user", '{"id":1}')])
    both = [("user", '{"id":1}'), *MINI_APP]

    for bent in (f"{other}&{signed}", f"{signed}&{other}", f"{signed}&{signed}", signed_mini_app(both)):
        with pytest.raises(InvalidToken):
            checked.mini_app(bent)


def test_mini_app_second_name_by_percent_encoding_is_still_the_same_name() -> None:
    signed = signed_mini_app(MINI_APP)

    for bent in (f"{signed}&%75ser=%7B%22id%22%3A1%7D", f"{signed}&h%61sh={'0' * 64}"):
        with pytest.raises(InvalidToken):
            checked.mini_app(bent)


@pytest.mark.parametrize(
    "bend",
    [
        lambda data: data.replace("&", ";"),
        lambda data: data.replace("&", "%26"),
        lambda data: data.replace("=", "%3D"),
        lambda data: data.replace("%22", "%2522"),
        lambda data: data.replace("%22", "%u0022"),
        lambda data: data.replace("AAHd", "AAHd%00"),
        lambda data: data.replace("AAHd", "AAHd%0A"),
        lambda data: data.replace("AAHd", "%FF"),
        lambda data: data.replace("AAHd", "%C1%81AHd"),
        lambda data: data.replace("AAHd", "\ud800"),
        lambda data: f"?{data}",
        lambda data: f"{data}&",
        lambda data: f"{data}&=",
        lambda data: f"{data}#user=1",
        lambda data: f" {data}",
        lambda data: data + "&a=1" * 40,
        lambda data: data + "&a=" + "1" * 20_000,
    ],
)
def test_mini_app_bent_by_encoding_is_refused(bend: "object") -> None:
    with pytest.raises(InvalidToken):
        checked.mini_app(bend(signed_mini_app(MINI_APP)))  # type: ignore[operator]


def test_mini_app_octets_that_are_no_text_stand_for_nothing_else() -> None:
    signed = signed_mini_app([*MINI_APP, ("start_param", "\ufffd")])

    assert checked.mini_app(signed).profile.telegram_id == 42
    with pytest.raises(InvalidToken):
        checked.mini_app(signed.replace("%EF%BF%BD", "%FF"))


@pytest.mark.parametrize("extras", [40, 20], ids=["many-fields", "long-fields"])
def test_mini_app_beyond_any_that_telegram_sends_is_refused_even_when_signed(extras: int) -> None:
    value = "1" if extras == 40 else "1" * 1000

    with pytest.raises(InvalidToken):
        checked.mini_app(signed_mini_app([*MINI_APP, *((f"extra_{number}", value) for number in range(extras))]))


def test_mini_app_plus_in_a_query_stands_for_a_space() -> None:
    pairs = [("user", json.dumps({"id": 42, "first_name": "Ann O"})), ("auth_date", str(SECONDS))]
    signed = signed_mini_app(pairs)

    assert checked.mini_app(signed.replace("%20", "+")) == checked.mini_app(signed)


def test_hash_is_compared_in_constant_time_only() -> None:
    tree = ast.parse(inspect.getsource(proofs._verified))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    compared = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    }

    assert "hmac.compare_digest" in called
    assert not compared & {"expected", "received"}


def test_adapter_shows_no_token_or_key_of_it() -> None:
    assert BOT_TOKEN not in f"{checked!r} {vars(checked)}"


_NAMES = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=12)
_VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=30)


@given(st.dictionaries(_NAMES, _VALUES, max_size=10))
def test_widget_with_any_signed_extras_is_accepted_and_without_any_of_them_refused(extras: dict[str, str]) -> None:
    extras = {name: value for name, value in extras.items() if name not in {*WIDGET, "hash", "last_name"}}
    signed = signed_widget({**extras, **WIDGET})

    assert checked.login_widget(signed).profile.username == "ann"
    for name in extras:
        with pytest.raises(InvalidToken):
            checked.login_widget({key: value for key, value in signed.items() if key != name})


@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=10, unique_by=lambda pair: pair[0]), st.randoms())
def test_mini_app_with_any_signed_fields_in_any_order_is_the_same_proof(
    extras: list[tuple[str, str]], chance: object
) -> None:
    pairs = [*MINI_APP, *(pair for pair in extras if pair[0] not in {"query_id", "user", "auth_date", "hash"})]
    whole = [*pairs, ("hash", mini_app_hash(pairs))]
    before = checked.mini_app(query(whole))
    chance.shuffle(whole)  # type: ignore[attr-defined]

    assert checked.mini_app(query(whole)) == before


@given(st.integers(0, 10_000), st.integers(1, 127))
def test_mini_app_with_any_octet_changed_is_refused_or_means_the_same(place: int, by: int) -> None:
    signed = signed_mini_app(MINI_APP)
    octets = bytearray(signed.encode())
    octets[place % len(octets)] = (octets[place % len(octets)] + by) % 128
    bent = octets.decode()
    assume(bent != signed)

    try:
        proof = checked.mini_app(bent)
    except InvalidToken:
        return
    assert proof == checked.mini_app(signed)


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.none(), st.text(max_size=8), st.integers(), st.floats())))
def test_widget_with_any_unsigned_fields_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidToken):
        checked.login_widget(fields)


@given(st.text(max_size=200))
def test_mini_app_with_any_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        checked.mini_app(text)
