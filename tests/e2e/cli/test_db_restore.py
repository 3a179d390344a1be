"""`guildhall db restore`: a backup in the place of the database, and what stands in its way."""

import re
import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Command, assert_refused
from tests.e2e.conftest import Instance


def add(guildhall: Command, *usernames: str) -> None:
    for username in usernames:
        assert guildhall("members", "add", "--username", username, given="correct horse battery\n").code == 0


def usernames(guildhall: Command) -> list[str]:
    outcome = guildhall("members", "list")
    assert outcome.code == 0, outcome.err
    return sorted(line.split()[2] for line in outcome.out.splitlines())


@pytest.fixture
def saved(guildhall: Command, tmp_path: Path) -> Path:
    """A backup of the instance, with ada in it."""
    add(guildhall, "ada")
    file = tmp_path / "saved.db"
    assert guildhall("db", "backup", file).code == 0
    return file


def kept_by(outcome_text: str) -> Path:
    found = re.search(r"The database before is kept as (.+)\.$", outcome_text, re.MULTILINE)
    assert found is not None, outcome_text
    return Path(found[1])


def test_restore_takes_away_who_came_after_the_backup_and_keeps_them_beside(
    guildhall: Command, instance: Instance, saved: Path
) -> None:
    add(guildhall, "bob", "carol")
    outcome = guildhall("db", "restore", saved)
    assert outcome.code == 0, outcome.err
    assert usernames(guildhall) == ["ada", "owner"]
    assert guildhall("db", "check").code == 0
    kept = kept_by(outcome.out)
    assert kept.parent == instance.folder
    assert usernames(lambda *a: guildhall(*a, GUILDHALL_DATABASE_URL=f"sqlite:///{kept}")) == [
        "ada",
        "bob",
        "carol",
        "owner",
    ]


def test_restore_after_a_server_was_killed_undoes_its_log_and_leaves_nothing_malformed(
    guildhall: Command, instance: Instance, saved: Path
) -> None:
    with closing(sqlite3.connect(instance.database)) as killed:
        killed.execute("SELECT * FROM instance").fetchall()
        # As long as somebody has the database open, the log keeps what was written; a killed process leaves it there.
        add(guildhall, *(f"later{number}" for number in range(5)))
        left = {
            ending: instance.database.with_name(f"guildhall.db{ending}").read_bytes() for ending in ("", "-wal", "-shm")
        }
    for ending, text in left.items():
        instance.database.with_name(f"guildhall.db{ending}").write_bytes(text)
    assert left["-wal"]
    assert guildhall("db", "restore", saved).code == 0
    assert usernames(guildhall) == ["ada", "owner"]
    with closing(sqlite3.connect(instance.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_restore_heals_a_database_that_was_copied_over_by_hand(
    guildhall: Command, instance: Instance, saved: Path
) -> None:
    with closing(sqlite3.connect(instance.database)) as killed:
        killed.execute("SELECT * FROM instance").fetchall()
        add(guildhall, *(f"later{number}" for number in range(5)))
        log = instance.database.with_name("guildhall.db-wal").read_bytes()
    shutil.copy(saved, instance.database)
    instance.database.with_name("guildhall.db-wal").write_bytes(log)
    assert guildhall("db", "restore", saved).code == 0
    assert usernames(guildhall) == ["ada", "owner"]
    assert guildhall("db", "check").code == 0


@pytest.mark.parametrize("is_written_down", [True, False])
def test_restore_beside_a_server_is_refused_and_changes_nothing(
    guildhall: Command, instance: Instance, saved: Path, is_written_down: bool
) -> None:
    add(guildhall, "bob")
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    server = instance.start("serve", "--port", port if is_written_down else 0)
    try:
        assert server.stderr is not None
        while "serving" not in (line := server.stderr.readline()):
            assert line, "The server ended."
        assert_refused(guildhall("db", "restore", saved), "stop")
    finally:
        server.terminate()
        server.communicate(timeout=30)
    assert usernames(guildhall) == ["ada", "bob", "owner"]
    assert not list(instance.folder.glob("*restore*"))


def test_restore_into_a_new_folder_makes_the_instance_there(
    command_on: Callable[[Instance], Command], empty_instance: Instance, saved: Path, tmp_path: Path
) -> None:
    elsewhere = Instance(tmp_path / "elsewhere")
    guildhall = command_on(elsewhere)
    outcome = guildhall("db", "restore", saved)
    assert outcome.code == 0, outcome.err
    assert "kept" not in outcome.out
    assert usernames(guildhall) == ["ada", "owner"]


def test_restore_of_an_older_revision_says_to_upgrade(guildhall: Command, saved: Path) -> None:
    assert guildhall("db", "downgrade", "0010", "--yes", GUILDHALL_DATABASE_URL=f"sqlite:///{saved}").code == 0
    outcome = guildhall("db", "restore", saved)
    assert outcome.code == 0, outcome.err
    assert "guildhall db upgrade" in outcome.out
    assert_refused(guildhall("db", "check"), "0010", "guildhall db upgrade")
    assert guildhall("db", "upgrade").code == 0
    assert usernames(guildhall) == ["ada", "owner"]


@pytest.mark.parametrize("text", [b"These are my notes.\n" * 400, b""])
def test_restore_of_a_file_that_is_no_backup_is_refused(guildhall: Command, tmp_path: Path, text: bytes) -> None:
    notes = tmp_path / "notes.db"
    notes.write_bytes(text)
    assert_refused(guildhall("db", "restore", notes), "no sound Guildhall backup", "nothing was changed")
    assert usernames(guildhall) == ["owner"]


def test_restore_on_postgresql_names_pg_restore_and_the_epoch(guildhall: Command, saved: Path) -> None:
    outcome = guildhall("db", "restore", saved, GUILDHALL_DATABASE_URL="postgresql://postgres@127.0.0.1:1/guildhall")
    assert_refused(outcome, "pg_restore", "UPDATE instance SET epoch")


def test_check_of_a_database_with_a_damaged_page_says_so(guildhall: Command, instance: Instance) -> None:
    with closing(sqlite3.connect(instance.database)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit_log'").fetchone()[0]
    text = bytearray(instance.database.read_bytes())
    text[(root - 1) * size : root * size] = b"\xff" * size
    instance.database.write_bytes(text)
    assert_refused(guildhall("db", "check"), "damaged", "guildhall db restore FILE")
