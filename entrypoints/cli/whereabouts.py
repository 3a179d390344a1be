"""Where the server of a data folder listens: `serve` writes it down, other commands make links with it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from entrypoints.cli.ending import complain
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


def taken(settings: Settings) -> str | None:
    """Why the configured address cannot be listened on; None when it is free."""
    host = settings.http.host
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, settings.http.port), family=family):
            return None
    except OSError as error:
        return error.strerror or str(error)


@contextmanager
def written_down(settings: Settings) -> Iterator[None]:
    """Keep the address in the data folder while the server runs.

    Nothing is written for port 0, which is known only once it is taken, nor for a port that is not free.
    """
    if settings.http.port == 0 or taken(settings):
        yield
        return
    file = settings.data_dir / FILE
    host = f"[{settings.http.host}]" if ":" in settings.http.host else settings.http.host
    address = f"http://{host}:{settings.http.port}"
    try:
        _write(file, address)
    except OSError as error:
        complain(f"warning: {file} cannot be written: {error.strerror}; sign-in links may name another port.")
    try:
        yield
    finally:
        if _read(file) == address:
            with suppress(OSError):
                file.unlink()


def _read(file: Path) -> str | None:
    try:
        with file.open(encoding="ascii") as opened:
            text = opened.read(_LONGEST)
        parts = urlsplit(text)
        is_address = parts.scheme == "http" and parts.hostname and parts.port
    except (OSError, ValueError):
        return None
    return text if is_address else None


def _write(file: Path, address: str) -> None:
    draft = file.with_name(f".{FILE}-{uuid4().hex}")
    try:
        draft.write_text(address, encoding="ascii")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
