"""Guides divided into passages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.text.markdown import MarkdownRenderer
from application.guides.passages import Passage, index_guide, passages
from domain.guides import MAX_BODY_BYTES, GuideContent
from tests.support.analyzer import ANALYZER

MARKUP = [
    *(
        "# A\n",
        "## B\n",
        "```\n",
        "~~~\n",
        "- x\n",
        "  - y\n",
        "1. z\n",
        "> q\n",
        "---\n",
        "===\n",
        "\n",
        "\t",
        "`",
        "$$",
    ),
    *(
        "|a|b|\n|-|-|\n|c|d|\n",
        "    code\n",
        "text *em* [l](u)\n",
        "<div>\n",
        "<!-- ",
        "-->\n",
        "!!! note\n",
        "[^1]: n\n",
    ),
]


def content(body: str | None, title: str = "Stops", description: str = "") -> GuideContent:
    return GuideContent(title=title, description=description, body=body, category="risk")


def divided(body: str, title: str = "Stops") -> list[Passage]:
    return passages(content(body, title))


def words(text: str) -> int:
    return len(text.split())


def test_passages_headings_give_the_path_without_the_title() -> None:
    found = divided("# Stops\n\nIntro\n\n## Trailing\n\nFollow.\n\n### Offset\n\nLater.\n\n## Fixed\n\nStay.")
    assert [passage.heading for passage in found] == ["", "Trailing", "Trailing > Offset", "Fixed"]


def test_passages_line_is_where_the_section_starts() -> None:
    found = divided("Intro.\n\n## Trailing\n\nFollow.\n\nFixed\n-----\n\nStay.")
    assert [(passage.heading, passage.line) for passage in found] == [("", 0), ("Trailing", 2), ("Fixed", 6)]


def test_passages_hash_lines_in_code_are_no_headings() -> None:
    found = divided("## Use\n\n```sh\n# not a heading\nrun --now\n```\n\n~~~\n## neither\n~~~\n")
    assert [passage.heading for passage in found] == ["Use"]
    assert "# not a heading\nrun --now" in found[0].text


def test_passages_text_is_readable_without_markup() -> None:
    body = (
        "See [the *manual*](https://example.org/a_(b)) and ![a chart](x.png), **bold**, ~~old~~ <b>tag</b> &amp; "
        "`code_with_stars*` [[Wiki page|a page]] snake_case_word 2 * 3 * 4 \\*kept\\*.[^1] {{< ref x >}}"
    )
    assert divided(body)[0].text == (
        "See the manual and a chart, bold, old tag & `code_with_stars*` a page snake_case_word 2 * 3 * 4 *kept*."
    )


def test_passages_lists_keep_items_on_lines_of_their_own() -> None:
    found = divided("Do this:\n\n1. First\n   goes on\n2. Second\n   - inner\n\n* [ ] Box\n")
    assert found[0].text == "Do this:\n\n1. First goes on\n2. Second\n  - inner\n- Box"


def test_passages_table_rows_read_as_sentences() -> None:
    found = divided("| Name | Default | Meaning |\n|---|:-:|---|\n| `a` | 1 | First |\n| b |  | Second |\n")
    assert found[0].text == "- `a`: Default 1; Meaning First\n- b: Meaning Second"


def test_passages_long_section_is_divided_at_paragraphs() -> None:
    paragraphs = [f"Paragraph {n} " + "word " * 48 for n in range(10)]
    found = divided("## Long\n\n" + "\n\n".join(paragraphs))
    assert len(found) > 3
    assert all(80 <= words(passage.text) <= 180 for passage in found[:-1])
    assert len({passage.line for passage in found}) == len(found)


def test_passages_giant_paragraph_is_divided_at_sentences() -> None:
    found = divided("This is one of the sentences. " * 400)
    assert all(words(passage.text) <= 180 for passage in found)
    assert all(passage.text.endswith(".") for passage in found)


def test_passages_one_endless_word_stays_within_reason() -> None:
    assert sum(len(passage.text) for passage in divided("x" * 190_000)) == 190_000


def test_passages_announced_list_stays_with_its_sentence() -> None:
    found = divided("word " * 120 + "\n\nYou need:\n\n- one " + "more " * 30 + "\n- two\n")
    assert any("You need:\n\n- one" in passage.text for passage in found)


@pytest.mark.parametrize("body", [None, "", "\n\n", "# Stops\n", "---\n", "<!-- nothing -->", "![](x.png)"])
def test_passages_guide_without_text_has_one_of_its_description(body: str | None) -> None:
    found = passages(content(body, description="What stops are."))
    assert found == [Passage(heading="", text="What stops are.", line=0)]


def test_passages_guide_without_anything_else_has_its_title() -> None:
    assert passages(content(None))[0].text == "Stops"


def test_passages_left_over_front_matter_and_comments_are_not_quoted() -> None:
    found = divided("---\ntitle: Old\ntags: [a]\n---\n\n<!-- hidden\nnote -->\nSeen.\n\n[ref]: https://example.org")
    assert [passage.text for passage in found] == ["Seen."]


def test_passages_html_headings_and_admonitions_are_understood() -> None:
    found = divided('<h2 id="x">Limits <a href="#x">¶</a></h2>\n\n!!! warning "Take care"\n    Never more.\n')
    assert (found[0].heading, found[0].text) == ("Limits", "Take care: Never more.")


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("## Use CORS { #cors }", "Use CORS"),
        ("## Use CORS {#cors}", "Use CORS"),
        ("## Use CORS{: .x data-a=1 }", "Use CORS"),
        ("## Use CORS { #cors .wide key='a b' } ##", "Use CORS"),
        ("## Use CORS ## {#cors}", "Use CORS"),
        ("## Appendix {-}", "Appendix"),
        ("## Use `allow_origins` and *more* [here](x.md)", "Use allow_origins and more here"),
        ("## Intro to C#", "Intro to C#"),
        ("## Limits[#](#limits)", "Limits"),
        ("## Limits ¶", "Limits"),
        ("## Sets like {a, b}", "Sets like {a, b}"),
        ("## The `{#id}`", "The {#id}"),
    ],
)
def test_passages_heading_reads_as_plain_text_without_attributes(line: str, heading: str) -> None:
    assert [passage.heading for passage in divided(f"{line}\n\nText.")] == [heading]


def test_passages_title_with_markup_is_not_repeated_in_the_path() -> None:
    found = divided("# The `stop` option { #stop }\n\nText.", title="The `stop` option")
    assert [passage.heading for passage in found] == [""]


def test_passages_indexed_terms_cover_heading_and_text_without_stop_words() -> None:
    guide = GuideContent(
        title="The stops", description="Getting out", body="## Trailing\n\nIt follows.", category="risk", tags=("exit",)
    )
    (indexed,) = index_guide(guide, ANALYZER)
    assert indexed.terms == ("trail", "follow")
    assert indexed.title_terms == ("stop", "get", "exit")
    assert (indexed.position, indexed.heading, indexed.text, indexed.line) == (0, "Trailing", "It follows.", 0)


def test_passages_large_body_is_divided_in_reasonable_number() -> None:
    body = ("## Part\n\n" + "Some words of a sentence. " * 60 + "\n\n- item `x`\n\n```\ncode\n```\n\n") * 110
    assert len(body.encode()) <= MAX_BODY_BYTES
    assert 300 < len(divided(body)) < 1_500


@given(st.lists(st.sampled_from(MARKUP) | st.text(max_size=20), max_size=30).map("".join))
def test_passages_any_markdown_has_readable_ones_with_true_lines(body: str) -> None:
    found = divided(body)
    assert found
    lines = body.split("\n")
    assert all(passage.text.strip() and 0 <= passage.line < len(lines) for passage in found)
    assert all("\n" not in passage.heading for passage in found)
    assert [passage.line for passage in found] == sorted(passage.line for passage in found)


@pytest.mark.parametrize(
    "body",
    [
        "# Stops\n\nIntro\n\n## Trailing\n\n- a\n- b\n\n```\nx\n```\n\nFixed\n-----\n\n| a | b |\n|---|---|\n| c | d |",
        "Text.\n\n1. one\n\n2. two\n\n> quoted\n> more\n\n***\n\nLast.",
    ],
)
def test_passages_line_is_an_anchor_of_the_rendered_guide(body: str) -> None:
    anchors = set(re.findall(r'id="l(\d+)"', MarkdownRenderer().render(body, anchors=True)))
    assert {str(passage.line) for passage in divided(body)} <= anchors


@pytest.mark.parametrize(
    "hostile",
    [
        *(
            "*a ",
            "_a ",
            "**a_ ",
            "`a`` ",
            "[a",
            "[a](b",
            "![",
            "[[a",
            "<!-- ",
            "<script>",
            "<a ",
            "{{ ",
            "~~a ",
            "(",
            "a_b-",
            ": ",
        ),
        *("> " * 40 + "x\n", "- " * 20 + "x\n", "# a\n", "|a", "a|b\n-|-\n", "```\n", "1. a\n  ", "\t- a\n"),
    ],
)
def test_passages_hostile_repetition_is_divided_in_linear_time(hostile: str) -> None:
    body = hostile * (50_000 // len(hostile))
    assert divided(body)


@pytest.mark.parametrize(
    "line",
    [
        "# a{}b",
        "a|b\n-|-{}x",
        "!!! a{}b",
        ".{}x",
        "- a{}b",
        "|{}|\n|-|",
        "{}# a",
        "# a {{#b{}x",
        "# a {{#b" + ".c" * 400 + "{}x",
    ],
)
def test_passages_endless_spaces_are_read_in_linear_time(line: str) -> None:
    assert divided(line.format(" " * 190_000) + "\n\ntext")
