"""`guildhall init`: safe twice, beside itself and beside a running server."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Command
from tests.e2e.conftest import Instance


def _token(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000/sign-in/link#token=(\S+)", text)
    assert found is not None, text
    return found[1]


def test_init_of_new_instance_prepares_everything(
    command_on: Callable[[Instance], Command], empty_instance: Instance
) -> None:
    guildhall = command_on(empty_instance)
    outcome = guildhall("init", GUILDHALL_GUIDES_SEMANTIC="off")
    assert outcome.code == 0
    assert "12 created" in outcome.out
    assert "Owner created: owner." in outcome.out
    assert _token(outcome.out)
    assert empty_instance.folder.stat().st_mode & 0o077 == 0
    assert guildhall("members", "list").out.split()[1:3] == ["OWNER", "owner"]


def test_init_twice_keeps_what_is_there(guildhall: Command) -> None:
    before = guildhall("guides", "list").out
    outcome = guildhall("init")
    assert outcome.code == 0
    assert "Sample guides" not in outcome.out
    assert "Owner found: owner." in outcome.out
    assert guildhall("guides", "list").out == before
    assert len(guildhall("members", "list").out.splitlines()) == 1


def test_init_links_of_two_runs_differ(guildhall: Command) -> None:
    assert _token(guildhall("init").out) != _token(guildhall("init").out)


def test_init_while_the_owner_has_a_password_makes_no_link_and_says_how_to_get_one(guildhall: Command) -> None:
    assert guildhall("members", "reset-password", "owner", given="correct horse battery\n").code == 0
    outcome = guildhall("init")
    assert outcome.code == 0
    assert "token=" not in outcome.out
    assert "Sign in as owner with the password:\n  http://127.0.0.1:8000/sign-in\n" in outcome.out
    found = re.search(r"`guildhall (members sign-in-link owner)`", outcome.out)
    assert found is not None, outcome.out
    assert _token(guildhall(*found[1].split()).out)


def test_init_without_samples_leaves_library_empty(
    command_on: Callable[[Instance], Command], empty_instance: Instance
) -> None:
    guildhall = command_on(empty_instance)
    assert guildhall("init", "--no-samples").code == 0
    assert guildhall("guides", "list").out == ""


def test_init_with_public_url_prints_link_there(guildhall: Command) -> None:
    outcome = guildhall("init", GUILDHALL_PUBLIC_URL="https://guild.example.org")
    assert "https://guild.example.org/sign-in/link#token=" in outcome.out


def test_init_two_at_once_make_one_instance(empty_instance: Instance) -> None:
    racers = [empty_instance.start("init") for _ in range(2)]
    outcomes = [(racer.communicate(timeout=60), racer.returncode) for racer in racers]
    assert [code for _, code in outcomes] == [0, 0], outcomes
    assert len({_token(out) for (out, _), _ in outcomes}) == 2
    assert len(empty_instance.run("members", "list").out.splitlines()) == 1
    assert len(empty_instance.run("guides", "list").out.splitlines()) == 12


@pytest.mark.postgres
def test_init_two_at_once_on_postgresql_make_one_instance(tmp_path: Path, postgres_database: str) -> None:
    instance = Instance(
        tmp_path / "data", {"GUILDHALL_DATABASE_URL": postgres_database, "GUILDHALL_GUIDES_SEMANTIC": "off"}
    )
    racers = [instance.start("init") for _ in range(2)]
    outcomes = [(racer.communicate(timeout=60), racer.returncode) for racer in racers]
    assert [code for _, code in outcomes] == [0, 0], outcomes
    assert len(instance.run("members", "list").out.splitlines()) == 1
    assert len(instance.run("guides", "list").out.splitlines()) == 12
