"""Refusals and failures as pages."""

import logging
from http import HTTPStatus
from math import ceil
from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.response import Redirect, Template
from litestar.types import ExceptionHandlersMap

from domain.errors import (
    GuildhallError,
    Invalid,
    Malformed,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooManyRequests,
    Unavailable,
)
from entrypoints.settings.secret import HIDE
from entrypoints.web.access import sign_in_path

_STATUS: dict[type[GuildhallError], HTTPStatus] = {
    Malformed: HTTPStatus.BAD_REQUEST,
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_TITLES = {
    HTTPStatus.FORBIDDEN: "Not for your role",
    HTTPStatus.NOT_FOUND: "Nothing here",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
}

_log = logging.getLogger(__name__)


def error_page(request: Request[Any, Any, Any], status: HTTPStatus, message: str) -> Template:
    """A page that says what happened and where to go on."""
    context = {
        "actor": request.scope.get("user"),
        "status": int(status),
        "title": _TITLES.get(status, "That did not work"),
        "message": message,
        "request_id": str(structlog.contextvars.get_contextvars().get("request_id", "")),
    }
    headers = {"Cache-Control": "no-store"}
    return Template("error.html", context=context, status_code=int(status), headers=headers)


def show_error_pages(app: Litestar) -> None:
    """Addresses that nothing answers show browsers a page; programs get what they got before."""
    otherwise = app.exception_handlers[HTTPException]

    def on_nothing_there(request: Request[Any, Any, Any], error: NotFoundException) -> Response[Any]:
        if wants_page(request):
            return error_page(request, HTTPStatus.NOT_FOUND, "There is nothing at this address.")
        answer: Response[Any] = otherwise(request, error)
        return answer

    app.exception_handlers[NotFoundException] = on_nothing_there


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Whether a browser is opening a page of ours, rather than a program calling the API."""
    accepts = request.headers.get("accept", "")
    return "text/html" in accepts and not request.scope["path"].startswith("/api/")


def on_not_signed_in(request: Request[Any, Any, Any], _error: NotSignedIn) -> Response[Any]:
    """A guest is shown the way in, and comes back here afterwards."""
    return Redirect(
        sign_in_path(request.scope["path"], request.scope["query_string"].decode("latin-1")), status_code=303
    )


def on_domain_error(request: Request[Any, Any, Any], error: GuildhallError) -> Response[Any]:
    """A rule refused."""
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), HTTPStatus.CONFLICT)
    hide = request.app.state.get(HIDE, str)
    page = error_page(request, status, hide(error.public_message))
    if isinstance(error, TooManyRequests):
        page.headers["Retry-After"] = str(max(1, ceil(error.retry_after.total_seconds())))
    return page


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """The framework refused: an address or parameter that does not hold."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_unexpected(request, error)
    status = HTTPStatus(error.status_code)
    return error_page(request, status, "The address cannot be read. Check it, or go on from the start.")


def on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Our own failure: the log has all of it."""
    _log.error("page_failed", exc_info=error)
    return error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR, "Something failed on our side. Try again in a moment.")


PAGE_ERRORS: ExceptionHandlersMap = {
    NotSignedIn: on_not_signed_in,
    GuildhallError: on_domain_error,
    HTTPException: on_http_exception,
    Exception: on_unexpected,
}
