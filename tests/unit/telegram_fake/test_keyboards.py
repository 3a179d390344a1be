"""Reply markup: shapes, callback data, addresses."""

from typing import Any

import pytest

from adapters.testing.telegram.errors import ApiError
from adapters.testing.telegram.keyboards import check_markup
from adapters.testing.telegram.links import problem_of


def inline(*buttons: Any) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


@pytest.mark.parametrize(
    "button",
    [
        {"text": "a", "callback_data": "x" * 64},
        {"text": "a", "callback_data": "é" * 32},
        {"text": "a", "url": "https://example.org/x"},
        {"text": "a", "url": "example.org"},
        {"text": "a", "url": "tg://user?id=7"},
        {"text": "a", "url": "http://127.0.0.1:8000/x"},
        {"text": "a", "web_app": {"url": "https://example.org"}},
        {"text": "a", "switch_inline_query": ""},
        {"text": "a", "copy_text": {"text": "x"}},
        {"text": "a", "pay": True},
    ],
)
def test_keyboard_sound_button_kept(button: dict[str, Any]) -> None:
    assert check_markup(inline(button)) == inline(button)


@pytest.mark.parametrize(
    ("markup", "description"),
    [
        ([], "object expected as reply markup"),
        ({"inline_keyboard": [{}]}, 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'),
        ({"inline_keyboard": {"a": 1}}, 'field "inline_keyboard" must be of type Array'),
        (inline("a"), "can't parse inline keyboard button: InlineKeyboardButton must be an Object"),
        (inline({"url": "x.org"}), "can't parse inline keyboard button: Can't find field \"text\""),
        (
            inline({"text": 1, "url": "x.org"}),
            'can\'t parse inline keyboard button: Field "text" must be of type String',
        ),
        (
            inline({"text": "a"}),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            inline({"text": "a", "callback_data": ""}),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (inline({"text": " ", "callback_data": "x"}), "inline keyboard button text must be non-empty"),
        (inline({"text": "a", "callback_data": "x" * 65}), "BUTTON_DATA_INVALID"),
        (inline({"text": "a", "callback_data": "é" * 33}), "BUTTON_DATA_INVALID"),
        (
            inline({"text": "a", "callback_data": 7}),
            'can\'t parse inline keyboard button: Field "callback_data" must be of type String',
        ),
        (
            inline({"text": "a", "url": "javascript:x"}),
            "inline keyboard button URL 'javascript:x' is invalid: Unsupported URL protocol",
        ),
        (
            inline({"text": "a", "url": "http://localhost"}),
            "inline keyboard button URL 'http://localhost' is invalid: Wrong HTTP URL",
        ),
        (
            inline({"text": "a", "web_app": {"url": "http://e.org"}}),
            "inline keyboard button Web App URL 'http://e.org' is invalid: Only HTTPS links are allowed",
        ),
        (inline({"text": "a", "copy_text": {"text": ""}}), "BUTTON_COPY_TEXT_INVALID"),
        (inline({"text": "a", "callback_data": "x"}, {"text": "b", "pay": True}), "BUTTON_POS_INVALID"),
        (inline(*({"text": "a", "callback_data": "x"} for _ in range(101))), "reply markup is too long"),
        ({"keyboard": ["a"]}, 'field "keyboard" must be an Array of Arrays'),
        ({"keyboard": [[7]]}, "can't parse keyboard button: KeyboardButton must be a String or an Object"),
        ({"keyboard": [[{"text": ""}]]}, "keyboard button text must be non-empty"),
    ],
)
def test_keyboard_unsound_markup_refused(markup: Any, description: str) -> None:
    with pytest.raises(ApiError) as refused:
        check_markup(markup)

    assert refused.value.description == f"Bad Request: {description}"


@pytest.mark.parametrize("markup", [{}, {"inline_keyboard": []}, {"inline_keyboard": [[]]}])
def test_keyboard_without_buttons_is_none(markup: dict[str, Any]) -> None:
    assert check_markup(markup) is None


@pytest.mark.parametrize(
    "markup", [{"keyboard": [["a", {"text": "b"}]]}, {"remove_keyboard": True}, {"force_reply": True}]
)
def test_keyboard_other_kinds_of_markup_kept(markup: dict[str, Any]) -> None:
    assert check_markup(markup) == markup


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://example.org:8443/x", None),
        ("example.org:80", None),
        ("tg://resolve?domain=x", None),
        ("ftp://example.org", "Unsupported URL protocol"),
        ("http://", "URL host is empty"),
        ("http://exa mple.org", "Host is invalid"),
        ("http://example.org:99999", "Wrong port number specified in the URL"),
    ],
)
def test_link_as_telegram_reads_it(url: str, problem: str | None) -> None:
    assert problem_of(url) == problem
