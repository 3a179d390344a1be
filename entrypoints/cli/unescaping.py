"""Markdown as a terminal shows it: without the backslashes that keep a character from being markup."""

import re

_UNFINISHED = re.compile(r"(?:[\\`]+|\n\s*)\Z")
_OF_TEXT = re.compile(r"\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<ticks>`+)")
_OF_CODE = re.compile(r"(?P<ticks>`+)|(?P<gap>\n[ \t]*(?=\n))")
_SHORTEST_FENCE = 3


class Unescaping:
    """Takes the backslashes out of Markdown that arrives in pieces; code stays as it is.

    What could be half of an escape or of a code mark is held back until the next piece, or `finish`.
    """

    def __init__(self) -> None:
        self._held = ""
        self._code_mark = ""

    def feed(self, piece: str) -> str:
        """What can be shown by now."""
        text = self._held + piece
        unfinished = _UNFINISHED.search(text)
        self._held = unfinished.group() if unfinished else ""
        return self._shown(text[: len(text) - len(self._held)])

    def finish(self) -> str:
        """What was held back."""
        held, self._held = self._held, ""
        return self._shown(held)

    def _shown(self, text: str) -> str:
        shown: list[str] = []
        at = 0
        while found := (_OF_CODE if self._code_mark else _OF_TEXT).search(text, at):
            shown += (text[at : found.start()], found["ticks"] or found.groupdict().get("escaped") or found.group())
            self._code_mark = self._mark_after(found["ticks"])
            at = found.end()
        return "".join(shown) + text[at:]

    def _mark_after(self, ticks: str | None) -> str:
        """The mark of the code that one is in; code within a line does not go on after an empty one."""
        if not self._code_mark:
            return ticks or ""
        is_fence = len(self._code_mark) >= _SHORTEST_FENCE
        ends = ticks == self._code_mark if ticks else not is_fence
        return "" if ends else self._code_mark
