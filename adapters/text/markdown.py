"""Markdown as a browser may show it."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p",
    "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_BLOCKS = {"h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "ul", "ol", "li", "blockquote", "table", "hr", "a", "code"}
_ATTRIBUTES = {
    "a": {"href", "title", "id"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "td": {"align"},
    "th": {"align"},
    "code": {"class"},
}
_ID = re.compile(r"l\d{1,6}|s-[\w-]{1,80}")
_LANGUAGE = re.compile(r"language-[\w+#.-]{1,40}")
_ALIGNMENTS = {"left", "right", "center"}
_ATTRIBUTE = r"(?:[#.][\w:.-]+|[\w:.-]+=[^\s{}]+|-)"
_HEADING_ATTRIBUTES = re.compile(rf"\{{(?::[^{{}}]{{0,200}}| ?{_ATTRIBUTE}(?: {_ATTRIBUTE}){{0,20}} ?)\}}$")
_SCHEMES = {"http", "https", "mailto"}


class MarkdownRenderer:
    """CommonMark with tables and strikethrough, to HTML that is safe to show. HTML in the text is shown as text."""

    def __init__(self) -> None:
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

    def render(self, markdown: str, *, anchors: bool = False) -> str:
        """The text's HTML.

        With `anchors`, every line that a block starts at can be opened as `#l<line>` (counted from 0),
        and headings as `#s-<their words>`.
        """
        tokens = self._markdown.parse(markdown)
        _align(tokens)
        _strip_heading_attributes(tokens)
        if anchors:
            _anchor(tokens)
        return _clean(self._markdown.renderer.render(tokens, self._markdown.options, {}))


def _anchor(tokens: list[Token]) -> None:
    """Give each block the id of its first line; a heading's own id is its words, so the line's goes on a link."""
    taken: set[str] = set()
    for index, token in enumerate(tokens):
        if token.map is None or token.type == "inline" or token.nesting < 0:
            continue
        line = f"l{token.map[0]}"
        if token.type == "heading_open":
            token.attrSet("id", _unique(_slug(tokens[index + 1].content), taken))
            if line not in taken:
                _put_link(tokens[index + 1], line)
        elif line not in taken and not token.hidden:
            token.attrSet("id", line)
        else:
            continue
        taken.add(line)


def _strip_heading_attributes(tokens: list[Token]) -> None:
    """`{#name .class}` after a heading is meant for other tools; readers need not see it."""
    for opened, inline in pairwise(tokens):
        last = inline.children[-1] if opened.type == "heading_open" and inline.children else None
        if last is not None and last.type == "text":
            last.content = _HEADING_ATTRIBUTES.sub("", last.content.rstrip()).rstrip()
            inline.content = _HEADING_ATTRIBUTES.sub("", inline.content.rstrip()).rstrip()


def _align(tokens: list[Token]) -> None:
    """A column's alignment as an attribute of its own: pages forbid inline styles."""
    for token in tokens:
        if token.type in {"th_open", "td_open"} and (style := token.attrs.pop("style", None)):
            token.attrs["align"] = str(style).removeprefix("text-align:")


def _put_link(inline: Token, line: str) -> None:
    opened = Token("link_open", "a", 1)
    opened.attrSet("id", line)
    inline.children = [opened, Token("link_close", "a", -1), *(inline.children or [])]


def _slug(heading: str) -> str:
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", heading).casefold())
    return "s-" + ("-".join(words)[:70] or "section")


def _unique(slug: str, taken: set[str]) -> str:
    name, count = slug, 1
    while name in taken:
        count += 1
        name = f"{slug}-{count}"
    taken.add(name)
    return name


def _clean(html: str) -> str:
    return _cleaner().clean(html)


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    attributes = {tag: set(_ATTRIBUTES.get(tag, ())) | ({"id"} if tag in _BLOCKS else set()) for tag in _TAGS}
    return nh3.Cleaner(
        tags=_TAGS,
        attributes=attributes,
        attribute_filter=_attribute,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        clean_content_tags={"script", "style"},
    )


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """None drops the attribute."""
    if name == "id":
        return value if _ID.fullmatch(value) else None
    if name == "class":
        return value if _LANGUAGE.fullmatch(value) else None
    if name == "align":
        return value if value in _ALIGNMENTS else None
    return value
