"""Settings that cannot be used: one line each, before anything is made."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e.cli.conftest import Command, assert_refused
from tests.e2e.conftest import Instance


def test_settings_unknown_in_environment_is_refused(guildhall: Command) -> None:
    assert_refused(
        guildhall("guides", "list", GUILDHALL_HTTP_PROT="8001"), "GUILDHALL_HTTP_PROT", "GUILDHALL_HTTP_PORT"
    )


def test_settings_unknown_in_file_is_refused(guildhall: Command, tmp_path: Path) -> None:
    file = tmp_path / "guildhall.toml"
    file.write_text("[http]\nprot = 8001\n")
    assert_refused(guildhall("serve"), "http.prot", "http.port")


def test_settings_several_problems_are_all_named(guildhall: Command) -> None:
    outcome = guildhall("doctor", GUILDHALL_HTTP_PORT="many", GUILDHALL_LOG_LEVEL="loud")
    assert_refused(outcome, "GUILDHALL_HTTP_PORT", "GUILDHALL_LOG_LEVEL", lines=2)


def test_settings_broken_file_is_refused(guildhall: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[http\n")
    assert_refused(guildhall("--config", file, "db", "check"), str(file))


def test_settings_missing_file_is_refused(guildhall: Command, tmp_path: Path) -> None:
    assert_refused(guildhall("--config", tmp_path / "absent.toml", "db", "check"), "absent.toml")


def test_settings_port_out_of_range_is_refused(guildhall: Command) -> None:
    assert_refused(guildhall("serve", "--port", "70000"), "port", "65535")


def test_settings_refusal_makes_no_folder(command_on: Callable[[Instance], Command], empty_instance: Instance) -> None:
    assert_refused(command_on(empty_instance)("init", GUILDHALL_HTTP_PORT="many"), "GUILDHALL_HTTP_PORT")
    assert not empty_instance.folder.exists()


def test_data_folder_below_a_file_is_refused(command_on: Callable[[Instance], Command], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome = command_on(Instance(tmp_path / "file" / "data"))("init")
    assert_refused(outcome, str(tmp_path / "file" / "data"), "--data-dir")


def test_arguments_unknown_option_is_one_line(guildhall: Command) -> None:
    assert_refused(guildhall("guides", "list", "--colour", "red"), "--colour", "guildhall guides list --help")


def test_arguments_unknown_command_is_one_line(guildhall: Command) -> None:
    assert_refused(guildhall("guide"), "guide", "guildhall --help")
