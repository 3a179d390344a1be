"""A real SMTP server on this machine."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

# Made for these tests: a self-signed certificate of 127.0.0.1 with its key, which protects nothing.
CERTIFICATE = Path(__file__).with_name("loopback.pem")
USERNAME, PASSWORD = "guild", "p4ss wörd"


@dataclass
class Inbox:
    """What the server took over, and how it answers."""

    port: int = 0
    mails: list[Envelope] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    silence: asyncio.Event | None = None

    async def handle_RCPT(
        self, server: SMTP, session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.answers.get("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_MAIL(
        self, server: SMTP, session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.answers.get("MAIL"):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: object, envelope: Envelope) -> str:
        if self.silence is not None:
            await self.silence.wait()
        if answer := self.answers.get("DATA"):
            return answer
        self.mails.append(envelope)
        return "250 OK"

    def authenticate(self, server: SMTP, session: object, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login, given.password))
        is_right = (given.login, given.password) == (USERNAME.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)


Server = Callable[..., AbstractAsyncContextManager[Inbox]]


def server_tls() -> ssl.SSLContext:
    """What the server shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """A client's TLS that trusts the test's certificate."""
    return ssl.create_default_context(cafile=CERTIFICATE)


@pytest.fixture
def smtp_server() -> Server:
    """Starts a server; `tls` from the first byte, `starttls` when asked for, `login` where one is needed."""

    @asynccontextmanager
    async def started(*, tls: bool = False, starttls: bool = False, login: bool = False) -> AsyncIterator[Inbox]:
        inbox = Inbox()

        def protocol() -> SMTP:
            # aiosmtpd does not see that the connection itself is encrypted.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                return made()

        def made() -> SMTP:
            return SMTP(
                inbox,
                hostname="127.0.0.1",
                enable_SMTPUTF8=True,
                tls_context=server_tls() if starttls else None,
                require_starttls=starttls,
                auth_required=login,
                auth_require_tls=not tls,
                authenticator=inbox.authenticate if login else None,
                loop=asyncio.get_running_loop(),
            )

        loop = asyncio.get_running_loop()
        server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=server_tls() if tls else None)
        inbox.port = server.sockets[0].getsockname()[1]
        try:
            yield inbox
        finally:
            if inbox.silence is not None:
                inbox.silence.set()
            server.close()
            await server.wait_closed()

    return started
