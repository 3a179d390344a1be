"""Mail on the terminal, and mail that goes nowhere."""

import sys
from collections.abc import Callable

from application.ports.mailing import Mail, Mailer, MailNotSent

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def _to_standard_error(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


class ConsoleMailer(Mailer):
    """Writes each mail to standard error, links and all: for an instance that only this machine reaches."""

    def __init__(self, write: Callable[[str], None] = _to_standard_error) -> None:
        self._write = write

    @property
    def can_send(self) -> bool:
        """The terminal takes everything."""
        return True

    async def send(self, mail: Mail) -> None:
        """Write it; raises `MailNotSent` when nobody holds the other end."""
        lines = (f"To: {mail.to}", f"Subject: {mail.subject}", "", *mail.text.split("\n"))
        try:
            self._write("".join(["mail (set GUILDHALL_MAIL_HOST to send it):\n", *map(_shown, lines)]))
        except OSError as error:
            raise MailNotSent(error.strerror or "standard error is closed") from None


class NoMailer(Mailer):
    """An instance that others reach and that has no mail server: it owes nobody mail."""

    @property
    def can_send(self) -> bool:
        """Never."""
        return False

    async def send(self, mail: Mail) -> None:
        """Always raises `MailNotSent`."""
        raise MailNotSent("no mail server is configured; set GUILDHALL_MAIL_HOST", permanent=True)


def _shown(line: str) -> str:
    """One line, whatever is in it: a line break or an escape in an address writes no lines of its own."""
    return f"  | {''.join(c if c.isprintable() else REPLACEMENT for c in line)}\n"
