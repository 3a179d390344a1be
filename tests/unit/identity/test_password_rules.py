"""Which passwords are accepted."""

import pytest

from domain.errors import Invalid
from domain.identity import (
    MAX_PASSWORD,
    MIN_PASSWORD,
    OPERATOR,
    UNKNOWN_DEVICE,
    MemberId,
    check_password,
)
from tests.unit.identity.conftest import PASSWORD, IdentityWorld

IN_A_ROW = ("1234567890", "0123456789", "9876543210", "0987654321", "12345678901234567890", "abcdefghij", "ZYXWVUTSRQ")
REPEATED = ("aaaaaaaaaa", "0000000000", "ababababab", "1212121212", "abcabcabcab", "🙂" * 10, "  " * 5)
WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "password123")
COMMON = ("password123", "PASSWORD123", "Qwertyuiop", "1q2w3e4r5t", "p@ssw0rd123", WIDE)
BUILT_ON_NAME = (
    ("ada.lovelace", "ada.lovelace"),
    ("ada.lovelace", "my ADA.Lovelace, whole"),
    ("lovelace@example.org", "lovelace@example.org"),
    ("lovelace@example.org", "lovelace-1815"),
    ("ada", "ada-secret"),
    ("ada", "adaadaada!x"),
)
ACCEPTED = (
    ("ada", "a canada of the mind"),
    ("al@example.org", "always the sea"),
    (None, "correct horse battery"),
    (None, "1234567891 and more"),
    (None, "2718281828459"),
    (None, "abcdefghik"),
    (None, "🙂🙃🙂🙂🙃🙃🙂🙂🙃🙂"),
)


def reason(*names: str | None, password: str) -> str:
    """What is expected instead of this password."""
    with pytest.raises(Invalid) as refusal:
        check_password(password, *names, field="new_password")
    [error] = refusal.value.fields
    assert error.field == "new_password"
    return error.message


@pytest.mark.parametrize("length", [0, 1, MIN_PASSWORD - 1, MAX_PASSWORD + 1])
def test_password_of_wrong_length_refused(length: int) -> None:
    assert reason(password=("ab c" * 100)[:length]) == "expected 10 to 256 characters"


@pytest.mark.parametrize("length", [MIN_PASSWORD, MAX_PASSWORD])
def test_password_of_right_length_accepted(length: int) -> None:
    assert check_password(("a horse, " * 100)[:length]) is None


@pytest.mark.parametrize("password", IN_A_ROW)
def test_password_in_a_row_refused(password: str) -> None:
    assert "in a row" in reason(password=password)


@pytest.mark.parametrize("password", REPEATED)
def test_password_repeating_itself_refused(password: str) -> None:
    assert "again and again" in reason(password=password)


@pytest.mark.parametrize("password", COMMON)
def test_password_most_common_refused(password: str) -> None:
    assert "less common" in reason(password=password)


@pytest.mark.parametrize(("name", "password"), BUILT_ON_NAME)
def test_password_built_on_own_name_refused(name: str, password: str) -> None:
    assert "username or email" in reason(None, name, password=password)


@pytest.mark.parametrize(("name", "password"), ACCEPTED)
def test_password_hard_to_guess_accepted(name: str | None, password: str) -> None:
    assert check_password(password, name) is None


async def test_register_password_with_own_name_refused_before_anything_is_kept(world: IdentityWorld) -> None:
    with pytest.raises(Invalid) as refusal:
        await world.accounts.register("lovelace@example.org", "ada", "lovelace-1815", UNKNOWN_DEVICE)

    assert [error.field for error in refusal.value.fields] == ["password"]
    assert await world.auth.get_user_by_email("lovelace@example.org") is None


@pytest.fixture
async def lovelace(world: IdentityWorld) -> MemberId:
    """A member with a username and an email."""
    return (await world.registered("lovelace", "countess@example.org")).id


@pytest.mark.parametrize("new", ["lovelace-1815", "the countess", "1234567890"])
async def test_password_change_to_a_guessable_one_refused_at_new_password(
    world: IdentityWorld, lovelace: MemberId, new: str
) -> None:
    here = await world.signed_in("lovelace")

    with pytest.raises(Invalid) as refusal:
        await world.passwords.change(here, PASSWORD, new)

    assert [error.field for error in refusal.value.fields] == ["new_password"]
    assert await world.signed_in("lovelace")


async def test_password_reset_to_own_name_refused_and_token_kept(world: IdentityWorld, lovelace: MemberId) -> None:
    await world.passwords.request_reset("countess@example.org", UNKNOWN_DEVICE)
    token = await world.mailed_token()

    with pytest.raises(Invalid, match="username or email"):
        await world.passwords.redeem_reset(token, "dear countess!", UNKNOWN_DEVICE)

    assert (await world.passwords.redeem_reset(token, "another sentence", UNKNOWN_DEVICE)).member_id == lovelace


@pytest.mark.parametrize("new", ["lovelace-1815", "the countess", "1234567890", "password123"])
async def test_password_set_by_operator_to_a_guessable_one_refused(
    world: IdentityWorld, lovelace: MemberId, new: str
) -> None:
    with pytest.raises(Invalid):
        await world.members.set_password(OPERATOR, lovelace, new)

    assert await world.signed_in("lovelace")
