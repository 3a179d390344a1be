"""Roles that ended are taken back where they are stored, and what has served is forgotten."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.identity._auditing import Trail
from application.ports.identity import IdentitySweep
from application.ports.realtime import RightsChanged
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import Conflict, Unavailable
from domain.identity import GUEST, AuditAction, Member

ROLES_BATCH, BATCH = 100, 1_000
PAUSE_SECONDS = 10.0
RETENTION_PAUSE = timedelta(minutes=5)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IdentityRetention:
    """How long each is kept once it has served."""

    sign_ins: timedelta = timedelta(days=90)
    audit_addresses: timedelta = timedelta(days=90)
    tokens: timedelta = timedelta(days=1)
    idempotency_keys: timedelta = timedelta(hours=24)


class IdentitySweeper:
    """Requests go by the grants that are valid now; the stored roles and open sockets follow within seconds.

    Any number of sweepers share one database: what one of them did, the others leave alone.
    """

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, sweep: IdentitySweep, trail: Trail, clock: Clock, keep: IdentityRetention
    ) -> None:
        self._unit_of_work = unit_of_work
        self._sweep = sweep
        self._clock = clock
        self._keep = keep
        self._trail = trail

    async def settle_roles(self) -> int:
        """Bring every stored role down to what the grants still give, each with a line in the trail; how many."""
        settled = 0
        while True:
            async with self._unit_of_work() as work:
                # Whoever else locks more than one member, or deletes one, waits meanwhile.
                await work.members.hold_owners()
                stale = await work.members.with_stale_role(self._clock.now(), ROLES_BATCH)
                for member_id in stale:
                    await self._settle(work, await work.members.get(member_id))
                await work.commit()
            settled += len(stale)
            if len(stale) < ROLES_BATCH:
                return settled

    async def forget(self) -> Mapping[str, int]:
        """Remove what is due, in small transactions; how many of each kind, those without any left out."""
        now, keep, sweep = self._clock.now(), self._keep, self._sweep
        forgotten = {
            "sign_ins": await _all_of(sweep.sign_ins, now - keep.sign_ins),
            "tokens": await _all_of(sweep.tokens, now - keep.tokens),
            "idempotency_keys": await _all_of(sweep.idempotency_keys, now - keep.idempotency_keys),
            "audit_addresses": await _all_of(sweep.audit_addresses, now - keep.audit_addresses),
        }
        return {kind: count for kind, count in forgotten.items() if count}

    async def run(self) -> None:
        """Settle roles every few seconds and forget every few minutes, until cancelled."""
        forget_at = self._clock.now()
        while True:
            try:
                if settled := await self.settle_roles():
                    _log.info("roles_settled", extra={"count": settled})
                if self._clock.now() >= forget_at:
                    forget_at = self._clock.now() + RETENTION_PAUSE
                    if forgotten := await self.forget():
                        _log.info("identity_forgotten", extra=dict(forgotten))
            except (Conflict, Unavailable) as error:
                _log.warning("identity_sweep_waits", extra={"reason": error.message})
            await self._clock.sleep(PAUSE_SECONDS)

    async def _settle(self, work: UnitOfWork, member: Member) -> None:
        now = self._clock.now()
        ended = member.settle_role(now)
        await work.members.save(member, now)
        details = {"role": member.effective_role(now).name, "ended": sorted({grant.role.name for grant in ended})}
        await self._trail.record(work, AuditAction.ROLE_EXPIRED, GUEST, member.id, by="system", **details)
        work.announce(RightsChanged(member_id=member.id))


async def _all_of(forget: Callable[[datetime, int], Awaitable[int]], before: datetime) -> int:
    forgotten = 0
    while True:
        count = await forget(before, BATCH)
        forgotten += count
        if count < BATCH:
            return forgotten
