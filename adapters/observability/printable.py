"""Log lines for a terminal, which obeys what it is given: what is not printable is shown, never sent."""

from structlog.types import EventDict

_BLOCKS = frozenset({"exception", "stack"})
_WORDS = frozenset({"event", "logger", "logger_name", "level", "time"})


def printable(_logger: object, _name: str, line: EventDict) -> EventDict:
    """The line with every control, format and separator character written as its escape: `\\x1b`, `\\u2028`.

    A field that holds one is quoted, too. Only tracebacks keep their line breaks.
    """
    return {_escaped(str(name)): _shown(name, value) for name, value in line.items()}


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class _AsIs:
    """A value that is written as this text, whatever quotes a renderer puts around others."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _shown(name: str, value: object) -> object:
    if isinstance(value, str):
        if value.isprintable():
            return value
        if name in _BLOCKS:
            return "\n".join(map(_escaped, value.split("\n")))
        # uvicorn ends some of its messages with a line break.
        return _AsIs(_escaped(value.rstrip("\n"))) if name in _WORDS else _AsIs(repr(value))
    text = repr(value)
    return value if text.isprintable() else _AsIs(_escaped(text))
