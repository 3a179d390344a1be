"""The top level, the size of files, and the tables that must name every error."""

import inspect
from collections.abc import Collection, Iterable, Mapping

from domain import errors
from domain.errors import GuildhallError
from entrypoints.http.problems import STATUS_OF
from tests.architecture.sources import FLOORS, ROOT, Source, sources

FOLDERS = {*FLOORS, "tests", "docs"}
BUILT = {"build", "dist", "htmlcov"}
MAX_LINES = 250

# A revision is written once and never grows.
REVISIONS = "adapters/sql/migrations/versions/"

# Long because each is one vocabulary that is read as a whole; a second subject in one of them is a reason to split it.
LONG = {
    "domain/chat.py": "sessions, messages and the one state machine of a reply",
    "application/ports/chat.py": "declarations only: the ports of chat with their promises",
    "application/ports/guides.py": "declarations only: the ports of guides with their promises",
    "application/ports/identity.py": "declarations only: the ports of identity with their promises",
    "entrypoints/container.py": "wiring only: every provider of the composition root",
    "application/guides/_words.py": "data: general word lists of English, a line a family",
}


def too_long(found: Iterable[Source], limit: int) -> dict[str, int]:
    """The files above the limit, with their lines."""
    lengths = {source.path: len(source.text.splitlines()) for source in found}
    return {path: lines for path, lines in lengths.items() if lines > limit}


def error_classes() -> list[type[GuildhallError]]:
    """All errors of the domain but their base."""
    found = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, GuildhallError)]
    return [one for one in found if one is not GuildhallError]


def without_row(classes: Iterable[type[GuildhallError]], table: Mapping[type[GuildhallError], object]) -> list[str]:
    """The errors that the table does not name themselves; a row of their base does not count."""
    return [one.__name__ for one in classes if one not in table]


def strangers(names: Iterable[str], known: Collection[str]) -> set[str]:
    """Folders that the layout does not name; hidden and generated ones do not count."""
    return {name for name in names if not name.startswith(".") and not name.endswith(".egg-info") and name not in known}


def test_layout_top_level_has_only_known_folders() -> None:
    folders = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"]

    assert strangers(folders, FOLDERS | BUILT) == set()
    assert set(folders) >= FOLDERS


def test_layout_planted_folder_caught() -> None:
    assert strangers(["domain", ".git", "utils"], FOLDERS) == {"utils"}


def test_layout_code_files_stay_small() -> None:
    found = [source for source in sources(*FLOORS) if not source.path.startswith(REVISIONS)]
    long = too_long(found, MAX_LINES)

    assert found
    assert set(long) - set(LONG) == set(), long
    assert set(LONG) - set(long) == set(), "no longer long: take them off the list"


def test_layout_planted_long_file_caught() -> None:
    assert too_long([Source("domain/long.py", "x = 1\n" * 251), Source("domain/b.py", "x = 1\n" * 250)], 250) == {
        "domain/long.py": 251
    }


def test_layout_every_floor_is_a_typed_package() -> None:
    missing = [
        f"{floor}/{name}"
        for floor in FLOORS
        for name in ("__init__.py", "py.typed")
        if not (ROOT / floor / name).is_file()
    ]

    assert missing == []


def test_errors_http_table_names_every_class() -> None:
    classes = error_classes()

    assert len(classes) > 5
    assert without_row(classes, STATUS_OF) == []


def test_errors_planted_class_without_row_caught() -> None:
    classes = error_classes()

    assert without_row([errors.StaleVersion], {errors.Conflict: 409}) == ["StaleVersion"]
    assert without_row(classes, dict.fromkeys(classes, 400)) == []


def test_errors_codes_are_own_and_distinct() -> None:
    codes = [one.__dict__.get("code") for one in error_classes()]

    assert None not in codes
    assert len(set(codes)) == len(codes)
