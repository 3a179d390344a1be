"""A guide divided into passages: what search finds, the assistant quotes and a citation opens."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from application.guides._blocks import Kind, blocks
from application.guides._headings import heading_text
from application.guides._pieces import Piece, pieces
from application.ports.guides import IndexedPassage, TextAnalyzer
from domain.guides import GuideContent

SEPARATOR = " > "
MAX_HEADING = 300
_ENOUGH, _MOST, _FEW = 110, 180, 25


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of readable text under a heading path like "Stops > Trailing stops".

    `line` is where it starts in the body, counted from 0. List items, table rows and code stand on lines of their own.
    """

    heading: str
    text: str
    line: int


@dataclass(slots=True)
class _Section:
    path: tuple[tuple[int, str], ...] = ()
    line: int = 0
    pieces: list[Piece] = field(default_factory=list)

    @property
    def heading(self) -> str:
        return SEPARATOR.join(text for _, text in self.path if text)[:MAX_HEADING]


def passages(content: GuideContent) -> list[Passage]:
    """The guide's passages in order; a guide without text still has one, of its title and description."""
    found = [passage for section in _sections(content) for passage in _divided(section)]
    if found:
        return found
    return [Passage(heading="", text=content.description or content.title, line=0)]


def index_guide(content: GuideContent, analyzer: TextAnalyzer) -> list[IndexedPassage]:
    """The passages with the terms that search knows them by, function words left out."""

    def terms(text: str) -> tuple[str, ...]:
        return tuple(term.value for term in analyzer.terms(text) if not analyzer.is_stop_word(term.value))

    title_terms = terms("\n".join((content.title, content.description, *content.tags)))
    return [
        IndexedPassage(
            position=position,
            heading=passage.heading,
            text=passage.text,
            line=passage.line,
            terms=terms(f"{passage.heading}\n{passage.text}"),
            title_terms=title_terms,
        )
        for position, passage in enumerate(passages(content))
    ]


def _sections(content: GuideContent) -> Iterator[_Section]:
    """Text by heading. The guide's own title is not repeated in the path."""
    section, title = _Section(), heading_text(content.title)
    for block in blocks(content.body or ""):
        if block.kind is Kind.HEADING:
            yield section
            text = heading_text(block.lines[0])
            if _same(text, content.title) or _same(text, title):
                text = ""
            above = tuple(entry for entry in section.path if entry[0] < block.level)
            section = _Section((*above, (block.level, text)), block.line)
        else:
            section.pieces.extend(pieces(block))
    yield section


def _same(heading: str, title: str) -> bool:
    return heading.casefold().split() == title.casefold().split()


def _divided(section: _Section) -> Iterator[Passage]:
    """A section in passages of a readable length; its first one starts at the heading."""
    group: list[Piece] = []
    words, first = 0, True
    for piece in section.pieces:
        if group and _is_full(group, words, piece):
            yield _passage(section, group, first=first)
            group, words, first = [], 0, False
        group.append(piece)
        words += piece.words
    if group:
        yield _passage(section, group, first=first)


def _is_full(group: list[Piece], words: int, following: Piece) -> bool:
    """Whether a passage ends here. What ends in a colon stays with what it announces."""
    if words + following.words <= _MOST:
        return words >= _ENOUGH and not following.tight and not group[-1].text.endswith(":")
    return words > _FEW or not group[-1].text.endswith(":")


def _passage(section: _Section, group: list[Piece], *, first: bool) -> Passage:
    text = group[0].text + "".join(("\n" if piece.tight else "\n\n") + piece.text for piece in group[1:])
    line = section.line if first and section.path else group[0].line
    return Passage(section.heading, text, line)
