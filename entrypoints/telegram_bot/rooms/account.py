"""One's web account, language and figures."""

from collections.abc import Mapping, Sequence

from application.chat.sessions import ChatSessionService
from application.identity.link_views import LinkQuestion, masked_account
from application.identity.linking import LinkingService
from application.identity.members import MemberService
from application.identity.telegram_accounts import TelegramAccounts
from application.ports.inbox import Handled
from domain.identity import LinkRequestId, LinkState, Role
from domain.telegram import Button
from entrypoints.telegram_bot.callbacks import callback, read_id
from entrypoints.telegram_bot.registry import Command, Handler
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.rooms.room import command
from entrypoints.telegram_bot.texts import CATALOGUES, catalogue


class AccountRoom:
    """/link, /unlink, /language, /stats. What is confirmed is done once, however often the button is pressed."""

    def __init__(
        self,
        linking: LinkingService,
        members: MemberService,
        accounts: TelegramAccounts,
        sessions: ChatSessionService,
    ) -> None:
        self._linking = linking
        self._members = members
        self._accounts = accounts
        self._sessions = sessions

    def commands(self) -> Sequence[Command]:
        """Of this room."""
        return [
            command("link", "account", self.link, exposed=self.exposed),
            command("unlink", "account", self.unlink),
            command("language", "account", self.language),
            command("stats", "account", self.stats, role=Role.SUBSCRIBER),
        ]

    def buttons(self) -> Mapping[str, Handler]:
        """Of this room."""
        return {
            "link": self.confirmed,
            "unlink": self.unlinked,
            "lang": self.speak,
        }

    async def link(self, request: Request) -> Handled:
        """Ask before linking with the web account that the code is of."""
        return await self.present(request, request.argument)

    async def exposed(self, request: Request) -> str | None:
        """A code that others could read is spent, whoever confirms first."""
        if not request.argument:
            return None
        await self._linking.void(request.sender.telegram_id, request.argument)
        return request.texts.account.link_exposed

    async def present(self, request: Request, code: str) -> Handled:
        """Which account it is and what either side gains; nothing is linked by this."""
        texts = request.texts.account
        if not code.strip():
            return request.answered(texts.link_usage)
        question = await self._linking.present(request.sender, code)
        rows = (
            (Button(texts.confirm, data=callback("link", "yes", question.request_id)),),
            (Button(texts.decline, data=callback("link", "no", question.request_id)),),
        )
        return request.answered(_asked(request, question), rows)

    async def confirmed(self, request: Request) -> Handled:
        """The answer to that question."""
        texts = request.texts.account
        word, written = request.arguments if len(request.arguments) == 2 else ("", "")
        found = read_id(written)
        if found is None or word not in {"yes", "no"}:
            return request.stale()
        telegram_id, request_id = request.sender.telegram_id, LinkRequestId(found)
        if word == "no":
            await self._linking.decline(telegram_id, request_id)
            return request.answered(texts.declined)
        outcome = await self._linking.confirm(telegram_id, request_id)
        return request.answered(texts.linked if outcome.state is LinkState.LINKED else texts.awaiting_password)

    async def unlink(self, request: Request) -> Handled:
        """Ask before taking the accounts apart."""
        texts = request.texts.account
        me = await self._members.me(request.actor)
        if me.email is None and me.username is None:
            return request.answered(texts.not_linked)
        rows = (
            (Button(texts.unlink_confirm, data=callback("unlink", "yes")),),
            (Button(texts.keep, data=callback("unlink", "no")),),
        )
        return request.answered(texts.unlink_question.format(account=masked_account(me.email, me.username)), rows)

    async def unlinked(self, request: Request) -> Handled:
        """The answer to that question. Where nothing is linked any more, it was done before."""
        texts = request.texts.account
        match request.arguments:
            case ("yes",):
                me = await self._members.me(request.actor)
                if me.email is not None or me.username is not None:
                    await self._linking.unlink(request.actor)
                return request.answered(texts.unlinked)
            case ("no",):
                return request.answered(texts.kept)
        return request.stale()

    async def language(self, request: Request) -> Handled:
        """Choose one."""
        rows = tuple((Button(each.name, data=callback("lang", key)),) for key, each in sorted(CATALOGUES.items()))
        return request.answered(request.texts.account.language_question, rows)

    async def speak(self, request: Request) -> Handled:
        """The one that was chosen."""
        chosen = request.arguments[0] if request.arguments else ""
        if chosen not in CATALOGUES:
            return request.stale()
        await self._accounts.speak(request.actor, chosen)
        return request.answered(catalogue(chosen).account.language_chosen)

    async def stats(self, request: Request) -> Handled:
        """One's own usage."""
        texts = request.texts.account
        stats = await self._sessions.stats(request.actor)
        average = stats.average_response_time_ms
        time = texts.stats_no_time if average is None else texts.stats_time.format(seconds=f"{average / 1000:.1f}")
        return request.answered(
            texts.stats.format(
                sessions=stats.total_sessions,
                active=stats.active_sessions,
                messages=stats.total_messages,
                today=stats.messages_today,
                tokens=stats.tokens_used,
                time=time,
            )
        )


def _asked(request: Request, question: LinkQuestion) -> str:
    texts, roles = request.texts.account, request.texts.roles
    parts = [texts.link_question.format(account=question.account)]
    if question.web_gains is not None:
        parts.append(texts.web_gains.format(role=roles[question.web_gains.name]))
    if question.telegram_gains is not None:
        parts.append(texts.telegram_gains.format(role=roles[question.telegram_gains.name]))
    if question.needs_password:
        parts.append(texts.needs_password)
    return "\n\n".join(parts)
