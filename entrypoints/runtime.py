"""Several deliveries in one process: the pages, the API and the bot, served by uvicorn; or the bot alone."""

import asyncio
import gc
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

import structlog
import uvicorn
from litestar import Litestar

from application.ports.system import CannotStart, Clock
from domain.errors import InvalidToken
from entrypoints import open_files
from entrypoints.beside import Service
from entrypoints.container import Container, sql_container
from entrypoints.http.app import DIRECT_CALLS, create_app
from entrypoints.http.connections import CountedSocket, connections_of, counted, most_with
from entrypoints.listening import listener
from entrypoints.settings import Settings, without_use
from entrypoints.telegram_bot.bot import Bot, create_bot
from entrypoints.web.pages import page_handlers, show_error_pages, static_handlers, template_config

RESTART_SECONDS = 10.0

_log = structlog.get_logger(__name__)


def create_application(container: Container, services: Sequence[Service] = ()) -> Litestar:
    """The API, the sockets and the pages as one ASGI application; `services` begin and end with it."""
    app = create_app(
        container,
        pages=[*page_handlers(container), *static_handlers()],
        template_config=template_config(),
        services=services,
    )
    show_error_pages(app)
    return app


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Raises `CannotStart` before anything is changed."""
    open_files.raise_limit()
    with _ending_well(), listener(settings) as listening, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, listening))


@contextmanager
def _ending_well() -> Iterator[None]:
    """SIGTERM ends the process with code 0: uvicorn raises it anew once everything is shut down."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


async def _serve(settings: Settings, listening: socket.socket) -> None:
    container = sql_container(settings)
    await container.migrator().check()
    container.configure_logging()
    _tell_limits(settings)
    if unused := without_use(settings):
        _log.warning("settings_without_use", settings=[field.toml for field in unused])
    server = server_of(container)
    try:
        await server.serve(sockets=[listening])
    finally:
        await container.database().dispose()
    if not server.started:
        raise CannotStart("The server did not start; the log says why.")


def _tell_limits(settings: Settings) -> None:
    limit = open_files.limit()
    if limit is None:
        return
    most = most_with(limit)
    if limit < open_files.FEW:
        _log.warning("few_open_files", limit=limit, recommended=open_files.FEW, connections=most)
    if (settings.http.connections or 0) > most:
        _log.warning(
            "more_connections_than_open_files", limit=limit, connections=settings.http.connections, leaves=most
        )


def _services(container: Container) -> Sequence[Service]:
    return [BotService(create_bot(container), container.clock())] if container.settings().has_bot else []


def server_of(container: Container) -> "Server":
    """The server as `serve` runs it."""
    settings = container.settings()
    connections = connections_of(settings, container.metrics(), open_files.limit())
    app = create_application(container, _services(container))
    return Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            http=counted(connections, app.state.get(DIRECT_CALLS)),
            ws=CountedSocket,
            # Deflate would compress every frame once per socket, and undo encoding an event once.
            ws_per_message_deflate=False,
            ws_max_size=settings.realtime.max_frame_bytes * 2,
            lifespan="on",
            # Requests get the first half of the deadline, replies and what else runs beside them the second.
            timeout_graceful_shutdown=max(1, round(settings.http.shutdown_seconds / 2)),
        ),
        container,
    )


class BotService(Service):
    """The bot beside the web: where it cannot work, the web goes on."""

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="bot")

    async def stop(self, seconds: float) -> None:
        if self._task is None:
            return
        await self._bot.stop(timedelta(seconds=seconds))
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            try:
                return await self._bot.run()
            except InvalidToken as error:
                _log.error("bot_refused", reason=error.message, do="correct telegram.bot_token and start again")
                return None
            except Exception:  # noqa: BLE001 - it goes on as soon as what failed is back
                _log.exception("bot_failed")
            await self._clock.sleep(RESTART_SECONDS)


class Server(uvicorn.Server):
    """Says when it serves, and tells the sockets where they stand before uvicorn closes them."""

    def __init__(self, config: uvicorn.Config, container: Container) -> None:
        super().__init__(config)
        self._container = container

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so once signals are heard and the application lives."""
        await super().startup(sockets)
        if not self.started:
            return
        gc.collect()
        # What start-up made lives as long as the process: the collector need not walk it on every pass.
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        _log.info("serving", address=f"http://{host}:{port}", database=str(self._container.database().url))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, send 1012 to every socket, then wait for what runs, up to the deadline."""
        for listening in self.servers:
            listening.close()
        await self._container.hub().close()
        await super().shutdown(sockets)


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop
