"""Any operations on the library give the same answers as in memory."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.guides import GuideFilter
from domain.guides import Difficulty, GuideId, SavedGuide, SavedGuideId
from domain.identity import MemberId, Role
from tests.support.backend import Backend, memory_backend
from tests.support.given import new_guide, passage, stored_member
from tests.support.lockstep import Lockstep

TERMS = ("stop", "loss", "stopped", "größe", "x_1")
_OPERATION = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(
            ["add", "add", "revise", "retire", "restore", "delete", "index", "save", "open", "read", "remove", "wait"]
        ),
        "pick": st.integers(0, 9),
        "title": st.sampled_from(["alpha", "Alpha", "BETA", "Émile", "ß", "ss", "2"]),
        "category": st.sampled_from(["risk", "trading"]),
        "role": st.sampled_from(Role),
        "tags": st.lists(st.sampled_from(["a", "b"]), max_size=2),
        "difficulty": st.sampled_from(Difficulty),
        "path": st.sampled_from([None, "lib/a.md", "lib/b.md", "lib2/a.md"]),
        "terms": st.lists(st.lists(st.sampled_from(TERMS), min_size=1, max_size=4).map(tuple), max_size=3),
    }
)
Operation = dict[str, object]


@pytest.fixture
def lockstep(backend: Backend) -> Lockstep:
    return Lockstep(backend, memory_backend())


class Library:
    """Applies operations to guides picked from all that ever were, deleted ones included."""

    def __init__(self, lockstep: Lockstep, reader: MemberId) -> None:
        self.lockstep = lockstep
        self.reader = reader
        self.guides: list[GuideId] = []

    async def apply(self, operation: Operation) -> None:
        kind = operation["kind"]
        if kind == "wait":
            for backend in (self.lockstep.model, self.lockstep.tested):
                backend.clock.advance(timedelta(seconds=operation["pick"]))
        elif kind == "add":
            added = await self.lockstep.agree(lambda backend: self._add(backend, operation))
            self.guides += [added] if not isinstance(added, type) else []
        elif self.guides:
            guide_id = self.guides[operation["pick"] % len(self.guides)]
            change = self._collect if kind in {"save", "open", "read", "remove"} else self._change
            await self.lockstep.agree(lambda backend: change(backend, operation, guide_id))

    async def _add(self, backend: Backend, operation: Operation) -> GuideId:
        guide = self._made(backend, operation)
        async with backend.unit_of_work() as work:
            await work.guides.add(guide)
            await work.passages.replace(guide.id, _passages(operation["terms"]))
            await work.commit()
        return guide.id

    async def _change(self, backend: Backend, operation: Operation, guide_id: GuideId) -> object:
        made, now = self._made(backend, operation), backend.clock.now()
        async with backend.unit_of_work() as work:
            guide = await work.guides.get(guide_id)
            match operation["kind"]:
                case "delete":
                    guide.delete()
                    await work.guides.delete(guide)
                case "index":
                    await work.passages.replace(guide_id, _passages(operation["terms"]))
                case "revise":
                    guide.revise(made.content, now)
                    await work.guides.save(guide)
                case "retire" | "restore" as change:
                    getattr(guide, change)(now)
                    await work.guides.save(guide)
            await work.commit()
        return guide.version

    async def _collect(self, backend: Backend, operation: Operation, guide_id: GuideId) -> object:
        key, now = (self.reader, guide_id), backend.clock.now()
        async with backend.unit_of_work() as work:
            saved = await work.saved_guides.find(*key)
            match operation["kind"]:
                case "save":
                    await work.saved_guides.add(SavedGuide(SavedGuideId(backend.ids.new()), *key, now))
                case "remove":
                    await work.saved_guides.remove(*key)
                case "open" | "read" as change if saved is not None:
                    saved.viewed(now)
                    saved.is_read = change == "read"
                    await work.saved_guides.save(saved)
                    await work.guides.count_view(guide_id)
            await work.commit()
        return saved is not None

    def _made(self, backend: Backend, operation: Operation) -> object:
        return new_guide(
            backend,
            operation["title"],
            category=operation["category"],
            role=operation["role"],
            tags=operation["tags"],
            difficulty_level=operation["difficulty"],
            source_path=operation["path"],
        )


def _passages(terms: Sequence[tuple[str, ...]]) -> list[object]:
    return [passage(each, position=position, title_terms=("title",)) for position, each in enumerate(terms)]


async def shown(backend: Backend, reader: MemberId, where: GuideFilter, role: Role) -> list[object]:
    """All that a reader of this role sees of the library, page by page."""
    answers: list[object] = [await backend.guides.categories(role)]
    for walk in (
        lambda cursor: backend.guides.page(reader, role, where, cursor, 2),
        lambda cursor: backend.guides.saved(reader, role, unread_only=where.include_retired, cursor=cursor, limit=2),
    ):
        cursor = None
        while True:
            page = await walk(cursor)
            answers.append(page.items)
            cursor = page.next_cursor
            if cursor is None:
                break
    answers.append(list(await backend.guides.continue_reading(reader, role, 5)))
    return answers


async def searched(backend: Backend, terms: Sequence[str], role: Role, category: str | None) -> object:
    """What a search finds, in an order of our own, with its numbers."""
    candidates = await backend.passages.candidates(terms, role, 100, category=category)
    found = sorted(candidates.found, key=lambda one: (one.guide_id, one.passage.position))
    words = list(await backend.passages.vocabulary("", role, 10))
    return found, candidates.passage_count, candidates.average_length, dict(candidates.frequencies), words


async def walked(backend: Backend, reader: MemberId, guide_id: GuideId, role: Role) -> object:
    """One guide and the next in its category."""
    return (
        await backend.guides.view(reader, role, guide_id),
        await backend.guides.summaries(None, role, [guide_id]),
        await backend.guides.next_in_category(reader, role, guide_id),
    )


@settings(max_examples=6)
@given(
    operations=st.lists(_OPERATION, min_size=10, max_size=30),
    where=st.builds(
        GuideFilter,
        category=st.sampled_from([None, "risk"]),
        difficulty_level=st.sampled_from([None, Difficulty.BEGINNER]),
        tag=st.sampled_from([None, "a"]),
        include_retired=st.booleans(),
    ),
)
async def test_library_after_any_operations_answers_as_in_memory(
    lockstep: Lockstep, operations: list[Operation], where: GuideFilter
) -> None:
    name = f"reader-{lockstep.model.ids.new().hex}"
    lockstep.tested.ids.new()
    readers = [(await stored_member(backend, name)).id for backend in (lockstep.model, lockstep.tested)]
    assert readers[0] == readers[1]
    library = Library(lockstep, readers[0])
    for operation in operations:
        await library.apply(operation)
    for role in Role:
        await lockstep.agree(lambda backend, role=role: shown(backend, library.reader, where, role))
        await lockstep.agree(lambda backend, role=role: searched(backend, TERMS, role, where.category))
        for guide_id in library.guides:
            await lockstep.agree(
                lambda backend, role=role, guide_id=guide_id: walked(backend, library.reader, guide_id, role)
            )
    await lockstep.agree(paths)


async def paths(backend: Backend) -> object:
    """What imports and exports read."""
    async with backend.unit_of_work() as work:
        found = await work.guides.source_paths("lib")
        count = await work.guides.count()
    return found, count, list(await backend.guides.all_active(Role.ADMIN))
