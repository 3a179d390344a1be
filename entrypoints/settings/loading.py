"""Puts the sources together."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from entrypoints.settings.fields import sections
from entrypoints.settings.model import Settings
from entrypoints.settings.problems import SettingsError, Unfit
from entrypoints.settings.rules import broken_rules
from entrypoints.settings.sources import Found, Given, find_file, from_environment, from_file, from_overrides


def load_settings(
    environ: Mapping[str, str],
    config_path: Path | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """The settings of this instance.

    `environ` is usually `os.environ`. The TOML file is `config_path`, else `GUILDHALL_CONFIG`, else `guildhall.toml`
    in the working directory where there is one. `overrides` are values of the command line by TOML path
    (`{"http.port": 9000}`); None is not given. The command line wins over the environment, which wins over the file.
    Raises `SettingsError` with every problem of every source.
    """
    found: list[Found] = []
    file = find_file(environ, config_path)
    if file is not None:
        found += from_file(*file)
    found += from_environment(environ)
    found += from_overrides(overrides or {})
    given = [one for one in found if isinstance(one, Given)]
    problems = [one for one in found if isinstance(one, str)]
    values: dict[tuple[str, ...], object] = {}
    for one in given:
        try:
            values[one.field.path] = one.field.kind.read(one.raw)
        except Unfit as unfit:
            problems.append(f"{one.name}: found {one.field.kind.found(one.raw)}; expected {unfit.expected}")
    settings = _built(values)
    names = {one.field.toml: one.name for one in given}
    # What was refused keeps its default here: no rule is told to miss it as well.
    refused = tuple(f"{one.name}:" for one in given if one.field.path not in values)
    broken = broken_rules(settings, lambda toml: names.get(toml, toml))
    problems += [line for line in broken if not line.startswith(refused)]
    if problems:
        raise SettingsError(problems)
    return settings


def _built(values: Mapping[tuple[str, ...], object]) -> Settings:
    """The settings with what could be read; the rest keeps its default."""
    parts: dict[str, object] = {}
    for name, section in sections().items():
        own = {path[1]: value for path, value in values.items() if len(path) == 2 and path[0] == name}
        parts[name] = section(**own)
    parts |= {path[0]: value for path, value in values.items() if len(path) == 1}
    # Every section is new, the database's among them: its default follows the data folder.
    return msgspec.structs.replace(Settings(), **parts)
