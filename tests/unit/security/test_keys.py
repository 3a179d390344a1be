"""Signing keys."""

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.security.key_file import MAX_FILE_BYTES, load_or_create
from adapters.security.keys import SigningKey, SigningKeys
from application.ports.system import CannotStart

GOOD = base64.b64encode(b"m" * 32).decode()
OTHER = base64.b64encode(b"n" * 32).decode()


def written(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def test_key_file_absent_is_made_private_and_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "data" / "signing.keys"
    keys = load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert len(keys.current.material) == 32
    assert load_or_create(path).current == keys.current
    assert [entry.name for entry in path.parent.iterdir()] == ["signing.keys"]


def test_key_file_made_by_many_at_once_is_one_key_for_all(tmp_path: Path) -> None:
    path = tmp_path / "signing.keys"
    barrier = Barrier(8)

    def start(_number: int) -> SigningKey:
        barrier.wait()
        return load_or_create(path).current

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(start, range(8)))
    assert len(found) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["signing.keys"]


def test_key_file_with_several_lines_keeps_old_keys_current_first(tmp_path: Path) -> None:
    path = written(tmp_path / "k", f"# rotated\n\nnew:{GOOD}\r\n old:{OTHER}\n")
    keys = load_or_create(path)
    assert keys.current.kid == "new"
    assert keys.find("old") == SigningKey("old", b"n" * 32)
    assert keys.find("none") is None
    assert keys.find(7) is None


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_key_file_open_to_others_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "k", f"a:{GOOD}", mode)
    with pytest.raises(CannotStart, match=r"chmod 600") as refused:
        load_or_create(path)
    assert f"{mode:04o}" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n# only a remark\n",
        "garbage",
        f":{GOOD}",
        f"a b:{GOOD}",
        "a:",
        "a:c2hvcnQ=",
        f"a:{GOOD[:-1]}",
        f"a:{GOOD}!",
        f"a:{GOOD}\na:{OTHER}",
        b"\x00\xff\xfe" * 50,
        b"a" * (MAX_FILE_BYTES + 1),
    ],
)
def test_key_file_with_garbage_is_refused_and_left_alone(tmp_path: Path, text: str | bytes) -> None:
    path = written(tmp_path / "k", text)
    before = path.read_bytes()
    with pytest.raises(CannotStart) as refused:
        load_or_create(path)
    assert str(path) in str(refused.value)
    assert "Expected" in str(refused.value)
    assert GOOD[:-1] not in str(refused.value)
    assert path.read_bytes() == before


def test_key_file_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="GUILDHALL_SECRET_KEY"):
        load_or_create(tmp_path)
    with pytest.raises(CannotStart):
        load_or_create(written(tmp_path / "file", "x") / "below")


@given(st.binary(max_size=200))
def test_key_file_with_any_bytes_loads_or_says_why(tmp_path: Path, octets: bytes) -> None:
    path = written(tmp_path / "k", octets)
    with pytest.raises(CannotStart, match="Expected"):
        load_or_create(path)


def test_keys_from_secrets_are_the_same_in_every_process() -> None:
    keys = SigningKeys.from_secrets("x" * 32, ["y" * 32])
    assert keys.current == SigningKeys.from_secrets("x" * 32).current
    assert keys.find(SigningKeys.from_secrets("y" * 32).current.kid) is not None
    assert len(keys.current.material) == 32


def test_keys_shown_anywhere_never_give_the_material() -> None:
    secret = "s" * 40
    keys = SigningKeys.from_secrets(secret, ["t" * 40])
    text = f"{keys} {keys!r} {keys.current} {keys.current!r} {[keys]}"
    assert keys.current.kid in text
    assert secret not in text
    assert repr(keys.current.material)[2:-1] not in text
    assert keys.current.material.hex() not in text
    assert base64.b64encode(keys.current.material).decode() not in text


def test_keys_without_any_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        SigningKeys([])


def test_key_file_in_folder_without_rights_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / ("n" * 300)
    with pytest.raises(CannotStart, match="Make the folder writable"):
        load_or_create(folder / "k")
    assert list(tmp_path.iterdir()) == []
