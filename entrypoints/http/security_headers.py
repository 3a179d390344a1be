"""Headers that tell browsers what our answers may do, and who may look at them."""

from collections.abc import Mapping

from entrypoints.settings import Settings

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For what is no page, should a browser open it as one."""

FRAMED_PAGE = "/telegram-app"
FRAMED_POLICY = PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors https://web.telegram.org")
"""For the one page that another site may show in its own: the Mini App, where Telegram Web opens it."""

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    # What may be kept says so itself: everything else can hold personal data or tokens.
    "Cache-Control": "no-store",
}


def security_headers(settings: Settings) -> Mapping[str, str]:
    """The defaults of every answer; a handler that sets one itself keeps its own."""
    if settings.base_url.startswith("https://"):
        return {**_EVERYWHERE, "Strict-Transport-Security": "max-age=31536000"}
    return _EVERYWHERE


def content_policy(path: str, media_type: str, settings: Settings) -> str:
    """What the content may load: our own scripts and styles on pages, nothing elsewhere; and who may frame it."""
    if not media_type.startswith("text/html") or path.startswith("/api/"):
        return DATA_POLICY
    return FRAMED_POLICY if path == FRAMED_PAGE and settings.telegram.bot_id is not None else PAGE_POLICY
