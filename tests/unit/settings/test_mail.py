"""The settings of mail, and what instances do without them."""

from pathlib import Path

import pytest

from adapters.mail.console import ConsoleMailer, NoMailer
from adapters.mail.smtp import SmtpMailer
from application.ports.mailing import Mail, MailNotSent
from entrypoints.container import memory_container
from entrypoints.settings import MailSettings, Secret, Settings, SettingsError, load_settings

SERVER = {"GUILDHALL_MAIL_HOST": "mail.example.org", "GUILDHALL_MAIL_SENDER": "Guild Hall <guild@example.org>"}
LOOPBACK = {**SERVER, "GUILDHALL_MAIL_HOST": "127.0.0.1"}


def problems(environ: dict[str, str]) -> list[str]:
    try:
        load_settings(environ)
    except SettingsError as error:
        return error.problems
    return []


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"GUILDHALL_MAIL_HOST": "mail.example.org"}, "mail.sender"),
        ({**SERVER, "GUILDHALL_MAIL_SENDER": "nobody"}, "GUILDHALL_MAIL_SENDER"),
        ({**SERVER, "GUILDHALL_MAIL_SENDER": "a@b.example\nBcc: c@d.example"}, "GUILDHALL_MAIL_SENDER"),
        ({**SERVER, "GUILDHALL_MAIL_USERNAME": "guild"}, "GUILDHALL_MAIL_USERNAME"),
        ({**SERVER, "GUILDHALL_MAIL_PASSWORD": "h1dden-word"}, "mail.username"),
        ({**SERVER, "GUILDHALL_MAIL_SECURITY": "none"}, "GUILDHALL_MAIL_SECURITY"),
        ({**SERVER, "GUILDHALL_MAIL_SECURITY": "ssl"}, "GUILDHALL_MAIL_SECURITY"),
        ({**SERVER, "GUILDHALL_MAIL_PORT": "0"}, "GUILDHALL_MAIL_PORT"),
    ],
)
def test_mail_settings_that_would_not_work_are_told(environ: dict[str, str], name: str) -> None:
    told = problems(environ)

    assert told
    assert any(line.startswith(f"{name}:") for line in told)
    assert "h1dden" not in str(told)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        SERVER,
        {**SERVER, "GUILDHALL_MAIL_SENDER": "guild@example.org"},
        {**SERVER, "GUILDHALL_MAIL_USERNAME": "guild", "GUILDHALL_MAIL_PASSWORD": "four words and spaces"},
        {**LOOPBACK, "GUILDHALL_MAIL_SECURITY": "none"},
        {**SERVER, "GUILDHALL_PUBLIC_URL": "https://guild.example.org"},
    ],
)
def test_mail_settings_that_work_are_taken(environ: dict[str, str]) -> None:
    assert problems(environ) == []


def test_mailer_follows_the_settings(tmp_path: Path) -> None:
    def mailer(**fields: object) -> object:
        return memory_container(Settings(data_dir=tmp_path, **fields)).mailer()  # type: ignore[arg-type]

    server = MailSettings(host="mail.example.org", sender="guild@example.org", username="g", password=Secret("s3cret"))

    assert isinstance(mailer(), ConsoleMailer)
    assert isinstance(mailer(public_url="https://guild.example.org"), NoMailer)
    assert isinstance(mailer(mail=server, public_url="https://guild.example.org"), SmtpMailer)


async def test_console_mail_is_written_line_by_line_whatever_is_in_it() -> None:
    written: list[str] = []

    mailer = ConsoleMailer(written.append)
    await mailer.send(Mail("a\x1b[2J\r\n@example.org", "Subject\nmore", "One\n\nTwo #token=x\n"))

    lines = "".join(written).splitlines()
    assert mailer.can_send
    assert lines[1:] == [
        "  | To: a\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}@example.org",
        "  | Subject: Subject\N{REPLACEMENT CHARACTER}more",
        "  | ",
        "  | One",
        "  | ",
        "  | Two #token=x",
        "  | ",
    ]


async def test_console_mail_without_a_terminal_is_told() -> None:
    def closed(_text: str) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(MailNotSent) as refused:
        await ConsoleMailer(closed).send(Mail("a@example.org", "Subject", "Text"))
    assert not refused.value.permanent


async def test_no_mailer_sends_nothing_and_says_what_to_set() -> None:
    with pytest.raises(MailNotSent, match="GUILDHALL_MAIL_HOST") as refused:
        await NoMailer().send(Mail("a@example.org", "Subject", "Text"))
    assert refused.value.permanent
    assert not NoMailer().can_send
