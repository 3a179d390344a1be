"""A sign-in as the client asked for it: tokens in the body, or in cookies."""

from litestar import Response

from application.identity.known_browsers import BrowserToken, KnownBrowsers
from application.identity.sign_in import AuthService, SignedIn
from application.ports.system import Clock
from domain.identity import Actor
from entrypoints.http.cookies import browser_cookie, sign_in_cookies
from entrypoints.http.schemas.identity import SignedInResponse
from entrypoints.settings import Settings


class SignInPresenter:
    """Answers with a sign-in. In the mode `cookie` no token reaches a script, and the browser is known afterwards."""

    def __init__(self, auth_service: AuthService, browsers: KnownBrowsers, clock: Clock, settings: Settings) -> None:
        self._auth_service = auth_service
        self._browsers = browsers
        self._clock = clock
        self._settings = settings

    def __call__(self, signed_in: SignedIn, mode: str) -> Response[SignedInResponse]:
        """A new sign-in, for a client of this mode."""
        stamp = signed_in.password_stamp
        browser = None if stamp is None else self._browsers.remember(signed_in.member_id, stamp)
        return self._answer(signed_in, mode, browser)

    def refreshed(self, signed_in: SignedIn, mode: str, browser_token: str | None) -> Response[SignedInResponse]:
        """A sign-in that goes on: the browser stays known by what it keeps, and is known by nothing it has not."""
        return self._answer(signed_in, mode, self._browsers.renew(signed_in.member_id, browser_token))

    def password_set(self, actor: Actor, stamp: str, authorization: str | None) -> Response[None]:
        """An answer without a body to whoever has just set their password, which the stamp stands for.

        Browsers from before are not known any more; this one is, where it is signed in by cookies.
        """
        if authorization is not None:
            return Response(None)
        browser = self._browsers.remember(actor.require_member(), stamp)
        return Response(
            None, cookies=[browser_cookie(browser, self._clock.now(), secure=self._settings.secure_cookies)]
        )

    def _answer(self, signed_in: SignedIn, mode: str, browser: BrowserToken | None) -> Response[SignedInResponse]:
        in_body = mode == "bearer"
        body = SignedInResponse(
            member_id=signed_in.member_id,
            access_token=signed_in.access_token if in_body else None,
            access_expires_at=signed_in.access_expires_at,
            refresh_token=signed_in.refresh_token if in_body else None,
            refresh_expires_at=signed_in.refresh_expires_at,
        )
        if in_body:
            return Response(body)
        csrf_token = self._auth_service.csrf_token(signed_in.sign_in_id)
        now, secure = self._clock.now(), self._settings.secure_cookies
        return Response(body, cookies=sign_in_cookies(signed_in, csrf_token, browser, now, secure=secure))
