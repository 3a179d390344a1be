"""HTML, MarkdownV2 and Markdown: what they make of a text, and how they refuse one."""

from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.helpers import escape_markdown

from adapters.testing.telegram.entities import utf16_slice
from adapters.testing.telegram.errors import ApiError
from adapters.testing.telegram.formatting import parse

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)


def shown(text: str, mode: str) -> tuple[str, list[tuple[Any, ...]]]:
    """The plain text, and of each entity its kind, what it covers and what else it says."""
    plain, entities = parse(text, mode)
    known = {"type", "offset", "length"}
    return plain, [
        (
            one["type"],
            utf16_slice(plain, one["offset"], one["length"]),
            *(one[name] for name in sorted(one.keys() - known)),
        )
        for one in entities
    ]


@pytest.mark.parametrize(
    ("text", "plain", "entities"),
    [
        ("*b _i_ b*", "b i b", [("bold", "b i b"), ("italic", "i")]),
        ("__u__ ~s~ ||x||", "u s x", [("underline", "u"), ("strikethrough", "s"), ("spoiler", "x")]),
        ("😀 *é*", "😀 é", [("bold", "é")]),
        (r"1\.5 \> 1 \\", "1.5 > 1 \\", []),
        ("`a*b\\`c`", "a*b`c", [("code", "a*b`c")]),
        ("```\nx\n```", "x\n", [("pre", "x\n")]),
        ("```py\nx=1```", "x=1", [("pre", "x=1", "py")]),
        ("[t](http://example.org/a\\)b)", "t", [("text_link", "t", "http://example.org/a)b")]),
        ("[ada](tg://user?id=7)", "ada", [("text_mention", "ada", {"id": 7})]),
        ("[t](nohost)", "t", []),
        ("![x](tg://emoji?id=12)", "x", [("custom_emoji", "x", "12")]),
        (">a\n>b\nc", "a\nb\nc", [("blockquote", "a\nb\n")]),
        (">a\n>b||", "a\nb", [("expandable_blockquote", "a\nb")]),
        ("**", "", []),
        ("_i_**__u__", "iu", [("italic", "i"), ("underline", "u")]),
    ],
)
def test_markdown_v2_formatted_text_understood(text: str, plain: str, entities: list[tuple[Any, ...]]) -> None:
    assert shown(text, "MarkdownV2") == (plain, entities)


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("Hi.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a > b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("a | b", "Character '|' is reserved and must be escaped with the preceding '\\'"),
        ("wow!", "Character '!' is reserved and must be escaped with the preceding '\\'"),
        ("é *b", "Can't find end of Bold entity at byte offset 3"),
        ("*b _i*", "Can't find end of Bold entity at byte offset 5"),
        ("_i___u_", "Can't find end of Underline entity at byte offset 2"),
        ("`c", "Can't find end of Code entity at byte offset 0"),
        ("```py\nx", "Can't find end of PreCode entity at byte offset 0"),
        ("[t](http://e", "Can't find end of a URL at byte offset 4"),
        ("![x]", "The entity must contain a tg://emoji or tg://time URL"),
        ("![x](http://e.org)", "Invalid tg://emoji or tg://time URL specified"),
        (">a *b\nc*", "Can't find end of Bold entity at byte offset 3"),
    ],
)
def test_markdown_v2_broken_text_refused_with_its_place(text: str, description: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(text, "MarkdownV2")

    assert refused.value.description == f"Bad Request: can't parse entities: {description}"


@pytest.mark.parametrize(
    ("text", "plain", "entities"),
    [
        ("<b>b <i>i</i></b>", "b i", [("bold", "b i"), ("italic", "i")]),
        (
            "<strong>a</strong><em>b</em><ins>c</ins><del>d</del>",
            "abcd",
            [("bold", "a"), ("italic", "b"), ("underline", "c"), ("strikethrough", "d")],
        ),
        ("&lt;b&gt; &amp; &quot; &#128512; &#x41; &copy;", '<b> & " 😀 A &copy;', []),
        ('<a href="https://example.org?a=1&amp;b=2">t</a>', "t", [("text_link", "t", "https://example.org/?a=1&b=2")]),
        ("<a href='tg://user?id=7'>ada</a>", "ada", [("text_mention", "ada", {"id": 7})]),
        ('<pre><code class="language-py">x</code></pre>', "x", [("pre", "x", "py")]),
        ("<code class='language-py'>x</code>", "x", [("code", "x")]),
        ('<span class="tg-spoiler">s</span><tg-spoiler>t</tg-spoiler>', "st", [("spoiler", "s"), ("spoiler", "t")]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", "q")]),
        ('<tg-emoji emoji-id="12">x</tg-emoji>', "x", [("custom_emoji", "x", "12")]),
        ("<B>x</b>", "x", [("bold", "x")]),
        ("<b></b>", "", []),
    ],
)
def test_html_formatted_text_understood(text: str, plain: str, entities: list[tuple[Any, ...]]) -> None:
    assert shown(text, "HTML") == (plain, entities)


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("é<p>x</p>", 'Unsupported start tag "p" at byte offset 2'),
        ("1 < 2 > 1", 'Unsupported start tag "" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<a href=x:y>t</a>", "Unexpected end of name token at byte offset 8"),
        ("<b ='x'>t</b>", 'Empty attribute name in the tag "b" at byte offset 0'),
        ("<tg-emoji emoji-id='x'>t</tg-emoji>", "Invalid custom emoji identifier specified"),
    ],
)
def test_html_broken_text_refused_with_its_place(text: str, description: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(text, "HTML")

    assert refused.value.description == f"Bad Request: can't parse entities: {description}"


def test_html_half_a_surrogate_pair_refused() -> None:
    with pytest.raises(ApiError, match="invalid Unicode characters after decoding HTML entities"):
        parse("&#xd83d;", "HTML")


@pytest.mark.parametrize(
    ("text", "plain", "entities"),
    [
        ("*b* _i_ `c`", "b i c", [("bold", "b"), ("italic", "i"), ("code", "c")]),
        ("a.b \\*c", "a.b *c", []),
        ("[t](example.org)", "t", [("text_link", "t", "http://example.org/")]),
        ("```py\nx```", "x", [("pre", "x", "py")]),
    ],
)
def test_markdown_formatted_text_understood(text: str, plain: str, entities: list[tuple[Any, ...]]) -> None:
    assert shown(text, "Markdown") == (plain, entities)


def test_markdown_open_entity_refused_with_its_place() -> None:
    with pytest.raises(ApiError, match="Can't find end of the entity starting at byte offset 3"):
        parse("ab *c", "Markdown")


@given(TEXTS)
def test_parse_mode_escaped_text_comes_back_as_it_was(text: str) -> None:
    assert parse(escape_markdown(text, version=2), "MarkdownV2") == (text, [])
    assert parse(escape(text, quote=False), "HTML") == (text, [])


@given(
    st.text(st.sampled_from("*_~`|[]()!>\\\n ab<>/&;=\"'é😀"), max_size=30),
    st.sampled_from(["HTML", "MarkdownV2", "Markdown"]),
)
def test_parse_mode_any_text_parsed_or_refused(text: str, mode: str) -> None:
    try:
        plain, entities = parse(text, mode)
        outcome = all(utf16_slice(plain, one["offset"], one["length"]) for one in entities)
    except ApiError as refused:
        outcome = refused.description.startswith("Bad Request: can't parse entities: ")

    assert outcome


def test_parse_mode_unknown_refused() -> None:
    with pytest.raises(ApiError, match="unsupported parse_mode"):
        parse("x", "bbcode")


def test_parse_mode_text_of_too_many_bytes_refused() -> None:
    with pytest.raises(ApiError, match="text is too long"):
        parse("é" * 16_385, "")
