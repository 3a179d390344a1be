"""Reading and writing Markdown with front matter."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.text.front_matter import FrontMatterFormat
from domain.errors import Invalid

FORMAT = FrontMatterFormat()
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=60)
SCALARS = TEXT | st.integers(-(10**12), 10**12) | st.booleans() | st.none()
FIELDS = st.dictionaries(st.from_regex(r"[a-z][a-z_]{0,20}", fullmatch=True), SCALARS | st.lists(TEXT, max_size=4))
BODIES = TEXT.map(lambda text: text.lstrip("\n").replace("\ufeff", ""))


@given(FIELDS, BODIES)
def test_front_matter_written_and_read_gives_the_same_two(fields: dict[str, object], body: str) -> None:
    assert FORMAT.read(FORMAT.write(fields, body)) == (fields, body)


@given(BODIES)
def test_front_matter_body_that_looks_like_one_is_kept_apart(body: str) -> None:
    tricky = f"---\ntitle: not a title\n---\n{body}"
    assert FORMAT.read(FORMAT.write({}, tricky)) == ({}, tricky)


@given(st.text(max_size=300))
def test_front_matter_any_text_is_read_or_refused_plainly(text: str) -> None:
    with suppress(Invalid):
        fields, body = FORMAT.read(text)
        assert body in text.replace("\r\n", "\n").replace("\r", "\n")
        assert all(isinstance(name, str) for name in fields)


def test_front_matter_fields_are_read_as_text_numbers_and_lists() -> None:
    fields, body = FORMAT.read(
        "---\r\ntitle: Stops\r\ntags: [a, b]\r\nlevel: 2\r\ndate: 2024-01-02\r\n---\r\n# Stops\r\n"
    )
    assert fields == {"title": "Stops", "tags": ["a", "b"], "level": 2, "date": "2024-01-02"}
    assert body == "# Stops\n"


@pytest.mark.parametrize(
    "text", ["plain", "---\nno closing mark\n", "---\n\nSome prose\n\n---\n\nmore", " ---\ntitle: x\n---\n", ""]
)
def test_front_matter_absent_leaves_the_text_untouched(text: str) -> None:
    assert FORMAT.read(text) == ({}, text)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("title: [unclosed", 3),
        ("title: ok\nbad: : :", 3),
        ("a: &x [1]\nb: *x", 1),
        ("- just\n- a list", 2),
        ("when: !!python/object/apply:os.system [ls]", 2),
    ],
)
def test_front_matter_broken_one_is_refused_with_its_line(source: str, line: int) -> None:
    with pytest.raises(Invalid) as refusal:
        FORMAT.read(f"---\n{source}\n---\nbody")
    assert refusal.value.fields[0].field == "front_matter"
    assert f"line {line}" in refusal.value.message
    assert "\n" not in refusal.value.message


def test_front_matter_fields_of_other_tools_do_not_make_a_file_unreadable() -> None:
    fields, _ = FORMAT.read("---\ntitle: Stops\nsidebar:\n  order: 2\n1: one\n---\nbody")
    assert fields == {"title": "Stops", "sidebar": {"order": 2}, "1": "one"}


def test_front_matter_yaml_bomb_is_refused_at_once() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    with pytest.raises(Invalid, match="aliases"):
        FORMAT.read(f"---\nl0: &l0 [lol]\n{levels}\n---\n")


def test_front_matter_of_unreasonable_length_is_refused() -> None:
    with pytest.raises(Invalid, match="longer than"):
        FORMAT.read(f"---\ntitle: {'x' * 30_000}\n---\n")
