"""Keeping other sites' pages from acting with a browser's sign-in."""

import hmac
from collections.abc import Collection, Iterable, Mapping

from domain.errors import NotAllowed
from entrypoints.http.cookies import CSRF_COOKIE

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class CrossSite(NotAllowed):
    """A page of another site asked for a change."""

    code = "cross_site"


class CsrfFailed(NotAllowed):
    """A change came with a cookie and without the token that only our own pages can read."""

    code = "csrf_failed"


def require_own_site(headers: Mapping[str, str], own_origins: Collection[str], is_secure: bool) -> None:
    """Raise `CrossSite` when a browser says that another site's page is asking.

    Browsers say so in `Sec-Fetch-Site`, older ones in `Origin`; clients that are no browsers say nothing and pass.
    A site is a scheme and a host: `is_secure` says that this one was asked over https, as far as proxies tell. A host
    whose https origin is among `own_origins` has no other.
    """
    asked_from, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if asked_from in {"same-origin", "none"} or origin in own_origins:
        return
    if origin is None and asked_from in {None, "same-site"}:
        return
    if origin is not None and asked_from is None and origin.lower() == _asked(headers, own_origins, is_secure):
        return
    raise CrossSite(
        "The request comes from another site's page. Open this instance itself, or add the page's origin to "
        "http.allowed_origins."
    )


def require_csrf_token(headers: Mapping[str, str], cookies: Mapping[str, str], expected: Iterable[str]) -> None:
    """Raise `CsrfFailed` unless the header repeats the cookie, and both are one of the tokens of this sign-in."""
    sent, kept = headers.get(CSRF_HEADER.lower(), ""), cookies.get(CSRF_COOKIE, "")
    if not any(_same(sent, each) and _same(kept, each) for each in expected):
        raise CsrfFailed(
            f"A change asked for with cookies needs the header {CSRF_HEADER}, a copy of the cookie {CSRF_COOKIE}."
        )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def _asked(headers: Mapping[str, str], own_origins: Collection[str], is_secure: bool) -> str | None:
    """The origin that the request was sent to; None where it names no host."""
    host = headers.get("host", "").lower()
    secure = f"https://{host}"
    if not host:
        return None
    return secure if is_secure or secure in own_origins else f"http://{host}"
