"""The file that keeps signing keys: made at first start, read again when it changes."""

import base64
import binascii
import logging
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from adapters.security.keys import KeyRing, SigningKey, SigningKeys
from application.ports.system import CannotStart

MIN_KEY_BYTES = 32
MAX_FILE_BYTES = 65_536
NOTICED_SECONDS = 30.0
UNKNOWN_SECONDS = 1.0

_KID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RETIRED = re.compile(r"# retired (?P<kid>[A-Za-z0-9_-]{1,64}) (?P<at>\S+)")
_log = logging.getLogger(__name__)


class KeyFile(KeyRing):
    """The keys in a file, as they are now: another process may rotate them.

    The file is looked at for every `kept`, every half minute otherwise, and, at most once a second, for a key it is
    not known to hold. A file that cannot be read any more is told in the log, and the keys stay as they were.
    """

    def __init__(self, path: Path, seconds: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._seconds = seconds
        self._keys = load_or_create(path)
        self._looked_at = seconds()
        self._seen: object = None
        self._trouble: str | None = None

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        self._look(NOTICED_SECONDS)
        return self._keys.current

    def find(self, kid: object) -> SigningKey | None:
        """The key of that name."""
        self._look(NOTICED_SECONDS)
        if (key := self._keys.find(kid)) is None:
            self._look(UNKNOWN_SECONDS)
            key = self._keys.find(kid)
        return key

    def kept(self) -> Sequence[SigningKey]:
        """All of them, the current one first."""
        self._look(0)
        return self._keys.kept()

    def __repr__(self) -> str:
        """The names, current first."""
        return repr(self._keys)

    def _look(self, seconds: float) -> None:
        """Take over what is in the file, unless it was looked at within these seconds."""
        now = self._seconds()
        if now - self._looked_at < seconds:
            return
        self._looked_at = now
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                self._keys = SigningKeys(keys_of(read(self._path), self._path))
                self._seen = seen
            self._trouble = None
        except (OSError, CannotStart) as error:
            if self._trouble != str(error):
                _log.warning("signing_keys_unreadable", extra={"reason": str(error)})
            self._trouble = str(error)


def load_or_create(path: Path) -> SigningKeys:
    """The keys in the file; without one, a new key in a new file of mode 0600, with its folder.

    Processes that start at once end with the same key: the file appears whole or not at all, and the first wins.
    A line is `kid:base64`, the current key first; empty lines and lines with `#` in front are passed over.
    Raises `CannotStart`.
    """
    try:
        if not path.exists():
            _create(path)
        return SigningKeys(keys_of(read(path), path))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CannotStart(
            f"{path}: the signing keys cannot be read or made: {reason}. Make the folder writable for this user, "
            "or give the key as GUILDHALL_SECRET_KEY."
        ) from error


def new_key() -> SigningKey:
    """A random key under a random name."""
    return SigningKey(secrets.token_hex(4), secrets.token_bytes(MIN_KEY_BYTES))


def line_of(key: SigningKey) -> str:
    """The key as a line of the file."""
    return f"{key.kid}:{base64.b64encode(key.material).decode()}"


def write_draft(path: Path, text: str) -> Path:
    """A new file beside `path` with this text, mode 0600, on the disk for good."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def read(path: Path) -> str:
    """The text of the file, checked on the open file so that it cannot be swapped in between."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
            raise CannotStart(
                f"{path}: other users may use this key file (mode {stat.S_IMODE(status.st_mode):04o}). "
                f"Expected mode 0600: run chmod 600 {path}."
            )
        octets = file.read(MAX_FILE_BYTES + 1)
    if len(octets) > MAX_FILE_BYTES:
        raise CannotStart(f"{path}: larger than {MAX_FILE_BYTES} bytes. Expected one kid:base64 a line.")
    return octets.decode("utf-8", "replace")


def keys_of(text: str, path: Path) -> list[SigningKey]:
    """The keys in the text of a file, in its order; raises `CannotStart` unless all of it can be read."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    keys = [_key(line, number, path) for number, line in lines if line and not line.startswith("#")]
    if not keys:
        raise CannotStart(f"{path}: holds no key. Expected one kid:base64 a line; remove the file to make a new one.")
    if len({key.kid for key in keys}) < len(keys):
        raise CannotStart(f"{path}: two keys have the same name. Expected a different kid in each line.")
    return keys


def retirements(text: str) -> dict[str, datetime]:
    """When keys stopped signing, of the remarks that rotations leave."""
    found: dict[str, datetime] = {}
    for line in text.splitlines():
        if remark := _RETIRED.fullmatch(line.strip()):
            with suppress(ValueError):
                found[remark["kid"]] = datetime.fromisoformat(remark["at"])
    return {kid: at for kid, at in found.items() if at.tzinfo is not None}


def retirement(kid: str, at: datetime) -> str:
    """The remark that says when a key stopped signing."""
    return f"# retired {kid} {at.isoformat()}"


def is_retirement(line: str) -> bool:
    """Whether the line is such a remark."""
    return _RETIRED.fullmatch(line.strip()) is not None


def _create(path: Path) -> None:
    """Write a new key beside its place and link it there, which fails when another process was first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = write_draft(path, f"{line_of(new_key())}\n")
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _key(line: str, number: int, path: Path) -> SigningKey:
    kid, _, encoded = line.partition(":")
    try:
        material = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        material = b""
    if not _KID.fullmatch(kid) or len(material) < MIN_KEY_BYTES:
        raise CannotStart(
            f"{path}, line {number}: not a key. Expected kid:base64, the kid of letters, digits, - and _, "
            f"the key of {MIN_KEY_BYTES} bytes or more. Removing the file makes a new key."
        )
    return SigningKey(kid, material)
