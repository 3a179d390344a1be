"""The whole bot in memory: its commands over the real use cases, and people who write and press."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from dependency_injector import providers

from adapters.memory import ManualClock, SequentialIds
from application.guides.library import GuideDraft
from application.identity.link_views import LinkCode
from application.ports.inbox import Handled
from application.ports.telegram import BotIdentity
from domain.guides import GuideId
from domain.identity import OPERATOR, UNKNOWN_DEVICE, Actor, Role, TelegramProfile
from domain.telegram import (
    AnswerButton,
    Button,
    ButtonPress,
    Chat,
    ChatKind,
    EditText,
    IncomingMessage,
    SendText,
)
from entrypoints.container import Container, memory_container
from entrypoints.settings import Settings
from entrypoints.telegram_bot.commands import repertoire
from entrypoints.telegram_bot.registry import Command
from entrypoints.telegram_bot.router import Router

BOT = BotIdentity(99, "Guild_Bot")
ADA = TelegramProfile(501, "ada", "Ada")
BOB = TelegramProfile(502, "bob", "Bob")
PRIVATE = Chat(501, ChatKind.PRIVATE)
GROUP = Chat(-100, ChatKind.SUPERGROUP)
AT = datetime(2026, 1, 5, tzinfo=UTC)
PASSWORD = "correct horse battery"


class BotWorld:
    """A bot, its members and what it said last. `repeats` has every update handled twice, as after a crash."""

    def __init__(
        self, folder: Path, own_commands: Callable[[Container], Sequence[Command]] | None = None, **settings: Any
    ) -> None:
        self.container = memory_container(Settings(data_dir=folder, **settings))
        if own_commands is not None:
            self.container.bot_commands.override(providers.Callable(own_commands, self.container))
        self.clock = ManualClock()
        self.container.clock.override(providers.Object(self.clock))
        self.container.ids.override(providers.Object(SequentialIds()))
        does = repertoire(self.container)
        self.registry, self.buttons = does.registry, does.buttons
        self.router = Router(
            BOT,
            self.container.telegram_accounts(),
            does.registry,
            does.buttons,
            does.intents,
            does.plain_words,
            self.container.group_questions(),
            self.container.telegram_metrics(),
        )
        self.update_id = 0
        self.repeats = False
        self.shown: SendText | EditText | None = None

    async def says(self, text: str, sender: TelegramProfile = ADA, chat: Chat | None = None, **how: Any) -> Handled:
        """Somebody writes, in their private chat unless told."""
        where = chat or Chat(sender.telegram_id, ChatKind.PRIVATE)
        self.update_id += 1
        message = IncomingMessage(
            update_id=self.update_id, message_id=self.update_id, chat=where, sender=sender, text=text, sent_at=AT, **how
        )
        return await self._handled(message)

    async def presses(
        self, button: str, sender: TelegramProfile = ADA, chat: Chat | None = None, message_id: int | None = 9
    ) -> Handled:
        """Somebody presses the button with this text under what was said last, or one with this data."""
        found = [each.data for each in self.keyboard if each.text == button]
        self.update_id += 1
        press = ButtonPress(
            update_id=self.update_id,
            query_id=f"q{self.update_id}",
            sender=sender,
            chat=chat or Chat(sender.telegram_id, ChatKind.PRIVATE),
            message_id=message_id,
            data=(found[0] if found else button) or "",
        )
        return await self._handled(press)

    async def _handled(self, incoming: IncomingMessage | ButtonPress) -> Handled:
        handled = await self.router.handle(BOT.id, incoming)
        if self.repeats:
            again = await self.router.handle(BOT.id, incoming)
            assert list(again.outgoing) == list(handled.outgoing)
            assert [each.message_id for each in again.answers] == [each.message_id for each in handled.answers]
        for each in handled.outgoing:
            if isinstance(each, SendText | EditText):
                self.shown = each
        return handled

    @property
    def keyboard(self) -> list[Button]:
        """The buttons under what was said last."""
        return [] if self.shown is None else [button for row in self.shown.keyboard for button in row]

    @property
    def labels(self) -> list[str]:
        """What stands on them."""
        return [button.text for button in self.keyboard]

    async def guide(self, title: str = "Position sizing", **fields: Any) -> GuideId:
        """A new guide."""
        draft = GuideDraft(**{"title": title, "category": "risk", "body": "Risk one percent a trade.", **fields})
        return await self.container.guide_library().create(OPERATOR, draft)

    async def actor(self, telegram_id: int = ADA.telegram_id) -> Actor:
        """The member of this Telegram account, who has written before."""
        view = await self.container.member_queries().by_telegram_id(telegram_id, self.clock.now())
        assert view is not None
        return Actor(view.id, view.role)

    async def grant(self, role: Role, telegram_id: int = ADA.telegram_id) -> None:
        """A role by the operator."""
        member_id = (await self.actor(telegram_id)).member_id
        assert member_id is not None
        await self.container.member_service().grant(OPERATOR, member_id, role, "for the test")

    async def web_member(self, name: str = "lovelace", role: Role = Role.PUBLIC) -> Actor:
        """A member with a web account."""
        accounts = self.container.account_service()
        made = await accounts.register(f"{name}@example.org", name, PASSWORD, UNKNOWN_DEVICE)
        if role > Role.PUBLIC:
            await self.container.member_service().grant(OPERATOR, made.id, role, "for the test")
        return Actor(made.id, role)

    async def code(self, asking: Actor) -> LinkCode:
        """A code to link with."""
        return await self.container.linking_service().request(asking)

    async def member_count(self) -> int:
        """How many members there are."""
        return len((await self.container.member_service().page(OPERATOR, limit=200)).items)


def texts(handled: Handled) -> list[str]:
    """What was said in messages."""
    return [each.text.text for each in handled.outgoing if isinstance(each, SendText | EditText)]


def notes(handled: Handled) -> list[str | None]:
    """What was said over the chat."""
    return [each.text for each in handled.outgoing if isinstance(each, AnswerButton)]


def edited(handled: Handled) -> Sequence[int]:
    """The messages that changed in place."""
    return [each.message_id for each in handled.outgoing if isinstance(each, EditText)]


def reply_ids(handled: Handled) -> list[UUID | None]:
    """The replies that the chat waits for."""
    return [each.message_id for each in handled.answers]
