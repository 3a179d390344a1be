"""Every refusal and failure as a problem document (RFC 9457)."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import ParameterKwarg
from litestar.types import ExceptionHandlersMap, Scope

from application.realtime.events import plain
from domain.errors import (
    Conflict,
    FieldError,
    GuildhallError,
    Invalid,
    InvalidCredentials,
    InvalidToken,
    Malformed,
    NotAllowed,
    NotFound,
    NotSignedIn,
    StaleVersion,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from entrypoints.http.refusals import WrongKind, refused_value
from entrypoints.http.schemas.common import FieldProblem, Problem
from entrypoints.settings.secret import HIDE

PROBLEM_JSON = "application/problem+json"

STATUS_OF: Mapping[type[GuildhallError], HTTPStatus] = {
    Malformed: HTTPStatus.BAD_REQUEST,
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    InvalidCredentials: HTTPStatus.UNAUTHORIZED,
    InvalidToken: HTTPStatus.UNAUTHORIZED,
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    StaleVersion: HTTPStatus.PRECONDITION_FAILED,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

_CODE_OF = {
    HTTPStatus.BAD_REQUEST: Malformed.code,
    HTTPStatus.UNAUTHORIZED: NotSignedIn.code,
    HTTPStatus.FORBIDDEN: NotAllowed.code,
    HTTPStatus.NOT_FOUND: NotFound.code,
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLarge.code,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}
_DETAIL_OF = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method; the header Allow names those it takes.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than this server takes.",
}
# How Litestar says that the client is gone; nobody hears the answer, and it is no failure of ours.
_GONE = "client disconnected prematurely"
_MISSING = re.compile(r"Missing required \w+ parameter '(?P<name>[^']+)'")

_log = logging.getLogger(__name__)


def status_of(error: type[GuildhallError]) -> HTTPStatus:
    """The row of the class, else of the nearest class it is made from; raises `LookupError` without one."""
    for kind in error.__mro__:
        if (status := STATUS_OF.get(kind)) is not None:
            return status
    raise LookupError(f"{error.__name__} has no row in STATUS_OF")


def on_domain_error(request: Request[Any, Any, Any], error: GuildhallError) -> Response[Problem]:
    """A rule refused."""
    status = status_of(type(error))
    fields = error.fields if isinstance(error, Invalid | WrongKind) else ()
    response = _problem(request, status, error.code, error.public_message, fields=fields, details=_public(error))
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(max(1, ceil(error.retry_after.total_seconds())))
    return response


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """The framework refused: no such address or method, a body too large, parameters that don't hold."""
    if isinstance(error, ValidationException):
        return on_domain_error(request, _invalid_parameters(error, _names_of_parameters(request)))
    if error.detail == _GONE:
        return on_domain_error(request, Malformed("The client went away before its body was whole."))
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_unexpected(request, error)
    status = HTTPStatus(error.status_code)
    detail = _DETAIL_OF.get(status, error.detail or status.description)
    response = _problem(request, status, _CODE_OF.get(status, status.name.lower()), detail)
    response.headers.update({name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"})
    return response


def on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Our own failure: the log has all of it, the client only the id that finds it there."""
    _log.error("request_failed", exc_info=error)
    detail = "Something failed on our side. Try again later; tell the operator the request id if it stays."
    return _problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)


async def tell_unavailable(error: Exception, _scope: Scope) -> None:
    """One line in the log for whatever answers 503: the operator hears what it was, the client only that it was."""
    if isinstance(error, Unavailable):
        _log.error("unavailable", extra={"code": error.code, "reason": error.message})


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    GuildhallError: on_domain_error,
    HTTPException: on_http_exception,
    Exception: on_unexpected,
}


def _public(error: GuildhallError) -> Mapping[str, object]:
    """The details that a client may know."""
    return {} if isinstance(error, Unavailable) and not error.is_public else error.details


def _problem(
    request: Request[Any, Any, Any],
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    fields: Sequence[FieldError] = (),
    details: Mapping[str, object] | None = None,
) -> Response[Problem]:
    hide = request.app.state.get(HIDE, str)
    body = Problem(
        type=f"urn:guildhall:problem:{code}",
        title=status.phrase,
        status=status.value,
        detail=hide(detail),
        instance=request.scope["path"],
        code=code,
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
        errors=tuple(FieldProblem(field=error.field, message=hide(error.message)) for error in fields),
        details={name: _hidden(plain(value), hide) for name, value in (details or {}).items()},
    )
    headers = {"Cache-Control": "no-store"}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="guildhall"'
    return Response(body, status_code=status.value, media_type=PROBLEM_JSON, headers=headers)


def _hidden(value: object, hide: Callable[[str], str]) -> object:
    return hide(value) if isinstance(value, str) else value


def _names_of_parameters(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """What clients call the handler's parameters, where that differs from their names in the code."""
    declared = request.route_handler.parsed_fn_signature.parameters
    kinds = {name: parameter.kwarg_definition for name, parameter in declared.items()}
    return {name: kind.name for name, kind in kinds.items() if isinstance(kind, ParameterKwarg) and kind.name}


def _invalid_parameters(error: ValidationException, names: Mapping[str, str]) -> GuildhallError:
    """What the framework found wrong with parameters, as one of our refusals; the worst of them decides."""
    if missing := _MISSING.match(error.detail):
        return Invalid.of(missing["name"], "is required")
    found = error.extra if isinstance(error.extra, list) else []
    refusals = [_parameter(entry, names) for entry in found if isinstance(entry, dict)]
    for refusal in refusals:
        if isinstance(refusal, Malformed):
            return refusal
    fields = [field for refusal in refusals if isinstance(refusal, Invalid) for field in refusal.fields]
    return Invalid("; ".join(f"{field.field}: {field.message}" for field in fields), fields)


def _parameter(entry: Mapping[str, object], names: Mapping[str, str]) -> GuildhallError:
    key = names.get(str(entry.get("key", "")), str(entry.get("key", "")))
    if key == "data":
        return Malformed("A body is expected: one JSON document in UTF-8.")
    return refused_value(str(entry.get("message", "")), key)
