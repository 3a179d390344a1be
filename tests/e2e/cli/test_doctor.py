"""`guildhall doctor`: what works, what does not, and what to do."""

import socket
from collections.abc import Callable
from pathlib import Path

from dependency_injector import providers

from adapters.memory.system import InMemoryDisk
from entrypoints.container import Container
from tests.e2e.cli.conftest import Command
from tests.e2e.conftest import Instance, Outcome


def _findings(outcome: Outcome) -> dict[str, str]:
    return {line.split()[1]: line.split()[0] for line in outcome.out.splitlines()}


def test_doctor_of_prepared_instance_finds_nothing(guildhall: Command) -> None:
    outcome = guildhall("doctor", GUILDHALL_HTTP_PORT="0")
    assert outcome.code == 0, outcome
    assert set(_findings(outcome).values()) == {"ok"}


def test_doctor_of_empty_instance_says_what_to_run(
    command_on: Callable[[Instance], Command], empty_instance: Instance
) -> None:
    outcome = command_on(empty_instance)("doctor", GUILDHALL_HTTP_PORT="0")
    assert outcome.code == 1
    assert _findings(outcome)["database"] == "FAIL"
    assert "guildhall db upgrade" in outcome.out


def test_doctor_finds_everything_that_is_wrong(guildhall: Command, instance: Instance) -> None:
    instance.database.write_bytes(b"garbage" * 1000)
    with socket.create_server(("127.0.0.1", 0)) as other:
        outcome = guildhall("doctor", GUILDHALL_HTTP_PORT=str(other.getsockname()[1]))
    assert outcome.code == 1
    assert _findings(outcome)["database"] == "FAIL"
    assert _findings(outcome)["port"] == "warn"


def test_doctor_of_full_disk_says_what_to_do(guildhall: Command) -> None:
    with Container.data_disk.override(providers.Object(InMemoryDisk(3 * 2**20))):
        outcome = guildhall("doctor", GUILDHALL_HTTP_PORT="0")
    assert outcome.code == 1
    assert _findings(outcome)["data"] == "FAIL"
    assert "3 MiB are free" in outcome.out
    assert "Free some space" in outcome.out


def test_doctor_of_guides_outside_the_configured_categories_warns(guildhall: Command) -> None:
    categories = "trading,technical,psychology,automation,platform"
    outcome = guildhall("doctor", GUILDHALL_HTTP_PORT="0", GUILDHALL_GUIDES_CATEGORIES=categories)
    assert outcome.code == 0, outcome
    assert _findings(outcome)["library"] == "warn"
    assert "2 guides in categories that are not configured (risk)" in outcome.out
    assert "GUILDHALL_GUIDES_CATEGORIES" in outcome.out


def test_doctor_prints_settings_without_secrets(guildhall: Command) -> None:
    secret = "0123456789abcdef0123456789abcdef"
    outcome = guildhall("doctor", "--settings", GUILDHALL_SECRET_KEY=secret)
    assert "GUILDHALL_SECRET_KEY = **********" in outcome.out.splitlines()
    assert "GUILDHALL_HTTP_HOST = 127.0.0.1  (default)" in outcome.out.splitlines()
    assert secret not in outcome.out + outcome.err


def test_doctor_of_library_without_guides_warns(
    command_on: Callable[[Instance], Command], empty_instance: Instance, tmp_path: Path
) -> None:
    guildhall = command_on(empty_instance)
    guildhall("db", "upgrade")
    outcome = guildhall("doctor", GUILDHALL_HTTP_PORT="0")
    assert outcome.code == 0
    assert {"library": "warn", "owner": "warn"}.items() <= _findings(outcome).items()
    assert str(tmp_path) in outcome.out


def test_doctor_of_settings_that_nothing_uses_names_each(guildhall: Command) -> None:
    given = {"GUILDHALL_REDIS_URL": "redis://127.0.0.1", "GUILDHALL_LOCAL_MODEL": "small"}
    outcome = guildhall("doctor", GUILDHALL_HTTP_PORT="0", **given)
    assert outcome.code == 0, outcome
    for name in ("redis.url", "local.model"):
        assert f"{name} is set, and nothing in this version uses it yet" in outcome.out
