"""The reference of settings."""

from pathlib import Path

import pytest

from entrypoints.settings import Settings, describe, load_settings, reference, without_use
from entrypoints.settings.reference import markdown_table

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


def test_settings_table_in_the_documentation_is_the_generated_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
    table = page.partition("<!-- begin settings -->")[2].partition("<!-- end settings -->")[0]
    assert table.strip() == markdown_table(), "put what entrypoints.settings.reference.markdown_table() gives there"


def test_settings_described_tell_value_and_default_by_variable() -> None:
    lines = describe(load_settings({"GUILDHALL_HTTP_PORT": "9000", "GUILDHALL_SECRET_KEY": "k" * 32}))
    assert {
        "GUILDHALL_HTTP_PORT = 9000",
        "GUILDHALL_HTTP_HOST = 127.0.0.1  (default)",
        "GUILDHALL_SECRET_KEY = **********",
    } <= set(lines)


@pytest.mark.parametrize("name", ["DATA_DIR", "DATABASE_URL"])
def test_settings_described_default_database_follows_the_data_folder(name: str, folder: Path) -> None:
    lines = describe(Settings(data_dir=folder / "other"))
    (line,) = [line for line in lines if line.startswith(f"GUILDHALL_{name} = ")]
    assert line.endswith("(default)") == (name == "DATABASE_URL")


def test_settings_without_use_are_those_that_somebody_set_and_nothing_reads() -> None:
    given = {"REDIS_URL": "redis://127.0.0.1", "OPENROUTER_BASE_URL": "https://llm.example/v1", "HTTP_PORT": "9000"}
    settings = load_settings({f"GUILDHALL_{name}": value for name, value in given.items()})
    assert [field.toml for field in without_use(settings)] == ["redis.url", "openrouter.base_url"]
    assert without_use(load_settings({})) == []


def test_settings_that_nothing_uses_say_so_in_the_reference() -> None:
    told = {row.toml for row in reference() if row.meaning.endswith("Accepted; nothing uses it yet.")}
    unused = {"redis.url", "go_bridge.url", "baileys_bridge.url", "local.base_url", "local.model"}
    assert told == unused | {f"openrouter.{name}" for name in ("api_key", "base_url", "model")}
