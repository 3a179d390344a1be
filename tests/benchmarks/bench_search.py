"""Searching 10,000 guides, against the bare full-text statement on the same database in the same run."""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import text

from adapters.sql.tables.search import index_of
from application.guides.library import GuideDraft
from domain.identity import GUEST, OPERATOR
from entrypoints.container import Container, sql_container
from entrypoints.settings import Settings
from tests.benchmarks.result import Result

GUIDES = 10_000
BATCH = 250
QUERIES = 200
VOCABULARY = 20_000
STOP_WORDS = 50
_INDEX = index_of(GUEST.role)
_BARE = text(f"SELECT rowid FROM {_INDEX} WHERE {_INDEX} MATCH :query ORDER BY rank LIMIT 20")


async def run() -> list[Result]:
    """p95 of the use case and of the statement over the same queries, interleaved."""
    with tempfile.TemporaryDirectory() as name:
        container = sql_container(Settings(data_dir=Path(name)))
        try:
            await container.migrator().upgrade()
            chance = random.Random(20_261_121)
            words = _words(chance)
            await _fill(container, chance, words)
            return await _measure(container, chance, words)
        finally:
            await container.database().dispose()


def _words(chance: random.Random) -> list[str]:
    letters = "bcdfghklmnprstvw"
    return ["".join(chance.choice(letters) + chance.choice("aeiou") for _ in range(4)) for _ in range(VOCABULARY)]


def _sentence(chance: random.Random, words: list[str], length: int) -> str:
    # Frequencies as in language without its stop words: the word of rank r stands about 1/r as often as the first.
    ranks = (STOP_WORDS * (VOCABULARY / STOP_WORDS) ** chance.random() for _ in range(length))
    return " ".join(words[min(VOCABULARY - 1, int(rank))] for rank in ranks)


async def _fill(container: Container, chance: random.Random, words: list[str]) -> None:
    library = container.guide_library()
    for _ in range(GUIDES // BATCH):
        async with container.unit_of_work() as work:
            for _ in range(BATCH):
                body = "\n\n".join(
                    f"## {_sentence(chance, words, 4)}\n\n{_sentence(chance, words, 60)}." for _ in range(4)
                )
                draft = GuideDraft(title=_sentence(chance, words, 6), category="risk", body=body)
                await library.add(work, library.check(draft), None)
            await work.commit()


async def _measure(container: Container, chance: random.Random, words: list[str]) -> list[Result]:
    queries = [_sentence(chance, words, chance.randint(2, 4)) for _ in range(QUERIES)]
    search, finder, analyzer = container.guide_search(), container.passage_finder(), container.analyzer()
    database = container.database()

    async def bare(query: str) -> None:
        terms = " OR ".join(f'"{term.value}"' for term in analyzer.terms(query))
        async with database.read() as connection:
            (await connection.execute(_BARE, {"query": terms})).all()

    async def searched(query: str) -> None:
        await search.search(GUEST, query, 20)

    async def asked(query: str) -> None:
        await finder.find(query, OPERATOR.role, 6)

    took: dict[str, list[float]] = {"bare": [], "search": [], "ask": []}
    calls: dict[str, Callable[[str], Awaitable[None]]] = {"bare": bare, "search": searched, "ask": asked}
    for query in (*queries[:20], *queries):
        for name, call in calls.items():
            begun = time.perf_counter()
            await call(query)
            took[name].append(time.perf_counter() - begun)
    p95 = {name: statistics.quantiles(times[20:], n=20)[18] for name, times in took.items()}
    note = f"{GUIDES} guides, {QUERIES} queries of 2 to 4 words, p95; bare statement {p95['bare'] * 1000:.2f} ms"
    return [
        Result(
            "search", "guide search against the bare statement", p95["search"] / p95["bare"], "ratio", 3.0, note=note
        ),
        Result("search", "passages of a question against it", p95["ask"] / p95["bare"], "ratio"),
        Result("search", "guide search", p95["search"] * 1000, "ms"),
    ]


if __name__ == "__main__":
    for result in asyncio.run(run()):
        print(result)
