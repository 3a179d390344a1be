"""What buttons carry."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.telegram import MAX_CALLBACK_DATA
from entrypoints.telegram_bot.callbacks import Callback, callback, read_callback, read_id

_ID = UUID("01890000-0000-7000-8000-000000000001")


@given(first=st.uuids(), page=st.integers(0, 999))
def test_callback_with_two_ids_fits_and_is_read_back(first: UUID, page: int) -> None:
    data = callback("read", first, _ID, page)

    assert len(data.encode()) <= MAX_CALLBACK_DATA
    read = read_callback(data)
    assert read is not None
    assert read.verb == "read"
    assert [read_id(argument) for argument in read.arguments[:2]] == [first, _ID]
    assert read.arguments[2] == str(page)


def test_callback_without_arguments_is_its_verb() -> None:
    assert read_callback(callback("guides")) == Callback("guides", ())


@pytest.mark.parametrize("data", ["", "1", "1:", "0:guides", "2:guides", "guides", ":", "\x00"])
def test_callback_of_another_version_is_stale(data: str) -> None:
    assert read_callback(data) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "AaH",
        "AaH_mrw5cou05MuRj7jRW",
        "AaH_mrw5cou05MuRj7jRWgAA",
        "AaH_mrw5cou05MuRj7jRWh",
        "!AaH_mrw5cou05MuRj7jRWg",
        "ä" * 22,
        "\x00" * 22,
        "=" * 22,
    ],
)
def test_callback_ids_that_are_none_are_told_apart(text: str) -> None:
    assert read_id(text) is None
    assert read_id("AaH_mrw5cou05MuRj7jRWg") is not None


@given(text=st.text(max_size=40))
def test_callback_ids_are_read_as_they_were_written_or_not_at_all(text: str) -> None:
    found = read_id(text)
    assert found is None or callback("x", found) == f"1:x:{text}"
