"""The assistant: questions, and the conversations they stand in."""

from collections.abc import Mapping, Sequence

from application.chat.sessions import ChatSessionService
from application.ports.chat import SessionFilter
from application.ports.inbox import Handled
from application.ports.system import Clock, Ids
from application.telegram.conversations import Conversations, Stopped
from domain.chat import ChatMessageId, ChatSessionId, MessageRole, checked_content
from domain.telegram import AnswerId, Button, ChatAnswer, EntityKind, RichText
from entrypoints.telegram_bot.callbacks import callback, read_id
from entrypoints.telegram_bot.registry import Command, Handler, Place
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.rooms.paging import Shown
from entrypoints.telegram_bot.rooms.room import PAGE, command, label, number

LAST_SAID = 300


class ChatRoom:
    """/ask and plain words, /new, /history, /stop.

    In a private chat words go into the current chat session, the same that the web shows. In a group they are answered
    by themselves, from what everybody may read.
    """

    def __init__(
        self,
        conversations: Conversations,
        sessions: ChatSessionService,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._conversations = conversations
        self._sessions = sessions
        self._clock = clock
        self._ids = ids

    def commands(self) -> Sequence[Command]:
        """Of this room."""
        return [
            command("ask", "chat", self.ask, place=Place.ALL),
            command("new", "chat", self.new),
            command("history", "chat", self.history),
            command("stop", "chat", self.stop),
        ]

    def buttons(self) -> Mapping[str, Handler]:
        """Of this room."""
        return {"chats": self.history, "chat": self.choose}

    async def ask(self, request: Request) -> Handled:
        """The assistant's answer, which grows in the chat."""
        if not request.argument:
            return request.answered(request.texts.chat.ask_usage)
        return await (self._in_private if request.chat.is_private else self._in_group)(request)

    async def new(self, request: Request) -> Handled:
        """The next message begins a conversation."""
        await self._conversations.leave(request.sender.telegram_id)
        return request.answered(request.texts.chat.began)

    async def history(self, request: Request) -> Handled:
        """One's conversations as buttons, latest first."""
        texts, page = request.texts, number(request.arguments, 0)
        where = SessionFilter(is_active=True)
        found = await self._sessions.page(request.actor, where, page=page + 1, page_size=PAGE)
        if not found.items and found.total_count:
            # There are fewer than when the button was sent: the last page.
            page = (found.total_count - 1) // PAGE
            found = await self._sessions.page(request.actor, where, page=page + 1, page_size=PAGE)
        if not found.items:
            return request.answered(texts.chat.history_empty)
        shown = Shown(found.items, page, found.total_count > (page + 1) * PAGE)
        current = await self._conversations.current(request.actor, request.sender.telegram_id)
        rows = []
        for each in found.items:
            mark = "• " if current is not None and each.id == current.id else ""
            text = label(f"{mark}{each.updated_at:%d.%m.} {each.title}")
            rows.append((Button(text, data=callback("chat", each.id)),))
        turning = shown.buttons(texts.guides, lambda to: callback("chats", to))
        text = f"{texts.chat.history}{shown.note(texts.guides)}"
        return request.answered(text, (*rows, *turning))

    async def choose(self, request: Request) -> Handled:
        """Go on in the conversation, told by what was last said in it."""
        texts = request.texts.chat
        found = read_id(request.arguments[0]) if request.arguments else None
        if found is None:
            return request.stale()
        session_id = ChatSessionId(found)
        session = await self._conversations.choose(request.actor, request.sender.telegram_id, session_id)
        page = await self._sessions.messages(request.actor, session_id, limit=2)
        said = [each.content for each in page.messages if each.role is MessageRole.ASSISTANT and each.content]
        parts: list[RichText | str] = [texts.chosen.format(title=session.title)]
        if said:
            last = said[-1] if len(said[-1]) <= LAST_SAID else f"{said[-1][:LAST_SAID].rstrip()}…"
            parts.append(RichText.of(texts.chosen_last, "\n", RichText.formatted(last, EntityKind.BLOCKQUOTE)))
        back = (Button(request.texts.guides.back, data=callback("chats", 0)),)
        return request.answered(RichText.of(*parts, separator="\n\n"), (back,))

    async def stop(self, request: Request) -> Handled:
        """Stop what is being written in the current conversation."""
        texts = request.texts.chat
        said = {
            Stopped.A_REPLY: texts.stopped,
            Stopped.NOTHING: texts.nothing_runs,
            Stopped.NO_CONVERSATION: texts.nothing_begun,
        }
        return request.answered(said[await self._conversations.stop(request.actor, request.sender.telegram_id)])

    async def _in_private(self, request: Request) -> Handled:
        telegram_id = request.sender.telegram_id
        posted = await self._conversations.post(request.actor, telegram_id, request.argument, request.key)
        if posted.reply_id is None:
            return Handled()
        return request.waiting(self._answer(request, message_id=posted.reply_id))

    async def _in_group(self, request: Request) -> Handled:
        question = checked_content(request.argument, field="question")
        return request.waiting(self._answer(request, question=question))

    def _answer(
        self, request: Request, *, message_id: ChatMessageId | None = None, question: str | None = None
    ) -> ChatAnswer:
        return ChatAnswer(
            AnswerId(self._ids.new()),
            request.bot.id,
            request.chat.id,
            self._clock.now(),
            message_id=message_id,
            question=question,
            reply_to=request.message_id if request.chat.is_group else None,
            thread_id=request.chat.thread_id,
            language=request.texts.language,
        )
