"""Answers to pressed buttons and to people at the till."""

from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.errors import bad_request
from adapters.testing.telegram.state import BotState

MAX_ANSWER = 200
MONTH = 24 * 30 * 60 * 60


def answer_callback_query(state: BotState, arguments: Arguments) -> bool:
    """answerCallbackQuery: once, in time, with 200 characters at most."""
    text = arguments.text("text")
    if len(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    url = arguments.text("url")
    if url and not url.startswith((f"https://t.me/{state.bot.username}?start=", f"t.me/{state.bot.username}?start=")):
        raise bad_request("URL_INVALID")
    answer = {
        "text": text,
        "show_alert": arguments.boolean("show_alert"),
        "url": url,
        "cache_time": arguments.integer("cache_time", 0, 0, MONTH),
    }
    state.queries.answer(arguments.text("callback_query_id"), answer)
    state.world.stir()
    return True


def answer_pre_checkout_query(state: BotState, arguments: Arguments) -> bool:
    """answerPreCheckoutQuery: once, within ten seconds, with a reason for a no."""
    ok = arguments.boolean("ok")
    reason = "" if ok else arguments.required("error_message")
    state.queries.answer(arguments.text("pre_checkout_query_id"), {"ok": ok, "error_message": reason})
    state.world.stir()
    return True
