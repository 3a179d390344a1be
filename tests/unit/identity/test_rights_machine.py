"""Random sequences of everything that gives or takes rights, against a model of the rules."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from application.ports.identity import MemberView
from domain.errors import Conflict, GuildhallError, Invalid, NotAllowed
from domain.identity import OPERATOR, Actor, AuditAction, GrantSource, MemberId, Role
from tests.unit.identity.rights import RightsWorld

A_ROLE = st.sampled_from(Role)
A_PICK = st.integers(0, 30)
AN_END = st.one_of(st.none(), st.integers(-1, 12))
MAX_PEOPLE = 8


@dataclass(frozen=True)
class Given:
    """What the model knows of a grant."""

    role: Role
    source: GrantSource
    until: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether it counts now."""
        return self.until is None or now < self.until


@dataclass
class Person:
    """What the model knows of a member."""

    has_web: bool
    has_telegram: bool
    born: int
    banned: bool = False
    grants: list[Given] = field(default_factory=list)

    def role(self, now: datetime) -> Role:
        """The highest of what holds."""
        return Role(max([0, *(int(each.role) for each in self.grants if each.holds(now))]))

    def lasting_owner(self) -> bool:
        """Whether they keep the instance theirs."""
        return not self.banned and any(each.role is Role.OWNER and each.until is None for each in self.grants)


class RightsMachine(RuleBasedStateMachine):
    """Everybody tries everything; the model says what the rules let through."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = self.runner.run(_new_world())
        self.people: dict[MemberId, Person] = {}
        self.born = 0
        self.done: Counter[AuditAction] = Counter()
        self.refused = 0

    def teardown(self) -> None:
        self.runner.close()

    # What happens.

    @initialize()
    def an_instance_has_people_of_every_role(self) -> None:
        owner, _ = self.runner.run(self.world.members.bootstrap_owner())
        self._joins(owner.id, has_web=True, has_telegram=False)
        self.people[owner.id].grants.append(Given(Role.OWNER, GrantSource.BOOTSTRAP, None))
        self.done[AuditAction.ROLE_GRANTED] += 1
        for role in (Role.ADMIN, Role.ADMIN, Role.OWNER, Role.SUBSCRIBER):
            (self.registers if role >= Role.ADMIN else self.writes_to_the_bot)()
            newest = self._pick(-1)
            self.runner.run(self.world.members.grant(OPERATOR, newest, role, ""))
            self.people[newest].grants.append(Given(role, GrantSource.MANUAL, None))
            self.done[AuditAction.ROLE_GRANTED] += 1

    @precondition(lambda self: len(self.people) < MAX_PEOPLE)
    @rule()
    def registers(self) -> None:
        member_id = self.runner.run(self.world.web_member(f"member{self.born}"))
        self._joins(member_id, has_web=True, has_telegram=False)

    @precondition(lambda self: len(self.people) < MAX_PEOPLE)
    @rule()
    def writes_to_the_bot(self) -> None:
        member_id = self.runner.run(self.world.telegram_member(1000 + self.born))
        self._joins(member_id, has_web=False, has_telegram=True)

    @rule(who=A_PICK, whom=A_PICK, role=A_ROLE, hours=AN_END)
    def grants(self, who: int, whom: int, role: Role, hours: int | None) -> None:
        actor, target = self._actor(who), self._pick(whom)
        if actor is None:
            return
        until = None if hours is None else self._now() + timedelta(hours=hours)
        expected = self._refusal_of_change(actor, target, role)
        if expected is None and (role is Role.PUBLIC or (hours is not None and hours <= 0)):
            expected = Invalid
        if self._tries(self.world.members.grant(actor, target, role, "", until), expected):
            self.people[target].grants.append(Given(role, GrantSource.MANUAL, until))
            self.done[AuditAction.ROLE_GRANTED] += 1

    @rule(whom=A_PICK, hours=st.integers(1, 12))
    def subscribes(self, whom: int, hours: int) -> None:
        target = self._pick(whom)
        self.runner.run(self.world.subscribe(target, hours=hours))
        until = self._now() + timedelta(hours=hours)
        self.people[target].grants.append(Given(Role.SUBSCRIBER, GrantSource.SUBSCRIPTION, until))

    @rule(who=A_PICK, whom=A_PICK, role=A_ROLE)
    def revokes(self, who: int, whom: int, role: Role) -> None:
        actor, target = self._actor(who), self._pick(whom)
        if actor is None:
            return
        person = self.people[target]
        kept = [g for g in person.grants if g.role is not role or g.source is GrantSource.SUBSCRIPTION]
        expected = self._refusal_of_change(actor, target, role)
        if expected is None and len(kept) == len(person.grants):
            expected = Conflict
        if expected is None and person.lasting_owner() and not self._owners_but(target):
            expected = Conflict if role is Role.OWNER else None
        if self._tries(self.world.members.revoke(actor, target, role), expected):
            person.grants = kept
            self.done[AuditAction.ROLE_REVOKED] += 1

    @rule(who=A_PICK, whom=A_PICK)
    def bans(self, who: int, whom: int) -> None:
        actor, target = self._actor(who), self._pick(whom)
        if actor is None:
            return
        person = self.people[target]
        expected = self._refusal_of_ban(actor, target)
        if expected is None and (person.banned or (person.lasting_owner() and not self._owners_but(target))):
            expected = Conflict
        if self._tries(self.world.members.ban(actor, target, "spam"), expected):
            person.banned = True
            self.done[AuditAction.BANNED] += 1

    @rule(who=A_PICK, whom=A_PICK)
    def unbans(self, who: int, whom: int) -> None:
        actor, target = self._actor(who), self._pick(whom)
        if actor is None:
            return
        expected = self._refusal_of_ban(actor, target)
        if expected is None and not self.people[target].banned:
            expected = Conflict
        if self._tries(self.world.members.unban(actor, target), expected):
            self.people[target].banned = False
            self.done[AuditAction.UNBANNED] += 1

    @rule(who=A_PICK, whom=A_PICK)
    def deletes(self, who: int, whom: int) -> None:
        actor, target = self._actor(who), self._pick(whom)
        if actor is None:
            return
        expected = self._refusal_of_ban(actor, target)
        if expected is None and self.people[target].lasting_owner() and not self._owners_but(target):
            expected = Conflict
        if self._tries(self.world.data_rights.delete(actor, target), expected):
            del self.people[target]
            self.done[AuditAction.DELETED] += 1

    @rule(web=A_PICK, telegram=A_PICK, fitting=st.booleans())
    def links(self, web: int, telegram: int, *, fitting: bool) -> None:
        one, two = self._pick(web), self._pick(telegram)
        if fitting:
            webs = [key for key, person in self.people.items() if not person.has_telegram]
            telegrams = [key for key, person in self.people.items() if not person.has_web]
            if not webs or not telegrams:
                return
            one, two = webs[web % len(webs)], telegrams[telegram % len(telegrams)]
        first, second = self.people[one], self.people[two]
        alone = first.has_web and not first.has_telegram and second.has_telegram and not second.has_web
        if one == two or not alone:
            expected: type[GuildhallError] | None = Conflict
        else:
            expected = NotAllowed if first.banned or second.banned else None
        if self._tries(self.world.link(one, two), expected, told=False):
            stays, goes = (one, two) if first.born < second.born else (two, one)
            gone = self.people.pop(goes)
            kept = self.people[stays]
            kept.has_web = kept.has_telegram = True
            kept.grants += gone.grants

    @rule(whom=A_PICK)
    def unlinks(self, whom: int) -> None:
        target = self._pick(whom)
        person = self.people[target]
        both = person.has_web and person.has_telegram
        before = set(self.world.store.tables.members)
        if self._tries(self.world.unlink(target), None if both else Conflict, told=False):
            (fresh,) = set(self.world.store.tables.members) - before
            person.has_telegram = False
            self._joins(fresh, has_web=False, has_telegram=True)
            self.people[fresh].banned = person.banned

    @rule(hours=st.integers(1, 12), swept=st.booleans())
    def time_passes(self, hours: int, *, swept: bool) -> None:
        self.world.later(hours=hours)
        if swept:
            self.sweeps()

    @rule()
    def sweeps(self) -> None:
        self.runner.run(self.world.sweeper.settle_roles())
        roles = self.world.store.tables.roles
        assert roles == {member_id: person.role(self._now()) for member_id, person in self.people.items()}

    # What always holds.

    @invariant()
    def everybody_has_the_highest_role_that_holds(self) -> None:
        seen = self.runner.run(self._seen())
        for member_id, person in self.people.items():
            view, actor = seen[member_id]
            assert view is not None
            assert (view.role, view.is_active) == (person.role(self._now()), not person.banned)
            assert (actor.role if actor else None) == (None if person.banned else person.role(self._now()))

    @invariant()
    def nobody_holds_what_nobody_gave(self) -> None:
        assert set(self.world.store.tables.members) == set(self.people)
        for member_id, person in self.people.items():
            grants = [Given(g.role, g.source, g.until) for g in self.world.stored(member_id).grants]
            assert Counter(grants) == Counter(person.grants)

    @invariant()
    def a_ban_holds_for_every_account(self) -> None:
        for member_id, person in self.people.items():
            member = self.world.stored(member_id)
            accounts = [account for account in (member.user, member.telegram) if account is not None]
            assert [account.is_active for account in accounts] == [not person.banned] * len(accounts)

    @invariant()
    def a_stored_role_is_never_too_low(self) -> None:
        for member_id, person in self.people.items():
            assert self.world.store.tables.roles[member_id] >= person.role(self._now())

    @invariant()
    def there_is_a_lasting_owner(self) -> None:
        assert not self.people or any(person.lasting_owner() for person in self.people.values())

    @invariant()
    def every_change_and_every_refusal_is_a_line(self) -> None:
        lines = Counter(entry.action for entry in self.world.store.tables.audit.values())
        assert {action: lines[action] for action in self.done} == dict(self.done)
        assert lines[AuditAction.CHANGE_REFUSED] == self.refused

    # How the model thinks.

    def _now(self) -> datetime:
        return self.world.clock.now()

    async def _seen(self) -> dict[MemberId, tuple[MemberView | None, Actor | None]]:
        """How admins see everybody, and how their requests come."""
        queries, now = self.world.queries, self._now()
        return {each: (await queries.view(each, now), await self.world.actor(each)) for each in self.people}

    def _joins(self, member_id: MemberId, *, has_web: bool, has_telegram: bool) -> None:
        self.born += 1
        self.people[member_id] = Person(has_web, has_telegram, self.born)

    def _pick(self, number: int) -> MemberId:
        return list(self.people)[number % len(self.people)]

    def _actor(self, number: int) -> Actor | None:
        """The operator, or anybody who can come in, the mightiest first: most examples have small numbers."""
        mightiest = sorted(self.people, key=lambda key: -self.people[key].role(self._now()))
        place = number % (len(self.people) + 1)
        return self.runner.run(self.world.actor(mightiest[place - 1])) if place else OPERATOR

    def _owners_but(self, member_id: MemberId) -> bool:
        return any(person.lasting_owner() for key, person in self.people.items() if key != member_id)

    def _refusal_of_change(self, actor: Actor, target: MemberId, role: Role) -> type[GuildhallError] | None:
        enough = actor.role is Role.OWNER or (actor.role is Role.ADMIN and role <= Role.SUBSCRIBER)
        return None if enough and actor.member_id != target else NotAllowed

    def _refusal_of_ban(self, actor: Actor, target: MemberId) -> type[GuildhallError] | None:
        theirs = self.people[target].role(self._now())
        enough = actor.role is Role.OWNER or (actor.role is Role.ADMIN and theirs <= Role.SUBSCRIBER)
        return None if enough and actor.member_id != target else NotAllowed

    def _tries(self, attempt: object, expected: type[GuildhallError] | None, *, told: bool = True) -> bool:
        """Whether it went through, as it should; a refusal is the one that the rules ask for."""
        if expected is None:
            self.runner.run(attempt)
            return True
        with pytest.raises(expected) as refusal:
            self.runner.run(attempt)
        assert refusal.type is expected
        self.refused += told and expected is not Invalid
        return False


async def _new_world() -> RightsWorld:
    return RightsWorld()


TestRightsMachine = RightsMachine.TestCase
TestRightsMachine.settings = settings(max_examples=70, stateful_step_count=40)
