"""Chooses what to quote: the sentences, steps and code of a passage that speak to the question."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.chat import GroundingPassage
from application.ports.guides import TextAnalyzer

MAX_SENTENCES, MAX_STEPS, MAX_CODE_LINES = 4, 12, 20
NEXT_PASSAGES, NEXT_SCORE = 2, 0.82
MAX_ITEM_WORDS = 45
_SENTENCE = re.compile(r"(?<=[.!?…])[\"')\]]*\s+(?=[\"'(\[`]*[A-Z0-9`])")
_ITEM = re.compile(r"^(\s*)(-|\d+\.) ")
_FENCE = re.compile(r"^\s*(`{3,})")
_CODE_SPAN = re.compile(r"(`+[^`]*`+)")
_SPECIAL = re.compile(r"([\\*_\[\]<>~|])")
_LINE_START = re.compile(r"^(\s*)(#{1,6} |>|[-+=]{3,}$|\+ )")
_HOW = re.compile(r"^\s*(?:how|what (?:are|is) the steps|steps)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quote:
    """Markdown that quotes one passage, with its `[number]`."""

    passage: GroundingPassage
    text: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is quoted whole: a sentence, a list item with what is under it, or a code block."""

    text: str
    kind: str
    block: int
    value: float = 0.0


def quotes(asked: Sequence[str], passages: Sequence[GroundingPassage], analyzer: TextAnalyzer) -> list[Quote]:
    """Quotations for the last of the questions, best passage first, from at most three passages.

    Further passages are quoted when they score near the first one and come from elsewhere.
    """
    words = _words(asked, analyzer)
    units = {passage.number: _units(passage.text) for passage in passages}
    weights = _weights(words, [unit.text for own in units.values() for unit in own], analyzer)
    found: list[Quote] = []
    for passage in _worth_quoting(passages):
        room = MAX_SENTENCES if not found else 2
        text = _quoted(passage, units[passage.number], weights, room, analyzer, steps=bool(_HOW.match(asked[-1])))
        if text:
            found.append(Quote(passage, text))
    return found


def _worth_quoting(passages: Sequence[GroundingPassage]) -> list[GroundingPassage]:
    best = passages[0]
    near = [
        passage
        for passage in passages[1:]
        if passage.score >= best.score * NEXT_SCORE
        and (passage.guide_id, passage.heading) != (best.guide_id, best.heading)
    ]
    return [best, *near[:NEXT_PASSAGES]]


def _words(asked: Sequence[str], analyzer: TextAnalyzer) -> dict[str, float]:
    """The last question's words; the one before counts a little, for follow-ups."""
    words: dict[str, float] = {}
    for share, question in zip((1.0, 0.3), reversed(asked[-2:]), strict=False):
        for term in analyzer.terms(question):
            if not analyzer.is_stop_word(term.value):
                words.setdefault(term.value, share)
    return words


def _weights(words: dict[str, float], texts: Sequence[str], analyzer: TextAnalyzer) -> dict[str, float]:
    """A word that stands in every sentence tells nothing."""
    held = [{term.value for term in analyzer.terms(text)} for text in texts]
    return {
        word: share * math.log1p(len(held) / (1 + sum(word in terms for terms in held)))
        for word, share in words.items()
    }


def _units(text: str) -> list[_Unit]:
    units: list[_Unit] = []
    for block, lines in enumerate(_blocks(text)):
        if _FENCE.match(lines[0]):
            units.append(_Unit("\n".join(lines), "code", block))
        elif _ITEM.match(lines[0]):
            units.extend(_Unit(item, "item", block) for item in _items(lines))
        else:
            sentences = (part.strip() for line in lines for part in _SENTENCE.split(line))
            units.extend(_Unit(sentence, "sentence", block) for sentence in sentences if sentence)
    return units


def _blocks(text: str) -> list[list[str]]:
    """Lines between empty ones; code stays together whatever is in it."""
    blocks: list[list[str]] = [[]]
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and not line.startswith(" "):
            if not fence and blocks[-1]:
                blocks.append([])
            blocks[-1].append(line)
            if fence and mark.group(1).startswith(fence):
                blocks.append([])
            fence = "" if fence else mark.group(1)
        elif line.strip() or fence:
            is_start_of_list = _ITEM.match(line) and blocks[-1] and not _ITEM.match(blocks[-1][0]) and not fence
            if is_start_of_list:
                blocks.append([])
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _items(lines: Sequence[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        if items and (line.startswith(" ") or not _ITEM.match(line)):
            items[-1] += f"\n{line}"
        else:
            items.append(line)
    return items


def _quoted(
    passage: GroundingPassage,
    units: Sequence[_Unit],
    weights: dict[str, float],
    room: int,
    analyzer: TextAnalyzer,
    *,
    steps: bool,
) -> str:
    """The best units in the passage's order, with a mark where the quotation ends."""
    scored = [_valued(unit, weights, analyzer) for unit in units]
    chosen = _chosen(scored, room, steps=steps)
    if not chosen:
        return ""
    return _joined([scored[at] for at in sorted(chosen)], f"[{passage.number}]")


def _valued(unit: _Unit, weights: dict[str, float], analyzer: TextAnalyzer) -> _Unit:
    terms = {term.value for term in analyzer.terms(unit.text)}
    value = sum(weight for word, weight in weights.items() if word in terms)
    length = len(unit.text.split())
    return _Unit(unit.text, unit.kind, unit.block, value / (1 + max(0, length - 40) / 80) if value else 0.0)


def _chosen(units: Sequence[_Unit], room: int, *, steps: bool) -> set[int]:
    """The places of what is quoted: the best sentences, the list or code they announce, steps as a whole."""
    order = sorted(range(len(units)), key=lambda at: (-units[at].value, at))
    prose = [at for at in order if units[at].kind == "sentence"]
    best = units[order[0]] if order else None
    if best is None:
        return set()
    chosen: set[int] = set()
    if best.kind == "item" or (steps and _has_steps(units)) or not any(units[at].value for at in prose):
        chosen |= _of_list(units, order, room, steps=steps)
    useful = [at for at in prose if units[at].value > 0.35 * best.value] or prose[:2]
    chosen |= set(useful[:room])
    if not chosen:
        chosen = {order[0]}
    return chosen | _announced(units, chosen, room)


def _has_steps(units: Sequence[_Unit]) -> bool:
    return any(unit.kind == "item" and unit.text.lstrip()[:1].isdigit() for unit in units)


def _of_list(units: Sequence[_Unit], order: Sequence[int], room: int, *, steps: bool) -> set[int]:
    """Numbered steps are quoted whole, other lists by their best items."""
    items = [at for at in order if units[at].kind == "item"]
    numbered = [at for at in items if steps and units[at].text.lstrip()[:1].isdigit()]
    first = next(iter(numbered or items), None)
    if first is None:
        return set()
    block = [at for at, unit in enumerate(units) if unit.block == units[first].block]
    is_numbered = units[first].text.lstrip()[:1].isdigit()
    is_short = sum(len(units[at].text.split()) for at in block) <= MAX_ITEM_WORDS * 4
    if len(block) <= MAX_STEPS and room > 2 and (is_numbered or (is_short and (steps or len(block) <= 4))):
        return set(block)
    good = [at for at in order if at in block and units[at].value > 0.5 * units[first].value]
    return set(good[: max(room, 3)])


def _announced(units: Sequence[_Unit], chosen: set[int], room: int) -> set[int]:
    """What stands after a chosen sentence that ends in a colon, and the sentence before a chosen list or code."""
    added: set[int] = set()
    for at in chosen:
        following = [n for n, unit in enumerate(units) if n > at and unit.block == units[at].block + 1]
        if units[at].kind == "sentence" and units[at].text.endswith(":") and following:
            is_short = units[following[0]].kind != "code" or units[following[0]].text.count("\n") <= MAX_CODE_LINES
            if units[following[0]].kind != "sentence" and is_short:
                added |= set(following[:MAX_STEPS])
        if units[at].kind != "sentence":
            before = [n for n, unit in enumerate(units) if unit.block == units[at].block - 1]
            if before and units[before[-1]].kind == "sentence" and units[before[-1]].text.endswith(":"):
                added.add(before[-1])
    return added if room > 2 else set(sorted(added)[:6])


def _joined(units: Sequence[_Unit], mark: str) -> str:
    """Sentences of a paragraph in a line, lists and code under each other; the mark after the last text."""
    parts: list[str] = []
    previous: _Unit | None = None
    last = max((at for at, unit in enumerate(units) if unit.kind != "code"), default=-1)
    for at, unit in enumerate(units):
        text = unit.text if unit.kind == "code" else _as_markdown(unit.text)
        if at == last:
            text = f"{text} {mark}" if "```" not in unit.text else f"{text}\n\n{mark}"
        if previous is None:
            joint = ""
        elif unit.kind == previous.kind == "sentence":
            joint = " " if unit.block == previous.block else "\n\n"
        elif unit.kind == previous.kind == "item" and unit.block == previous.block:
            joint = "\n"
        else:
            joint = "\n\n"
        parts.append(joint + text)
        previous = unit
    return "".join(parts) + (f"\n\n{mark}" if last < 0 else "")


def _as_markdown(text: str) -> str:
    """Plain text with code marks, so that nothing in it turns into other markup."""
    lines, fenced = [], False
    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
            lines.append(line)
        elif fenced:
            lines.append(line)
        else:
            item = _ITEM.match(line)
            lead = item.group() if item else ""
            lines.append(lead + _escaped(line[len(lead) :]))
    return "\n".join(lines)


def _escaped(line: str) -> str:
    pieces = _CODE_SPAN.split(line)
    safe = "".join(piece if at % 2 else _SPECIAL.sub(r"\\\1", piece) for at, piece in enumerate(pieces))
    return _LINE_START.sub(lambda start: f"{start.group(1)}\\{start.group(2)}", safe)
