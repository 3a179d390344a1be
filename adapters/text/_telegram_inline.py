"""Words of Markdown as Telegram shows them."""

from collections.abc import Sequence
from urllib.parse import unquote, urljoin, urlsplit

from markdown_it.tree import SyntaxTreeNode

from adapters.text._telegram_formatting import linked, styled
from domain.telegram import EntityKind, RichText

_MAX_URL = 2_048
_STYLES = {"strong": EntityKind.BOLD, "em": EntityKind.ITALIC, "s": EntityKind.STRIKETHROUGH}
_SPOKEN = ("mailto:", "tel:")


class InlineRenderer:
    """Text, emphasis, code, links and images. Links that begin with / lead to `base_url`, where there is one."""

    def __init__(self, base_url: str | None) -> None:
        self._base_url = base_url

    def render(self, nodes: Sequence[SyntaxTreeNode]) -> RichText:
        """The nodes after each other."""
        return RichText.of(*(self._node(node) for node in nodes))

    def spelled(self, nodes: Sequence[SyntaxTreeNode]) -> str:
        """The same where nothing can be formatted: the addresses of links follow them."""
        return "".join(self._spelled(node) for node in nodes)

    def _node(self, node: SyntaxTreeNode) -> RichText:
        match node.type:
            case "code_inline":
                return RichText.formatted(node.content, EntityKind.CODE)
            case "softbreak" | "hardbreak":
                return RichText(" " if node.type == "softbreak" else "\n")
            case "link":
                return self._link(self._href(node, "href"), self.render(node.children))
            case "image":
                address = self._href(node, "src")
                return self._link(address, RichText(self.render(node.children).text or address or ""))
            case _ if node.type in _STYLES:
                return styled(_STYLES[node.type], self.render(node.children))
            case _:
                return self.render(node.children) if node.children else RichText(node.content)

    def _link(self, address: str | None, label: RichText) -> RichText:
        if address is None:
            return label
        if address.startswith(_SPOKEN):
            spoken = unquote(address.partition(":")[2])
            return label if spoken in label.text else RichText.of(label, f" ({spoken})")
        return linked(address, label)

    def _spelled(self, node: SyntaxTreeNode) -> str:
        if node.type not in {"link", "image"}:
            return self.spelled(node.children) if node.children else self._node(node).text
        address = self._href(node, "href" if node.type == "link" else "src")
        label = self.spelled(node.children)
        return label if address is None or address in label else f"{label} ({address})".lstrip()

    def _href(self, node: SyntaxTreeNode, attribute: str) -> str | None:
        """An address that may be followed or spoken of; None for anything else."""
        address = str(node.attrs.get(attribute, ""))
        if self._base_url is not None and address.startswith("/") and not address.startswith("//"):
            address = urljoin(self._base_url, address)
        if address.startswith(_SPOKEN):
            return address
        return address if _is_web(address) else None


def _is_web(address: str) -> bool:
    if len(address) > _MAX_URL or any(char.isspace() for char in address):
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:  # brackets that hold no IPv6 address
        return False
