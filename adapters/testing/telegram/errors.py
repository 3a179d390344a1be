"""Refusals, as the Bot API words them."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """A refusal: an HTTP status, which is also the `error_code`, a description, `parameters` where there are any."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, int] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = dict(parameters or {})

    def body(self) -> Json:
        """The document that a client gets."""
        answer: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


def bad_request(message: str) -> ApiError:
    """400. The message starts in lower case, unless it is a code in capitals: Telegram writes it so."""
    if message[1:2] != "_" and not message[1:2].isupper():
        message = message[:1].lower() + message[1:]
    return ApiError(400, f"Bad Request: {message}")


def unparsable(message: str) -> ApiError:
    """400, for formatting that cannot be read; what follows the colon keeps its case."""
    return bad_request(f"can't parse entities: {message}")


def forbidden(message: str) -> ApiError:
    """403."""
    return ApiError(403, f"Forbidden: {message}")


def conflict(message: str) -> ApiError:
    """409."""
    return ApiError(409, f"Conflict: {message}")


def unauthorized() -> ApiError:
    """401, for a token that is not the bot's."""
    return ApiError(401, "Unauthorized")


def too_many_requests(retry_after: int) -> ApiError:
    """429, with the seconds after which to come again."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


def migrated(chat_id: int) -> ApiError:
    """400, for a group that became a supergroup; the new identifier is in the parameters."""
    message = "group chat was upgraded to a supergroup chat"
    return ApiError(400, f"Bad Request: {message}", {"migrate_to_chat_id": chat_id})
