"""Members' collections of guides."""

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.tables import telegram_user_guide_collections as saved_guides
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from application.ports.guides import SavedGuideRepository
from domain.guides import GuideId, SavedGuide, SavedGuideId
from domain.identity import MemberId

_OWN = (saved_guides.c.member_id == bindparam("b_member_id"), saved_guides.c.guide_id == bindparam("b_guide_id"))
_FIND = select(saved_guides).where(*_OWN).with_for_update()
_UPDATE = update(saved_guides).where(*_OWN)
_DELETE = delete(saved_guides).where(*_OWN)
_KEY = [saved_guides.c.member_id, saved_guides.c.guide_id]
_INSERT = {
    True: sqlite.insert(saved_guides).on_conflict_do_nothing(index_elements=_KEY),
    False: postgresql.insert(saved_guides).on_conflict_do_nothing(index_elements=_KEY),
}


class SqlSavedGuideRepository(SavedGuideRepository):
    """A row a member and guide."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def find(self, member_id: MemberId, guide_id: GuideId) -> SavedGuide | None:
        row = await self._transaction.first(_FIND, {"b_member_id": member_id, "b_guide_id": guide_id})
        return None if row is None else saved_guide_from_row(row)

    async def add(self, saved: SavedGuide) -> None:
        await self._transaction.execute(_INSERT[self._transaction.is_sqlite], _to_row(saved))

    async def save(self, saved: SavedGuide) -> None:
        key = {"b_member_id": saved.member_id, "b_guide_id": saved.guide_id}
        await self._transaction.execute(_UPDATE, {**_to_row(saved), **key})

    async def remove(self, member_id: MemberId, guide_id: GuideId) -> None:
        await self._transaction.execute(_DELETE, {"b_member_id": member_id, "b_guide_id": guide_id})


def _to_row(saved: SavedGuide) -> dict[str, object]:
    return {
        "id": saved.id,
        "member_id": saved.member_id,
        "guide_id": saved.guide_id,
        "is_read": saved.is_read,
        "times_viewed": saved.times_viewed,
        "last_viewed_at": saved.last_viewed_at,
        "saved_at": saved.saved_at,
    }


def saved_guide_from_row(row: AnyRow) -> SavedGuide:
    """A saved guide of its row."""
    return SavedGuide(
        id=SavedGuideId(row.id),
        member_id=MemberId(row.member_id),
        guide_id=GuideId(row.guide_id),
        saved_at=row.saved_at,
        is_read=row.is_read,
        times_viewed=row.times_viewed,
        last_viewed_at=row.last_viewed_at,
    )
