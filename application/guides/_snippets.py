"""A few words of a passage around what was searched for."""

from collections.abc import Collection

from application.ports.guides import Term, TextAnalyzer

MARK, END_MARK = "\ue000", "\ue001"
_LENGTH, _BEFORE = 220, 60


def snippet(text: str, terms: Collection[str], analyzer: TextAnalyzer) -> str:
    """About 200 characters on one line, the found words between U+E000 and U+E001, cuts shown by an ellipsis."""
    line = " ".join(text.replace("`", "").split())
    hits = _apart([term for term in analyzer.terms(line) if term.value in terms])
    start, end = _window(line, hits)
    pieces, at = [], start
    for hit in hits:
        if hit.start >= start and hit.end <= end:
            pieces += [line[at : hit.start], MARK, line[hit.start : hit.end], END_MARK]
            at = hit.end
    pieces.append(line[at:end])
    return ("… " if start else "") + "".join(pieces).strip() + (" …" if end < len(line) else "")


def _apart(hits: list[Term]) -> list[Term]:
    """Hits that do not overlap: a compound before its parts."""
    kept: list[Term] = []
    for hit in hits:
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return kept


def _window(line: str, hits: list[Term]) -> tuple[int, int]:
    """The stretch with the most different words in it, cut at spaces."""
    if len(line) <= _LENGTH:
        return 0, len(line)
    best, most = 0, -1
    for hit in hits:
        held = {
            other.value for other in hits if hit.start <= other.start and other.end <= hit.start + _LENGTH - _BEFORE
        }
        if len(held) > most:
            best, most = hit.start, len(held)
    start = max(0, min(best - _BEFORE, len(line) - _LENGTH))
    if start:
        space = line.find(" ", start, best + 1)
        start = space + 1 if space >= 0 else start
    end = min(len(line), start + _LENGTH)
    if end < len(line):
        space = line.rfind(" ", best, end)
        end = space if space > start else end
    return start, end
