"""Databases that cannot be used: one line, exit code 2, and the file is as it was."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Command, assert_refused
from tests.e2e.cli.privileges import FILE_MODES_BIND
from tests.e2e.conftest import Instance
from tests.support.services import PostgresServer


def _execute(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


def _set_revision(database: Path, revision: str) -> None:
    _execute(database, f"UPDATE alembic_version SET version_num = '{revision}'")


@pytest.mark.parametrize("command", [("guides", "list"), ("serve", "--port", "0"), ("init",), ("db", "upgrade")])
def test_database_locked_by_another_process_is_refused(
    guildhall: Command, instance: Instance, command: tuple[str, ...]
) -> None:
    with closing(sqlite3.connect(instance.database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE mine (id)")
        outcome = guildhall(*command)
        other.execute("ROLLBACK")
    assert_refused(outcome, "locked")


@pytest.mark.parametrize("command", [("guides", "list"), ("serve", "--port", "0"), ("init",)])
def test_database_read_only_file_is_refused(instance: Instance, command: tuple[str, ...]) -> None:
    before = instance.database.read_bytes()
    instance.database.chmod(0o444)
    instance.folder.chmod(0o555)
    outcome = instance.run(*command, under=FILE_MODES_BIND)
    instance.folder.chmod(0o755)
    assert_refused(outcome, "cannot be written")
    assert instance.database.read_bytes() == before


def test_database_folder_without_rights_is_refused(empty_instance: Instance) -> None:
    empty_instance.folder.mkdir()
    empty_instance.folder.chmod(0o555)
    outcome = empty_instance.run("init", under=FILE_MODES_BIND)
    assert_refused(outcome, "cannot be opened")
    assert list(empty_instance.folder.iterdir()) == []


@pytest.mark.parametrize("command", [("guides", "list"), ("serve", "--port", "0"), ("init",), ("db", "upgrade")])
def test_database_garbage_file_is_refused_untouched(
    guildhall: Command, instance: Instance, command: tuple[str, ...]
) -> None:
    instance.database.write_bytes(b"These are my notes.\n" * 400)
    outcome = guildhall(*command)
    assert_refused(outcome, "not a SQLite database")
    assert instance.database.read_bytes() == b"These are my notes.\n" * 400


def test_database_damaged_file_is_refused(guildhall: Command, instance: Instance) -> None:
    content = instance.database.read_bytes()
    instance.database.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    assert_refused(guildhall("guides", "list"), "damaged", "backup")


def test_database_folder_in_place_of_file_is_refused(guildhall: Command, tmp_path: Path) -> None:
    assert_refused(guildhall("guides", "list", GUILDHALL_DATABASE_URL=f"sqlite:///{tmp_path}"), "cannot be opened")


@pytest.mark.parametrize("command", [("guides", "list"), ("serve", "--port", "0"), ("init",), ("db", "check")])
def test_database_of_newer_version_is_refused_untouched(
    guildhall: Command, instance: Instance, command: tuple[str, ...]
) -> None:
    _set_revision(instance.database, "9999")
    assert_refused(guildhall(*command), "9999", "newer")


@pytest.mark.parametrize("command", [("guides", "list"), ("serve", "--port", "0"), ("db", "check")])
def test_database_behind_this_version_is_refused(
    guildhall: Command, instance: Instance, command: tuple[str, ...]
) -> None:
    assert guildhall("db", "downgrade", "0003", "--yes").code == 0
    assert_refused(guildhall(*command), "0003", "guildhall db upgrade")


@pytest.mark.parametrize("command", [("guides", "list"), ("serve", "--port", "0"), ("db", "check")])
def test_database_never_made_is_refused(
    command_on: Callable[[Instance], Command], empty_instance: Instance, command: tuple[str, ...]
) -> None:
    empty_instance.folder.mkdir()
    assert_refused(command_on(empty_instance)(*command), "empty", "guildhall db upgrade")
    assert not empty_instance.database.exists()


@pytest.mark.parametrize("command", [("members", "list"), ("serve", "--port", "0"), ("db", "check")])
def test_data_folder_that_is_not_there_is_refused_and_not_made(
    command_on: Callable[[Instance], Command], empty_instance: Instance, command: tuple[str, ...]
) -> None:
    assert_refused(command_on(empty_instance)(*command), str(empty_instance.folder), "--data-dir", "guildhall init")
    assert not empty_instance.folder.exists()


def test_database_without_a_table_is_refused(guildhall: Command, instance: Instance) -> None:
    _execute(instance.database, "DROP TABLE telegram_user_guide_collections")
    _execute(instance.database, "DROP TABLE telegram_guides")
    assert_refused(guildhall("guides", "list"), "lacks a table")


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("mysql://localhost/guildhall", "GUILDHALL_DATABASE_URL"),
        ("nonsense", "GUILDHALL_DATABASE_URL"),
        ("sqlite:///:memory:", "memory"),
        ("postgresql://postgres@127.0.0.1:1/guildhall", "does not answer"),
        ("postgresql://postgres@guildhall.invalid/guildhall", "does not answer"),
        ("postgresql://postgres@127.0.0.1:many/guildhall", "GUILDHALL_DATABASE_URL"),
    ],
)
def test_database_address_that_leads_nowhere_is_refused(guildhall: Command, url: str, word: str) -> None:
    assert_refused(guildhall("guides", "list", GUILDHALL_DATABASE_URL=url), word)


@pytest.mark.postgres
def test_database_missing_on_postgresql_server_is_refused(guildhall: Command, postgres_server: PostgresServer) -> None:
    url = postgres_server.url.rpartition("/")[0] + "/guildhall_test_absent"
    assert_refused(guildhall("guides", "list", GUILDHALL_DATABASE_URL=url), "guildhall_test_absent")


def test_database_error_nobody_foresaw_is_one_line(guildhall: Command, instance: Instance) -> None:
    _execute(instance.database, "CREATE TRIGGER mine BEFORE INSERT ON users BEGIN SELECT absent(); END")
    outcome = guildhall("members", "add", "--username", "ada", given="correct horse battery\n")
    assert_refused(outcome, "unexpected", "no such function", "--traceback")
