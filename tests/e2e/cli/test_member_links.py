"""`guildhall members link` and `unlink`."""

import pytest

from domain.identity import TelegramProfile
from entrypoints.container import sql_container
from entrypoints.settings import Settings
from tests.e2e.cli.conftest import Command, assert_refused
from tests.e2e.conftest import Instance
from tests.support.apart import run_apart

TELEGRAM_ID = 5_000_000_000


@pytest.fixture
def ada(guildhall: Command, instance: Instance) -> str:
    """The username of a member, beside whom somebody has written to the bot."""
    added = guildhall("members", "add", "--username", "ada", given="correct horse battery staple\n")
    assert added.code == 0, added.err
    run_apart(_seen(instance))
    return "ada"


async def _seen(instance: Instance) -> None:
    container = sql_container(Settings(data_dir=instance.folder))
    try:
        await container.telegram_accounts().seen(TelegramProfile(TELEGRAM_ID, "ann", "Ann"))
    finally:
        await container.database().dispose()


def test_members_link_and_unlink_make_one_member_and_two_again(guildhall: Command, ada: str) -> None:
    linked = guildhall("members", "link", ada, TELEGRAM_ID)
    assert f"telegram {TELEGRAM_ID}" in linked.out
    assert "@ann" in guildhall("members", "show", TELEGRAM_ID).out
    assert "telegram" not in guildhall("members", "unlink", ada).out
    lines = guildhall("members", "audit").out
    for action in ("telegram.linked", "telegram.unlinked"):
        assert [line for line in lines.splitlines() if action in line and "operator" in line], lines


def test_members_link_twice_is_refused(guildhall: Command, ada: str) -> None:
    assert guildhall("members", "link", ada, TELEGRAM_ID).code == 0
    assert_refused(guildhall("members", "link", ada, TELEGRAM_ID), "linked already")


def test_members_link_of_an_unknown_account_is_refused(guildhall: Command, ada: str) -> None:
    assert_refused(guildhall("members", "link", ada, 77), "77", "never written to the bot")


@pytest.mark.parametrize("given", ["ann", "0", str(2**63)])
def test_members_link_of_no_telegram_id_is_refused(guildhall: Command, ada: str, given: str) -> None:
    assert_refused(guildhall("members", "link", ada, given), "TELEGRAM_ID")


def test_members_unlink_of_what_is_not_linked_is_refused(guildhall: Command, ada: str) -> None:
    assert_refused(guildhall("members", "unlink", ada), "no linked account")
