"""`guildhall members`, and what the other commands print."""

import pytest

from tests.e2e.cli.conftest import Command, assert_refused

PASSWORD = "correct horse battery staple\n"


@pytest.fixture
def ada(guildhall: Command) -> str:
    """A member's username."""
    assert guildhall("members", "add", "--username", "ada", "--email", "Ada@example.org", given=PASSWORD).code == 0
    return "ada"


def test_members_add_lists_the_new_member(guildhall: Command, ada: str) -> None:
    lines = guildhall("members", "list", "--search", "example.org").out.splitlines()
    assert [line.split()[1:] for line in lines] == [["PUBLIC", ada, "Ada@example.org"]]


def test_members_add_is_told_as_done_by_the_operator(guildhall: Command, ada: str) -> None:
    (line,) = guildhall("members", "audit", ada, "--action", "member.registered").out.splitlines()
    assert line.split()[2] == "operator"


def test_members_add_with_role_grants_it(guildhall: Command) -> None:
    outcome = guildhall("members", "add", "--username", "bob", "--role", "admin", given=PASSWORD)
    assert outcome.out.split()[1:3] == ["ADMIN", "bob"]


def test_members_add_taken_name_is_refused(guildhall: Command, ada: str) -> None:
    assert_refused(guildhall("members", "add", "--username", ada.upper(), given=PASSWORD), "username")


def test_members_add_without_name_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("members", "add", given=PASSWORD), "username")


def test_members_add_short_password_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("members", "add", "--username", "bob", given="short\n"), "password")


def test_members_add_without_password_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("members", "add", "--username", "bob"), "password", "standard input")


def test_members_grant_and_revoke_change_the_role(guildhall: Command, ada: str) -> None:
    assert guildhall("members", "grant", ada, "subscriber").out.split()[1] == "SUBSCRIBER"
    assert guildhall("members", "revoke", "ada@example.org", "SUBSCRIBER").out.split()[1] == "PUBLIC"


def test_members_revoke_what_was_never_granted_is_refused(guildhall: Command, ada: str) -> None:
    assert_refused(guildhall("members", "revoke", ada, "ADMIN"))


def test_members_revoke_of_last_owner_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("members", "revoke", "owner", "OWNER"), "last owner")


@pytest.mark.parametrize("command", [("grant", "nobody", "ADMIN"), ("sign-in-link", "nobody")])
def test_members_unknown_login_is_refused(guildhall: Command, command: tuple[str, ...]) -> None:
    assert_refused(guildhall("members", *command), "nobody")


def test_members_unknown_role_is_one_line(guildhall: Command, ada: str) -> None:
    assert_refused(guildhall("members", "grant", ada, "king"), "king", "SUBSCRIBER")


def test_members_sign_in_link_leads_to_this_instance(guildhall: Command, ada: str) -> None:
    assert guildhall("members", "sign-in-link", ada).out.startswith("http://127.0.0.1:8000/sign-in/link#token=")


def test_members_reset_password_takes_a_new_one(guildhall: Command, ada: str) -> None:
    assert guildhall("members", "reset-password", ada, given="another good password\n").code == 0
    assert_refused(guildhall("members", "reset-password", ada, given="short\n"), "password")


def test_chat_ask_answers_with_citations(guildhall: Command) -> None:
    outcome = guildhall("chat", "ask", "What is a stop order?")
    assert outcome.code == 0
    assert "[1] Order types explained" in outcome.out


def test_chat_ask_answer_is_shown_without_the_escapes_of_markdown(guildhall: Command) -> None:
    outcome = guildhall("chat", "ask", "What happens to a stop order when the price gaps overnight?")
    assert "“Stop orders and stop-limit orders > " in outcome.out
    assert "\\" not in outcome.out


def test_chat_ask_refused_question_names_the_guides_that_come_near(guildhall: Command) -> None:
    outcome = guildhall("chat", "ask", "What does a zebra know of trailing stops?")
    assert outcome.code == 0
    assert outcome.out.startswith(
        "I found nothing about this in the guides.\n\nPerhaps one of these guides comes close:"
    )
    assert "- **Order types explained**\n" in outcome.out
    assert "/guides/" not in outcome.out


def test_chat_ask_question_about_something_else_gets_no_suggestions(guildhall: Command) -> None:
    outcome = guildhall("chat", "ask", "What is the capital of Mongolia?")
    assert (outcome.code, "comes close" in outcome.out) == (0, False)


def test_chat_ask_empty_question_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("chat", "ask", "  "), "question: expected 1 to 10000 characters")


def test_chat_ask_absent_provider_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("chat", "ask", "Why?", "--provider", "OPENROUTER"), "OPENROUTER", "LOCAL")


def test_db_check_of_prepared_instance_is_fine(guildhall: Command) -> None:
    outcome = guildhall("db", "check")
    assert (outcome.code, outcome.err) == (0, "")
    assert "as this version needs it" in outcome.out


def test_db_downgrade_unconfirmed_changes_nothing(guildhall: Command) -> None:
    assert_refused(guildhall("db", "downgrade", "base"), "--yes")
    assert guildhall("db", "check").code == 0


def test_db_downgrade_and_upgrade_return_to_the_newest(guildhall: Command) -> None:
    assert guildhall("db", "downgrade", "0001", "--yes").out == "The database is at revision 0001.\n"
    assert guildhall("db", "upgrade").code == 0
    assert guildhall("db", "check").code == 0


def test_db_upgrade_to_unknown_revision_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("db", "upgrade", "nonsense"), "nonsense")


def test_guides_list_by_category_shows_only_it(guildhall: Command) -> None:
    lines = guildhall("guides", "list", "--category", "Risk").out.splitlines()
    assert {line.split()[1] for line in lines} == {"risk"}
    assert len(lines) == 2


def test_guides_list_of_unknown_category_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("guides", "list", "--category", "cooking"), "cooking", "risk")


def test_members_granted_a_role_that_is_none_names_roles_in_capitals(guildhall: Command) -> None:
    outcome = guildhall("members", "grant", "owner", "KING")
    assert_refused(outcome, "'KING' is not one of 'SUBSCRIBER', 'ADMIN', 'OWNER'")
    assert guildhall("members", "grant", "owner", "subscriber").code == 0
