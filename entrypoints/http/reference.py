"""The API's documentation: the OpenAPI document, and a page of it that needs no script and nothing from elsewhere."""

from typing import Any

import msgspec
from litestar import Litestar, MediaType, Request, get

from entrypoints.http.access import ANONYMOUS
from entrypoints.http.reference_page import STYLE, reference_page


@get("/openapi.json", opt=ANONYMOUS, include_in_schema=False, media_type=MediaType.JSON, sync_to_thread=True)
def openapi_document(request: Request[Any, Any, Any]) -> bytes:
    """The OpenAPI document."""
    return _made(request.app)[0]


@get(["/docs", "/redoc"], opt=ANONYMOUS, include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=True)
def reference(request: Request[Any, Any, Any]) -> bytes:
    """Every call and every body on one page."""
    return _made(request.app)[1]


@get("/docs/reference.css", opt=ANONYMOUS, include_in_schema=False, media_type="text/css", sync_to_thread=False)
def reference_style() -> str:
    """How the page looks."""
    return STYLE


def _made(app: Litestar) -> tuple[bytes, bytes]:
    """The document and the page, made when they are first asked for."""
    if "reference" not in app.state:
        document = app.openapi_schema.to_schema()
        app.state["reference"] = msgspec.json.encode(document), reference_page(document).encode()
    made: tuple[bytes, bytes] = app.state["reference"]
    return made


HANDLERS = [openapi_document, reference, reference_style]
