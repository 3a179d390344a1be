"""Cursors: what went in comes out, and nothing else is taken."""

import base64
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.paging import decode_cursor, encode_cursor
from domain.errors import Malformed

A_UUID = UUID(int=7)
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=255)
_MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(text=_TEXT, key=st.uuids())
def test_cursor_of_text_and_id_gives_both_back(text: str, key: UUID) -> None:
    assert decode_cursor(encode_cursor(text, key), str, UUID) == (text, key)


@given(moment=_MOMENTS, number=st.integers(-(2**63) + 1, 2**63 - 1))
def test_cursor_of_time_and_number_gives_both_back(moment: datetime, number: int) -> None:
    assert decode_cursor(encode_cursor(moment, number), datetime, int) == (moment, number)


def test_cursor_of_time_in_another_zone_is_read_as_utc() -> None:
    moment = datetime(2026, 1, 5, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    read, _ = decode_cursor(encode_cursor(moment, A_UUID), datetime, UUID)
    assert (read, read.tzinfo) == (moment, UTC)


@given(text=_TEXT)
def test_cursor_of_any_text_is_safe_in_an_address(text: str) -> None:
    cursor = encode_cursor(text, A_UUID)
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(cursor=st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode())))
def test_cursor_of_garbage_is_malformed_or_read(cursor: str) -> None:
    with suppress(Malformed):
        text, key = decode_cursor(cursor, str, UUID)
        assert (isinstance(text, str), isinstance(key, UUID)) == (True, True)


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("a",),
        ("a", A_UUID, A_UUID),
        (1, A_UUID),
        ("a", "no id"),
        ("a\0b", A_UUID),
    ],
)
def test_cursor_of_other_values_is_malformed(values: tuple[str | int | UUID, ...]) -> None:
    with pytest.raises(Malformed):
        decode_cursor(encode_cursor(*values), str, UUID)


@pytest.mark.parametrize(
    "text",
    [
        "[true,1]",
        "[9223372036854775808,1]",
        "[1.5,1]",
        '["1",1]',
        "[" * 3_000,
        '{"a":1,"b":2}',
        "null",
        "[null,1]",
    ],
)
def test_cursor_of_other_json_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        decode_cursor(base64.urlsafe_b64encode(text.encode()).decode(), int, int)


@pytest.mark.parametrize(
    "moment", ["2026-01-05T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "today", "12"]
)
def test_cursor_of_no_moment_in_utc_is_malformed(moment: str) -> None:
    with pytest.raises(Malformed):
        decode_cursor(encode_cursor(moment, A_UUID), datetime, UUID)


def test_cursor_of_half_a_surrogate_pair_is_malformed() -> None:
    cursor = base64.urlsafe_b64encode(b'["\\ud800","00000000-0000-0000-0000-000000000007"]').decode()
    with pytest.raises(Malformed):
        decode_cursor(cursor, str, UUID)


def test_cursor_beyond_any_length_we_make_is_malformed() -> None:
    with pytest.raises(Malformed):
        decode_cursor(encode_cursor("x" * 8_000, A_UUID), str, UUID)
