"""What the trail keeps of a member who is deleted, or who becomes another one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, literal, or_, select, tuple_, update

from adapters.sql.audit import is_about
from adapters.sql.tables import audit_log
from adapters.sql.transaction import Transaction
from domain.identity import IMPERSONAL_DETAILS, MemberId

_ABOUT = is_about(bindparam("about", type_=audit_log.c.resource_id.type))
_HAS_ADDRESS = or_(audit_log.c.ip.is_not(None), audit_log.c.user_agent.is_not(None))
_FORGET_ACTOR = (
    update(audit_log).where(audit_log.c.actor_id == bindparam("member")).values(actor_id=None, ip=None, user_agent=None)
)
_FORGET_ADDRESSES = (
    update(audit_log).where(_ABOUT, audit_log.c.actor_id.is_(None), _HAS_ADDRESS).values(ip=None, user_agent=None)
)
_DETAILED = (
    select(audit_log.c.id, audit_log.c.at, audit_log.c.details)
    .where(_ABOUT, cast(audit_log.c.details, Text) != "{}")
    .order_by(audit_log.c.at, audit_log.c.id)
    .limit(bindparam("count"))
)
_SAVE_DETAILS = update(audit_log).where(audit_log.c.id == bindparam("b_id")).values(details=bindparam("kept"))
_MOVE_ACTOR = update(audit_log).where(audit_log.c.actor_id == bindparam("member")).values(actor_id=bindparam("now"))
_MOVE_RESOURCE = update(audit_log).where(_ABOUT).values(resource_id=bindparam("now"))
_BATCH = 500


async def forget_person(transaction: Transaction, member_id: MemberId) -> None:
    """Leave nothing of a deleted member's person in the trail (`AuditEntry.without`); called by the deletion."""
    about = {"about": str(member_id)}
    await transaction.execute(_FORGET_ACTOR, {"member": member_id})
    await transaction.execute(_FORGET_ADDRESSES, about)
    last: tuple[datetime, UUID] | None = None
    while True:
        statement = _DETAILED
        if last is not None:
            place = tuple_(audit_log.c.at, audit_log.c.id)
            statement = statement.where(place > tuple_(literal(last[0], audit_log.c.at.type), last[1]))
        rows = await transaction.all(statement, {**about, "count": _BATCH})
        await _keep_impersonal(transaction, [(row.id, row.details) for row in rows])
        if len(rows) < _BATCH:
            return
        last = rows[-1].at, rows[-1].id


async def move_trail(transaction: Transaction, absorbed: MemberId, survivor: MemberId) -> None:
    """Make the trail of an absorbed member the survivor's (`AuditEntry.after_merge`); called by the merging."""
    await transaction.execute(_MOVE_ACTOR, {"member": absorbed, "now": survivor})
    await transaction.execute(_MOVE_RESOURCE, {"about": str(absorbed), "now": str(survivor)})


async def _keep_impersonal(transaction: Transaction, rows: Sequence[tuple[UUID, Mapping[str, object]]]) -> None:
    changes = [
        {"b_id": key, "kept": {name: value for name, value in details.items() if name in IMPERSONAL_DETAILS}}
        for key, details in rows
        if not details.keys() <= IMPERSONAL_DETAILS
    ]
    if changes:
        await transaction.execute(_SAVE_DETAILS, changes)
