"""The operator links and unlinks accounts without asking either side."""

from datetime import timedelta

import pytest

from application.identity._auditing import Trail
from application.identity.linking_by_operator import LinkingByOperator
from domain.errors import Conflict, GuildhallError, InvalidToken, NotAllowed, NotFound
from domain.identity import OPERATOR, Actor, AuditAction, MemberId, Role
from tests.support.backend import memory_backend
from tests.support.linking import ANN, LinkingWorld


@pytest.fixture
def world() -> LinkingWorld:
    """An instance without members."""
    return LinkingWorld(memory_backend())


def by_operator(world: LinkingWorld) -> LinkingByOperator:
    """What the operator links with."""
    work, clock, ids = world.backend.unit_of_work, world.backend.clock, world.backend.ids
    return LinkingByOperator(work, Trail(work, clock, ids), clock, ids)


@pytest.mark.parametrize("older", ["web", "telegram"])
async def test_link_by_operator_makes_one_member_with_a_line_that_names_the_operator(
    world: LinkingWorld, older: str
) -> None:
    first = await (world.web(role=Role.ADMIN) if older == "web" else world.telegram_member())
    world.backend.clock.advance(timedelta(seconds=1))
    second = await (world.telegram_member() if older == "web" else world.web(role=Role.ADMIN))
    web = first if older == "web" else second

    survivor = await by_operator(world).link(OPERATOR, web.id, ANN.telegram_id)

    one = await world.loaded(survivor)
    assert survivor == first.id
    assert one.user is not None
    assert one.telegram is not None
    assert one.effective_role(world.backend.clock.now()) is Role.ADMIN
    with pytest.raises(NotFound):
        await world.loaded(second.id)
    (line,) = await world.lines(AuditAction.LINKED)
    assert (line.actor_id, line.resource_id, line.details["by"]) == (None, str(survivor), "operator")
    assert line.details["telegram_id"] == ANN.telegram_id


async def test_unlink_by_operator_makes_two_again_and_ends_every_sign_in(world: LinkingWorld) -> None:
    ada = await world.web()
    await world.telegram_member()
    one = await by_operator(world).link(OPERATOR, ada.id, ANN.telegram_id)
    _, signed_in = await world.signed_in(await world.loaded(one))

    await by_operator(world).unlink(OPERATOR, one)

    assert (await world.loaded(one)).telegram is None
    fresh = await world.by_telegram_id()
    assert fresh is not None
    assert fresh.user is None
    sign_ins = await world.backend.members.sign_ins(one, None, 10, world.backend.clock.now())
    assert (sign_ins.items, signed_in.member_id) == ((), one)
    lines = await world.lines(AuditAction.UNLINKED)
    assert [line.details["by"] for line in lines] == ["operator", "operator"]
    with pytest.raises(Conflict):
        await by_operator(world).unlink(OPERATOR, one)


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("unknown member", NotFound),
        ("unknown account", NotFound),
        ("linked already", Conflict),
        ("banned", NotAllowed),
    ],
)
async def test_link_by_operator_of_what_may_not_be_one_is_refused_and_told(
    world: LinkingWorld, case: str, error: type[GuildhallError]
) -> None:
    ada, ann = await world.web(), await world.telegram_member()
    member_id = MemberId(world.backend.ids.new()) if case == "unknown member" else ada.id
    telegram_id = 77 if case == "unknown account" else ANN.telegram_id
    if case == "banned":
        await world.change(ann.id, ban=True)
    if case == "linked already":
        member_id = await by_operator(world).link(OPERATOR, ada.id, ANN.telegram_id)

    with pytest.raises(error):
        await by_operator(world).link(OPERATOR, member_id, telegram_id)

    (line,) = await world.lines(AuditAction.LINK_REFUSED)
    assert (line.resource_id, line.details) == (str(member_id), {"cause": error.code, "by": "operator"})


async def test_link_by_operator_voids_a_code_that_waits(world: LinkingWorld) -> None:
    ada = await world.web()
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))
    await world.telegram_member()
    world.backend.clock.advance(timedelta(seconds=1))
    await by_operator(world).link(OPERATOR, ada.id, ANN.telegram_id)

    with pytest.raises((InvalidToken, Conflict)):
        await world.linking.present(ANN, code.code)


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.OWNER])
async def test_link_by_operator_is_nobody_elses(world: LinkingWorld, role: Role) -> None:
    ada, ann = await world.web(role=role), await world.telegram_member()
    somebody = Actor(ada.id, role)

    with pytest.raises(NotAllowed):
        await by_operator(world).link(somebody, ada.id, ANN.telegram_id)
    with pytest.raises(NotAllowed):
        await by_operator(world).unlink(somebody, ada.id)

    assert (await world.loaded(ann.id)).user is None
