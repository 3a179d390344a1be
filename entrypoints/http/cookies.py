"""The cookies of a browser's sign-in, and the one by which the browser is known afterwards."""

from collections.abc import Mapping
from datetime import datetime

from litestar.datastructures import Cookie

from application.identity.known_browsers import BrowserToken
from application.identity.sign_in import SignedIn

ACCESS_COOKIE = "guildhall_access"
REFRESH_COOKIE = "guildhall_refresh"
CSRF_COOKIE = "guildhall_csrf"
BROWSER_COOKIE = "guildhall_browser"
REFRESH_PATH = "/api/v1/auth"


def sign_in_cookies(
    signed_in: SignedIn, csrf_token: str, browser: BrowserToken | None, now: datetime, *, secure: bool
) -> list[Cookie]:
    """The tokens where no script reads them, and the CSRF token where the page's own scripts do."""

    def cookie(name: str, value: str, path: str, ends: datetime, *, httponly: bool) -> Cookie:
        age = max(0, int((ends - now).total_seconds()))
        return Cookie(name, path=path, value=value, max_age=age, secure=secure, httponly=httponly, samesite="lax")

    access_ends, refresh_ends = signed_in.access_expires_at, signed_in.refresh_expires_at
    cookies = [
        cookie(ACCESS_COOKIE, signed_in.access_token, "/", access_ends, httponly=True),
        cookie(REFRESH_COOKIE, signed_in.refresh_token, REFRESH_PATH, refresh_ends, httponly=True),
        cookie(CSRF_COOKIE, csrf_token, "/", refresh_ends, httponly=False),
    ]
    if browser is not None:
        cookies.append(cookie(BROWSER_COOKIE, browser.token, REFRESH_PATH, browser.expires_at, httponly=True))
    return cookies


def expired_cookies(*, secure: bool, of_member: bool = False) -> list[Cookie]:
    """What makes a browser forget the sign-in; with `of_member`, also that the member ever signed in there."""
    known = ((BROWSER_COOKIE, REFRESH_PATH, True),) if of_member else ()
    return [
        Cookie(name, path=path, value="", max_age=0, expires=0, secure=secure, httponly=hidden, samesite="lax")
        for name, path, hidden in (
            (ACCESS_COOKIE, "/", True),
            (REFRESH_COOKIE, REFRESH_PATH, True),
            (CSRF_COOKIE, "/", False),
            *known,
        )
    ]


def holds_sign_in(cookies: Mapping[str, str]) -> bool:
    """Whether the browser keeps anything of a sign-in, good or not."""
    return ACCESS_COOKIE in cookies or REFRESH_COOKIE in cookies
