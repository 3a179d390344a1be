"""A heading as a reader sees it: its words, without what the author's tools need."""

import re

from application.guides._plain import plain

_LONGEST = 1_000
_ATTRIBUTE = r"(?:[#.][\w:.-]+|[\w:.-]+=(?:\"[^\"]*\"|'[^']*'|[^\s{}\"']+)|-)"
_ATTRIBUTES = re.compile(
    rf"\{{(?::[^{{}}]{{0,200}}| ?{_ATTRIBUTE}(?: {_ATTRIBUTE}){{0,20}} ?|/\*[^{{}}]{{0,200}}\*/)\}}$"
)
_OWN_LINK = re.compile(r"\[[#¶]\]\([^()\n]{0,300}\)|<a\b[^<>]{0,300}>\s*[#¶]\s*</a\s*>", re.IGNORECASE)
_CLOSING_MARKS = re.compile(r"(?: #+|\s*¶)$")


def heading_text(line: str) -> str:
    """The text of a heading line: no markup, no code marks, no `{#name .class}` after it, no link to itself."""
    text = _OWN_LINK.sub("", " ".join(line.split())[:_LONGEST])
    while shorter := _ATTRIBUTES.sub("", text).rstrip():
        if shorter == text:
            break
        text = shorter
    return _CLOSING_MARKS.sub("", plain(text, code_marks=False)).rstrip()
