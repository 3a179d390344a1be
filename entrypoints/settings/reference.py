"""The settings for people to read."""

from dataclasses import dataclass

from entrypoints.settings.fields import fields
from entrypoints.settings.model import Settings

_BAR = r"\|"


@dataclass(frozen=True)
class ReferenceRow:
    """One setting in the reference."""

    env: str
    toml: str
    type: str
    default: str
    meaning: str


def reference() -> list[ReferenceRow]:
    """Every setting: its two names, type, default (empty for none) and meaning."""
    return [
        ReferenceRow(field.env, field.toml, field.kind.name, field.kind.show(field.default), field.meaning)
        for field in fields()
    ]


def describe(settings: Settings) -> list[str]:
    """A line for each setting: the variable that sets it, the value in force (secrets masked), and whether that is the
    default."""
    usual, in_this_folder = Settings(), Settings(data_dir=settings.data_dir)
    lines = []
    for field in fields():
        value = field.of(settings)
        # The default of the database follows the data folder.
        is_default = value == field.of(in_this_folder if field.toml == "database.url" else usual)
        lines.append(f"{field.env} = {field.kind.show(value)}{'  (default)' if is_default else ''}")
    return lines


def markdown_table() -> str:
    """The reference as a table in Markdown."""
    rows = [("in the environment", "in `guildhall.toml`", "type", "default", "meaning"), ("---",) * 5]
    rows += [(f"`{row.env}`", f"`{row.toml}`", row.type, row.default, row.meaning) for row in reference()]
    return "\n".join(f"| {' | '.join(cell.replace('|', _BAR) for cell in row)} |" for row in rows)
