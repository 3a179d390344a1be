"""What a command or a button is given, and the ways to answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from application.ports.inbox import Handled
from application.ports.telegram import BotIdentity
from domain.identity import Actor, TelegramProfile
from domain.telegram import (
    MAX_NOTE,
    AnswerButton,
    Chat,
    ChatAnswer,
    EditText,
    Keyboard,
    Outgoing,
    RichText,
    SendText,
    utf16_length,
)
from entrypoints.telegram_bot.texts import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who wants what, and where. `argument` is what stands behind the command, or the plain text itself.

    `query_id` is set for a pressed button: `message_id` is then our message that it stands under, else the member's.
    """

    bot: BotIdentity
    actor: Actor
    sender: TelegramProfile
    chat: Chat
    update_id: int
    message_id: int | None
    texts: Catalogue
    argument: str = ""
    arguments: tuple[str, ...] = ()
    query_id: str | None = None

    @property
    def key(self) -> str:
        """Names this request, again and again: whatever it makes is made once."""
        return f"telegram:{self.bot.id}:{self.update_id}"

    def asking(self, argument: str) -> "Request":
        """The same with other words."""
        return replace(self, argument=argument)

    def say(self, text: str | RichText, keyboard: Keyboard = ()) -> Outgoing:
        """A message: in place of the one whose button was pressed, else a new one; in a group as a reply."""
        rich = RichText(text) if isinstance(text, str) else text
        if self.query_id is not None and self.message_id is not None:
            return EditText(chat_id=self.chat.id, message_id=self.message_id, text=rich, keyboard=keyboard)
        return self.say_anew(rich, keyboard)

    def say_anew(self, text: str | RichText, keyboard: Keyboard = ()) -> Outgoing:
        """A new message, whatever was pressed."""
        return SendText(
            chat_id=self.chat.id,
            text=RichText(text) if isinstance(text, str) else text,
            keyboard=keyboard,
            reply_to=self.message_id if self.chat.is_group and self.query_id is None else None,
            thread_id=self.chat.thread_id,
        )

    def answered(self, text: str | RichText, keyboard: Keyboard = ()) -> Handled:
        """Answered with one message."""
        return Handled([self.say(text, keyboard)])

    def noted(self, text: str, outgoing: Sequence[Outgoing] = (), *, is_alert: bool = False) -> Handled:
        """Answered with a note over the chat where a button was pressed, else with a message.

        What is too long for a note is a message as well, and nothing is cut.
        """
        if self.query_id is None:
            return Handled([self.say(text), *outgoing])
        if utf16_length(text) > MAX_NOTE:
            return Handled([AnswerButton(chat_id=self.chat.id, query_id=self.query_id), *outgoing, self.say_anew(text)])
        note = AnswerButton(chat_id=self.chat.id, query_id=self.query_id, text=text, is_alert=is_alert)
        return Handled([note, *outgoing])

    def stale(self) -> Handled:
        """The button leads nowhere any more."""
        return self.noted(self.texts.stale_button, is_alert=True)

    def waiting(self, answer: ChatAnswer, outgoing: Sequence[Outgoing] = ()) -> Handled:
        """The assistant's answer follows."""
        return Handled(outgoing, [answer])
