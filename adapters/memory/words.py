"""Words of a message, and the snippet that shows where they were found."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

OPEN, CLOSE = "\ue000", "\ue001"
SNIPPET_WORDS = 30

_WORD = re.compile(r"\w+")


def folded(text: str) -> str:
    """The text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def search_terms(terms: Sequence[str]) -> list[str]:
    """The words of a query as they are compared."""
    return [word for term in terms for word in _WORD.findall(folded(term))]


def snippet(content: str, terms: Sequence[str]) -> str | None:
    """About 30 words around the first hit with every hit marked; None unless all terms occur.

    The last term counts as the beginning of a word.
    """
    text = unicodedata.normalize("NFC", content)
    words = list(_words(text))
    hits = [any(_hits(word, terms, index) for index in range(len(terms))) for _, _, word in words]
    found = all(any(_hits(word, terms, index) for _, _, word in words) for index in range(len(terms)))
    if not terms or not found:
        return None
    first = hits.index(True)
    start = max(0, first - SNIPPET_WORDS // 3)
    shown = list(zip(words, hits, strict=True))[start : start + SNIPPET_WORDS]
    return _marked(text, shown, at_start=start == 0, at_end=start + SNIPPET_WORDS >= len(words))


def _words(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _WORD.finditer(text):
        yield match.start(), match.end(), folded(match.group())


def _hits(word: str, terms: Sequence[str], index: int) -> bool:
    return word.startswith(terms[index]) if index == len(terms) - 1 else word == terms[index]


def _marked(text: str, shown: Sequence[tuple[tuple[int, int, str], bool]], *, at_start: bool, at_end: bool) -> str:
    position = 0 if at_start else shown[0][0][0]
    end = len(text) if at_end else shown[-1][0][1]
    pieces = [] if at_start else ["…"]
    for (start, stop, _), hit in shown:
        if hit:
            pieces += [text[position:start], OPEN, text[start:stop], CLOSE]
            position = stop
    return "".join([*pieces, text[position:end], "" if at_end else "…"])
