"""Members: granting roles, banning, and the owner that a new instance begins with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from application.identity._auditing import Trail
from application.identity._rights import RightsChange
from application.ports.identity import MemberQueries, MemberView, PasswordHasher, TokenIssuer
from application.ports.paging import Page
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import NotFound
from domain.identity import (
    LIFETIMES,
    OPERATOR,
    Actor,
    AuditAction,
    Grant,
    GrantId,
    GrantSource,
    Member,
    MemberId,
    OneTimeToken,
    OneTimeTokenId,
    Role,
    TokenPurpose,
    User,
    UserId,
    as_kept,
    check_password,
    email_as_kept,
)

_TELEGRAM_DIGITS = 18


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A secret that signs its member in once, until `expires_at`."""

    member_id: MemberId
    token: str = field(repr=False)
    expires_at: datetime


class MemberService:
    """Changes what members may do, and lists them for admins.

    Only an OWNER grants or revokes ADMIN and OWNER, and bans one of them; an ADMIN grants or revokes SUBSCRIBER;
    nobody changes their own. The last owner stays. Every change acts at once on requests and open sockets, and is a
    line of the trail, as is every refused one.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        queries: MemberQueries,
        hasher: PasswordHasher,
        tokens: TokenIssuer,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._hasher = hasher
        self._tokens = tokens
        self._clock = clock
        self._ids = ids
        self._trail = Trail(unit_of_work, clock, ids)
        self._change = RightsChange(unit_of_work, self._trail, clock)

    async def me(self, actor: Actor) -> MemberView:
        """The actor's own account."""
        return await self._view(actor.require_member())

    async def get(self, actor: Actor, member_id: MemberId) -> MemberView:
        """One member, for ADMIN and above; raises `NotFound`."""
        actor.require(Role.ADMIN)
        return await self._view(member_id)

    async def page(
        self, actor: Actor, *, search: str = "", cursor: str | None = None, limit: int = 50
    ) -> Page[MemberView]:
        """Members for ADMIN and above, newest first."""
        actor.require(Role.ADMIN)
        return await self._queries.page(search.strip(), cursor, limit, self._clock.now())

    async def find(self, actor: Actor, login: str) -> MemberView:
        """The member with this email, username or Telegram id, for ADMIN and above; raises `NotFound`."""
        actor.require(Role.ADMIN)
        async with self._unit_of_work() as work:
            member = await _named(work, login)
        if member is None:
            raise NotFound(f"No member has the email, username or Telegram id {login!r}.")
        return await self._view(member.id)

    async def grants(self, actor: Actor, member_id: MemberId) -> Sequence[Grant]:
        """All that a member was ever granted and that was not revoked, newest first, for ADMIN and above."""
        await self.get(actor, member_id)
        return await self._queries.grants(member_id)

    async def grant(
        self, actor: Actor, member_id: MemberId, role: Role, reason: str, until: datetime | None = None
    ) -> MemberView:
        """Give a role by hand, until a time or until it is revoked; raises `NotAllowed`, `Invalid`, `NotFound`."""
        now = self._clock.now()
        grant = Grant(GrantId(self._ids.new()), role, GrantSource.MANUAL, actor.member_id, reason, until, now)
        async with self._change.of(actor, member_id, AuditAction.ROLE_GRANTED, **_told(grant)) as (_, member):
            member.grant(grant, actor)
        return await self._view(member_id)

    async def revoke(self, actor: Actor, member_id: MemberId, role: Role) -> MemberView:
        """Take back what was granted by hand, never what a subscription gave.

        Raises `NotAllowed`, `NotFound`, and `Conflict` when there is no such grant, and for the last owner.
        """
        async with self._change.of(actor, member_id, AuditAction.ROLE_REVOKED, role=role.name) as (_, member):
            member.revoke(role, actor, self._clock.now())
        return await self._view(member_id)

    async def ban(self, actor: Actor, member_id: MemberId, reason: str) -> MemberView:
        """Shut the member out of every account and end their sign-ins.

        Raises `NotAllowed`, `NotFound`, `Invalid`, and `Conflict` when banned already, and for the last owner.
        """
        now = self._clock.now()
        async with self._change.of(actor, member_id, AuditAction.BANNED, reason=reason) as (work, member):
            member.ban(actor, now, reason)
            await work.sign_ins.end_all(member_id, now)
        return await self._view(member_id)

    async def unban(self, actor: Actor, member_id: MemberId) -> MemberView:
        """Let the member in again, by a new sign-in. Raises `NotAllowed`, `NotFound`, `Conflict` when not banned."""
        async with self._change.of(actor, member_id, AuditAction.UNBANNED) as (_, member):
            member.unban(actor, self._clock.now())
        return await self._view(member_id)

    async def bootstrap_owner(self) -> tuple[MemberView, bool]:
        """The first owner, made when there is none: username `owner`, no password yet. True when it was made now.

        Raises `Conflict` when a member who is no owner has that username.
        """
        now = self._clock.now()
        async with self._unit_of_work() as work:
            await work.members.hold_owners()
            owner = await work.members.owner(now)
            is_new = owner is None
            if owner is None:
                owner = self._owner_to_be(now)
                grant_id, reason = GrantId(self._ids.new()), "first owner of the instance"
                grant = Grant(grant_id, Role.OWNER, GrantSource.BOOTSTRAP, None, reason, None, now)
                owner.grant(grant, OPERATOR)
                await work.members.add(owner, now)
                await self._trail.record(work, AuditAction.REGISTERED, OPERATOR, owner.id)
                await self._trail.record(work, AuditAction.ROLE_GRANTED, OPERATOR, owner.id, **_told(grant))
                await work.commit()
        return await self._view(owner.id), is_new

    async def has_owner(self) -> bool:
        """Whether some member is OWNER now."""
        async with self._unit_of_work() as work:
            return await work.members.owner(self._clock.now()) is not None

    async def sign_in_link(self, actor: Actor, member_id: MemberId) -> SignInLink:
        """A link that signs the member in once, for the operator at the terminal to hand over; the only one that works.

        Those made for the member before are used up.
        """
        actor.require_operator()
        now, secret = self._clock.now(), self._tokens.opaque()
        token = OneTimeToken(
            OneTimeTokenId(self._ids.new()),
            TokenPurpose.SIGN_IN,
            member_id,
            self._tokens.hashed(secret),
            created_at=now,
            expires_at=now + LIFETIMES[TokenPurpose.SIGN_IN],
        )
        async with self._unit_of_work() as work:
            await work.members.get(member_id)
            await work.one_time_tokens.use_up(member_id, TokenPurpose.SIGN_IN, now)
            await work.one_time_tokens.add(token)
            await self._trail.record(work, AuditAction.SIGN_IN_LINK_MADE, actor, member_id)
            await work.commit()
        return SignInLink(member_id, secret, token.expires_at)

    async def set_password(self, actor: Actor, member_id: MemberId, password: str) -> None:
        """Replace a member's password, by the operator at the terminal; ends all their sign-ins."""
        actor.require_operator()
        member = await self._view(member_id)
        telegram_name = member.telegram.username if member.telegram else None
        check_password(password, member.username, member.email, telegram_name)
        password_hash, now = await self._hasher.hash(password), self._clock.now()
        async with self._change.of(actor, member_id, AuditAction.PASSWORD_CHANGED) as (work, changed):
            changed.set_password(password_hash, now)
            await work.sign_ins.end_all(member_id, now)

    def _owner_to_be(self, now: datetime) -> Member:
        user = User(UserId(self._ids.new()), None, "owner", None, created_at=now, updated_at=now)
        return Member(MemberId(self._ids.new()), created_at=now, updated_at=now, user=user)

    async def _view(self, member_id: MemberId) -> MemberView:
        view = await self._queries.view(member_id, self._clock.now())
        if view is None:
            raise NotFound("There is no such member.")
        return view


async def _named(work: UnitOfWork, typed: str) -> Member | None:
    login, email = as_kept(typed) or "", email_as_kept(typed) or ""
    # A username is never all digits, and what is longer than this is no Telegram id.
    if login.isascii() and login.isdigit() and len(login) <= _TELEGRAM_DIGITS:
        return await work.members.by_telegram_id(int(login))
    return await work.members.by_email(email) or await work.members.by_username(login)


def _told(grant: Grant) -> dict[str, object]:
    """What the trail says of a grant."""
    ends = {} if grant.until is None else {"until": grant.until.isoformat()}
    return {"role": grant.role.name, "source": grant.source.value, "reason": grant.reason, **ends}
