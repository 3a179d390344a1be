"""Who may do what where, as the router sees it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from adapters.memory.rate_limiter import InMemoryRateLimiter
from application.identity.telegram_accounts import TelegramAccounts
from application.ports.inbox import Handled
from application.ports.observability import TelegramMetrics
from application.ports.telegram import BotIdentity
from application.telegram.group_questions import GroupQuestions
from domain.errors import Conflict, Unavailable
from domain.identity import Role, TelegramProfile
from domain.telegram import (
    AnswerButton,
    BlockChanged,
    ButtonPress,
    Chat,
    ChatKind,
    EditText,
    Ignored,
    Incoming,
    IncomingMessage,
    Outgoing,
    SendText,
)
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.intents import Intent, IntentRouter
from entrypoints.telegram_bot.registry import Command, CommandRegistry, Handler, Place
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.router import Router
from entrypoints.telegram_bot.texts import ENGLISH
from tests.support.backend import memory_backend
from tests.support.given import stored_telegram_member

BOT = BotIdentity(99, "Guild_Bot")
ADA = TelegramProfile(501, "ada", "Ada")
PRIVATE = Chat(501, ChatKind.PRIVATE)
GROUP = Chat(-100, ChatKind.SUPERGROUP)
AT = datetime(2026, 1, 5, tzinfo=UTC)


class Counted(TelegramMetrics):
    """Remembers the commands."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, str]] = []

    def command_ran(self, command: str, status: str) -> None:
        self.commands.append((command, status))


@dataclass
class World:
    """A router whose commands tell what reached them."""

    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.backend = memory_backend()
        self.metrics = Counted()
        self.raises: Exception | None = None
        accounts = TelegramAccounts(
            self.backend.unit_of_work, self.backend.members, self.backend.clock, self.backend.ids
        )
        registry = CommandRegistry(
            [
                self._command("start"),
                self._command("ask", place=Place.ALL),
                self._command("stats", role=Role.SUBSCRIBER),
            ]
        )
        intents = IntentRouter({Intent.GUIDE: ["guide"]})
        words = {intent: self._handler(intent.value) for intent in Intent}
        buttons = {"open": self._handler("open"), "note": self._note}
        questions = GroupQuestions(InMemoryRateLimiter(self.backend.clock), None)
        self.router = Router(BOT, accounts, registry, buttons, intents, words, questions, self.metrics)

    def _command(self, name: str, role: Role = Role.PUBLIC, place: Place = Place.PRIVATE) -> Command:
        handler = self._handler(name)
        return Command(name=name, description=name, category="basics", handler=handler, required_role=role, place=place)

    def _handler(self, name: str) -> Handler:
        async def handler(request: Request) -> Handled:
            if self.raises is not None:
                raise self.raises
            self.asked.append((name, request.argument or ",".join(request.arguments)))
            return request.answered(f"{name}: done")

        return handler

    async def _note(self, request: Request) -> Handled:
        return request.noted("noted")

    async def says(self, text: str, chat: Chat = PRIVATE, **how: object) -> Handled:
        """Ada writes."""
        sender = how.pop("sender", ADA)
        message = IncomingMessage(
            update_id=1,
            message_id=7,
            chat=chat,
            sender=sender,
            text=text,
            sent_at=AT,
            **how,  # type: ignore[arg-type]
        )
        return await self.router.handle(BOT.id, message)

    async def presses(self, data: str, chat: Chat | None = PRIVATE, message_id: int | None = 9) -> Handled:
        """Ada presses a button."""
        return await self.router.handle(
            BOT.id,
            ButtonPress(update_id=2, query_id="q", sender=ADA, chat=chat, message_id=message_id, data=data),
        )

    async def member_count(self) -> int:
        """How many members there are."""
        return len((await self.backend.members.page("", None, 50, self.backend.clock.now())).items)


@pytest.fixture
def world() -> World:
    """A bot without members."""
    return World()


def texts(outgoing: object) -> list[str]:
    """What was said."""
    assert isinstance(outgoing, (list, tuple))
    said: list[Outgoing] = list(outgoing)
    return [each.text.text for each in said if isinstance(each, (SendText, EditText))]


@pytest.mark.parametrize("text", ["\x00\x07", "\u200b\u200b", "\u2060 \x1b"])
async def test_router_in_private_answers_what_nobody_can_see_with_what_it_reads(world: World, text: str) -> None:
    handled = await world.says(text)
    assert texts(handled.outgoing) == [ENGLISH.text_only]
    assert world.asked == []


async def test_router_in_private_registers_and_runs_the_command_with_its_argument(world: World) -> None:
    handled = await world.says("/ASK@guild_bot   why?")

    assert world.asked == [("ask", "why?")]
    assert texts(handled.outgoing) == ["ask: done"]
    assert handled.command == "ask"
    assert await world.member_count() == 1
    assert world.metrics.commands == [("ask", "success")]


@pytest.mark.parametrize(
    ("text", "asked"), [("a Guide please", "guide"), ("why?", "assistant"), ("mentioning /ask later", "assistant")]
)
async def test_router_in_private_sends_plain_words_where_their_intent_leads(
    world: World, text: str, asked: str
) -> None:
    await world.says(text)
    assert world.asked == [(asked, text)]


async def test_router_never_routes_a_forward_by_intent_nor_runs_its_command(world: World) -> None:
    await world.says("a guide", is_forwarded=True)
    await world.says("/ask why", is_forwarded=True)
    assert world.asked == [("assistant", "a guide"), ("assistant", "/ask why")]


async def test_router_tells_the_nearest_names_for_an_unknown_command(world: World) -> None:
    assert "/start" in texts((await world.says("/strat")).outgoing)[0]
    assert texts((await world.says("/xyzzy")).outgoing) == [ENGLISH.unknown_command.format(name="xyzzy")]
    assert world.metrics.commands == [("unknown", "refused")] * 2


async def test_router_tells_which_role_a_command_needs_and_how_to_get_it(world: World) -> None:
    handled = await world.says("/stats")

    (said,) = texts(handled.outgoing)
    assert "subscriber" in said
    assert "/subscribe" in said
    assert handled.command is None
    await stored_telegram_member(world.backend, 502, role=Role.SUBSCRIBER)
    await world.says("/stats", sender=TelegramProfile(502))
    assert world.asked == [("stats", "")]


async def test_router_answers_what_is_no_text_politely(world: World) -> None:
    assert texts((await world.says("")).outgoing) == [ENGLISH.text_only]


@pytest.mark.parametrize("how", [{"is_from_bot": True}, {"sender": None}])
async def test_router_ignores_bots_and_nobody(world: World, how: dict[str, object]) -> None:
    assert await world.says("/ask x", **how) == Handled()
    assert await world.says("/ask x", Chat(-5, ChatKind.CHANNEL)) == Handled()
    assert await world.member_count() == 0


@pytest.mark.parametrize(
    ("text", "how", "asked"),
    [
        ("hello everybody", {}, None),
        ("a guide?", {}, None),
        ("/ask why", {}, ("ask", "why")),
        ("/ask@Guild_Bot why", {}, ("ask", "why")),
        ("/ask@other_bot why", {}, None),
        ("/weather", {}, None),
        ("@guild_bot why?", {"mentions": frozenset({"guild_bot"})}, ("assistant", "why?")),
        ("and why?", {"replies_to": 99}, ("assistant", "and why?")),
        ("and why?", {"replies_to": 98}, None),
        ("@guild_bot a guide", {"mentions": frozenset({"guild_bot"})}, ("assistant", "a guide")),
        ("İİİ @Guild_Bot why?", {"mentions": frozenset({"guild_bot"})}, ("assistant", "İİİ  why?")),
        ("@guild_bots @guild_bot: why?", {"mentions": frozenset({"guild_bot"})}, ("assistant", "@guild_bots : why?")),
        ("me@guild_bot.org @guild_bot?", {"mentions": frozenset({"guild_bot"})}, ("assistant", "me@guild_bot.org ?")),
        ("@guild_botと why?", {"mentions": frozenset({"guild_bot"})}, ("assistant", "と why?")),
    ],
)
async def test_router_in_a_group_speaks_only_when_it_is_meant_and_registers_nobody(
    world: World, text: str, how: dict[str, object], asked: tuple[str, str] | None
) -> None:
    handled = await world.says(text, GROUP, **how)

    assert world.asked == ([] if asked is None else [asked])
    assert bool(handled.outgoing) == (asked is not None)
    assert await world.member_count() == 0
    for each in handled.outgoing:
        assert isinstance(each, SendText)
        assert each.reply_to == 7


async def test_router_in_a_group_sends_private_commands_to_the_private_chat(world: World) -> None:
    (said,) = (await world.says("/start", GROUP)).outgoing

    assert isinstance(said, SendText)
    assert said.keyboard[0][0].url == "https://t.me/Guild_Bot"
    assert texts((await world.says("/unknown@guild_bot", GROUP)).outgoing) == [
        ENGLISH.unknown_command.format(name="unknown")
    ]


async def test_router_in_a_busy_group_registers_nobody_and_says_nothing(world: World) -> None:
    for number in range(500):
        sender = TelegramProfile(1_000 + number, f"person{number}")
        assert await world.says(f"line {number}", GROUP, sender=sender) == Handled()
    assert await world.member_count() == 0


async def test_router_answers_every_pressed_button_and_edits_in_place(world: World) -> None:
    note, edit = (await world.presses(callback("open", "x"))).outgoing

    assert note == AnswerButton(chat_id=501, query_id="q")
    assert isinstance(edit, EditText)
    assert (edit.message_id, edit.text.text) == (9, "open: done")
    assert world.asked == [("open", "x")]


@pytest.mark.parametrize("data", ["0:open", callback("gone"), "", "junk"])
async def test_router_answers_a_stale_button_politely(world: World, data: str) -> None:
    (note,) = (await world.presses(data)).outgoing
    assert note == AnswerButton(chat_id=501, query_id="q", text=ENGLISH.stale_button, is_alert=True)


async def test_router_answers_a_button_once_when_its_handler_has_a_note(world: World) -> None:
    assert (await world.presses(callback("note"))).outgoing == [AnswerButton(chat_id=501, query_id="q", text="noted")]
    (note,) = (await world.presses(callback("open"), chat=None, message_id=None)).outgoing
    assert note == AnswerButton(chat_id=501, query_id="q", text=ENGLISH.stale_button, is_alert=True)


async def test_router_says_a_refusal_and_passes_on_what_failed(world: World) -> None:
    world.raises = Conflict("These accounts are linked already.")
    handled = await world.says("/ask x")
    assert texts(handled.outgoing) == ["These accounts are linked already."]
    assert handled.command is None
    assert world.metrics.commands == [("ask", "refused")]

    for failure in (Unavailable("away"), RuntimeError("broken")):
        world.raises = failure
        with pytest.raises(type(failure)):
            await world.says("/ask x")
    assert world.metrics.commands[-1] == ("ask", "error")


async def test_router_tells_a_banned_member_so_and_nothing_else(world: World) -> None:
    member = await stored_telegram_member(world.backend, 501)
    async with world.backend.unit_of_work() as work:
        member = await work.members.get(member.id)
        assert member.telegram is not None
        member.telegram.is_active = False
        await work.members.save(member, world.backend.clock.now())
        await work.commit()

    assert texts((await world.says("/ask x")).outgoing) == [ENGLISH.banned]
    assert (await world.presses(callback("open"))).outgoing == [
        AnswerButton(chat_id=501, query_id="q", text=ENGLISH.banned, is_alert=True)
    ]
    assert await world.says("/ask x", GROUP) == Handled()
    assert world.asked == []


async def test_router_notes_a_block_and_its_end(world: World) -> None:
    await world.says("/start")
    for is_blocked in (True, False):
        changed = BlockChanged(update_id=3, sender=ADA, is_blocked=is_blocked)
        assert await world.router.handle(BOT.id, changed) == Handled()
        view = await world.backend.members.by_telegram_id(501, world.backend.clock.now())
        assert view is not None
        assert view.telegram is not None
        assert view.telegram.has_blocked_bot is is_blocked


async def test_router_does_nothing_about_what_is_ignored(world: World) -> None:
    assert await world.router.handle(BOT.id, Ignored(update_id=4, kind="edited_message")) == Handled()


@pytest.mark.parametrize(
    ("incoming", "is_heard"),
    [
        (IncomingMessage(update_id=1, message_id=7, chat=PRIVATE, sender=ADA, text="x", sent_at=AT), True),
        (IncomingMessage(update_id=1, message_id=7, chat=GROUP, sender=ADA, text="/ask x", sent_at=AT), True),
        (IncomingMessage(update_id=1, message_id=7, chat=GROUP, sender=ADA, text="x", sent_at=AT), False),
        (ButtonPress(update_id=1, query_id="q", sender=ADA, chat=None, message_id=None, data="x"), True),
        (Ignored(update_id=1, kind="poll"), False),
    ],
)
async def test_router_apologises_to_whoever_waits(world: World, incoming: Incoming, is_heard: bool) -> None:
    assert bool(await world.router.apologise(incoming)) is is_heard
