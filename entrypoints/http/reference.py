"""The API's documentation: the OpenAPI document, and pages of it that need no script and nothing from elsewhere."""

from typing import Any

import msgspec
from litestar import MediaType, Request, get

from entrypoints.http.access import ANONYMOUS
from entrypoints.http.reference_page import STYLE, reference_page


@get("/openapi.json", opt=ANONYMOUS, include_in_schema=False, media_type=MediaType.JSON, sync_to_thread=True)
def openapi_document(request: Request[Any, Any, Any]) -> bytes:
    """The OpenAPI document."""
    return msgspec.json.encode(request.app.openapi_schema.to_schema())


@get(["/docs", "/redoc"], opt=ANONYMOUS, include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=True)
def reference(request: Request[Any, Any, Any]) -> str:
    """Every call and every body on one page."""
    return reference_page(request.app.openapi_schema.to_schema())


@get("/docs/reference.css", opt=ANONYMOUS, include_in_schema=False, media_type="text/css", sync_to_thread=False)
def reference_style() -> str:
    """How the page looks."""
    return STYLE


HANDLERS = [openapi_document, reference, reference_style]
