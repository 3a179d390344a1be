"""The bot at work: what it takes in, what it does about it, what it says."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol, TypeVar

from application.ports.telegram import BotIdentity
from application.telegram.handling import UpdateWorker
from application.telegram.polling import Poller
from domain.errors import GuildhallError, Unavailable
from entrypoints.beside import Beside, Loop
from entrypoints.container import CONSOLE_BOT, Container
from entrypoints.telegram_bot.answers import BotAnswerStyle
from entrypoints.telegram_bot.commands import Repertoire, repertoire
from entrypoints.telegram_bot.router import Router

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
# How much of the time for stopping handlers and growing answers may take.
BEFORE_SENDING = 0.6
CONSOLE = BotIdentity(CONSOLE_BOT, "guildhall_bot")

T = TypeVar("T")

_log = logging.getLogger(__name__)


class _Worker(Protocol):
    async def run(self) -> None: ...

    async def stop(self, deadline: timedelta) -> None: ...


class Bot:
    """One bot: runs until it is stopped or cancelled.

    Telegram and the database may be away, at the start as well: it waits for them. Where it polls, what it took in is
    in the inbox before Telegram hears so; where Telegram calls the webhook, that fills the same inbox.
    """

    def __init__(self, container: Container, identity: BotIdentity | None, *, polls: bool) -> None:
        self._container = container
        self._clock = container.clock()
        self._repertoire: Repertoire = repertoire(container)
        self._identity = identity
        self._polls = polls
        self._intake: Beside | None = None
        self._loops: Beside | None = None
        self._workers: list[_Worker] = []
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`. Raises `InvalidToken` for a token that Telegram does not know."""
        is_at_telegram = self._identity is None
        identity = self._identity
        if identity is None:
            identity = await self._keep_trying(self._container.bot_api().me)
        if self._stopped.is_set():
            return
        self._workers = self._made_workers(identity)
        # Before the first update: a command that is not in the table is not counted.
        await self._keep_trying(self._mirror)
        self._loops = Beside(self._clock, {type(worker).__name__: worker.run for worker in self._workers})
        self._intake = Beside(self._clock, self._intake_of(identity) if is_at_telegram else {})
        self._loops.start()
        self._intake.start()
        _log.info("bot_works", extra={"bot": identity.username, "bot_id": identity.id, "polls": self._polls})
        telling = asyncio.create_task(self._tell_telegram()) if is_at_telegram else None
        try:
            await self._stopped.wait()
        finally:
            if telling is not None:
                telling.cancel()
            await self._end(timedelta(0))

    async def stop(self, deadline: timedelta) -> None:
        """Take nothing more in, let what is under way end until the deadline, and give the rest back."""
        await self._end(deadline)
        self._stopped.set()

    async def _end(self, deadline: timedelta) -> None:
        intake, loops, workers = self._intake, self._loops, self._workers
        self._intake = self._loops = None
        if intake is None or loops is None:
            return
        ends = self._clock.now() + deadline

        def left() -> timedelta:
            return max(timedelta(0), ends - self._clock.now())

        await intake.stop(left().total_seconds())
        # What a handler still says, and an answer that ends, is a row to send. However they hang, what is on its way to
        # Telegram has time to arrive: whatever is cut there is said again.
        *before, sending = workers
        await asyncio.gather(*(worker.stop(left() * BEFORE_SENDING) for worker in before))
        await sending.stop(left())
        await loops.stop(max(1.0, left().total_seconds()))
        _log.info("bot_stopped")

    def _made_workers(self, identity: BotIdentity) -> list[_Worker]:
        container, does = self._container, self._repertoire
        router = Router(
            identity,
            container.telegram_accounts(),
            does.registry,
            does.buttons,
            does.intents,
            does.plain_words,
            container.group_questions(),
            container.telegram_metrics(),
        )
        updates = UpdateWorker(
            container.unit_of_work,
            container.update_decoder(),
            router,
            container.bus(),
            self._clock,
            container.ids(),
            container.telegram_metrics(),
            identity.id,
        )
        answers = container.answer_streamer()(style=BotAnswerStyle(identity.username), bot_id=identity.id)
        return [updates, answers, container.outgoing_worker(bot_id=identity.id)]

    def _intake_of(self, identity: BotIdentity) -> dict[str, Loop]:
        if not self._polls:
            return {}
        container = self._container
        poller = Poller(
            container.bot_api(), container.update_intake(), container.update_decoder(), self._clock, identity.id
        )
        return {"polling": poller.run}

    async def _mirror(self) -> None:
        async with self._container.unit_of_work() as work:
            await work.telegram_commands.mirror(self._repertoire.registry.rows())
            await work.commit()

    async def _tell_telegram(self) -> None:
        """The menu of commands; and where a webhook should be and is not, the log says so."""
        api = self._container.bot_api()
        try:
            await self._keep_trying(lambda: api.set_commands(self._repertoire.registry.rows()))
            info = await self._keep_trying(api.webhook_info)
        except GuildhallError as error:
            _log.warning("bot_menu_refused", extra={"reason": error.message})
            return
        expected = "" if self._polls else self._container.settings().webhook_url
        if info.url != expected:
            do = "guildhall bot webhook delete" if self._polls else "guildhall bot webhook set"
            _log.warning("webhook_differs", extra={"found": info.url, "expected": expected, "do": do})

    async def _keep_trying(self, call: Callable[[], Awaitable[T]]) -> T:
        """The call's result, as soon as what it needs is there."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await call()
            except Unavailable as error:
                _log.warning("bot_waits", extra={"reason": error.message})
            await self._clock.sleep(pause.total_seconds())
            pause = min(2 * pause, LONGEST_PAUSE)


def create_bot(container: Container, *, polls: bool | None = None) -> Bot:
    """The bot of the token, over what the container holds. Without `polls` it polls where there is no webhook."""
    return Bot(container, None, polls=not container.settings().has_webhook if polls is None else polls)


def create_console_bot(container: Container) -> Bot:
    """The same bot without Telegram: its updates come from the console alone."""
    return Bot(container, CONSOLE, polls=False)
