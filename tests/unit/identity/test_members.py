"""Registering, and who may give which role to whom."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Conflict, Invalid, NotAllowed, NotFound
from domain.identity import GUEST, OPERATOR, Actor, Grant, GrantId, GrantSource, Member, MemberId, Role, effective_role
from tests.unit.identity.conftest import PASSWORD, IdentityWorld

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("email", "username", "password", "fields"),
    [
        (None, None, PASSWORD, ["email"]),
        ("no-at-sign", None, PASSWORD, ["email"]),
        ("a@" + "x" * 320, None, PASSWORD, ["email"]),
        (None, "ab", PASSWORD, ["username"]),
        (None, "12345", PASSWORD, ["username"]),
        (None, "-ann", PASSWORD, ["username"]),
        ("bad", "!", PASSWORD, ["email", "username"]),
        (None, "ann", "short", ["password"]),
    ],
)
async def test_register_bad_fields_are_all_named(
    world: IdentityWorld, email: str | None, username: str | None, password: str, fields: list[str]
) -> None:
    with pytest.raises(Invalid) as refusal:
        await world.members.register(email=email, username=username, password=password)

    assert [error.field for error in refusal.value.fields] == fields


async def test_register_name_taken_in_other_case_conflicts(world: IdentityWorld) -> None:
    await world.members.register(email="ann@example.org", username="ann", password=PASSWORD)

    with pytest.raises(Conflict):
        await world.members.register(email="ANN@EXAMPLE.ORG", username=None, password=PASSWORD)
    with pytest.raises(Conflict):
        await world.members.register(email=None, username="ANN", password=PASSWORD)


async def test_grant_acts_at_once_and_tells_the_sockets(world: IdentityWorld) -> None:
    ann = await world.members.register(email=None, username="ann", password=PASSWORD)

    granted = await world.members.grant(OPERATOR, ann.id, Role.ADMIN, "helps out")
    revoked = await world.members.revoke(OPERATOR, ann.id, Role.ADMIN)

    assert (granted.role, revoked.role) == (Role.ADMIN, Role.PUBLIC)
    assert [getattr(heard, "member_id", None) for heard in world.heard] == [ann.id, ann.id]


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
async def test_grant_by_each_role_follows_the_rule(
    world: IdentityWorld, by: Role, role: Role, *, allowed: bool
) -> None:
    ann = await world.members.register(email=None, username="ann", password=PASSWORD)
    actor = Actor(MemberId(UUID(int=7)), by)

    if allowed:
        assert (await world.members.grant(actor, ann.id, role, "")).role is role
    else:
        with pytest.raises(NotAllowed):
            await world.members.grant(actor, ann.id, role, "")


async def test_grant_to_oneself_is_refused(world: IdentityWorld) -> None:
    ann = await world.members.register(email=None, username="ann", password=PASSWORD)

    with pytest.raises(NotAllowed, match="own role"):
        await world.members.grant(Actor(ann.id, Role.OWNER), ann.id, Role.ADMIN, "")


async def test_revoke_of_what_was_never_granted_conflicts(world: IdentityWorld) -> None:
    ann = await world.members.register(email=None, username="ann", password=PASSWORD)

    with pytest.raises(Conflict):
        await world.members.revoke(OPERATOR, ann.id, Role.ADMIN)


async def test_owner_bootstrap_twice_makes_one_owner(world: IdentityWorld) -> None:
    first, created = await world.members.bootstrap_owner()
    second, again = await world.members.bootstrap_owner()

    assert (created, again) == (True, False)
    assert first == second
    assert (await world.members.page(OPERATOR)).items == (first,)


async def test_operator_tools_in_other_hands_are_refused(world: IdentityWorld) -> None:
    owner, _ = await world.members.bootstrap_owner()
    actor = Actor(owner.id, Role.OWNER)

    with pytest.raises(NotAllowed):
        await world.members.sign_in_link(actor, owner.id)
    with pytest.raises(NotAllowed):
        await world.members.set_password(actor, owner.id, PASSWORD)
    with pytest.raises(NotAllowed):
        await world.members.page(GUEST)


async def test_member_lookup_of_an_unknown_name_is_not_found(world: IdentityWorld) -> None:
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
