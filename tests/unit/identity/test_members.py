"""Who may give which role to whom, ban and name whom, and that the last owner stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports.audit import AuditFilter
from domain.errors import Conflict, Invalid, NotAllowed, NotFound
from domain.identity import (
    GUEST,
    OPERATOR,
    Actor,
    AuditAction,
    Grant,
    GrantId,
    GrantSource,
    Member,
    MemberId,
    Role,
    effective_role,
)
from tests.unit.identity.rights import PASSWORD, RightsWorld

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world() -> RightsWorld:
    """An instance without members."""
    return RightsWorld()


async def test_grant_acts_at_once_and_tells_the_sockets(world: RightsWorld) -> None:
    ann = await world.web_member("ann")

    granted = await world.members.grant(OPERATOR, ann, Role.ADMIN, "helps out")
    revoked = await world.members.revoke(OPERATOR, ann, Role.ADMIN)

    assert (granted.role, revoked.role) == (Role.ADMIN, Role.PUBLIC)
    assert world.told() == {ann: 2}


@pytest.mark.parametrize(
    ("by", "role", "allowed"),
    [
        (Role.OWNER, Role.OWNER, True),
        (Role.OWNER, Role.ADMIN, True),
        (Role.OWNER, Role.SUBSCRIBER, True),
        (Role.ADMIN, Role.OWNER, False),
        (Role.ADMIN, Role.ADMIN, False),
        (Role.ADMIN, Role.SUBSCRIBER, True),
        (Role.SUBSCRIBER, Role.SUBSCRIBER, False),
        (Role.PUBLIC, Role.SUBSCRIBER, False),
    ],
)
async def test_grant_by_each_role_follows_the_rule(world: RightsWorld, by: Role, role: Role, *, allowed: bool) -> None:
    ann = await world.web_member("ann")
    actor = await world.acting(await world.web_member("giver", by))

    if allowed:
        assert (await world.members.grant(actor, ann, role, "")).role is role
    else:
        with pytest.raises(NotAllowed):
            await world.members.grant(actor, ann, role, "")


async def test_grant_to_oneself_is_refused(world: RightsWorld) -> None:
    ann = await world.web_member("ann", Role.OWNER)

    with pytest.raises(NotAllowed, match="own role"):
        await world.members.grant(await world.acting(ann), ann, Role.ADMIN, "")


async def test_revoke_of_what_was_never_granted_conflicts(world: RightsWorld) -> None:
    ann = await world.web_member("ann")

    with pytest.raises(Conflict):
        await world.members.revoke(OPERATOR, ann, Role.ADMIN)


async def test_owner_bootstrap_twice_makes_one_owner(world: RightsWorld) -> None:
    first, created = await world.members.bootstrap_owner()
    second, again = await world.members.bootstrap_owner()

    assert (created, again) == (True, False)
    assert first == second
    assert (await world.members.page(OPERATOR)).items == (first,)


async def test_operator_tools_in_other_hands_are_refused(world: RightsWorld) -> None:
    owner, _ = await world.members.bootstrap_owner()
    actor = Actor(owner.id, Role.OWNER)

    with pytest.raises(NotAllowed):
        await world.members.sign_in_link(actor, owner.id)
    with pytest.raises(NotAllowed):
        await world.members.set_password(actor, owner.id, PASSWORD)
    with pytest.raises(NotAllowed):
        await world.members.page(GUEST)


async def test_member_lookup_of_an_unknown_name_is_not_found(world: RightsWorld) -> None:
    with pytest.raises(NotFound, match="nobody"):
        await world.members.find(OPERATOR, "nobody")


_GRANTS = st.lists(
    st.builds(
        Grant,
        id=st.uuids().map(GrantId),
        role=st.sampled_from(Role),
        source=st.sampled_from(GrantSource),
        granted_by=st.none(),
        reason=st.just(""),
        until=st.one_of(st.none(), st.integers(-5, 5).map(lambda hours: NOW + timedelta(hours=hours))),
        created_at=st.just(NOW),
    ),
    max_size=8,
)


@given(_GRANTS)
def test_effective_role_over_any_grants_is_the_highest_valid_one(grants: list[Grant]) -> None:
    valid = [grant.role for grant in grants if grant.until is None or grant.until > NOW]

    role = effective_role(grants, NOW)

    assert role == max(valid, default=Role.PUBLIC)


@given(_GRANTS, st.sampled_from([Role.SUBSCRIBER, Role.ADMIN, Role.OWNER]))
def test_revoking_a_role_over_any_grants_leaves_what_a_subscription_gave(grants: list[Grant], role: Role) -> None:
    member = Member(MemberId(UUID(int=1)), NOW, NOW, grants=list(grants))
    paid = [grant for grant in grants if grant.source is GrantSource.SUBSCRIPTION]

    if any(grant.role is role and grant.source is not GrantSource.SUBSCRIPTION for grant in grants):
        member.revoke(role, OPERATOR, NOW)

    assert all(grant in member.grants for grant in paid)
    assert [g for g in member.grants if g.role is role and g.source is not GrantSource.SUBSCRIPTION] == []


async def test_grant_with_an_end_counts_until_then(world: RightsWorld) -> None:
    ann = await world.web_member("ann")
    until = world.clock.now() + timedelta(hours=2)

    await world.members.grant(OPERATOR, ann, Role.ADMIN, "stands in", until)
    before = (await world.acting(ann)).role
    world.later(hours=2)

    assert (before, (await world.acting(ann)).role) == (Role.ADMIN, Role.PUBLIC)
    (grant,) = await world.members.grants(OPERATOR, ann)
    assert (grant.role, grant.until, grant.reason) == (Role.ADMIN, until, "stands in")


@pytest.mark.parametrize("hours", [0, -1])
async def test_grant_with_an_end_that_is_no_future_is_invalid(world: RightsWorld, hours: int) -> None:
    ann = await world.web_member("ann")

    with pytest.raises(Invalid) as refusal:
        await world.members.grant(OPERATOR, ann, Role.ADMIN, "", world.clock.now() + timedelta(hours=hours))

    assert [error.field for error in refusal.value.fields] == ["until"]


async def test_grants_of_others_are_for_admins(world: RightsWorld) -> None:
    ann = await world.web_member("ann")

    with pytest.raises(NotAllowed):
        await world.members.grants(await world.acting(ann), ann)
    with pytest.raises(NotFound):
        await world.members.grants(OPERATOR, MemberId(UUID(int=7)))


async def test_role_change_by_an_admin_is_a_line_of_the_trail(world: RightsWorld) -> None:
    ann, ada = await world.web_member("ann"), await world.web_member("ada", Role.ADMIN)
    admin = await world.acting(ada)

    await world.members.grant(admin, ann, Role.SUBSCRIBER, "won it")
    await world.members.revoke(admin, ann, Role.SUBSCRIBER)

    given, taken = world.lines(AuditAction.ROLE_GRANTED, AuditAction.ROLE_REVOKED)[-2:]
    assert (given.actor_id, given.resource_id, given.ip) == (ada, str(ann), "192.0.2.7")
    assert given.details == {"role": "SUBSCRIBER", "source": "manual", "reason": "won it"}
    assert (taken.actor_id, taken.details) == (ada, {"role": "SUBSCRIBER"})


async def test_refused_role_change_is_a_line_of_the_trail_however_long_its_reason(world: RightsWorld) -> None:
    ann, ada = await world.web_member("ann"), await world.web_member("ada", Role.ADMIN)

    with pytest.raises(NotAllowed):
        await world.members.grant(await world.acting(ada), ann, Role.OWNER, "x" * 100_000)

    (line,) = world.lines(AuditAction.CHANGE_REFUSED)
    assert (line.actor_id, line.resource_id) == (ada, str(ann))
    assert line.details["attempted"] == "role.granted"
    assert (line.details["cause"], line.details["role"]) == ("not_allowed", "OWNER")
    assert (await world.acting(ann)).role is Role.PUBLIC


async def test_ban_shuts_out_of_both_accounts_and_ends_sign_ins_for_good(world: RightsWorld) -> None:
    ann = await world.link(await world.web_member("ann"), await world.telegram_member(77))
    signed_in = await world.signed_in(ann)
    world.heard.clear()

    banned = await world.members.ban(OPERATOR, ann, "spam")
    shut_out = await world.actor(ann)
    with pytest.raises(NotAllowed):
        await world.telegram_member(77)
    unbanned = await world.members.unban(OPERATOR, ann)

    assert (banned.is_active, unbanned.is_active, shut_out) == (False, True, None)
    assert await world.queries.actor(ann, signed_in, world.clock.now()) is None
    assert world.told() == {ann: 2}
    assert [line.details for line in world.lines(AuditAction.BANNED)] == [{"reason": "spam", "by": "operator"}]
    assert len(world.lines(AuditAction.UNBANNED)) == 1


@pytest.mark.parametrize(
    ("by", "whom", "allowed"),
    [
        (Role.OWNER, Role.OWNER, True),
        (Role.OWNER, Role.ADMIN, True),
        (Role.ADMIN, Role.OWNER, False),
        (Role.ADMIN, Role.ADMIN, False),
        (Role.ADMIN, Role.SUBSCRIBER, True),
        (Role.SUBSCRIBER, Role.PUBLIC, False),
    ],
)
async def test_ban_by_each_role_follows_the_rule(world: RightsWorld, by: Role, whom: Role, *, allowed: bool) -> None:
    await world.members.bootstrap_owner()
    actor, ann = await world.acting(await world.web_member("ada", by)), await world.web_member("ann", whom)

    if allowed:
        assert not (await world.members.ban(actor, ann, "")).is_active
        assert (await world.members.unban(actor, ann)).is_active
    else:
        for attempt in (world.members.ban(actor, ann, ""), world.members.unban(actor, ann)):
            with pytest.raises(NotAllowed):
                await attempt
        assert await world.actor(ann) is not None


async def test_ban_with_too_long_a_reason_is_invalid(world: RightsWorld) -> None:
    ann = await world.web_member("ann")

    with pytest.raises(Invalid):
        await world.members.ban(OPERATOR, ann, "x" * 501)

    assert await world.actor(ann) is not None


async def test_last_owner_is_neither_demoted_nor_banned_nor_deleted(world: RightsWorld) -> None:
    owner, _ = await world.members.bootstrap_owner()
    stand_in = await world.web_member("ann")
    await world.members.grant(OPERATOR, stand_in, Role.OWNER, "for a day", world.clock.now() + timedelta(days=1))
    here = replace(await world.acting(owner.id), sign_in_id=await world.signed_in(owner.id))

    for attempt in (
        world.members.revoke(OPERATOR, owner.id, Role.OWNER),
        world.members.ban(OPERATOR, owner.id, ""),
        world.data_rights.delete(OPERATOR, owner.id),
        world.data_rights.delete_own(here, None),
    ):
        with pytest.raises(Conflict, match="last owner"):
            await attempt

    assert (await world.acting(owner.id)).role is Role.OWNER


async def test_last_owner_with_a_lasting_second_one_may_go(world: RightsWorld) -> None:
    owner, _ = await world.members.bootstrap_owner()
    second = await world.web_member("ann", Role.OWNER)

    await world.members.revoke(await world.acting(second), owner.id, Role.OWNER)

    assert (await world.acting(owner.id)).role is Role.PUBLIC
    with pytest.raises(Conflict, match="last owner"):
        await world.members.ban(OPERATOR, second, "")


@pytest.mark.parametrize("login", ["ann", " ANN@example.org ", "77"])
async def test_member_is_found_by_each_name(world: RightsWorld, login: str) -> None:
    ann = await world.link(await world.web_member("ann"), await world.telegram_member(77))

    assert (await world.members.find(OPERATOR, login)).id == ann


@pytest.mark.parametrize("login", ["78", "9" * 30, "\u0667\u0667", ""])
async def test_member_lookup_of_odd_names_is_not_found(world: RightsWorld, login: str) -> None:
    await world.telegram_member(77)

    with pytest.raises(NotFound):
        await world.members.find(OPERATOR, login)


async def test_operators_tools_are_lines_of_the_trail_without_the_secret(world: RightsWorld) -> None:
    ann = await world.web_member("ann")

    link = await world.members.sign_in_link(OPERATOR, ann)
    await world.members.set_password(OPERATOR, ann, "another long password")

    lines = world.lines(AuditAction.SIGN_IN_LINK_MADE, AuditAction.PASSWORD_CHANGED)
    assert [(line.resource_id, line.details) for line in lines] == [(str(ann), {"by": "operator"})] * 2
    assert link.token not in repr(world.store.tables.audit)
    assert link.token not in repr(link)


async def test_trail_is_shown_to_admins_only(world: RightsWorld) -> None:
    ann, ada = await world.web_member("ann"), await world.web_member("ada", Role.ADMIN)

    page = await world.audit.page(await world.acting(ada), AuditFilter(member_id=ann))

    assert [entry.action for entry in page.items] == [AuditAction.REGISTERED]
    with pytest.raises(NotAllowed):
        await world.audit.page(await world.acting(ann))


@pytest.mark.parametrize("change", ["demoted", "banned", "deleted"])
async def test_rights_of_who_lost_their_own_meanwhile_change_nothing(world: RightsWorld, change: str) -> None:
    ann = await world.web_member("ann", Role.SUBSCRIBER)
    for name in ("olga", "otto"):
        await world.web_member(name, Role.OWNER)
    olga = await world.acting((await world.members.find(OPERATOR, "olga")).id)
    assert olga.member_id is not None
    match change:
        case "demoted":
            await world.members.revoke(OPERATOR, olga.member_id, Role.OWNER)
        case "banned":
            await world.members.ban(OPERATOR, olga.member_id, "")
        case _:
            await world.data_rights.delete(OPERATOR, olga.member_id)

    with pytest.raises(NotAllowed):
        await world.members.grant(olga, ann, Role.OWNER, "a friend")
    with pytest.raises(NotAllowed):
        await world.members.ban(olga, ann, "")
    with pytest.raises(NotAllowed):
        await world.data_rights.delete(olga, ann)

    assert (world.stored(ann).effective_role(world.clock.now()), world.stored(ann).is_active) == (Role.SUBSCRIBER, True)
    assert len(world.lines(AuditAction.CHANGE_REFUSED)) == 3
