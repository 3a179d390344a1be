"""What single settings take."""

import math
from pathlib import Path

import pytest

from entrypoints.settings import SettingsError, load_settings


def refusal(name: str, value: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings({name: value})
    assert len(refused.value.problems) == 1
    return refused.value.problems[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "-1"),
        ("HTTP_PORT", "65536"),
        ("HTTP_PORT", "8000.0"),
        ("HTTP_PORT", "٨"),
        ("HTTP_PORT", "9" * 5000),
        ("HTTP_HOST", "127.0.0.1:80"),
        ("HTTP_HOST", "http://x"),
        ("HTTP_HOST", "a b"),
        ("HTTP_SHUTDOWN_SECONDS", "nan"),
        ("HTTP_SHUTDOWN_SECONDS", "inf"),
        ("HTTP_SHUTDOWN_SECONDS", "-1"),
        ("HTTP_SHUTDOWN_SECONDS", "soon"),
        ("PUBLIC_URL", "guild.example"),
        ("PUBLIC_URL", "ftp://guild.example"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://guild.example/path"),
        ("PUBLIC_URL", "https://u:p@guild.example"),
        ("PUBLIC_URL", "https://guild.example:99999"),
        ("PUBLIC_URL", "https://[::1"),
        ("HTTP_ALLOWED_ORIGINS", "https://a.example,nonsense"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "*"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "guildhall.db"),
        ("DATABASE_URL", "sqlite:guildhall.db"),
        ("LOCAL_MODEL", "m" * 101),
        ("LOCAL_MODEL", "m\x00"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "k" * 20 + " " + "k" * 20),
        ("TELEGRAM_BOT_TOKEN", "letters:letters"),
        ("TELEGRAM_WEBHOOK_SECRET", "a b"),
        ("GUIDES_CATEGORIES", "Trading"),
        ("GUIDES_CATEGORIES", ","),
        ("LOG_LEVEL", "loud"),
        ("DATA_DIR", "a?b"),
        ("DATA_DIR", "~nobody-of-this-name/x"),
        ("CHAT_REPLY_LEASE_SECONDS", "0"),
    ],
)
def test_setting_with_unfit_value_is_told_by_name_and_expectation(name: str, value: str) -> None:
    problem = refusal(f"GUILDHALL_{name}", value)
    assert problem.startswith(f"GUILDHALL_{name}: found ")
    assert "; expected " in problem
    assert "\n" not in problem
    assert len(problem) < 400


def test_setting_values_are_trimmed_and_normalised(folder: Path) -> None:
    settings = load_settings(
        {
            "GUILDHALL_HTTP_HOST": " ::1 ",
            "GUILDHALL_LOG_LEVEL": "DEBUG",
            "GUILDHALL_HTTP_ALLOWED_ORIGINS": "https://A.example/, https://b.example,,https://a.example",
            "GUILDHALL_LOCAL_BASE_URL": "http://127.0.0.1:11434/v1/",
            "GUILDHALL_DATA_DIR": " data ",
            "GUILDHALL_HTTP_SHUTDOWN_SECONDS": "0",
        }
    )
    assert settings.http.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.log.level == "debug"
    assert settings.local.base_url == "http://127.0.0.1:11434/v1"
    assert settings.base_url == "http://[::1]:8000"
    assert settings.data_dir == folder / "data"
    assert math.isclose(settings.http.shutdown_seconds, 0)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:////var/lib/g.db",
        "sqlite+aiosqlite:///g.db",
        "postgres://h/d",
        "postgresql+asyncpg://u:p%40@h:5432/d?ssl=require",
        "postgresql:///d?host=/var/run/postgresql",
    ],
)
def test_setting_database_url_of_known_engine_is_kept_as_given(url: str) -> None:
    assert load_settings({"GUILDHALL_DATABASE_URL": url}).database.url == url


@pytest.mark.parametrize(
    ("environ", "loopback", "secure"),
    [
        ({}, True, False),
        ({"GUILDHALL_HTTP_HOST": "localhost"}, True, False),
        ({"GUILDHALL_HTTP_HOST": "::1"}, True, False),
        ({"GUILDHALL_PUBLIC_URL": "https://localhost:8443"}, True, True),
        ({"GUILDHALL_PUBLIC_URL": "https://guild.example"}, False, True),
        ({"GUILDHALL_HTTP_HOST": "0.0.0.0"}, False, True),
        ({"GUILDHALL_HTTP_HOST": "guild.example"}, False, True),
        ({"GUILDHALL_HTTP_HOST": "0.0.0.0", "GUILDHALL_PUBLIC_URL": "https://localhost"}, False, True),
    ],
)
def test_setting_cookies_are_secure_wherever_others_can_reach(
    environ: dict[str, str], loopback: bool, secure: bool
) -> None:
    settings = load_settings(environ)
    assert (settings.is_loopback, settings.secure_cookies) == (loopback, secure)


@pytest.mark.parametrize("public", [{"GUILDHALL_HTTP_HOST": "0.0.0.0"}, {"GUILDHALL_PUBLIC_URL": "https://a.example"}])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GUILDHALL_HTTP_ALLOWED_ORIGINS", "*"),
        ("GUILDHALL_HTTP_ALLOWED_ORIGINS", "https://b.example,*"),
        ("GUILDHALL_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("GUILDHALL_TRUSTED_PROXIES", "::/0"),
    ],
)
def test_setting_that_permits_too_much_is_refused_outside_loopback(
    public: dict[str, str], name: str, value: str
) -> None:
    assert load_settings({name: value}).is_loopback
    with pytest.raises(SettingsError, match=f"^{name}: .*outside loopback"):
        load_settings({**public, name: value})


def test_setting_public_url_without_tls_is_refused_outside_loopback(folder: Path) -> None:
    assert load_settings({"GUILDHALL_PUBLIC_URL": "http://localhost:9"}).base_url == "http://localhost:9"
    (folder / "guildhall.toml").write_text('public_url = "http://guild.example"')
    with pytest.raises(SettingsError, match=r"^guildhall.toml: public_url: .*https://"):
        load_settings({})
