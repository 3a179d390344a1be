"""From an HTTP request to its parameters: query string, form, multipart form or JSON."""

from io import BytesIO
from urllib.parse import parse_qsl

import msgspec
from multipart import MultipartError, MultipartParser, parse_options_header

from adapters.testing.telegram.arguments import Arguments, Upload
from adapters.testing.telegram.errors import bad_request

MAX_BODY = 64 * 1024 * 1024


def read_arguments(query: bytes, content_type: str, body: bytes) -> Arguments:
    """The parameters of a request; the body's win over the query's. Raises `ApiError` for an unreadable body."""
    values = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    kind, options = parse_options_header(content_type)
    if not body:
        return Arguments(values)
    if kind == "application/json":
        return Arguments(values | _json(body))
    if kind == "multipart/form-data":
        fields, files = _multipart(body, options.get("boundary", ""))
        return Arguments(values | fields, files)
    if kind == "application/x-www-form-urlencoded":
        return Arguments(values | dict(parse_qsl(_utf8(body), keep_blank_values=True)))
    return Arguments(values)


def _json(body: bytes) -> dict[str, str]:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        raise bad_request("can't parse request JSON") from None
    if not isinstance(decoded, dict):
        raise bad_request("request JSON must be an Object")
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in decoded.items()
        if value is not None
    }


def _multipart(body: bytes, boundary: str) -> tuple[dict[str, str], dict[str, Upload]]:
    values, files = {}, {}
    try:
        for part in MultipartParser(BytesIO(body), boundary, memory_limit=MAX_BODY):
            if part.filename is None:
                values[part.name] = part.raw.decode()
            else:
                files[part.name] = Upload(part.filename, part.raw)
            part.close()
    except (MultipartError, UnicodeDecodeError, ValueError):
        raise bad_request("can't parse request body") from None
    return values, files


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise bad_request("Strings must be encoded in UTF-8") from None
