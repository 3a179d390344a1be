"""The cookies of a browser's sign-in, and the one by which the browser is known afterwards."""

from collections.abc import Mapping
from datetime import datetime, timedelta

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
    access_ends, refresh_ends = signed_in.access_expires_at, signed_in.refresh_expires_at
    cookies = [
        _cookie(ACCESS_COOKIE, signed_in.access_token, "/", access_ends - now, secure=secure),
        _cookie(REFRESH_COOKIE, signed_in.refresh_token, REFRESH_PATH, refresh_ends - now, secure=secure),
        _cookie(CSRF_COOKIE, csrf_token, "/", refresh_ends - now, secure=secure, httponly=False),
    ]
    return cookies if browser is None else [*cookies, browser_cookie(browser, now, secure=secure)]


def browser_cookie(browser: BrowserToken, now: datetime, *, secure: bool) -> Cookie:
    """What the browser is known by."""
    return _cookie(BROWSER_COOKIE, browser.token, REFRESH_PATH, browser.expires_at - now, secure=secure)


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


def _cookie(name: str, value: str, path: str, lasts: timedelta, *, secure: bool, httponly: bool = True) -> Cookie:
    age = max(0, int(lasts.total_seconds()))
    return Cookie(name, path=path, value=value, max_age=age, secure=secure, httponly=httponly, samesite="lax")
