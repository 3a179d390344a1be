"""Questions in plain words about the sample guides: is the right guide found, and is the rest refused?

`python -m tests.benchmarks.answers.bench_answers` prints a table and a line of JSON. SQLite always, PostgreSQL when it
answers. Both files of questions are lists of {"question", "guide": "<category>/<file>" or null, "heading", "origin"}.

`questions.json` was looked at four times while the ranking was chosen. `questions_fresh.json` was written blind on
2026-11-21, after the weights were fixed, by somebody who had read the guides but neither the ranking nor the older
questions; some turned out to ask the same. Its first measurement is in decision 13. From that look on it is no longer
unseen either.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from adapters.embeddings.sentence_encoder import SentenceEncoder
from adapters.memory.bus import InMemoryBus
from adapters.memory.system import ManualClock, SequentialIds
from adapters.sql.database import Database
from adapters.sql.guide_queries import SqlGuideQueries
from adapters.sql.migrator import Migrator
from adapters.sql.passages import SqlPassageQueries
from adapters.sql.unit_of_work import SqlUnitOfWork
from adapters.text.analyzer import SnowballAnalyzer
from adapters.text.front_matter import FrontMatterFormat
from application.guides.embedding import PassageEmbedding
from application.guides.importing import GuideTransfer
from application.guides.library import GuideLibrary
from application.guides.search import PassageFinder
from application.ports.guides import GuideFile
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.guides import DEFAULT_CATEGORIES
from domain.identity import OPERATOR
from tests.benchmarks.result import Result
from tests.support.services import PostgresServer

QUESTIONS = {
    "answers": Path(__file__).with_name("questions.json"),
    "fresh answers": Path(__file__).with_name("questions_fresh.json"),
}
GUIDES = Path(__file__).parents[3] / "entrypoints" / "samples" / "guides"
COLLECTION = "samples"
ASKED = 10


@dataclass(frozen=True, slots=True)
class Question:
    """One question and the guide that answers it; None when none does."""

    question: str
    guide: str | None
    heading: str | None
    origin: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a question: the place of its guide among those found (0: absent), and whether it was refused."""

    question: Question
    place: int
    is_heading_first: bool
    refused: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares from 0 to 1. `answered` are answerable questions whose guide came first and that were not refused."""

    asked: str
    engine: str
    by: str
    answerable: int
    recall_at_1: float
    recall_at_3: float
    right_heading: float
    answered: float
    unanswerable: int
    refusals: float


def questions(file: Path) -> list[Question]:
    """The questions of a file as they were written, before they were measured."""
    found = [Question(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))]
    return [replace(each, guide=each.guide and each.guide.removesuffix(".md")) for each in found]


async def ask(engine: str, url: str, asked: Mapping[str, Sequence[Question]]) -> list[tuple[Figures, list[Asked]]]:
    """Load the sample guides into an empty database and ask everything twice: by words alone, then by meaning too.

    `asked` are the questions of each set by its name.
    """
    await Migrator(url).upgrade()
    database = Database(url)
    try:
        paths = await _load(database)
        queries, analyzer, encoder = SqlPassageQueries(database), SnowballAnalyzer(), SentenceEncoder()
        measured = []
        for by, finder in (
            ("words", PassageFinder(queries, analyzer)),
            ("meaning", PassageFinder(queries, analyzer, encoder)),
        ):
            if by == "meaning":
                async for _ in PassageEmbedding(_units(database), queries, encoder).embed_lacking(OPERATOR, at_once=2):
                    pass
            for name, group in asked.items():
                outcomes = [await _outcome(finder, question, paths) for question in group]
                measured.append((_figures(name, engine, by, outcomes), outcomes))
    finally:
        await database.dispose()
    return measured


def _units(database: Database) -> UnitOfWorkFactory:
    bus, clock = InMemoryBus(), ManualClock()
    return lambda: SqlUnitOfWork(database, bus, clock)


async def _load(database: Database) -> dict[str, str]:
    """The path of each guide by its id."""
    unit_of_work, clock, ids = _units(database), ManualClock(), SequentialIds()
    library = GuideLibrary(unit_of_work, SnowballAnalyzer(), clock, ids, DEFAULT_CATEGORIES)
    transfer = GuideTransfer(unit_of_work, library, SqlGuideQueries(database), FrontMatterFormat(), clock)
    files = [
        GuideFile(path.relative_to(GUIDES).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(GUIDES.rglob("*.md"))
    ]
    async for outcome in transfer.import_files(OPERATOR, COLLECTION, files):
        if outcome.error is not None:
            raise RuntimeError(f"{outcome.path}: {outcome.error}")
    async with unit_of_work() as work:
        known = await work.guides.source_paths(COLLECTION)
    return {str(guide_id): path.removeprefix(f"{COLLECTION}/").removesuffix(".md") for path, guide_id in known.items()}


async def _outcome(finder: PassageFinder, question: Question, paths: dict[str, str]) -> Asked:
    found = await finder.find(question.question, OPERATOR.role, ASKED)
    guides = list(dict.fromkeys(paths[str(each.candidate.guide_id)] for each in found.passages))
    place = guides.index(question.guide) + 1 if question.guide in guides else 0
    first = found.passages[0].candidate.passage.heading if found.passages else ""
    is_heading_first = place == 1 and (question.heading or "").casefold() in first.casefold()
    return Asked(question, place, is_heading_first, not found.confident)


def _figures(asked: str, engine: str, by: str, outcomes: Sequence[Asked]) -> Figures:
    answerable = [each for each in outcomes if each.question.guide is not None]
    unanswerable = [each for each in outcomes if each.question.guide is None]

    def share(held: Sequence[bool]) -> float:
        return sum(held) / len(held) if held else 0.0

    return Figures(
        asked=asked,
        engine=engine,
        by=by,
        answerable=len(answerable),
        recall_at_1=share([each.place == 1 for each in answerable]),
        recall_at_3=share([1 <= each.place <= 3 for each in answerable]),
        right_heading=share([each.is_heading_first for each in answerable]),
        answered=share([each.place == 1 and not each.refused for each in answerable]),
        unanswerable=len(unanswerable),
        refusals=share([each.refused for each in unanswerable]),
    )


async def measure() -> list[tuple[Figures, list[Asked]]]:
    """The figures of each engine that is there, by words alone and by meaning too, for each set of questions."""
    asked = {name: questions(file) for name, file in QUESTIONS.items()}
    with tempfile.TemporaryDirectory() as folder:
        measured = await ask("sqlite", f"sqlite+aiosqlite:///{folder}/answers.db", asked)
    server = PostgresServer.from_environment()
    if server.problem() is None:
        with server.temporary_database() as url:
            measured += await ask("postgresql", url.replace("postgresql://", "postgresql+asyncpg://", 1), asked)
    return measured


async def run() -> list[Result]:
    """The figures with their bounds."""
    results = []
    for figures, _ in await measure():
        name, bound = f"{figures.asked} ({figures.engine}, by {figures.by})", figures.by == "meaning"
        results += [
            Result(name, "recall@1", figures.recall_at_1, at_least=0.85 if bound else None),
            Result(name, "recall@3", figures.recall_at_3, at_least=0.95 if bound else None),
            Result(name, "honest refusals", figures.refusals, at_least=0.85),
            Result(name, "right guide first and answered", figures.answered),
        ]
    return results


def main() -> None:
    """Print the table, the line of JSON, and nothing about single questions: nobody should tune to them."""
    measured = [figures for figures, _ in asyncio.run(measure())]
    table = Table("questions", "engine", "by", "recall@1", "recall@3", "right heading", "answered", "refusals")
    for figures in measured:
        shares = (figures.recall_at_1, figures.recall_at_3, figures.right_heading, figures.answered, figures.refusals)
        table.add_row(figures.asked, figures.engine, figures.by, *(f"{share:.3f}" for share in shares))
    console = Console()
    console.print(table)
    console.print(json.dumps([asdict(figures) for figures in measured]), soft_wrap=True, markup=False, highlight=False)


if __name__ == "__main__":
    main()
