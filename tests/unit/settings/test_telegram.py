"""The settings of the bot, and how its updates come in."""

import pytest

from entrypoints.settings import SettingsError, load_settings, require_rules

TOKEN = {"GUILDHALL_TELEGRAM_BOT_TOKEN": "123456:made-up-for-the-tests"}
PUBLIC = {**TOKEN, "GUILDHALL_PUBLIC_URL": "https://guild.example.org"}
SECRET = {"GUILDHALL_TELEGRAM_WEBHOOK_SECRET": "a-secret-of-ours"}


def problems(environ: dict[str, str]) -> list[str]:
    """What is wrong with these."""
    try:
        load_settings(environ)
    except SettingsError as error:
        return error.problems
    return []


def test_telegram_settings_that_are_refused_are_not_told_to_be_missing_too() -> None:
    webhook = {**TOKEN, "GUILDHALL_TELEGRAM_UPDATES": "webhook"}
    for name, value in (("GUILDHALL_TELEGRAM_WEBHOOK_SECRET", "sp ace and more"), ("GUILDHALL_PUBLIC_URL", "ftp://a")):
        given = {**webhook, "GUILDHALL_PUBLIC_URL": "https://guild.example.org", **SECRET, name: value}
        (line,) = problems(given)
        assert line.startswith(f"{name}:")
        assert "found nothing" not in line


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({**PUBLIC, "GUILDHALL_TELEGRAM_WEBHOOK_SECRET": "sp ace and more"}, "GUILDHALL_TELEGRAM_WEBHOOK_SECRET"),
        ({**TOKEN, "GUILDHALL_TELEGRAM_UPDATES": "webhook"}, "public_url"),
        ({**TOKEN, "GUILDHALL_TELEGRAM_UPDATES": "push"}, "GUILDHALL_TELEGRAM_UPDATES"),
        ({"GUILDHALL_TELEGRAM_BOT_TOKEN": "no token"}, "GUILDHALL_TELEGRAM_BOT_TOKEN"),
        ({"GUILDHALL_TELEGRAM_WEBHOOK_NETWORKS": "149.154.160.0/33"}, "GUILDHALL_TELEGRAM_WEBHOOK_NETWORKS"),
        ({"GUILDHALL_TELEGRAM_WEBHOOK_NETWORKS": "10.0.0.1,here"}, "GUILDHALL_TELEGRAM_WEBHOOK_NETWORKS"),
        ({"GUILDHALL_TELEGRAM_WEBHOOK_SIGNATURE_KEY": "short"}, "GUILDHALL_TELEGRAM_WEBHOOK_SIGNATURE_KEY"),
        ({"GUILDHALL_TELEGRAM_WEBHOOK_CONNECTIONS": "0"}, "GUILDHALL_TELEGRAM_WEBHOOK_CONNECTIONS"),
    ],
)
def test_telegram_settings_that_would_not_work_are_told(environ: dict[str, str], name: str) -> None:
    told = problems(environ)

    assert [line for line in told if line.startswith(f"{name}:")]
    assert "made-up" not in str(told)


def test_telegram_settings_without_a_secret_are_refused_for_serving_only() -> None:
    settings = load_settings(PUBLIC)

    with pytest.raises(SettingsError) as refusal:
        require_rules(settings)

    (line,) = refusal.value.problems
    assert line.startswith("telegram.webhook_secret: found nothing")
    assert "GUILDHALL_TELEGRAM_WEBHOOK_SECRET" in line
    require_rules(load_settings({**PUBLIC, **SECRET}))


@pytest.mark.parametrize(
    ("environ", "has_webhook"),
    [
        ({}, False),
        (TOKEN, False),
        ({**TOKEN, "GUILDHALL_PUBLIC_URL": "http://localhost:8000"}, False),
        ({**PUBLIC, **SECRET}, True),
        ({**PUBLIC, "GUILDHALL_TELEGRAM_UPDATES": "polling"}, False),
        ({**PUBLIC, "GUILDHALL_TELEGRAM_UPDATES": "off"}, False),
        (
            {**TOKEN, "GUILDHALL_PUBLIC_URL": "http://localhost:8000", "GUILDHALL_TELEGRAM_UPDATES": "webhook"},
            True,
        ),
    ],
)
def test_telegram_settings_decide_how_updates_come_in(environ: dict[str, str], has_webhook: bool) -> None:
    assert problems(environ) == []
    assert load_settings(environ).has_webhook is has_webhook


def test_telegram_settings_read_the_bots_id_from_its_token() -> None:
    assert load_settings(TOKEN).telegram.bot_id == 123456
    assert load_settings({}).telegram.bot_id is None
