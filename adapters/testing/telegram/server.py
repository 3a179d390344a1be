"""The HTTP server: uvicorn on a loopback port, with connections that can break."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Generator
from typing import Any, cast

import msgspec
import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.testing.telegram.api import BotApi
from adapters.testing.telegram.bodies import read_arguments
from adapters.testing.telegram.errors import ApiError, unauthorized
from adapters.testing.telegram.faults import Answer

MAX_REQUEST = 50 * 1024 * 1024
_BREAK = "guildhall.break"
_AT_ONCE = struct.pack("ii", 1, 0)


class _Protocol(HttpToolsProtocol):
    """Lets the application break its connection: a reset, not an end."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_BREAK: {"now": self._break}}

    def _break(self) -> None:
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs the tests, and ends at once instead of at its next tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ending = asyncio.Event()

    async def main_loop(self) -> None:
        await self.ending.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class HttpServer:
    """Serves one bot's API. After `stop`, `start` takes the same port again. Port 0 is any that is free."""

    def __init__(self, api: BotApi, token: str, port: int = 0) -> None:
        self.port = port
        self._api = api
        self._token = token
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._working: set[asyncio.Task[Answer | None]] = set()

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen. Raises `OSError` for a port that is taken."""
        # With the protocol named, asyncio sends small answers at once instead of collecting them.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self.port))
        except OSError:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._application,
            interface="asgi3",
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started and not self._serving.done():  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Break what is under way, and listen no more."""
        for work in self._working:
            work.cancel()
        if self._server is not None and self._serving is not None:
            self._server.ending.set()
            await self._serving
            # What uvicorn gave up waiting for stays open otherwise, until the loop is closed under it.
            for connection in list(self._server.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)
        self._server = self._serving = None

    async def _application(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            answer: Answer | None = _refusal(ApiError(413, "Request Entity Too Large"))
        else:
            gone = asyncio.ensure_future(receive())
            work = asyncio.ensure_future(self._answer(scope, body))
            self._working.add(work)
            await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
            work.cancel()
            (done,) = await asyncio.gather(work, return_exceptions=True)
            self._working.discard(work)
            if gone.done():
                return
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            if isinstance(done, Exception):
                raise done
            answer = done if isinstance(done, Answer) else None
        if answer is None:
            await _break(scope, receive)
            return
        headers = {**answer.headers, "content-length": str(len(answer.body))}
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": pairs, "trailers": False})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})

    async def _answer(self, scope: HTTPScope, body: bytes) -> Answer | None:
        path = scope["path"]
        try:
            if path.startswith("/file/bot"):
                return self._file(path.removeprefix("/file/bot"))
            method = self._method(scope)
            content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
            arguments = read_arguments(scope["query_string"], content_type.decode("latin-1"), body)
        except ApiError as error:
            return _refusal(error)
        return await self._api.handle(method or arguments.text("method"), arguments)

    def _method(self, scope: HTTPScope) -> str:
        token, slash, method = scope["path"].removeprefix("/bot").partition("/")
        if not scope["path"].startswith("/bot") or not slash or scope["method"] not in {"GET", "POST"}:
            raise ApiError(404, "Not Found")
        if token != self._token:
            raise unauthorized()
        return method

    def _file(self, rest: str) -> Answer:
        token, _, path = rest.partition("/")
        if token != self._token:
            raise unauthorized()
        file = self._api.state.files.by_path(path)
        if file is None:
            raise ApiError(404, "Not Found")
        return Answer(200, file.content, {"content-type": "application/octet-stream"})


async def _body(receive: ASGIReceiveCallable) -> bytes | None:
    """The body of a request; nothing for one that is too large."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        size += len(message["body"])
        more = message.get("more_body", False)
        if size <= MAX_REQUEST:
            parts.append(message["body"])
    return b"".join(parts) if size <= MAX_REQUEST else None


async def _break(scope: HTTPScope, receive: ASGIReceiveCallable) -> None:
    extensions = cast("dict[str, dict[str, Any]]", scope.get("extensions") or {})
    end = cast("Callable[[], None]", extensions[_BREAK]["now"])
    end()
    while (await receive())["type"] != "http.disconnect":
        continue


def _refusal(error: ApiError) -> Answer:
    return Answer(error.code, msgspec.json.encode(error.body()))
