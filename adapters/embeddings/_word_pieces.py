"""Text to the token ids that uncased BERT models were trained on."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

MAX_WORD = 100
_UNKNOWN, _BEGIN, _END = "[UNK]", "[CLS]", "[SEP]"
_REMOVED = frozenset({"Cc", "Cf", "Co", "Cs"})
# Every character of these is a word of its own.
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPieces:
    """Lower case without accents, split at spaces and punctuation, then into the longest pieces the vocabulary has."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._ids: Mapping[str, int] = {piece: number for number, piece in enumerate(vocabulary)}
        self._unknown = (self._ids[_UNKNOWN],)
        self._begin, self._end = self._ids[_BEGIN], self._ids[_END]
        self._pieces = lru_cache(maxsize=8_000)(self._divide)

    def ids(self, text: str, most: int) -> list[int]:
        """At most `most` ids, the marks of beginning and end among them; what is beyond is cut off."""
        found = [self._begin]
        for word in _words(text):
            found += self._pieces(word)
            if len(found) >= most:
                break
        return [*found[: most - 1], self._end]

    def _divide(self, word: str) -> Sequence[int]:
        if len(word) > MAX_WORD:
            return self._unknown
        found, start = [], 0
        while start < len(word):
            longest = self._longest(word, start)
            if longest is None:
                return self._unknown
            number, start = longest
            found.append(number)
        return tuple(found)

    def _longest(self, word: str, start: int) -> tuple[int, int] | None:
        mark = "##" if start else ""
        for end in range(len(word), start, -1):
            number = self._ids.get(mark + word[start:end])
            if number is not None:
                return number, end
        return None


def _words(text: str) -> Iterator[str]:
    cleaned = "".join(map(_cleaned, text))
    folded = "".join(c for c in unicodedata.normalize("NFD", cleaned) if unicodedata.category(c) != "Mn")
    return iter("".join(map(_apart, folded.lower())).split())


@lru_cache(maxsize=4_000)
def _cleaned(character: str) -> str:
    """Without control characters; white space is a space, and an ideograph stands alone."""
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if character in "\0\ufffd" or unicodedata.category(character) in _REMOVED:
        return ""
    code = ord(character)
    return f" {character} " if any(first <= code <= last for first, last in _IDEOGRAPHS) else character


@lru_cache(maxsize=4_000)
def _apart(character: str) -> str:
    """Punctuation with a space on both sides; every ASCII character that is neither letter nor digit is punctuation."""
    is_punctuation = unicodedata.category(character).startswith("P") or (
        character.isascii() and character.isprintable() and not character.isalnum() and character != " "
    )
    return f" {character} " if is_punctuation else character
