"""Importing and exporting: idempotent by path, honest about each file, and the same in both directions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.guides.importing import ImportAction, ImportedFile
from domain.errors import NotAllowed
from domain.guides import DEFAULT_CATEGORIES
from domain.identity import GUEST, OPERATOR, Role
from tests.unit.guides.conftest import LibraryWorld

STOPS = "---\ntitle: Stops\ncategory: risk\ndifficulty: advanced\ntags: [stop, loss]\nrole: SUBSCRIBER\n---\nText.\n"
CREATED, UPDATED, UNCHANGED = ImportAction.CREATED, ImportAction.UPDATED, ImportAction.UNCHANGED
RETIRED, FAILED = ImportAction.RETIRED, ImportAction.FAILED


async def test_import_front_matter_fills_every_field(world: LibraryWorld) -> None:
    await world.import_texts({"a.md": STOPS})

    (guide,) = await world.guides()

    assert (guide.title, guide.category, guide.difficulty_level.name) == ("Stops", "risk", "ADVANCED")
    assert (guide.tags, guide.minimum_role.name) == (("stop", "loss"), "SUBSCRIBER")


@pytest.mark.parametrize(
    ("path", "text", "title", "category"),
    [
        ("x.md", "# First heading\n\nText", "First heading", "platform"),
        ("x.md", "Intro\n\nSetext title\n====\n\nText", "Setext title", "platform"),
        ("x.md", "```sh\n# install it\n```\n\n# After the code\n", "After the code", "platform"),
        (
            "x.md",
            "# `CORS` for *every* [route](r.md) <small>now</small> { #cors .x }\n",
            "CORS for every route now",
            "platform",
        ),
        ("x.md", f"# Wide{' ' * 500}gap ##\n", "Wide gap", "platform"),
        ("risk/deep/x.md", "## Small\n", "Small", "risk"),
        ("some file.md", "no heading at all", "some file", "platform"),
    ],
    ids=["atx", "setext", "code", "markup", "wide", "folder", "file-name"],
)
async def test_import_plain_file_takes_title_and_category_from_its_surroundings(
    world: LibraryWorld, path: str, text: str, title: str, category: str
) -> None:
    await world.import_texts({path: text})

    (guide,) = await world.guides()

    assert (guide.title, guide.category) == (title, category)


async def test_import_twice_skips_unchanged_files_and_updates_changed_ones(world: LibraryWorld) -> None:
    first = await world.import_texts({"a.md": "# A", "b.md": "# B"})
    second = await world.import_texts({"a.md": "# A", "b.md": "# B, revised"})

    assert first == {"a.md": CREATED, "b.md": CREATED}
    assert second == {"a.md": UNCHANGED, "b.md": UPDATED}
    assert await world.titles() == ["A", "B, revised"]


async def test_import_with_prune_retires_missing_files_and_brings_them_back(world: LibraryWorld) -> None:
    await world.import_texts({"a.md": "# A", "b.md": "# B"})

    pruned = await world.import_texts({"a.md": "# A"}, prune=True)
    after = await world.titles()
    back = await world.import_texts({"a.md": "# A", "b.md": "# B"})

    assert (pruned, after) == ({"a.md": UNCHANGED, "b.md": RETIRED}, ["A"])
    assert back == {"a.md": UNCHANGED, "b.md": UPDATED}
    assert await world.titles() == ["A", "B"]


async def test_import_with_prune_leaves_other_collections_and_failed_files_alone(world: LibraryWorld) -> None:
    await world.import_texts({"a.md": "# A"})
    other = world.transfer.import_files(OPERATOR, "other", [], prune=True)
    failed = world.transfer.import_files(OPERATOR, "docs", [ImportedFile("a.md", FAILED, "cannot be read")], prune=True)

    assert [outcome async for outcome in other] == []
    assert [outcome.action async for outcome in failed] == [FAILED]
    assert await world.titles() == ["A"]


async def test_import_dry_run_tells_and_writes_nothing(world: LibraryWorld) -> None:
    await world.import_texts({"a.md": "# A", "b.md": "# B"})
    heard = len(world.heard)

    told = await world.import_texts({"a.md": "# A2", "c.md": "# C"}, prune=True, dry_run=True)

    assert told == {"a.md": UPDATED, "c.md": CREATED, "b.md": RETIRED}
    assert await world.titles() == ["A", "B"]
    assert len(world.heard) == heard


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        (" \n\t\n", "is empty"),
        ("---\ntitle: [broken\n---\nx", "front_matter: line"),
        ("---\ntitle: A\ncategory: cooking\n---\nx", "category: expected one of"),
        ("---\ntitle: A\nrole: KING\n---\nx", "role: expected one of"),
        ("---\ntitle: A\ndifficulty: hard\n---\nx", "difficulty: expected one of"),
        ("---\ntitle: A\nurl: ftp://x\n---\nx", "content_url: expected"),
        ("---\ntitle: {a: b}\n---\nx", "title: expected a text"),
        ("---\ntitle: A\ntags: {a: b}\n---\nx", "tags: expected a list"),
        ("# T\n\x00", "body: expected text"),
        ("# T\n" + "x" * 200_000, "body: expected at most"),
    ],
)
async def test_import_bad_file_is_reported_and_does_not_stop_the_rest(
    world: LibraryWorld, text: str, reason: str
) -> None:
    outcomes = await world.import_all({"bad.md": text, "good.md": "# Good"})

    assert [outcome.action for outcome in outcomes] == [FAILED, CREATED]
    assert reason in (outcomes[0].error or "")
    assert await world.titles() == ["Good"]


async def test_import_by_a_guest_is_not_allowed(world: LibraryWorld) -> None:
    with pytest.raises(NotAllowed):
        await anext(world.transfer.import_files(GUEST, "docs", []))
    with pytest.raises(NotAllowed):
        await world.transfer.export(GUEST)


OWNERS = "---\ntitle: Books\nrole: OWNER\n---\nThe figures.\n"


@pytest.mark.parametrize("text", [STOPS, OWNERS, OWNERS.replace("figures", "lies")], ids=["lower", "same", "other"])
async def test_import_by_an_admin_over_an_owners_guide_is_refused(world: LibraryWorld, text: str) -> None:
    await world.import_texts({"books.md": OWNERS})
    before = await world.guides()

    (outcome,) = await world.import_all({"books.md": text}, by=await world.member("admin", Role.ADMIN))

    assert (outcome.action, outcome.error) == (FAILED, "This needs the role OWNER.")
    assert await world.guides() == before


async def test_import_by_an_admin_of_a_guide_for_owners_is_refused(world: LibraryWorld) -> None:
    admin = await world.member("admin", Role.ADMIN)

    outcomes = await world.import_texts({"books.md": OWNERS, "stops.md": STOPS}, by=admin)

    assert outcomes == {"books.md": FAILED, "stops.md": CREATED}
    assert await world.titles() == ["Stops"]


async def test_import_by_an_admin_to_make_an_open_guide_the_owners_is_refused(world: LibraryWorld) -> None:
    await world.import_texts({"stops.md": STOPS})
    admin = await world.member("admin", Role.ADMIN)

    outcomes = await world.import_texts({"stops.md": STOPS.replace("SUBSCRIBER", "OWNER")}, by=admin)

    assert outcomes == {"stops.md": FAILED}
    assert await world.titles(admin) == ["Stops"]


@pytest.mark.parametrize("dry_run", [True, False])
async def test_import_with_prune_by_an_admin_leaves_owners_guides_unmentioned(
    world: LibraryWorld, *, dry_run: bool
) -> None:
    await world.import_texts({"books.md": OWNERS, "stops.md": STOPS})
    admin = await world.member("admin", Role.ADMIN)

    outcomes = await world.import_texts({}, by=admin, prune=True, dry_run=dry_run)

    assert outcomes == {"stops.md": RETIRED}
    assert await world.titles() == (["Books", "Stops"] if dry_run else ["Books"])


async def test_export_by_an_admin_holds_no_owners_guides(world: LibraryWorld) -> None:
    await world.import_texts({"books.md": OWNERS, "stops.md": STOPS})

    files = await world.transfer.export(await world.member("admin", Role.ADMIN))

    assert [file.path for file in files] == ["stops.md"]
    assert [file.path for file in await world.transfer.export(OPERATOR)] == ["books.md", "stops.md"]


_LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85"), max_size=40)
_GUIDES = st.fixed_dictionaries(
    {
        "title": st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=60),
        "description": _LINES,
        "body": st.lists(_LINES, max_size=6).map("\n".join),
        "category": st.sampled_from(DEFAULT_CATEGORIES),
        "tags": st.lists(st.text("abcdef -", min_size=1, max_size=8), max_size=3),
    }
)


@given(st.lists(_GUIDES, max_size=4))
async def test_export_then_import_gives_the_same_library(guides: list[dict[str, str]]) -> None:
    world, copy = LibraryWorld(), LibraryWorld()
    for number, guide in enumerate(guides):
        front = {key: guide[key] for key in ("title", "description", "category", "tags")}
        text = world.transfer._format.write(front, guide["body"])
        assert await world.import_texts({f"{number}.md": text}) == {f"{number}.md": CREATED}

    files = await world.transfer.export(OPERATOR)
    await copy.import_texts({file.path: file.text for file in files})

    assert [_content(guide) for guide in await world.guides()] == [_content(guide) for guide in await copy.guides()]
    assert sorted(file.text for file in files) == sorted(file.text for file in await copy.transfer.export(OPERATOR))


def _content(guide: object) -> tuple[object, ...]:
    names = ("title", "description", "content_url", "category", "difficulty_level", "tags", "minimum_role")
    return tuple(getattr(guide, name) for name in names)


async def test_imported_guides_of_a_collection_are_told_by_path_and_shelf(world: LibraryWorld) -> None:
    await world.import_texts({"b.md": "# B", "a.md": "# A", "c.md": "# C"})
    await world.import_texts({"b.md": "# B", "a.md": "# A"}, prune=True)

    async def titles(collection: str, *, retired: bool = False) -> list[str]:
        views = await world.transfer.imported(OPERATOR, collection, retired=retired)
        return [view.summary.title for view in views]

    assert (await titles("docs"), await titles("docs", retired=True)) == (["A", "B"], ["C"])
    assert (await titles("doc"), await titles("doc", retired=True)) == ([], [])


async def test_imported_guides_asked_for_by_a_guest_are_not_told(world: LibraryWorld) -> None:
    with pytest.raises(NotAllowed):
        await world.transfer.imported(GUEST, "docs")


async def test_imported_guides_asked_for_by_an_admin_hold_no_owners_ones(world: LibraryWorld) -> None:
    await world.import_texts({"a.md": "---\nrole: OWNER\n---\n# A", "b.md": "# B"})

    views = await world.transfer.imported(await world.member("ann", Role.ADMIN), "docs")

    assert [view.summary.title for view in views] == ["B"]
