"""News: what there is, and what one wants to hear of."""

from collections.abc import Mapping, Sequence

from application.identity.telegram_accounts import TelegramAccounts
from application.ports.inbox import Handled
from domain.identity import TelegramPreferences
from domain.telegram import Button, Keyboard
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.registry import Command, Handler
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.rooms.room import command, label, short_name


class NewsRoom:
    """/newsletter. `categories` are those that may be muted; one that was muted before can always be heard again."""

    def __init__(self, accounts: TelegramAccounts, categories: Sequence[str]) -> None:
        self._accounts = accounts
        self._categories = tuple(categories)

    def commands(self) -> Sequence[Command]:
        """Of this room."""
        return [command("newsletter", "news", self.newsletter, "news", "updates")]

    def buttons(self) -> Mapping[str, Handler]:
        """Of this room."""
        return {"news": self.newsletter, "mute": self.mute}

    async def newsletter(self, request: Request) -> Handled:
        """What was sent lately, and the categories to mute and unmute."""
        preferences = await self._accounts.preferences(request.actor)
        return request.answered(request.texts.news.newsletter, self._keyboard(request, preferences))

    async def mute(self, request: Request) -> Handled:
        """Mute the category (1), or hear of it again (0)."""
        texts = request.texts.news
        if len(request.arguments) != 2:
            return request.stale()
        tag, is_wanted = request.arguments[0], request.arguments[1] == "1"
        known = (*self._categories, *(await self._accounts.preferences(request.actor)).muted)
        category = next((each for each in known if short_name(each) == tag), None)
        if category is None:
            return request.stale()
        change = self._accounts.mute if is_wanted else self._accounts.unmute
        preferences = await change(request.actor, category)
        said = (texts.muted if is_wanted else texts.unmuted).format(category=category)
        return request.noted(said, [request.say(texts.newsletter, self._keyboard(request, preferences))])

    def _keyboard(self, request: Request, preferences: TelegramPreferences) -> Keyboard:
        texts = request.texts.news
        rows = []
        for category in sorted({*self._categories, *preferences.muted}):
            is_muted = category in preferences.muted
            text = (texts.unmute if is_muted else texts.mute).format(category=category)
            rows.append((Button(label(text), data=callback("mute", short_name(category), int(not is_muted))),))
        return tuple(rows)
