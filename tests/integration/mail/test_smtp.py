"""Mail by SMTP, against a real server."""

import asyncio
import email.policy
import logging
import socket
import ssl
from email import message_from_bytes
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import Envelope

from adapters.mail.smtp import SmtpMailer, SmtpServer
from application.ports.mailing import Mail, MailNotSent
from tests.integration.mail.conftest import PASSWORD, USERNAME, Inbox, Server

MAIL = Mail(
    "ada@example.org", "Choose a new password", "Choose one here:\n\n  https://guild.example.org/#token=s3cret\n"
)


def server_at(port: int, security: str = "none", seconds: float = 5, **fields: str) -> SmtpServer:
    return SmtpServer("127.0.0.1", port, security, "Guildhall <guild@example.org>", seconds=seconds, **fields)  # type: ignore[arg-type]


def read(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def failure(mailer: SmtpMailer, mail: Mail = MAIL) -> MailNotSent:
    with pytest.raises(MailNotSent) as refused:
        await mailer.send(mail)
    said = f"{refused.value!r} {refused.value.__cause__!r}"
    assert "s3cret" not in said
    assert PASSWORD not in said
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    return refused.value


async def test_smtp_plain_on_loopback_hands_the_mail_over_as_it_is(smtp_server: Server) -> None:
    async with smtp_server() as inbox:
        await SmtpMailer(server_at(inbox.port)).send(MAIL)

    (envelope,) = inbox.mails
    message = read(envelope)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("guild@example.org", ["ada@example.org"])
    assert message["From"] == "Guildhall <guild@example.org>"
    assert (message["To"], message["Subject"]) == (MAIL.to, MAIL.subject)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"]
    assert message["Message-ID"].endswith("@example.org>")
    assert message.get_content().replace("\r\n", "\n") == MAIL.text


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_smtp_over_tls_with_login_hands_the_mail_over(
    smtp_server: Server, trusting: ssl.SSLContext, security: str
) -> None:
    async with smtp_server(**{security: True}, login=True) as inbox:
        server = server_at(inbox.port, security, username=USERNAME, password=PASSWORD)
        await SmtpMailer(server, trusting).send(MAIL)

    assert len(inbox.mails) == 1
    assert inbox.logins == [(USERNAME.encode(), PASSWORD.encode())]
    assert PASSWORD not in repr(server)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_smtp_server_with_an_unknown_certificate_gets_no_mail(smtp_server: Server, security: str) -> None:
    async with smtp_server(**{security: True}) as inbox:
        error = await failure(SmtpMailer(server_at(inbox.port, security)))

    assert not error.permanent
    assert inbox.mails == []


async def test_smtp_server_that_offers_no_tls_gets_neither_password_nor_mail(
    smtp_server: Server, trusting: ssl.SSLContext
) -> None:
    async with smtp_server() as inbox:
        server = server_at(inbox.port, "starttls", username=USERNAME, password=PASSWORD)
        error = await failure(SmtpMailer(server, trusting))

    assert not error.permanent
    assert (inbox.mails, inbox.logins) == ([], [])


async def test_smtp_login_that_is_refused_may_be_put_right(smtp_server: Server, trusting: ssl.SSLContext) -> None:
    async with smtp_server(tls=True, login=True) as inbox:
        server = server_at(inbox.port, "tls", username=USERNAME, password="wrong")
        error = await failure(SmtpMailer(server, trusting))

    assert not error.permanent
    assert "535" in str(error)
    assert inbox.mails == []


@pytest.mark.parametrize(
    ("at", "answer", "permanent"),
    [
        ("RCPT", "550 no such mailbox", True),
        ("RCPT", "452 mailbox full", False),
        ("MAIL", "553 not from you", True),
        ("MAIL", "451 try later", False),
        ("DATA", "554 looks like spam", True),
        ("DATA", "451 try later", False),
    ],
)
async def test_smtp_refusal_is_permanent_exactly_when_the_server_says_so(
    smtp_server: Server, at: str, answer: str, *, permanent: bool
) -> None:
    async with smtp_server() as inbox:
        inbox.answers[at] = answer
        error = await failure(SmtpMailer(server_at(inbox.port)))

    assert error.permanent is permanent
    assert answer[:3] in str(error)
    assert inbox.mails == []


async def test_smtp_server_that_is_away_may_come_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    error = await failure(SmtpMailer(server_at(port)))

    assert not error.permanent
    assert f"127.0.0.1:{port}" in str(error)


async def test_smtp_server_that_says_nothing_is_given_up_in_time(smtp_server: Server) -> None:
    async with smtp_server() as inbox:
        inbox.silence = asyncio.Event()
        error = await failure(SmtpMailer(server_at(inbox.port, seconds=0.2)))

    assert not error.permanent


async def test_smtp_server_that_hangs_up_may_come_back() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        error = await failure(SmtpMailer(server_at(server.sockets[0].getsockname()[1])))

    assert not error.permanent


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org\nX: y",
        "ada@exa\x00mple.org",
        "ada@example.org, eve@example.org",
        "ada@example.org> <eve@example.org",
        "nobody",
        "",
        "\ud800@example.org",
    ],
)
async def test_smtp_address_that_would_write_headers_of_its_own_is_refused_before_any_connection(
    smtp_server: Server, to: str
) -> None:
    async with smtp_server() as inbox:
        error = await failure(SmtpMailer(server_at(inbox.port)), Mail(to, MAIL.subject, MAIL.text))

    assert error.permanent
    assert inbox.mails == []


async def test_smtp_mail_in_other_scripts_arrives_as_written(smtp_server: Server) -> None:
    mail = Mail("jörg@münchen.example", "Grüße \N{SNOWMAN}", "Schöne Grüße\n.\n.. aus München\n")
    async with smtp_server() as inbox:
        await SmtpMailer(server_at(inbox.port)).send(mail)

    (envelope,) = inbox.mails
    message = read(envelope)
    assert envelope.rcpt_tos == [mail.to]
    assert (message["To"], message["Subject"]) == (mail.to, mail.subject)
    assert message.get_content().replace("\r\n", "\n") == mail.text


async def test_smtp_sending_writes_neither_secret_nor_password_into_the_log(
    smtp_server: Server, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with smtp_server(tls=True, login=True) as inbox:
            server = server_at(inbox.port, "tls", username=USERNAME, password=PASSWORD)
            await SmtpMailer(server, trusting).send(MAIL)
    ours = [record for record in caplog.records if record.name.startswith(("aiosmtplib", "adapters"))]

    assert len(inbox.mails) == 1
    assert "s3cret" not in str([record.__dict__ for record in ours])
    assert isinstance(inbox, Inbox)
