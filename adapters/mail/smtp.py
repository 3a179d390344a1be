"""Mail by SMTP."""

import asyncio
import re
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid, parseaddr
from typing import Literal

import aiosmtplib

from application.ports.mailing import Mail, Mailer, MailNotSent

Security = Literal["starttls", "tls", "none"]

# One address and nothing that could stand for several, or begin a header of its own.
_ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\"\\\x00-\x1f\x7f]+@[^@\s,;:<>()\[\]\"\\\x00-\x1f\x7f]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed over. `sender` is the address it comes from, with or without a name before it."""

    host: str
    port: int
    security: Security
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    seconds: float = 30.0


class SmtpMailer(Mailer):
    """Hands each mail to one server, on a connection of its own.

    With `starttls` a server that offers no TLS is refused, never spoken to in plain text. Certificates are checked. An
    answer of the kind 5xx about the recipient or the mail is permanent, all else may pass: servers that are away, full
    mailboxes, and a refused password, which the operator can put right before the mail is too old.
    """

    def __init__(self, server: SmtpServer, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._tls = tls

    @property
    def can_send(self) -> bool:
        """There is a server."""
        return True

    async def send(self, mail: Mail) -> None:
        """Returns once the server has taken the mail over; raises `MailNotSent`."""
        server = self._server
        try:
            message = self._message(mail)
            async with asyncio.timeout(2 * server.seconds):
                await aiosmtplib.send(
                    message,
                    sender=parseaddr(server.sender)[1],
                    recipients=[mail.to],
                    hostname=server.host,
                    port=server.port,
                    username=server.username,
                    password=server.password,
                    timeout=server.seconds,
                    use_tls=server.security == "tls",
                    start_tls=server.security == "starttls",
                    tls_context=self._tls,
                )
        except MailNotSent:
            raise
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise MailNotSent(
                f"the server refused the recipient ({codes[0]})", permanent=all(500 <= code < 600 for code in codes)
            ) from None
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            what = "the sender" if isinstance(error, aiosmtplib.SMTPSenderRefused) else "the mail"
            raise MailNotSent(f"the server refused {what} ({error.code})", permanent=error.code >= 500) from None
        except aiosmtplib.SMTPResponseException as error:
            raise MailNotSent(f"{type(error).__name__} ({error.code})") from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # Their messages may repeat what was sent; the kind says enough.
            raise MailNotSent(f"{server.host}:{server.port}: {type(error).__name__}") from None
        except ValueError:
            raise MailNotSent("the mail cannot be written down", permanent=True) from None

    def _message(self, mail: Mail) -> EmailMessage:
        if not _ADDRESS.fullmatch(mail.to) or _CONTROL.search(mail.subject):
            raise MailNotSent("the address or the subject is none that mail can have", permanent=True)
        message = EmailMessage(policy=SMTP if mail.to.isascii() else SMTPUTF8)
        username, _, domain = mail.to.partition("@")
        message["From"] = self._server.sender
        message["To"] = Address(username=username, domain=domain)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = make_msgid(domain=parseaddr(self._server.sender)[1].rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text, cte="quoted-printable" if not mail.text.isascii() else None)
        return message
