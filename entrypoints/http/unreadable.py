"""Answers to requests that never reach the application, because no request could be read."""

from http import HTTPStatus
from uuid import uuid4

import msgspec

from entrypoints.http.schemas.common import Problem

_CODES = {
    HTTPStatus.BAD_REQUEST: (
        "malformed",
        "The request is no HTTP that can be read: one header Host and one length of the body are expected, too.",
    ),
    HTTPStatus.REQUEST_TIMEOUT: ("request_timeout", "The head of the request did not arrive in time."),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        "too_large",
        "The address and headers together are larger than this server takes.",
    ),
}


def refusal(status: HTTPStatus) -> bytes:
    """The whole answer, on the wire: a problem document, and the connection ends."""
    code, detail = _CODES[status]
    problem = Problem(
        type=f"urn:guildhall:problem:{code}",
        title=status.phrase,
        status=status.value,
        detail=detail,
        instance="/",
        code=code,
        request_id=uuid4().hex,
    )
    body = msgspec.json.encode(problem)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "content-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\n"
        f"x-request-id: {problem.request_id}\r\n"
        "cache-control: no-store\r\n"
        "x-content-type-options: nosniff\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
