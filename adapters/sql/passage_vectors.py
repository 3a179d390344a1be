"""Vectors of passages: written beside them, with half precision."""

import struct
from collections.abc import Sequence

from sqlalchemy import Select, bindparam, delete, exists, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.tables import guide_passage_vector_ids, guide_passage_vectors, guide_passages, telegram_guides
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from application.ports.embedding import Embedding
from application.ports.guides import PassageText
from domain.guides import GuideId

_passages, _guides, _vectors, _ids = (
    guide_passages.c,
    telegram_guides.c,
    guide_passage_vectors.c,
    guide_passage_vector_ids.c,
)

# Whoever changes a guide's passages holds the guide's row first, so that both do not wait for each other.
_HOLD_GUIDES = (
    select(_guides.pk)
    .where(_guides.id.in_(bindparam("guides", expanding=True)))
    .order_by(_guides.pk)
    .with_for_update(read=True)
)
_HAS_ONE = exists().where(_vectors.passage_pk == _passages.pk, _vectors.model == bindparam("model"))
_NOW = (
    select(_passages.pk, _guides.id, _guides.title, _passages.position, _passages.heading, _passages.text)
    .join_from(guide_passages, telegram_guides, _guides.pk == _passages.guide_pk)
    .where(
        _guides.id.in_(bindparam("guides", expanding=True)),
        _passages.position.in_(bindparam("positions", expanding=True)),
        ~_HAS_ONE,
    )
)
_FORGET = delete(guide_passage_vectors).where(_vectors.passage_pk.in_(bindparam("passages", expanding=True)))
_INSERT = insert(guide_passage_vectors)
_WITHOUT = (
    select(_guides.id, _guides.title, _passages.position, _passages.heading, _passages.text)
    .join_from(guide_passages, telegram_guides, _guides.pk == _passages.guide_pk)
    .where(_passages.is_active, ~_HAS_ONE)
)
LACKING: Select[AnyRow] = _WITHOUT.order_by(_passages.guide_pk, _passages.position).limit(bindparam("limit"))
COUNT_LACKING = select(func.count()).select_from(guide_passages).where(_passages.is_active, ~_HAS_ONE)


async def keep(transaction: Transaction, model: str, vectors: Sequence[tuple[PassageText, Embedding]]) -> int:
    """Write the vectors of those passages that still read as they did and have none of the model."""
    if not vectors:
        return 0
    guides, positions = {was.key[0] for was, _ in vectors}, {was.key[1] for was, _ in vectors}
    await transaction.execute(_HOLD_GUIDES, {"guides": list(guides)})
    first = await _new_ids(transaction, len(vectors))
    asked = {"guides": list(guides), "positions": list(positions), "model": model}
    found = {as_text(row): row.pk for row in await transaction.all(_NOW, asked)}
    kept = {found[was]: vector for was, vector in vectors if was in found}
    if kept:
        await transaction.execute(_FORGET, {"passages": list(kept)})
        rows = [
            {"id": number, "passage_pk": pk, "model": model, "vector": _packed(vector)}
            for number, (pk, vector) in enumerate(kept.items(), start=first)
        ]
        await transaction.execute(_INSERT, rows)
    return len(kept)


def as_text(row: AnyRow) -> PassageText:
    """The passage as its vector's maker sees it."""
    return PassageText((GuideId(row.id), row.position), row.title, row.heading, row.text)


async def _new_ids(transaction: Transaction, count: int) -> int:
    """The first of `count` new ids. It holds other writers back until the commit: ids appear in their order."""
    upsert = sqlite.insert if transaction.is_sqlite else postgresql.insert
    statement = upsert(guide_passage_vector_ids).values(id=1, last=count)
    moved = statement.on_conflict_do_update(
        index_elements=[_ids.id], set_={"last": _ids.last + statement.excluded.last}
    ).returning(_ids.last)
    return int((await transaction.execute(moved)).scalar_one()) - count + 1


def _packed(vector: Embedding) -> bytes:
    return struct.pack(f"<{len(vector)}e", *vector)
