"""The assistant's Markdown as Telegram shows it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.text.telegram_markdown import TelegramMarkdown
from domain.telegram import Entity, EntityKind, RichText, split

DOCUMENT = """# The `build` guide
A *first* paragraph, **bold with `code` and *both***, and ~~gone~~ 😀 words
that go on. See [the **guide**](https://guides.example/a?b=c) and [one](/guides/7). [1]

- milk
- bread
  1. rye
  2. wheat
     - whole

> quoted *words*
>> and `inner` ones

```python
def f():
    return "😀"
```

| Name | Use |
|------|-----|
| [awl](https://tools.example) | **holes** |

![A picture](https://pictures.example/1.png)
"""
SYNTAX = st.sampled_from(
    [*"*_`~[]()!<>#|-+.:\\ \n\t&;=", "**", "***", "~~", "```", "\n\n", "> ", "- ", "1. ", "    ", "|-|-|\n", "](http://a.b)",
     "<http://c.d>", "![", "😀", "e\u0301", "word", "\u2028", "\x00", "\r\n", "\ud83d", "&amp;", "&#0;"]
)  # fmt: skip
ALONE = {EntityKind.CODE, EntityKind.PRE}
QUOTES = {EntityKind.BLOCKQUOTE, EntityKind.EXPANDABLE_BLOCKQUOTE}


@pytest.fixture
def renderer() -> TelegramMarkdown:
    return TelegramMarkdown("https://guildhall.example/")


def covered(text: RichText, kind: EntityKind) -> list[str]:
    encoded = text.text.encode("utf-16-le")
    return [encoded[2 * e.offset : 2 * e.end].decode("utf-16-le") for e in text.entities if e.kind is kind]


def assert_telegram_takes(text: RichText) -> None:
    """The rules of https://core.telegram.org/bots/api#formatting-options."""
    encoded = text.text.encode("utf-16-le")  # raises for half a surrogate pair
    assert list(text.entities) == sorted(text.entities, key=lambda each: (each.offset, -each.length))
    for entity in text.entities:
        assert entity.offset >= 0
        assert 0 < entity.length <= len(encoded) // 2 - entity.offset
        assert encoded[2 * entity.offset : 2 * entity.end].decode("utf-16-le").strip()
        assert (entity.kind is EntityKind.TEXT_LINK) == (entity.url is not None)
    for one in text.entities:
        for other in text.entities:
            if one is not other and one.offset < other.end and other.offset < one.end:
                assert_may_share(one, other)


def assert_may_share(one: Entity, other: Entity) -> None:
    inside = one.offset >= other.offset and one.end <= other.end
    around = other.offset >= one.offset and other.end <= one.end
    assert inside or around, "entities lie apart or in each other"
    kinds = {one.kind, other.kind}
    assert len(kinds) == 2, "no kind stands in itself"
    assert not kinds <= QUOTES
    if kinds & ALONE:
        assert kinds & QUOTES, "code stands alone, or in a quotation"


@given(st.lists(SYNTAX, max_size=40).map("".join))
def test_telegram_markdown_of_any_syntax_is_what_telegram_takes(markdown: str) -> None:
    assert_telegram_takes(TelegramMarkdown().render(markdown))


@given(st.text())
def test_telegram_markdown_of_any_text_is_what_telegram_takes(text: str) -> None:
    assert_telegram_takes(TelegramMarkdown("https://guildhall.example").render(text))


def test_telegram_markdown_cut_anywhere_is_what_telegram_takes(renderer: TelegramMarkdown) -> None:
    for end in range(len(DOCUMENT) + 1):
        whole = renderer.render(DOCUMENT[:end])

        assert_telegram_takes(whole)
        for piece in split(whole, max_text=40):
            assert_telegram_takes(piece)


@given(st.lists(st.sampled_from(["*w{}*", "**w{}**", "`w{}`", "~~w{}~~", "- w{}\n", "# w{}\n", "> w{}\n", "w{}\n\n"])))
def test_telegram_markdown_of_any_document_keeps_every_word(pieces: list[str]) -> None:
    markdown = " ".join(piece.format(index) for index, piece in enumerate(pieces))

    shown = TelegramMarkdown().render(markdown).text

    assert re.findall(r"w\d+", shown) == [f"w{index}" for index in range(len(pieces))]


def test_telegram_markdown_headings_and_emphasis_become_entities(renderer: TelegramMarkdown) -> None:
    shown = renderer.render(DOCUMENT)

    assert shown.text.startswith(
        "The build guide\n\nA first paragraph, bold with code and both, and gone 😀 words that go"
    )
    assert covered(shown, EntityKind.BOLD) == ["The ", " guide", "bold with ", " and both", "guide"]
    assert covered(shown, EntityKind.ITALIC) == ["first", "both", "words"]
    assert covered(shown, EntityKind.STRIKETHROUGH) == ["gone"]
    assert covered(shown, EntityKind.CODE) == ["build", "code", "inner"]


def test_telegram_markdown_lists_have_bullets_numbers_and_levels(renderer: TelegramMarkdown) -> None:
    shown = renderer.render("- milk\n- bread\n  1. rye\n  2. wheat\n     - whole\n\n7) The end.")

    assert shown.text == "• milk\n• bread\n   1. rye\n   2. wheat\n      ▪ whole\n\n7. The end."


def test_telegram_markdown_code_block_keeps_language_and_indentation(renderer: TelegramMarkdown) -> None:
    shown = renderer.render("```python title\n  def f():\n      return 1\n```")

    assert shown.text == "  def f():\n      return 1"
    assert [entity.language for entity in shown.entities] == ["python"]


def test_telegram_markdown_quotes_are_not_nested(renderer: TelegramMarkdown) -> None:
    shown = renderer.render("> outer\n>> inner `c`\n\nafter")

    assert covered(shown, EntityKind.BLOCKQUOTE) == ["outer\n\ninner c"]
    assert covered(shown, EntityKind.CODE) == ["c"]


def test_telegram_markdown_links_lead_to_the_web_and_to_the_instance_only(renderer: TelegramMarkdown) -> None:
    shown = renderer.render(
        "[a](https://a.example) [b](/guides/7) [c](javascript:x) [d](tg://user?id=1) "
        "[e](mailto:e@e.example) [f](//f.example)"
    )

    assert [entity.url for entity in shown.entities] == ["https://a.example", "https://guildhall.example/guides/7"]
    assert shown.text == "a b [c](javascript:x) d e (e@e.example) f"


def test_telegram_markdown_without_an_address_of_the_instance_shows_its_links_as_text() -> None:
    assert TelegramMarkdown().render("[b](/guides/7)") == RichText("b")


def test_telegram_markdown_images_are_links(renderer: TelegramMarkdown) -> None:
    shown = renderer.render("![A *picture*](https://p.example/1.png) ![](https://p.example/2.png)")

    assert covered(shown, EntityKind.TEXT_LINK) == ["A picture", "https://p.example/2.png"]


def test_telegram_markdown_narrow_table_is_a_grid(renderer: TelegramMarkdown) -> None:
    shown = renderer.render("| Name | Use |\n|--|--|\n| 中 | **x** |\n| [awl](https://t.example) | |")

    assert shown.text == (
        "Name                    | Use\n"
        "------------------------+----\n"
        "中                      | x\n"
        "awl (https://t.example) |"
    )
    assert [entity.kind for entity in shown.entities] == [EntityKind.PRE]


def test_telegram_markdown_wide_table_is_shown_record_by_record(renderer: TelegramMarkdown) -> None:
    long = "a long description that no telephone has room for"

    shown = renderer.render(f"| Name | Use | For |\n|--|--|--|\n| awl | {long} | |\n| saw | {long} | wood |")

    assert shown.text == f"Name: awl\nUse: {long}\nFor:\n\nName: saw\nUse: {long}\nFor: wood"


def test_telegram_markdown_marks_of_citations_stay_as_they_are(renderer: TelegramMarkdown) -> None:
    quotation = "**Soil**, “Water”:\n\n> Water in the morning. [1]\n\nSee also **Roots** [2][3]\n\n[1]: Soil"

    shown = renderer.render(quotation)

    assert shown.text == "Soil, “Water”:\n\nWater in the morning. [1]\n\nSee also Roots [2][3]\n\n[1]: Soil"


def test_telegram_markdown_html_is_shown_as_text(renderer: TelegramMarkdown) -> None:
    assert renderer.render("<b>x</b> &amp; <script>").text == "<b>x</b> & <script>"
