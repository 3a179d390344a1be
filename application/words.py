"""Words of a free-text query, before any engine sees them, and where a text holds them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_WORDS = 16
# An index keeps words up to this length; longer ones are found by their beginning.
MAX_WORD = 500
SNIPPET_WORDS = 30
OPEN, CLOSE = "\ue000", "\ue001"

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    end: int
    is_hit: bool


def fold(text: str) -> str:
    """Without case and accents, for comparing."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The folded words in order, each once, at most 16."""
    return list(dict.fromkeys(_forms(fold(text))))[:MAX_WORDS]


def indexed_words(text: str) -> list[str]:
    """The folded words of a text that is searched, each once."""
    return list(dict.fromkeys(form for match in _matches(text) for form in _forms(fold(match.group()))))


def holds_all(text: str, terms: Sequence[str]) -> bool:
    """Whether the text holds every folded term; the last one counts as the beginning of a word."""
    held = set(indexed_words(text))
    return bool(terms) and held.issuperset(terms[:-1]) and any(word.startswith(terms[-1]) for word in held)


def snippet(text: str, terms: Sequence[str]) -> str:
    """About 30 words around the first hit, with U+E000 and U+E001 around each; the last term is a prefix."""
    text = unicodedata.normalize("NFC", text)
    places = list(_places(text, terms))
    first = next((index for index, place in enumerate(places) if place.is_hit), 0)
    start = max(0, first - SNIPPET_WORDS // 3)
    shown = places[start : start + SNIPPET_WORDS]
    begin = shown[0].start if start else 0
    end = shown[-1].end if start + SNIPPET_WORDS < len(places) else len(text)
    return f"{'…' if begin else ''}{_marked(text, shown, begin, end)}{'…' if end < len(text) else ''}"


def _matches(text: str) -> Iterator[re.Match[str]]:
    return _WORD.finditer(unicodedata.normalize("NFC", text))


def _forms(folded: str) -> list[str]:
    return [form[:MAX_WORD] for form in _WORD.findall(folded)]


def _places(text: str, terms: Sequence[str]) -> Iterator[_Place]:
    whole, prefix = frozenset(terms[:-1]), terms[-1]
    for match in _matches(text):
        forms = _forms(fold(match.group()))
        yield _Place(match.start(), match.end(), any(form in whole or form.startswith(prefix) for form in forms))


def _marked(text: str, places: Sequence[_Place], begin: int, end: int) -> str:
    pieces = []
    for place in places:
        if place.is_hit:
            pieces += [text[begin : place.start], OPEN, text[place.start : place.end], CLOSE]
            begin = place.end
    return "".join([*pieces, text[begin:end]])
