"""What the user gave, and under which name."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from entrypoints.settings.fields import PREFIX, Field, fields, sections
from entrypoints.settings.problems import nearest

DEFAULT_FILE = "guildhall.toml"
MAX_FILE_BYTES = 1_048_576
_OTHERS = ("GUILDHALL_CONFIG", "GUILDHALL_REQUIRE_SERVICES")
_ALIASES = {"telegram.bot_token": "TELEGRAM_BOT_TOKEN"}
_LINE = re.compile(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)")


@dataclass(frozen=True)
class Given:
    """A value for a setting, and the name the user gave it under."""

    field: Field
    name: str
    raw: object


Found = Given | str
"""A value, or a line about a problem."""


def from_environment(environ: Mapping[str, str]) -> Iterator[Found]:
    """The variables with our prefix. An empty one counts as not given."""
    known = {field.env: field for field in fields()}
    for toml, alias in _ALIASES.items():
        field = next(field for field in fields() if field.toml == toml)
        if environ.get(alias, "").strip() and not environ.get(field.env, "").strip():
            yield Given(field, alias, environ[alias])
    for name, raw in environ.items():
        if not name.startswith(PREFIX) or name in _OTHERS or name.startswith("GUILDHALL_TEST_"):
            continue
        if name not in known:
            yield f"{_safe(name)}: unknown setting; {nearest(name, list(known), PREFIX)}"
        elif raw.strip():
            yield Given(known[name], name, raw)


def from_overrides(overrides: Mapping[str, object]) -> Iterator[Found]:
    """Values of the command line, by TOML path; None counts as not given."""
    known = {field.toml: field for field in fields()}
    for path, raw in overrides.items():
        if path not in known:
            yield f"{_safe(path)}: unknown setting; {nearest(path, list(known))}"
        elif raw is not None:
            yield Given(known[path], f"--{known[path].path[-1].replace('_', '-')}", raw)


def find_file(environ: Mapping[str, str], config_path: Path | None) -> tuple[str, Path] | None:
    """The TOML file and how it was named; None when none was named and none lies in the working directory."""
    if config_path is not None:
        return "--config", config_path
    named = environ.get("GUILDHALL_CONFIG", "").strip()
    if named:
        return "GUILDHALL_CONFIG", Path(named)
    usual = Path(DEFAULT_FILE)
    with suppress(FileNotFoundError):
        usual.lstat()
        return DEFAULT_FILE, usual
    return None


def from_file(name: str, path: Path) -> Iterator[Found]:
    """The keys of a TOML file."""
    try:
        with path.open("rb") as file:
            octets = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        yield f"{name}: cannot read {_safe(str(path))} ({reason}); expected a TOML file"
        return
    if len(octets) > MAX_FILE_BYTES:
        yield f"{name}: {_safe(str(path))} is larger than {MAX_FILE_BYTES} bytes; expected a TOML file with settings"
        return
    try:
        document = tomllib.loads(octets.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        yield _broken(path, error, octets)
        return
    yield from _from_document(path, document)


def _from_document(path: Path, document: Mapping[str, object]) -> Iterator[Found]:
    for key, value in document.items():
        if key not in sections():
            yield _key(path, (key,), value)
        elif isinstance(value, dict):
            for inner, raw in value.items():
                yield _key(path, (key, inner), raw)
        else:
            yield f"{_safe(path.name)}: {key}: expected a table [{key}] with settings in it, found a single value"


def _key(path: Path, place: tuple[str, ...], raw: object) -> Found:
    known = {field.path: field for field in fields()}
    toml = ".".join(place)
    if place not in known:
        names = [field.toml for field in fields()] + list(sections())
        return f"{_safe(path.name)}: {_safe(toml)}: unknown setting; {nearest(toml, names)}"
    return Given(known[place], f"{_safe(path.name)}: {toml}", raw)


def _broken(path: Path, error: Exception, octets: bytes) -> str:
    """Where the file stops being TOML. The line itself is not shown: it may hold a secret."""
    shown = _safe(str(path))
    if isinstance(error, UnicodeDecodeError):
        line = octets[: error.start].count(b"\n") + 1
        return f"{shown}, line {line}: not UTF-8; expected TOML in UTF-8"
    told = _LINE.fullmatch(str(error))
    if told:
        return f"{shown}, line {told['line']}, column {told['column']}: not TOML; expected `name = value` or [section]"
    at_end = "end of document" in str(error)
    where = f", line {max(len(octets.splitlines()), 1)}" if at_end else ""
    return f"{shown}{where}: not TOML; expected `name = value` or [section], each value and table closed"


def _safe(name: str) -> str:
    """A name from outside on one line."""
    text = name if name.isprintable() else repr(name)[1:-1]
    return text if len(text) <= 120 else f"{text[:120]}…"
