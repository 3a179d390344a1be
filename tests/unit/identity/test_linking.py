"""Linking a web account and a Telegram account, from the code to the one member."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.memory.security import InMemoryTokenIssuer
from application.identity.linking import CODES, REDEEMING
from application.identity.sign_ins import SignInService
from application.ports.realtime import Announcement, RightsChanged
from domain.errors import (
    Conflict,
    GuildhallError,
    InvalidCredentials,
    InvalidToken,
    NotAllowed,
    NotFound,
    TooManyRequests,
)
from domain.identity import (
    GUEST,
    LINK_CODE_LENGTH,
    LINK_CODE_LIFETIME,
    OPERATOR,
    Actor,
    AuditAction,
    LinkRequestId,
    LinkState,
    Member,
    Role,
    TelegramProfile,
)
from tests.support.backend import memory_backend
from tests.support.given import new_grant
from tests.support.linking import ANN, DEVICE, PASSWORD, LinkingWorld

BOB = TelegramProfile(43, "bob", "Bob")
NOBODYS = LinkRequestId(UUID(int=0xBAD))


@pytest.fixture
def world() -> LinkingWorld:
    """An instance without members."""
    return LinkingWorld(memory_backend())


def later(world: LinkingWorld, **time: float) -> None:
    """Let time pass."""
    world.backend.clock.advance(timedelta(**time))


async def causes(world: LinkingWorld) -> list[object]:
    """Why links were refused, oldest first."""
    return [line.details["cause"] for line in await world.lines(AuditAction.LINK_REFUSED)]


async def test_code_is_shown_once_and_kept_only_as_a_hash(world: LinkingWorld) -> None:
    ada = await world.web()

    code = await world.linking.request(Actor(ada.id, Role.PUBLIC, device=DEVICE))

    async with world.backend.unit_of_work() as work:
        kept = await work.link_requests.get(code.request_id)
    assert len(code.code) == LINK_CODE_LENGTH
    assert code.code not in repr(kept)
    assert code.expires_at == world.backend.clock.now() + LINK_CODE_LIFETIME
    (line,) = await world.lines(AuditAction.LINK_REQUESTED)
    assert (line.actor_id, line.ip) == (ada.id, DEVICE.ip)
    assert code.code not in str(await world.lines())


@pytest.mark.parametrize("actor", [GUEST, OPERATOR], ids=["guest", "operator"])
async def test_code_for_nobody_is_refused(world: LinkingWorld, actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        await world.linking.request(actor)


async def test_code_for_an_account_that_cannot_link_conflicts(world: LinkingWorld) -> None:
    ann, ada = await world.telegram_member(), await world.web()
    with pytest.raises(Conflict, match="web account"):
        await world.linking.request(Actor(ann.id, Role.PUBLIC))

    await world.linked(Actor(ada.id, Role.PUBLIC))

    with pytest.raises(Conflict, match="linked to a Telegram account already"):
        await world.linking.request((await world.signed_in(ann))[0])


async def test_question_tells_the_masked_account_and_what_either_side_gains(world: LinkingWorld) -> None:
    ada = await world.web(role=Role.SUBSCRIBER)
    await world.telegram_member()

    question = await world.asked(Actor(ada.id, Role.SUBSCRIBER))

    assert question.account == "a***@e***.org"
    assert (question.web_gains, question.telegram_gains) == (None, Role.SUBSCRIBER)
    assert (question.web_role, question.telegram_role) == (Role.SUBSCRIBER, Role.PUBLIC)
    assert question.needs_password is False


@pytest.mark.parametrize("written", [str.lower, lambda code: f" {code[:4]} {code[4:]}\n"], ids=["lower", "spaced"])
async def test_code_typed_in_another_way_is_the_same_code(world: LinkingWorld, written: object) -> None:
    ada = await world.web()
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))

    question = await world.linking.present(ANN, written(code.code))  # type: ignore[operator]

    assert question.request_id == code.request_id


async def test_code_from_an_unknown_telegram_account_registers_it(world: LinkingWorld) -> None:
    ada = await world.web()

    await world.asked(Actor(ada.id, Role.PUBLIC))

    found = await world.by_telegram_id()
    assert found is not None
    assert found.telegram is not None
    assert found.telegram.telegram_username == "ann"
    assert found.id != ada.id


async def test_confirmed_link_makes_one_member_of_the_older_one(world: LinkingWorld) -> None:
    ann = await world.telegram_member(role=Role.SUBSCRIBER)
    ada = await world.web()
    actor, _ = await world.signed_in(ada)
    heard: list[Announcement] = []
    world.backend.bus.listen(heard.append)

    question = await world.asked(actor)
    outcome = await world.linking.confirm(ANN.telegram_id, question.request_id)

    assert (outcome.state, outcome.member_id) == (LinkState.LINKED, ann.id)
    one = await world.loaded(ann.id)
    assert one.user is not None
    assert one.telegram is not None
    assert (one.user.email, one.user.telegram_user_id, one.telegram.telegram_id) == ("ada@example.org", 42, 42)
    assert one.effective_role(world.backend.clock.now()) is Role.SUBSCRIBER
    with pytest.raises(NotFound):
        await world.loaded(ada.id)
    assert [one for one in heard if isinstance(one, RightsChanged)] == [
        RightsChanged(member_id=ada.id),
        RightsChanged(member_id=ann.id),
    ]


async def test_linked_members_tokens_of_before_speak_for_the_one_member(world: LinkingWorld) -> None:
    ann, ada = await world.telegram_member(role=Role.SUBSCRIBER), await world.web()
    actor, tokens = await world.signed_in(ada)

    await world.linked(actor)

    assert tokens.member_id == ada.id
    asking = await world.asking(tokens)
    assert (asking.member_id, asking.role, asking.sign_in_id) == (ann.id, Role.SUBSCRIBER, tokens.sign_in_id)


async def test_link_stands_in_the_trail_with_both_roles_and_no_code(world: LinkingWorld) -> None:
    ada = await world.web(role=Role.SUBSCRIBER)
    ann = await world.telegram_member()
    code = await world.linking.request(Actor(ada.id, Role.SUBSCRIBER))

    await world.linking.present(ANN, code.code)
    await world.linking.confirm(ANN.telegram_id, code.request_id)

    (line,) = await world.lines(AuditAction.LINKED)
    assert (line.actor_id, line.resource_id) == (ada.id, str(ada.id))
    assert line.details == {
        "absorbed": str(ann.id),
        "telegram_id": 42,
        "role": "SUBSCRIBER",
        "web_role": "SUBSCRIBER",
        "telegram_role": "PUBLIC",
    }
    assert code.code not in str(await world.lines())


async def test_question_asked_again_and_answered_twice_links_once(world: LinkingWorld) -> None:
    ada = await world.web()
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))

    first = await world.linking.present(ANN, code.code)
    second = await world.linking.present(ANN, code.code)
    linked = await world.linking.confirm(ANN.telegram_id, code.request_id)

    assert first == second
    assert await world.linking.confirm(ANN.telegram_id, code.request_id) == linked
    with pytest.raises(InvalidToken):
        await world.linking.confirm(BOB.telegram_id, code.request_id)
    assert len(await world.lines(AuditAction.LINKED)) == 1


@pytest.mark.parametrize("is_telegram_older", [False, True])
async def test_link_confirmed_again_after_unlinking_is_refused(world: LinkingWorld, is_telegram_older: bool) -> None:
    if is_telegram_older:
        await world.telegram_member()
        world.backend.clock.advance(timedelta(minutes=1))
    ada = await world.web()
    question = await world.asked(Actor(ada.id, Role.PUBLIC))
    linked = await world.linking.confirm(ANN.telegram_id, question.request_id)
    assert await world.linking.confirm(ANN.telegram_id, question.request_id) == linked
    assert linked.member_id is not None

    await world.linking.unlink(Actor(linked.member_id, Role.PUBLIC))

    with pytest.raises(Conflict):
        await world.linking.confirm(ANN.telegram_id, question.request_id)


async def test_code_used_by_one_account_is_refused_to_every_other(world: LinkingWorld) -> None:
    ada = await world.web()
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))
    await world.linking.present(ANN, code.code)

    with pytest.raises(InvalidToken):
        await world.linking.present(BOB, code.code)
    with pytest.raises(InvalidToken):
        await world.linking.confirm(BOB.telegram_id, code.request_id)
    with pytest.raises(InvalidToken):
        await world.linking.decline(BOB.telegram_id, code.request_id)

    assert (await world.linking.confirm(ANN.telegram_id, code.request_id)).member_id == ada.id
    assert await causes(world) == ["invalid_token", "invalid_token"]


async def test_code_used_up_is_refused_as_an_unknown_one_is(world: LinkingWorld) -> None:
    ada = await world.web()
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))
    await world.linking.present(ANN, code.code)
    await world.linking.confirm(ANN.telegram_id, code.request_id)
    answers = []

    for typed in (code.code, "ABCDEFGH", "", "é" * 8, "\ud800" * 8, "A" * 10_000):
        with pytest.raises(InvalidToken) as refusal:
            await world.linking.present(BOB if len(answers) < 3 else TelegramProfile(44), typed)
        answers.append(str(refusal.value))

    assert len(set(answers)) == 1


@pytest.mark.parametrize("step", ["present", "confirm", "complete"])
async def test_link_that_expires_between_steps_is_refused_and_leaves_two_members(
    world: LinkingWorld, step: str
) -> None:
    ada, ann = await world.web(role=Role.ADMIN), await world.telegram_member()
    actor = Actor(ada.id, Role.ADMIN)
    code = await world.linking.request(actor, PASSWORD if step == "confirm" else None)
    if step != "present":
        await world.linking.present(ANN, code.code)
    if step == "complete":
        await world.linking.confirm(ANN.telegram_id, code.request_id)
    later(world, minutes=10)

    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "present": lambda: world.linking.present(ANN, code.code),
        "confirm": lambda: world.linking.confirm(ANN.telegram_id, code.request_id),
        "complete": lambda: world.linking.complete(actor, code.request_id, PASSWORD),
    }

    with pytest.raises((InvalidToken, Conflict)):
        await steps[step]()

    assert (await world.loaded(ada.id)).telegram is None
    assert (await world.loaded(ann.id)).user is None
    assert (await world.linking.status(actor, code.request_id)).is_expired is True


@pytest.mark.parametrize("ends", ["itself", "another", "all-others"])
@pytest.mark.parametrize("step", ["present", "confirm", "complete"])
async def test_link_ends_with_the_sign_in_that_asked_for_it(world: LinkingWorld, step: str, ends: str) -> None:
    ada, ann = await world.web(role=Role.ADMIN), await world.telegram_member()
    asking, elsewhere = (await world.signed_in(ada))[0], (await world.signed_in(ada))[0]
    code = await world.linking.request(asking, PASSWORD if step == "confirm" else None)
    if step != "present":
        await world.linking.present(ANN, code.code)
    if step == "complete":
        await world.linking.confirm(ANN.telegram_id, code.request_id)
    work, clock, ids = world.backend.unit_of_work, world.backend.clock, world.backend.ids
    sign_ins = SignInService(work, world.backend.members, clock, ids)
    assert asking.sign_in_id is not None
    if ends == "all-others":
        await sign_ins.end_others(elsewhere)
    else:
        await sign_ins.end(asking if ends == "itself" else elsewhere, asking.sign_in_id)

    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "present": lambda: world.linking.present(ANN, code.code),
        "confirm": lambda: world.linking.confirm(ANN.telegram_id, code.request_id),
        "complete": lambda: world.linking.complete(elsewhere, code.request_id, PASSWORD),
    }

    with pytest.raises(InvalidToken):
        await steps[step]()

    assert (await world.loaded(ada.id)).telegram is None
    assert (await world.loaded(ann.id)).user is None
    assert (await world.linking.status(elsewhere, code.request_id)).is_expired is True


async def test_link_asked_for_in_another_sign_in_than_the_ended_one_goes_on(world: LinkingWorld) -> None:
    ada = await world.web()
    asking, elsewhere = (await world.signed_in(ada))[0], (await world.signed_in(ada))[0]
    code = await world.linking.request(asking)
    work, clock, ids = world.backend.unit_of_work, world.backend.clock, world.backend.ids
    assert elsewhere.sign_in_id is not None
    await SignInService(work, world.backend.members, clock, ids).end(asking, elsewhere.sign_in_id)

    await world.linking.present(ANN, code.code)

    assert (await world.linking.status(asking, code.request_id)).is_expired is False
    assert (await world.linking.confirm(ANN.telegram_id, code.request_id)).state is LinkState.LINKED


async def test_link_in_the_last_moment_of_ten_minutes_holds(world: LinkingWorld) -> None:
    ada = await world.web()
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))
    later(world, seconds=599)

    await world.linking.present(ANN, code.code)

    assert (await world.linking.confirm(ANN.telegram_id, code.request_id)).state is LinkState.LINKED


async def test_newer_code_makes_the_earlier_one_useless(world: LinkingWorld) -> None:
    ada = await world.web()
    actor = Actor(ada.id, Role.PUBLIC)
    earlier = await world.linking.request(actor)
    await world.linking.present(ANN, earlier.code)

    newer = await world.linking.request(actor)

    with pytest.raises(InvalidToken):
        await world.linking.present(ANN, earlier.code)
    with pytest.raises(Conflict):
        await world.linking.confirm(ANN.telegram_id, earlier.request_id)
    await world.linking.present(ANN, newer.code)
    assert (await world.linking.confirm(ANN.telegram_id, newer.request_id)).member_id == ada.id


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
@pytest.mark.parametrize("side", ["web", "telegram"])
async def test_link_with_admin_or_owner_on_either_side_waits_for_the_web_password(
    world: LinkingWorld, side: str, role: Role
) -> None:
    ada = await world.web(role=role if side == "web" else Role.PUBLIC)
    await world.telegram_member(role=role if side == "telegram" else Role.PUBLIC)
    actor, _ = await world.signed_in(ada, DEVICE)

    question = await world.asked(actor)
    waiting = await world.linking.confirm(ANN.telegram_id, question.request_id)
    status = await world.linking.status(actor, question.request_id)
    again = await world.linking.confirm(ANN.telegram_id, question.request_id)

    assert question.needs_password is True
    assert (waiting.state, waiting.member_id) == (LinkState.AWAITING_PASSWORD, None)
    assert again == waiting
    assert (status.state, status.telegram_account) == (LinkState.AWAITING_PASSWORD, "@ann")
    assert (await world.loaded(ada.id)).telegram is None
    done = await world.linking.complete(actor, question.request_id, PASSWORD)
    assert (done.state, done.member_id) == (LinkState.LINKED, ada.id)
    (line,) = await world.lines(AuditAction.LINKED)
    assert (line.actor_id, line.ip) == (ada.id, DEVICE.ip)


async def test_link_with_the_password_given_at_the_request_needs_it_no_more(world: LinkingWorld) -> None:
    ada = await world.web(role=Role.OWNER)

    question = await world.asked(Actor(ada.id, Role.OWNER), password=PASSWORD)
    outcome = await world.linking.confirm(ANN.telegram_id, question.request_id)

    assert question.needs_password is False
    assert outcome.state is LinkState.LINKED


async def test_link_whose_telegram_side_becomes_admin_meanwhile_asks_for_the_password(world: LinkingWorld) -> None:
    ada, ann = await world.web(), await world.telegram_member()
    question = await world.asked(Actor(ada.id, Role.PUBLIC))
    assert question.needs_password is False
    async with world.backend.unit_of_work() as work:
        member = await work.members.get(ann.id)
        member.grants.append(new_grant(world.backend, Role.ADMIN))
        member.changed(world.backend.clock.now())
        await work.members.save(member, world.backend.clock.now())
        await work.commit()

    outcome = await world.linking.confirm(ANN.telegram_id, question.request_id)

    assert outcome.state is LinkState.AWAITING_PASSWORD


async def test_request_by_admin_without_a_password_gives_no_code_and_says_to_set_one(world: LinkingWorld) -> None:
    ada = await world.web(role=Role.OWNER)
    await without_password(world, ada)

    with pytest.raises(Conflict, match="set a password first"):
        await world.linking.request(Actor(ada.id, Role.OWNER))

    assert await world.lines(AuditAction.LINK_REQUESTED) == []


async def test_request_by_a_plain_member_without_a_password_links(world: LinkingWorld) -> None:
    ada = await world.web()
    await without_password(world, ada)

    question = await world.asked(Actor(ada.id, Role.PUBLIC))

    assert (await world.linking.confirm(ANN.telegram_id, question.request_id)).state is LinkState.LINKED


async def test_code_without_a_password_sent_by_an_admin_is_refused_before_anything_is_asked(
    world: LinkingWorld,
) -> None:
    ada = await world.web()
    await without_password(world, ada)
    await world.telegram_member(role=Role.ADMIN)

    with pytest.raises(Conflict) as refusal:
        await world.asked(Actor(ada.id, Role.PUBLIC))

    assert refusal.value.details["rule"] == "link_no_password"


async def without_password(world: LinkingWorld, member: Member) -> None:
    """The member has no password, as everybody who came by a link of the operator's."""
    async with world.backend.unit_of_work() as work:
        stored = await work.members.get(member.id)
        assert stored.user is not None
        stored.user.password_hash = None
        stored.changed(world.backend.clock.now())
        await work.members.save(stored, world.backend.clock.now())
        await work.commit()


async def test_question_declined_after_it_was_confirmed_says_that_both_are_linked(world: LinkingWorld) -> None:
    ada = await world.web()
    question = await world.asked(Actor(ada.id, Role.PUBLIC))
    await world.linking.confirm(ANN.telegram_id, question.request_id)

    with pytest.raises(Conflict) as refusal:
        await world.linking.decline(ANN.telegram_id, question.request_id)

    assert refusal.value.details["rule"] == "linked_already"
    assert (await world.loaded(ada.id)).telegram is not None


async def test_request_with_a_wrong_password_gives_no_code(world: LinkingWorld) -> None:
    ada = await world.web(role=Role.ADMIN)

    with pytest.raises(InvalidCredentials):
        await world.linking.request(Actor(ada.id, Role.ADMIN), "wrong password")

    assert await world.lines(AuditAction.LINK_REQUESTED) == []
    assert len(await world.lines(AuditAction.SIGN_IN_FAILED)) == 1


async def test_completion_with_wrong_passwords_is_limited_and_links_nothing(world: LinkingWorld) -> None:
    ada = await world.web(role=Role.ADMIN)
    actor = Actor(ada.id, Role.ADMIN)
    question = await world.asked(actor)
    await world.linking.confirm(ANN.telegram_id, question.request_id)

    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await world.linking.complete(actor, question.request_id, "wrong password")
    with pytest.raises(TooManyRequests) as limited:
        await world.linking.complete(actor, question.request_id, PASSWORD)

    assert limited.value.retry_after > timedelta(0)
    assert (await world.loaded(ada.id)).telegram is None


async def test_completion_before_the_telegram_side_agreed_conflicts_without_trying_the_password(
    world: LinkingWorld,
) -> None:
    ada = await world.web(role=Role.ADMIN)
    actor = Actor(ada.id, Role.ADMIN)
    question = await world.asked(actor)

    for password in (PASSWORD, "wrong password"):
        with pytest.raises(Conflict, match="does not wait"):
            await world.linking.complete(actor, question.request_id, password)

    assert await world.lines(AuditAction.SIGN_IN_FAILED) == []


async def test_password_changed_between_steps_voids_the_link(world: LinkingWorld) -> None:
    ada = await world.web()
    actor = Actor(ada.id, Role.PUBLIC)
    waiting = await world.linking.request(actor)
    later(world, seconds=1)
    await world.change(ada.id, password="another password")

    with pytest.raises(InvalidToken):
        await world.linking.present(ANN, waiting.code)
    presented = await world.asked(actor)
    later(world, seconds=1)
    await world.change(ada.id, password="a third password")
    with pytest.raises(InvalidToken):
        await world.linking.confirm(ANN.telegram_id, presented.request_id)

    assert (await world.loaded(ada.id)).telegram is None


@pytest.mark.parametrize("step", ["request", "complete"])
async def test_password_replaced_while_it_is_checked_is_worth_nothing(world: LinkingWorld, step: str) -> None:
    ada = await world.web(role=Role.ADMIN)
    actor = Actor(ada.id, Role.ADMIN)
    question = await world.asked(actor)
    await world.linking.confirm(ANN.telegram_id, question.request_id)

    async def replace_password() -> None:
        later(world, seconds=1)
        await world.change(ada.id, password="another password")

    world.hasher.meanwhile = replace_password
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "request": lambda: world.linking.request(actor, PASSWORD),
        "complete": lambda: world.linking.complete(actor, question.request_id, PASSWORD),
    }

    with pytest.raises((InvalidCredentials, InvalidToken)):
        await steps[step]()

    assert (await world.loaded(ada.id)).telegram is None
    assert len(await world.lines(AuditAction.LINK_REQUESTED)) == 1


async def test_status_of_a_finished_request_never_expires(world: LinkingWorld) -> None:
    ada = await world.web()
    actor = Actor(ada.id, Role.PUBLIC)
    question = await world.asked(actor)
    await world.linking.confirm(ANN.telegram_id, question.request_id)
    later(world, hours=1)

    status = await world.linking.status(actor, question.request_id)

    assert (status.state, status.is_expired) == (LinkState.LINKED, False)


class Repeating(InMemoryTokenIssuer):
    """Makes every code several times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times, self._given = times, 0

    def code(self) -> str:
        self._given += 1
        return f"CODE{(self._given - 1) // self._times:04}"


async def test_code_that_somebody_has_already_is_given_to_nobody_else(world: LinkingWorld) -> None:
    world.use_tokens(Repeating(times=3))
    ada, eve = await world.web("ada"), await world.web("eve")

    first = await world.linking.request(Actor(ada.id, Role.PUBLIC))
    second = await world.linking.request(Actor(eve.id, Role.PUBLIC))

    assert (first.code, second.code) == ("CODE0000", "CODE0001")
    assert (await world.linking.present(ANN, first.code)).request_id == first.request_id
    assert (await world.linking.present(BOB, second.code)).request_id == second.request_id


async def test_code_when_none_is_free_is_refused(world: LinkingWorld) -> None:
    world.use_tokens(Repeating(times=100))
    ada, eve = await world.web("ada"), await world.web("eve")
    await world.linking.request(Actor(ada.id, Role.PUBLIC))

    with pytest.raises(Conflict, match="No code is free"):
        await world.linking.request(Actor(eve.id, Role.PUBLIC))


@pytest.mark.parametrize("side", ["web", "telegram"])
@pytest.mark.parametrize("moment", ["before-the-code-is-sent", "before-it-is-confirmed"])
async def test_ban_on_either_side_keeps_the_two_apart(world: LinkingWorld, side: str, moment: str) -> None:
    ada, ann = await world.web(), await world.telegram_member()
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))
    if moment == "before-it-is-confirmed":
        await world.linking.present(ANN, code.code)
    later(world, seconds=1)
    await world.change(ada.id if side == "web" else ann.id, ban=True)

    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "before-the-code-is-sent": lambda: world.linking.present(ANN, code.code),
        "before-it-is-confirmed": lambda: world.linking.confirm(ANN.telegram_id, code.request_id),
    }

    with pytest.raises((NotAllowed, InvalidToken)):
        await steps[moment]()

    assert (await world.loaded(ada.id)).telegram is None
    assert len(await causes(world)) == 1


async def test_link_of_accounts_that_are_linked_otherwise_conflicts(world: LinkingWorld) -> None:
    ada, eve = await world.web("ada"), await world.web("eve")
    await world.linked(Actor(ada.id, Role.PUBLIC))

    with pytest.raises(Conflict, match="another web account"):
        await world.asked(Actor(eve.id, Role.PUBLIC))

    assert (await world.loaded(eve.id)).telegram is None


async def test_requests_of_two_web_accounts_for_one_telegram_account_link_one(world: LinkingWorld) -> None:
    ada, eve = await world.web("ada"), await world.web("eve")
    first, second = await world.asked(Actor(ada.id, Role.PUBLIC)), await world.asked(Actor(eve.id, Role.PUBLIC))

    await world.linking.confirm(ANN.telegram_id, second.request_id)

    with pytest.raises(Conflict):
        await world.linking.confirm(ANN.telegram_id, first.request_id)
    assert (await world.loaded(ada.id)).telegram is None
    assert (await world.loaded(eve.id)).telegram is not None


async def test_declined_and_withdrawn_requests_are_spent_and_told(world: LinkingWorld) -> None:
    ada = await world.web()
    actor = Actor(ada.id, Role.PUBLIC, device=DEVICE)
    declined = await world.asked(actor)
    for _ in range(2):
        await world.linking.decline(ANN.telegram_id, declined.request_id)
    withdrawn = await world.linking.request(actor)
    await world.linking.withdraw(actor, withdrawn.request_id)

    assert await causes(world) == ["declined", "withdrawn"]
    with pytest.raises(Conflict):
        await world.linking.confirm(ANN.telegram_id, declined.request_id)
    with pytest.raises(InvalidToken):
        await world.linking.present(ANN, withdrawn.code)
    with pytest.raises(Conflict):
        await world.linking.withdraw(actor, withdrawn.request_id)
    assert (await world.linking.status(actor, withdrawn.request_id)).state is LinkState.DECLINED


async def test_code_that_others_could_read_is_spent_wherever_it_stands_in_the_text(world: LinkingWorld) -> None:
    ada = await world.web()
    code = (await world.linking.request(Actor(ada.id, Role.PUBLIC))).code

    await world.linking.void(ANN.telegram_id, f"here: {code[:3]} {code[3:].lower()}! Thank you")

    with pytest.raises(InvalidToken):
        await world.linking.present(BOB, code)
    assert (await causes(world))[0] == "exposed"


async def test_text_without_an_open_code_voids_nothing(world: LinkingWorld) -> None:
    ada = await world.web()
    asked = await world.linking.request(Actor(ada.id, Role.PUBLIC))
    await world.linking.void(BOB.telegram_id, "ABCDEFGH and words that are no code at all")
    await world.linking.present(ANN, asked.code)
    linked = await world.linking.confirm(ANN.telegram_id, asked.request_id)

    await world.linking.void(BOB.telegram_id, asked.code)

    assert await world.linking.confirm(ANN.telegram_id, asked.request_id) == linked
    assert await causes(world) == []


async def test_request_of_somebody_else_does_not_exist(world: LinkingWorld) -> None:
    ada, eve = await world.web("ada"), await world.web("eve")
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))
    stranger = Actor(eve.id, Role.OWNER)

    for request_id in (code.request_id, NOBODYS):
        with pytest.raises(NotFound):
            await world.linking.status(stranger, request_id)
        with pytest.raises(NotFound):
            await world.linking.complete(stranger, request_id, PASSWORD)
        with pytest.raises(NotFound):
            await world.linking.withdraw(stranger, request_id)
        with pytest.raises(InvalidToken):
            await world.linking.confirm(ANN.telegram_id, request_id)
        with pytest.raises(InvalidToken):
            await world.linking.decline(ANN.telegram_id, request_id)
    assert (await world.linking.status(Actor(ada.id, Role.PUBLIC), code.request_id)).state is LinkState.WAITING


async def test_guessing_codes_is_limited_per_telegram_account_and_told_once(world: LinkingWorld) -> None:
    ada = await world.web()
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))
    for number in range(REDEEMING.count):
        with pytest.raises(InvalidToken):
            await world.linking.present(ANN, f"GUESS{number:03}")

    for _ in range(20):
        with pytest.raises(TooManyRequests):
            await world.linking.present(ANN, code.code)

    assert await causes(world) == ["invalid_token"] * REDEEMING.count + ["too_many_requests"]
    assert (await world.linking.present(BOB, code.code)).request_id == code.request_id


async def test_right_codes_are_never_limited(world: LinkingWorld) -> None:
    ada = await world.web()
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))

    for _ in range(3 * REDEEMING.count):
        assert (await world.linking.present(ANN, code.code)).request_id == code.request_id


async def test_asking_for_codes_without_end_is_limited(world: LinkingWorld) -> None:
    ada = await world.web()
    for _ in range(CODES.count):
        await world.linking.request(Actor(ada.id, Role.PUBLIC))

    with pytest.raises(TooManyRequests):
        await world.linking.request(Actor(ada.id, Role.PUBLIC))


async def test_deleted_sides_leave_a_code_that_opens_nothing(world: LinkingWorld) -> None:
    ada, ann = await world.web(), await world.telegram_member()
    question = await world.asked(Actor(ada.id, Role.PUBLIC))
    async with world.backend.unit_of_work() as work:
        await work.members.delete(await work.members.get(ann.id))
        await work.commit()

    with pytest.raises(InvalidToken):
        await world.linking.confirm(ANN.telegram_id, question.request_id)

    assert (await world.loaded(ada.id)).telegram is None


async def refusals_of(world: LinkingWorld, actors: Sequence[Actor]) -> list[str]:
    """What unlinking says to each of these."""
    said = []
    for actor in actors:
        with pytest.raises(GuildhallError) as refusal:
            await world.linking.unlink(actor)
        said.append(refusal.value.code)
    return said


async def test_unlink_without_a_link_is_refused(world: LinkingWorld) -> None:
    ada, ann = await world.web(), await world.telegram_member()

    said = await refusals_of(world, [Actor(ada.id, Role.PUBLIC), Actor(ann.id, Role.PUBLIC), GUEST])

    assert said == ["conflict", "conflict", "not_allowed"]


@pytest.mark.parametrize("older", ["web", "telegram"])
async def test_unlink_keeps_everything_with_the_web_account_and_telegram_starts_afresh(
    world: LinkingWorld, older: str
) -> None:
    first = await (world.web(role=Role.SUBSCRIBER) if older == "web" else world.telegram_member(role=Role.SUBSCRIBER))
    second = await (world.telegram_member() if older == "web" else world.web())
    actor, _ = await world.signed_in(first if older == "web" else second)
    await world.linked(actor)
    actor = Actor(first.id, Role.SUBSCRIBER, actor.sign_in_id)
    heard: list[Announcement] = []
    world.backend.bus.listen(heard.append)

    await world.linking.unlink(actor)

    now = world.backend.clock.now()
    web, fresh = await world.loaded(first.id), await world.by_telegram_id()
    assert fresh is not None
    assert (web.user is not None, web.telegram, web.effective_role(now)) == (True, None, Role.SUBSCRIBER)
    assert (fresh.user, fresh.grants, fresh.effective_role(now)) == (None, [], Role.PUBLIC)
    assert fresh.id not in {first.id, second.id}
    assert [line.resource_id for line in await world.lines(AuditAction.UNLINKED)] == [str(web.id), str(fresh.id)]
    assert [one for one in heard if isinstance(one, RightsChanged)] == [
        RightsChanged(member_id=web.id),
        RightsChanged(member_id=fresh.id),
    ]


async def test_unlink_ends_the_other_sign_ins_and_keeps_the_one_that_asks(world: LinkingWorld) -> None:
    ada = await world.web()
    actor, asking = await world.signed_in(ada)
    await world.linked(actor)
    fields = world.telegram.vouch_for_widget(ANN, world.backend.clock.now())
    by_telegram = await world.sign_in.with_widget(fields, DEVICE)
    assert (await world.asking(by_telegram)).member_id == ada.id

    await world.linking.unlink(actor)

    assert (await world.asking(asking)).member_id == ada.id
    assert await world.backend.members.actor(ada.id, by_telegram.sign_in_id, world.backend.clock.now()) is None


async def test_link_after_unlink_joins_the_same_two_again(world: LinkingWorld) -> None:
    ada = await world.web()
    actor, _ = await world.signed_in(ada)
    await world.linked(actor)
    await world.linking.unlink(actor)
    later(world, seconds=1)

    again = await world.linked(actor)

    one = await world.loaded(again)
    assert again == ada.id
    assert one.telegram is not None
    assert one.telegram.telegram_id == ANN.telegram_id
    assert len(await world.lines(AuditAction.LINKED)) == 2
