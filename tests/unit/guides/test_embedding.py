"""Vectors for passages, and questions answered by meaning, with an embedder in memory."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.embeddings.switched_off import SwitchedOff
from adapters.memory.embedder import WordEmbedder
from adapters.memory.event_log import InMemoryEventLog
from adapters.memory.passages import InMemoryPassageQueries
from application.guides.embedding import (
    BATCH,
    LOOK_SECONDS,
    QUIET_LOOKS,
    RETRY_SECONDS,
    EmbeddingInBackground,
    PassageEmbedding,
    embedded_text,
    vectors_name,
)
from application.guides.reindexing import GuideReindexing
from application.guides.search import FoundPassages, PassageFinder
from application.ports.embedding import Embedder, EmbedderUnavailable
from application.ports.guides import PassageText
from domain.errors import NotAllowed, Unavailable
from domain.guides import GuideId
from domain.identity import GUEST, OPERATOR, Role
from entrypoints.beside import Beside
from tests.support.analyzer import ANALYZER
from tests.unit.guides.conftest import LibraryWorld


def guide(title: str, *texts: str, role: str = "public") -> str:
    sections = "\n\n".join(f"## Part {number}\n\n{text}" for number, text in enumerate(texts))
    return f"---\ntitle: {title}\ncategory: risk\nrole: {role}\n---\n\n{sections}\n"


FILES = {
    "refunds.md": guide("Refunds", "Payments are returned within a week.", "Ask in the billing settings."),
    "plants.md": guide("Plants", "Water them in the morning."),
    "vault.md": guide("Vault", "Refunds of everything.", role="owner"),
}
MEANINGS = {"frobnik": "refunds", "zorbl": "payments"}


class Embedding:
    """The embedding of one library."""

    def __init__(self, world: LibraryWorld, embedder: Embedder | None = None) -> None:
        self.world = world
        self.embedder = WordEmbedder(MEANINGS)
        self.queries = InMemoryPassageQueries(world.store)
        self.use_case = PassageEmbedding(world.unit_of_work, self.queries, embedder or self.embedder)
        self.background = EmbeddingInBackground(self.use_case, InMemoryEventLog(world.store), world.clock)
        self.finder = PassageFinder(self.queries, ANALYZER, embedder or self.embedder)

    async def run(self, at_once: int = 1) -> list[int]:
        """Embed all; what was yielded."""
        return [count async for count in self.use_case.embed_lacking(OPERATOR, at_once=at_once)]

    async def lacking(self) -> int:
        """How many passages have no vector."""
        return await self.use_case.count_lacking()

    async def find(self, question: str, role: Role = Role.PUBLIC) -> FoundPassages:
        """The best passages."""
        return await self.finder.find(question, role, 3)


@pytest.fixture
async def embedding(world: LibraryWorld) -> Embedding:
    """Three guides of four passages, none of them embedded."""
    await world.import_texts(FILES)
    return Embedding(world)


@pytest.fixture
async def in_background(embedding: Embedding) -> AsyncIterator["asyncio.Task[None]"]:
    """The background's task, from its first look on."""
    task = asyncio.create_task(embedding.background.run())
    await settle()
    yield task
    task.cancel()
    await asyncio.wait({task})


async def settle() -> None:
    """Let everything run that waits for no clock."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_embedding_gives_every_passage_its_vector(embedding: Embedding) -> None:
    assert await embedding.lacking() == 4
    assert sum(await embedding.run()) == 4
    assert await embedding.lacking() == 0
    assert await embedding.run() == []


async def test_embedding_text_says_where_the_passage_stands() -> None:
    key = (GuideId(None), 0)  # type: ignore[arg-type]
    assert embedded_text(PassageText(key, "Refunds", "Part 0", "Paid back.")) == "Refunds. Part 0. Paid back."
    assert embedded_text(PassageText(key, "Refunds", "", "Paid back.")) == "Refunds. Paid back."


async def test_embedding_in_threads_gives_each_passage_its_own_vector(embedding: Embedding) -> None:
    await embedding.run(at_once=3)
    vectors = embedding.world.store.tables.vectors
    for text in list(embedding.embedder.embedded):
        (own,) = await embedding.embedder.embed([text])
        assert own in [vector for _, vector in vectors.values()]
    assert len(vectors) == len({tuple(vector) for _, vector in vectors.values()}) == 4


async def test_embedding_ended_between_batches_goes_on_where_it_was(world: LibraryWorld) -> None:
    await world.import_texts({f"{n}.md": guide(f"Guide {n}", f"Text {n}.") for n in range(3 * BATCH)})
    embedding = Embedding(world)
    async for _ in embedding.use_case.embed_lacking(OPERATOR):
        break
    assert await embedding.lacking() == 2 * BATCH
    assert await embedding.run() == [BATCH, BATCH]
    assert len(embedding.embedder.embedded) == len(set(embedding.embedder.embedded)) == 3 * BATCH


async def test_embedding_passages_that_change_meanwhile_are_embedded_as_they_are_then(world: LibraryWorld) -> None:
    await world.import_texts({"a.md": guide("A", "Old text."), "b.md": guide("B", "Gone soon.")})

    class Slow(WordEmbedder):
        """Lets the library change while it computes."""

        async def embed(self, texts):  # type: ignore[no-untyped-def]
            if not self.embedded:
                await world.import_texts({"a.md": guide("A", "New text.")}, prune=True)
            return await super().embed(texts)

    slow = Slow()
    embedding = Embedding(world, slow)
    await embedding.run()
    assert await embedding.lacking() == 0
    assert "A. Part 0. New text." in slow.embedded
    (expected,) = await slow.embed(["A. Part 0. New text."])
    assert ("words/1", expected) in world.store.tables.vectors.values()


async def test_embedding_vectors_that_are_never_kept_end_it(embedding: Embedding) -> None:
    class Forgetful(InMemoryPassageQueries):
        """Always lists what it listed first."""

        async def lacking_vectors(self, model: str, limit: int) -> list[PassageText]:
            return list(self._lacking("none"))[:limit]

    forgetful = PassageEmbedding(embedding.world.unit_of_work, Forgetful(embedding.world.store), embedding.embedder)
    with pytest.raises(RuntimeError, match="No vector can be kept"):
        _ = [count async for count in forgetful.embed_lacking(OPERATOR)]


async def test_embedding_needs_an_administrator(embedding: Embedding) -> None:
    with pytest.raises(NotAllowed):
        _ = [count async for count in embedding.use_case.embed_lacking(GUEST)]
    assert await embedding.lacking() == 4


async def test_embedding_without_embedder_is_refused(world: LibraryWorld) -> None:
    await world.import_texts(FILES)
    embedding = Embedding(world, SwitchedOff("no weights"))
    with pytest.raises(EmbedderUnavailable, match="no weights"):
        await embedding.run()
    with pytest.raises(EmbedderUnavailable, match="no weights"):
        await embedding.use_case.require_embedder()


async def test_embedding_with_embedder_names_its_vectors(embedding: Embedding) -> None:
    assert await embedding.use_case.require_embedder() == vectors_name(embedding.embedder) == "words/1"


async def test_embedding_in_background_embeds_at_start_and_after_a_change(
    embedding: Embedding, in_background: "asyncio.Task[None]"
) -> None:
    assert await embedding.lacking() == 0
    await embedding.world.import_texts({"new.md": guide("New", "Something else.")})
    await settle()
    assert await embedding.lacking() == 1
    embedding.world.clock.advance(timedelta(seconds=LOOK_SECONDS))
    await settle()
    assert await embedding.lacking() == 0
    assert not in_background.done()


async def test_embedding_in_background_finds_what_no_event_told_of(
    embedding: Embedding, in_background: "asyncio.Task[None]"
) -> None:
    embedding.world.store.tables.vectors.clear()
    for _ in range(QUIET_LOOKS):
        embedding.world.clock.advance(timedelta(seconds=LOOK_SECONDS))
        await settle()
    assert await embedding.lacking() == 4
    embedding.world.clock.advance(timedelta(seconds=LOOK_SECONDS))
    await settle()
    assert await embedding.lacking() == 0
    assert not in_background.done()


@pytest.mark.parametrize("error", [RuntimeError("out of order"), Unavailable("the database is away")])
async def test_embedding_in_background_that_fails_is_told_and_tried_again(
    embedding: Embedding, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    embedding.embedder.errors.append(error)
    task = asyncio.create_task(embedding.background.run())
    await settle()
    assert await embedding.lacking() == 4
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == [
        "embedding_failed" if isinstance(error, RuntimeError) else "embedding_waits"
    ]
    embedding.world.clock.advance(timedelta(seconds=RETRY_SECONDS))
    await settle()
    assert await embedding.lacking() == 0
    task.cancel()


async def test_embedding_in_background_without_embedder_says_so_once_and_rests(
    world: LibraryWorld, caplog: pytest.LogCaptureFixture
) -> None:
    await world.import_texts(FILES)
    beside = Beside(world.clock, {"embedding": Embedding(world, SwitchedOff("no weights")).background.run})
    with caplog.at_level(logging.INFO):
        beside.start()
        await settle()
        for _ in range(5):
            world.clock.advance(timedelta(minutes=10))
            await settle()
        await beside.stop(1.0)
    assert [record.message for record in caplog.records] == ["guides_not_embedded"]


async def test_finder_with_vectors_finds_what_shares_no_word(embedding: Embedding) -> None:
    question = "Which frobnik has zorbl?"
    assert not (await embedding.find(question)).passages
    await embedding.run()
    found = await embedding.find(question)
    assert found.passages[0].candidate.guide_title == "Refunds"
    assert found.passages[0].measures["near"] > 0
    near = [each.measures["near"] for each in found.passages if each.candidate.guide_title == "Refunds"]
    assert found.passages[0].measures["near_guide"] == sum(near) / len(near)
    assert found.passages[0].measures["near_whole"] == sum(near) / len(near)


async def test_finder_with_vectors_is_sure_of_what_is_near_and_of_nothing_else(embedding: Embedding) -> None:
    await embedding.run()
    assert (await embedding.find("Are payments returned within a week?")).confident
    assert (await embedding.find("Are payments returned within a week?")).passages[0].measures["near"] > 0.5
    for question in ("Who won the elections in Portugal?", "Is a week long?"):
        assert not (await embedding.find(question)).confident


async def test_finder_with_vectors_finds_nothing_above_the_role(embedding: Embedding) -> None:
    await embedding.run()
    for role, expected in ((Role.PUBLIC, {"Refunds", "Plants"}), (Role.OWNER, {"Refunds", "Plants", "Vault"})):
        found = await embedding.finder.find("Which frobnik has zorbl?", role, 10)
        assert {each.candidate.guide_title for each in found.passages} == expected


async def test_finder_while_a_found_passage_lacks_its_vector_goes_by_words(embedding: Embedding) -> None:
    await embedding.run()
    question = "When are payments returned?"
    with_meaning = await embedding.find(question)
    await embedding.world.import_texts({"new.md": guide("New", "Payments of another kind.")})
    by_words = await embedding.find(question)
    assert "near" in with_meaning.passages[0].measures
    assert "near" not in by_words.passages[0].measures
    assert by_words.passages[0].candidate.guide_title == "Refunds"
    await embedding.run()
    assert "near" in (await embedding.find(question)).passages[0].measures


async def test_finder_without_embedder_goes_by_words_and_says_so_once(
    world: LibraryWorld, caplog: pytest.LogCaptureFixture
) -> None:
    await world.import_texts(FILES)
    embedding = Embedding(world, SwitchedOff("no weights"))
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            assert (await embedding.find("When are payments returned?")).passages
    assert [record.message for record in caplog.records] == ["questions_answered_by_words_only"]


async def test_finder_whose_embedder_fails_goes_by_words_and_tries_again(
    embedding: Embedding, caplog: pytest.LogCaptureFixture
) -> None:
    await embedding.run()
    embedding.embedder.errors.append(RuntimeError("out of order"))
    question = "When are payments returned?"
    assert "near" not in (await embedding.find(question)).passages[0].measures
    assert [record.message for record in caplog.records] == ["question_not_embedded"]
    assert "near" in (await embedding.find(question)).passages[0].measures


async def test_reindexing_makes_the_index_of_every_guide_anew(embedding: Embedding) -> None:
    await embedding.run()
    tables = embedding.world.store.tables
    retired = next(guide_id for guide_id, guide in tables.guides.items() if guide.content.title == "Plants")
    await embedding.world.library.retire(OPERATOR, retired)
    whole = dict(embedding.world.store.tables.passages)
    for guide_id in whole:
        embedding.world.store.tables.passages[guide_id] = ()
    library, world = embedding.world.library, embedding.world
    reindexing = GuideReindexing(world.unit_of_work, library, world.queries)
    steps = [step async for step in reindexing.rebuild(OPERATOR)]
    assert [(step.done, step.total) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert embedding.world.store.tables.passages == whole
    assert await embedding.lacking() == 3


async def test_reindexing_needs_an_administrator(embedding: Embedding) -> None:
    world = embedding.world
    with pytest.raises(NotAllowed):
        _ = [step async for step in GuideReindexing(world.unit_of_work, world.library, world.queries).rebuild(GUEST)]
    assert len(world.store.tables.passages) == 3
