"""Pushing updates to a webhook: in order within a lane, lanes side by side, again and later when it fails."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx
import msgspec

from adapters.testing.telegram.errors import bad_request
from adapters.testing.telegram.updates import Pending, UpdateQueue
from application.ports.system import Clock

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
LONGEST_DELAY = 60
LONGEST_RETRY_AFTER = 3600
ANSWER_SECONDS = 60.0
PUBLIC_PORTS = {None, 80, 88, 443, 8443}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}

Call = Callable[[str, bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Target:
    """Where updates go. The secret is sent along as a header."""

    url: str
    secret: str = ""
    max_connections: int = 40


@dataclass(frozen=True, slots=True)
class Failure:
    """The last delivery that failed, for getWebhookInfo."""

    date: int
    message: str


@dataclass(slots=True)
class _Lane:
    """The update that is being delivered: how often that failed, and the pause that the last failure brought."""

    update: Pending
    failures: int = 0
    delay: float = 1
    is_paused: bool = False


class Webhook:
    """Delivers while a target is set.

    Only loopback is reached. For a public address, `stands_for` names the loopback origin that is asked instead:
    scheme, host and port are replaced, path and query stay. `longest_delay`, in seconds, is as long as pauses after
    failures grow.
    """

    def __init__(
        self,
        clock: Clock,
        updates: UpdateQueue,
        stands_for: str | None = None,
        longest_delay: float = LONGEST_DELAY,
    ) -> None:
        self.target: Target | None = None
        self.last_failure: Failure | None = None
        self.on_reply: Call | None = None
        self._clock = clock
        self._updates = updates
        self._stands_for = stands_for
        self._longest_delay = longest_delay
        self._lanes: dict[str, _Lane] = {}
        self._running: asyncio.Task[None] | None = None

    def check(self, target: Target) -> None:
        """Raise `ApiError` for an address that Telegram would refuse, or that is not reached from here."""
        parts = urlsplit(target.url if "://" in target.url else f"https://{target.url}")
        if not parts.hostname or any(char.isspace() for char in target.url):
            raise bad_request("invalid webhook URL specified")
        if parts.hostname in _LOOPBACK:
            return
        if parts.scheme != "https":
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if parts.port not in PUBLIC_PORTS:
            raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if self._stands_for is None:
            raise bad_request("bad webhook: Failed to resolve host: Name or service not known")

    def set(self, target: Target) -> None:
        """Deliver there from now on."""
        self.unset()
        self.target = target
        self._running = asyncio.create_task(self._run(target))

    def unset(self) -> None:
        """Stop. A delivery that is under way is cut off, and comes again by whatever way is chosen next."""
        if self._running is not None:
            self._running.cancel()
        self.target, self.last_failure, self._running = None, None, None
        self._lanes.clear()

    async def close(self) -> None:
        """Stop, and wait for it."""
        running = self._running
        self.unset()
        if running is not None:
            (ended,) = await asyncio.gather(running, return_exceptions=True)
            if isinstance(ended, Exception):
                raise ended

    async def _run(self, target: Target) -> None:
        limits = httpx.Limits(max_connections=target.max_connections)
        async with (
            httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False, limits=limits) as client,
            asyncio.TaskGroup() as tasks,
        ):
            while True:
                self._updates.changed.clear()
                for lane in self._ready(target.max_connections):
                    tasks.create_task(self._deliver(client, target, lane))
                await self._updates.changed.wait()

    def _ready(self, most: int) -> list[_Lane]:
        """The first update of each lane that is idle, as far as there are free connections."""
        found = []
        free = most - sum(not lane.is_paused for lane in self._lanes.values())
        for update in self._updates.pending():
            if free > 0 and update.lane not in self._lanes:
                self._lanes[update.lane] = _Lane(update)
                found.append(self._lanes[update.lane])
                free -= 1
        return found

    async def _deliver(self, client: httpx.AsyncClient, target: Target, lane: _Lane) -> None:
        """Deliver one update, again and again; its lane waits for it. An update that grew too old is dropped."""
        while True:
            problem, retry_after = await self._try(client, target, lane.update)
            if problem is None:
                break
            self.last_failure = Failure(int(self._clock.now().timestamp()), problem)
            lane.is_paused = True
            self._updates.changed.set()
            await self._clock.sleep(_pause(lane, retry_after, self._longest_delay))
            lane.is_paused = False
            if lane.update.expires_at < self._clock.now():
                break
        self._updates.drop([lane.update])
        self._lanes.pop(lane.update.lane, None)
        self._updates.changed.set()

    async def _try(self, client: httpx.AsyncClient, target: Target, update: Pending) -> tuple[str | None, int]:
        headers = {"Content-Type": "application/json"} | ({SECRET_HEADER: target.secret} if target.secret else {})
        body = msgspec.json.encode(update.body)
        try:
            answer = await client.post(self._address(target.url), content=body, headers=headers)
        except httpx.TimeoutException:
            return "Read timeout expired", 0
        except httpx.ConnectError:
            return "Connection refused", 0
        except httpx.TransportError:
            return "Webhook connection closed", 0
        if not answer.is_success:
            retry_after = answer.headers.get("Retry-After", "")
            seconds = min(int(retry_after), LONGEST_RETRY_AFTER) if retry_after.isdecimal() else 0
            return f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}", seconds
        if self.on_reply is not None and answer.content:
            await self.on_reply(answer.headers.get("Content-Type", ""), answer.content)
        return None, 0

    def _address(self, url: str) -> str:
        url = url if "://" in url else f"https://{url}"
        parts = urlsplit(url)
        if self._stands_for is None or parts.hostname in _LOOPBACK:
            return url
        origin = urlsplit(self._stands_for)
        return urlunsplit((origin.scheme, origin.netloc, parts.path, parts.query, ""))


def _pause(lane: _Lane, retry_after: int, longest: float) -> float:
    """Seconds until the next attempt: none after the first failure, then 2, 4, 8 … 60, or what the answer asks for."""
    lane.failures += 1
    if retry_after:
        return retry_after
    if lane.failures == 1:
        return 0
    lane.delay = min(lane.delay * 2, longest)
    return lane.delay
