"""Entities: UTF-16 units, bounds, surrogate pairs, and what Telegram finds by itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.testing.telegram.entities import (
    check_entities,
    detected,
    read_entities,
    trimmed,
    utf16_length,
    utf16_slice,
)
from adapters.testing.telegram.errors import ApiError


def bold(offset: int, length: int) -> dict[str, Any]:
    return {"type": "bold", "offset": offset, "length": length}


@pytest.mark.parametrize(
    ("entity", "description"),
    [
        (bold(5, 1), "entity begins after the end of the text at UTF-16 offset 5"),
        (bold(3, 9), "entity beginning at UTF-16 offset 3 ends after the end of the text at UTF-16 offset 12"),
        (bold(2, 1), "entity begins in a middle of a UTF-16 symbol at byte offset 5"),
        (bold(0, 2), "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset 5"),
        (bold(-1, 2), "receive an entity with incorrect offset -1"),
        (bold(0, 1_000_001), "receive an entity with incorrect length 1000001"),
    ],
)
def test_entities_out_of_place_refused(entity: dict[str, Any], description: str) -> None:
    with pytest.raises(ApiError) as refused:
        check_entities([entity], "a😀bc")

    assert refused.value.code == 400
    assert refused.value.description == f"Bad Request: {description}"


@given(st.text(st.sampled_from("aé€😀\n"), max_size=12), st.integers(0, 26), st.integers(1, 26))
def test_entities_any_range_accepted_only_on_whole_characters(text: str, offset: int, length: int) -> None:
    units = text.encode("utf-16-le")
    try:
        parts = [units[: 2 * offset], units[2 * offset : 2 * (offset + length)], units[2 * (offset + length) :]]
        whole = offset + length <= len(units) // 2 and "".join(part.decode("utf-16-le") for part in parts) == text
    except UnicodeDecodeError:
        whole = False

    try:
        accepted = check_entities([bold(offset, length)], text) == [bold(offset, length)]
    except ApiError:
        accepted = False

    assert accepted == whole


@pytest.mark.parametrize(
    ("entities", "text", "kept"),
    [
        ([], "x y", []),
        ([bold(3, 1)], "x y", [bold(0, 1)]),
        ([bold(1, 3)], "\n x y", [bold(0, 3)]),
        ([bold(0, 2)], " \n x y", [bold(0, 2)]),
        ([bold(5, 3)], "x y", [bold(2, 1)]),
    ],
    ids=["none", "after-the-space", "with-some-of-it", "of-space-alone", "at-the-end"],
)
def test_entities_white_space_goes_up_to_the_first_one(
    entities: list[dict[str, Any]], text: str, kept: list[dict[str, Any]]
) -> None:
    assert trimmed(" \n x y \n", entities) == (text, kept)


def test_entities_empty_one_dropped() -> None:
    assert check_entities([bold(1, 0)], "abc") == []


def test_entities_nested_sorted_outer_first() -> None:
    assert check_entities([bold(1, 1), bold(0, 2), bold(0, 3)], "abc") == [bold(0, 3), bold(0, 2), bold(1, 1)]


@pytest.mark.parametrize(
    ("given", "description"),
    [
        (["bold"], "can't parse MessageEntity: expected an Object"),
        ([{"type": "bold", "length": 1}], 'can\'t parse MessageEntity: Field "offset" must be of type Number'),
        (
            [{"type": "bold", "offset": 0, "length": True}],
            'can\'t parse MessageEntity: Field "length" must be of type Number',
        ),
        ([{"type": "loud", "offset": 0, "length": 1}], "can't parse MessageEntity: Unsupported type specified"),
        ([{"type": "text_link", "offset": 0, "length": 1}], "can't parse MessageEntity: Can't find field \"url\""),
    ],
)
def test_entities_malformed_refused(given: list[Any], description: str) -> None:
    with pytest.raises(ApiError) as refused:
        read_entities(given, "abc")

    assert refused.value.description == f"Bad Request: {description}"


def test_entities_detected_kinds_in_request_ignored() -> None:
    assert read_entities([{"type": "mention", "offset": 0, "length": 2}, bold(0, 1)], "@ab") == [bold(0, 1)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start", [("bot_command", "/start")]),
        ("😀 /ask@guild_bot why", [("bot_command", "/ask@guild_bot")]),
        ("see a/b and 1/2", []),
        ("hi @ada_l, mail ada@example.org", [("mention", "@ada_l"), ("email", "ada@example.org")]),
        ("https://example.org/x?y=1. End", [("url", "https://example.org/x?y=1")]),
        ("go to example.org now", [("url", "example.org")]),
        ("#news and $BTC, not #1", [("hashtag", "#news"), ("cashtag", "$BTC")]),
    ],
)
def test_entities_of_plain_text_detected(text: str, found: list[tuple[str, str]]) -> None:
    entities = detected(text)

    assert [(one["type"], utf16_slice(text, one["offset"], one["length"])) for one in entities] == found


def test_entities_inside_code_not_detected() -> None:
    code = {"type": "code", "offset": 0, "length": 6}

    assert [one["offset"] for one in detected("/start /help", [code])] == [7]


def test_entities_of_trimmed_text_moved_and_cut() -> None:
    text, entities = trimmed("  😀b \n", [bold(1, 3), bold(2, 5), bold(5, 2)])

    assert text == " 😀b"
    assert entities == [bold(0, 3), bold(1, 3)]


@given(st.text(max_size=20))
def test_entities_length_of_text_is_that_of_its_utf16(text: str) -> None:
    assert utf16_length(text) == len(text.encode("utf-16-le")) // 2
