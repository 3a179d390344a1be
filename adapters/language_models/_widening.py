"""What the best quotation takes along: the paragraph around its sentence, and the list or code under it."""

import re
from collections.abc import Iterable, Sequence

from adapters.language_models._choosing import SHORT_LIST
from adapters.language_models._units import Unit

MAX_CHARACTERS, MAX_PARAGRAPH = 900, 400
NEXT_SENTENCES = 2
NEAR_BEST = 0.5
_REFERS_BACK = re.compile(
    r"\W*(?:it|its|this|that|they|their|them|these|those|such|both|he|she|otherwise|however|instead|but)\b",
    re.IGNORECASE,
)
_INTRODUCES = re.compile(r":$|\b(?:follow(?:s|ing)|below|these|like this|here (?:is|are)|listed)\b", re.IGNORECASE)


def widened(units: Sequence[Unit], found: set[int]) -> set[int]:
    """The places found, and what their best sentences are not understood without.

    What comes along never makes the quotation longer than `MAX_CHARACTERS`.
    """
    whole = set(found)
    for at in _best_sentences(units, found):
        whole |= _around(units, at, whole)
        whole |= _under(units, at, whole)
    return whole


def _best_sentences(units: Sequence[Unit], found: set[int]) -> list[int]:
    """The sentences worth at least `NEAR_BEST` of the best that is quoted, best first.

    Where nothing quoted has a word of the question, it is the first sentence.
    """
    sentences = sorted((at for at in found if units[at].kind == "sentence"), key=lambda at: (-units[at].value, at))
    least = NEAR_BEST * max((units[at].value for at in found if units[at].kind != "code"), default=0.0)
    return [at for at in sentences if units[at].value >= least][: None if least else 1]


def _around(units: Sequence[Unit], at: int, whole: set[int]) -> set[int]:
    """The sentence's paragraph when it is short, else the sentence with its neighbours."""
    paragraph = {n for n, unit in enumerate(units) if unit.block == units[at].block}
    if _size(units, paragraph) <= MAX_PARAGRAPH and _fits(units, whole | paragraph):
        return paragraph
    near = {at}
    for neighbour in (*_before(units, at), *range(at + 1, at + 1 + NEXT_SENTENCES)):
        wider = near | {neighbour}
        if not wider <= paragraph or _size(units, wider) > MAX_PARAGRAPH or not _fits(units, whole | wider):
            break
        near = wider
    return near


def _before(units: Sequence[Unit], at: int) -> Iterable[int]:
    """The sentence that this one refers back to, if it does and is not the paragraph's first."""
    has_one = at > 0 and units[at - 1].block == units[at].block
    return (at - 1,) if has_one and _REFERS_BACK.match(units[at].text) else ()


def _under(units: Sequence[Unit], at: int, whole: set[int]) -> set[int]:
    """The list or code right under the sentence's paragraph, when the quotation reaches there and leads on to it."""
    last = max(n for n, unit in enumerate(units) if unit.block == units[at].block)
    following = [n for n, unit in enumerate(units) if unit.block == units[at].block + 1]
    if last not in whole or not following:
        return set()
    first = units[following[0]]
    if first.is_short_code and _fits(units, whole | set(following)):
        return set(following)
    leads_on = last == at or _INTRODUCES.search(units[last].text)
    return _list(units, following, whole) if first.kind == "item" and leads_on else set()


def _list(units: Sequence[Unit], items: Sequence[int], whole: set[int]) -> set[int]:
    """The first items, as many as fit; of a short list of steps all or none."""
    taken: set[int] = set()
    for item in items[:SHORT_LIST]:
        if not _fits(units, whole | taken | {item}):
            return set() if units[item].is_step and len(items) <= SHORT_LIST else taken
        taken.add(item)
    return taken


def _fits(units: Sequence[Unit], places: set[int]) -> bool:
    return _size(units, places) <= MAX_CHARACTERS


def _size(units: Sequence[Unit], places: set[int]) -> int:
    """Characters, with one between two units."""
    return sum(len(units[at].text) + 1 for at in places) - 1
