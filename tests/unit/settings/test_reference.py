"""The reference of settings."""

from entrypoints.settings import load_settings, reference

NAMED_BY_THE_SPECIFICATION = """
    DATABASE_URL REDIS_URL SECRET_KEY HTTP_HOST HTTP_PORT PUBLIC_URL TRUSTED_PROXIES TELEGRAM_BOT_TOKEN
    TELEGRAM_API_BASE_URL TELEGRAM_WEBHOOK_SECRET LOCAL_BASE_URL LOCAL_MODEL OPENROUTER_API_KEY OPENROUTER_BASE_URL
    GO_BRIDGE_URL BAILEYS_BRIDGE_URL
"""


def test_settings_reference_has_every_promised_name() -> None:
    assert {f"GUILDHALL_{name}" for name in NAMED_BY_THE_SPECIFICATION.split()} <= {row.env for row in reference()}


def test_settings_reference_names_are_unique_and_follow_the_path() -> None:
    rows = reference()
    assert len({row.env for row in rows}) == len({row.toml for row in rows}) == len(rows)
    assert all(row.env == "GUILDHALL_" + row.toml.replace(".", "_").upper() for row in rows)


def test_settings_reference_explains_every_setting() -> None:
    assert all(row.type and row.meaning.endswith(".") for row in reference())


def test_settings_reference_defaults_load_as_the_defaults() -> None:
    environ = {row.env: row.default for row in reference()}
    assert load_settings(environ) == load_settings({})
