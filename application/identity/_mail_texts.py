"""The texts of all mails, in one place."""

from collections.abc import Mapping

from application.ports.mailing import Mail
from domain.identity import MailPurpose

_RESET = """\
Somebody, probably you, asked for a new password for the account with this address at {base_url}.

Choose one here within 30 minutes; the link works once:

  {base_url}/password-reset#token={secret}

Choosing it signs the account out everywhere else.
If it was not you, do nothing: the password stays as it is.
"""
_VERIFY = """\
{who} gave this address for their account at {base_url}.

Confirm it here within two days; the link works once:

  {base_url}/verify-email#token={secret}

If it was not you, do nothing: the address stays unconfirmed.
"""
_CHANGED = """\
The password of the account with this address at {base_url} was changed just now, and its other sign-ins were ended.

If it was not you, ask for a new password at once:

  {base_url}/sign-in
"""
_EMAIL_CHANGED = """\
The account with this address at {base_url} has another address since just now. This one no longer belongs to it.

If it was not you, somebody knows the password of the account: tell whoever runs {base_url},
who can give it back to you.
"""
_TEXTS: Mapping[MailPurpose, tuple[str, str]] = {
    MailPurpose.RESET_PASSWORD: ("Choose a new password", _RESET),
    MailPurpose.VERIFY_EMAIL: ("Confirm this email address", _VERIFY),
    MailPurpose.EMAIL_CHANGED: ("Your email address was changed", _EMAIL_CHANGED),
    MailPurpose.PASSWORD_CHANGED: ("Your password was changed", _CHANGED),
}


def compose(purpose: MailPurpose, to: str, base_url: str, secret: str = "", username: str | None = None) -> Mail:
    """The mail of this purpose; the secret stands behind `#`, where no server and no proxy logs it.

    `username` is the account's, which tells the reader who asked.
    """
    subject, text = _TEXTS[purpose]
    who = f"The member {username}" if username else "A member without a username"
    return Mail(to, subject, text.format(base_url=base_url, secret=secret, who=who))
