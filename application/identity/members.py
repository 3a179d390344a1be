"""Members: registering, granting roles, and the owner that a new instance begins with."""

from dataclasses import dataclass
from datetime import datetime

from application.ports.identity import MemberQueries, MemberView, PasswordHasher, TokenIssuer
from application.ports.paging import Page
from application.ports.realtime import RightsChanged
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import Conflict, NotAllowed, NotFound
from domain.identity import (
    OPERATOR,
    SIGN_IN_LINK_LIFETIME,
    Actor,
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
)


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A secret that signs its member in once, until `expires_at`."""

    member_id: MemberId
    token: str
    expires_at: datetime


class MemberService:
    """Registers members, changes what they were granted, and lists them for admins."""

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

    async def register(self, *, email: str | None, username: str | None, password: str) -> MemberView:
        """A new member with a web account and the role PUBLIC.

        Raises `Invalid` naming the fields, `Conflict` when the email or username is taken.
        """
        email, username = _given(email), _given(username)
        User.check(email, username)
        User.check_password(password)
        member = self._new_member(email, username, await self._hasher.hash(password))
        async with self._unit_of_work() as work:
            await work.members.add(member, self._clock.now())
            await work.commit()
        return await self._view(member.id)

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

    async def grant(self, actor: Actor, member_id: MemberId, role: Role, reason: str) -> MemberView:
        """Give a role by hand, until it is revoked. Acts at once on requests and open sockets."""
        now = self._clock.now()
        grant = Grant(GrantId(self._ids.new()), role, GrantSource.MANUAL, actor.member_id, reason, None, now)
        async with self._unit_of_work() as work:
            member = await work.members.get(member_id)
            member.grant(grant, actor)
            await self._save(work, member, now)
        return await self._view(member_id)

    async def revoke(self, actor: Actor, member_id: MemberId, role: Role) -> MemberView:
        """Take back what was granted by hand; raises `Conflict` when there is no such grant, and for the last owner."""
        now = self._clock.now()
        async with self._unit_of_work() as work:
            member = await work.members.get(member_id)
            member.revoke(role, actor, now)
            await work.members.save(member, now)
            if role is Role.OWNER and await work.members.owner(now) is None:
                raise Conflict("The last owner stays owner; make somebody else OWNER first.")
            work.announce(RightsChanged(member_id=member.id))
            await work.commit()
        return await self._view(member_id)

    async def find(self, actor: Actor, login: str) -> MemberView:
        """The member with this email or username, for ADMIN and above; raises `NotFound`."""
        actor.require(Role.ADMIN)
        async with self._unit_of_work() as work:
            member = await work.members.by_email(login) or await work.members.by_username(login)
        if member is None:
            raise NotFound(f"No member has the email or username {login!r}.")
        return await self._view(member.id)

    async def bootstrap_owner(self) -> tuple[MemberView, bool]:
        """The first owner, made when there is none: username `owner`, no password yet. True when it was made now.

        Raises `Conflict` when a member who is no owner has that username.
        """
        now = self._clock.now()
        async with self._unit_of_work() as work:
            owner = await work.members.owner(now)
            is_new = owner is None
            if owner is None:
                owner = self._new_member(None, "owner", None)
                grant_id, reason = GrantId(self._ids.new()), "first owner of the instance"
                owner.grant(Grant(grant_id, Role.OWNER, GrantSource.BOOTSTRAP, None, reason, None, now), OPERATOR)
                await work.members.add(owner, now)
                await work.commit()
        return await self._view(owner.id), is_new

    async def has_owner(self) -> bool:
        """Whether some member is OWNER now."""
        async with self._unit_of_work() as work:
            return await work.members.owner(self._clock.now()) is not None

    async def sign_in_link(self, actor: Actor, member_id: MemberId) -> SignInLink:
        """A link that signs the member in once, for the operator at the terminal to hand over."""
        if not actor.operator:
            raise NotAllowed("Only the operator makes sign-in links.")
        now, secret = self._clock.now(), self._tokens.opaque()
        token = OneTimeToken(
            OneTimeTokenId(self._ids.new()),
            TokenPurpose.SIGN_IN,
            member_id,
            self._tokens.hashed(secret),
            created_at=now,
            expires_at=now + SIGN_IN_LINK_LIFETIME,
        )
        async with self._unit_of_work() as work:
            await work.members.get(member_id)
            await work.one_time_tokens.add(token)
            await work.commit()
        return SignInLink(member_id, secret, token.expires_at)

    async def set_password(self, actor: Actor, member_id: MemberId, password: str) -> None:
        """Replace a member's password, by the operator at the terminal; ends all their sign-ins."""
        if not actor.operator:
            raise NotAllowed("Only the operator sets another member's password.")
        User.check_password(password)
        password_hash = await self._hasher.hash(password)
        now = self._clock.now()
        async with self._unit_of_work() as work:
            member = await work.members.get(member_id)
            member.set_password(password_hash, now)
            await work.sign_ins.end_all(member_id, now)
            await self._save(work, member, now)

    async def _save(self, work: UnitOfWork, member: Member, now: datetime) -> None:
        await work.members.save(member, now)
        work.announce(RightsChanged(member_id=member.id))
        await work.commit()

    def _new_member(self, email: str | None, username: str | None, password_hash: str | None) -> Member:
        now = self._clock.now()
        user = User(UserId(self._ids.new()), email, username, password_hash, created_at=now, updated_at=now)
        return Member(MemberId(self._ids.new()), created_at=now, updated_at=now, user=user)

    async def _view(self, member_id: MemberId) -> MemberView:
        view = await self._queries.view(member_id, self._clock.now())
        if view is None:
            raise NotFound("There is no such member.")
        return view


def _given(text: str | None) -> str | None:
    return (text or "").strip() or None
