"""A guide's body on its page, with the places that citations open."""

import re
from dataclasses import dataclass
from html import unescape

from application.guides.passages import passages
from application.ports.guides import GuideView
from domain.guides import GuideContent
from entrypoints.web.dependencies import Markdown

_TITLE = re.compile(r"\A\s*<h1\b[^>]*>(?P<text>.*?)</h1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class ReadableBody:
    """Sanitised HTML, and the lines (from 0) at which its passages start, ascending."""

    html: str
    starts: list[int]


def readable_body(view: GuideView, markdown: Markdown) -> ReadableBody | None:
    """The rendered body; None for a guide without one. Takes milliseconds for a long guide: call it off the loop."""
    if view.body is None:
        return None
    summary = view.summary
    content = GuideContent(title=summary.title, category=summary.category, body=view.body)
    starts = sorted({passage.line for passage in passages(content)})
    return ReadableBody(_without_title(markdown.render(view.body, anchors=True), summary.title), starts)


def _without_title(html: str, title: str) -> str:
    """The page has the guide's title as its heading already; the place where it stood can still be opened."""
    found = _TITLE.match(html)
    if found is None or unescape(_TAG.sub("", found["text"])).casefold().split() != title.casefold().split():
        return html
    return f'<a id="l0"></a>{html[found.end() :]}'
