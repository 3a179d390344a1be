"""The search indexes stay true to the rows, and terms stay whole on both engines."""

import pytest
from sqlalchemy import text

from adapters.sql.database import Database
from adapters.sql.tables.search import index_of
from domain.identity import Role
from tests.support.backend import Backend
from tests.support.given import new_guide, passage, posted, stored_guide, stored_member, stored_session

ODD_TERMS = (
    "snake_case",
    "_leading",
    "2024",
    "3d",
    "1e5",
    "naïve",
    "übung",
    "日本語",
    "ⅷ",
    "𞤀𞤁",
    "a" * 600,
    "o0o",
    "x_1",
)


async def counted(database: Database, *statements: str) -> list[int]:
    """The numbers that the statements give."""
    async with database.read() as connection:
        return [int((await connection.execute(text(statement))).scalar_one() or 0) for statement in statements]


async def test_search_index_keeps_every_kind_of_term_whole(backend: Backend) -> None:
    guide = await stored_guide(backend, "Odd words", terms=ODD_TERMS)
    await stored_guide(backend, "Parts", terms=("snake", "case", "leading", "naive", "x", "1", "日"))
    for term in ODD_TERMS:
        found = await backend.passages.candidates([term], Role.PUBLIC, 10)
        assert [candidate.guide_id for candidate in found.found] == [guide.id], term
        assert found.found[0].passage.terms == ODD_TERMS
        if len(term) < 500:
            assert found.frequencies == {term: 1}


async def test_search_index_of_thousands_of_query_terms_answers(backend: Backend) -> None:
    guide = await stored_guide(backend, "One", terms=("needle",))
    terms = [f"hay{number}" for number in range(3_000)]
    found = await backend.passages.candidates([*terms, "needle"], Role.PUBLIC, 10)
    assert [candidate.guide_id for candidate in found.found] == [guide.id]
    many = await stored_guide(backend, "Many", terms=tuple(terms))
    found = await backend.passages.candidates(terms, Role.PUBLIC, 10)
    assert [candidate.guide_id for candidate in found.found] == [many.id]


@pytest.mark.parametrize("query", ["' OR 1", '"', "a:b", "\\", "(", "*", "NEAR", "AND", "", "a b", "\0", "\ud800"])
async def test_search_index_takes_any_text_as_a_term_without_failing(backend: Backend, query: str) -> None:
    await stored_guide(backend, "One", terms=("needle",))
    found = await backend.passages.candidates([query], Role.PUBLIC, 10)
    assert found.found == ()
    assert found.passage_count == 1
    assert list(await backend.passages.vocabulary(query, Role.PUBLIC, 5)) in ([], ["needle"])


async def test_search_index_follows_retiring_restoring_replacing_and_deleting(
    backend: Backend, database: Database
) -> None:
    guide = await stored_guide(backend, "One", terms=("needle", "hay"))
    await stored_guide(backend, "Two", terms=("hay",))
    seen = []
    for change in ("retire", "restore", "replace", "delete"):
        async with backend.unit_of_work() as work:
            loaded = await work.guides.get(guide.id)
            if change == "delete":
                loaded.delete()
                await work.guides.delete(loaded)
            elif change == "replace":
                await work.passages.replace(guide.id, [passage(("straw",)), passage(("needle",), position=1)])
            else:
                getattr(loaded, change)(backend.clock.now())
                await work.guides.save(loaded)
            await work.commit()
        found = await backend.passages.candidates(["needle", "hay", "straw"], Role.OWNER, 10)
        seen.append((len(found.found), found.passage_count, tuple(found.frequencies.values())))
    assert seen == [
        (1, 1, (0, 1, 0)),
        (2, 2, (1, 2, 0)),
        (3, 3, (1, 1, 1)),
        (1, 1, (0, 1, 0)),
    ]
    assert await counted(database, "SELECT sum(passages) FROM guide_passage_totals") == [1]
    assert list(await backend.passages.vocabulary("", Role.PUBLIC, 10)) == ["hay"]


async def test_search_index_of_messages_is_empty_once_their_session_is_deleted(
    backend: Backend, database: Database
) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)
    for number in range(5):
        await posted(backend, session, f"Needle {number}")
    assert len(await backend.chat.search(owner.id, ["needle"], 10)) == 5
    async with backend.unit_of_work() as work:
        await work.chat_sessions.delete(await work.chat_sessions.get(session.id))
        await work.commit()
    assert list(await backend.chat.search(owner.id, ["needle"], 10)) == []
    counts = ["chat_messages", "chat_message_words", "chat_participants", "chat_session_usage"]
    assert await counted(database, *(f"SELECT count(*) FROM {table}" for table in counts)) == [0, 0, 0, 0]
    if database.is_sqlite:
        async with database.writer.begin() as connection:
            for table in ("chat_message_words_fts", *map(index_of, Role)):
                await connection.execute(text(f"INSERT INTO {table}({table}, rank) VALUES ('integrity-check', 1)"))


async def test_search_index_rolled_back_with_its_guide_finds_nothing(backend: Backend) -> None:
    guide = new_guide(backend, "One")
    async with backend.unit_of_work() as work:
        await work.guides.add(guide)
        await work.passages.replace(guide.id, [passage(("needle",))])
    found = await backend.passages.candidates(["needle"], Role.OWNER, 10)
    assert (found.found, found.passage_count, found.frequencies) == ((), 0, {"needle": 0})
