"""Who may bring updates."""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from ipaddress import ip_network

import pytest

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.system import ManualClock, SequentialIds
from adapters.telegram.decoding import MsgspecUpdateDecoder
from application.ports.inbox import UpdateInbox
from application.ports.observability import TelegramMetrics
from application.telegram.intake import UpdateIntake
from application.telegram.webhook import MAX_BODY, REFUSALS, Webhook
from domain.errors import GuildhallError, NotAllowed, TooLarge, TooManyRequests, Unavailable
from domain.telegram import InboxUpdate

TELEGRAM = "149.154.167.220"
SECRET = b"a-secret-of-ours"
KEY = "a-key-of-the-relay"
BODY = b'{"update_id": 7, "message": {"chat": {"id": 1}}}'


class Kept(UpdateInbox):
    """Keeps updates, or is away."""

    def __init__(self) -> None:
        self.updates: list[InboxUpdate] = []
        self.is_away = False

    async def commit(self, updates: Sequence[InboxUpdate]) -> int:
        if self.is_away:
            raise Unavailable("The database is away.")
        self.updates += updates
        return len(updates)


class Counts(TelegramMetrics):
    """Remembers the refusals."""

    def __init__(self) -> None:
        self.refusals: list[str] = []

    def verification_failed(self, reason: str) -> None:
        self.refusals.append(reason)

    def updates_received(self, status: str, count: int) -> None:
        """Not looked at here."""


class Door:
    """A webhook and what came through it."""

    def __init__(self, networks: Sequence[str] = ("149.154.160.0/20", "::1/128"), key: str | None = None) -> None:
        clock = ManualClock()
        self.kept, self.metrics = Kept(), Counts()
        intake = UpdateIntake(self.kept, MsgspecUpdateDecoder(), clock, SequentialIds(), self.metrics)
        self.webhook = Webhook(
            intake,
            InMemoryRateLimiter(clock),
            self.metrics,
            bot_id=99,
            networks=[ip_network(network) for network in networks],
            secret=SECRET.decode(),
            signature_key=key,
        )

    async def call(
        self,
        address: str | None = TELEGRAM,
        secret: bytes | None = SECRET,
        body: bytes = BODY,
        length: int | None = None,
        signature: str | None = None,
    ) -> None:
        """As a route would."""
        await self.webhook.admit(address, secret, length)
        await self.webhook.receive(address, body, signature)


async def test_webhook_keeps_what_telegram_brings() -> None:
    door = Door()
    await door.call()
    (update,) = door.kept.updates
    assert (update.bot_id, update.update_id, update.lane, update.raw) == (99, 7, "chat:1", BODY)
    assert door.metrics.refusals == []


@pytest.mark.parametrize("body", [b"", b"junk", b"[]", b'{"update_id": 8, "hologram": 1}', b"\xff" * 100])
async def test_webhook_with_the_secret_refuses_no_body(body: bytes) -> None:
    door = Door()
    await door.call(body=body)
    assert [update.raw for update in door.kept.updates] == [body]


@pytest.mark.parametrize(
    ("call", "error", "reason"),
    [
        ({"address": "203.0.113.7"}, NotAllowed, "address"),
        ({"address": None}, NotAllowed, "address"),
        ({"address": "no address"}, NotAllowed, "address"),
        ({"address": "203.0.113.7", "secret": b"wrong", "body": b"x" * (MAX_BODY + 1)}, NotAllowed, "address"),
        ({"secret": None}, NotAllowed, "secret"),
        ({"secret": b""}, NotAllowed, "secret"),
        ({"secret": SECRET + b"x"}, NotAllowed, "secret"),
        ({"secret": b"\xff"}, NotAllowed, "secret"),
        ({"secret": b"wrong", "length": MAX_BODY + 1}, NotAllowed, "secret"),
        ({"length": MAX_BODY + 1}, TooLarge, "size"),
        ({"body": b"x" * (MAX_BODY + 1)}, TooLarge, "size"),
    ],
)
async def test_webhook_refuses_in_the_order_of_its_checks(
    call: dict[str, object], error: type[GuildhallError], reason: str
) -> None:
    door = Door()
    with pytest.raises(error):
        await door.call(**call)  # type: ignore[arg-type]
    assert door.metrics.refusals == [reason]
    assert door.kept.updates == []


async def test_webhook_takes_a_body_of_the_largest_size() -> None:
    door = Door()
    await door.call(body=b"x" * MAX_BODY, length=MAX_BODY)
    assert len(door.kept.updates) == 1


async def test_webhook_without_networks_lets_every_address_in() -> None:
    door = Door(networks=())
    await door.call(address="2001:db8::1")
    await door.call(address=None)
    assert len(door.kept.updates) == 2


async def test_webhook_failures_are_limited_by_address_and_never_stop_what_is_authentic() -> None:
    door = Door(networks=())
    for _ in range(REFUSALS.count):
        with pytest.raises(NotAllowed):
            await door.call(secret=b"wrong")
    with pytest.raises(TooManyRequests) as refused:
        await door.call(secret=b"wrong")
    assert refused.value.retry_after.total_seconds() > 0
    assert door.metrics.refusals[-2:] == ["secret", "limit"]

    with pytest.raises(NotAllowed):
        await door.call("203.0.113.9", b"wrong")
    await door.call()
    assert len(door.kept.updates) == 1


@pytest.mark.parametrize("signature", [None, "", "sha256=", "sha256=00", "true", "ß"])
async def test_webhook_with_a_signature_key_refuses_what_is_not_signed(signature: str | None) -> None:
    door = Door(key=KEY)
    with pytest.raises(NotAllowed):
        await door.call(signature=signature)
    assert door.metrics.refusals == ["signature"]


async def test_webhook_with_a_signature_key_takes_what_is_signed() -> None:
    door = Door(key=KEY)
    await door.call(signature=f"sha256={hmac.new(KEY.encode(), BODY, sha256).hexdigest()}")
    assert len(door.kept.updates) == 1


async def test_webhook_says_so_when_nothing_was_kept() -> None:
    door = Door()
    door.kept.is_away = True
    with pytest.raises(Unavailable):
        await door.call()
