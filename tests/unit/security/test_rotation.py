"""Keys that rotate while servers run."""

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest

from adapters.security.key_file import KeyFile, load_or_create
from adapters.security.keys import SigningKeys
from adapters.security.rotation import KEPT_FOR, rotate
from adapters.security.tokens import JwtTokenIssuer
from application.ports.system import CannotStart
from domain.errors import InvalidToken
from domain.identity import MemberId, SignInId

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
MEMBER, SIGN_IN = MemberId(UUID(int=1)), SignInId(UUID(int=2))
OLD = base64.b64encode(b"o" * 32).decode()
OLDER = base64.b64encode(b"p" * 32).decode()


class Seconds:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signing.keys"


def kids(path: Path) -> list[str]:
    return [key.kid for key in load_or_create(path).kept()]


def test_rotation_puts_a_new_key_first_and_keeps_the_former_until_its_tokens_end(path: Path) -> None:
    first = load_or_create(path).current.kid

    second = rotate(path, NOW)
    third = rotate(path, NOW + timedelta(minutes=5))
    fourth = rotate(path, NOW + KEPT_FOR)
    fifth = rotate(path, NOW + timedelta(hours=2))

    assert (second.kept, second.dropped) == ((first,), ())
    assert (third.kept, third.dropped) == ((second.current, first), ())
    assert (fourth.kept, fourth.dropped) == ((third.current, second.current), (first,))
    assert (fifth.kept, set(fifth.dropped)) == ((fourth.current,), {third.current, second.current})
    assert kids(path) == [fifth.current, fourth.current]
    assert timedelta(minutes=31) <= KEPT_FOR <= timedelta(hours=1)


def test_rotation_at_once_drops_every_former_key(path: Path) -> None:
    first = load_or_create(path).current.kid

    rotation = rotate(path, NOW, at_once=True)

    assert (rotation.kept, rotation.dropped) == ((), (first,))
    assert kids(path) == [rotation.current]


def test_rotation_of_a_file_of_an_earlier_version_keeps_keys_and_remarks(path: Path) -> None:
    path.write_text(f"# ours since 2029\n\nold:{OLD}\nolder:{OLDER}\n# retired older never\n")
    path.chmod(0o600)

    rotation = rotate(path, NOW)
    later = rotate(path, NOW + KEPT_FOR)

    assert rotation.kept == ("old", "older")
    assert later.kept == (rotation.current,)
    text = path.read_text()
    assert text.startswith("# ours since 2029\n")
    assert f"# retired {rotation.current} {(NOW + KEPT_FOR).isoformat()}" in text


def test_rotation_of_no_file_makes_one_first(path: Path) -> None:
    rotation = rotate(path, NOW)

    assert len(rotation.kept) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_rotation_keeps_the_mode_and_leaves_nothing_behind(path: Path, mode: int) -> None:
    load_or_create(path)
    path.chmod(mode)

    rotate(path, NOW)

    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert [entry.name for entry in path.parent.iterdir()] == ["signing.keys"]


def test_rotation_through_a_link_replaces_what_it_leads_to(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.keys"
    load_or_create(real)
    path.symlink_to(real)

    rotation = rotate(path, NOW)

    assert path.is_symlink()
    assert kids(real)[0] == rotation.current


def test_rotations_by_many_at_once_lose_no_key(path: Path) -> None:
    first = load_or_create(path).current.kid
    barrier = Barrier(8)

    def run(_number: int) -> str:
        barrier.wait()
        return rotate(path, NOW).current

    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(run, range(8)))

    assert len(made) == 8
    assert set(kids(path)) == made | {first}
    assert [entry.name for entry in path.parent.iterdir()] == ["signing.keys"]


def test_rotation_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_or_create(path)
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotStart, match="No space left"):
        rotate(path, NOW)

    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["signing.keys"]


@pytest.mark.parametrize("text", ["garbage", "", f"a:{OLD}\na:{OLDER}"])
def test_rotation_of_a_broken_file_is_refused_and_changes_nothing(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(CannotStart):
        rotate(path, NOW)

    assert path.read_text() == text


def test_rotation_again_and_again_stops_before_the_file_is_too_large_to_read(path: Path) -> None:
    load_or_create(path)
    path.write_text("".join(f"k{number}:{OLD}\n" for number in range(1_000)))
    before = path.read_bytes()

    with pytest.raises(CannotStart, match="rotated too often"):
        rotate(path, NOW)

    assert path.read_bytes() == before


def test_running_server_signs_with_the_new_key_within_a_minute(path: Path) -> None:
    seconds = Seconds()
    keys = KeyFile(path, seconds)
    before = keys.current
    rotation = rotate(path, NOW)

    soon = keys.current
    seconds.now += 60

    assert soon == before
    assert keys.current.kid == rotation.current
    assert keys.find(before.kid) == before


def test_running_server_finds_a_new_key_when_a_token_names_it(path: Path) -> None:
    seconds = Seconds()
    keys = KeyFile(path, seconds)
    here, there = JwtTokenIssuer(keys), JwtTokenIssuer(KeyFile(path))
    seconds.now += 1
    rotate(path, NOW)
    other = JwtTokenIssuer(load_or_create(path))
    token, _ = other.access_token(MEMBER, SIGN_IN, NOW)

    assert here.read_access_token(token, NOW).member_id == MEMBER
    assert there is not here


def test_running_server_looks_for_unknown_keys_at_most_once_a_second(path: Path) -> None:
    seconds = Seconds()
    keys = KeyFile(path, seconds)
    seconds.now += 1
    assert keys.find("unknown") is None
    rotation = rotate(path, NOW)

    within = keys.find(rotation.current)
    seconds.now += 1

    assert within is None
    assert keys.find(rotation.current) is not None


def test_running_server_forgets_keys_that_were_dropped(path: Path) -> None:
    seconds = Seconds()
    keys = KeyFile(path, seconds)
    token, _ = JwtTokenIssuer(keys).access_token(MEMBER, SIGN_IN, NOW)
    rotate(path, NOW, at_once=True)
    seconds.now += 60

    with pytest.raises(InvalidToken):
        JwtTokenIssuer(keys).read_access_token(token, NOW)


def test_running_servers_agree_on_successors_at_once_after_a_rotation(path: Path) -> None:
    one, other = JwtTokenIssuer(KeyFile(path, Seconds())), JwtTokenIssuer(KeyFile(path, Seconds()))
    secret = one.opaque()
    before = one.successor(secret)

    rotate(path, NOW)

    assert one.successors(secret) == other.successors(secret)
    assert one.successors(secret)[0] == one.successor(secret) != before
    assert before in one.successors(secret)


@pytest.mark.parametrize("damage", ["gone", "garbage", "open to others"])
def test_running_server_keeps_its_keys_and_says_once_when_the_file_is_damaged(
    path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    keys = KeyFile(path, Seconds())
    before = keys.kept()
    if damage == "gone":
        path.unlink()
    elif damage == "garbage":
        path.write_text("garbage and more")
    else:
        path.chmod(0o644)
        path.write_text(f"other:{OLD}\n")

    after = [keys.kept() for _ in range(3)]

    assert after == [before] * 3
    assert [record.message for record in caplog.records] == ["signing_keys_unreadable"]
    path.unlink(missing_ok=True)
    rotation = rotate(path, NOW)
    assert keys.kept()[0].kid == rotation.current


def test_codes_are_eight_clear_characters_hashed_under_the_key_ignoring_case() -> None:
    issuer = JwtTokenIssuer(SigningKeys.from_secrets("x" * 32))
    codes = {issuer.code() for _ in range(200)}

    assert len(codes) == 200
    assert all(len(code) == 8 and not set(code) & set("01IOio") and code.isalnum() for code in codes)
    assert issuer.hashed_code("ABCD2345") == issuer.hashed_code("abcd2345")
    assert issuer.hashed_code("ABCD2345") != issuer.hashed_code("ABCD2346")
    assert issuer.hashed_code("ABCD2345") != issuer.hashed("ABCD2345")
    other = JwtTokenIssuer(SigningKeys.from_secrets("y" * 32))
    assert issuer.hashed_code("ABCD2345") != other.hashed_code("ABCD2345")


def test_keys_from_settings_rotate_by_settings() -> None:
    before = JwtTokenIssuer(SigningKeys.from_secrets("x" * 32))
    after = JwtTokenIssuer(SigningKeys.from_secrets("y" * 32, ["x" * 32]))
    token, _ = before.access_token(MEMBER, SIGN_IN, NOW)

    assert after.read_access_token(token, NOW).member_id == MEMBER
    assert before.successor("secret") in after.successors("secret")
    assert after.successor("secret") != before.successor("secret")
