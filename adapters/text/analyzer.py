"""Words of a text as the search index knows them."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from threading import Lock

from snowballstemmer.english_stemmer import EnglishStemmer

from adapters.text._spelling import american
from adapters.text._stop_words import STOP_WORDS
from application.ports.guides import Term, TextAnalyzer

# A word may hold combining marks (decomposed accents), inner apostrophes, hyphens, and points and commas in numbers.
_WORD = re.compile(
    r"\w[\w\u0300-\u036f]*(?:(?:['\u2019\-\u2010\u2011]|(?<=\d),(?=\d{3})|(?<=\d)\.(?=\d))\w[\w\u0300-\u036f]*)*"
)
_PIECE = re.compile(r"[^\W_][^\W_\u0300-\u036f]*(?:[\u0300-\u036f][^\W_]*)*")
_HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ENDING = re.compile(r"['\u2019](?:s|d|m|ll|re|ve)$", re.IGNORECASE)
_VERSION = re.compile(r"(v?\d+\.\d+)\.\d+$", re.IGNORECASE)
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_NOT_LETTER = re.compile(r"[\W_]+")
_JOINER = re.compile(r"[-\u2010\u2011]")
_LONGEST = 64
_CACHED_WORDS = 30_000


class SnowballAnalyzer(TextAnalyzer):
    """Case folded, accents removed, English stems (Snowball's Porter 2). British spellings are American ones.

    A number is one word, a point in it a "p": `1.6.2` is 1p6p2 and 1p6. A compound is indexed whole and in parts:
    `stop-loss` as stoploss, stop, loss; `max_open` as maxopen, max, open; `minRoi` as minroi, min, roi. Term values
    hold letters and digits only. Stop words keep their form.
    """

    def __init__(self) -> None:
        stemmer, lock = EnglishStemmer(), Lock()

        @lru_cache(maxsize=_CACHED_WORDS)
        def stem(word: str) -> str:
            # The stemmer keeps its state between steps, so threads take turns.
            with lock:
                return str(stemmer.stemWord(american(word)))

        self._stem = stem

    def terms(self, text: str) -> list[Term]:
        """All words in order, each compound followed by its parts."""
        found: list[Term] = []
        for match in _WORD.finditer(text):
            word, start = match.group(), match.start()
            if word.isascii() and word.isalpha() and (word.islower() or word[1:].islower()):
                found.append(Term(self._value(word.lower()), start, match.end()))
            else:
                found.extend(self._compound(word, start))
        return found

    def is_stop_word(self, term: str) -> bool:
        """Whether the term is one of English's function words."""
        return term in STOP_WORDS

    def _compound(self, word: str, start: int) -> Iterator[Term]:
        base = _without_ending(word)
        whole = _fold(_NOT_LETTER.sub("", _POINT.sub("p", base)))[:_LONGEST]
        if not whole:
            return
        yield Term(self._value(whole), start, start + len(base))
        for part, offset in _parts(base):
            value = self._value(_fold(_POINT.sub("p", part))[:_LONGEST])
            if value:
                yield Term(value, start + offset, start + offset + len(part))

    def _value(self, folded: str) -> str:
        return folded if folded in STOP_WORDS or len(folded) < 3 else self._stem(folded)


def _parts(word: str) -> Iterator[tuple[str, int]]:
    """Pieces of a compound with their places; nothing for a plain word. Of a version, what it is a patch of."""
    if version := _VERSION.match(word):
        yield version.group(1), 0
        return
    if "'" in word or "\u2019" in word or "," in word:
        return
    if "_" in word or _JOINER.search(word):
        pieces = list(_PIECE.finditer(word))
        if len(pieces) > 1:
            yield from ((piece.group(), piece.start()) for piece in pieces)
        return
    humps = list(_HUMP.finditer(word))
    is_identifier = word[:1].islower() and len(humps) > 1 and len(humps[0].group()) > 1
    if word.isascii() and word.isalpha() and (is_identifier or len(humps) > 2) and not word.islower():
        yield from ((hump.group(), hump.start()) for hump in humps if len(hump.group()) > 1)


def _without_ending(word: str) -> str:
    """Drop "'s" and what is short for a verb: "we'll" is "we", while "well" and "ill" are words."""
    return _ENDING.sub("", word)


def _fold(word: str) -> str:
    """Lower case in every script, without accents."""
    folded = word.casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    return _NOT_LETTER.sub("", "".join(c for c in decomposed if not unicodedata.combining(c)).casefold())
