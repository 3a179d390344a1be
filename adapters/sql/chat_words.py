"""The words of messages: what is indexed of them, and where a search found them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from application.words import fold

_WORD = re.compile(r"\w+")
_OPEN, _CLOSE = "\ue000", "\ue001"
_SHOWN = 30
# PostgreSQL keeps lexemes of at most 2046 bytes; longer words are found by their beginning.
MAX_WORD = 500


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    end: int
    is_hit: bool


def indexed_words(content: str) -> str:
    """The folded words of a message, each once, joined by spaces."""
    text = unicodedata.normalize("NFC", content)
    return " ".join(dict.fromkeys(form for match in _WORD.finditer(text) for form in _forms(match.group())))


def snippet(content: str, terms: Sequence[str]) -> str:
    """About 30 words around the first hit, with U+E000 and U+E001 around each; the last term is a prefix."""
    text = unicodedata.normalize("NFC", content)
    places = list(_places(text, terms))
    first = next((index for index, place in enumerate(places) if place.is_hit), 0)
    start = max(0, first - _SHOWN // 3)
    shown = places[start : start + _SHOWN]
    begin = shown[0].start if start else 0
    end = shown[-1].end if start + _SHOWN < len(places) else len(text)
    return f"{'…' if begin else ''}{_marked(text, shown, begin, end)}{'…' if end < len(text) else ''}"


def _forms(word: str) -> list[str]:
    return [form[:MAX_WORD] for form in _WORD.findall(fold(word))]


def _places(text: str, terms: Sequence[str]) -> Iterator[_Place]:
    whole, prefix = frozenset(terms[:-1]), terms[-1]
    for match in _WORD.finditer(text):
        is_hit = any(form in whole or form.startswith(prefix) for form in _forms(match.group()))
        yield _Place(match.start(), match.end(), is_hit)


def _marked(text: str, places: Sequence[_Place], begin: int, end: int) -> str:
    pieces = []
    for place in places:
        if place.is_hit:
            pieces += [text[begin : place.start], _OPEN, text[place.start : place.end], _CLOSE]
            begin = place.end
    return "".join([*pieces, text[begin:end]])
