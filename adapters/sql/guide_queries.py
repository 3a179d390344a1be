"""Reads of the library."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, false, func, literal, select, tuple_

from adapters.sql.database import Database
from adapters.sql.tables import telegram_guide_tags, telegram_guides
from adapters.sql.tables import telegram_user_guide_collections as saved_guides
from adapters.sql.types import AnyRow
from application.paging import decode_cursor, encode_cursor
from application.ports.guides import GuideFilter, GuideQueries, GuideSummary, GuideView, SavedGuideView
from application.ports.paging import Page
from domain.guides import Difficulty, GuideId
from domain.identity import MemberId, Role

_OWN = and_(saved_guides.c.guide_id == telegram_guides.c.id, saved_guides.c.member_id == bindparam("reader"))
_SUMMARY = [column for column in telegram_guides.c if column.name not in {"pk", "body", "source_path", "title_key"}]
_READER = [
    func.coalesce(saved_guides.c.is_read, false()).label("is_read"),
    saved_guides.c.id.is_not(None).label("is_saved"),
]
_SUMMARIES = select(*_SUMMARY, *_READER).select_from(telegram_guides.outerjoin(saved_guides, _OWN))
_VIEWS = _SUMMARIES.add_columns(telegram_guides.c.body, telegram_guides.c.source_path)
_SAVED = select(
    *_SUMMARY,
    *_READER,
    saved_guides.c.id.label("saved_id"),
    saved_guides.c.times_viewed,
    saved_guides.c.last_viewed_at,
    saved_guides.c.saved_at,
).select_from(telegram_guides.join(saved_guides, _OWN))
_place = tuple_(telegram_guides.c.title_key, telegram_guides.c.id)
_TITLE_ORDER = (telegram_guides.c.title_key, telegram_guides.c.id)


class SqlGuideQueries(GuideQueries):
    """Each query carries the filter of the reader's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, member_id: MemberId | None, role: Role, where: GuideFilter, cursor: str | None, limit: int
    ) -> Page[GuideSummary]:
        statement = _SUMMARIES.where(_readable(role, retired=where.include_retired), *_narrowed(where))
        if cursor is not None:
            title_key, last = decode_cursor(cursor, str, UUID)
            statement = statement.where(tuple_(literal(title_key, telegram_guides.c.title_key.type), last) < _place)
        rows = await self._rows(statement.order_by(*_TITLE_ORDER).limit(limit + 1), member_id)
        items = tuple(_summary(row) for row in rows[:limit])
        more = len(rows) > limit
        return Page(items, encode_cursor(items[-1].title.casefold(), items[-1].id) if more else None)

    async def view(self, member_id: MemberId | None, role: Role, guide_id: GuideId) -> GuideView | None:
        statement = _VIEWS.where(telegram_guides.c.id == guide_id, _readable(role, retired=True))
        rows = await self._rows(statement, member_id)
        return _view(rows[0]) if rows else None

    async def summaries(
        self, member_id: MemberId | None, role: Role, guide_ids: Sequence[GuideId]
    ) -> Mapping[GuideId, GuideSummary]:
        if not guide_ids:
            return {}
        statement = _SUMMARIES.where(telegram_guides.c.id.in_(guide_ids), _readable(role, retired=True))
        return {GuideId(row.id): _summary(row) for row in await self._rows(statement, member_id)}

    async def next_in_category(self, member_id: MemberId | None, role: Role, guide_id: GuideId) -> GuideSummary | None:
        current = await self.view(member_id, role, guide_id)
        if current is None:
            return None
        key = current.summary.title.casefold()
        statement = _SUMMARIES.where(
            telegram_guides.c.category == current.summary.category,
            tuple_(literal(key, telegram_guides.c.title_key.type), guide_id) < _place,
            _readable(role, retired=False),
        )
        rows = await self._rows(statement.order_by(*_TITLE_ORDER).limit(1), member_id)
        return _summary(rows[0]) if rows else None

    async def saved(
        self, member_id: MemberId, role: Role, *, unread_only: bool, cursor: str | None, limit: int
    ) -> Page[SavedGuideView]:
        statement = _SAVED.where(_readable(role, retired=True))
        if unread_only:
            statement = statement.where(saved_guides.c.is_read.is_(False))
        if cursor is not None:
            saved_at, last = decode_cursor(cursor, datetime, UUID)
            place = tuple_(saved_guides.c.saved_at, saved_guides.c.id)
            statement = statement.where(place < tuple_(literal(saved_at, saved_guides.c.saved_at.type), last))
        order = (saved_guides.c.saved_at.desc(), saved_guides.c.id.desc())
        rows = await self._rows(statement.order_by(*order).limit(limit + 1), member_id)
        items = tuple(_saved(row) for row in rows[:limit])
        more = len(rows) > limit
        return Page(items, encode_cursor(rows[limit - 1].saved_at, rows[limit - 1].saved_id) if more else None)

    async def continue_reading(self, member_id: MemberId, role: Role, limit: int) -> Sequence[SavedGuideView]:
        statement = _SAVED.where(
            _readable(role, retired=False),
            saved_guides.c.is_read.is_(False),
            saved_guides.c.last_viewed_at.is_not(None),
        )
        order = (saved_guides.c.last_viewed_at.desc(), saved_guides.c.id.desc())
        return tuple(_saved(row) for row in await self._rows(statement.order_by(*order).limit(limit), member_id))

    async def categories(self, role: Role) -> Mapping[str, int]:
        statement = (
            select(telegram_guides.c.category, func.count().label("guides"))
            .where(_readable(role, retired=False))
            .group_by(telegram_guides.c.category)
            .order_by(telegram_guides.c.category)
        )
        async with self._database.read() as connection:
            return {row.category: row.guides for row in await connection.execute(statement)}

    async def all_active(self, role: Role) -> Sequence[GuideView]:
        statement = _VIEWS.where(_readable(role, retired=False)).order_by(*_TITLE_ORDER)
        return tuple(_view(row) for row in await self._rows(statement, None))

    async def _rows(self, statement: Select[*tuple[Any, ...]], reader: MemberId | None) -> Sequence[AnyRow]:
        async with self._database.read() as connection:
            return (await connection.execute(statement, {"reader": reader})).all()


def _readable(role: Role, *, retired: bool) -> ColumnElement[bool]:
    allowed = telegram_guides.c.minimum_role <= int(role)
    return allowed if retired and role >= Role.ADMIN else and_(allowed, telegram_guides.c.is_active)


def _narrowed(where: GuideFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.category is not None:
        conditions.append(telegram_guides.c.category == where.category)
    if where.difficulty_level is not None:
        conditions.append(telegram_guides.c.difficulty_level == int(where.difficulty_level))
    if where.tag is not None:
        tags = telegram_guide_tags.c
        conditions.append(exists().where(tags.guide_pk == telegram_guides.c.pk, tags.tag == where.tag))
    return conditions


def _summary(row: AnyRow) -> GuideSummary:
    return GuideSummary(
        id=GuideId(row.id),
        title=row.title,
        description=row.description,
        content_url=row.content_url,
        category=row.category,
        difficulty_level=Difficulty(row.difficulty_level),
        tags=tuple(row.tags),
        minimum_role=Role(row.minimum_role),
        views_count=row.views_count,
        is_active=row.is_active,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        is_saved=bool(row.is_saved),
        is_read=bool(row.is_read),
    )


def _view(row: AnyRow) -> GuideView:
    return GuideView(summary=_summary(row), body=row.body, source_path=row.source_path)


def _saved(row: AnyRow) -> SavedGuideView:
    return SavedGuideView(
        guide=_summary(row),
        is_read=bool(row.is_read),
        times_viewed=row.times_viewed,
        last_viewed_at=row.last_viewed_at,
        saved_at=row.saved_at,
    )
