"""Where the server of a data folder listens: `serve` writes it down, other commands make links with it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from entrypoints.cli.ending import complain
from entrypoints.listening import reason
from entrypoints.settings import Settings

FILE = "serving"
_LONGEST = 300
_PATIENCE = 0.5


def reached_at(settings: Settings) -> str:
    """Where people reach this instance: its public address, else where its server listens now, else where it would."""
    return settings.base_url if settings.public_url else listens_at(settings) or settings.base_url


def listens_at(settings: Settings) -> str | None:
    """The address of this data folder's server, such as `http://127.0.0.1:8000`; None when nobody answers there."""
    address = _read(settings.data_dir / FILE)
    if address is None:
        return None
    parts = urlsplit(address)
    try:
        with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=_PATIENCE):
            return address
    except OSError:
        return None


def running(settings: Settings) -> str | None:
    """The address of a server of this data folder that runs now: it keeps the file locked. None when there is none."""
    file = settings.data_dir / FILE
    try:
        with file.open("rb") as opened:
            return None if _locked(opened.fileno(), shared=True) else _read(file)
    except OSError:
        return None


def taken(settings: Settings) -> str | None:
    """Why the configured address cannot be listened on; None when it is free."""
    host = settings.http.host
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, settings.http.port), family=family):
            return None
    except OSError as error:
        return reason(error)


@contextmanager
def written_down(settings: Settings) -> Iterator[None]:
    """Keep the address in the data folder while the server runs, and take away only what was written here.

    Nothing is written for port 0, which is known only once it is taken, for a port that is not free, nor beside
    another server of this data folder, which wrote down its own.
    """
    if settings.http.port == 0 or taken(settings) or running(settings):
        yield
        return
    file = settings.data_dir / FILE
    descriptor = None
    try:
        descriptor = _write(file, _address(settings))
    except OSError as error:
        complain(f"warning: {file} cannot be written: {error.strerror}; sign-in links may name another port.")
    try:
        yield
    finally:
        if descriptor is not None:
            _remove(file, descriptor)


def _address(settings: Settings) -> str:
    host = f"[{settings.http.host}]" if ":" in settings.http.host else settings.http.host
    return f"http://{host}:{settings.http.port}"


def _read(file: Path) -> str | None:
    try:
        with file.open(encoding="ascii") as opened:
            text = opened.read(_LONGEST)
        parts = urlsplit(text)
        is_address = parts.scheme == "http" and parts.hostname and parts.port
    except (OSError, ValueError):
        return None
    return text if is_address else None


def _write(file: Path, address: str) -> int:
    """Write the file and lock it; the descriptor holds the lock, which ends with the process at the latest."""
    draft = file.with_name(f".{FILE}-{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, address.encode("ascii"))
        _locked(descriptor)
        draft.replace(file)
    except OSError:
        os.close(descriptor)
        raise
    finally:
        draft.unlink(missing_ok=True)
    return descriptor


def _remove(file: Path, descriptor: int) -> None:
    """Remove the file when it is the one that was opened: another server may have put its own in its place."""
    with suppress(OSError):
        if os.path.samestat(file.stat(), os.fstat(descriptor)):
            file.unlink()
    os.close(descriptor)


def _locked(descriptor: int, *, shared: bool = False) -> bool:
    """Lock the file; False when another process holds it. Where the system has no such locks, nobody holds any."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
