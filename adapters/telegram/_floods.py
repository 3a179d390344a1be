"""Whom a 429 holds back."""

from datetime import datetime, timedelta

from application.ports.sending import HeldBack

WINDOW = timedelta(seconds=10)
CHATS = 3


class FloodJudge:
    """Telegram gives seconds and nothing else: not whether the chat had too much, or everybody together.

    So a 429 holds the chat it was about. When `CHATS` different chats had one within `WINDOW`, it is the bot's pace
    that Telegram minds, and the bot is held.
    """

    def __init__(self) -> None:
        self._floods: dict[int, datetime] = {}

    def held(self, chat_id: int, now: datetime) -> HeldBack:
        """Who waits after this flood."""
        self._floods = {chat: time for chat, time in self._floods.items() if now - time < WINDOW}
        self._floods[chat_id] = now
        if len(self._floods) < CHATS:
            return HeldBack.CHAT
        self._floods.clear()
        return HeldBack.BOT
