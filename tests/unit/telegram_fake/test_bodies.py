"""A request's parameters, from each of the ways to send them."""

import pytest

from adapters.testing.telegram.arguments import Arguments, Upload
from adapters.testing.telegram.bodies import read_arguments
from adapters.testing.telegram.errors import ApiError

MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n7\r\n'
    b'--b\r\nContent-Disposition: form-data; name="photo"; filename="p.png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    ("query", "kind", "body"),
    [
        (b"chat_id=7&text=%C3%A9+b", "", b""),
        (b"", "application/x-www-form-urlencoded", b"chat_id=7&text=%C3%A9+b"),
        (b"", "application/json; charset=utf-8", '{"chat_id": 7, "text": "é b", "reply_markup": null}'.encode()),
        (b"text=old", "application/json", '{"chat_id": 7, "text": "é b"}'.encode()),
    ],
)
def test_body_each_way_to_send_read_alike(query: bytes, kind: str, body: bytes) -> None:
    assert read_arguments(query, kind, body) == Arguments({"chat_id": "7", "text": "é b"})


def test_body_json_values_kept_as_json() -> None:
    arguments = read_arguments(b"", "application/json", b'{"a": true, "b": [1, {"c": "d"}], "e": 1.5}')

    assert arguments.values == {"a": "true", "b": '[1,{"c":"d"}]', "e": "1.5"}


def test_body_multipart_fields_and_files_told_apart() -> None:
    arguments = read_arguments(b"", 'multipart/form-data; boundary="b"', MULTIPART)

    assert arguments == Arguments({"chat_id": "7"}, {"photo": Upload("p.png", b"\x89PNG")})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[1]"),
        ("multipart/form-data; boundary=b", b"nonsense"),
        ("multipart/form-data", MULTIPART),
        ("application/x-www-form-urlencoded", b"text=\xff"),
    ],
)
def test_body_unreadable_one_refused(kind: str, body: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        read_arguments(b"", kind, body)

    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("value", "number"), [("12", 12), ("-3", 0), ("12abc", 12), ("abc", 0), ("", 5), ("1000", 100), (" 7", 7)]
)
def test_arguments_integer_read_leniently_and_bounded(value: str, number: int) -> None:
    assert Arguments({"n": value}).integer("n", 5, 0, 100) == number


@pytest.mark.parametrize(
    ("value", "truth"), [("true", True), ("Yes", True), (" 1 ", True), ("on", False), ("2", False)]
)
def test_arguments_boolean_only_three_words_are_true(value: str, truth: bool) -> None:
    assert Arguments({"b": value}).boolean("b") is truth


@pytest.mark.parametrize("value", ["", "abc", "0", "-7", "1.5"])
def test_arguments_user_that_is_no_number_refused(value: str) -> None:
    with pytest.raises(ApiError, match="invalid user_id specified"):
        Arguments({"user_id": value}).user_id()
