"""Markdown as Telegram shows it."""

import re
from collections.abc import Iterable, Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from adapters.text._telegram_formatting import preformatted, quoted, styled
from adapters.text._telegram_inline import InlineRenderer
from adapters.text._telegram_tables import grid
from application.ports.sending import RichTextRenderer
from domain.telegram import EntityKind, RichText

_BULLETS = "•◦▪"
_INDENT = "   "
_RULE = "———"
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")
# Characters that Telegram drops or replaces, and halves of surrogate pairs, which cannot be sent at all.
_DROPPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028-\u202e]")
_HALVES = re.compile(r"[\ud800-\udfff]")


class TelegramMarkdown(RichTextRenderer):
    """CommonMark with tables and strikethrough, as text and entities. HTML in the text is shown as text.

    Headings are bold, tables preformatted, images links. Marks of citations such as [1] stay as they are: a line
    that reads `[1]: …` is text here, not the definition of a link. Addresses that begin with / lead to `base_url`.
    """

    def __init__(self, base_url: str | None = None) -> None:
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
        self._markdown.disable("reference")
        self._inline = InlineRenderer(base_url)

    def render(self, markdown: str) -> RichText:
        """The text without white space around it; longer than a message may be, see `domain.telegram.split`."""
        tree = SyntaxTreeNode(self._markdown.parse(_HALVES.sub("\ufffd", _DROPPED.sub("", markdown))))
        return self._blocks(tree.children, 0).trimmed()

    def _blocks(self, nodes: Iterable[SyntaxTreeNode], depth: int, *, separator: str = "\n\n") -> RichText:
        parts = [self._block(node, depth) for node in nodes]
        return RichText.of(*(part for part in parts if part.text), separator=separator)

    def _block(self, node: SyntaxTreeNode, depth: int) -> RichText:
        match node.type:
            case "heading":
                return styled(EntityKind.BOLD, self._words(node))
            case "fence" | "code_block":
                return preformatted(node.content.rstrip(), _language(node))
            case "blockquote":
                return quoted(self._blocks(node.children, depth))
            case "bullet_list" | "ordered_list":
                return self._list(node, depth)
            case "table":
                return preformatted(grid(self._rows(node)))
            case _:
                return RichText(_RULE) if node.type == "hr" else self._words(node)

    def _words(self, node: SyntaxTreeNode) -> RichText:
        words = [child for inline in node.children for child in inline.children]
        return self._inline.render(words).trimmed()

    def _list(self, node: SyntaxTreeNode, depth: int) -> RichText:
        is_tight = all(_is_tight(item) for item in node.children)
        first = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
        items = []
        for index, item in enumerate(node.children):
            marker = _BULLETS[depth % len(_BULLETS)] if first is None else f"{first + index}."
            items.append(self._item(item, marker, depth, separator="\n" if is_tight else "\n\n"))
        return RichText.of(*items, separator="\n" if is_tight else "\n\n")

    def _item(self, item: SyntaxTreeNode, marker: str, depth: int, *, separator: str) -> RichText:
        """The first paragraph behind the marker; what follows stands under it."""
        indent = _INDENT * depth
        children = list(item.children)
        if children and children[0].type in {"paragraph", "heading"}:
            head = RichText.of(f"{indent}{marker} ", self._block(children.pop(0), depth))
        else:
            head = RichText(f"{indent}{marker}")
        rest = [self._under(child, depth + 1) for child in children]
        return RichText.of(head, *(part for part in rest if part.text), separator=separator)

    def _under(self, node: SyntaxTreeNode, depth: int) -> RichText:
        """A further block of an item, indented where it is words."""
        block = self._block(node, depth)
        return RichText.of(_INDENT * depth, block) if node.type == "paragraph" and block.text else block

    def _rows(self, table: SyntaxTreeNode) -> Sequence[Sequence[str]]:
        return [
            [
                self._inline.spelled([word for inline in cell.children for word in inline.children])
                for cell in row.children
            ]
            for part in table.children
            for row in part.children
        ]


def _is_tight(item: SyntaxTreeNode) -> bool:
    return all(child.hidden for child in item.children if child.type == "paragraph")


def _language(node: SyntaxTreeNode) -> str | None:
    words = node.info.split(maxsplit=1) if node.type == "fence" else []
    return words[0] if words and _LANGUAGE.fullmatch(words[0]) else None
