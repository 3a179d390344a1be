"""Where settings come from and which source wins."""

from pathlib import Path

import pytest

from entrypoints.settings import Secret, Settings, SettingsError, load_settings

SPEC_ENVIRONMENT = {
    "GUILDHALL_DATABASE_URL": "postgresql://me:pw@db.example/guildhall",
    "GUILDHALL_REDIS_URL": "redis://redis.example:6379/0",
    "GUILDHALL_SECRET_KEY": "k" * 40,
    "GUILDHALL_HTTP_HOST": "0.0.0.0",
    "GUILDHALL_HTTP_PORT": "80",
    "GUILDHALL_PUBLIC_URL": "https://guild.example/",
    "GUILDHALL_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
    "GUILDHALL_TELEGRAM_BOT_TOKEN": "123456:TEST",
    "GUILDHALL_TELEGRAM_API_BASE_URL": "http://127.0.0.1:8081",
    "GUILDHALL_TELEGRAM_WEBHOOK_SECRET": "abc_DEF-1",
    "GUILDHALL_LOCAL_BASE_URL": "http://127.0.0.1:11434/v1",
    "GUILDHALL_LOCAL_MODEL": "llama3.2:3b",
    "GUILDHALL_OPENROUTER_API_KEY": "sk-or-v1-abc",
    "GUILDHALL_OPENROUTER_BASE_URL": "https://openrouter.ai/api/v1",
    "GUILDHALL_GO_BRIDGE_URL": "http://127.0.0.1:8080",
    "GUILDHALL_BAILEYS_BRIDGE_URL": "http://127.0.0.1:8081",
}


def problems(
    environ: dict[str, str], config: Path | None = None, overrides: dict[str, object] | None = None
) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ, config, overrides)
    return refused.value.problems


def test_settings_of_nothing_are_safe_defaults(folder: Path) -> None:
    settings = load_settings({})
    assert settings == Settings()
    assert settings.data_dir == folder / ".guildhall"
    assert settings.database.url == f"sqlite:///{folder}/.guildhall/guildhall.db"
    assert settings.key_file == folder / ".guildhall" / "signing.keys"
    assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8000)
    assert settings.http.allowed_origins == ()
    assert list(folder.iterdir()) == []


def test_settings_of_prepared_environment_are_all_taken() -> None:
    settings = load_settings({**SPEC_ENVIRONMENT, "PATH": "/bin", "GUILDHALL_TEST_POSTGRES_URL": "x"})
    assert settings.database.url == "postgresql://me:pw@db.example/guildhall"
    assert settings.secret_key == Secret("k" * 40)
    assert settings.http.port == 80
    assert settings.base_url == "https://guild.example"
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert settings.telegram.bot_token == Secret("123456:TEST")
    assert settings.go_bridge.url == "http://127.0.0.1:8080"
    assert set(settings.secrets) == {"k" * 40, "123456:TEST", "abc_DEF-1", "sk-or-v1-abc", "pw"}


def test_settings_of_toml_file_are_nested_as_their_names(folder: Path) -> None:
    (folder / "guildhall.toml").write_text(
        """
        data_dir = "elsewhere"
        trusted_proxies = ["10.0.0.7"]
        [http]
        port = 9000
        shutdown_seconds = 2
        [guides]
        categories = ["one", "two"]
        [go_bridge]
        url = "http://bridge:8080/"
        """
    )
    settings = load_settings({})
    assert settings.data_dir == folder / "elsewhere"
    assert settings.database.url == f"sqlite:///{folder}/elsewhere/guildhall.db"
    assert (settings.http.port, settings.http.shutdown_seconds) == (9000, 2.0)
    assert settings.guides.categories == ("one", "two")
    assert settings.go_bridge.url == "http://bridge:8080"


def test_settings_of_environment_win_over_file_and_overrides_over_both(folder: Path) -> None:
    (folder / "guildhall.toml").write_text('[http]\nport = 1\nhost = "127.0.0.2"\n[log]\nlevel = "error"')
    settings = load_settings(
        {"GUILDHALL_HTTP_PORT": "2", "GUILDHALL_HTTP_HOST": "127.0.0.3"},
        None,
        {"http.port": 3, "data_dir": folder / "x", "http.host": None},
    )
    assert (settings.http.port, settings.http.host, settings.log.level) == (3, "127.0.0.3", "error")
    assert settings.database.url == f"sqlite:///{folder}/x/guildhall.db"


def test_settings_file_named_on_command_line_wins_over_environment(folder: Path) -> None:
    for number, name in enumerate(["guildhall.toml", "env.toml", "option.toml"], 1):
        (folder / name).write_text(f"[http]\nport = {number}")
    environ = {"GUILDHALL_CONFIG": "env.toml"}
    assert load_settings({}).http.port == 1
    assert load_settings(environ).http.port == 2
    assert load_settings(environ, folder / "option.toml").http.port == 3


def test_settings_bot_token_by_its_usual_name_is_read_too() -> None:
    assert load_settings({"TELEGRAM_BOT_TOKEN": "1:aaaaaaa"}).telegram.bot_token == Secret("1:aaaaaaa")
    both = {"TELEGRAM_BOT_TOKEN": "1:aaaaaaa", "GUILDHALL_TELEGRAM_BOT_TOKEN": "2:bbbbbbb"}
    assert load_settings(both).telegram.bot_token == Secret("2:bbbbbbb")
    assert problems({"TELEGRAM_BOT_TOKEN": "none of ours"})[0].startswith("TELEGRAM_BOT_TOKEN: ")


def test_settings_empty_variable_counts_as_not_given() -> None:
    assert load_settings({"GUILDHALL_REDIS_URL": "", "GUILDHALL_HTTP_PORT": " ", "GUILDHALL_CONFIG": ""}) == Settings()


def test_settings_unknown_names_are_told_with_the_nearest(folder: Path) -> None:
    (folder / "guildhall.toml").write_text('secret = "x"\n[htpp]\nport = 1\n[http]\nprot = 2\n[log.level]\nx = 1')
    found = problems({"GUILDHALL_DATBASE_URL": "x", "GUILDHALL_X": "y"}, overrides={"http.prot": 1})
    assert found == [
        "guildhall.toml: secret: unknown setting; did you mean secret_key?",
        "guildhall.toml: htpp: unknown setting; did you mean http?",
        "guildhall.toml: http.prot: unknown setting; did you mean http.port?",
        "GUILDHALL_DATBASE_URL: unknown setting; did you mean GUILDHALL_DATABASE_URL?",
        "GUILDHALL_X: unknown setting; the settings reference lists the known ones",
        "http.prot: unknown setting; did you mean http.port?",
        "guildhall.toml: log.level: found a table; expected one of debug, info, warning, error",
    ]


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"a = 1\nb = = 2\n", "guildhall.toml, line 2, column 5: not TOML"),
        (b"[http]\nport = 1\n[http]\n", "guildhall.toml, line 3, column 6: not TOML"),
        (b"a = 1\nb = '", "guildhall.toml, line 2: not TOML"),
        (b"a = 1\nb = '\xff'", "guildhall.toml, line 2: not UTF-8"),
        (b"\xff\xfe\x00", "guildhall.toml, line 1: not UTF-8"),
        (b"a = " + b"[" * 100_000, "guildhall.toml: not TOML"),
        (b"#" * 1_048_577, "guildhall.toml: guildhall.toml is larger"),
        (b"http = 7", "guildhall.toml: http: expected a table [http]"),
        (b"telegram = [[1]]", "guildhall.toml: telegram: expected a table [telegram]"),
    ],
)
def test_settings_broken_file_is_told_with_file_and_line(folder: Path, octets: bytes, told: str) -> None:
    (folder / "guildhall.toml").write_bytes(octets)
    (problem,) = problems({})
    assert problem.startswith(told)


def test_settings_file_that_cannot_be_read_is_told_by_its_name(folder: Path) -> None:
    (folder / "guildhall.toml").symlink_to(folder / "gone")
    assert problems({}, folder / "absent.toml") == [
        f"--config: cannot read {folder}/absent.toml (No such file or directory); expected a TOML file"
    ]
    assert problems({"GUILDHALL_CONFIG": str(folder)})[0].startswith("GUILDHALL_CONFIG: cannot read")
    assert problems({"GUILDHALL_CONFIG": "a\0b"})[0].startswith("GUILDHALL_CONFIG: cannot read")
    assert problems({})[0].startswith("guildhall.toml: cannot read")


def test_settings_problems_of_all_sources_come_at_once(folder: Path) -> None:
    (folder / "guildhall.toml").write_text("[http]\nport = true\n[log]\nformat = 3")
    found = problems(
        {"GUILDHALL_HTTP_PORT": "eighty", "GUILDHALL_REDIS_URL": "http://x"}, overrides={"http.port": 70_000}
    )
    assert found == [
        "guildhall.toml: http.port: found True; expected a whole number from 0 to 65535",
        "guildhall.toml: log.format: found 3; expected one of console, json",
        "GUILDHALL_HTTP_PORT: found 'eighty'; expected a whole number from 0 to 65535",
        "GUILDHALL_REDIS_URL: found 'http://x'; expected a URL that starts with redis:// or rediss:// or unix://",
        "--port: found 70000; expected a whole number from 0 to 65535",
    ]
