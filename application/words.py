"""Words of a free-text query, before any engine sees them."""

import re
import unicodedata

_WORD = re.compile(r"\w+")
MAX_WORDS = 16


def fold(text: str) -> str:
    """Without case and accents, for comparing."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The folded words in order, each once, at most 16."""
    return list(dict.fromkeys(_WORD.findall(fold(text))))[:MAX_WORDS]
