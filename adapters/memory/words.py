"""Where the words of a search were found in a message."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from application.words import fold

OPEN, CLOSE = "\ue000", "\ue001"
SNIPPET_WORDS = 30

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    forms: tuple[str, ...]
    is_hit: bool = False


def snippet(content: str, terms: Sequence[str]) -> str | None:
    """About 30 words around the first hit with every hit marked; None unless all the folded terms occur.

    The last term counts as the beginning of a word.
    """
    text = unicodedata.normalize("NFC", content)
    words = list(_words(text, terms))
    forms = {form for word in words for form in word.forms}
    if not terms or not all(any(_matches(form, terms, index) for form in forms) for index in range(len(terms))):
        return None
    first = next(index for index, word in enumerate(words) if word.is_hit)
    start = max(0, first - SNIPPET_WORDS // 3)
    shown = words[start : start + SNIPPET_WORDS]
    begin = shown[0].start if start else 0
    end = shown[-1].end if start + SNIPPET_WORDS < len(words) else len(text)
    return f"{'…' if begin else ''}{_marked(text, shown, begin, end)}{'…' if end < len(text) else ''}"


def _words(text: str, terms: Sequence[str]) -> Iterator[_Word]:
    for match in _WORD.finditer(text):
        forms = tuple(_WORD.findall(fold(match.group())))
        is_hit = any(_matches(form, terms, index) for form in forms for index in range(len(terms)))
        yield _Word(match.start(), match.end(), forms, is_hit)


def _matches(form: str, terms: Sequence[str], index: int) -> bool:
    return form.startswith(terms[index]) if index == len(terms) - 1 else form == terms[index]


def _marked(text: str, words: Sequence[_Word], begin: int, end: int) -> str:
    pieces = []
    for word in words:
        if word.is_hit:
            pieces += [text[begin : word.start], OPEN, text[word.start : word.end], CLOSE]
            begin = word.end
    return "".join([*pieces, text[begin:end]])
