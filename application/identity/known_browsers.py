"""Browsers that a member has signed in with: a flood of guesses from everywhere does not keep their owner out."""

from dataclasses import dataclass, field
from datetime import datetime

from application.ports.identity import KnownBrowser, TokenIssuer
from application.ports.system import Clock
from domain.identity import MemberId

STAMP_LENGTH = 16


@dataclass(frozen=True, slots=True)
class BrowserToken:
    """What the browser keeps, and until when it is good."""

    token: str = field(repr=False)
    expires_at: datetime


def password_stamp(tokens: TokenIssuer, password_hash: str | None) -> str:
    """What stands for this password in a browser's token: 16 characters, from which neither it nor its hash is found.

    An account without a password has one, too.
    """
    return tokens.hashed(f"browser\n{password_hash or ''}")[:STAMP_LENGTH]


class KnownBrowsers:
    """Gives a browser a token at each sign-in, by which attempts at that member's account are known to come from it.

    The token opens nothing: it only lets a password be tried where strangers are told to come back. Nothing is stored.
    Each sign-in makes another nonce, by which failures are counted; renewing keeps it, so that none is forgotten.
    It counts while the account has the password that it had then: whoever changes a stolen one shuts its thief out.
    """

    def __init__(self, tokens: TokenIssuer, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    def remember(self, member_id: MemberId, stamp: str) -> BrowserToken:
        """For a browser in which the member has just signed in, or set the password that the stamp stands for."""
        return self._issue(KnownBrowser(member_id, self._tokens.opaque(), stamp))

    def renew(self, member_id: MemberId, token: str | None) -> BrowserToken | None:
        """The same browser's, stamp and all, with a new date and under the present key.

        None unless it is good, and this member's.
        """
        browser = self.recognise(token)
        return None if browser is None or browser.member_id != member_id else self._issue(browser)

    def recognise(self, token: str | None) -> KnownBrowser | None:
        """The browser that keeps this token; None for one that is forged, has ended, or is none at all."""
        return None if token is None else self._tokens.read_browser_token(token, self._clock.now())

    def stamp(self, password_hash: str | None) -> str:
        """What stands for this password."""
        return password_stamp(self._tokens, password_hash)

    def _issue(self, browser: KnownBrowser) -> BrowserToken:
        return BrowserToken(*self._tokens.browser_token(browser, self._clock.now()))
