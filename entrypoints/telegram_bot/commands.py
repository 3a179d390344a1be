"""All that the bot can do, from the rooms of the house."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import Conflict
from entrypoints.container import Container
from entrypoints.telegram_bot.intents import Intent, IntentRouter, pointing_to_ask
from entrypoints.telegram_bot.registry import CommandRegistry, Handler
from entrypoints.telegram_bot.rooms.account import AccountRoom
from entrypoints.telegram_bot.rooms.admin import AdminRoom
from entrypoints.telegram_bot.rooms.basics import BasicsRoom
from entrypoints.telegram_bot.rooms.chat import ChatRoom
from entrypoints.telegram_bot.rooms.guide_page import GuidePage
from entrypoints.telegram_bot.rooms.guides import GuideRoom
from entrypoints.telegram_bot.rooms.members import MembersRoom
from entrypoints.telegram_bot.rooms.news import NewsRoom
from entrypoints.telegram_bot.rooms.plans import PlansRoom
from entrypoints.telegram_bot.rooms.room import Room
from entrypoints.telegram_bot.rooms.search import SearchRoom


@dataclass(frozen=True, slots=True)
class Repertoire:
    """Commands, buttons by their verb, and where plain words lead."""

    registry: CommandRegistry
    buttons: Mapping[str, Handler]
    intents: IntentRouter
    plain_words: Mapping[Intent, Handler]


def repertoire(container: Container) -> Repertoire:
    """Everything, over the use cases of the container, and its `bot_commands`.

    Raises `Conflict` for a verb that two rooms claim, and what `CommandRegistry.register` raises.
    """
    settings, registry = container.settings(), CommandRegistry()
    guides = GuideRoom(container.guide_reading(), GuidePage(container.rich_text()))
    search = SearchRoom(container.guide_search(), guides, settings.telegram.guide_words)
    chat = ChatRoom(
        container.conversations(),
        container.chat_session_service(),
        container.clock(),
        container.ids(),
    )
    account = AccountRoom(
        container.linking_service(),
        container.member_service(),
        container.telegram_accounts(),
        container.chat_session_service(),
    )
    news = NewsRoom(container.telegram_accounts(), container.guide_library().categories)
    plans = PlansRoom()
    members = MembersRoom(container.member_service(), container.clock())
    rooms: list[Room] = [
        BasicsRoom(registry, guides, account, settings.public_url),
        guides,
        search,
        chat,
        account,
        news,
        plans,
        members,
        AdminRoom(container.dead_letters(), container.chat_health(), members),
    ]
    buttons: dict[str, Handler] = {}
    for room in rooms:
        for command in room.commands():
            registry.register(command)
        for verb, handler in room.buttons().items():
            if verb in buttons:
                raise Conflict(f"Two rooms have buttons for {verb!r}.", verb=verb)
            buttons[verb] = handler
    for command in container.bot_commands():
        registry.register(command)
    telegram = settings.telegram
    intents = IntentRouter(
        {
            Intent.PRODUCT: telegram.product_words,
            Intent.GUIDE: telegram.guide_words,
            Intent.MARKETING: telegram.marketing_words,
        }
    )
    plain_words = {
        Intent.PRODUCT: pointing_to_ask(plans.shop),
        Intent.GUIDE: pointing_to_ask(search.plain),
        Intent.MARKETING: pointing_to_ask(news.newsletter),
        Intent.ASSISTANT: chat.ask,
    }
    return Repertoire(registry, buttons, intents, plain_words)
