"""Commands beside a server on another port: links lead to where it listens."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from entrypoints.cli.whereabouts import FILE, listens_at, reached_at, running, taken, written_down
from entrypoints.settings import HttpSettings, Settings
from tests.e2e.cli.conftest import Command, assert_refused
from tests.e2e.conftest import Instance


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Something that listens on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def address(instance: Instance, listener: socket.socket) -> str:
    """The address that a server of the instance wrote down."""
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    (instance.folder / FILE).write_text(address)
    return address


def free_ports() -> tuple[int, int]:
    """Two ports on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def test_whereabouts_of_a_running_server_are_used_by_every_command(guildhall: Command, address: str) -> None:
    assert guildhall("members", "sign-in-link", "owner").out.startswith(f"{address}/sign-in/link#token=")
    assert f"{address}/sign-in/link#token=" in guildhall("init").out
    assert f"Guildhall listens on {address}" in guildhall("doctor").out


def test_whereabouts_give_way_to_the_public_address_and_url(guildhall: Command, address: str) -> None:
    public = guildhall("members", "sign-in-link", "owner", GUILDHALL_PUBLIC_URL="https://guild.example.org")
    assert public.out.startswith("https://guild.example.org/sign-in/")
    given = guildhall("members", "sign-in-link", "owner", "--url", "https://other.example/")
    assert given.out.startswith("https://other.example/sign-in/")
    assert_refused(guildhall("members", "sign-in-link", "owner", "--url", "other.example"), "--url", "https://")


def test_whereabouts_of_a_killed_server_are_not_believed(tmp_path: Path, listener: socket.socket) -> None:
    settings = Settings(data_dir=tmp_path)
    (tmp_path / FILE).write_text(f"http://127.0.0.1:{listener.getsockname()[1]}")
    listener.close()
    assert listens_at(settings) is None
    assert reached_at(settings) == settings.base_url


@pytest.mark.parametrize("text", ["", "nonsense", "http://:99999", "https://x:1", "\xff"])
def test_whereabouts_that_are_no_address_are_not_believed(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="latin-1")
    assert listens_at(Settings(data_dir=tmp_path)) is None


def test_whereabouts_are_written_while_serving_and_removed_after(tmp_path: Path, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    with written_down(Settings(data_dir=tmp_path, http=HttpSettings(port=port))):
        assert (tmp_path / FILE).read_text() == f"http://127.0.0.1:{port}"
    assert list(tmp_path.iterdir()) == []


def test_whereabouts_of_the_first_server_outlive_the_second(tmp_path: Path) -> None:
    first, second = (Settings(data_dir=tmp_path, http=HttpSettings(port=port)) for port in free_ports())
    with written_down(first):
        with written_down(second):
            assert running(second) == first.base_url
        assert running(second) == first.base_url
    assert list(tmp_path.iterdir()) == []


def test_whereabouts_put_in_place_by_another_server_are_left(tmp_path: Path) -> None:
    port, _ = free_ports()
    settings = Settings(data_dir=tmp_path, http=HttpSettings(port=port))
    with written_down(settings):
        (tmp_path / "other").write_text(settings.base_url)
        (tmp_path / "other").replace(tmp_path / FILE)
    assert (tmp_path / FILE).read_text() == settings.base_url


def test_whereabouts_of_a_killed_server_give_way_to_the_next(tmp_path: Path) -> None:
    port, other = free_ports()
    (tmp_path / FILE).write_text(f"http://127.0.0.1:{other}")
    settings = Settings(data_dir=tmp_path, http=HttpSettings(port=port))
    assert running(settings) is None
    with written_down(settings):
        assert running(settings) == settings.base_url


def test_serve_where_this_instance_runs_already_says_so_alone(guildhall: Command, instance: Instance) -> None:
    port, _ = free_ports()
    settings = Settings(data_dir=instance.folder, http=HttpSettings(port=port))
    with written_down(settings), socket.create_server(("127.0.0.1", port)):
        for arguments in (("serve",), ("serve", "--check")):
            outcome = guildhall(*arguments, "--port", port)
            assert_refused(outcome, f"Guildhall already runs on http://127.0.0.1:{port}", str(instance.folder))


def test_whereabouts_of_a_server_on_a_used_port_change_nothing(tmp_path: Path, listener: socket.socket) -> None:
    settings = Settings(data_dir=tmp_path, http=HttpSettings(port=listener.getsockname()[1]))
    with written_down(settings):
        assert list(tmp_path.iterdir()) == []
    assert taken(settings)


def test_whereabouts_on_a_used_port_make_init_warn(
    command_on: Callable[[Instance], Command], instance: Instance, listener: socket.socket
) -> None:
    outcome = command_on(instance)("init", GUILDHALL_HTTP_PORT=str(listener.getsockname()[1]))
    assert outcome.code == 0
    assert "choose another port" in outcome.err
