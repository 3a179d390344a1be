"""What the bot says, on the terminal."""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from itertools import count, pairwise

from application.ports.sending import Delivery, Notifier, Sent
from domain.telegram import (
    AnswerButton,
    Button,
    EditText,
    EntityKind,
    Keyboard,
    Outgoing,
    RichText,
    SendDraft,
    SendText,
)

REMEMBERED_BUTTONS = 200
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_RESET = "\x1b[0m"
_STYLES = {
    EntityKind.BOLD: "\x1b[1m",
    EntityKind.ITALIC: "\x1b[3m",
    EntityKind.UNDERLINE: "\x1b[4m",
    EntityKind.STRIKETHROUGH: "\x1b[9m",
    EntityKind.CODE: "\x1b[36m",
    EntityKind.PRE: "\x1b[36m",
    EntityKind.BLOCKQUOTE: "\x1b[2m",
    EntityKind.EXPANDABLE_BLOCKQUOTE: "\x1b[2m",
}


def _to_standard_output(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


class ConsoleNotifier(Notifier):
    """Writes messages with a number each, their buttons numbered below them.

    Edits are written again, notes of buttons as they come; drafts are not, the message that follows says it all.
    `styled` puts formatting in a terminal's own way; without it links still show where they lead.
    """

    def __init__(self, write: Callable[[str], None] = _to_standard_output, *, styled: bool = False) -> None:
        self._write = write
        self._styled = styled
        self._messages = count(1)
        self._numbers = count(1)
        self._buttons: OrderedDict[int, tuple[int, Button]] = OrderedDict()

    @property
    def buttons(self) -> Mapping[int, tuple[int, Button]]:
        """By its number: the message that a button is under, and the button. The latest ones; older ones are gone."""
        return self._buttons

    def tell(self, text: str) -> None:
        """Write what the bot did not say, such as how the terminal is used."""
        self._show("console", RichText(text), (), 0)

    async def send(self, content: Outgoing | SendDraft) -> Delivery:
        match content:
            case SendText():
                number = next(self._messages)
                self._show("bot", content.text, content.keyboard, number)
                return Sent(number)
            case EditText():
                self._show(
                    f"bot, message {content.message_id} is now", content.text, content.keyboard, content.message_id
                )
                return Sent(content.message_id)
            case AnswerButton():
                if content.text:
                    self._show("bot, alert" if content.is_alert else "bot, note", RichText(content.text), (), 0)
                return Sent(None)
            case SendDraft():
                return Sent(None)

    def _show(self, who: str, text: RichText, keyboard: Keyboard, message: int) -> None:
        lines = self._shown(text).split("\n")
        lines += ("  ".join(self._button(button, message) for button in row) for row in keyboard)
        self._write("".join([f"{who}:\n", *(f"  {line}".rstrip() + "\n" for line in lines), "\n"]))

    def _button(self, button: Button, message: int) -> str:
        if button.data is None:
            return f"[{_printable(button.text)}: {_printable(button.url or '')}]"
        number = next(self._numbers)
        self._buttons[number] = (message, button)
        while len(self._buttons) > REMEMBERED_BUTTONS:
            self._buttons.popitem(last=False)
        return f"[{number}: {_printable(button.text)} ({_printable(button.data)})]"

    def _shown(self, text: RichText) -> str:
        """The text line by line, formatting begun anew on each, so that indentation in front of it stays plain."""
        encoded = text.text.encode("utf-16-le", "surrogatepass")
        borders = sorted({0, len(encoded) // 2, *(at for each in text.entities for at in (each.offset, each.end))})
        parts = []
        for start, end in pairwise(borders):
            part = _printable(encoded[2 * start : 2 * end].decode("utf-16-le", "replace"))
            over = [each.kind for each in text.entities if each.offset <= start and end <= each.end]
            parts.append("\n".join(self._style(line, over) for line in part.split("\n")))
            parts += (f" ({_printable(each.url)})" for each in text.entities if each.url and each.end == end)
        return "".join(parts)

    def _style(self, text: str, kinds: list[EntityKind]) -> str:
        styles = "".join(_STYLES.get(kind, "") for kind in kinds) if self._styled else ""
        return f"{styles}{text}{_RESET}" if styles and text else text


def _printable(text: str) -> str:
    """Lines without anything that a terminal would obey."""
    return "".join(_characters(text))


def _characters(text: str) -> Iterator[str]:
    for char in text:
        # Joiners hold one emoji together and are no more than that.
        yield char if char.isprintable() or char in "\n\u200d" else " " if char == "\t" else REPLACEMENT
