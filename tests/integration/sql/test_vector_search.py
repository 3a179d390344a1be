"""The vectors that a process keeps in memory are those of the database, whoever writes them."""

import asyncio
from array import array
from collections.abc import Sequence

from adapters.sql.database import Database
from adapters.sql.passages import SqlPassageQueries
from adapters.sql.vector_search import SLACK
from application.ports.guides import PassageQueries, PassageText
from domain.guides import Guide
from domain.identity import Role
from tests.contract.test_passage_queries import indexed
from tests.support.backend import Backend
from tests.support.given import stored_guide

MODEL = "a-model"
EAST = array("f", (1.0, 0.0))


async def embedded(backend: Backend) -> int:
    """Every passage that lacks one gets a vector; how many were kept."""
    texts = await backend.passages.lacking_vectors(MODEL, 10_000)
    async with backend.unit_of_work() as work:
        kept = await work.passages.keep_vectors(MODEL, [(text, EAST) for text in texts])
        await work.commit()
    return kept


async def texts(queries: PassageQueries) -> list[str]:
    """The texts of all that is found."""
    found = (await queries.nearest(EAST, MODEL, Role.OWNER, 10_000)).found
    return sorted(candidate.passage.text for candidate in found)


async def replaced(backend: Backend, guide: Guide, *words: str) -> None:
    await indexed(backend, guide, *((word,) for word in words))


async def test_vector_search_of_another_process_finds_what_is_new_and_nothing_that_is_gone(
    backend: Backend, database: Database
) -> None:
    others = [SqlPassageQueries(database) for _ in range(2)]
    first, second = await stored_guide(backend, "a"), await stored_guide(backend, "b")
    expected: Sequence[str] = []
    for words in (("one", "two"), ("three",), ("four", "five", "six"), ()):
        await replaced(backend, first, *words)
        await replaced(backend, second, *(f"{word}2" for word in words))
        assert await texts(others[0]) == []
        await embedded(backend)
        expected = sorted([*words, *(f"{word}2" for word in words)])
        for queries in (backend.passages, *others):
            assert await texts(queries) == expected
    assert expected == []


async def test_vector_search_keys_used_again_lead_to_no_vector_of_before(backend: Backend, database: Database) -> None:
    """SQLite gives a deleted row's number to the next row."""
    guide = await stored_guide(backend, "a", terms=("old",))
    await embedded(backend)
    assert await texts(backend.passages) == ["old"]
    await replaced(backend, guide, "new")
    assert await texts(backend.passages) == []
    async with database.read() as connection:
        left = (await connection.exec_driver_sql("SELECT count(*) FROM guide_passage_vectors")).scalar_one()
    assert left == 0


async def test_vector_search_lets_go_of_vectors_that_are_gone(backend: Backend, database: Database) -> None:
    queries = SqlPassageQueries(database)
    guide = await stored_guide(backend, "a")
    await replaced(backend, guide, *(f"word{number}" for number in range(SLACK)))
    await embedded(backend)
    assert len(await texts(queries)) == SLACK
    await replaced(backend, guide, "one", "two")
    await embedded(backend)
    assert await texts(queries) == ["one", "two"]
    assert len(queries._vectors._matrix or ()) == SLACK + 2
    for _ in range(2):
        await replaced(backend, guide, "three", "four")
        await embedded(backend)
        await texts(queries)
    assert len(queries._vectors._matrix or ()) == 2


async def test_vector_search_cut_off_while_it_reads_is_whole_afterwards(backend: Backend, database: Database) -> None:
    guide = await stored_guide(backend, "a")
    words = [f"word{number}" for number in range(1_200)]
    await replaced(backend, guide, *words)
    await embedded(backend)
    queries = SqlPassageQueries(database)
    for moment in range(12):
        task = asyncio.create_task(texts(queries))
        await asyncio.sleep(moment * 0.003)
        task.cancel()
        await asyncio.wait({task})
    assert await texts(queries) == sorted(words)
    assert len(queries._vectors._matrix or ()) == len(words)


async def test_vector_search_vectors_and_changes_of_guides_race_without_harm(backend: Backend) -> None:
    guides = [await stored_guide(backend, f"{number}", terms=("word0",)) for number in range(3)]
    words = 0

    async def change(guide: Guide) -> None:
        nonlocal words
        for _ in range(8):
            words += 1
            await replaced(backend, guide, f"word{words}", f"more{words}")

    async def embed() -> None:
        for _ in range(12):
            await embedded(backend)

    await asyncio.gather(*(change(guide) for guide in guides), *(embed() for _ in range(3)))
    await embedded(backend)
    lacking: Sequence[PassageText] = await backend.passages.lacking_vectors(MODEL, 10)
    assert lacking == []
    assert len(await texts(backend.passages)) == 6
