"""Vectors for the passages that have none yet: after an import, by hand, and in the background of a server."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

from application.ports.embedding import Embedder, EmbedderUnavailable, Embedding
from application.ports.guides import PassageQueries, PassageText
from application.ports.realtime import EventLog
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Unavailable
from domain.events import GUIDES
from domain.identity import OPERATOR, Actor, Role

BATCH = 8
LOOK_SECONDS = 3.0
RETRY_SECONDS = 30.0
# A change of the index that is no change of a guide is on no channel: this many quiet looks lead to a closer one.
QUIET_LOOKS = 100
# Changes with what `embedded_text` makes of a passage.
_FORM = 1

_log = logging.getLogger(__name__)


def vectors_name(embedder: Embedder) -> str:
    """What the vectors that this embedder makes of passages are stored under."""
    return f"{embedder.model}/{_FORM}"


def embedded_text(passage: PassageText) -> str:
    """What the vector of a passage is made from: where it stands, then what it says."""
    return ". ".join(part for part in (passage.guide_title, passage.heading, passage.text) if part)


class PassageEmbedding:
    """Gives every passage of an active guide its vector.

    Computed outside of transactions and kept a few at a time, so that it may be ended at any point and goes on where
    it was. A passage that changed or vanished meanwhile is passed over. Several processes may do it at once.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, queries: PassageQueries, embedder: Embedder) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._embedder = embedder

    async def require_embedder(self) -> str:
        """The name of the vectors, once one could be made. Raises `EmbedderUnavailable`."""
        await self._embedder.load()
        return vectors_name(self._embedder)

    async def count_lacking(self) -> int:
        """How many passages have no vector."""
        return await self._queries.count_lacking_vectors(vectors_name(self._embedder))

    async def embed_lacking(self, actor: Actor, *, at_once: int = 1) -> AsyncIterator[int]:
        """Embed all that have none, in `at_once` threads; yields how many more were looked at.

        Raises `EmbedderUnavailable`, and `Unavailable` when the database goes away: what was kept before stays.
        """
        actor.require(Role.ADMIN)
        name, before = vectors_name(self._embedder), list[PassageText]()
        while passages := list(await self._queries.lacking_vectors(name, BATCH * at_once)):
            vectors = await _embedded(self._embedder, passages, at_once)
            async with self._unit_of_work() as work:
                kept = await work.passages.keep_vectors(name, list(zip(passages, vectors, strict=True)))
                await work.commit()
            if not kept and passages == before:
                raise RuntimeError(
                    f"No vector can be kept for {len(passages)} passages of {passages[0].guide_title!r}."
                )
            before = passages
            yield len(passages)


class EmbeddingInBackground:
    """Embeds what guides' changes left without vectors, as long as the process lives."""

    def __init__(self, embedding: PassageEmbedding, event_log: EventLog, clock: Clock) -> None:
        self._embedding = embedding
        self._event_log = event_log
        self._clock = clock

    async def run(self) -> None:
        """Look at once and after each change until cancelled; rests where nothing can be embedded."""
        seen, quiet = -1, 0
        while True:
            pause = LOOK_SECONDS
            try:
                position = (await self._event_log.positions([GUIDES]))[GUIDES]
                quiet = 0 if position != seen or quiet >= QUIET_LOOKS else quiet + 1
                if not quiet:
                    await self._embed_all()
                    seen = position
            except EmbedderUnavailable as error:
                _log.info("guides_not_embedded", extra={"reason": str(error)})
                # What is switched off or not installed comes with another process.
                await asyncio.Event().wait()
            except Unavailable as error:
                _log.warning("embedding_waits", extra={"reason": error.message})
                pause = RETRY_SECONDS
            except Exception:  # noqa: BLE001 - what lacks a vector still lacks it at the next look
                _log.exception("embedding_failed")
                pause = RETRY_SECONDS
            await self._clock.sleep(pause)

    async def _embed_all(self) -> None:
        count = 0
        async for more in self._embedding.embed_lacking(OPERATOR):
            count += more
        if count:
            _log.info("passages_embedded", extra={"count": count})


async def _embedded(embedder: Embedder, passages: Sequence[PassageText], at_once: int) -> list[Embedding]:
    texts = [embedded_text(passage) for passage in passages]
    parts = await asyncio.gather(*(embedder.embed(texts[start::at_once]) for start in range(at_once)))
    return [parts[place % at_once][place // at_once] for place in range(len(texts))]
