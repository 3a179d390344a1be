"""Refusals in the words of a chat: a row of the catalogue for each class of error."""

from math import ceil

from application.ports.inbox import Handled
from domain.chat import MAX_CONTENT
from domain.errors import GuildhallError, Invalid, NotAllowed, TooManyRequests, Unavailable
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.texts import Catalogue

_MINUTE, _HOUR = 60, 3_600
# The fields that hold what somebody wrote to the assistant.
_TEXTS = frozenset({"content", "question"})


def answer_to(error: Exception, request: Request) -> Handled | None:
    """A refusal that a member may hear is an answer; None for what failed, or is away for a moment and tried again."""
    if not isinstance(error, GuildhallError) or isinstance(error, Unavailable):
        return None
    return request.noted(said_of(error, request.texts), is_alert=True)


def said_of(error: GuildhallError, texts: Catalogue) -> str:
    """What to tell whoever asked; raises `LookupError` for a class without a row."""
    if (own := _in_own_words(error, texts)) is not None:
        return own
    message = "; ".join(field.message for field in error.fields) if isinstance(error, Invalid) else error.message
    retry_after = _time(error.retry_after.total_seconds()) if isinstance(error, TooManyRequests) else ""
    return texts.errors[error.code].format(message=message, retry_after=retry_after)


def _in_own_words(error: GuildhallError, texts: Catalogue) -> str | None:
    """The catalogue's words for the rule that was broken; None for a rule without any."""
    if isinstance(error, NotAllowed) and (role := error.details.get("required")) in texts.roles:
        return texts.refusals["role"].format(role=texts.roles[str(role)])
    if isinstance(error, Invalid) and error.fields and {field.field for field in error.fields} <= _TEXTS:
        return texts.refusals["text"].format(limit=MAX_CONTENT)
    return texts.refusals.get(str(error.details.get("rule")))


def _time(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(1, ceil(seconds))} s"
    return f"{ceil(seconds / _MINUTE)} min" if seconds < _HOUR else f"{ceil(seconds / _HOUR)} h"
