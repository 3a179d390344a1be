"""`guildhall keys`: a new key that signs nobody out."""

from collections.abc import Callable

from tests.e2e.cli.conftest import Command, assert_refused
from tests.e2e.conftest import Instance


def test_keys_rotated_twice_keep_the_former_ones(guildhall: Command, instance: Instance) -> None:
    first = guildhall("keys", "rotate")
    second = guildhall("keys", "rotate")

    made = first.out.partition("New key: ")[2].partition(".")[0]
    assert (first.code, second.code) == (0, 0)
    assert f"Kept: {made}, " in second.out
    assert second.out.rstrip().endswith("Dropped: none.")
    lines = (instance.folder / "signing.keys").read_text().splitlines()
    assert len([line for line in lines if not line.startswith("#")]) == 3
    assert not [line for line in lines if line.partition(":")[2] and line.partition(":")[2] in first.out + second.out]


def test_keys_rotated_at_once_drop_the_former_ones(guildhall: Command) -> None:
    guildhall("keys", "rotate")
    outcome = guildhall("keys", "rotate", "--at-once")

    assert outcome.code == 0
    assert "Kept: none." in outcome.out
    assert "may accept a dropped key for 30 seconds more" in outcome.out


def test_keys_rotated_on_an_empty_instance_need_no_database(
    command_on: Callable[[Instance], Command], empty_instance: Instance
) -> None:
    assert command_on(empty_instance)("keys", "rotate").code == 0
    assert not empty_instance.database.exists()


def test_keys_from_the_settings_are_rotated_there(guildhall: Command) -> None:
    outcome = guildhall("keys", "rotate", GUILDHALL_SECRET_KEY="x" * 40)

    assert_refused(outcome, "GUILDHALL_PREVIOUS_SECRET_KEYS")


def test_doctor_of_an_instance_that_others_reach_warns_without_mail(guildhall: Command) -> None:
    public = {"GUILDHALL_PUBLIC_URL": "https://guild.example.org", "GUILDHALL_HTTP_PORT": "0"}
    without = guildhall("doctor", **public)
    mail = {"GUILDHALL_MAIL_HOST": "mail.example.org", "GUILDHALL_MAIL_SENDER": "guild@example.org"}
    with_server = guildhall("doctor", **public, **mail)

    assert "warn  mail" in without.out
    assert "GUILDHALL_MAIL_HOST" in without.out
    assert "ok    mail       is handed to mail.example.org:587 (starttls)" in with_server.out
