"""Questions of groups: answered from what everybody may read, and kept nowhere."""

import logging
from contextlib import aclosing
from datetime import timedelta

from application.chat.asking import Answer, Ask
from application.ports.system import Clock
from application.telegram.growing import End, Ended, Growing
from application.telegram.waking import within
from domain.identity import GUEST

LONGEST = timedelta(minutes=2)
_log = logging.getLogger(__name__)


class QuestionAnswerer:
    """Asks the assistant as a guest. Asked again, after a crash, the answer begins anew."""

    def __init__(self, ask: Ask, clock: Clock, longest: timedelta = LONGEST) -> None:
        self._ask = ask
        self._clock = clock
        self._longest = longest

    async def answer(self, question: str, growing: Growing) -> None:
        """Let the answer grow, and end it in any case: a model that breaks off or hangs leaves it interrupted."""
        try:
            await within(self._clock, self._longest, self._stream(question, growing))
        except Exception as error:  # noqa: BLE001 - whoever asked is told so, whatever it is
            _log.warning("question_not_answered", extra={"reason": type(error).__name__}, exc_info=error)
        text = growing.text
        growing.end(Ended(End.INTERRUPTED, text) if text.strip() else Ended(End.FAILED))

    async def _stream(self, question: str, growing: Growing) -> None:
        async with aclosing(self._ask.stream(GUEST, question)) as pieces:
            async for piece in pieces:
                if not isinstance(piece, Answer):
                    growing.grow(growing.text + piece)
                elif piece.text.strip():
                    growing.end(Ended(End.COMPLETE, piece.text, piece.citations))
