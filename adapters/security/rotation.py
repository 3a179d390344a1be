"""Rotating the keys in a key file."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from adapters.security.key_file import (
    MAX_FILE_BYTES,
    NOTICED_SECONDS,
    is_retirement,
    keys_of,
    line_of,
    load_or_create,
    new_key,
    read,
    retirement,
    retirements,
    write_draft,
)
from adapters.security.keys import SigningKey
from adapters.security.tokens import ACCESS_LIFETIME
from application.ports.system import CannotStart
from domain.identity import REFRESH_GRACE

# A running server signs with the former key for half a minute more; twice that leaves room for a slow one.
NOTICED_WITHIN = timedelta(minutes=1)
KEPT_FOR = NOTICED_WITHIN + ACCESS_LIFETIME + REFRESH_GRACE


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did: the names of the key that signs now, of those still accepted, and of those dropped.

    A running server goes by the keys from before for up to `noticed_within`.
    """

    current: str
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    noticed_within: timedelta = timedelta(seconds=NOTICED_SECONDS)


def rotate(path: Path, now: datetime, *, at_once: bool = False) -> Rotation:
    """Put a new current key into the file; keep the former ones until the tokens they signed have ended.

    `at_once` drops all former keys: every access token ends, sign-ins stay. The file is replaced as a whole, with its
    mode and owner, so that readers see the old or the new one whatever happens; of two rotations at once one waits.
    Raises `CannotStart`.
    """
    load_or_create(path)
    place = path.resolve()
    try:
        with _alone(place.parent):
            text = read(place)
            keys, retired_at = keys_of(text, path), retirements(text)
            kept, dropped = _sorted_out(keys, retired_at, now, at_once=at_once)
            current = new_key()
            remarks = [line for line in text.splitlines() if line.strip().startswith("#") and not is_retirement(line)]
            lines = [*remarks, line_of(current)]
            for key in kept:
                lines += [line_of(key), retirement(key.kid, retired_at.get(key.kid, now))]
            _replace(place, "\n".join(lines) + "\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CannotStart(f"{path}: the signing keys cannot be rotated: {reason}.") from error
    return Rotation(current.kid, tuple(key.kid for key in kept), tuple(key.kid for key in dropped))


def _sorted_out(
    keys: list[SigningKey], retired_at: dict[str, datetime], now: datetime, *, at_once: bool
) -> tuple[list[SigningKey], list[SigningKey]]:
    """Those still needed, and the rest. One without a remark counts as retired now: nobody knows when it was."""

    def is_needed(key: SigningKey) -> bool:
        return not at_once and (key is keys[0] or retired_at.get(key.kid, now) + KEPT_FOR > now)

    retired_at.pop(keys[0].kid, None)
    return [key for key in keys if is_needed(key)], [key for key in keys if not is_needed(key)]


def _replace(path: Path, text: str) -> None:
    if len(text) > MAX_FILE_BYTES:
        raise CannotStart(f"{path}: rotated too often: wait {KEPT_FOR} until the oldest keys may go.")
    before = path.stat()
    draft = write_draft(path, text)
    try:
        made = draft.stat()
        if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
            os.chown(draft, before.st_uid, before.st_gid)
        draft.chmod(stat.S_IMODE(before.st_mode))
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system lets go when the process ends, however it ends."""
    try:
        import fcntl
    except ImportError as error:
        raise CannotStart("Keys are rotated on POSIX systems only; give them as GUILDHALL_SECRET_KEY.") from error
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
