"""Which units of a passage are quoted: the ones that speak to the question, and what they cannot do without."""

from collections import Counter
from collections.abc import Sequence

from adapters.language_models._units import Unit

MAX_STEPS = 12
SHORT_LIST, MATCHING_STEP = 7, 0.5
MAX_ITEM_WORDS = 45


def chosen(units: Sequence[Unit], room: int, *, steps: bool) -> set[int]:
    """The places of what is quoted: the best sentences, the list or code they announce, steps as a whole."""
    order = sorted(range(len(units)), key=lambda at: (-units[at].value, at))
    prose = [at for at in order if units[at].kind == "sentence"]
    best = units[order[0]] if order else None
    if best is None:
        return set()
    found: set[int] = set()
    if best.kind == "item" or (steps and _has_steps(units)) or not any(units[at].value for at in prose):
        found |= _of_list(units, order, room, steps=steps)
    elif room > 2:
        found |= _matching_steps(units, MATCHING_STEP * best.value)
    useful = [at for at in prose if units[at].value > 0.35 * best.value] or prose[:2]
    found |= set(useful[:room])
    if not found:
        found = {order[0]}
    return _from_first_steps(units, found | _announced(units, found, room))


def _has_steps(units: Sequence[Unit]) -> bool:
    return any(unit.is_step for unit in units)


def _from_first_steps(units: Sequence[Unit], found: set[int]) -> set[int]:
    """With a step, all of a short list, of a longer one all before it: nobody can start in the middle."""
    last = {units[at].block: at for at in sorted(found) if units[at].is_step}
    whole = last.keys() & _short(units)
    return found | {at for at, unit in enumerate(units) if unit.block in whole or at < last.get(unit.block, 0)}


def _matching_steps(units: Sequence[Unit], value: float) -> set[int]:
    """The steps of short lists that are worth more than that, though a sentence is worth more."""
    short = _short(units)
    return {at for at, unit in enumerate(units) if unit.is_step and unit.value > value and unit.block in short}


def _short(units: Sequence[Unit]) -> set[int]:
    """The blocks that are short enough to be quoted whole when they are steps."""
    return {block for block, length in Counter(unit.block for unit in units).items() if length <= SHORT_LIST}


def _of_list(units: Sequence[Unit], order: Sequence[int], room: int, *, steps: bool) -> set[int]:
    """Numbered steps are quoted whole, other lists by their best items."""
    items = [at for at in order if units[at].kind == "item"]
    numbered = [at for at in items if steps and units[at].is_step]
    first = next(iter(numbered or items), None)
    if first is None:
        return set()
    block = [at for at, unit in enumerate(units) if unit.block == units[first].block]
    is_short = sum(len(units[at].text.split()) for at in block) <= MAX_ITEM_WORDS * 4
    if len(block) <= MAX_STEPS and room > 2 and (units[first].is_step or (is_short and (steps or len(block) <= 4))):
        return set(block)
    good = [at for at in order if at in block and units[at].value > 0.5 * units[first].value]
    return set(good[: max(room, 3)])


def _announced(units: Sequence[Unit], found: set[int], room: int) -> set[int]:
    """What stands after a chosen sentence that ends in a colon, and the sentence before a chosen list or code."""
    added: set[int] = set()
    for at in found:
        following = [n for n, unit in enumerate(units) if n > at and unit.block == units[at].block + 1]
        announces = units[at].kind == "sentence" and units[at].text.endswith(":")
        if announces and following and (units[following[0]].kind == "item" or units[following[0]].is_short_code):
            added |= set(following[:SHORT_LIST])
        if units[at].kind != "sentence":
            before = [n for n, unit in enumerate(units) if unit.block == units[at].block - 1]
            if before and units[before[-1]].kind == "sentence" and units[before[-1]].text.endswith(":"):
                added.add(before[-1])
    return added if room > 2 else set(sorted(added)[:6])
