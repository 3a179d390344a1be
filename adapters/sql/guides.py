"""Guides of the library."""

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from adapters.sql.tables import guide_passages, telegram_guide_tags, telegram_guides
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from application.ports.guides import GuideRepository
from domain.errors import Conflict, NotFound, StaleVersion
from domain.guides import Difficulty, Guide, GuideContent, GuideId
from domain.identity import Role

_LOADED = select(telegram_guides).with_for_update()
_BY_ID = _LOADED.where(telegram_guides.c.id == bindparam("key"))
_BY_SOURCE_PATH = _LOADED.where(telegram_guides.c.source_path == bindparam("key"))
_SOURCE_PATHS = select(telegram_guides.c.source_path, telegram_guides.c.id).where(
    telegram_guides.c.is_active,
    telegram_guides.c.source_path >= bindparam("first"),
    telegram_guides.c.source_path < bindparam("beyond"),
)
_INSERT = insert(telegram_guides).returning(telegram_guides.c.pk)
_UPDATE = update(telegram_guides).where(
    telegram_guides.c.id == bindparam("b_id"), telegram_guides.c.version == bindparam("b_version")
)
_PK = select(telegram_guides.c.pk).where(telegram_guides.c.id == bindparam("key"))
_DELETE = delete(telegram_guides).where(telegram_guides.c.id == bindparam("key"))
_DELETE_TAGS = delete(telegram_guide_tags).where(telegram_guide_tags.c.guide_pk == bindparam("key"))
_PASSAGES_FOLLOW = (
    update(guide_passages)
    .where(
        guide_passages.c.guide_pk == bindparam("key"),
        or_(guide_passages.c.is_active != bindparam("active"), guide_passages.c.minimum_role != bindparam("role")),
    )
    .values(is_active=bindparam("active"), minimum_role=bindparam("role"))
)
_COUNT_VIEW = (
    update(telegram_guides)
    .where(telegram_guides.c.id == bindparam("key"))
    .values(views_count=telegram_guides.c.views_count + 1)
)
_COUNT = select(func.count()).select_from(telegram_guides)


class SqlGuideRepository(GuideRepository):
    """Tags stand in the row, for reading, and in a table of their own, for filtering."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, guide: Guide) -> None:
        row = {**_to_row(guide), "views_count": guide.views_count}
        try:
            result = await self._transaction.attempt(_INSERT, row)
        except Conflict as error:
            raise _taken(error) from error
        await self._insert_tags(result.scalar_one(), guide)
        self._transaction.loaded(guide.id, guide.version)
        self._transaction.collect(guide)

    async def get(self, guide_id: GuideId) -> Guide:
        row = await self._transaction.first(_BY_ID, {"key": guide_id})
        if row is None:
            raise NotFound("There is no such guide.", guide_id=str(guide_id))
        return self._loaded(row)

    async def by_source_path(self, source_path: str) -> Guide | None:
        row = await self._transaction.first(_BY_SOURCE_PATH, {"key": source_path})
        return None if row is None else self._loaded(row)

    async def source_paths(self, collection: str) -> Mapping[str, GuideId]:
        # "0" is the character after "/", so the range is everything below the folder.
        rows = await self._transaction.all(_SOURCE_PATHS, {"first": f"{collection}/", "beyond": f"{collection}0"})
        return {row.source_path: GuideId(row.id) for row in rows}

    async def save(self, guide: Guide) -> None:
        try:
            await self._transaction.update(_UPDATE, guide.id, guide.version, _to_row(guide))
        except StaleVersion:
            raise
        except Conflict as error:
            raise _taken(error) from error
        pk = (await self._transaction.execute(_PK, {"key": guide.id})).scalar_one()
        await self._transaction.execute(_DELETE_TAGS, {"key": pk})
        await self._insert_tags(pk, guide)
        follow = {"key": pk, "active": guide.is_active, "role": int(guide.content.minimum_role)}
        await self._transaction.execute(_PASSAGES_FOLLOW, follow)
        self._transaction.collect(guide)

    async def delete(self, guide: Guide) -> None:
        await self._transaction.execute(_DELETE, {"key": guide.id})
        self._transaction.collect(guide)

    async def count_view(self, guide_id: GuideId) -> None:
        await self._transaction.execute(_COUNT_VIEW, {"key": guide_id})

    async def count(self) -> int:
        return int((await self._transaction.execute(_COUNT)).scalar_one())

    def _loaded(self, row: AnyRow) -> Guide:
        guide = _from_row(row)
        self._transaction.loaded(guide.id, guide.version)
        return guide

    async def _insert_tags(self, pk: int, guide: Guide) -> None:
        if guide.content.tags:
            rows = [{"tag": tag, "guide_pk": pk} for tag in guide.content.tags]
            await self._transaction.execute(insert(telegram_guide_tags), rows)


def _taken(error: Conflict) -> Conflict:
    if "source_path" not in str(error.details.get("constraint")):
        return error
    return Conflict("Another guide has this source_path; choose another one.", field="source_path")


def _to_row(guide: Guide) -> dict[str, object]:
    content = guide.content
    return {
        "id": guide.id,
        "title": content.title,
        "title_key": content.title.casefold(),
        "description": content.description,
        "body": content.body,
        "content_url": content.content_url,
        "category": content.category,
        "difficulty_level": int(content.difficulty_level),
        "tags": list(content.tags),
        "minimum_role": int(content.minimum_role),
        "source_path": guide.source_path,
        "is_active": guide.is_active,
        "version": guide.version,
        "created_at": guide.created_at,
        "updated_at": guide.updated_at,
    }


def _from_row(row: AnyRow) -> Guide:
    content = GuideContent(
        title=row.title,
        description=row.description,
        body=row.body,
        content_url=row.content_url,
        category=row.category,
        difficulty_level=Difficulty(row.difficulty_level),
        tags=tuple(row.tags),
        minimum_role=Role(row.minimum_role),
    )
    return Guide(
        id=GuideId(row.id),
        content=content,
        created_at=row.created_at,
        updated_at=row.updated_at,
        source_path=row.source_path,
        views_count=row.views_count,
        is_active=row.is_active,
        version=row.version,
    )
