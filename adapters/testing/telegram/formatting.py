"""What the parse modes share: text that grows byte by byte, its UTF-16 position, and the parse mode of a request."""

from adapters.testing.telegram.entities import check_entities
from adapters.testing.telegram.errors import Json, bad_request
from adapters.testing.telegram.html import parse_html
from adapters.testing.telegram.markdown import parse_markdown
from adapters.testing.telegram.markdown_v2 import parse_markdown_v2

MAX_BYTES = 1 << 15
_PARSERS = {"html": parse_html, "markdownv2": parse_markdown_v2, "markdown": parse_markdown}


def parse(text: str, parse_mode: str) -> tuple[str, list[Json]]:
    """The plain text and its entities. The mode's name may be in any case. Raises `ApiError`, with byte offsets."""
    if len(text.encode()) > MAX_BYTES:
        raise bad_request("Text is too long")
    if not text or parse_mode.lower() in {"", "none"}:
        return text, []
    parser = _PARSERS.get(parse_mode.lower())
    if parser is None:
        raise bad_request("Unsupported parse_mode")
    plain, entities = parser(text)
    return plain, check_entities(entities, plain)
