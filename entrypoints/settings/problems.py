"""What is wrong with the settings."""

from collections.abc import Sequence
from difflib import get_close_matches

from application.ports.system import CannotStart

LONGEST_SHOWN = 80


class SettingsError(CannotStart):
    """The settings cannot be used. `problems` holds one line each: the name, what was found, what is expected."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class Unfit(ValueError):
    """A value that a setting does not take. `expected` says what it takes; the value itself is not kept."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


def shown(value: object) -> str:
    """A value on one line, cut where it is long. Not for secrets."""
    text = repr(value) if not isinstance(value, dict) else "a table"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def nearest(name: str, known: Sequence[str], prefix: str = "") -> str:
    """The hint that ends a line about an unknown name; a `prefix` they all share tells nothing about likeness."""
    own = [one.removeprefix(prefix) for one in known]
    close = get_close_matches(name[:200].removeprefix(prefix), own, n=1, cutoff=0.6)
    return f"did you mean {prefix}{close[0]}?" if close else "the settings reference lists the known ones"
