"""Any operations on members and what they own give the same answers as in memory."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.chat import SessionFilter
from application.ports.unit_of_work import UnitOfWork
from domain.chat import ChatMessage, ChatMessageId, ChatSessionId
from domain.events import session_channel, user_channel
from domain.guides import GuideId, SavedGuide, SavedGuideId
from domain.identity import (
    OPERATOR,
    Grant,
    GrantId,
    GrantSource,
    Member,
    MemberId,
    Role,
    SignIn,
    SignInId,
    merge,
    unlink,
)
from tests.support.backend import Backend, memory_backend
from tests.support.given import new_member, new_session, new_telegram_member, stored_guide
from tests.support.lockstep import Lockstep

ADDRESSES = ("192.0.2.1", "2001:db8::1")
KINDS = (
    *("web", "telegram", "merge", "grant", "say") * 2,
    *("revoke", "ban", "unban", "sign_in", "end", "collect", "session", "unlink", "delete", "wait"),
)
_OPERATION = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "one": st.integers(0, 7),
        "two": st.integers(0, 7),
        "role": st.sampled_from([Role.SUBSCRIBER, Role.ADMIN, Role.OWNER]),
    }
)
Operation = dict[str, object]


@pytest.fixture
def lockstep(backend: Backend) -> Lockstep:
    return Lockstep(backend, memory_backend())


class Community:
    """Applies operations to members picked from all that ever were, absorbed and deleted ones included."""

    def __init__(self, lockstep: Lockstep, mark: str, guide: GuideId) -> None:
        self.lockstep = lockstep
        self.mark = mark
        self.guide = guide
        self.members: list[MemberId] = []
        self.web: list[MemberId] = []
        self.telegram: list[MemberId] = []
        self.sessions: list[ChatSessionId] = []
        self.sign_ins: list[SignInId] = []

    async def apply(self, operation: Operation) -> None:
        kind, one, two = operation["kind"], operation["one"], operation["two"]
        if kind == "wait":
            for backend in (self.lockstep.model, self.lockstep.tested):
                backend.clock.advance(timedelta(hours=one))
        elif kind in {"web", "telegram"}:
            await self._made(self.members, lambda backend, work: self._register(backend, work, kind, one))
            (self.web if kind == "web" else self.telegram).extend(self.members[-1:])
        elif self.members:
            first, second = (self.members[pick % len(self.members)] for pick in (one, two))
            if kind == "merge" and self.web and self.telegram:
                first, second = self.web[one % len(self.web)], self.telegram[two % len(self.telegram)]
            made = {"sign_in": self.sign_ins, "session": self.sessions, "unlink": self.members}.get(kind, [])
            step: Callable[..., Awaitable[object]] = getattr(self, f"_{kind}")
            await self._made(made, lambda backend, work: step(backend, work, operation, first, second))
            self.telegram += [self.members[-1]] if kind == "unlink" else []

    async def _made(self, made: list, step: Callable[[Backend, UnitOfWork], Awaitable[object]]) -> None:
        async def run(backend: Backend) -> object:
            async with backend.unit_of_work() as work:
                answer = await step(backend, work)
                await work.commit()
            return answer

        answer = await self.lockstep.agree(run)
        made += [] if isinstance(answer, type) or answer is None else [answer]

    async def _register(self, backend: Backend, work: UnitOfWork, kind: str, pick: int) -> MemberId:
        name = f"{self.mark}-{pick}"
        number = int(self.mark, 16) % 10**9 * 10 + pick + 1
        web = kind == "web"
        member = new_member(backend, username=name) if web else new_telegram_member(backend, number, first_name=name)
        await work.members.add(member, backend.clock.now())
        return member.id

    async def _change(self, backend: Backend, work: UnitOfWork, key: MemberId, change: Callable[[Member], None]) -> int:
        member = await work.members.get(key)
        change(member)
        await work.members.save(member, backend.clock.now())
        return member.version

    async def _grant(
        self, backend: Backend, work: UnitOfWork, operation: Operation, one: MemberId, two: MemberId
    ) -> None:
        now = backend.clock.now()
        until = now + timedelta(hours=operation["two"]) if operation["two"] else None
        giver = None if one == two else two
        grant = Grant(GrantId(backend.ids.new()), operation["role"], GrantSource.MANUAL, giver, "", until, now)
        await self._change(backend, work, one, lambda member: member.grant(grant, OPERATOR))

    async def _revoke(self, backend: Backend, work: UnitOfWork, operation: Operation, one: MemberId, _: object) -> None:
        now = backend.clock.now()
        await self._change(backend, work, one, lambda member: member.revoke(operation["role"], OPERATOR, now))

    async def _ban(self, backend: Backend, work: UnitOfWork, _: Operation, one: MemberId, _two: MemberId) -> None:
        await self._change(backend, work, one, lambda member: member.ban(OPERATOR, backend.clock.now()))

    async def _unban(self, backend: Backend, work: UnitOfWork, _: Operation, one: MemberId, _two: MemberId) -> None:
        await self._change(backend, work, one, lambda member: member.unban(OPERATOR, backend.clock.now()))

    async def _sign_in(
        self, backend: Backend, work: UnitOfWork, operation: Operation, one: MemberId, _: MemberId
    ) -> SignInId:
        now, ip = backend.clock.now(), ADDRESSES[operation["two"] % 2]
        sign_in = SignIn(SignInId(backend.ids.new()), one, "a hash", now, now + timedelta(hours=12), ip=ip)
        await work.sign_ins.add(sign_in)
        return sign_in.id

    async def _end(self, backend: Backend, work: UnitOfWork, _: Operation, one: MemberId, _two: MemberId) -> None:
        await work.sign_ins.end_all(one, backend.clock.now(), but=self.sign_ins[-1] if self.sign_ins else None)

    async def _collect(
        self, backend: Backend, work: UnitOfWork, operation: Operation, one: MemberId, _: MemberId
    ) -> None:
        now = backend.clock.now()
        saved = SavedGuide(SavedGuideId(backend.ids.new()), one, self.guide, now, operation["role"] is Role.ADMIN)
        saved.viewed(now)
        await work.saved_guides.add(saved)

    async def _session(
        self, backend: Backend, work: UnitOfWork, _: Operation, one: MemberId, two: MemberId
    ) -> ChatSessionId:
        session = new_session(backend, Member(one, backend.clock.now(), backend.clock.now()))
        session.participants = tuple(dict.fromkeys((one, two)))
        await work.chat_sessions.add(session)
        return session.id

    async def _say(self, backend: Backend, work: UnitOfWork, operation: Operation, one: MemberId, _: MemberId) -> None:
        if not self.sessions:
            return
        session_id, now = self.sessions[operation["two"] % len(self.sessions)], backend.clock.now()
        seq = await work.chat_sessions.allocate_seq(session_id, 1, now)
        message = ChatMessage.by_member(ChatMessageId(backend.ids.new()), session_id, seq, one, "Hello", now)
        await work.chat_messages.add(message)
        await work.idempotency_keys.put(one, f"key {operation['role']}", str(seq), message.id, now)

    async def _merge(self, backend: Backend, work: UnitOfWork, _: Operation, one: MemberId, two: MemberId) -> MemberId:
        now = backend.clock.now()
        survivor, absorbed = merge(await work.members.get(one), await work.members.get(two), now)
        await work.merging.move_belongings(absorbed.id, survivor.id)
        await work.members.save(absorbed, now)
        await work.members.save(survivor, now)
        await work.members.delete(absorbed)
        return survivor.id

    async def _unlink(
        self, backend: Backend, work: UnitOfWork, _: Operation, one: MemberId, _two: MemberId
    ) -> MemberId:
        now, member = backend.clock.now(), await work.members.get(one)
        fresh = unlink(member, MemberId(backend.ids.new()), now)
        await work.members.save(member, now)
        await work.members.add(fresh, now)
        return fresh.id

    async def _delete(self, _: Backend, work: UnitOfWork, _operation: Operation, one: MemberId, _two: MemberId) -> None:
        await work.members.delete(await work.members.get(one))

    async def state_of(self, backend: Backend, member_id: MemberId) -> object:
        """All that is read of one member."""
        now, queries, since = backend.clock.now(), backend.members, backend.clock.now() - timedelta(hours=6)
        async with backend.unit_of_work() as work:
            kept = [await work.idempotency_keys.find(member_id, f"key {role}", since) for role in Role]
        return (
            await queries.view(member_id, now),
            await queries.actor(member_id, None, now),
            list(await queries.grants(member_id)),
            await queries.sign_ins(member_id, None, 100, now),
            await backend.chat.sessions(member_id, SessionFilter(), limit=50),
            await backend.chat.stats(member_id, now.replace(hour=0, minute=0, second=0, microsecond=0)),
            await backend.guides.saved(member_id, Role.PUBLIC, unread_only=False, cursor=None, limit=5),
            await backend.event_log.read(user_channel(member_id), 0, 100),
            kept,
        )

    async def state_of_all(self, backend: Backend) -> object:
        """What is read of sessions, sign-ins and everybody together."""
        now, nobody = backend.clock.now(), MemberId(self.guide)
        async with backend.unit_of_work() as work:
            owner = await work.members.owner(now)
            owners = (owner and owner.id, await work.members.has_lasting_owner(owner.id if owner else nobody))
            stale = list(await work.members.with_stale_role(now, 100))
        return (
            owners,
            stale,
            [await backend.members.actor(nobody, sign_in_id, now) for sign_in_id in self.sign_ins],
            [list(await backend.chat.messages(key, before=None, after=None, limit=99)) for key in self.sessions],
            [await backend.event_log.read(session_channel(key), 0, 100) for key in self.sessions],
            await backend.members.page(self.mark, None, 100, now),
        )


@settings(max_examples=8)
@given(operations=st.lists(_OPERATION, min_size=15, max_size=45))
async def test_members_after_any_operations_answer_as_in_memory(
    lockstep: Lockstep, operations: list[Operation]
) -> None:
    guides = [(await stored_guide(backend)).id for backend in (lockstep.model, lockstep.tested)]
    assert guides[0] == guides[1]
    community = Community(lockstep, guides[0].hex[-12:], guides[0])
    for operation in operations:
        await community.apply(operation)
    for member_id in community.members:
        await lockstep.agree(lambda backend, key=member_id: community.state_of(backend, key))
    await lockstep.agree(community.state_of_all)
