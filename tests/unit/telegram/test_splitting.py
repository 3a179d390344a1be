"""Long texts in as many messages as they take, formatting and all."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from domain.telegram import MAX_TEXT, Entity, EntityKind, RichText, split, utf16_length

CHARACTERS = st.sampled_from(
    [*"ab. \n\t!", "\n\n", "é", "e\u0301", "😀", "👨\u200d👩\u200d👧", "👍🏽", "🇨🇭", "𝄢", "\u00a0", "中"]
)


@st.composite
def rich_texts(draw: st.DrawFn) -> RichText:
    text = "".join(draw(st.lists(CHARACTERS, max_size=120)))
    borders = [utf16_length(text[:at]) for at in range(len(text) + 1)]
    entities = []
    for _ in range(draw(st.integers(0, 12))):
        start, end = sorted((draw(st.sampled_from(borders)), draw(st.sampled_from(borders))))
        if start < end:
            language = draw(st.sampled_from([None, "python"]))
            entities.append(Entity(draw(st.sampled_from(EntityKind)), start, end - start, language=language))
    return RichText(text, tuple(sorted(entities, key=lambda each: (each.offset, -each.length))))


def units(text: str, entity: Entity) -> str:
    encoded = text.encode("utf-16-le")
    return encoded[2 * entity.offset : 2 * entity.end].decode("utf-16-le")


def solid(text: str) -> str:
    return "".join(char for char in text if not char.isspace())


@given(rich_texts(), st.integers(12, 60), st.integers(1, 6))
def test_split_any_text_keeps_every_character_but_white_space_at_cuts(
    whole: RichText, max_text: int, max_entities: int
) -> None:
    at = 0
    for piece in split(whole, max_text, max_entities):
        found = whole.text.find(piece.text, at)
        assert found >= at, "pieces stand in the whole in their order"
        assert solid(whole.text[at:found]) == "", "only white space is dropped"
        at = found + len(piece.text)
    assert solid(whole.text[at:]) == ""


@given(rich_texts(), st.integers(12, 60), st.integers(1, 6))
def test_split_any_text_keeps_both_limits_and_entities_inside(
    whole: RichText, max_text: int, max_entities: int
) -> None:
    pieces = split(whole, max_text, max_entities)

    for piece in pieces:
        assert 1 <= len(piece.text.encode("utf-16-le")) // 2 <= max_text
        assert len(piece.entities) <= max_entities
        assert piece.text == piece.text.rstrip()
        for entity in piece.entities:
            assert entity.offset >= 0
            assert 0 < entity.length <= piece.length - entity.offset
            units(piece.text, entity)  # raises where a surrogate pair was cut


@given(rich_texts(), st.integers(12, 60))
def test_split_any_text_formats_the_same_characters_as_before(whole: RichText, max_text: int) -> None:
    def formatted(text: RichText) -> list[tuple[str, frozenset[tuple[str, str | None]]]]:
        """Each character that is no white space, with what formats it."""
        found, at = [], 0
        for char in text.text:
            over = (each for each in text.entities if each.offset <= at < each.end)
            if not char.isspace():
                found.append((char, frozenset((each.kind.value, each.language) for each in over)))
            at += utf16_length(char)
        return found

    pieces = split(whole, max_text, max_entities=100)

    assert [each for piece in pieces for each in formatted(piece)] == formatted(whole)


@given(st.lists(st.sampled_from(["👨\u200d👩\u200d👧", "👍🏽", "🇨🇭", "e\u0301", "a"]), min_size=1, max_size=60))
def test_split_text_without_spaces_cuts_no_character_apart(characters: list[str]) -> None:
    pieces = split(RichText("".join(characters)), max_text=20)

    for piece in pieces[1:]:
        assert unicodedata.combining(piece.text[0]) == 0
        assert piece.text[0] not in "\u200d\U0001f3fd"
        assert piece.text.count("\U0001f1e8") == piece.text.count("\U0001f1ed"), "a flag has two halves"
    assert "".join(piece.text for piece in pieces) == "".join(characters)


def test_split_paragraphs_are_kept_whole_where_they_fit() -> None:
    text = "One. Two. Three.\n\nFour. Five. Six.\n\nSeven."

    assert [piece.text for piece in split(RichText(text), max_text=36)] == [
        "One. Two. Three.\n\nFour. Five. Six.",
        "Seven.",
    ]


def test_split_one_paragraph_is_cut_at_lines_then_sentences_then_words() -> None:
    lines = split(RichText("alpha beta. gamma\ndelta epsilon zeta"), max_text=24)
    sentences = split(RichText("alpha beta gamma. delta epsilon zeta"), max_text=24)
    words = split(RichText("alpha beta gamma delta epsilon zeta"), max_text=24)

    assert [piece.text for piece in lines] == ["alpha beta. gamma", "delta epsilon zeta"]
    assert [piece.text for piece in sentences] == ["alpha beta gamma.", "delta epsilon zeta"]
    assert [piece.text for piece in words] == ["alpha beta gamma delta", "epsilon zeta"]


def test_split_code_block_longer_than_a_message_goes_on_with_its_language_and_indentation() -> None:
    code = "\n".join(["def f():", *["    return 1"] * 6])
    whole = RichText(code, (Entity(EntityKind.PRE, 0, utf16_length(code), language="python"),))

    pieces = split(whole, max_text=40)

    assert len(pieces) > 1
    assert pieces[1].text.startswith("    return")
    assert all(piece.entities == (Entity(EntityKind.PRE, 0, piece.length, language="python"),) for piece in pieces)


def test_split_code_block_that_fits_the_next_piece_is_not_cut() -> None:
    code = "a = 1\nb = 2\nc = 3"
    text = f"Some words before it, and more.\n{code}"
    whole = RichText(text, (Entity(EntityKind.PRE, text.index(code), len(code)),))

    pieces = split(whole, max_text=40)

    assert [piece.text for piece in pieces] == ["Some words before it, and more.", code]


def test_split_more_entities_than_allowed_begins_another_piece() -> None:
    text = " ".join(["bold"] * 250)
    whole = RichText(text, tuple(Entity(EntityKind.BOLD, 5 * each, 4) for each in range(250)))

    pieces = split(whole)

    assert [len(piece.entities) for piece in pieces] == [100, 100, 50]


def test_split_astral_characters_count_two_units_each() -> None:
    pieces = split(RichText("😀" * MAX_TEXT))

    assert [piece.length for piece in pieces] == [MAX_TEXT, MAX_TEXT]


def test_split_blank_text_has_no_pieces() -> None:
    assert split(RichText(" \n\t ")) == []


def test_rich_text_joined_shifts_entities_in_utf16_units() -> None:
    joined = RichText.of("😀", RichText.formatted("bold", EntityKind.BOLD), separator="\n")

    assert joined == RichText("😀\nbold", (Entity(EntityKind.BOLD, 3, 4),))


def test_rich_text_trimmed_keeps_indentation_inside_an_entity() -> None:
    whole = RichText(" \n  x = 1 \n", (Entity(EntityKind.PRE, 2, 9),))

    assert whole.trimmed() == RichText("  x = 1", (Entity(EntityKind.PRE, 0, 7),))
