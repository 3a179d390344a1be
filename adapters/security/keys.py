"""The keys that sign tokens: from settings, or from a file made at first start."""

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from application.ports.system import CannotStart

MIN_KEY_BYTES = 32
MAX_FILE_BYTES = 65_536
_KID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key; `kid` names it in the tokens that it signed."""

    kid: str
    material: bytes = field(repr=False)


class SigningKeys:
    """The current key first, then those kept until the tokens they signed have ended. Never shows key material."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        if not keys:
            raise ValueError("at least one signing key is needed")
        self._keys = {key.kid: key for key in reversed(keys)}
        self._current = keys[0]

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._current

    def find(self, kid: object) -> SigningKey | None:
        """The key of that name."""
        return self._keys.get(kid) if isinstance(kid, str) else None

    def __repr__(self) -> str:
        """The names, current first."""
        others = sorted(kid for kid in self._keys if kid != self._current.kid)
        return f"SigningKeys({', '.join([self._current.kid, *others])})"

    @classmethod
    def from_secrets(cls, current: str, previous: Sequence[str] = ()) -> Self:
        """Keys derived from the settings' secrets; every process with the same settings derives the same ones."""
        return cls([_derived(secret) for secret in (current, *previous)])

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """The keys in the file; without one, a new key in a new file of mode 0600, with its folder.

        Processes that start at once end with the same key: the file appears whole or not at all, and the first wins.
        A line is `kid:base64`, the current key first; empty lines and lines with `#` in front are passed over.
        Raises `CannotStart`.
        """
        try:
            if not path.exists():
                _create(path)
            return cls(_parsed(_read(path), path))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise CannotStart(
                f"{path}: the signing keys cannot be read or made: {reason}. Make the folder writable for this user, "
                "or give the key as GUILDHALL_SECRET_KEY."
            ) from error


def _derived(secret: str) -> SigningKey:
    octets = secret.encode("utf-8", "surrogateescape")
    name = hmac.digest(octets, b"guildhall key name", "sha256").hex()[:16]
    return SigningKey(name, hashlib.sha256(b"guildhall signing key\x00" + octets).digest())


def _create(path: Path) -> None:
    """Write a new key beside its place and link it there, which fails when another process was first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = f"{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(MIN_KEY_BYTES)).decode()}\n"
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> str:
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


def _parsed(text: str, path: Path) -> list[SigningKey]:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    keys = [_key(line, number, path) for number, line in lines if line and not line.startswith("#")]
    if not keys:
        raise CannotStart(f"{path}: holds no key. Expected one kid:base64 a line; remove the file to make a new one.")
    if len({key.kid for key in keys}) < len(keys):
        raise CannotStart(f"{path}: two keys have the same name. Expected a different kid in each line.")
    return keys


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
