"""What `guildhall serve` refuses or warns of."""

import socket

import pytest

from entrypoints.cli.serve import warnings
from entrypoints.settings import Settings, load_settings
from tests.e2e.cli.conftest import Command, assert_refused
from tests.e2e.conftest import Instance


def test_serve_port_in_use_is_refused(guildhall: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for arguments in (("serve",), ("serve", "--check")):
            refused = guildhall(*arguments, "--port", port)
            assert_refused(refused, f"127.0.0.1:{port} cannot be listened on: it is in use.", "--port")
    assert guildhall("serve", "--check", "--port", port).code == 0


def test_serve_host_of_nobody_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("serve", "--host", "203.0.113.77", "--port", "0"), "203.0.113.77", "--host", lines=2)


def test_serve_host_name_unknown_is_refused(guildhall: Command) -> None:
    outcome = guildhall("serve", "--host", "guildhall.invalid", "--port", "0")
    assert_refused(outcome, "warning", "guildhall.invalid", "--host", lines=2)


@pytest.mark.parametrize(
    ("content", "mode", "word"), [("nonsense\n", 0o600, "line 1"), ("", 0o600, "no key"), ("", 0o644, "chmod")]
)
def test_serve_unusable_signing_keys_are_refused(
    guildhall: Command, instance: Instance, content: str, mode: int, word: str
) -> None:
    keys = instance.folder / "signing.keys"
    keys.write_text(content)
    keys.chmod(mode)
    assert_refused(guildhall("serve", "--port", "0"), str(keys), word)


def _settings(**environ: str) -> Settings:
    return load_settings(environ)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"GUILDHALL_HTTP_HOST": "::1"},
        {"GUILDHALL_HTTP_HOST": "0.0.0.0", "GUILDHALL_PUBLIC_URL": "https://guild.example.org"},
    ],
)
def test_serve_where_browsers_keep_sign_in_warns_of_nothing(environ: dict[str, str]) -> None:
    assert warnings(_settings(**environ)) == []


def test_serve_plain_http_beyond_loopback_warns_of_lost_sign_in() -> None:
    (warning,) = warnings(_settings(GUILDHALL_HTTP_HOST="0.0.0.0"))
    assert "GUILDHALL_PUBLIC_URL=https://" in warning
    assert "0.0.0.0" in warning
