"""`guildhall guides import`: one bad file never stops the rest, and nothing is lost on the way."""

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Command, assert_refused
from tests.e2e.cli.privileges import DISK_IS_FULL, FILE_MODES_BIND
from tests.e2e.conftest import Instance


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two good files."""
    folder = tmp_path / "handbook"
    (folder / "risk").mkdir(parents=True)
    (folder / "first.md").write_text("# First steps\n\nBegin with a small account.\n")
    (folder / "risk" / "second.md").write_text("---\ntitle: Second steps\ntags: [pace]\n---\n\nGo on slowly.\n")
    return folder


def _titles(guildhall: Command) -> set[str]:
    return {line.split("  ")[-1] for line in guildhall("guides", "list").out.splitlines()}


def test_guides_import_folder_is_idempotent(guildhall: Command, folder: Path) -> None:
    first = guildhall("guides", "import", folder)
    assert (first.code, first.out, first.err) == (0, "handbook: 2 files, 2 created.\n", "")
    (folder / "first.md").write_text("# First steps\n\nBegin with a very small account.\n")
    assert guildhall("guides", "import", folder).out == "handbook: 2 files, 1 updated, 1 unchanged.\n"


def test_guides_import_dry_run_shows_and_writes_nothing(guildhall: Command, folder: Path) -> None:
    before = _titles(guildhall)
    outcome = guildhall("guides", "import", folder, "--dry-run", "--prune")
    assert outcome.out.splitlines() == [
        "first.md: would be created",
        "risk/second.md: would be created",
        "Dry run of handbook: 2 files, 2 created.",
    ]
    assert _titles(guildhall) == before


def test_guides_import_link_out_of_folder_publishes_nothing(guildhall: Command, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("# The keys of the house\n")
    (folder / "l.md").symlink_to(tmp_path / "secret")
    outcome = guildhall("guides", "import", folder)
    assert (outcome.code, outcome.err) == (1, "l.md: leads out of the folder\n")
    assert outcome.out == "handbook: 3 files, 2 created, 1 failed.\n"
    assert "The keys of the house" not in _titles(guildhall)


def test_guides_import_prune_retires_missing_files_only(guildhall: Command, folder: Path) -> None:
    guildhall("guides", "import", folder)
    before = _titles(guildhall)
    (folder / "first.md").unlink()
    assert guildhall("guides", "import", folder, "--prune").out == "handbook: 2 files, 1 unchanged, 1 retired.\n"
    assert _titles(guildhall) == before - {"First steps"}


def test_guides_import_prune_of_one_file_is_refused(guildhall: Command, folder: Path) -> None:
    guildhall("guides", "import", folder)
    assert_refused(guildhall("guides", "import", folder / "first.md", "--prune"), "--prune")
    assert {"First steps", "Second steps"} <= _titles(guildhall)


def test_guides_import_bad_files_are_reported_and_skipped(guildhall: Command, folder: Path) -> None:
    (folder / "broken.md").write_text("---\ntitle: [unclosed\n---\n\nText.\n")
    (folder / "category.md").write_text("---\ncategory: cooking\n---\n\n# Soup\n")
    (folder / "empty.md").write_text("")
    (folder / "latin.md").write_bytes("# Café\n".encode("latin-1"))
    (folder / "binary.md").write_bytes(b"# Title\n\x00\x01\x02")
    (folder / "long.md").write_text("# Long\n" + "word " * 60_000)
    (folder / "role.md").write_text("---\nrole: king\n---\n\n# Crown\n")
    outcome = guildhall("guides", "import", folder)
    assert outcome.code == 1
    failed = {line.partition(": ")[0]: line.partition(": ")[2] for line in outcome.problems}
    assert set(failed) >= {"broken.md", "category.md", "latin.md", "binary.md", "long.md", "role.md"}
    assert "UTF-8" in failed["latin.md"]
    assert "Traceback" not in outcome.err
    assert {"First steps", "Second steps"} <= _titles(guildhall)
    assert f"{len(failed)} failed" in outcome.out


def test_guides_import_odd_entries_are_reported_and_skipped(guildhall: Command, folder: Path) -> None:
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "gone.md").symlink_to(folder / "nowhere.md")
    (folder / "again").symlink_to(folder)
    (folder / "folder.md").mkdir()
    os.mkfifo(folder / "pipe.md")
    (folder / "huge.md").touch()
    os.truncate(folder / "huge.md", 5_000_000_000)
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("# Coffee\n")
    outcome = guildhall("guides", "import", folder)
    assert outcome.code == 1
    failed = {line.partition(": ")[0]: line.partition(": ")[2] for line in outcome.problems}
    assert set(failed) == {"loop.md", "gone.md", "pipe.md", "huge.md", "caf\\xe9.md"}
    assert "5,000,000,000" in failed["huge.md"]
    assert outcome.out == "handbook: 7 files, 2 created, 5 failed.\n"


def test_guides_import_link_within_the_folder_is_read(guildhall: Command, folder: Path) -> None:
    (folder / "elsewhere.txt").write_text("# Elsewhere\n\nKept under another name.\n")
    (folder / "link.md").symlink_to("elsewhere.txt")
    assert guildhall("guides", "import", folder).code == 0
    assert "Elsewhere" in _titles(guildhall)


def test_guides_import_unreadable_file_is_reported_and_skipped(instance: Instance, folder: Path) -> None:
    (folder / "first.md").chmod(0)
    outcome = instance.run("guides", "import", folder, under=FILE_MODES_BIND)
    assert (outcome.code, outcome.out) == (1, "handbook: 2 files, 1 created, 1 failed.\n")
    assert outcome.problems == ["first.md: cannot be read: Permission denied"]


def test_guides_import_unreadable_folder_is_refused_before_pruning(
    instance: Instance, guildhall: Command, folder: Path
) -> None:
    guildhall("guides", "import", folder)
    (folder / "risk").chmod(0)
    outcome = instance.run("guides", "import", folder, "--prune", under=FILE_MODES_BIND)
    assert_refused(outcome, str(folder / "risk"), "Permission denied")
    assert "Second steps" in _titles(guildhall)


@pytest.mark.parametrize("name", ["absent", "absent/deeper", "x" * 300])
def test_guides_import_path_that_does_not_exist_is_refused(guildhall: Command, tmp_path: Path, name: str) -> None:
    assert_refused(guildhall("guides", "import", tmp_path / name), "PATH")


def test_guides_import_folder_without_markdown_is_refused(guildhall: Command, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    assert_refused(guildhall("guides", "import", tmp_path / "pictures"), "no Markdown files")


def test_guides_import_unknown_category_is_refused(guildhall: Command, folder: Path) -> None:
    assert_refused(guildhall("guides", "import", folder, "--category", "cooking"), "cooking", "psychology")


def test_guides_import_same_names_of_two_projects_stay_apart(guildhall: Command, tmp_path: Path) -> None:
    for project in ("alpha", "beta"):
        (tmp_path / project / "docs").mkdir(parents=True)
        (tmp_path / project / "docs" / "index.md").write_text(f"# All about {project}\n\nText.\n")
        assert guildhall("guides", "import", tmp_path / project / "docs", "--prune").code == 0
    assert {"All about alpha", "All about beta"} <= _titles(guildhall)


def test_guides_import_full_disk_is_refused_and_goes_on_later(instance: Instance, folder: Path) -> None:
    with closing(sqlite3.connect(instance.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    instance.settings["GUILDHALL_GUIDES_SEMANTIC"] = "off"
    (folder / "first.md").write_text("# First steps\n\n" + "Begin with a small account.\n\n" * 3000)
    outcome = instance.run("guides", "import", folder, under=DISK_IS_FULL)
    assert outcome.code == 2
    assert outcome.problems[-1].startswith("guildhall: the import ended after 0 files; run the same command again")
    assert all(line.startswith("guildhall: ") for line in outcome.problems)
    assert instance.run("guides", "import", folder).out == "handbook: 2 files, 2 created.\n"


def test_guides_import_stopped_by_ctrl_c_says_how_to_go_on(instance: Instance, tmp_path: Path) -> None:
    instance.settings["GUILDHALL_GUIDES_SEMANTIC"] = "off"
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(150):
        (folder / f"{number:03}.md").write_text(f"# Guide {number}\n\n{'Text of it. ' * 50}\n")
    process = instance.start("guides", "import", folder)
    _wait_until_imported(instance, 20)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert "run the same command again" in err.splitlines()[0]
    assert err.splitlines()[-1] == "guildhall: stopped."
    rest = instance.run("guides", "import", folder)
    assert rest.code == 0
    assert "unchanged" in rest.out


def _wait_until_imported(instance: Instance, count: int) -> None:
    with closing(sqlite3.connect(instance.database)) as connection:
        while True:
            found = connection.execute("SELECT count(*) FROM telegram_guides WHERE source_path LIKE 'many/%'")
            if found.fetchone()[0] >= count:
                return


def test_guides_export_round_trip_keeps_every_guide(
    guildhall: Command,
    command_on: Callable[[Instance], Command],
    empty_instance_beside: Instance,
    folder: Path,
    tmp_path: Path,
) -> None:
    guildhall("guides", "import", folder)
    assert guildhall("guides", "export", tmp_path / "out").code == 0
    other = command_on(empty_instance_beside)
    assert other("init", "--no-samples").code == 0
    assert other("guides", "import", tmp_path / "out", GUILDHALL_GUIDES_SEMANTIC="off").err == ""
    assert other("guides", "export", tmp_path / "again").code == 0
    assert _contents(tmp_path / "again") == _contents(tmp_path / "out")
    assert len(_contents(tmp_path / "out")) == 14


def _contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def empty_instance_beside(tmp_path: Path) -> Instance:
    """A second instance, on which nothing was ever run."""
    return Instance(tmp_path / "other")


def test_guides_import_of_one_file_counts_one(guildhall: Command, tmp_path: Path) -> None:
    (tmp_path / "alone.md").write_text("# Alone\n\nOne file.\n")
    assert ": 1 file, 1 created." in guildhall("guides", "import", tmp_path / "alone.md").out
