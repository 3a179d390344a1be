"""The audit trail in words."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.identity import GUEST, OPERATOR, Actor, AuditAction, AuditEntry, MemberId, Role
from entrypoints.web.trail import ACTIONS, Person, TrailLine, trail_lines

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ADA, EVE = (MemberId(UUID(int=number)) for number in (1, 2))


def shown(actor: Actor, about: MemberId | None, action: AuditAction, **details: object) -> TrailLine:
    """The one line as the page has it; only Ada is still there."""
    entry = AuditEntry.of(UUID(int=9), AT, action, actor, about, **details)
    [line] = trail_lines([entry], {ADA: "ada"})
    return line


def test_trail_words_stand_for_every_action() -> None:
    assert set(ACTIONS) == set(AuditAction)
    assert len(set(ACTIONS.values())) == len(ACTIONS)


def test_trail_line_names_who_is_there_and_not_who_is_deleted() -> None:
    line = shown(Actor(ADA, Role.OWNER), EVE, AuditAction.BANNED)

    assert (line.action, line.by, line.whom, line.operator) == ("Banned", Person(ADA, "ada"), Person(EVE, None), None)


def test_trail_line_of_the_operator_and_of_guests_names_nobody() -> None:
    made = shown(OPERATOR, ADA, AuditAction.SIGN_IN_LINK_MADE)
    failed = shown(GUEST, None, AuditAction.SIGN_IN_FAILED, cause="unknown_account")

    assert (made.by, made.operator, made.details) == (None, "operator", [])
    assert (failed.by, failed.operator, failed.whom) == (None, None, None)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("cause", "wrong_password", [("cause", "wrong password")]),
        ("attempted", "role.granted", [("attempted", "role granted")]),
        ("role", "SUBSCRIBER", [("role", "Subscriber")]),
        ("until", "2026-12-31T12:00:00Z", [("until", "2026-12-31 12:00:00 UTC")]),
        ("what", ["email", "username"], [("what", "email, username")]),
        ("reason", "pays_by <b>card</b>", [("reason", "pays_by <b>card</b>")]),
        ("count", 0, [("count", "0")]),
        ("reason", "", []),
        ("reason", None, []),
    ],
)
def test_trail_details_are_told_in_words(key: str, value: object, told: list[tuple[str, str]]) -> None:
    assert shown(OPERATOR, ADA, AuditAction.ROLE_GRANTED, **{key: value}).details == told
