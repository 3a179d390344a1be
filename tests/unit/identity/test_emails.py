"""Which email addresses are ones, and which are one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from application.identity.sign_in import Credentials
from domain.errors import Conflict, Invalid, InvalidCredentials
from domain.identity import OPERATOR, email_as_kept
from domain.identity.accounts import User
from domain.identity.emails import MAX_EMAIL, is_email
from tests.unit.identity.conftest import DEVICE, PASSWORD, IdentityWorld

GOOD = [
    "bob@example.org",
    "Bob.O'Brien+guild_1/x=y@mail.example.co.uk",
    "jörg@münchen.example",
    "ö@ü.рф",
    "用户@例え.テスト",
    "a@b.co",
    "x" * 64 + "@example.org",
    "bob@xn--strae-oqa.example",
    "bob@a-b.3com.example",
]
BAD = [
    "",
    "@",
    "bob",
    "bob@",
    "@example.org",
    "a@b",
    "bob@localhost",
    "<bob@example.org>",
    "\uff1cbob@example.org",
    '"bob"@example.org',
    "bob,ann@example.org",
    "bob;ann@example.org",
    "Bob (the one)@example.org",
    "bob@ann@example.org",
    "bob\uff20ann@example.org",
    ".bob@example.org",
    "bob.@example.org",
    "b..ob@example.org",
    "b ob@example.org",
    "b\u00a0ob@example.org",
    "b\u3000ob@example.org",
    "b\u2028ob@example.org",
    "bo\u00adb@example.org",
    "bo\u200bb@example.org",
    "bo\u200db@example.org",
    "bo\u202eb@example.org",
    "bo\u009bb@example.org",
    "bo\x7fb@example.org",
    "bo\x00b@example.org",
    "bo\u3164b@example.org",
    "bo\ufe0fb@example.org",
    "bo\ue000b@example.org",
    "bo\ud800b@example.org",
    "bob@exa\u00admple.org",
    "bob@exa\u200bmple.org",
    "bob@exa\u202emple.org",
    "bob@exam\u009bple.org",
    "bob@example.org\x7f",
    "bob@exa mple.org",
    "bob@exam_ple.org",
    "bob@-example.org",
    "bob@example-.org",
    "bob@.example.org",
    "bob@example..org",
    "bob@example.org.",
    "bob@example.org>",
    "bob@example\u2100.org",
    "bob@straße.example",
    "bob@127.0.0.1",
    "bob@[127.0.0.1]",
    "x" * 65 + "@example.org",
    "bob@" + "x" * 64 + ".example",
    "bob@" + "x." * 130 + "example",
    "bob@" + "x" * 100_000,
]


@pytest.mark.parametrize("email", GOOD)
def test_email_that_mail_reaches_is_accepted_and_kept_as_it_is(email: str) -> None:
    User.check(email, None)
    assert email_as_kept(email) == email


@pytest.mark.parametrize("email", BAD, ids=lambda email: ascii(email[:40]))
def test_email_that_no_mail_reaches_or_that_hides_something_is_refused_with_what_was_expected(email: str) -> None:
    with pytest.raises(Invalid, match=r"email: expected an address like name@example\.org") as refusal:
        User.check(email_as_kept(email) or "", None)
    assert [error.field for error in refusal.value.fields] == ["email"]


@pytest.mark.parametrize(
    "typed",
    [
        "  bob@EXAMPLE.org ",
        "bob@example\u3002org",
        "bob@example\uff0eorg",
        "bob@\uff45xample.org",
        "bob@\u24d4xample.org",
    ],
)
def test_email_whose_domain_means_another_one_is_that_one(typed: str) -> None:
    assert email_as_kept(typed) == "bob@example.org"


def test_email_with_a_domain_in_any_writing_is_kept_in_one() -> None:
    writings = ["Jo\u0308rg@xn--mnchen-3ya.example", "Jörg@MÜNCHEN.example", "Jörg@mu\u0308nchen.example"]
    assert {email_as_kept(typed) for typed in writings} == {"Jörg@münchen.example"}


@pytest.mark.parametrize("nothing", [None, "", "  ", "\t\n"])
def test_email_of_nothing_but_spaces_is_none(nothing: str | None) -> None:
    assert email_as_kept(nothing) is None


@given(st.text(max_size=20), st.text(max_size=40) | st.from_regex(r"[a-z0-9üß.\u3002-]{1,30}", fullmatch=True))
@example("bob", "xn--mnchen-3ya.example")
@example("bob", "xn--strae-oqa.example")
def test_email_as_kept_is_kept_as_it_is_and_stays_an_email(local: str, domain: str) -> None:
    kept = email_as_kept(f"{local}@{domain}")
    assert kept is not None
    assert email_as_kept(kept) == kept
    if is_email(kept):
        assert len(kept) <= MAX_EMAIL
        assert kept.isprintable()
        assert kept.count("@") == 1


@pytest.mark.parametrize(
    "username", ["bo\u200bb", "bo\u00adb", "bo\u202eb", "bo\x9bb", "bo\x7fb", "bob\x00", "b\u043eb"]
)
def test_username_with_what_is_not_seen_or_not_ascii_is_refused(username: str) -> None:
    with pytest.raises(Invalid, match="username: expected"):
        User.check(None, username)


@pytest.mark.parametrize("typed", ["Bob@Example.ORG", "bob@example\u3002org", " bob@\uff45xample.org"])
async def test_account_by_another_writing_of_its_email_is_found_and_not_opened_twice(
    world: IdentityWorld, typed: str
) -> None:
    bob = await world.accounts.register("bob@example.org", None, PASSWORD, DEVICE)

    with pytest.raises(Conflict):
        await world.accounts.register(typed, None, PASSWORD, DEVICE)
    assert (await world.auth.sign_in(Credentials(PASSWORD, email=typed), DEVICE)).member_id == bob.id
    assert (await world.members.find(OPERATOR, typed)).id == bob.id
    found = await world.auth.get_user_by_email(typed)
    assert found is not None
    assert found.id == bob.id


@pytest.mark.parametrize("old", ["<bob@example.org>", "a@b", "bo\u200bb@example.org", "bob@straße.example"])
async def test_account_with_an_email_from_before_the_rules_signs_in_and_changes_its_other_name(
    world: IdentityWorld, old: str
) -> None:
    bob = await world.registered("bob", old)
    actor = await world.signed_in("bob")

    assert (await world.auth.sign_in(Credentials(PASSWORD, email=old), DEVICE)).member_id == bob.id
    changed = await world.accounts.change(actor, PASSWORD, username="robert")
    assert (changed.email, changed.username) == (old, "robert")
    with pytest.raises(Invalid, match="email"):
        await world.accounts.change(actor, PASSWORD, email="<bob@example.net>")
    assert (await world.accounts.change(actor, PASSWORD, email="bob@example.net")).email == "bob@example.net"
    with pytest.raises(InvalidCredentials):
        await world.auth.sign_in(Credentials(PASSWORD, email=old), DEVICE)
