"""The rules of linking: every state of a request, who may become one, and what the one member is."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.identity.link_views import LinkQuestion, masked
from domain.errors import Conflict, GuildhallError, InvalidToken, NotAllowed
from domain.identity import (
    LINK_CODE_LIFETIME,
    OPERATOR,
    Grant,
    GrantId,
    GrantSource,
    LinkRequest,
    LinkRequestId,
    LinkState,
    Member,
    MemberId,
    Role,
    SignIn,
    SignInId,
    TelegramProfile,
    TelegramUser,
    TelegramUserId,
    User,
    UserId,
    check_may_link,
    check_may_unlink,
    merge,
    needs_reauthentication,
    unlink,
)
from domain.identity.linking import TRANSITIONS

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
LAST_MOMENT = NOW + LINK_CODE_LIFETIME - timedelta(microseconds=1)
TOO_LATE = NOW + LINK_CODE_LIFETIME
ANN, BOB = 42, 43


def request_in(state: LinkState, telegram_id: int | None = ANN) -> LinkRequest:
    """A request that has come this far, presented by Ann unless it waits."""
    presented_by = None if state is LinkState.WAITING else telegram_id
    return LinkRequest(
        LinkRequestId(UUID(int=9)), MemberId(UUID(int=1)), "hash", NOW, TOO_LATE, state=state, telegram_id=presented_by
    )


def web_member(number: int = 1, at: datetime = NOW, *roles: Role) -> Member:
    """A member with a web account."""
    user = User(UserId(UUID(int=100 + number)), f"m{number}@example.org", None, None, at, at)
    return Member(MemberId(UUID(int=number)), at, at, user=user, grants=grants_of(number, roles))


def telegram_member(number: int = 2, at: datetime = NOW, *roles: Role) -> Member:
    """A member with a Telegram account."""
    account = TelegramUser.register(TelegramUserId(UUID(int=200 + number)), TelegramProfile(number), at)
    return Member(MemberId(UUID(int=number)), at, at, telegram=account, grants=grants_of(number, roles))


def grants_of(number: int, roles: tuple[Role, ...]) -> list[Grant]:
    """Grants that the member himself could have been given."""
    return [
        Grant(GrantId(UUID(int=1000 * number + place)), role, GrantSource.MANUAL, None, "", None, NOW)
        for place, role in enumerate(roles)
    ]


STEPS = {
    "present": (LinkState.PRESENTED, lambda r, at: r.present(ANN, at)),
    "confirm": (LinkState.LINKED, lambda r, at: r.confirm(ANN, needs_password=False, now=at)),
    "confirm-with-password-due": (
        LinkState.AWAITING_PASSWORD,
        lambda r, at: r.confirm(ANN, needs_password=True, now=at),
    ),
    "complete": (LinkState.LINKED, lambda r, at: r.complete(at)),
    "decline": (LinkState.DECLINED, lambda r, at: r.decline(at)),
}
# What each step does in each state; anything that is not here is refused and changes nothing.
ALLOWED = {
    ("present", LinkState.WAITING): LinkState.PRESENTED,
    ("present", LinkState.PRESENTED): LinkState.PRESENTED,
    ("present", LinkState.AWAITING_PASSWORD): LinkState.AWAITING_PASSWORD,
    ("confirm", LinkState.PRESENTED): LinkState.LINKED,
    ("confirm", LinkState.AWAITING_PASSWORD): LinkState.LINKED,
    ("confirm-with-password-due", LinkState.PRESENTED): LinkState.AWAITING_PASSWORD,
    ("confirm-with-password-due", LinkState.AWAITING_PASSWORD): LinkState.AWAITING_PASSWORD,
    ("complete", LinkState.AWAITING_PASSWORD): LinkState.LINKED,
    ("decline", LinkState.WAITING): LinkState.DECLINED,
    ("decline", LinkState.PRESENTED): LinkState.DECLINED,
    ("decline", LinkState.AWAITING_PASSWORD): LinkState.DECLINED,
}


@pytest.mark.parametrize("state", LinkState)
@pytest.mark.parametrize("step", STEPS)
def test_link_request_step_in_each_state_follows_the_table(step: str, state: LinkState) -> None:
    request, expected = request_in(state), ALLOWED.get((step, state))
    # Ann confirms whatever she presented; in a request that still waits she is a stranger.
    if expected is None:
        with pytest.raises((Conflict, InvalidToken)):
            STEPS[step][1](request, LAST_MOMENT)
        assert request.state is state
    else:
        STEPS[step][1](request, LAST_MOMENT)
        assert request.state is expected
        assert expected is state or expected in TRANSITIONS[state]


@pytest.mark.parametrize("state", LinkState)
@pytest.mark.parametrize("step", ["present", "confirm", "complete"])
def test_link_request_step_after_ten_minutes_is_refused(step: str, state: LinkState) -> None:
    request = request_in(state)

    with pytest.raises((Conflict, InvalidToken)):
        STEPS[step][1](request, TOO_LATE)

    assert request.state is state


def test_link_request_that_expired_can_still_be_declined() -> None:
    request = request_in(LinkState.PRESENTED)

    request.decline(TOO_LATE)

    assert request.state is LinkState.DECLINED


@pytest.mark.parametrize("state", LinkState)
def test_link_request_of_ann_in_bobs_hands_is_refused(state: LinkState) -> None:
    request = request_in(state)

    if state is not LinkState.WAITING:
        with pytest.raises(InvalidToken):
            request.present(BOB, NOW)
    with pytest.raises(InvalidToken):
        request.confirm(BOB, needs_password=False, now=NOW)

    assert (request.state, request.telegram_id) == (state, None if state is LinkState.WAITING else ANN)


def test_link_request_with_the_password_entered_before_is_linked_at_once() -> None:
    request = request_in(LinkState.PRESENTED)
    request.reauthenticate()

    assert request.confirm(ANN, needs_password=True, now=NOW)
    assert request.state is LinkState.LINKED


def test_link_request_after_the_account_changed_is_void() -> None:
    web, request = web_member(), request_in(LinkState.PRESENTED)
    request.check_trusted(web, None, NOW)

    web.set_password("another", NOW + timedelta(seconds=1))

    with pytest.raises(InvalidToken):
        request.check_trusted(web, None, NOW)


@pytest.mark.parametrize("asked_in", ["ended", "expired", "gone"])
def test_link_request_after_its_sign_in_is_over_is_void(asked_in: str) -> None:
    web, request = web_member(), request_in(LinkState.PRESENTED)
    ends = NOW + timedelta(days=7)
    sign_in = SignIn(SignInId(UUID(int=1)), web.id, "hash", NOW, ends)
    request.sign_in_id = sign_in.id
    request.check_trusted(web, sign_in, NOW)
    assert not request.is_over(sign_in, NOW)
    if asked_in == "ended":
        sign_in.end(NOW)
    now, found = (ends if asked_in == "expired" else NOW), (None if asked_in == "gone" else sign_in)

    assert request.is_over(found, now)
    with pytest.raises(InvalidToken):
        request.check_trusted(web, found, now)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("side", ["web", "telegram"])
def test_reauthentication_is_asked_for_where_either_side_is_admin_or_owner(side: str, role: Role) -> None:
    web = web_member(1, NOW, *([role] if side == "web" and role else []))
    telegram = telegram_member(2, NOW, *([role] if side == "telegram" and role else []))

    assert needs_reauthentication(web, telegram, NOW) is (role >= Role.ADMIN)


def test_linking_of_what_cannot_be_one_is_refused() -> None:
    both = web_member()
    both.telegram = telegram_member().telegram
    banned = telegram_member(3)
    banned.ban(OPERATOR, NOW)

    with pytest.raises(Conflict, match="linked already"):
        check_may_link(both, both)
    with pytest.raises(Conflict, match="another Telegram account"):
        check_may_link(both, telegram_member(3))
    with pytest.raises(Conflict, match="another web account"):
        check_may_link(web_member(4), both)
    with pytest.raises(Conflict, match="are needed"):
        check_may_link(web_member(), web_member(2))
    with pytest.raises(NotAllowed, match="banned"):
        check_may_link(web_member(), banned)


_ROLES = st.lists(st.sampled_from([Role.SUBSCRIBER, Role.ADMIN, Role.OWNER]), max_size=3).map(tuple)


@given(_ROLES, _ROLES, st.integers(-2, 2))
def test_merge_of_any_two_keeps_the_older_with_every_grant_of_both(
    web_roles: tuple[Role, ...], telegram_roles: tuple[Role, ...], hours: int
) -> None:
    web = web_member(1, NOW, *web_roles)
    telegram = telegram_member(2, NOW + timedelta(hours=hours), *telegram_roles)
    before = {grant.id for grant in (*web.grants, *telegram.grants)}
    accounts = (web.user, telegram.telegram)

    survivor, absorbed = merge(web, telegram, NOW + timedelta(days=1))

    assert survivor is (telegram if hours < 0 else web)
    assert (survivor.user, survivor.telegram) == accounts
    assert {grant.id for grant in survivor.grants} == before
    assert survivor.effective_role(NOW) == max((*web_roles, *telegram_roles), default=Role.PUBLIC)
    assert survivor.user is not None
    assert survivor.user.telegram_user_id == 2
    assert (absorbed.user, absorbed.telegram, absorbed.grants) == (None, None, [])


def test_merge_of_grants_that_either_gave_the_other_names_the_survivor_as_giver() -> None:
    web, telegram = web_member(1, NOW), telegram_member(2, NOW + timedelta(hours=1))
    web.grants = [
        Grant(GrantId(UUID(int=7)), Role.SUBSCRIBER, GrantSource.MANUAL, telegram.id, "", None, NOW),
        Grant(GrantId(UUID(int=8)), Role.SUBSCRIBER, GrantSource.MANUAL, MemberId(UUID(int=77)), "", None, NOW),
    ]

    survivor, _ = merge(web, telegram, NOW)

    assert [grant.granted_by for grant in survivor.grants] == [web.id, MemberId(UUID(int=77))]


@given(_ROLES, _ROLES)
def test_unlink_after_merge_leaves_everything_with_the_web_account(
    web_roles: tuple[Role, ...], telegram_roles: tuple[Role, ...]
) -> None:
    one, _ = merge(web_member(1, NOW, *web_roles), telegram_member(2, NOW, *telegram_roles), NOW)
    grants, account = list(one.grants), one.telegram

    fresh = unlink(one, MemberId(UUID(int=3)), NOW)

    assert (one.grants, one.telegram) == (grants, None)
    assert one.user is not None
    assert one.user.telegram_user_id is None
    assert (fresh.telegram, fresh.user, fresh.grants, fresh.effective_role(NOW)) == (account, None, [], Role.PUBLIC)


@pytest.mark.parametrize("member", [web_member(), telegram_member()], ids=["web", "telegram"])
def test_unlink_of_a_single_account_conflicts(member: Member) -> None:
    with pytest.raises(Conflict, match="no linked account"):
        unlink(member, MemberId(UUID(int=3)), NOW)


_MOVES = st.lists(
    st.tuples(
        st.sampled_from(["present", "confirm", "complete", "decline", "reauthenticate"]),
        st.sampled_from([ANN, BOB]),
        st.booleans(),
        st.integers(0, 4),
    ),
    max_size=12,
)


@given(_MOVES)
def test_link_request_over_any_moves_links_only_whom_both_sides_agreed_on(
    moves: list[tuple[str, int, bool, int]],
) -> None:
    request, now, first = request_in(LinkState.WAITING), NOW, None
    confirmed_by: set[int] = set()
    for name, who, is_admin, minutes in moves:
        now += timedelta(minutes=minutes)
        before = request.state
        try:
            if name == "present":
                request.present(who, now)
                first = first or who
            elif name == "confirm":
                request.confirm(who, needs_password=is_admin, now=now)
                confirmed_by.add(who)
            elif name == "complete":
                request.complete(now)
            elif name == "decline":
                request.decline(now)
            else:
                request.reauthenticate()
        except GuildhallError:
            assert request.state is before
        assert request.state is before or request.state in TRANSITIONS[before]
        assert request.telegram_id == first
        if request.state is LinkState.LINKED and before is not LinkState.LINKED:
            assert now < TOO_LATE
            assert confirmed_by == {first}
            assert not (name == "confirm" and is_admin) or request.is_reauthenticated


@pytest.mark.parametrize(
    ("email", "username", "shown"),
    [
        ("ada@example.org", "ada", "a***@e***.org"),
        ("a@b.co", None, "a***@b***.co"),
        ("ada.lovelace@mail.example.co.uk", None, "a***@m***.uk"),
        ("ada@localhost", None, "a***@l***"),
        ("ö@ü.рф", None, "ö***@ü***.рф"),
        (None, "lovelace", "l***"),
    ],
)
def test_masked_account_shows_no_more_than_its_owner_needs(email: str | None, username: str | None, shown: str) -> None:
    assert masked(User(UserId(UUID(int=1)), email, username, None, NOW, NOW)) == shown


@pytest.mark.parametrize(
    ("web", "telegram", "web_gains", "telegram_gains"),
    [
        (Role.PUBLIC, Role.PUBLIC, None, None),
        (Role.SUBSCRIBER, Role.PUBLIC, None, Role.SUBSCRIBER),
        (Role.PUBLIC, Role.ADMIN, Role.ADMIN, None),
        (Role.ADMIN, Role.ADMIN, None, None),
    ],
)
def test_link_question_says_which_side_gains_which_role(
    web: Role, telegram: Role, web_gains: Role | None, telegram_gains: Role | None
) -> None:
    question = LinkQuestion(
        request_id=LinkRequestId(UUID(int=1)),
        account="a***",
        web_role=web,
        telegram_role=telegram,
        needs_password=False,
        expires_at=NOW,
    )

    assert (question.web_gains, question.telegram_gains) == (web_gains, telegram_gains)


@pytest.mark.parametrize("password_hash", [None, "plain:correct horse battery"])
def test_unlinking_is_a_members_own_where_the_web_account_has_a_password(password_hash: str | None) -> None:
    member, _ = merge(web_member(), telegram_member(), NOW)
    assert member.user is not None
    member.user.password_hash = password_hash

    with nullcontext() if password_hash else pytest.raises(Conflict, match="set one first"):
        check_may_unlink(member)

    assert member.telegram is not None


@pytest.mark.parametrize("member", [web_member(), telegram_member()])
def test_unlinking_where_nothing_is_linked_is_left_to_the_unlinking(member: Member) -> None:
    check_may_unlink(member)

    with pytest.raises(Conflict, match="no linked account"):
        unlink(member, MemberId(UUID(int=9)), NOW)
