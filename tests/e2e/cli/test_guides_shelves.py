"""`guildhall guides retire` and `restore`."""

from tests.e2e.cli.conftest import Command, assert_refused


def _ids(guildhall: Command, *options: str) -> list[str]:
    return [line.split()[0] for line in guildhall("guides", "list", *options).out.splitlines()]


def test_guides_retire_collection_takes_the_samples_off_and_restore_puts_them_back(guildhall: Command) -> None:
    before = _ids(guildhall)

    retired = guildhall("guides", "retire", "--collection", "samples", "--yes")
    after, kept = _ids(guildhall), _ids(guildhall, "--retired")
    restored = guildhall("guides", "restore", "--collection", "samples")

    assert (retired.code, restored.code) == (0, 0)
    assert len(before) == len(retired.out.splitlines()) > 0
    assert (after, kept) == ([], before)
    assert _ids(guildhall) == before


def test_guides_retire_collection_unconfirmed_changes_nothing(guildhall: Command) -> None:
    before = _ids(guildhall)

    shown = guildhall("guides", "retire", "--collection", "samples", "--dry-run")
    assert_refused(guildhall("guides", "retire", "--collection", "samples"), "nothing was changed", "--yes")

    assert [line.split()[0] for line in shown.out.splitlines()] != []
    assert {line.split()[1] for line in shown.out.splitlines()} == {"would"}
    assert _ids(guildhall) == before


def test_guides_retire_one_leaves_the_others_and_twice_is_harmless(guildhall: Command) -> None:
    first, *others = _ids(guildhall)

    assert guildhall("guides", "retire", first).code == 0
    again = guildhall("guides", "retire", first)

    assert (again.code, again.out) == (0, "Nothing to do: all is retired already.\n")
    assert _ids(guildhall) == others
    assert guildhall("guides", "restore", first).code == 0
    assert _ids(guildhall) == [first, *others]


def test_guides_retire_what_is_not_there_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("guides", "retire"), "GUIDE", "--collection")
    assert_refused(guildhall("guides", "retire", "first.md"), "GUIDE", "guides list")
    assert_refused(guildhall("guides", "retire", "00000000-0000-0000-0000-000000000000"), "no such guide")
    assert_refused(guildhall("guides", "restore", "--collection", "sample"), "--collection", "'sample'")
