"""What a reader may ask about first: titles that read well, mixed over the categories."""

import re
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

_MOST_LETTERS = 60
_NUMBERING = re.compile(
    r"(?:chapter|part|section|lesson)?\s*(?:\d+(?:\.\d+)+[:.)]?\s+|\d+\s*[-\u2013\u2014:.)_]+\s*(?!\d))", re.IGNORECASE
)
_UNREADABLE = re.compile(r"[_/\\<>{}()\[\]`|=*#@$]|://|\.\w+$|\b\w*\d[\d.]*\w*$|--")
# Two words, or as much in a script that leaves no spaces.
_PHRASE = re.compile(r"[^\W\d_]{2,}.* .*[^\W\d_]{2,}|[\u3040-\u30ff\u3400-\u9fff]{4,}")
# What is no subject to ask about, whatever the guides are about.
_ABOUT_THE_BOOK = re.compile(
    r"^(?:table of contents|release notes|read ?me|change ?log|further reading|what.?s new|code of conduct)\b",
    re.IGNORECASE,
)


def suggested(titles: Iterable[Sequence[str]], count: int) -> list[str]:
    """At most `count` titles to ask about, from a list for each category: one of each in turn, each once.

    A chapter's number is left out; a title that then reads like a file's name, is one word, or is about the book and
    not about its subject, is none to ask about.
    """
    readable = ([text for title in each if (text := readable_title(title))] for each in titles)
    in_turn = chain.from_iterable(zip_longest(*readable))
    return list({text.casefold(): text for text in in_turn if text is not None}.values())[:count]


def readable_title(title: str) -> str | None:
    """The title as one may ask about it; None for one that does not read well."""
    text = " ".join(title.split())
    if (numbering := _NUMBERING.match(text)) is not None:
        text = text[numbering.end() :]
    if len(text) > _MOST_LETTERS or _UNREADABLE.search(text) or _ABOUT_THE_BOOK.match(text):
        return None
    return text[:1].upper() + text[1:] if _PHRASE.search(text) else None
