"""Reply markup, checked before a message is stored."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.testing.telegram.errors import Json, bad_request
from adapters.testing.telegram.links import problem_of, user_of

MAX_CALLBACK_BYTES = 64
MAX_BUTTONS = 100
MAX_COPIED = 256


def check_markup(value: Any) -> Json | None:
    """The markup as a message carries it. Raises `ApiError`; an object that says nothing is no markup."""
    if not isinstance(value, dict):
        raise bad_request("Object expected as reply markup")
    if value.get("keyboard"):
        _rows(value["keyboard"], 'Field "keyboard" must be an Array of Arrays', _check_keyboard_button)
        return value
    if value.get("inline_keyboard"):
        message = 'Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
        rows = _rows(value["inline_keyboard"], message, _check_inline_button)
        return _inline(rows)
    if value.get("remove_keyboard") or value.get("force_reply"):
        return value
    return None


def is_inline(markup: Mapping[str, Any] | None) -> bool:
    """Whether a markup is part of its message."""
    return markup is not None and "inline_keyboard" in markup


def _rows(value: Any, message: str, check: Callable[[Any], None]) -> list[list[Any]]:
    if not isinstance(value, list):
        name = "inline_keyboard" if "Inline" in message else "keyboard"
        raise bad_request(f'Field "{name}" must be of type Array')
    rows = []
    for row in value:
        if not isinstance(row, list):
            raise bad_request(message)
        for button in row:
            check(button)
        if row:
            rows.append(row)
    return rows


def _inline(rows: list[list[Json]]) -> Json | None:
    if sum(map(len, rows)) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    for place, button in enumerate(button for row in rows for button in row):
        if "pay" in button and place:
            raise bad_request("BUTTON_POS_INVALID")
    return {"inline_keyboard": rows} if rows else None


def _check_keyboard_button(button: Any) -> None:
    prefix = "Can't parse keyboard button: "
    if isinstance(button, str):
        text: Any = button
    elif isinstance(button, dict):
        text = _text(button, prefix)
    else:
        raise bad_request(f"{prefix}KeyboardButton must be a String or an Object")
    if not text.strip():
        raise bad_request("Keyboard button text must be non-empty")


def _check_inline_button(button: Any) -> None:
    prefix = "Can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad_request(f"{prefix}InlineKeyboardButton must be an Object")
    text = _text(button, prefix)
    kind = next((name for name in _INLINE if _says(button, name)), None)
    if kind is None:
        raise bad_request(f"{prefix}Text buttons are unallowed in the inline keyboard")
    _INLINE[kind](button[kind])
    if not text.strip():
        raise bad_request("Inline keyboard button text must be non-empty")


def _text(button: Json, prefix: str) -> str:
    if "text" not in button:
        raise bad_request(f'{prefix}Can\'t find field "text"')
    if not isinstance(button["text"], str):
        raise bad_request(f'{prefix}Field "text" must be of type String')
    return button["text"]


def _says(button: Json, name: str) -> bool:
    return name in button and (name not in {"url", "callback_data"} or button[name] != "")


def _check_url(url: Any) -> None:
    _check_string("url", url)
    if user_of(url) is not None:
        return
    if problem := problem_of(url):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: {problem}")


def _check_callback_data(data: Any) -> None:
    _check_string("callback_data", data)
    if not 1 <= len(data.encode()) <= MAX_CALLBACK_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")


def _check_web_app(value: Any) -> None:
    url = _url_in(value, "web_app")
    if problem := problem_of(url, https_only=True):
        raise bad_request(f"inline keyboard button Web App URL '{url}' is invalid: {problem}")


def _check_login(value: Any) -> None:
    url = _url_in(value, "login_url")
    if problem := problem_of(url):
        raise bad_request(f"inline keyboard button login URL '{url}' is invalid: {problem}")


def _check_copy(value: Any) -> None:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise bad_request("Can't parse inline keyboard button: Can't find field \"text\"")
    if not 1 <= len(value["text"]) <= MAX_COPIED:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")


def _check_switch(value: Any) -> None:
    _check_string("switch_inline_query", value)


def _check_nothing(_: Any) -> None:
    return


def _check_string(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise bad_request(f'Can\'t parse inline keyboard button: Field "{name}" must be of type String')


def _url_in(value: Any, name: str) -> str:
    if not isinstance(value, dict):
        raise bad_request(f'Can\'t parse inline keyboard button: Field "{name}" must be of type Object')
    if not isinstance(value.get("url"), str):
        raise bad_request("Can't parse inline keyboard button: Can't find field \"url\"")
    return str(value["url"])


# The first of these that a button has is what it does.
_INLINE: Mapping[str, Callable[[Any], None]] = {
    "url": _check_url,
    "callback_data": _check_callback_data,
    "callback_game": _check_nothing,
    "pay": _check_nothing,
    "switch_inline_query": _check_switch,
    "switch_inline_query_chosen_chat": _check_nothing,
    "switch_inline_query_current_chat": _check_switch,
    "login_url": _check_login,
    "web_app": _check_web_app,
    "copy_text": _check_copy,
}
