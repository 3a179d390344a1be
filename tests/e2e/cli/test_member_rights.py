"""`guildhall members`: rights that end, bans, the trail, and what is kept of a member."""

import json
import stat
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Command, assert_refused

PASSWORD = "correct horse battery staple\n"


@pytest.fixture
def ada(guildhall: Command) -> str:
    """A member's username."""
    assert guildhall("members", "add", "--username", "ada", "--email", "ada@example.org", given=PASSWORD).code == 0
    return "ada"


def identifier(guildhall: Command, login: str) -> str:
    return guildhall("members", "show", login).out.splitlines()[0].split()[1]


def test_members_grant_until_is_listed_with_its_end(guildhall: Command, ada: str) -> None:
    assert guildhall("members", "grant", ada, "subscriber", "--until", "2099-12-31", "--reason", "a gift").code == 0
    assert guildhall("members", "grant", ada, "admin", "--until", "30d").code == 0
    newest, oldest = guildhall("members", "grants", ada).out.splitlines()
    assert newest.split()[:2] == ["ADMIN", "manual"]
    assert oldest.split()[0] == "SUBSCRIBER"
    assert "2099-12-31T00:00:00Z" in oldest
    assert oldest.endswith("a gift")


@pytest.mark.parametrize("until", ["tomorrow", "30", "-3d", "2099-13-01", "9999-12-31T23:59-14:00", ""])
def test_members_grant_until_nonsense_is_refused(guildhall: Command, ada: str, until: str) -> None:
    assert_refused(guildhall("members", "grant", ada, "admin", "--until", until), "expected", "30d")


def test_members_grant_until_the_past_is_refused(guildhall: Command, ada: str) -> None:
    assert_refused(guildhall("members", "grant", ada, "admin", "--until", "2020-01-01"), "until", "future")


def test_members_show_tells_all_by_any_name(guildhall: Command, ada: str) -> None:
    shown = guildhall("members", "show", ada).out
    facts = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert facts["username"] == "ada"
    assert facts["email"] == "ada@example.org (not verified)"
    assert (facts["role"], facts["state"], facts["password"]) == ("PUBLIC", "active", "set")
    assert guildhall("members", "show", facts["id"]).out == guildhall("members", "show", "ADA@example.org").out == shown


def test_members_ban_and_unban_change_the_state(guildhall: Command, ada: str) -> None:
    assert guildhall("members", "ban", ada, "--reason", "spam").out.rstrip().endswith("banned")
    assert_refused(guildhall("members", "ban", ada), "banned already")
    assert "banned" not in guildhall("members", "unban", ada).out
    assert_refused(guildhall("members", "unban", ada), "not banned")


@pytest.mark.parametrize("command", [("ban", "owner"), ("delete", "owner", "--yes"), ("revoke", "owner", "OWNER")])
def test_members_last_owner_stays(guildhall: Command, command: tuple[str, ...]) -> None:
    assert_refused(guildhall("members", *command), "last owner")


def test_members_audit_tells_what_the_operator_did(guildhall: Command, ada: str) -> None:
    guildhall("members", "grant", ada, "subscriber", "--reason", "paid by bank transfer")
    guildhall("members", "ban", ada, "--reason", "spam")
    banned, granted, registered = guildhall("members", "audit", ada).out.splitlines()
    assert banned.split()[1:3] == ["member.banned", "operator"]
    assert "paid by bank transfer" in granted
    assert registered.split()[1] == "member.registered"
    assert identifier(guildhall, ada) in granted
    assert (
        guildhall("members", "audit", "--action", "role.granted", "--since", "1h", "--limit", "1").out == f"{granted}\n"
    )
    assert guildhall("members", "audit", ada, "--since", "2099-01-01").out == ""


def test_members_audit_with_a_bad_question_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("members", "audit", "--action", "member.eaten"), "member.eaten")
    assert_refused(guildhall("members", "audit", "nobody"), "nobody")


def test_members_export_holds_everything_and_no_secret(guildhall: Command, ada: str, tmp_path: Path) -> None:
    printed = guildhall("members", "export", ada)
    document = json.loads(printed.out)
    assert document["account"][0]["username"] == "ada"
    assert "correct horse" not in printed.out
    assert "hash" not in printed.out
    file = tmp_path / "ada.json"
    assert guildhall("members", "export", ada, "--output", file).out == ""
    assert json.loads(file.read_text())["account"] == document["account"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_members_export_to_a_place_that_is_not_there_is_refused(guildhall: Command, ada: str, tmp_path: Path) -> None:
    assert_refused(guildhall("members", "export", ada, "--output", tmp_path / "no" / "ada.json"), "ada.json")
    assert "member.exported" not in guildhall("members", "audit", ada).out


def test_members_delete_unconfirmed_changes_nothing(guildhall: Command, ada: str) -> None:
    assert_refused(guildhall("members", "delete", ada), "--yes", "nothing was changed")
    assert guildhall("members", "show", ada).code == 0


def test_members_delete_leaves_the_trail_without_the_person(guildhall: Command, ada: str) -> None:
    member_id = identifier(guildhall, ada)
    assert guildhall("members", "delete", ada, "--yes").out == "The member is deleted.\n"
    assert_refused(guildhall("members", "show", member_id), "no such member")
    trail = guildhall("members", "audit").out
    assert "member.deleted" in trail
    assert member_id in trail
    assert "ada@example.org" not in trail


@pytest.mark.parametrize("command", ["show", "grants", "ban", "unban", "export"])
def test_members_command_about_nobody_is_refused(guildhall: Command, command: str) -> None:
    assert_refused(guildhall("members", command, "nobody"), "nobody")
