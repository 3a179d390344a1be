"""What the bot says, kept here."""

import asyncio
from collections import defaultdict, deque
from itertools import count

from application.ports.sending import Delivery, Notifier, Sent
from domain.telegram import EditText, Outgoing, RichText, SendDraft, SendText


class InMemoryNotifier(Notifier):
    """Takes everything, unless it was told what to answer: `answer` first answers to a chat, then to anybody."""

    def __init__(self) -> None:
        self.tried: list[Outgoing | SendDraft] = []
        self.sent: list[Outgoing | SendDraft] = []
        self._numbers = count(1)
        self._answers: dict[int | None, deque[Delivery]] = defaultdict(deque)
        self._hanging: dict[int, asyncio.Event] = {}

    def answer(self, *deliveries: Delivery, chat_id: int | None = None) -> None:
        """What the next ones come to, one after the other; None stands for whatever chat."""
        self._answers[chat_id].extend(deliveries)

    def hang(self, chat_id: int) -> None:
        """What is said to this chat is not answered until `release`."""
        self._hanging[chat_id] = asyncio.Event()

    def release(self, chat_id: int) -> None:
        """Answer what hangs, and all that follows."""
        self._hanging.pop(chat_id).set()

    def texts(self, chat_id: int) -> list[str]:
        """What was said to this chat, drafts left out."""
        said = (each for each in self.sent if isinstance(each, SendText | EditText) and each.chat_id == chat_id)
        return [each.text.text for each in said]

    def text(self, chat_id: int) -> RichText | None:
        """What was said last to this chat, with its formatting."""
        said = [each for each in self.sent if isinstance(each, SendText | EditText) and each.chat_id == chat_id]
        return said[-1].text if said else None

    async def send(self, content: Outgoing | SendDraft) -> Delivery:
        self.tried.append(content)
        if (hanging := self._hanging.get(content.chat_id)) is not None:
            await hanging.wait()
        for answers in (self._answers[content.chat_id], self._answers[None]):
            if answers:
                delivery = answers.popleft()
                if isinstance(delivery, Sent):
                    self.sent.append(content)
                return delivery
        self.sent.append(content)
        match content:
            case SendText():
                return Sent(next(self._numbers))
            case EditText():
                return Sent(content.message_id)
            case _:
                return Sent(None)
