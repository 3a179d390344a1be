"""British spellings turned into American ones, so that one word has one stem whoever wrote it."""

import re

# A word that is no British spelling may be changed too ("exercise"): it is changed the same way everywhere.
_CHANGES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<=[a-z]{3})is(?=(?:e|ed|es|er|ers|ing|ation|ations|able)$)", "iz"),
        (r"(?<=[a-z]{2})ys(?=(?:e|ed|es|er|ers|ing)$)", "yz"),
        (r"(?<=[a-z]{2})our(?=(?:s|ed|ing|ite|ites|able|al|ful|less)?$)", "or"),
        (r"(?<=[a-z]{2})tre(?=s?$)", "ter"),
        (r"(?<=[a-z])logue(?=s?$)", "log"),
        (r"(?<=lic|def|off)ence(?=s?$)", "ense"),
        (r"^programme(?=s?$)", "program"),
        (r"^cheque(?=s?$)", "check"),
        (r"^tyre(?=s?$)", "tire"),
        (r"^grey$", "gray"),
        (r"^storey$", "story"),
        (r"^artefact(?=s?$)", "artifact"),
    )
]


def american(word: str) -> str:
    """The word, in lower case, as an American dictionary would spell it."""
    for pattern, replacement in _CHANGES:
        word = pattern.sub(replacement, word)
    return word
