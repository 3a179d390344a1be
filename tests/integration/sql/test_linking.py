"""Linking and Telegram sign-in on both engines, and raced by two sets of engines as by two processes."""

import asyncio
from datetime import timedelta

import pytest

from application.identity._opening import SignedIn
from application.identity.link_views import LinkCode, LinkOutcome, LinkQuestion
from domain.chat import ChatMessage
from domain.errors import Conflict, InvalidToken
from domain.events import session_channel
from domain.guides import SavedGuide
from domain.identity import Actor, AuditAction, LinkState, Role, TelegramProfile
from tests.support.backend import Backend
from tests.support.given import posted, stored_guide, stored_saved_guide, stored_session
from tests.support.linking import ANN, DEVICE, PASSWORD, LinkingWorld
from tests.support.racing import race

RACERS = 20


@pytest.fixture
def world(backend: Backend) -> LinkingWorld:
    """An instance without members."""
    return LinkingWorld(backend)


@pytest.fixture
def other(second: Backend, world: LinkingWorld) -> LinkingWorld:
    """Another process of the same instance."""
    return LinkingWorld(second, world)


async def saved(backend: Backend, member_id: object, guide_id: object) -> SavedGuide | None:
    """The guide in the member's collection."""
    async with backend.unit_of_work() as work:
        return await work.saved_guides.find(member_id, guide_id)  # type: ignore[arg-type]


@pytest.mark.parametrize("older", ["web", "telegram"])
async def test_link_moves_what_both_owned_to_the_older_member(
    world: LinkingWorld, backend: Backend, older: str
) -> None:
    members = {}
    for side in (older, "telegram" if older == "web" else "web"):
        members[side] = await (world.web(role=Role.SUBSCRIBER) if side == "web" else world.telegram_member())
        backend.clock.advance(timedelta(seconds=1))
    web, telegram = members["web"], members["telegram"]
    survivor, absorbed = (web, telegram) if older == "web" else (telegram, web)
    shared, only = await stored_guide(backend, "Shared"), await stored_guide(backend, "Only")
    for member in (web, telegram):
        await stored_saved_guide(backend, member, shared)
    await stored_saved_guide(backend, absorbed, only)
    session = await stored_session(backend, absorbed)
    message = await posted(backend, session)
    actor, tokens = await world.signed_in(web, DEVICE)

    one = await world.linked(actor)

    assert one == survivor.id
    assert [await saved(backend, one, guide.id) is not None for guide in (shared, only)] == [True, True]
    moved, kept = await backend.chat.session(one, session.id), await backend.chat.message(one, message.id)
    assert moved is not None
    assert kept is not None
    assert (moved.user_id, kept.author_id) == (one, one)
    assert (await backend.event_log.positions([session_channel(session.id)]))[session_channel(session.id)] >= 2
    asking = await world.asking(tokens)
    assert (asking.member_id, asking.role) == (one, Role.SUBSCRIBER)
    lines = await world.lines()
    assert {line.resource_id for line in lines} == {str(one)}
    assert AuditAction.LINKED in {line.action for line in lines}


async def test_link_steps_keep_their_state_between_transactions(world: LinkingWorld, other: LinkingWorld) -> None:
    ada = await world.web(role=Role.ADMIN)
    actor, _ = await world.signed_in(ada, DEVICE)

    code = await world.linking.request(actor)
    question = await other.linking.present(ANN, code.code)
    waiting = await world.linking.confirm(ANN.telegram_id, question.request_id)
    status = await other.linking.status(actor, question.request_id)
    done = await other.linking.complete(actor, question.request_id, PASSWORD)

    assert (waiting.state, status.state, status.telegram_account) == (
        LinkState.AWAITING_PASSWORD,
        LinkState.AWAITING_PASSWORD,
        "@ann",
    )
    assert (done.member_id, (await world.linking.status(actor, question.request_id)).state) == (
        ada.id,
        LinkState.LINKED,
    )


async def test_unlink_and_link_again_go_round_and_round(world: LinkingWorld, backend: Backend) -> None:
    ada = await world.web(role=Role.SUBSCRIBER)
    actor, _ = await world.signed_in(ada)
    session = await stored_session(backend, ada)
    for _ in range(3):
        assert await world.linked(actor) == ada.id
        await world.linking.unlink(actor)
        backend.clock.advance(timedelta(seconds=1))

    fresh = await world.by_telegram_id()
    assert fresh is not None
    assert (fresh.effective_role(backend.clock.now()), fresh.id != ada.id) == (Role.PUBLIC, True)
    assert await backend.chat.session(ada.id, session.id) is not None
    assert await backend.chat.session(fresh.id, session.id) is None
    assert (await world.asking((await world.signed_in(ada))[1])).role is Role.SUBSCRIBER


async def test_races_to_send_one_code_from_many_accounts_give_it_to_one(
    world: LinkingWorld, other: LinkingWorld
) -> None:
    ada = await world.web()
    code = await world.linking.request(Actor(ada.id, Role.PUBLIC))

    async def send(number: int) -> LinkQuestion:
        return await (world, other)[number % 2].linking.present(TelegramProfile(1000 + number), code.code)

    results = await race(RACERS, send)
    assert sum(isinstance(result, LinkQuestion) for result in results) == 1
    assert sum(isinstance(result, InvalidToken) for result in results) == RACERS - 1


async def test_races_to_confirm_one_link_join_two_members_once(world: LinkingWorld, other: LinkingWorld) -> None:
    ada = await world.web()
    question = await world.asked(Actor(ada.id, Role.PUBLIC))

    async def confirm(number: int) -> LinkOutcome:
        return await (world, other)[number % 2].linking.confirm(ANN.telegram_id, question.request_id)

    results = await race(RACERS, confirm)
    # Whoever confirms again, as after a lost answer, hears the same; the link is made once.
    assert results == [LinkOutcome(LinkState.LINKED, ada.id)] * RACERS
    assert len(await world.lines(AuditAction.LINKED)) == 1


async def test_races_of_web_accounts_for_one_telegram_account_link_one(
    world: LinkingWorld, other: LinkingWorld
) -> None:
    members = [await world.web(f"member{number}") for number in range(8)]
    questions = [await world.asked(Actor(member.id, Role.PUBLIC)) for member in members]

    async def confirm(number: int) -> LinkOutcome:
        return await (world, other)[number % 2].linking.confirm(ANN.telegram_id, questions[number].request_id)

    results = await race(len(members), confirm)
    assert sum(isinstance(result, LinkOutcome) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == len(members) - 1
    linked = [member for member in [await world.loaded(each.id) for each in members] if member.telegram is not None]
    assert len(linked) == 1


async def test_races_of_many_pairs_link_and_unlink_beside_each_other(world: LinkingWorld, other: LinkingWorld) -> None:
    pairs = [(await world.web(f"member{number}"), TelegramProfile(1000 + number)) for number in range(6)]

    async def go_round(number: int) -> bool:
        place, (member, profile) = (world, other)[number % 2], pairs[number]
        actor = Actor(member.id, Role.PUBLIC)
        for _ in range(2):
            await place.linked(actor, profile)
            await place.linking.unlink(actor)
        return await place.linked(actor, profile) == member.id

    assert await race(len(pairs), go_round) == [True] * len(pairs)


async def test_races_of_messages_and_a_link_lose_no_message(
    world: LinkingWorld, other: LinkingWorld, backend: Backend
) -> None:
    ann = await world.telegram_member()
    backend.clock.advance(timedelta(seconds=1))
    ada = await world.web()
    question = await world.asked(Actor(ada.id, Role.PUBLIC))
    sessions = [await stored_session(backend, ada) for _ in range(4)]

    written: list[ChatMessage] = []

    async def write(number: int) -> object:
        if number == 0:
            await posted(backend, sessions[0])
            return await world.linking.confirm(ANN.telegram_id, question.request_id)
        place, message = (world, other)[number % 2].backend, None
        for _ in range(3):
            message = await posted(place, sessions[number % 4], f"Message {number}")
            written.append(message)
        return message

    results = await race(RACERS, write)
    # Whoever writes as a member who is gone by then is told to try again; nothing is half done.
    assert all(isinstance(result, ChatMessage | LinkOutcome | Conflict) for result in results)
    assert not [result for result in results if "there first" in str(result)]
    assert results[0] == LinkOutcome(LinkState.LINKED, ann.id)
    for message in written:
        kept = await backend.chat.message(ann.id, message.id)
        assert kept is not None
        assert kept.author_id == ann.id


async def test_races_of_new_codes_and_confirmations_never_wait_for_each_other(
    world: LinkingWorld, other: LinkingWorld
) -> None:
    ada = await world.web()
    actor = Actor(ada.id, Role.PUBLIC)
    question = await world.asked(actor)

    async def press(number: int) -> object:
        place = (world, other)[number // 2 % 2]
        if number % 2:
            return await place.linking.request(actor)
        return await place.linking.confirm(ANN.telegram_id, question.request_id)

    results = await race(RACERS, press)
    said = {str(result) for result in results if isinstance(result, Exception)}
    assert not {answer for answer in said if "try again" in answer}
    assert {result for result in results if isinstance(result, LinkOutcome)} <= {LinkOutcome(LinkState.LINKED, ada.id)}
    assert all(isinstance(result, LinkOutcome | LinkCode | Conflict) for result in results)
    assert len(await world.lines(AuditAction.LINKED)) <= 1


async def test_races_with_one_proof_open_one_sign_in(world: LinkingWorld, other: LinkingWorld) -> None:
    fields = world.telegram.vouch_for_widget(ANN, world.backend.clock.now())

    async def sign_in(number: int) -> SignedIn:
        return await (world, other)[number % 2].sign_in.with_widget(fields, DEVICE)

    results = await race(RACERS, sign_in)
    assert sum(isinstance(result, SignedIn) for result in results) == 1
    assert sum(isinstance(result, InvalidToken) for result in results) == RACERS - 1


async def test_races_of_an_unknown_account_make_one_member(world: LinkingWorld, other: LinkingWorld) -> None:
    proofs = [world.telegram.vouch_for_mini_app(ANN, world.backend.clock.now()) for _ in range(RACERS)]

    async def arrive(number: int) -> object:
        place = (world, other)[number % 2]
        if number % 3:
            return (await place.sign_in.with_mini_app(proofs[number], DEVICE)).member_id
        return (await place.accounts.seen(ANN)).member_id

    results = await race(RACERS, arrive)
    found = await world.by_telegram_id()
    assert found is not None
    assert results == [found.id] * RACERS
    assert len(await world.lines(AuditAction.REGISTERED)) == 1


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_link_status_waits_for_nobody_elses_links_and_bans(world: LinkingWorld, other: LinkingWorld) -> None:
    actor, _ = await world.signed_in(await world.web())
    question = await world.asked(actor)

    async with other.backend.unit_of_work() as work:
        await work.members.hold_owners()
        status = await asyncio.wait_for(world.linking.status(actor, question.request_id), 3)

    assert (status.state, status.telegram_account) == (LinkState.PRESENTED, "@ann")
