"""Exports and backups: whole or not at all."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Command, assert_refused
from tests.e2e.cli.privileges import DISK_IS_FULL, FILE_MODES_BIND
from tests.e2e.conftest import Instance


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_guides_export_leaves_other_files_alone(guildhall: Command, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    outcome = guildhall("guides", "export", target)
    assert outcome.out == f"12 guides written to {target}.\n"
    assert (target / "mine.txt").read_text() == "mine"
    assert not [name for name in _names(target) if name.startswith(".")]


def test_guides_export_to_a_file_is_refused(guildhall: Command, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    assert_refused(guildhall("guides", "export", tmp_path / "out"), str(tmp_path / "out"), "Nothing was exported")
    assert (tmp_path / "out").read_text() == "mine"


def test_guides_export_below_a_file_is_refused(guildhall: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_refused(guildhall("guides", "export", tmp_path / "file" / "out"), "Nothing was exported")


def test_guides_export_without_rights_is_refused(instance: Instance, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    target.chmod(0o555)
    assert_refused(instance.run("guides", "export", target, under=FILE_MODES_BIND), "Permission denied")
    assert _names(target) == []


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "existing"])
def test_guides_export_on_full_disk_writes_nothing(instance: Instance, tmp_path: Path, is_new: bool) -> None:
    (tmp_path / "long").mkdir()
    (tmp_path / "long" / "zebra.md").write_text("# Zebra\n\n" + "Stripes and stripes.\n\n" * 5000)
    assert instance.run("guides", "import", tmp_path / "long").code == 0
    target = tmp_path / "out"
    if not is_new:
        target.mkdir()
        (target / "zebra.md").write_text("the copy of last week")
    before = _names(target)
    assert_refused(instance.run("guides", "export", target, under=DISK_IS_FULL), "too large", "Nothing was exported")
    assert _names(target) == before
    assert is_new or (target / "zebra.md").read_text() == "the copy of last week"


def test_db_backup_opens_as_the_same_instance(guildhall: Command, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    assert guildhall("db", "backup", target).out == f"Copied to {target}.\n"
    listed = guildhall("guides", "list").out
    assert guildhall("guides", "list", GUILDHALL_DATABASE_URL=f"sqlite:///{target}").out == listed


def test_db_backup_over_a_file_is_refused(guildhall: Command, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("mine")
    assert_refused(guildhall("db", "backup", target), "exists")
    assert target.read_text() == "mine"


def test_db_backup_below_a_file_is_refused(guildhall: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "copy.db"
    outcome = guildhall("db", "backup", target)
    assert_refused(outcome, "Not a directory", "Nothing was copied")
    assert outcome.err.count("/copy.db") == 1
    assert "guildhall-" not in outcome.err


def test_db_backup_without_rights_names_only_its_target(instance: Instance, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "copy.db"
    target.parent.mkdir(mode=0o555)
    outcome = instance.run("db", "backup", target, under=FILE_MODES_BIND)
    assert_refused(outcome, f"{target}: the copy cannot be written there: Permission denied")
    assert "guildhall-" not in outcome.err


def test_db_backup_under_a_long_name_is_made(guildhall: Command, tmp_path: Path) -> None:
    target = tmp_path / f"{'n' * 250}.db"
    assert guildhall("db", "backup", target).code == 0
    assert target.is_file()


@pytest.mark.parametrize("folder", ["absent", "file", "locked"])
def test_member_export_that_cannot_be_written_names_only_its_target(
    instance: Instance, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "locked").mkdir(mode=0o555)
    target = tmp_path / folder / "kept.json"
    outcome = instance.run("members", "export", "owner", "--output", target, under=FILE_MODES_BIND)
    assert_refused(outcome, f"{target}: the data cannot be written there", "Nothing was exported")
    assert "guildhall-" not in outcome.err
    assert _names(tmp_path / "locked") == []


def test_guides_export_into_a_locked_category_replaces_nothing(instance: Instance, tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert instance.run("guides", "export", target).code == 0
    (target / "automation" / "api-keys-and-bots-safely.md").write_text("mine")
    (target / "risk").chmod(0o555)
    before = _names(target)
    outcome = instance.run("guides", "export", target, under=FILE_MODES_BIND)
    assert_refused(outcome, str(target), "Permission denied")
    assert _names(target) == before
    assert (target / "automation" / "api-keys-and-bots-safely.md").read_text() == "mine"


def test_db_backup_on_full_disk_leaves_nothing(instance: Instance, tmp_path: Path) -> None:
    with closing(sqlite3.connect(instance.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    target = tmp_path / "backups" / "copy.db"
    target.parent.mkdir()
    assert_refused(instance.run("db", "backup", target, under=DISK_IS_FULL), str(target), "free space")
    assert _names(target.parent) == []


@pytest.mark.parametrize("command", [("guides", "list"), ("--help",), ("doctor", "--settings")])
def test_output_nobody_reads_ends_quietly(instance: Instance, command: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = instance.start(*command, output=writer)
    os.close(writer)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (141, "")


def test_output_to_full_disk_is_refused(instance: Instance) -> None:
    with Path("/dev/full").open("w") as full:
        process = instance.start("guides", "list", output=full.fileno())
        _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert err.splitlines() == ["guildhall: No space left on device; check the path, its rights and the free space."]
