"""Markdown to HTML that is safe to show."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.text.markdown import MarkdownRenderer

RENDERER = MarkdownRenderer()
ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1) /></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src onerror=alert(1)>",
    '<iframe src="javascript:alert(1)"></iframe>',
    "<details open ontoggle=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    '![x](x "onerror=alert(1)")',
    '[x](http://a"onmouseover="alert(1))',
    "<javascript:alert(1)>",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "# <script>alert(1)</script>",
    "<<script>script>alert(1)<</script>/script>",
    '<p style="background:url(javascript:alert(1))">x</p>',
    '<form action="javascript:alert(1)"><button>x</button></form>',
    "[x]: javascript:alert(1)\n\n[x]",
]


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Elements()
    parser.feed(html)
    return parser.found


def is_harmless(html: str) -> bool:
    for tag, attributes in elements(html):
        if tag in {"script", "style", "svg", "math", "iframe", "form", "object", "embed", "details", "button"}:
            return False
        if any(name.startswith("on") or name == "srcdoc" for name in attributes):
            return False
        if any(not re.match(r"(https?:|mailto:|[^:]*$)", attributes.get(name) or "") for name in ("href", "src")):
            return False
    return True


@pytest.mark.parametrize("attack", ATTACKS)
def test_markdown_attack_is_rendered_without_anything_that_runs(attack: str) -> None:
    assert is_harmless(RENDERER.render(attack, anchors=True))


@given(st.lists(st.sampled_from(ATTACKS) | st.text(max_size=30), max_size=5).map("\n".join))
def test_markdown_attacks_nested_in_any_text_stay_harmless(text: str) -> None:
    assert is_harmless(RENDERER.render(text, anchors=True))


def test_markdown_usual_elements_are_rendered_as_html() -> None:
    html = RENDERER.render("# A\n\n*b* **c** ~~d~~ `e`\n\n1. f\n\n| g |\n|--:|\n| h |\n\n[i](https://example.org)")
    for tag in ("<h1>", "<em>", "<strong>", "<s>", "<code>", "<ol>", "<table>", 'href="https://example.org"'):
        assert tag in html


def test_markdown_links_do_not_vouch_for_where_they_lead() -> None:
    assert 'rel="noopener noreferrer nofollow"' in RENDERER.render("[i](https://example.org)")


def test_markdown_anchors_every_block_has_its_line_once() -> None:
    html = RENDERER.render("# One\n\ntext\n\n- a\n- b\n\n```py\nx\n```\n\n> q\n\n# One\n", anchors=True)
    ids = [str(attributes["id"]) for _, attributes in elements(html) if "id" in attributes]
    assert sorted(ids) == sorted({"s-one", "s-one-2", "l0", "l2", "l4", "l5", "l7", "l11", "l13"})


def test_markdown_anchors_are_absent_unless_asked_for() -> None:
    assert "id=" not in RENDERER.render("# One\n\ntext")


def test_markdown_author_cannot_take_an_id_of_the_page() -> None:
    html = RENDERER.render('<p id="main">x</p>\n\n# main', anchors=True)
    assert "main" not in [attributes.get("id") for _, attributes in elements(html)]


@pytest.mark.parametrize("attributes", ["{ #cors }", "{#cors}", "{: .x}", "{#cors .wide key=1}"])
def test_markdown_heading_attributes_are_neither_shown_nor_in_the_anchor(attributes: str) -> None:
    html = MarkdownRenderer().render(f"## Use *CORS* now {attributes}\n\nText {{a}}", anchors=True)
    assert "{" not in html.partition("</h2>")[0]
    assert 'id="s-use-cors-now"' in html
    assert "Text {a}" in html
