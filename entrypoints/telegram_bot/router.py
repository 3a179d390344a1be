"""From what somebody did in a chat to what is done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from application.identity.telegram_accounts import KnownAccount, TelegramAccounts
from application.ports.inbox import Handled, UpdateHandler
from application.ports.observability import TelegramMetrics
from application.ports.telegram import BotIdentity
from application.telegram.group_questions import GroupQuestions
from domain.errors import GuildhallError, NotAllowed, TooManyRequests
from domain.identity import TelegramProfile
from domain.telegram import (
    AnswerButton,
    BlockChanged,
    Button,
    ButtonPress,
    Chat,
    Incoming,
    IncomingMessage,
    Outgoing,
    RichText,
    SendText,
)
from entrypoints.telegram_bot.callbacks import read_callback
from entrypoints.telegram_bot.errors import answer_to, said_of
from entrypoints.telegram_bot.intents import Intent, IntentRouter
from entrypoints.telegram_bot.names import BotName
from entrypoints.telegram_bot.registry import Command, CommandRegistry, Handler, Place
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.texts import Catalogue, catalogue

_NOTHING = Handled()
_UNKNOWN = "unknown"


class Router(UpdateHandler):
    """Who may do what where.

    In a private chat a first message registers its sender; commands are run, other words go where their intent leads.
    In a group the bot speaks only when it is commanded, mentioned or replied to, so often a minute, and registers
    nobody. Bots, edits and channel posts are nobody's business. Commands and forwards are never routed by intent. Every
    pressed button is answered, a stale one politely; buttons work in private chats only.
    """

    def __init__(
        self,
        bot: BotIdentity,
        accounts: TelegramAccounts,
        registry: CommandRegistry,
        buttons: Mapping[str, Handler],
        intents: IntentRouter,
        plain_words: Mapping[Intent, Handler],
        group_questions: GroupQuestions,
        metrics: TelegramMetrics,
    ) -> None:
        self._bot = bot
        self._accounts = accounts
        self._registry = registry
        self._buttons = buttons
        self._intents = intents
        self._plain_words = plain_words
        self._group_questions = group_questions
        self._metrics = metrics
        self._name = BotName(bot.username)

    async def handle(self, bot_id: int, incoming: Incoming) -> Handled:
        match incoming:
            case IncomingMessage(sender=TelegramProfile() as sender, is_from_bot=False, chat=chat):
                if chat.is_private:
                    return await self._in_private(incoming, sender)
                if chat.is_group:
                    return await self._in_group(incoming, sender)
            case ButtonPress():
                return await self._pressed(incoming)
            case BlockChanged(sender=sender, is_blocked=is_blocked):
                await (self._accounts.blocked(sender.telegram_id) if is_blocked else self._accounts.unblocked(sender))
        return _NOTHING

    async def apologise(self, incoming: Incoming) -> Sequence[Outgoing]:
        match incoming:
            case IncomingMessage(chat=chat, sender=TelegramProfile() as sender, is_from_bot=False) if (
                chat.is_private or self._is_meant(incoming)
            ):
                reply_to = incoming.message_id if chat.is_group else None
                text = RichText((await self._texts_of(sender)).apology)
                return [SendText(chat_id=chat.id, text=text, reply_to=reply_to, thread_id=chat.thread_id)]
            case ButtonPress(sender=sender):
                return [self._note(incoming, (await self._texts_of(sender)).apology)]
        return []

    async def _texts_of(self, sender: TelegramProfile) -> Catalogue:
        return catalogue(await self._accounts.language(sender))

    async def _in_private(self, message: IncomingMessage, sender: TelegramProfile) -> Handled:
        try:
            account = await self._accounts.greet(sender)
        except NotAllowed:
            text = RichText((await self._texts_of(sender)).banned)
            return Handled([SendText(chat_id=message.chat.id, text=text)])
        return await self._answered(self._request(message, sender, account, message.text.strip()), message)

    async def _in_group(self, message: IncomingMessage, sender: TelegramProfile) -> Handled:
        if not self._is_meant(message):
            return _NOTHING
        try:
            account = await self._accounts.known(sender)
        except NotAllowed:
            return _NOTHING
        request = self._request(message, sender, account, self._name.removed_from(message.text))
        exposed = await self._exposed(request, message)
        try:
            if not await self._group_questions.admit(message.chat.id, sender.telegram_id):
                return _NOTHING
        except TooManyRequests as refusal:
            return request.answered(said_of(refusal, request.texts))
        return await self._answered(request, message, exposed)

    async def _answered(self, request: Request, message: IncomingMessage, exposed: str | None = None) -> Handled:
        if message.command is not None:
            return await self._command(request, message, exposed)
        if not any(char.isprintable() and not char.isspace() for char in request.argument):
            return request.answered(request.texts.text_only)
        is_routed = request.chat.is_private and not message.is_forwarded
        intent = self._intents.intent(request.argument) if is_routed else Intent.ASSISTANT
        return await self._run(self._plain_words[intent], request)

    def _request(
        self, message: IncomingMessage, sender: TelegramProfile, account: KnownAccount, argument: str
    ) -> Request:
        return Request(
            bot=self._bot,
            actor=account.actor,
            sender=sender,
            chat=message.chat,
            update_id=message.update_id,
            message_id=message.message_id,
            texts=catalogue(account.language),
            argument=argument,
        )

    async def _exposed(self, request: Request, message: IncomingMessage) -> str | None:
        """What stood in a private command is made harmless, however much the group says; what to tell of that."""
        command = None if message.command is None else self._registry.find(message.command.name)
        if message.command is None or command is None or command.exposed is None:
            return None
        return await command.exposed(request.asking(message.command.argument))

    def _is_meant(self, message: IncomingMessage) -> bool:
        """Whether a group's message speaks to us. Of commands that name no bot only those that we know do."""
        if (call := message.command) is not None:
            if call.bot is not None:
                return self._name.is_called(call.bot)
            return self._registry.find(call.name) is not None
        return message.replies_to == self._bot.id or any(map(self._name.is_called, message.mentions))

    async def _command(self, request: Request, message: IncomingMessage, exposed: str | None = None) -> Handled:
        call = message.command
        if call is None or (call.bot is not None and not self._name.is_called(call.bot)):
            return _NOTHING
        command = self._registry.find(call.name)
        if command is None:
            self._metrics.command_ran(_UNKNOWN, "refused")
            return request.answered(self._unknown(request, call.name))
        refusal = self._refusal(request, command, exposed)
        if refusal is not None:
            self._metrics.command_ran(command.name, "refused")
            return refusal
        try:
            handled = await command.handler(request.asking(call.argument))
        except Exception as error:
            said = answer_to(error, request)
            self._metrics.command_ran(command.name, "error" if said is None else "refused")
            if said is None:
                raise
            return said
        self._metrics.command_ran(command.name, "success")
        return replace(handled, command=command.name)

    def _refusal(self, request: Request, command: Command, exposed: str | None) -> Handled | None:
        texts = request.texts
        if command.place is Place.PRIVATE and not request.chat.is_private:
            url = f"https://t.me/{self._bot.username}"
            said = (texts.private_only.format(name=command.name), exposed)
            return request.answered("\n".join(filter(None, said)), ((Button(texts.open_private, url=url),),))
        if request.actor.role < command.required_role:
            role = command.required_role.name
            how = texts.role_how[role]
            return request.answered(texts.role_needed.format(name=command.name, role=texts.roles[role], how=how))
        return None

    def _unknown(self, request: Request, name: str) -> str:
        near = self._registry.nearest(name, request.actor.role, is_private=request.chat.is_private)
        if not near:
            return request.texts.unknown_command.format(name=name)
        return request.texts.unknown_command_near.format(name=name, near=", ".join(f"/{each}" for each in near))

    async def _pressed(self, press: ButtonPress) -> Handled:
        chat = press.chat
        is_private = chat is not None and chat.is_private
        try:
            account = await (self._accounts.greet if is_private else self._accounts.known)(press.sender)
        except NotAllowed:
            return Handled([self._note(press, (await self._texts_of(press.sender)).banned)])
        texts = catalogue(account.language)
        callback = read_callback(press.data)
        handler = None if callback is None else self._buttons.get(callback.verb)
        if callback is None or handler is None or chat is None:
            return Handled([self._note(press, texts.stale_button)])
        if not is_private:
            # All that buttons do is one member's own business: in a group somebody else might press them.
            return Handled([self._note(press, texts.private_button)])
        request = Request(
            bot=self._bot,
            actor=account.actor,
            sender=press.sender,
            chat=chat,
            update_id=press.update_id,
            message_id=press.message_id,
            texts=texts,
            arguments=callback.arguments,
            query_id=press.query_id,
        )
        handled = await self._run(handler, request)
        if any(isinstance(each, AnswerButton) for each in handled.outgoing):
            return handled
        return replace(handled, outgoing=[self._note(press), *handled.outgoing])

    async def _run(self, handler: Handler, request: Request) -> Handled:
        try:
            return await handler(request)
        except GuildhallError as error:
            if (said := answer_to(error, request)) is None:
                raise
            return said

    def _note(self, press: ButtonPress, text: str | None = None) -> Outgoing:
        chat: Chat | None = press.chat
        chat_id = press.sender.telegram_id if chat is None else chat.id
        return AnswerButton(chat_id=chat_id, query_id=press.query_id, text=text, is_alert=text is not None)
